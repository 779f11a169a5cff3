"""What slow noise does to a transmon at one moment."""

import equinox as eqx
from jaxtyping import Array, Float


class Disturbance(eqx.Module):
    """Offsets that one member of an ensemble sees; no parameters, since the ensemble makes them.

    Attributes
    ----------
    flux
        Added to the flux, Φ0.
    frequency
        Added to the 0-1 frequency, Hz.
    """

    flux: Float[Array, ""]
    frequency: Float[Array, ""]
