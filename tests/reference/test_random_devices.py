"""Random devices under random waveforms, solved again by QuTiP: closed and open, one and two transmons."""

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrexplore import experiments
from qrexplore.core import Named, jit
from qrexplore.pulses import Pulse, Samples, Schedule
from qrexplore.twin import ConfusionReadout, DriveGain, Gain, SignalChain, Twin, library
from qrexplore.twin.chip import Transmon
from qrexplore.twin.populations import populations

qutip = pytest.importorskip("qutip")

IDEAL = ConfusionReadout(false_one=0.0, false_zero=0.0, second_as_one=0.0)
TURN = 2 * np.pi
SAMPLES, RATE, FRAME, GAIN = 10, 1e9, 5.1e9, 0.1e9
OPTIONS = {"atol": 1e-11, "rtol": 1e-10, "nsteps": 100_000, "method": "dop853", "progress_bar": ""}

wave = st.lists(st.floats(-1.0, 1.0), min_size=SAMPLES, max_size=SAMPLES).map(np.array)
qubit = st.fixed_dictionaries({
    "above": st.floats(0.0, 0.5e9),
    "anharmonicity": st.floats(-0.35e9, -0.18e9),
    "asymmetry": st.floats(0.0, 0.6),
    "flux_offset": st.floats(-0.1, 0.1),
    "t1": st.floats(50e-9, 5e-6),
    "t_phi": st.floats(50e-9, 5e-6),
    "thermal_population": st.floats(0.0, 0.2),
    "in_phase": wave, "quadrature": wave, "flux": wave,
})  # fmt: skip
# far enough apart at rest for labels to be clear; pulses may bring them together
LOWEST = (4.4e9, 5.5e9)


def sequence(experiment, point):
    pulses = []
    for name in experiment.qubits:
        drive = point[f"in_phase_{name}"] + 1j * point[f"quadrature_{name}"]
        pulses += [Pulse(f"drive_{name}", Samples(drive, 1 / RATE), 1.0)]
        pulses += [Pulse(f"flux_{name}", Samples(point[f"flux_{name}"], 1 / RATE), 1.0)]
    return (experiments.Play(Schedule(tuple(pulses), window=SAMPLES / RATE)),)


@cache
def compiled(count, dissipative):
    """Give the twin with that many transmons, and the function of its numbers and of the waveforms."""
    names = tuple(f"q{k}" for k in range(count))
    transmons = {name: Transmon(frequency=low) for name, low in zip(names, LOWEST, strict=False)}
    couplings = {names: 9e6} if count == 2 else {}
    twin = library.assemble(transmons, couplings, readout=dict.fromkeys(names, IDEAL), dissipative=dissipative)
    lines = {f"drive_{name}": SignalChain(RATE, Named({"transfer": DriveGain(GAIN)})) for name in names}
    lines |= {f"flux_{name}": SignalChain(RATE, Named({"transfer": Gain(0.3)})) for name in names}
    twin = Twin(twin.chip, Named(lines), twin.readout, twin.biases, dissipative=dissipative)
    one = experiments.Coordinate(("waveform",), np.zeros(1), "1", "waveform")
    protocol = experiments.Protocol(f"waveforms {count} {dissipative}", ("waveform",), {}, 1, sequence)
    made = experiments.Experiment(protocol, names, {"waveform": one}, {"drive_frequency": FRAME})
    return twin, jit(lambda twin, points: populations(twin, made, points, substeps=8)[0])


def second_opinion(twin, waves, coupling, *, dissipative):
    """Give the populations of the dressed levels by QuTiP, whose Hamiltonian is constant during each sample (rad/ns)."""
    transmons = [twin.chip.qubits[name] for name in waves]
    count = len(transmons)

    def on(mode, operator):
        return qutip.tensor([operator if k == mode else qutip.qeye(3) for k in range(count)])

    lowering = [on(mode, qutip.destroy(3)) for mode in range(count)]
    number = [a.dag() * a for a in lowering]

    def hamiltonian(sample):
        total, frequencies = 0 * number[0], []
        for mode, (transmon, (drive, flux)) in enumerate(zip(transmons, waves.values(), strict=True)):
            at = 0.3 * flux[sample] if sample is not None else 0.0
            frequency, anharmonicity = (float(value) for value in transmon.at_flux(jnp.asarray(at)))
            frequencies.append(frequency)
            total += TURN * 1e-9 * (frequency - FRAME) * number[mode]
            total += TURN * 1e-9 * anharmonicity / 2 * number[mode] * (number[mode] - 1)
            if sample is not None:
                term = TURN * 1e-9 * GAIN * drive[sample] / 2 * lowering[mode].dag()
                total += term + term.dag()
        if count == 2:
            strength = coupling["coupling"] * np.sqrt(np.prod(frequencies) / np.prod(coupling["reference"]))
            exchange = lowering[0].dag() * lowering[1]
            total += TURN * 1e-9 * strength * (exchange + exchange.dag())
        return total

    _, vectors = hamiltonian(None).eigenstates()
    dressed = {}
    for label in np.ndindex(*(3,) * count):
        bare = qutip.tensor([qutip.basis(3, level) for level in label])
        dressed[label] = max(vectors, key=lambda vector, bare=bare: abs(bare.overlap(vector)))
    jumps = []
    if dissipative:
        for transmon, a in zip(transmons, lowering, strict=True):
            t1, t_phi, thermal = (float(x) for x in (transmon.t1, transmon.t_phi, transmon.thermal_population))
            jumps += [np.sqrt((1 + thermal) / t1 * 1e-9) * a, np.sqrt(thermal / t1 * 1e-9) * a.dag()]
            jumps += [np.sqrt(2 / t_phi * 1e-9) * a.dag() * a]
    state = dressed[(1,) * count]
    for sample in range(SAMPLES):
        state = qutip.mesolve(hamiltonian(sample), state, [0.0, 1e9 / RATE], jumps, options=OPTIONS).states[-1]
    shares = {label: qutip.expect(qutip.ket2dm(vector), state) for label, vector in dressed.items()}
    return [
        [sum(share for label, share in shares.items() if label[mode] == level) for level in range(3)]
        for mode in range(count)
    ]


@pytest.mark.parametrize("dissipative", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize("count", [1, 2])
@settings(max_examples=5, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_device_under_any_waveform_does_what_qutip_says(count, dissipative, data):
    twin, run = compiled(count, dissipative)
    drawn = [data.draw(qubit) for _ in range(count)]
    strength = data.draw(st.floats(1e6, 30e6))
    numbers, points, waves = {}, {}, {}
    for mode, one in enumerate(drawn):
        name = f"q{mode}"
        numbers |= {f"{name}.{key}": one[key] for key in ("anharmonicity", "asymmetry", "flux_offset")}
        numbers |= {f"{name}.{key}": one[key] for key in ("t1", "t_phi", "thermal_population")}
        numbers[f"{name}.frequency"] = LOWEST[mode] + one["above"]
        points |= {f"{key}_{name}": jnp.asarray(one[key])[None] for key in ("in_phase", "quadrature", "flux")}
        waves[name] = (one["in_phase"] + 1j * one["quadrature"], one["flux"])
    coupling = {}
    if count == 2:
        numbers["q0_q1.coupling"] = strength
        (between,) = twin.chip.couplings.values()
        coupling = {"coupling": strength, "reference": between.reference}
    twin = twin.replace(numbers)
    expected = second_opinion(twin, waves, coupling, dissipative=dissipative)
    np.testing.assert_allclose(run(twin, points)[:, :, 0], expected, atol=1e-6)
