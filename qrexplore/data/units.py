"""Units found in files and the SI units used inside. A unit that is not in the table is refused, never guessed."""

import numpy as np

from qrexplore.data.errors import DatasetError, quote

_PREFIXES = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_PREFIXED = ("s", "Hz", "V", "A", "W", "K", "Phi0")
_WORDS = {
    "1": (1.0, "1"),
    "": (1.0, "1"),
    "#": (1.0, "1"),
    "-": (1.0, "1"),
    "dimensionless": (1.0, "1"),
    "%": (0.01, "1"),
    "rad": (1.0, "rad"),
    "deg": (float(np.pi / 180), "rad"),
    "degree": (float(np.pi / 180), "rad"),
    "degrees": (float(np.pi / 180), "rad"),
    "dBm": (1.0, "dBm"),
    "dB": (1.0, "dB"),
    "a.u.": (1.0, "a.u."),
    "arb. unit": (1.0, "a.u."),
    "Φ0": (1.0, "Phi0"),
    "sec": (1.0, "s"),
    "seconds": (1.0, "s"),
}
TABLE = _WORDS | {prefix + unit: (factor, unit) for unit in _PREFIXED for prefix, factor in _PREFIXES.items()}


def si(unit: str, name: str) -> tuple[float, str]:
    """Give the factor to SI and the SI unit of a unit found in a file; of a quotient, such as ``GHz/V``, too.

    Parameters
    ----------
    unit
        As written in the file; an empty string means a plain number.
    name
        Of the field that carries it, for the message.

    Raises
    ------
    DatasetError
        If the unit is not known.
    """
    if unit in TABLE:
        return TABLE[unit]
    above, slash, below = unit.partition("/")
    if slash and above and below and above in TABLE and below in TABLE:
        (factor_above, unit_above), (factor_below, unit_below) = TABLE[above], TABLE[below]
        return factor_above / factor_below, f"{unit_above}/{unit_below}"
    msg = f"the units of `{name}` must be known ones such as 's', 'ns', 'Hz', 'V' or '1', got {quote(unit)}."
    raise DatasetError(msg, "Write the unit into the attribute 'units' of the file or dataset.")


def to_si(values: np.ndarray, unit: str, name: str, wanted: str | None = None) -> tuple[np.ndarray, str]:
    """Convert numbers to SI as 64-bit numbers.

    Parameters
    ----------
    values
        Numbers in `unit`, any shape.
    unit, name
        As in `si`.
    wanted
        The SI unit that must come out; any if not given.

    Returns
    -------
    values, unit
        In SI.

    Raises
    ------
    DatasetError
        If the unit is not known or does not measure what is wanted.
    """
    factor, found = si(unit, name)
    if wanted is not None and found != wanted:
        msg = f"`{name}` must be in {wanted} or a multiple of it, got units {quote(unit)}."
        raise DatasetError(msg, "Correct the attribute 'units' or convert the values.")
    numbers = np.asarray(values, dtype=np.float64)
    return (numbers if factor == 1.0 else numbers * factor), found
