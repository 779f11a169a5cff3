"""Command line: the verbs of the package for scripts and servers, files in and files out.

Each sub-command is a module with one function `add`, which declares its arguments and names the function that runs it.
What a sub-command needs is imported when it runs, so that ``qrexplore --help`` answers at once.
"""

from qrexplore.cli.command import main

__all__ = ["main"]
