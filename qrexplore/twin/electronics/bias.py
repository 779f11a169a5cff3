"""Static bias: the slow path of a flux line, which has its own wiring and thus its own gain."""

import equinox as eqx

from qrexplore.core import Scalar, parameter


class FluxBias(eqx.Module):
    """Static flux of a qubit, ``gain`` times the voltage, on top of its flux offset."""

    gain: Scalar = parameter(0.4, unit="Phi0/V", bounds=(0.01, 5.0), label="static flux per volt")
