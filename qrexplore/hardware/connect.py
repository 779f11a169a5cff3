"""Connecting: from an address to a backend."""

from urllib.parse import parse_qsl, urlsplit

from qrexplore.hardware.backend import Backend
from qrexplore.hardware.errors import BackendError
from qrexplore.hardware.simulated import SimulatedBackend
from qrexplore.twin import library

_TWINS = {
    "transmon": library.transmon,
    "two_transmons": library.two_transmons,
    "three_transmons": library.three_transmons,
    "two_transmons_with_coupler": library.two_transmons_with_coupler,
    "wired_transmons": library.wired_transmons,
}
_OPTIONS = ("seed",)


def _simulated(twin: str, options: dict[str, str]) -> Backend:
    if twin not in _TWINS:
        msg = (
            f"a simulated device must be one of {', '.join(_TWINS)}, got {twin!r}. "
            "For any other twin make qx.hardware.SimulatedBackend(twin, seed=7)."
        )
        raise BackendError(msg)
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        msg = (
            f"a simulated device has the options {', '.join(_OPTIONS)}, got {', '.join(unknown)}. "
            f"Write for example 'simulated:{twin}?seed=7'."
        )
        raise BackendError(msg)
    seed = options.get("seed", "0")
    if not (seed.isascii() and seed.isdigit() and len(seed) <= 18):
        msg = f"`seed` must be a whole number from 0, got {seed[:40]!r}. Write for example 'simulated:{twin}?seed=7'."
        raise BackendError(msg)
    return SimulatedBackend(_TWINS[twin](), seed=int(seed), name=f"simulated:{twin}")


_SCHEMES = {"simulated": _simulated}


def connect(address: str) -> Backend:
    """Connect to a backend.

    Parameters
    ----------
    address
        ``simulated:<twin>?seed=<number>`` with the name of a twin of `qrexplore.twin.library`; seed 0 where left out.

    Raises
    ------
    BackendError
        If the kind of backend is unknown, or it does not exist.

    Examples
    --------
    >>> connect("simulated:two_transmons?seed=7").capabilities().qubits
    ('q0', 'q1')
    """
    parts = urlsplit(address)
    if parts.scheme not in _SCHEMES:
        msg = (
            f"`address` must begin with one of {', '.join(f'{scheme}:' for scheme in _SCHEMES)}, got {address!r}. "
            "Write for example 'simulated:two_transmons?seed=7'."
        )
        raise BackendError(msg)
    return _SCHEMES[parts.scheme](parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))
