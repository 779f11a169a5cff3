"""Predictions: shared work, step lengths, frames, and what is refused."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
import pytest

from qrexplore import experiments
from qrexplore.core import Named
from qrexplore.pulses import Pulse, Schedule, Square
from qrexplore.twin import RescaledReadout, SignalReadout, library, predict, simulate
from qrexplore.twin.dynamics import LARGEST_NORM
from qrexplore.twin.electronics import (
    DAC,
    AbstractStage,
    Butterworth,
    Compression,
    LocalOscillator,
    Reflection,
    SkinEffect,
)
from qrexplore.twin.prediction import compiled
from qrexplore.twin.resolution import refined

DISTORTED = {
    "flux_q1.distortion.amplitude": -0.05, "flux_q1.distortion.time_constant": 9e-9, "flux_q1.delay.time": 0.4e-9,
}  # fmt: skip
VOLTS = np.array([0.46, 0.5])


class RealPart(AbstractStage):
    """What a flux line takes of a wave behind a mixer."""

    linear: ClassVar[bool] = True
    time_invariant: ClassVar[bool] = True

    def forward(self, wave, cell):  # noqa: ARG002
        return jnp.real(wave)

    def inverse(self, wave, cell):  # noqa: ARG002
        return wave


def alone(experiment, window):
    """Give the chevron with every point simulated on its own from beginning to end, in a fixed window."""

    def sequence(_, point):
        pulse = Pulse("flux_q1", Square(point["duration"]), point["flux_amplitude"])
        return (experiments.Play(Schedule((pulse,), window=window)),)

    protocol = dataclasses.replace(experiment.protocol, name="chevron alone", sequence=sequence)
    # the window is part of what makes two experiments the same
    settings = {**experiment.settings, "window": window}
    return dataclasses.replace(experiment, protocol=protocol, settings=settings)


LINES = {
    "as it comes": {},
    "filters": {"skin": SkinEffect(0.8), "echo": Reflection(0.05, 3.3e-9), "smooth": Butterworth(300e6)},
    "compression": {"amplifier": Compression(1.0)},
    "clip and steps": {"converter": DAC(0.195, bits=8)},
    "running clock": {"oscillator": LocalOscillator(4e6, 0.3), "transfer_real": RealPart()},
}

# lines that are followed in full as the one with filters is not, but as one another
REPEATED = ("compression", "clip and steps", "running clock")


CASES = [(True, "as it comes"), *[(False, line) for line in LINES if line not in REPEATED]]
SLOW = [pytest.param(False, line, marks=pytest.mark.slow) for line in REPEATED]


@pytest.mark.parametrize(("dissipative", "line"), [*CASES, *SLOW], ids=str)
def test_shared_past_of_the_pulses_equals_every_point_on_its_own(dissipative, line):
    twin = library.two_transmons(dissipative=dissipative).replace({**DISTORTED, "q1.t1": 300e-9, "q0.t1": 200e-9})
    # behind the filters, where even an odd function of the wave is seen not to be linear
    chain = twin.lines["flux_q1"]
    stages = Named({**dict(chain.stages.items()), **LINES[line]})
    lines = twin.lines.replace({"flux_q1": dataclasses.replace(chain, stages=stages)})
    twin = dataclasses.replace(twin, lines=lines)
    durations = np.array([17e-9, 0.0, 5e-9])
    shared = np.asarray(predict(twin, experiments.chevron(VOLTS, durations), substeps=8))
    assert np.ptp(shared) > 0.02
    for column, duration in enumerate(durations):
        single = alone(experiments.chevron(VOLTS, durations[[column]]), float(duration) + 6e-9)
        np.testing.assert_allclose(shared[:, :, [column]], predict(twin, single, substeps=8), atol=1e-9)


def test_pulse_that_stops_between_samples_ends_with_a_sample_of_less_height():
    twin = library.two_transmons(dissipative=False).replace(DISTORTED)
    durations = np.array([8e-9, 8.5e-9, 9e-9])
    shared = np.asarray(predict(twin, experiments.chevron(VOLTS, durations), substeps=8))
    single = alone(experiments.chevron(VOLTS, durations[[1]]), 14.5e-9)
    np.testing.assert_allclose(shared[:, :, [1]], predict(twin, single, substeps=8), atol=1e-3)
    assert np.max(np.abs(shared[:, :, 1] - shared[:, :, 0])) > 1e-3


def test_error_of_the_solver_falls_with_the_fourth_power_of_the_step():
    # an overshoot bends the frequency smoothly; no low-pass, whose kinks between cells would be second order
    twin = library.assemble(
        dict(library.two_transmons().chip.qubits.items()), {("q0", "q1"): 9e6}, bandwidth=None, dissipative=False
    ).replace({"flux_q1.distortion.amplitude": 0.1, "flux_q1.distortion.time_constant": 5e-9})
    experiment = experiments.chevron(np.array([0.48]), np.array([25e-9]))
    found = {substeps: float(predict(twin, experiment, substeps=substeps)[0, 0, 0]) for substeps in (4, 8, 32)}
    errors = [abs(found[substeps] - found[32]) for substeps in (4, 8)]
    slopes = -np.diff(np.log2(errors))
    assert np.all(np.abs(slopes - 4) < 0.3), (errors, slopes)


def test_step_that_is_too_long_is_an_error_that_names_the_number_needed():
    twin = library.two_transmons().replace({"q1.anharmonicity": -0.5e9})
    experiment = experiments.chevron(np.array([1.2]), np.array([5e-9]))
    _, norm = compiled(experiment, 1)(twin)
    needed = refined(1, float(norm) / LARGEST_NORM)
    assert needed > 1
    with pytest.raises(ValueError, match=rf"`substeps` must be at least {needed} for .* got 1\. Raise it"):
        predict(twin, experiment, substeps=1)
    # the number named is enough, and a half of it is not
    fine = predict(twin, experiment, substeps=needed)
    with pytest.raises(ValueError, match="`substeps` must be at least"):
        predict(twin, experiment, substeps=needed // 2)
    assert np.all(np.isfinite(fine))


def test_steps_are_refined_without_being_asked():
    twin = library.two_transmons().replace({"q1.anharmonicity": -0.5e9})
    experiment = experiments.chevron(np.array([1.2]), np.array([5e-9]))
    _, norm = compiled(experiment, 2)(twin)
    assert float(norm) > LARGEST_NORM
    chosen = simulate(twin, experiment)
    assert chosen.attrs["substeps"] >= refined(2, float(norm) / LARGEST_NORM)
    np.testing.assert_array_equal(chosen.population, predict(twin, experiment, substeps=chosen.attrs["substeps"]))


@pytest.mark.parametrize(("excess", "substeps"), [(1.05, 3), (1.5, 3), (1.6, 4), (2.0, 4), (2.1, 6), (9.0, 24)])
def test_refinement_is_the_smallest_rung_that_is_enough(excess, substeps):
    assert refined(2, excess) == substeps


def test_a_single_step_is_refined_to_two():
    assert refined(1, 1.2) == 2


def test_nothing_played_leaves_the_dressed_state_where_it_is():
    twin = library.two_transmons(dissipative=False)
    experiment = experiments.chevron(np.array([0.0]), np.array([10e-9, 30e-9]))
    np.testing.assert_allclose(predict(twin, experiment), 0.95, atol=1e-9)


def test_zero_volts_and_zero_duration_are_the_same():
    twin = library.two_transmons(dissipative=False)
    found = predict(twin, experiments.chevron(np.array([0.0, 0.5]), np.array([0.0, 12e-9])))
    np.testing.assert_allclose(found[:, 1, 0], found[:, 0, 0], atol=1e-12)


def test_simulation_is_labelled_as_the_measured_dataset():
    experiment = experiments.t1(np.linspace(0, 1e-4, 5), shots=500)
    data = simulate(library.transmon(), experiment)
    assert data["population"].dims == ("qubit", "delay")
    assert data["delay"].attrs["units"] == "s"
    assert data.attrs["experiment"] == "t1"
    np.testing.assert_array_equal(data["population"].values, predict(library.transmon(), experiment))


def test_readout_in_another_unit_is_refused():
    with pytest.raises(
        ValueError, match=r"'readout_q0' reports population in '1', but .* asks for signal in 'V'.*SignalReadout"
    ):
        predict(library.transmon(), experiments.t1(np.ones(3), signal=True))


def test_qubit_that_the_twin_lacks_is_named():
    with pytest.raises(ValueError, match="q7"):
        predict(library.transmon(), experiments.t1(np.ones(3), qubit="q7"))


def test_line_that_the_twin_lacks_is_named():
    twin = library.transmon()
    bare = dataclasses.replace(twin, lines=type(twin.lines)({"flux_q0": twin.lines["flux_q0"]}))
    with pytest.raises(ValueError, match=r"the rabi experiment uses the line 'drive_q0', but the twin has flux_q0"):
        predict(bare, experiments.rabi(np.array([0.1, 0.2])))


def test_readouts_report_offset_and_scale():
    delays = np.array([0.0, 20e-6])
    for readout, signal in ((SignalReadout(0.3, -0.5, 2.0), True), (RescaledReadout(0.1, 0.7, 1.0), False)):
        twin = library.assemble({"q0": library.transmon().chip.qubits["q0"]}, readout={"q0": readout})
        found = predict(twin, experiments.t1(delays, signal=signal))[0]
        np.testing.assert_allclose(found, readout.offset + readout.scale * np.exp(-delays / 40e-6), atol=1e-12)
