"""Lines as they come before anything is corrected: every stage from converter to chip, with the numbers of a usual lab.

Values of an uncorrected flux line: settling by 1 to 5 % within 5 to 20 ns, 1 to 3 % within 30 to 300 ns and 0.5 to 2 %
within 0.5 to 20 us, a bias tee of 20 us to 1 ms, an echo of 0.5 to 3 %.

References
----------
Rol et al., APL 116, 054001 (2020); Krinner et al., EPJ Quantum Technology 6, 2 (2019).
"""

from qrexplore.core import Named
from qrexplore.twin.electronics import (
    DAC,
    Attenuation,
    BiasTee,
    Butterworth,
    Compression,
    Delay,
    DriveGain,
    ExponentialResponse,
    Gain,
    GaussianFilter,
    IQMixer,
    LowPass,
    Reflection,
    SignalChain,
    SkinEffect,
)

_ATTENUATION = 20.0


def wired_drive_line(gain: float = 100e6, *, sample_rate: float = 1e9, bits: int | None = 14) -> SignalChain:
    """Give a drive line: converter, mixer with faults, bandwidth, amplifier, attenuator, conversion to a Rabi frequency.

    Parameters
    ----------
    gain
        Rabi frequency per volt of the whole line for small signals, Hz/V.
    sample_rate
        Of the generator, 1/s.
    bits
        Of the converter; None for no rounding.
    """
    stages = {
        "converter": DAC(1.0, bits=bits),
        "mixer": IQMixer(1.02, 0.02, 2e-3, -1e-3),
        "bandwidth": Butterworth(300e6, order=2),
        "amplifier": Compression(2.0),
        "attenuator": Attenuation(_ATTENUATION),
        "transfer": DriveGain(gain * 10 ** (_ATTENUATION / 20)),
    }
    return SignalChain(sample_rate, Named(stages))


def wired_flux_line(gain: float = 0.4, *, sample_rate: float = 1e9, bits: int | None = 14) -> SignalChain:
    """Give a flux line: converter, its filter, delay, attenuator, bias tee, settling on three times, cable, echo, low-pass.

    Parameters
    ----------
    gain
        Flux per volt of the whole line at once, Φ0/V.
    sample_rate, bits
        See `wired_drive_line`.
    """
    stages = {
        "converter": DAC(1.0, bits=bits),
        "reconstruction": GaussianFilter(400e6),
        "delay": Delay(0.4e-9),
        "attenuator": Attenuation(_ATTENUATION),
        "bias_tee": BiasTee(40e-6),
        "distortion": ExponentialResponse(-0.03, 12e-9),
        "settling": ExponentialResponse(0.015, 90e-9),
        "drift": ExponentialResponse(-0.008, 1.5e-6),
        "cable": SkinEffect(0.4),
        "echo": Reflection(0.015, 6e-9),
        "low_pass": LowPass(500e6),
        "transfer": Gain(gain * 10 ** (_ATTENUATION / 20)),
    }
    return SignalChain(sample_rate, Named(stages))
