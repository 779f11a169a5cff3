"""Experiments on one qubit: closed forms of what they are made for, and the second solver on all of them."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Named
from qrexplore.learn import measured
from qrexplore.pulses import Gaussian, Pulse, Schedule, Square
from qrexplore.twin import (
    AssignmentReadout,
    ConfusionReadout,
    CoupledResonator,
    DriveGain,
    ExponentialResponse,
    Gain,
    LowPass,
    Resonator,
    SignalChain,
    SignalReadout,
    half_turn_amplitude,
    level_populations,
    library,
    populations,
    predict,
    read,
    second_opinion,
    simulate,
)
from qrexplore.twin.chip import Transmon
from qrexplore.twin.electronics.wave import line_of_cell
from qrexplore.twin.static import late_step

IDEAL = ConfusionReadout(false_one=0.0, false_zero=0.0, second_as_one=0.0)
T1, T_PHI = 20e-6, 30e-6
T2 = 1 / (1 / (2 * T1) + 1 / T_PHI)
DELAYS = np.linspace(0.2e-6, 40e-6, 7)
# area of a Gaussian pulse of four standard deviations, as a share of height times length
SHARE = 0.5351


def one_qubit(**numbers):
    settings = {"t1": T1, "t_phi": T_PHI, "frequency": 5e9, **numbers}
    return library.assemble({"q0": Transmon(**settings)}, readout={"q0": IDEAL})


def with_resonator(resonator):
    """A transmon whose resonator is read in V."""
    transmon = {"q0": Transmon(frequency=5e9, anharmonicity=-0.25e9)}
    readout = {"q0": SignalReadout(offset=0.2, scale=3.0)}
    return library.assemble(transmon, resonators={"q0": resonator}, readout=readout)


@pytest.mark.parametrize("port", ["transmission", "notch"])
def test_resonator_answers_with_a_line_of_its_width_at_a_place_for_each_level(port):
    twin = with_resonator(CoupledResonator(frequency=7e9, coupling=100e6, linewidth=2e6))
    centers = np.array([7.004988e9, 7.003886e9, 7.003112e9])
    offsets = np.array([0.0, 1e6, -3e6])
    for level, center in enumerate(centers):
        found = predict(twin, experiments.resonator_spectroscopy([level], center + offsets, port=port))[0, 0]
        modulus = np.sqrt(1 / (1 + offsets**2 / 1e12))
        expected = modulus if port == "transmission" else np.sqrt(1 - modulus**2)
        # the centers are known to a kHz
        np.testing.assert_allclose(found, 0.2 + 3.0 * expected, atol=6e-3)


@pytest.mark.slow
def test_resonator_spectrum_is_what_the_field_settles_to_and_has_the_derivatives_of_its_parameters():
    twin = with_resonator(Resonator(frequency=7.2e9, linewidth=1.2e6, dispersive_shift=-0.8e6))
    experiment = experiments.resonator_spectroscopy([0, 1, 2], 7.2e9 + np.linspace(-5e6, 2e6, 4))
    found = np.asarray(predict(twin, experiment))
    assert second_opinion(twin, experiment, found, points=3).deviation < 1e-9
    points = {name: jnp.asarray(values) for name, values in experiment.points().items()}

    def prediction(values):
        moved = twin.replace(dict(zip(PATHS, values, strict=True)))
        return read(moved, experiment, populations(moved, experiment, points)[0]).reshape(-1)

    values = jnp.array([7.2e9, 1.2e6, -0.8e6])
    slopes = np.asarray(jax.jacfwd(prediction)(values))
    np.testing.assert_allclose(slopes, jax.jacrev(prediction)(values), rtol=1e-9)
    for column, step in enumerate((100.0, 10.0, 10.0)):
        there, here = (prediction(values.at[column].add(sign * step)) for sign in (1, -1))
        expected = np.asarray(there - here) / (2 * step)
        assert np.max(np.abs(expected)) > 1e-8
        np.testing.assert_allclose(slopes[:, column], expected, atol=1e-5 * np.max(np.abs(expected)))


def test_transmission_is_reported_whatever_reads_the_qubit():
    twin = with_resonator(Resonator(frequency=7.2e9, linewidth=1.2e6, dispersive_shift=-0.8e6))
    probes = 7.2e9 + np.linspace(-5e6, 2e6, 4)
    signal = np.asarray(predict(twin, experiments.resonator_spectroscopy([0, 1, 2], probes)))
    offset, scale = (twin.parameters[f"readout_q0.{name}"].value for name in ("offset", "scale"))
    counted = replace(twin, readout=Named({"readout_q0": AssignmentReadout()}))
    experiment = experiments.resonator_spectroscopy([0, 1, 2], probes, report="transmission")
    np.testing.assert_allclose(predict(counted, experiment), (signal - offset) / scale, atol=1e-12)
    data = simulate(counted, experiment, shots=400, seed=1, recheck=3)
    assert data.attrs["recheck_deviation"] < 1e-9
    assert measured(data, "counts").likelihood == "gaussian"
    pulls = (data["transmission"] - np.asarray(predict(counted, experiment))) / data["transmission_stderr"]
    assert 0.3 < float((pulls**2).mean()) < 2.5
    assert experiments.from_dataset(data) == replace(experiment, shots=400)


def test_transmission_of_what_probes_no_resonator_is_refused():
    experiment = replace(experiments.t1([1e-6]), observable="transmission")
    with pytest.raises(
        ValueError, match="a t1 experiment reads qubits, but is asked for the transmission of a resonator"
    ):
        predict(library.transmon(), experiment)


PATHS = [f"resonator_q0.{name}" for name in ("frequency", "linewidth", "dispersive_shift")]


def test_twin_without_a_resonator_says_so():
    with pytest.raises(ValueError, match="the twin has no 'resonator_q0'"):
        predict(library.transmon(), experiments.resonator_spectroscopy([0], [7.2e9], signal=False))


WARM = {"q0.thermal_population": 0.03, "q0.t1": 3e-6, "q0.t_phi": 5e-6, "drive_q0.transfer.lag": 5e-9}
PULSED = {"flux_q0.distortion.amplitude": -0.05, "flux_q0.distortion.time_constant": 0.4e-6}
SHORT = {"drive_amplitude": 0.6, "pulse_duration": 12e-9}
RECHECKED = {
    "ramsey_phases": experiments.ramsey_phases(DELAYS, drive_frequency=5.0001e9),
    "ramsey_flux": experiments.ramsey_flux([0.0, 0.3], DELAYS, drive_frequency=[5e9, 4.83e9]),
    "echo_flux": experiments.echo_flux([0.0, 0.3], DELAYS, drive_frequency=[5e9, 4.83e9]),
    "cpmg": experiments.cpmg([1, 2, 5], DELAYS),
    "ef_spectroscopy": experiments.ef_spectroscopy([4.76e9, 4.78e9], pulse_duration=60e-9, drive_amplitude=0.1),
    "two_photon_spectroscopy": experiments.two_photon_spectroscopy(
        [4.87e9, 4.892e9], pulse_duration=60e-9, drive_amplitude=0.4
    ),
    "rabi_chevron": experiments.rabi_chevron([-20e6, 5e6], np.array([10e-9, 33.3e-9])),
    "drag_scan": experiments.drag_scan([0.0, 0.5e-9], [0, 1, 3], **SHORT),
    "allxy": experiments.allxy([3, 7, 20], **SHORT),
    "fine_amplitude": experiments.fine_amplitude([0, 2, 5], **SHORT),
    "clifford_sequences": experiments.clifford_sequences([1, 2], [0, 1], **SHORT),
    "drive_flux_delay": experiments.drive_flux_delay(np.array([-12.3e-9, 4e-9]), flux_amplitude=0.2, **SHORT),
    "cryoscope_amplitudes": experiments.cryoscope_amplitudes([0.1, 0.25], np.array([3e-9, 5.5e-9])),
    "flux_step": experiments.flux_step(
        np.array([0.2e-6, 0.5e-6]), [4.825e9, 4.835e9],
        flux_amplitude=0.3, drive_amplitude=0.2, pulse_duration=30e-9,
    ),
}  # fmt: skip


SLOW = (
    *("ramsey_phases", "echo_flux", "two_photon_spectroscopy", "fine_amplitude", "cryoscope_amplitudes"),
    *("ef_spectroscopy", "rabi_chevron", "drag_scan", "drive_flux_delay"),
)
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in RECHECKED]


@pytest.mark.parametrize("name", NAMES)
def test_both_solvers_agree_on_every_experiment(name):
    experiment, twin = RECHECKED[name], library.transmon().replace(WARM | PULSED)
    found = np.asarray(predict(twin, experiment, substeps=16))
    again = second_opinion(twin, experiment, found, points=2)
    # a line that is followed with one cell a sample is coarser than the second solver's
    assert again.deviation < (2e-6 if name == "flux_step" else 3e-7)
    assert np.ptp(found) > 0.02, "nothing happens in this experiment"


@pytest.mark.parametrize("detuning", [0.0, 0.3e6])
def test_cpmg_decays_at_t2_whatever_the_number_of_half_turns_and_the_detuning(detuning):
    found = predict(one_qubit(frequency=5e9 + detuning), experiments.cpmg([1, 2, 3, 8, 16], DELAYS))[0]
    np.testing.assert_allclose(found, np.tile(0.5 - 0.5 * np.exp(-DELAYS / T2), (5, 1)), atol=1e-10)


def test_cpmg_of_one_half_turn_is_an_echo():
    # with a bath and the time that the pulses take, which both meet in the same way
    twin = one_qubit(frequency=5.0003e9, thermal_population=0.04).replace({"drive_q0.transfer.lag": 30e-9})
    echo, cpmg = predict(twin, experiments.echo(DELAYS)), predict(twin, experiments.cpmg([1], DELAYS))
    np.testing.assert_allclose(cpmg[:, 0], echo, atol=1e-12)


def test_both_quadratures_of_a_ramsey_fringe_tell_the_sign_of_the_detuning():
    phases = np.array([0.0, np.pi / 2, 2.0])
    for detuning in (0.05e6, -0.05e6):
        experiment = experiments.ramsey_phases(DELAYS, phase=phases, artificial_detuning=0.02e6)
        found = predict(one_qubit(frequency=5e9 + detuning), experiment)[0]
        angle = 2 * np.pi * (detuning + 0.02e6) * DELAYS + phases[:, None]
        np.testing.assert_allclose(found, 0.5 + 0.5 * np.exp(-DELAYS / T2) * np.cos(angle), atol=1e-9)


def test_qubit_at_a_bias_has_the_frequency_of_the_arc_there():
    twin = one_qubit(flux_offset=0.02)
    bias, carrier = np.array([-0.05, 0.1, 0.4]), np.array([5e9, 4.9e9, 4.6e9])
    found = predict(twin, experiments.ramsey_flux(bias, DELAYS, drive_frequency=carrier))[0]
    frequency = np.array([float(twin.chip.qubits["q0"].at_flux(0.4 * volts)[0]) for volts in bias])
    angle = 2 * np.pi * (frequency - carrier)[:, None] * DELAYS
    np.testing.assert_allclose(found, 0.5 + 0.5 * np.exp(-DELAYS / T2) * np.cos(angle), atol=1e-7)
    refocused = predict(twin, experiments.echo_flux(bias, DELAYS, drive_frequency=carrier))[0]
    np.testing.assert_allclose(refocused, np.tile(0.5 - 0.5 * np.exp(-DELAYS / T2), (3, 1)), atol=1e-7)


def test_bias_of_a_twin_without_bias_line_is_refused():
    twin = library.transmon()
    bare = type(twin)(twin.chip, twin.lines, twin.readout, Named({}))
    with pytest.raises(ValueError, match="needs the bias line 'bias_q0', but the twin has none"):
        predict(bare, RECHECKED["ramsey_flux"])


def peak(frequency, values):
    """Give the middle of a line by a parabola through its three highest points."""
    top = int(np.argmax(values))
    near = slice(top - 1, top + 2)
    curve, slope, _ = np.polyfit(frequency[near] - frequency[top], values[near], 2)
    return frequency[top] - slope / (2 * curve)


def test_line_from_level_1_to_2_is_at_the_anharmonicity():
    twin = one_qubit(t1=1.0, t_phi=1.0).replace({"readout_q0.second_as_one": 1.0})
    frequency = 4.78e9 + np.linspace(-2e6, 2e6, 9)
    found = predict(twin, experiments.ef_spectroscopy(frequency, drive_amplitude=7.5e-3))[0]
    assert peak(frequency, found) == pytest.approx(4.78e9, abs=0.02e6)
    # a half turn of 1 and 2 needs less by sqrt(2), and what is left in level 1 is mapped to 0
    assert found.max() > 0.97
    assert found.min() < 0.05


def test_two_photon_line_is_half_way_to_level_2():
    twin = one_qubit(t1=1.0, t_phi=1.0).replace({"readout_q0.second_as_one": 1.0})
    frequency = 4.89e9 + np.linspace(-2e6, 2e6, 9)
    lines = []
    for height in (0.03, 0.06):
        found = predict(twin, experiments.two_photon_spectroscopy(frequency, drive_amplitude=height))[0]
        lines.append(peak(frequency, found) - 4.89e9)
    # level 1 repels 0 and 2 unequally (1 and sqrt 2): a shift that grows with the power
    assert abs(lines[0]) < 0.2e6
    assert lines[1] / lines[0] == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize("cutoff", [None, 60e6])
def test_calibrated_half_turn_turns_half(cutoff):
    twin = one_qubit(t1=1.0, t_phi=1.0, anharmonicity=-0.6e9)
    low_pass = {} if cutoff is None else {"low_pass": LowPass(cutoff)}
    line = SignalChain(1e9, Named({**low_pass, "transfer": DriveGain(80e6)}))
    twin = type(twin)(twin.chip, Named({"drive_q0": line}), twin.readout, twin.biases)
    settings = {"pulse_duration": 200e-9, "pulse_sigmas": 5.0}
    amplitude = half_turn_amplitude(twin, **settings)
    # quarter turns are steepest: an error of 1e-3 of the height would show as 4e-3
    experiment = experiments.fine_amplitude([1, 2, 5], drive_amplitude=amplitude, **settings)
    np.testing.assert_allclose(predict(twin, experiment)[0], [0.5, 1.0, 0.5], atol=2e-3)


def test_delay_of_the_flux_line_moves_the_dip_by_as_much():
    twin = one_qubit(anharmonicity=-0.4e9)
    delays = np.arange(-30, 31, 5) * 1e-9
    settings = {"drive_amplitude": 0.5 / (0.1e9 * SHARE * 20e-9), "flux_amplitude": 0.3}
    there = predict(twin, experiments.drive_flux_delay(delays, **settings))[0]
    late = predict(twin.replace({"flux_q0.delay.time": 5e-9}), experiments.drive_flux_delay(delays, **settings))[0]
    np.testing.assert_allclose(late[:-1], there[1:], atol=5e-4)
    assert there[0] > 0.95
    # the low-pass delays the flux by 0.6 ns, too
    assert delays[np.argmin(there)] == pytest.approx(0.0, abs=5e-9)
    assert there.min() < 0.2


AMPLITUDE, TIME_CONSTANT, STEP = -0.02, 8e-6, 0.3


def stepped(twin, delays, half_width=6e6, count=9, **settings):
    """Give the resonance (Hz) at delays after a step, found like a lab does."""
    frequency = float(twin.chip.qubits["q0"].at_flux(0.4 * STEP)[0]) + np.linspace(-half_width, 2 * half_width, count)
    experiment = experiments.flux_step(
        delays, frequency, flux_amplitude=STEP, drive_amplitude=0.5 / (0.1e9 * SHARE * 400e-9),
        pulse_duration=400e-9, **settings,
    )  # fmt: skip
    return frequency, np.asarray(predict(twin, experiment)[0])


def test_resonance_after_a_flux_step_follows_the_settling_of_the_line_for_many_microseconds():
    twin = one_qubit(t1=1.0, t_phi=1.0).replace(
        {"flux_q0.distortion.amplitude": AMPLITUDE, "flux_q0.distortion.time_constant": TIME_CONSTANT}
    )
    delays = np.array([1e-6, 5e-6, 20e-6, 60e-6])
    frequency, found = stepped(twin, delays, count=25)
    settled = 1 + AMPLITUDE * np.exp(-(delays + 200e-9) / TIME_CONSTANT)
    expected = np.array([float(twin.chip.qubits["q0"].at_flux(0.4 * STEP * s)[0]) for s in settled])
    measured = np.array([peak(frequency, row) for row in found])
    assert expected[0] - expected[-1] > 4e6
    np.testing.assert_allclose(measured, expected, atol=0.1e6)


@pytest.mark.parametrize("substeps", [4, pytest.param(16, marks=pytest.mark.slow)])
def test_pulse_late_on_a_step_is_the_whole_step_followed_in_full(substeps):
    twin = one_qubit(thermal_population=0.05).replace(PULSED | {"flux_q0.delay.time": 0.4e-9})
    wait, length = 120e-9, 30e-9
    short = {"flux_amplitude": STEP, "drive_amplitude": 0.2, "pulse_duration": length}
    experiment = experiments.flux_step([wait], [4.82e9, 4.83e9], **short)

    def sequence(_, point):
        drive = Pulse("drive_q0", Gaussian(length, length / 4), 0.2, start=wait)
        step = Pulse("flux_q0", Square(wait + length), STEP)
        return (experiments.Play(Schedule((step, drive), window=wait + length), carrier=point["drive_frequency"]),)

    whole = replace(experiment, protocol=replace(experiment.protocol, name="whole", sequence=sequence))
    found, expected = (np.asarray(predict(twin, one, substeps=substeps)) for one in (experiment, whole))
    assert np.ptp(expected) > 0.02
    np.testing.assert_allclose(found, expected, atol=2e-7)


@pytest.mark.parametrize("delay", [10e-9, pytest.param(3e-6, marks=pytest.mark.slow)])
def test_line_followed_with_one_cell_a_sample_settles_as_with_many(delay):
    stages = {
        "transfer": Gain(0.4), "low_pass": LowPass(300e6),
        "first": ExponentialResponse(-0.03, 8e-9), "second": ExponentialResponse(0.02, 900e-9),
    }  # fmt: skip
    line = SignalChain(1e9, Named(stages))
    times = jnp.asarray(delay + np.array([0.2e-9, 0.5e-9, 7.9e-9]))
    coarse = late_step(line, 0.5, times, 5e-6)
    left, rise = line_of_cell(line.forward(jnp.full(5000, 0.5), 16))
    cell = np.floor(times * 16e9).astype(int)
    np.testing.assert_allclose(coarse, left[cell] + rise[cell] * (times * 16e9 - cell), rtol=2e-5)


def test_experiment_keeps_as_many_levels_as_it_asks_for_whatever_the_twin_keeps():
    twin = library.transmon().replace(WARM)
    experiment = experiments.rabi(np.linspace(0.2, 1.0, 4), pulse_duration=12e-9)
    more = experiments.with_levels(experiment, 4)
    four = replace(twin, chip=replace(twin.chip, qubits=Named({"q0": replace(twin.chip.qubits["q0"], levels=4)})))
    found = np.asarray(predict(twin, more))
    np.testing.assert_array_equal(found, predict(four, experiment))
    assert np.max(np.abs(found - predict(twin, experiment))) > 1e-3, "the fourth level does not matter here"
    # fewer than the twin keeps are not taken away
    np.testing.assert_array_equal(predict(four, experiments.with_levels(experiment, 3)), found)
    assert level_populations(twin, more).shape[1] == 4
    assert second_opinion(twin, more, found, points=2).deviation < 1e-4
    with pytest.raises(ValueError, match="`levels` must hold whole numbers from 3"):
        experiments.with_levels(experiment, 2)
