"""Second opinion on the dynamics: the same Hamiltonians and jumps in QuTiP, in rad/ns."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from qrexplore import experiments
from qrexplore.pulses import Gaussian, Pulse, Schedule
from qrexplore.twin import ConfusionReadout, library, predict
from qrexplore.twin.chip import Transmon, energies

qutip = pytest.importorskip("qutip")

IDEAL = ConfusionReadout(false_one=0.0, false_zero=0.0, second_as_one=0.0)
TIGHT = {"atol": 1e-11, "rtol": 1e-10, "nsteps": 100_000, "method": "dop853"}
TURN = 2 * np.pi


def jumps(lowering, t1, t_phi, thermal):
    """Jump operators of an oscillator in a bath (times in ns)."""
    return [
        np.sqrt((1 + thermal) / t1) * lowering,
        np.sqrt(thermal / t1) * lowering.dag(),
        np.sqrt(2 / t_phi) * lowering.dag() * lowering,
    ]


class TestDrivenTransmon:
    """A Gaussian pulse with DRAG on three levels with relaxation, heating and dephasing."""

    T1, T_PHI, THERMAL, ALPHA, DETUNING, GAIN, DURATION, DRAG = 300.0, 400.0, 0.05, -0.2, 0.004, 0.1, 20.0, 0.6

    def predicted(self, volts, readout):
        def sequence(_, point):
            envelope = Gaussian(self.DURATION * 1e-9, self.DURATION * 1e-9 / 4, self.DRAG * 1e-9)
            pulse = Pulse("drive_q0", envelope, point["drive_amplitude"], phase=0.4)
            return (experiments.Play(Schedule((pulse,), window=self.DURATION * 1e-9)),)

        rabi = experiments.rabi(volts)
        protocol = experiments.Protocol("drag", ("drive_amplitude",), rabi.protocol.coordinates, 0, sequence)
        experiment = experiments.Experiment(protocol, ("q0",), rabi.coordinates, {"drive_frequency": 5e9})
        transmon = Transmon(
            frequency=(5 + self.DETUNING) * 1e9,
            anharmonicity=self.ALPHA * 1e9,
            t1=self.T1 * 1e-9,
            t_phi=self.T_PHI * 1e-9,
            thermal_population=self.THERMAL,
        )
        return predict(library.assemble({"q0": transmon}, readout={"q0": readout}), experiment)[0]

    def second_opinion(self, height):
        lowering = qutip.destroy(3)
        number = lowering.dag() * lowering
        idle = TURN * (self.DETUNING * number + self.ALPHA / 2 * number * (number - 1))
        state, sigma = qutip.ket2dm(qutip.basis(3, 0)), self.DURATION / 4
        foot = np.exp(-((self.DURATION / sigma) ** 2) / 8)
        for sample in range(int(self.DURATION)):
            offset = sample + 0.5 - self.DURATION / 2
            bell = np.exp(-((offset / sigma) ** 2) / 2)
            wave = (bell - foot - 1j * self.DRAG * offset / sigma**2 * bell) / (1 - foot) * np.exp(0.4j)
            drive = TURN * self.GAIN * height * wave / 2
            hamiltonian = idle + np.conj(drive) * lowering + drive * lowering.dag()
            collapse = jumps(lowering, self.T1, self.T_PHI, self.THERMAL)
            state = qutip.mesolve(hamiltonian, state, [0.0, 1.0], collapse, options=TIGHT).states[-1]
        return np.real(state.diag())

    def test_populations_agree_with_mesolve(self):
        volts = np.array([0.3, 0.9, 2.0])
        expected = np.array([self.second_opinion(height) for height in volts])
        ones = self.predicted(volts, IDEAL)
        twos = self.predicted(volts, ConfusionReadout(false_one=0.0, false_zero=1.0, second_as_one=1.0))
        np.testing.assert_allclose(ones, expected[:, 1], atol=1e-6)
        np.testing.assert_allclose(twos, expected[:, 2], atol=1e-6)


class TestDistortedChevron:
    """A pulse behind a gain, an exponential undershoot and a low-pass; its flux at the chip has a closed form."""

    GAIN, AMPLITUDE, TAU, CUTOFF, OFFSET = 0.4, -0.05, 6.0, 0.3, 0.004  # Phi0/V, 1, ns, GHz, Phi0
    QUBITS = (
        {"frequency": 4.8, "anharmonicity": -0.23, "asymmetry": 0.1, "t1": 400.0, "t_phi": 500.0},
        {"frequency": 5.6, "anharmonicity": -0.22, "asymmetry": 0.1, "t1": 300.0, "t_phi": 250.0},
    )
    THERMAL, COUPLING, REFERENCE, SETTLING = 0.02, 0.009, (4.8, 5.02), 6.0

    def twin(self, *, dissipative):
        units = {"frequency": 1e9, "anharmonicity": 1e9, "t1": 1e-9, "t_phi": 1e-9}
        qubits = [Transmon(**{k: v * units.get(k, 1.0) for k, v in q.items()}) for q in self.QUBITS]
        twin = library.assemble(
            {"q0": qubits[0], "q1": qubits[1]},
            {("q0", "q1"): self.COUPLING * 1e9},
            readout={"q0": IDEAL, "q1": IDEAL},
            dissipative=dissipative,
        )
        return twin.replace({
            "q1.flux_offset": self.OFFSET,
            "q0.thermal_population": self.THERMAL,
            "q1.thermal_population": self.THERMAL,
            "flux_q1.distortion.amplitude": self.AMPLITUDE,
            "flux_q1.distortion.time_constant": self.TAU * 1e-9,
            "flux_q1.low_pass.cutoff": self.CUTOFF * 1e9,
        })  # fmt: skip

    def flux(self, height, duration):
        fast = 1 / (TURN * self.CUTOFF)
        mixed = self.AMPLITUDE * self.TAU / (self.TAU - fast)

        def step(t):
            t = max(t, 0.0)
            return 1 - np.exp(-t / fast) + mixed * (np.exp(-t / self.TAU) - np.exp(-t / fast))

        return lambda t: self.GAIN * height * (step(t) - step(t - duration))

    def arc(self, qubit):
        """Frequency and anharmonicity (GHz) against flux (Phi0), spline through levels in the charge basis by QuTiP."""
        josephson, charging = (float(e) for e in energies(qubit["frequency"], qubit["anharmonicity"]))
        pairs = qutip.charge(20)
        hopping = qutip.tunneling(41)
        fluxes = np.linspace(-0.5, 0.5, 401)
        found = []
        for flux in fluxes:
            share = np.sqrt(np.cos(np.pi * flux) ** 2 + (qubit["asymmetry"] * np.sin(np.pi * flux)) ** 2)
            ground, one, two = (4 * charging * pairs**2 - josephson * share / 2 * hopping).eigenenergies(eigvals=3)
            found.append((one - ground, two - 2 * one + ground))
        spline = CubicSpline(fluxes, found)

        def at(flux):
            return spline(flux)

        return at

    def model(self, height, duration, *, dissipative):
        """Hamiltonian in a frame common to both qubits, dressed states by their labels, and jump operators."""
        a, b = qutip.tensor(qutip.destroy(3), qutip.qeye(3)), qutip.tensor(qutip.qeye(3), qutip.destroy(3))
        na, nb, exchange = a.dag() * a, b.dag() * b, a.dag() * b + a * b.dag()
        first, arc, flux, frame = self.QUBITS[0], self.arc(self.QUBITS[1]), self.flux(height, duration), 5.2
        steady = TURN * ((first["frequency"] - frame) * na + first["anharmonicity"] / 2 * na * (na - 1))

        def coefficients(t):
            frequency, anharmonicity = arc(flux(t) + self.OFFSET)
            strength = self.COUPLING * np.sqrt(first["frequency"] * frequency / np.prod(self.REFERENCE))
            return TURN * (frequency - frame), TURN * anharmonicity / 2, TURN * strength

        terms = [nb, nb * (nb - 1), exchange]
        hamiltonian = qutip.QobjEvo(
            [steady, *[[term, lambda t, k=k: coefficients(t)[k]] for k, term in enumerate(terms)]]
        )
        start = -50.0  # the line is at rest
        _, vectors = hamiltonian(start).eigenstates()
        dressed = {}
        for label in np.ndindex(3, 3):
            bare = qutip.tensor(qutip.basis(3, label[0]), qutip.basis(3, label[1]))
            dressed[label] = max(vectors, key=lambda vector, bare=bare: abs(bare.overlap(vector)))
        collapse = []
        if dissipative:
            for lowering, qubit in zip((a, b), self.QUBITS, strict=True):
                collapse += jumps(lowering, qubit["t1"], qubit["t_phi"], self.THERMAL)
        # the largest component of each is positive
        for label, vector in dressed.items():
            dressed[label] = vector * np.sign(np.real(vector.full()[3 * label[0] + label[1], 0]))
        return hamiltonian, dressed, collapse

    def after(self, state, hamiltonian, collapse, duration, settling):
        # the flux has a kink where the pulse stops
        options = {**TIGHT, "progress_bar": ""}
        for begin, end in ((0.0, duration), (duration, duration + settling)):
            state = qutip.mesolve(hamiltonian, state, [begin, end], collapse, options=options).states[-1]
        return state

    def ones(self, state, dressed):
        shares = {label: qutip.expect(qutip.ket2dm(vector), state) for label, vector in dressed.items()}
        return [sum(share for label, share in shares.items() if label[mode] == 1) for mode in (0, 1)]

    def second_opinion(self, height, duration, *, dissipative):
        """Populations of level 1 (dressed) of both qubits after the pulse and the settling time."""
        hamiltonian, dressed, collapse = self.model(height, duration, dissipative=dissipative)
        return self.ones(self.after(dressed[1, 1], hamiltonian, collapse, duration, self.SETTLING), dressed)

    def oscillation(self, height, duration, control, phase, *, dissipative):
        """The same between two quarter turns of q1; the axis of the second has turned with the carrier, in GHz."""
        settling = 10.0
        hamiltonian, dressed, collapse = self.model(height, duration, dissipative=dissipative)
        idle = hamiltonian(-50.0)
        target, ground = (qutip.expect(idle, dressed[label]) for label in ((0, 1), (0, 0)))

        def quarter(axis):
            raising = sum(dressed[k, 1] * dressed[k, 0].dag() for k in range(3)) * np.exp(1j * axis)
            return (-0.25j * np.pi * (raising + raising.dag())).expm()

        state = quarter(0.0) * dressed[control, 0]
        state = self.after(state, hamiltonian, collapse, duration, settling)
        second = quarter(phase - (target - ground) * (duration + settling))
        state = second * state if state.isket else second * state * second.dag()
        return self.ones(state, dressed)

    @pytest.mark.parametrize("dissipative", [pytest.param(False, marks=pytest.mark.slow), True])
    def test_conditional_oscillation_agrees_with_mesolve(self, dissipative):
        volts, duration, phases = np.array([0.49]), 23.0, np.array([0.7, 2.9])
        experiment = experiments.conditional_oscillation(volts, phases, flux_duration=duration * 1e-9)
        expected = np.array(
            [[self.oscillation(volts[0], duration, k, p, dissipative=dissipative) for p in phases] for k in (0, 1)]
        ).transpose(2, 0, 1)
        assert np.ptp(expected) > 0.2
        found = predict(self.twin(dissipative=dissipative), experiment, substeps=16)
        np.testing.assert_allclose(np.asarray(found)[:, :, 0], expected, atol=1e-6)

    @pytest.mark.parametrize("dissipative", [False, pytest.param(True, marks=pytest.mark.slow)])
    def test_dressed_populations_agree_with_mesolve(self, dissipative):
        volts, durations = np.array([0.47, 0.50]), np.array([7.0, 19.0])
        experiment = experiments.chevron(volts, durations * 1e-9)
        expected = np.array(
            [[self.second_opinion(v, t, dissipative=dissipative) for t in durations] for v in volts]
        ).transpose(2, 0, 1)
        assert np.ptp(expected) > 0.2
        twin = self.twin(dissipative=dissipative)
        np.testing.assert_allclose(predict(twin, experiment, substeps=16), expected, atol=1e-6)
        # what a user gets without asking
        np.testing.assert_allclose(predict(twin, experiment), expected, atol=2e-4)
