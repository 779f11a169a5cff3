"""What an importer is: a name, a look at the content, and a reader."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr


@dataclass(frozen=True)
class Importer:
    """A format that can be opened.

    Attributes
    ----------
    name
        Word for the format in ``source_format``.
    recognizes
        Whether a path holds this format, judged by its content. Never raises; damaged content is recognized as far as
        it can be, so that `read` can say what is wrong.
    read
        Gives the dataset (a tree where there are several); raises `DatasetError`.
    """

    name: str
    recognizes: Callable[[Path], bool]
    read: Callable[[Path], xr.Dataset | xr.DataTree]
