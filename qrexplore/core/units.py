"""Units: SI inside, prefixes for people.

Inside qrexplore and in its files every number is in SI units (``Hz``, ``s``, ``V``; reduced flux in ``Phi0``). Prefixes
are put on only where a person reads the number.
"""

import math

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_PREFIXED = ("Hz", "s", "V", "Phi0", "K", "W")
_SYMBOLS = {"Phi0": "Φ0", "1": ""}


def prefix_for(value: float, unit: str) -> tuple[float, str]:
    """Give the factor and the written unit with the prefix that suits a number.

    Parameters
    ----------
    value
        The number, in `unit`.
    unit
        SI unit; in ``Hz/V`` the prefix goes on the numerator. Units that take no prefix (``1``, ``rad``) stay as they are.

    Returns
    -------
    factor, written
        ``value / factor`` is the number to write before `written`, for example ``(1e9, "GHz")``.
    """
    numerator, slash, rest = unit.partition("/")
    rest = slash + _SYMBOLS.get(rest, rest) if slash else ""
    symbol = _SYMBOLS.get(numerator, numerator)
    if numerator not in _PREFIXED or not math.isfinite(value) or value == 0.0:
        return 1.0, symbol + rest
    if numerator == "Phi0" and 1e-3 <= abs(value) < 1e3:  # flux is read in whole quanta down to a milli-quantum
        return 1.0, symbol + rest
    # the guard keeps 999.9999999 from being written with four digits before the point
    exponent = 3 * math.floor((math.log10(abs(value)) + 4e-10) / 3)
    exponent = min(max(exponent, -15), 12)
    return 10.0**exponent, _PREFIXES[exponent] + symbol + rest


def format_quantity(value: float, unit: str, *, digits: int = 6) -> str:
    """Write a number with its unit and a suitable prefix, for example ``5.012 GHz``.

    Parameters
    ----------
    value
        The number, in `unit`.
    unit
        SI unit.
    digits
        Significant digits, at least 1.
    """
    factor, written = prefix_for(value, unit)
    return f"{value / factor:.{digits}g} {written}".rstrip()


def format_with_error(value: float, stderr: float, unit: str) -> str:
    """Write a number with its standard error to two digits of the error, for example ``(7.423 ± 0.009) MHz``.

    Parameters
    ----------
    value, stderr
        Estimate and standard error, in `unit`. An error that is not finite or not positive is written as unknown.
    unit
        SI unit.
    """
    if not math.isfinite(stderr) or stderr <= 0.0:
        return f"{format_quantity(value, unit)} (error unknown)"
    factor, written = prefix_for(value or stderr, unit)
    scaled, error = value / factor, stderr / factor
    decimals = max(0, 1 - math.floor(math.log10(error)))
    if decimals > 12:
        return f"{scaled:.9g} ± {error:.2g} {written}".rstrip()
    return f"({scaled:.{decimals}f} ± {error:.{decimals}f}) {written}".rstrip()
