"""Slow noise of a device: what fluctuates, how much, and how it goes in time.

A source moves the flux, the frequency or the drive amplitude of one qubit, and in proportion those of others where it is
shared (``also``). Whether it sits on the chip or in the electronics makes no difference: it is what arrives that counts.
Its amplitude is in the unit of what it moves; what it measures is told by the process: a standard deviation, the square root
of a spectral density at 1 Hz, or half of a jump. Predictions are even in it, so at 0 they have no slope: a source that may be
absent starts from a small amplitude.
"""

import abc
from collections.abc import Mapping
from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from qrexplore.core import Named, Scalar, parameter, require_choice
from qrexplore.twin.noise.processes import AbstractProcess, QuasiStatic

# what is moved (flux, frequency or drive) of which qubit, and by how much (Φ0, Hz, or relative)
Offsets = Mapping[tuple[str, str], Float[Array, "*shape"]]


class Share(eqx.Module):
    """How much of a source another qubit sees, in units of what the first one sees."""

    share: Scalar = parameter(unit="1", bounds=(-10.0, 10.0), label="share of a common noise source")


class AbstractSource(eqx.Module):
    """A fluctuating quantity.

    Attributes
    ----------
    quantity
        What it moves: ``flux``, ``frequency`` or ``drive``.
    on
        Qubit that it moves. Static.
    amplitude
        Size, as the process understands it.
    process
        How it goes in time.
    also
        Other qubits that the same source moves, by name, each with its share: fully correlated with the first.
    """

    quantity: ClassVar[str]

    on: eqx.AbstractVar[str]
    amplitude: eqx.AbstractVar[Scalar]
    process: eqx.AbstractVar[AbstractProcess]
    also: eqx.AbstractVar[Named[Share]]

    @abc.abstractmethod
    def offsets(self, value: Float[Array, "*shape"]) -> Offsets:
        """Give what each qubit sees when the source stands at `value`, in the unit of the amplitude."""


def _shared(source: AbstractSource, value: Float[Array, "*shape"]) -> Offsets:
    moved = {(source.quantity, source.on): value}
    return moved | {(source.quantity, name): part.share * value for name, part in source.also.items()}


class FluxNoise(AbstractSource):
    """Noise of the flux that a transmon sees, in Φ0; by its arc it moves frequency and anharmonicity."""

    quantity: ClassVar[str] = "flux"

    on: str = eqx.field(static=True)
    amplitude: Scalar = parameter(3e-6, unit="Phi0", bounds=(1e-9, 0.1), label="amplitude of flux noise")
    process: AbstractProcess = eqx.field(default_factory=QuasiStatic)
    also: Named[Share] = eqx.field(default_factory=Named)

    def offsets(self, value: Float[Array, "*shape"]) -> Offsets:
        """Give the flux offsets (Φ0)."""
        return _shared(self, value)


class FrequencyNoise(AbstractSource):
    """Noise of the 0-1 frequency of a transmon, in Hz, whatever its cause."""

    quantity: ClassVar[str] = "frequency"

    on: str = eqx.field(static=True)
    amplitude: Scalar = parameter(1e3, unit="Hz", bounds=(1e-2, 1e8), label="amplitude of frequency noise")
    process: AbstractProcess = eqx.field(default_factory=QuasiStatic)
    also: Named[Share] = eqx.field(default_factory=Named)

    def offsets(self, value: Float[Array, "*shape"]) -> Offsets:
        """Give the frequency offsets (Hz)."""
        return _shared(self, value)


class DriveNoise(AbstractSource):
    """Noise of the amplitude of a drive, relative to it. Ideal rotations do not feel it."""

    quantity: ClassVar[str] = "drive"

    on: str = eqx.field(static=True)
    amplitude: Scalar = parameter(1e-3, unit="1", bounds=(1e-7, 0.5), label="relative amplitude noise of the drive")
    process: AbstractProcess = eqx.field(default_factory=QuasiStatic)
    also: Named[Share] = eqx.field(default_factory=Named)

    def offsets(self, value: Float[Array, "*shape"]) -> Offsets:
        """Give the relative offsets of the drive amplitudes."""
        return _shared(self, value)


class SlowNoise(eqx.Module):
    """The slow noise of a twin, and how its ensemble is made.

    Attributes
    ----------
    sources
        By name; the parameters stand at ``noise.<name>.amplitude`` and so on.
    nodes
        Gauss-Hermite nodes for each quasi-static source. Static.
    trajectories
        Members of the ensemble where it is sampled: with 1/f noise, or with more quasi-static sources than a tensor product of
        nodes can serve. Static.
    form
        How 1/f noise is averaged: over ``trajectories``, or over ``nodes`` of the one number that it amounts to in a sequence
        of ideal turns and idles (`qrexplore.twin.toggled`), which has no sampling error. Static.
    seed
        Of the random numbers of sampled noise, the same for all twins with that seed, so that predictions are smooth in every
        parameter. Static.

    Examples
    --------
    Noise of a common flux line, and a two-level defect that shifts one qubit::

        common = FluxNoise("q1", 3e-6, OneOverF(), also=Named({"q0": Share(0.3)}))
        defect = FrequencyNoise("q0", 20e3, Telegraph(rate=500.0))
        noise = SlowNoise(Named({"flux_common": common, "defect_q0": defect}))
        twin = dataclasses.replace(library.two_transmons(), noise=noise)
        twin.replace({"noise.flux_common.amplitude": 5e-6})
    """

    sources: Named[AbstractSource] = eqx.field(default_factory=Named)
    nodes: int = eqx.field(static=True, default=9)
    trajectories: int = eqx.field(static=True, default=256)
    form: str = eqx.field(static=True, default="trajectories")
    seed: int = eqx.field(static=True, default=0)

    def __check_init__(self) -> None:
        """Refuse ensembles without members or without a spread, and forms that are not known."""
        require_choice(self.form, "form", ("trajectories", "nodes"))
        for name, least in (("nodes", 1), ("trajectories", 2)):
            if getattr(self, name) < least:
                msg = f"`{name}` of slow noise must be at least {least}, got {getattr(self, name)!r}. Leave it out."
                raise ValueError(msg)
