"""What a backend can do: its channels and what it can read. Facts of the instrument, not wishes of the lab."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from qrexplore.core import require_choice, require_positive

KINDS = ("iq", "baseband", "readout", "static")
PHYSICS = ("hardware", "emulated-io", "simulated")


@dataclass(frozen=True)
class Channel:
    """One output of an instrument.

    Attributes
    ----------
    name
        The line of the twin that it feeds, such as ``drive_q0`` or ``flux_q1``.
    kind
        ``iq`` (complex samples about a carrier), ``baseband`` (real samples), ``readout``, or ``static`` (a value held
        for a whole point, without samples).
    sample_rate
        Clock in samples per s; on a static channel without meaning.
    granularity, min_samples, max_samples
        Number of samples of a waveform: a multiple of the first, between the other two.
    memory
        Samples over all waveforms of a program, or None where the instrument streams.
    full_scale
        Largest voltage (V) the converter can put out; for ``iq`` the largest modulus.
    bits
        Resolution of the converter, sign included.
    latency
        Time from trigger to output, s.
    filters
        Real-time predistortion the instrument applies itself, so that nobody predistorts twice.

    Raises
    ------
    ValueError
        If a number makes no sense, such as a full scale of zero.
    """

    name: str
    kind: Literal["iq", "baseband", "readout", "static"]
    sample_rate: float = 1e9
    granularity: int = 4
    min_samples: int = 16
    max_samples: int = 65536
    memory: int | None = None
    full_scale: float = 2.5
    bits: int = 16
    latency: float = 0.0
    filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_choice(self.kind, "kind", KINDS)
        require_positive(self.sample_rate, "sample_rate", "Hz")
        require_positive(self.full_scale, "full_scale", "V")
        if not (1 <= self.granularity <= self.max_samples and 1 <= self.min_samples <= self.max_samples):
            msg = (
                f"`granularity` and `min_samples` of channel {self.name!r} must lie between 1 and max_samples = "
                f"{self.max_samples}, got {self.granularity} and {self.min_samples}. Take them from the manual."
            )
            raise ValueError(msg)
        if not 2 <= self.bits <= 32:
            msg = f"`bits` of channel {self.name!r} must be between 2 and 32, got {self.bits}. Count the sign bit too."
            raise ValueError(msg)

    @property
    def step(self) -> float:
        """Voltage (V) between neighboring codes of the converter; codes are symmetric about zero."""
        return self.full_scale / (2 ** (self.bits - 1) - 1)

    @property
    def period(self) -> float:
        """Length of a sample in s."""
        return 1 / self.sample_rate

    def padded(self, samples: int) -> int:
        """Give the number of samples of a waveform after zeros were added at its end to reach the grid."""
        wanted = max(samples, self.min_samples)
        return math.ceil(wanted / self.granularity) * self.granularity


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do.

    Attributes
    ----------
    channels
        Outputs by name.
    qubits
        Qubits that it can read.
    physics
        Where the results come from: ``hardware``; ``simulated`` (a model); ``emulated-io`` (canned numbers).
    max_shots, max_points
        Of one run.
    supports
        Further abilities, such as ``sweep``, ``static_flux``, ``readback``.
    """

    channels: Mapping[str, Channel]
    qubits: tuple[str, ...]
    physics: Literal["hardware", "emulated-io", "simulated"]
    max_shots: int = 1_000_000
    max_points: int = 1_000_000
    supports: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        require_choice(self.physics, "physics", PHYSICS)
        for name, channel in self.channels.items():
            if name != channel.name:
                msg = f"`channels` must map each name to its channel, got {channel.name!r} under {name!r}. Rename one."
                raise ValueError(msg)
        object.__setattr__(self, "channels", MappingProxyType(dict(self.channels)))
