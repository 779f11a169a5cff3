"""A signal followed through the stages of its line."""

import numpy as np
import pytest
from bokeh.models import GlyphRenderer

from qrexplore.pulses import Gaussian, Pulse, Schedule, Square
from qrexplore.twin import library
from qrexplore.ui import signal_path_figure
from qrexplore.views import signal_path

TWIN = library.wired_transmons()
FLUX = Schedule((Pulse("flux_q1", Square(20e-9), 0.49),), window=40e-9)
DRIVE = Schedule((Pulse("drive_q0", Gaussian(24e-9, 6e-9, 0.7e-9), 0.4),), window=40e-9)


def test_the_path_has_every_stage_in_order_and_ends_at_the_chip():
    path = signal_path(TWIN, FLUX, "flux_q1", substeps=4)
    assert [stage.name for stage in path.stages] == ["held samples", *TWIN.lines["flux_q1"].stages]
    assert [stage.units for stage in path.stages] == ["V"] * 12 + ["Phi0"]
    assert len(path.times) == 40 * 4 * 2
    assert np.all(np.diff(path.times) > 0)
    assert 0 < path.times[0] < path.times[-1] < 40e-9
    np.testing.assert_array_equal(path.stages[0].wave, np.where(path.times < 20e-9, 0.49, 0.0))
    # 40 samples of mutual inductance: about 0.4 flux quanta a volt, less the slow settling
    flat = (path.times > 15e-9) & (path.times < 19e-9)
    assert 0.9 * 0.4 * 0.49 < path.stages[-1].wave[flat].mean() < 0.4 * 0.49
    units = [stage.units for stage in signal_path(TWIN, DRIVE, "drive_q0").stages]
    assert units == ["V"] * 6 + ["Hz"]


def test_the_change_of_a_stage_is_that_of_its_shape():
    changes = {stage.name: stage.change for stage in signal_path(TWIN, FLUX, "flux_q1").stages}
    assert changes["held samples"] == changes["transfer"] == 0.0
    assert changes["attenuator"] < 1e-12
    # rounding to 14 bits of 2 V leaves less than half a step of 122 uV on 0.49 V
    assert changes["converter"] < 0.5 * 2 / 2**14 / 0.49
    # 40 us of bias tee against a pulse of 20 ns; the echo is 1.5 % for 6 of its 20 ns, and as much behind it
    assert changes["bias_tee"] < 1e-3
    assert 0.25 * 0.015 < changes["echo"] < 0.015
    # a mixer that turns Q by 0.02 rad and scales it by 1.02, with offsets of some mV
    drive = {stage.name: stage.change for stage in signal_path(TWIN, DRIVE, "drive_q0").stages}
    assert 0.005 < drive["mixer"] < 0.05


@pytest.mark.parametrize(("schedule", "line"), [(FLUX, "flux_q1"), (DRIVE, "drive_q0")])
def test_each_stage_is_drawn_with_what_it_changed_on_one_time_axis(schedule, line):
    path = signal_path(TWIN, schedule, line)
    drawn = {(row, place): plot for plot, row, place, *_ in signal_path_figure(path).children}
    assert {row for row, _ in drawn} == set(range(len(path.stages)))
    assert len({plot.x_range.id for plot in drawn.values()}) == 1
    changed = {row for row, place in drawn if place == 1}
    assert changed == {row for row, stage in enumerate(path.stages) if stage.change > 5e-6}
    for plot in drawn.values():
        assert len(plot.select({"type": GlyphRenderer})) == (2 if line.startswith("drive") else 1)


def test_a_line_that_is_not_there_or_plays_nothing_is_refused():
    with pytest.raises(ValueError, match="`twin` has no line 'flux_q7', only drive_q0"):
        signal_path(TWIN, FLUX, "flux_q7")
    with pytest.raises(ValueError, match="`schedule` plays on no line 'flux_q0', only flux_q1"):
        signal_path(TWIN, FLUX, "flux_q0")


def test_three_wired_transmons_have_more_than_a_hundred_parameters():
    assert len(library.wired_transmons(count=3).parameters) > 100
    with pytest.raises(ValueError, match="`count` must be one of 2, 3"):
        library.wired_transmons(count=4)
