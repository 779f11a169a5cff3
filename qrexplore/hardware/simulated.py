"""A simulated device: a hidden twin behind the protocol of a real one, with shot noise and a seed."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from threading import Lock
from typing import Any
from weakref import WeakSet

import numpy as np
import xarray as xr

from qrexplore.core import require_choice
from qrexplore.data import PARTS
from qrexplore.experiments import PART_NAMES, REPORTS, Experiment
from qrexplore.hardware import hidden
from qrexplore.hardware.channel import Capabilities
from qrexplore.hardware.consent import Armed, Consent, arm
from qrexplore.hardware.errors import BackendError
from qrexplore.hardware.limits import Limits, LimitsInForce, limits_in_force, tightened
from qrexplore.hardware.program import Program, compile_program
from qrexplore.hardware.push import PushReceipt, push
from qrexplore.hardware.report import Report, check_program
from qrexplore.hardware.thread_job import ThreadJob
from qrexplore.pulses import Schedule
from qrexplore.twin import Twin
from qrexplore.twin.sampling import sampled

_DEFAULT_SHOTS = 1000

# a dataset of means, and the levels behind it where shots are drawn from them
Acquired = tuple[xr.Dataset, np.ndarray | None]

Drift = Callable[[Twin, int], Twin]


class SimulatedBackend:
    """A device that is a twin inside, which it does not show.

    Give it another twin than the one that you learn with: a model that learns from itself proves nothing.

    Parameters
    ----------
    twin
        The hidden device.
    seed
        Of the shot noise. The n-th run of a backend draws from a stream of its own, so that the same calls in the same
        order give the same data.
    name
        For reports and results.
    limits
        The lab's limits by line or pattern (``flux_*``); conservative ones where left out.
    capabilities
        What the instrument can do; a typical generator on each line of the twin where left out.
    signal_noise
        Standard deviation of one shot of an averaged signal, in steps between the signals of levels 0 and 1.
        Thresholded shots have binomial noise instead.
    drift
        Gives the device at its n-th run, from the twin and n; a device that stays as it is where left out.

    Raises
    ------
    ValueError
        If the seed is no whole number from 0, `limits` names a line that is not there, or `capabilities` claims that
        this is hardware.

    Notes
    -----
    Points of an experiment are simulated from its blocks, played pulses from the rounded samples of the converters.
    """

    def __init__(
        self,
        twin: Twin,
        *,
        seed: int,
        name: str = "simulated",
        limits: Mapping[str, Limits] | None = None,
        capabilities: Capabilities | None = None,
        signal_noise: float = 1.0,
        drift: Drift | None = None,
    ) -> None:
        if not isinstance(seed, int) or seed < 0:
            msg = f"`seed` must be a whole number from 0, got {seed!r}. Give for example seed=7."
            raise ValueError(msg)
        if not (np.isfinite(signal_noise) and signal_noise > 0):
            msg = f"`signal_noise` must be a positive number of steps between levels, got {signal_noise!r}. Take 1.0."
            raise ValueError(msg)
        self._twin = twin
        self._seed = seed
        self._name = name
        self._capabilities = hidden.capabilities_of(twin) if capabilities is None else capabilities
        if self._capabilities.physics != "simulated":
            msg = (
                "`capabilities` of a simulated device must have physics 'simulated', "
                f"got {self._capabilities.physics!r}. Set it so: no result of a model may pass for a measurement."
            )
            raise ValueError(msg)
        self._limits = limits_in_force(self._capabilities, limits)
        self._signal_noise = signal_noise
        self._drift = drift
        self._lock = Lock()
        self._runs = count(1)
        self._loaded: Program | None = None
        self._jobs: WeakSet[ThreadJob] = WeakSet()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qrexplore-device")

    def __repr__(self) -> str:
        lines = ", ".join(self._capabilities.channels)
        return f"SimulatedBackend({self._name!r}, seed={self._seed}, lines: {lines})"

    @property
    def name(self) -> str:
        """Name for reports and results."""
        return self._name

    @property
    def limits(self) -> Mapping[str, LimitsInForce]:
        """Limits in force, by line."""
        return self._limits

    @property
    def loaded(self) -> Program | None:
        """What the device received last; None before the first program and after `stop`."""
        return self._loaded

    def capabilities(self) -> Capabilities:
        """Give what the device can do."""
        return self._capabilities

    def compile(self, request: Schedule | Experiment) -> Program:
        """Give exactly what would be played; see `compile_program`."""
        return compile_program(request, self._capabilities)

    def check(self, program: Program, *, limits: Mapping[str, Limits] | None = None) -> Report:
        """Hold a program against the limits in force and further ones; give every violation."""
        return check_program(program, self._capabilities, tightened(self._limits, limits), backend=self._name)

    def arm(
        self, program: Program, *, limits: Mapping[str, Limits] | None = None, consent: Consent | None = None
    ) -> Armed:
        """Check a program; a simulated device needs no consent. See `arm`."""
        return arm(program, self._capabilities, tightened(self._limits, limits), backend=self._name, consent=consent)

    def send(self, armed: Armed) -> None:
        """Load an armed program into the device."""
        armed.require_valid()
        with self._lock:
            self._loaded = armed.program

    def push(
        self, schedule: Schedule, *, limits: Mapping[str, Limits] | None = None, consent: Consent | None = None
    ) -> PushReceipt:
        """Compile, check, arm and send a schedule; see `push`."""
        return push(self, schedule, limits=limits, consent=consent)

    def run(self, experiment: Experiment, *, shots: int | None = None, consent: Consent | None = None) -> ThreadJob:
        """Start an experiment.

        Parameters
        ----------
        experiment
            What to do.
        shots
            Repetitions a point; those of the experiment, or 1000, where left out.
        consent
            Not needed by a simulated device.

        Returns
        -------
        Job
            Its result has the dims, coordinates and units of `twin.simulate`, with a standard error beside the
            observable and the provenance in the attributes.

        Raises
        ------
        LimitError
            If a point of the sweep breaks a limit; nothing was sent.
        BackendError
            If the device cannot read a qubit of the experiment.
        ValueError
            If `shots` is not a number that the device can do.
        """
        if shots is None:
            shots = experiment.shots or _DEFAULT_SHOTS
        self._require_shots(shots)
        self._require_qubits(experiment.qubits)
        armed = self.arm(self.compile(experiment), consent=consent)

        return self._start(
            armed,
            lambda twin: hidden.results(twin, experiment),
            observable=experiment.observable,
            shots=shots,
            single_shots=experiment.protocol.single_shots,
        )

    def play(
        self,
        schedule: Schedule,
        *,
        shots: int = _DEFAULT_SHOTS,
        qubits: tuple[str, ...] | None = None,
        preparation: int = 0,
        consent: Consent | None = None,
    ) -> ThreadJob:
        """Push a schedule, play it and read the qubits.

        Parameters
        ----------
        schedule
            What to play.
        shots
            Repetitions.
        qubits
            Qubits to prepare and read; all of the device where left out.
        preparation
            Level in which each of them starts, 0 or 1.
        consent
            Not needed by a simulated device.

        Returns
        -------
        Job
            Its result has the dimension ``qubit``.

        Raises
        ------
        LimitError
            If the schedule breaks a limit; nothing was sent.
        BackendError
            If the device cannot read one of the qubits.
        ValueError
            If `shots` or `preparation` is not what the device can do.
        """
        self._require_shots(shots)
        require_choice(preparation, "preparation", (0, 1))
        qubits = self._capabilities.qubits if qubits is None else tuple(qubits)
        self._require_qubits(qubits)
        reports = hidden.reports(self._twin, qubits)
        if len(reports) > 1:
            units = sorted(f"{observable} in {unit}" for observable, unit in reports)
            msg = f"`qubits` must be read in one unit, got {units} for {', '.join(qubits)}. Read them apart."
            raise BackendError(msg)
        ((observable, unit),) = reports
        armed = self.arm(self.compile(schedule), consent=consent)

        def acquire(twin: Twin) -> Acquired:
            means, levels = hidden.readout(twin, armed.program.schedule(), qubits, preparation)
            return _played_dataset(means, qubits, observable, unit, preparation), levels

        return self._start(armed, acquire, observable=observable, shots=shots)

    def stop(self) -> None:
        """Cancel every job and forget what was loaded: all outputs at zero."""
        for job in list(self._jobs):
            job.cancel()
        with self._lock:
            self._loaded = None

    def _start(
        self,
        armed: Armed,
        acquire: Callable[[Twin], Acquired],
        *,
        observable: str,
        shots: int,
        single_shots: bool = False,
    ) -> ThreadJob:
        with self._lock:
            run = next(self._runs)
        twin = self._twin if self._drift is None else self._drift(self._twin, run)

        def work(checkpoint: Callable[[], None]) -> xr.Dataset:
            checkpoint()
            started = datetime.now(UTC)
            self.send(armed)
            means, levels = acquire(twin)
            checkpoint()
            data = sampled(
                means,
                twin,
                levels,
                observable=observable,
                shots=shots,
                signal_noise=self._signal_noise,
                generator=np.random.default_rng([self._seed, run]),
                single_shots=single_shots,
            )
            return data.assign_attrs(self._provenance(data, armed, run, shots, started))

        job = ThreadJob(self._pool, work)
        self._jobs.add(job)
        return job

    def _provenance(
        self, data: xr.Dataset, armed: Armed, run: int, shots: int, started: datetime
    ) -> dict[str, str | int]:
        return {
            "settings": json.dumps({**json.loads(data.attrs["settings"]), "shots": shots}),
            "created": started.isoformat(timespec="seconds"),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
            "backend": self._name,
            "physics": self._capabilities.physics,
            "seed": self._seed,
            "run": run,
            "shots": shots,
            "program": armed.program.hash,
            "limits": armed.report.limits,
        }

    def _require_shots(self, shots: int) -> None:
        if not isinstance(shots, int) or not 1 <= shots <= self._capabilities.max_shots:
            msg = (
                f"`shots` must be a whole number from 1 to {self._capabilities.max_shots}, got {shots!r}. "
                "Give for example shots=1000."
            )
            raise ValueError(msg)

    def _require_qubits(self, qubits: tuple[str, ...]) -> None:
        missing = [qubit for qubit in qubits if qubit not in self._capabilities.qubits]
        if missing:
            msg = (
                f"the backend {self._name!r} cannot read {', '.join(missing)}; it reads "
                f"{', '.join(self._capabilities.qubits) or 'nothing'}. Name qubits of the device."
            )
            raise BackendError(msg)


def _played_dataset(
    means: np.ndarray, qubits: tuple[str, ...], observable: str, units: str, preparation: int
) -> xr.Dataset:
    coordinates: dict[str, Any] = {"qubit": ("qubit", list(qubits), {"units": "1", "long_name": "qubit"})}
    parts = (PARTS[observable],) if observable in PARTS else ()
    coordinates |= {part: (part, PART_NAMES[observable], {"units": "1", "long_name": part}) for part in parts}
    return xr.Dataset(
        {observable: (("qubit", *parts), means, {"units": units, "long_name": REPORTS[observable][1]})},
        coords=coordinates,
        attrs={
            "experiment": "other",
            "settings": json.dumps({"preparation": preparation}),
            "source_format": "qrexplore",
            "source": "",
            "title": f"pulse played on {', '.join(qubits)}",
        },
    )
