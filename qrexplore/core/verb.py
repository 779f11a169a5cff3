"""Packages that are also the verb they are named after: ``qrexplore.learn(problem)`` and ``qrexplore.learn.task``."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def make_callable(name: str, function: Callable[..., Any]) -> None:
    """Let a module be called like its main function.

    Importing a sub-package binds it to its name in the parent, so a function of the same name could not stand there.

    Parameters
    ----------
    name
        ``__name__`` of the module.
    function
        What a call does.
    """

    class Verb(ModuleType):
        __call__ = staticmethod(function)

    Verb.__doc__ = function.__doc__
    sys.modules[name].__class__ = Verb
