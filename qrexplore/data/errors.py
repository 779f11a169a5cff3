"""One error for everything that is wrong with a file or a dataset, and the border where other errors turn into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAX_MESSAGE = 500
MAX_QUOTE = 80
# every run has files of these names, so the folder is named too
_COMMON_NAMES = ("data.npz", "data.json", "action.yml", "meta.json", "parameters.json", "dataset.hdf5")


class DatasetError(ValueError):
    """A file or a dataset that cannot be used, said in at most 500 characters.

    Parameters
    ----------
    fact
        A sentence: what is wrong, what was expected and what came.
    advice
        A sentence: what to do.
    """

    def __init__(self, fact: str, advice: str = "") -> None:
        message = f"{fact} {advice}" if advice else fact
        printable = "".join(letter if letter.isprintable() else "?" for letter in message)
        super().__init__(printable if len(printable) <= MAX_MESSAGE else printable[: MAX_MESSAGE - 4] + " ...")


def quote(value: Any) -> str:
    """Write something found in a file so that it cannot flood a message."""
    text = str(value)
    return repr(text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 4] + " ...")


def file_error(path: Path, fact: str, advice: str) -> DatasetError:
    """Make the error for a file: its name, a sentence of fact and a sentence of advice."""
    name = f"{path.resolve().parent.name}/{path.name}" if path.name in _COMMON_NAMES else path.name or path
    return DatasetError(f"{quote(name)}: {fact}", advice)


@contextmanager
def reading(path: Path, field: str) -> Iterator[None]:
    """Turn whatever a damaged field raises into a `DatasetError` that names the file and the field.

    Parameters
    ----------
    path
        The file.
    field
        What is being read, as the file calls it.
    """
    try:
        yield
    except DatasetError:
        raise
    except Exception as error:  # the libraries below raise a dozen kinds for a damaged file, undocumented ones too
        kind = type(error).__name__
        fact = f"{field} cannot be read ({kind}: {quote(error)})."
        raise file_error(path, fact, "The file is damaged or incomplete; copy or export it again.") from error
