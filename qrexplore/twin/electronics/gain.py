"""Conversion of volts into what the chip feels."""

from typing import ClassVar

from qrexplore.core import Scalar, parameter
from qrexplore.twin.electronics.stage import AbstractStage
from qrexplore.twin.electronics.wave import Wave


class Gain(AbstractStage):
    """Conversion from volts at the generator to what the chip feels: flux, in Φ0 per V."""

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    gain: Scalar = parameter(unit="Phi0/V", bounds=(0.01, 5.0), label="flux per volt")

    def forward(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002 (all stages are called alike)
        """Multiply by the gain."""
        return self.gain * wave

    def inverse(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002
        """Divide by the gain."""
        return wave / self.gain


class DriveGain(AbstractStage):
    """Conversion from volts at the generator to the Rabi frequency of the 0-1 transition, in Hz per V.

    Gates that are simulated as instantaneous rotations are pulses of finite length in truth: `lag` is the free evolution
    that two of them add to the time between them (negative where the instrument counts from the pulses' outer edges).
    """

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    gain: Scalar = parameter(unit="Hz/V", bounds=(1e3, 1e10), label="Rabi frequency per volt")
    lag: Scalar = parameter(0.0, unit="s", bounds=(-3e-6, 3e-6), label="evolution during the gate pulses")

    def forward(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002 (all stages are called alike)
        """Multiply by the gain."""
        return self.gain * wave

    def inverse(self, wave: Wave, cell: float) -> Wave:  # noqa: ARG002
        """Divide by the gain."""
        return wave / self.gain
