"""Libraries that not every installation has: imported when used, with an error that says how to get them."""

from importlib import import_module
from types import ModuleType


def require_extra(module: str, extra: str) -> ModuleType:
    """Import a library of an optional extra.

    Parameters
    ----------
    module
        What to import.
    extra
        Name of the extra of qrexplore that brings it.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".", maxsplit=1)[0]:
            raise
        msg = f'{error.name} is not installed. Install it with `pip install "qrexplore[{extra}]"`.'
        raise ModuleNotFoundError(msg, name=error.name) from error
