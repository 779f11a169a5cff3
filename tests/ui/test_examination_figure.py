"""An examined fit as a picture: what is drawn is what the examination says, region and signs included."""

import numpy as np
import pytest
from bokeh.models import BoxAnnotation, Div, GridPlot

from qrexplore import experiments
from qrexplore.learn import LearnProblem, examine, learn
from qrexplore.twin import library, simulate
from qrexplore.ui import examination_figure

DELAYS = np.linspace(0, 150e-6, 60)
LOW = slice(20, 30)


@pytest.fixture(scope="module")
def examined():
    twin = library.transmon().replace({"q0.t1": 33e-6})
    relaxation = simulate(twin, experiments.t1(DELAYS), shots=500, seed=1)
    # something that no decay does: a dent
    relaxation["population"].values[0, LOW] -= 0.12
    driven = experiments.rabi_chevron(np.linspace(-20e6, 20e6, 15), np.linspace(10e-9, 100e-9, 16), drive_amplitude=0.1)
    chevron = simulate(twin, driven, shots=500, seed=2)
    chevron["population"].values[0, 3:6, 8:13] += 0.3
    problem = LearnProblem(
        twin, {"relaxation": relaxation, "chevron": chevron}, free=["q0.t1", "drive_q0.transfer.gain"]
    )
    return examine(learn(problem))


def parts(layout):
    words = [one.text for one in layout.children if isinstance(one, Div)]
    grids = [one for one in layout.children if isinstance(one, GridPlot)]
    return words, [plot for grid in grids for plot, *_ in grid.children]


def marked(plot):
    (box,) = [one for one in plot.center if isinstance(one, BoxAnnotation)]
    return box


def test_each_dataset_is_drawn_with_its_verdict_and_the_region_that_is_not_explained(examined):
    words, drawn = parts(examination_figure(examined))
    assert [text.split(":")[0] for text in words] == ["relaxation", "chevron"]
    assert all("not explained" in text for text in words)
    assert "mean -" in words[0]
    assert "mean +" in words[1]
    assert len(drawn) == 5
    box = marked(drawn[1])
    ends = np.searchsorted(DELAYS * 1e6, [box.left - 1e-6, box.right - 1e-6])
    assert ends == pytest.approx([LOW.start, LOW.stop - 1], abs=2)
    left = drawn[1].renderers[1].data_source.data["y"]
    assert np.mean(left[LOW]) < -2
    box = marked(drawn[4])
    map_left = drawn[4].renderers[0].data_source.data["image"][0]
    assert np.mean(map_left[3:6, 8:13]) > 5
    assert 8 * 6 < box.left < 10 + 9 * 6 < box.right < 10 + 14 * 6
    assert -20 + 40 / 14 < box.bottom < -20 + 4 * 40 / 14 < box.top < 0


def test_the_curve_and_its_band_are_those_of_the_fit(examined):
    _, drawn = parts(examination_figure(examined, ["relaxation"]))
    assert len(drawn) == 2
    points, band, curve = (one.data_source.data for one in drawn[0].renderers)
    assert len(points["x"]) == len(DELAYS)
    (predicted,) = examined.bands["relaxation"].center
    np.testing.assert_allclose(curve["y"], predicted, atol=1e-6)
    assert np.all((band["y1"] <= curve["y"]) & (curve["y"] <= band["y2"]))
    assert drawn[0].title.text.startswith("q0: ")


def test_a_dataset_that_was_not_fitted_is_named(examined):
    with pytest.raises(ValueError, match=r"`names` must be .*relaxation"):
        examination_figure(examined, ["echo"])
