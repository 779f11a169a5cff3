"""What a qibocal run says about its device: the platform file beside the data, as plain numbers in SI units."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qrexplore.data.errors import reading
from qrexplore.data.gate_text import read_json

_PLACES = (
    "platform_parameters.json",
    "../platform_parameters.json",
    "../../platform/parameters.json",
    "platform/parameters.json",
)


@dataclass(frozen=True)
class QubitPlatform:
    """Stored values of a qubit; None where the file has none (the lab writes 0 for "not measured").

    Attributes
    ----------
    drive_frequency, anharmonicity
        Hz; the anharmonicity is negative for a transmon.
    sweetspot
        Static flux bias of the highest frequency, V.
    asymmetry
        Of the two junctions, 0 to 1.
    flux_matrix_element
        Flux through the loop for a voltage on the qubit's own line, Phi0/V.
    t1, t2
        s.
    pi_duration, pi_amplitude, pi_shape
        Of the half turn: s, instrument units, name of the envelope as written.
    """

    drive_frequency: float | None = None
    anharmonicity: float | None = None
    sweetspot: float | None = None
    asymmetry: float | None = None
    flux_matrix_element: float | None = None
    t1: float | None = None
    t2: float | None = None
    pi_duration: float | None = None
    pi_amplitude: float | None = None
    pi_shape: str | None = None


@dataclass(frozen=True)
class FluxPulse:
    """Flux pulse of a stored two-qubit gate: pulsed qubit, amplitude in instrument units, duration in s."""

    qubit: str
    amplitude: float
    duration: float


@dataclass(frozen=True)
class FluxFilter:
    """Predistortion at an output: ``y[n] = sum(feedforward x) + sum(feedback y)``, taps at its sample clock."""

    feedforward: tuple[float, ...]
    feedback: tuple[float, ...]


@dataclass(frozen=True)
class Platform:
    """A platform file.

    Attributes
    ----------
    qubits
        By name.
    cz
        Flux pulse of the stored CZ gates by pair of names, in the order of the file.
    flux_filters
        By output, such as ``con9.o4``. The wiring from outputs to qubits is not in the file.
    """

    qubits: Mapping[str, QubitPlatform]
    cz: Mapping[tuple[str, str], FluxPulse]
    flux_filters: Mapping[str, FluxFilter]

    def flux_qubit(self, first: str, second: str) -> str | None:
        """Give the qubit that the stored CZ gate of a pair pulses, or None if the file does not say."""
        pulse = self.cz.get((first, second)) or self.cz.get((second, first))
        return pulse.qubit if pulse else None


def platform_of(path: str | Path) -> Platform | None:
    """Find and read the platform file that belongs to a qibocal folder.

    Parameters
    ----------
    path
        The folder of an experiment, or its ``data.npz``.

    Returns
    -------
    Platform or None
        None if no platform file lies in the folder, one level up or in ``../../platform``.

    Raises
    ------
    DatasetError
        If there is one and it is damaged.
    """
    folder = Path(path)
    if not folder.is_dir():
        folder = folder.parent
    for place in _PLACES:
        file = folder / place
        if file.is_file():
            content = read_json(file)
            with reading(file, "the platform"):
                return _platform(content)
    return None


def _platform(content: Mapping[str, Any]) -> Platform:
    characterization = content.get("characterization", {}).get("single_qubit", {})
    gates = content.get("native_gates", {})
    single = gates.get("single_qubit", {})
    configs = content.get("configs", {})
    names = list(characterization) or list(single)
    return Platform(
        qubits=MappingProxyType(
            {str(name): _qubit(name, characterization.get(name, {}), single.get(name, {}), configs) for name in names}
        ),
        cz=MappingProxyType(_gates(gates.get("two_qubit", {}))),
        flux_filters=MappingProxyType(_filters(content.get("instruments", {}))),
    )


def _number(value: Any, factor: float = 1.0) -> float | None:
    return float(value) * factor if isinstance(value, int | float) and value else None


def _qubit(name: str, stored: Mapping[str, Any], gates: Mapping[str, Any], configs: Mapping[str, Any]) -> QubitPlatform:
    # newer files keep a gate as a list of (channel, pulse) and frequencies in `configs`
    turn = gates.get("RX", {})
    if isinstance(turn, list):
        turn = turn[0][1] if turn else {}
    shape = turn.get("shape", turn.get("envelope"))
    frequency = stored.get("drive_frequency") or configs.get(f"{name}/drive", {}).get("frequency")
    return QubitPlatform(
        drive_frequency=_number(frequency),
        anharmonicity=_number(stored.get("anharmonicity")),
        sweetspot=_number(stored.get("sweetspot", configs.get(f"{name}/flux", {}).get("offset"))),
        asymmetry=_number(stored.get("asymmetry")),
        flux_matrix_element=_number(stored.get("crosstalk_matrix", {}).get(name)),
        t1=_number(stored.get("T1"), 1e-9),
        t2=_number(stored.get("T2"), 1e-9),
        pi_duration=_number(turn.get("duration"), 1e-9),
        pi_amplitude=_number(turn.get("amplitude")),
        pi_shape=str(shape.get("kind") if isinstance(shape, dict) else shape) if shape else None,
    )


def _gates(pairs: Mapping[str, Any]) -> dict[tuple[str, str], FluxPulse]:
    found = {}
    for pair, gates in pairs.items():
        first, _, second = pair.partition("-")
        for step in gates.get("CZ") or []:
            pulse, qubit = step, step.get("qubit") if isinstance(step, dict) else None
            if isinstance(step, list):  # newer files: (channel, pulse), with the channel named qubit/flux
                channel, pulse = step
                qubit = str(channel).removesuffix("/flux") if str(channel).endswith("/flux") else None
            if qubit in (first, second) and "amplitude" in pulse and "duration" in pulse:
                duration = float(pulse["duration"]) * 1e-9
                found[first, second] = FluxPulse(str(qubit), float(pulse["amplitude"]), duration)
                break
    return found


def _filters(instruments: Mapping[str, Any]) -> dict[str, FluxFilter]:
    found = {}
    for instrument, outputs in instruments.items():
        for output, settings in outputs.items() if isinstance(outputs, dict) else ():
            taps = settings.get("filter") if isinstance(settings, dict) else None
            if isinstance(taps, dict):
                forward, back = (tuple(map(float, taps.get(kind, []))) for kind in ("feedforward", "feedback"))
                found[f"{instrument}.{output}"] = FluxFilter(forward, back)
    return found
