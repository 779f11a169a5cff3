"""The measurements of the case study, as a lab that has found its qubits would set them up.

Experiments on one qubit take the other as a neighbour at rest. Slow noise counts where a superposition waits: in Ramsey, echo
and cryoscope; over the tens of ns of all other pulses it is far below the shots.

Most of the 2.4e7 shots, 80 minutes at 200 us each, are for the flux lines (cryoscope, flux step, both chevrons): a cable's loss,
a fast settling and an echo look alike, so that their sum is known long before each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np

from qrexplore import experiments as lab
from qrexplore.experiments import Experiment
from qrexplore.twin.calibration import half_turn_amplitude
from qrexplore.twin.case_study.device import at_flux, interaction_voltage
from qrexplore.twin.case_study.model import QUBITS
from qrexplore.twin.electronics import Gain
from qrexplore.twin.model import Twin
from qrexplore.twin.spectrum import dressed_frequencies
from qrexplore.twin.static import late_step

NEIGHBOUR = {"q0": "q1", "q1": "q0"}
GATE = 20e-9
_LONG_GATE = 200e-9
# what a lab knows after an hour: errors of its calibrations, in Hz and relative
_FREQUENCY_ERROR, _COARSE_ERROR, _VOLTAGE_ERROR = 0.15e6, 3e6, 0.01
# flux lines are late by some ns, and settle
_SETTLING = 16e-9
# V at the generator that widens a line to some MHz, so that a coarse sweep cannot miss it
_WIDE = 0.015
# of slow noise, where a superposition waits for long
_NODES = 15
# where strong drives, or heat in level 2, reach level 3
_LEVELS = 4
_BIASES = np.array([0.15, 0.3, 0.45])
_ARC = np.linspace(-0.6, 0.6, 17)
# height (V) of a step of the flux, and when the qubit is looked at after it
_STEP, _STEP_DELAYS = 0.3, np.geomspace(0.1e-6, 60e-6, 16)


@dataclass(frozen=True)
class Calibration:
    """What a lab has found out about a device before it measures in earnest.

    Attributes
    ----------
    frequency, level_two
        0-1 and 1-2 frequency of each qubit as it idles, Hz.
    resonator
        Frequency of each readout resonator, Hz.
    half_turn, selective
        Height (V) of a half turn of 20 ns, and of one of 200 ns.
    interaction
        Voltage (V) of the pulse that brings |11> to |02>.
    swap
        Voltage (V) of the pulse that brings |10> to |01>.
    biased
        Frequency (Hz) at each bias of the experiments against flux.
    arc
        Frequency (Hz) at each bias of the flux arc, as a coarse scan follows it.
    stepped
        Frequency (Hz) at each delay after a step of the flux, as a coarse scan follows it.
    """

    frequency: Mapping[str, float]
    level_two: Mapping[str, float]
    resonator: Mapping[str, float]
    half_turn: Mapping[str, float]
    selective: Mapping[str, float]
    interaction: float
    swap: float
    biased: Mapping[str, tuple[float, ...]]
    arc: Mapping[str, tuple[float, ...]]
    stepped: Mapping[str, tuple[float, ...]]


def calibrated(device: Twin, generator: np.random.Generator) -> Calibration:
    """Give what a lab finds out about a device, with its errors."""

    def found(value: float, error: float) -> float:
        return float(value + error * generator.normal())

    idle = dict(zip(QUBITS, map(float, dressed_frequencies(device, QUBITS)), strict=True))
    anharmonicities = {name: float(device.chip.qubits[name].anharmonicity) for name in QUBITS}
    biased = {
        name: tuple(found(f, _FREQUENCY_ERROR) for f in _arc(device, name, _BIASES, idle[name])) for name in QUBITS
    }
    frequency = {name: found(idle[name], _FREQUENCY_ERROR) for name in QUBITS}
    return Calibration(
        frequency=frequency,
        level_two={name: found(idle[name] + anharmonicities[name], 2 * _FREQUENCY_ERROR) for name in QUBITS},
        resonator={name: found(float(device.chip.resonators[f"resonator_{name}"].frequency), 0.3e6) for name in QUBITS},
        half_turn=_half_turns(device, generator, GATE),
        selective=_half_turns(device, generator, _LONG_GATE),
        interaction=float(interaction_voltage(device) or np.nan) * found(1.0, _VOLTAGE_ERROR),
        swap=_swap_voltage(device) * found(1.0, _VOLTAGE_ERROR),
        biased=biased,
        arc={name: tuple(found(f, _COARSE_ERROR) for f in _arc(device, name, _ARC, idle[name])) for name in QUBITS},
        stepped={
            name: tuple(found(f, _COARSE_ERROR) for f in _after_step(device, name, idle[name])) for name in QUBITS
        },
    )


def _half_turns(device: Twin, generator: np.random.Generator, duration: float) -> dict[str, float]:
    return {
        name: half_turn_amplitude(device, name, pulse_duration=duration) * (1 + _VOLTAGE_ERROR * generator.normal())
        for name in QUBITS
    }


def _arc(device: Twin, name: str, biases: np.ndarray, idle: float) -> np.ndarray:
    transmon = device.chip.qubits[name]
    flux = np.asarray(device.biases[f"bias_{name}"].gain) * biases
    return idle + at_flux(transmon, flux)[0] - float(at_flux(transmon, np.zeros(()))[0])


def _after_step(device: Twin, name: str, idle: float) -> np.ndarray:
    transmon, line = device.chip.qubits[name], device.lines[f"flux_{name}"]
    flux = np.asarray(late_step(line, _STEP, jnp.asarray(_STEP_DELAYS), float(_STEP_DELAYS[-1]) + GATE))
    return idle + at_flux(transmon, flux)[0] - float(at_flux(transmon, np.zeros(()))[0])


def _swap_voltage(device: Twin) -> float:
    """Give the voltage (V) at which the pulsed qubit meets the other one."""
    low, high = (device.chip.qubits[name] for name in QUBITS)
    volts = np.linspace(0.0, 1.0, 2001)
    apart = at_flux(high, volts * np.asarray(device.lines["flux_q1"].stage(Gain).gain))[0]
    return float(volts[np.argmin(np.abs(apart - float(at_flux(low, np.zeros(()))[0])))])


def campaign(known: Calibration) -> dict[str, Experiment]:
    """Give the experiments that are fitted, by name."""
    found = {f"{name}_{qubit}": made for qubit in QUBITS for name, made in _single(known, qubit).items()}
    return found | _double(known)


def held_out(known: Calibration) -> dict[str, Experiment]:
    """Give experiments that are kept out of the fit, to score it: trains of gates, random ones, rows of the chevron between."""
    volts = known.interaction * np.linspace(0.925, 1.075, 8)
    period = np.arange(2, 62, 2) * 1e-9
    return {
        "train": _outcomes(
            lab.cz_train(
                [1, 2, 4, 6], [20e-9, 60e-9], flux_amplitude=known.interaction, flux_duration=40e-9, shots=2000
            ),
            settling=_SETTLING,
        ),
        "chevron_between": _outcomes(lab.chevron(volts, period, shots=1000), settling=_SETTLING),
        **{f"benchmarking_{qubit}": _benchmarking(known, qubit) for qubit in QUBITS},
    }


def _benchmarking(known: Calibration, qubit: str) -> Experiment:
    return _outcomes(
        lab.clifford_sequences(
            [1, 4, 8, 16], np.arange(6),
            qubit=qubit, drive_amplitude=known.half_turn[qubit], drive_frequency=known.frequency[qubit],
            pulse_duration=GATE, shots=1000,
        ),
    )  # fmt: skip


def _outcomes(
    experiment: Experiment, *, nodes: int = 0, levels: int | None = None, settling: float | None = None
) -> Experiment:
    """Give an experiment that reports shares of three outcomes, with the slow noise that counts and the other qubit at rest."""
    settings = dict(experiment.settings) if settling is None else {**experiment.settings, "settling_time": settling}
    made = replace(experiment, observable="probability", units="1", settings=settings)
    made = lab.with_noise_nodes(made, nodes)
    made = made if levels is None else lab.with_levels(made, levels)
    single = len(experiment.qubits) == 1
    return lab.with_spectators(made, NEIGHBOUR[experiment.qubits[0]], resting=True) if single else made


def _single(known: Calibration, qubit: str) -> dict[str, Experiment]:
    """Give the experiments on one qubit."""
    f, half_turn = known.frequency[qubit], known.half_turn[qubit]
    own = {"qubit": qubit, "drive_frequency": f}
    pulse = {"drive_amplitude": half_turn, "pulse_duration": GATE}
    probes = known.resonator[qubit] + np.linspace(-7e6, 4e6, 34)
    arc = np.asarray(known.arc[qubit])[:, None] + np.linspace(-40e6, 40e6, 27)
    other = NEIGHBOUR[qubit]
    spectrum = lab.resonator_spectroscopy([0, 1, 2], probes, qubit=qubit, report="transmission", shots=1000)
    return {
        "resonator": spectrum,
        "arc": _outcomes(lab.flux_arc(_ARC, arc, qubit=qubit, drive_amplitude=_WIDE, shots=500)),
        "static_crosstalk": _outcomes(
            lab.flux_arc(
                _ARC, f + np.linspace(-12e6, 4e6, 17), qubit=qubit, flux_qubit=other, drive_amplitude=_WIDE, shots=500
            )
        ),
        "level_two": _outcomes(
            lab.ef_spectroscopy(
                known.level_two[qubit] + np.linspace(-6e6, 6e6, 41),
                qubit=qubit, drive_amplitude=known.selective[qubit] / np.sqrt(2), pulse_duration=_LONG_GATE, shots=1000,
            ),
            levels=_LEVELS,
        ),
        # about x and about y: each tells the gain and the offset of one arm of the mixer
        **{
            name: _outcomes(
                lab.rabi(
                    4 * half_turn * np.linspace(-1, 1, 41), pulse_duration=GATE, drive_phase=phase, shots=1000, **own
                ),
                levels=_LEVELS,
            )
            for name, phase in (("rabi", 0.0), ("rabi_y", np.pi / 2))
        },
        "rabi_chevron": _outcomes(
            lab.rabi_chevron(
                np.linspace(-30e6, 30e6, 13), np.arange(2, 62, 3) * 1e-9, drive_amplitude=half_turn / 2, shots=500, **own
            )
        ),
        "t1": _outcomes(lab.t1(np.linspace(0, 160e-6, 31), qubit=qubit, shots=2000)),
        "ramsey": _outcomes(
            lab.ramsey_phases(np.linspace(0, 24e-6, 61), artificial_detuning=0.4e6, shots=1000, **own), nodes=_NODES
        ),
        "echo": _outcomes(lab.echo(np.linspace(0, 80e-6, 31), shots=1000, **own), nodes=_NODES),
        "echo_flux": _outcomes(
            lab.echo_flux(_BIASES, np.linspace(0, 24e-6, 21), qubit=qubit, drive_frequency=known.biased[qubit], shots=1000),
            nodes=_NODES,
        ),
        "drag": _outcomes(
            lab.drag_scan(np.linspace(-0.5e-9, 1.5e-9, 11), [2, 6], shots=1000, **pulse, **own), levels=_LEVELS
        ),
        "allxy": _outcomes(lab.allxy(shots=4000, **pulse, **own)),
        "fine": _outcomes(lab.fine_amplitude(np.arange(1, 26, 4), shots=4000, **pulse, **own)),
        "shots": _outcomes(lab.readout_shots([0, 1, 2], qubit=qubit, shots=20000)),
        "shots_late": _outcomes(lab.readout_shots([0, 1, 2], qubit=qubit, wait=20e-6, shots=20000), levels=_LEVELS),
        "thermal": _outcomes(
            lab.thermal_population(
                known.selective[qubit] * np.linspace(0, 2, 13),
                qubit=qubit, drive_frequency=known.level_two[qubit], pulse_duration=_LONG_GATE, shots=4000,
            )
        ),
        "delay": _outcomes(
            lab.drive_flux_delay(np.arange(-36, 30, 3) * 1e-9, flux_amplitude=0.3, shots=1000, **pulse, **own), settling=_SETTLING
        ),
        "cryoscope": _outcomes(
            lab.cryoscope_amplitudes(
                _heights(known, qubit), np.arange(1, 141, 3) * 1e-9, shots=16000, **own
            ),
            settling=60e-9,
        ),
        "flux_step": _flux_step(known, qubit),
    }  # fmt: skip


def _heights(known: Calibration, qubit: str) -> list[float]:
    """Give two heights of a flux pulse (V): one near the interaction, one that is less."""
    highest = 0.9 * known.interaction if qubit == "q1" else 0.35
    return [round(0.7 * highest, 3), round(highest, 3)]


def _flux_step(known: Calibration, qubit: str) -> Experiment:
    around = np.asarray(known.stepped[qubit])[:, None] + np.linspace(-24e6, 24e6, 17)
    made = lab.flux_step(
        _STEP_DELAYS, around,
        flux_amplitude=_STEP, drive_amplitude=known.selective[qubit] * 2, pulse_duration=100e-9, qubit=qubit, shots=12000,
    )  # fmt: skip
    return _outcomes(made)


def _double(known: Calibration) -> dict[str, Experiment]:
    """Give the experiments that take both qubits."""
    volts, swap = known.interaction, known.swap
    made = {
        "chevron": _outcomes(
            lab.chevron(volts * np.linspace(0.92, 1.08, 17), np.arange(2, 82, 2.5) * 1e-9, shots=9000),
            settling=_SETTLING,
        ),
        "swap": _outcomes(
            lab.swap_chevron(swap * np.linspace(0.95, 1.05, 9), np.arange(2, 98, 6) * 1e-9, shots=24000),
            settling=_SETTLING,
        ),
        "conditional": _outcomes(
            lab.conditional_oscillation(
                volts * np.linspace(0.96, 1.04, 5), np.linspace(0, 2 * np.pi, 5)[:-1], flux_duration=40e-9, shots=3000
            ),
            settling=_SETTLING,
        ),
        "zz": _outcomes(lab.zz_ramsey(np.linspace(0, 12e-6, 31), artificial_detuning=0.3e6, shots=1000)),
    }
    for source, victim in (("q0", "q1"), ("q1", "q0")):
        strong, weak = 6 * known.half_turn[source], 0.8 * known.half_turn[victim]
        made |= {
            f"drive_{source}_{victim}": _outcomes(
                lab.drive_cancellation(
                    [0.4 * weak, weak], np.linspace(0, 2 * np.pi, 7)[:-1],
                    drive_amplitude=min(strong, 0.9), shots=2000, pulse_duration=30e-9, source=source, victim=victim,
                )
            ),
            f"flux_{source}_{victim}": _outcomes(
                lab.flux_crosstalk(
                    [-0.3, 0.3], np.linspace(20e-9, 500e-9, 25), artificial_detuning=4e6, shots=1000,
                    source=source, victim=victim, alone=True, drive_frequencies=[known.frequency[victim]],
                ),
                settling=_SETTLING,
            ),
        }  # fmt: skip
    return made
