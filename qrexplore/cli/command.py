"""The frame of the command line: one parser, one sub-command a module."""

import argparse
import sys
from collections.abc import Sequence

from qrexplore import __version__
from qrexplore.cli import case_study, lab, learn, runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status.

    Parameters
    ----------
    arguments
        Words after the program's name; those of the process if None.

    Returns
    -------
    status
        0 when all went well, 1 when the input was wrong (the reason is on standard error), 2 when the command could
        not start.
    """
    parser = argparse.ArgumentParser(
        prog="qrexplore", description="Explore, learn and control a quantum device around its digital twin."
    )
    parser.add_argument("--version", action="version", version=f"qrexplore {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    lab.add(commands)
    learn.add(commands)
    runs.add(commands)
    case_study.add(commands)
    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"qrexplore {chosen.command}: {error}\n")
        return 1
    except KeyboardInterrupt as stopped:
        sys.stderr.write(f"qrexplore {chosen.command}: {str(stopped) or 'interrupted'}\n")
        return 130
