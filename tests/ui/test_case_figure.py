"""The storyboard as a picture: four panels, what each differs from the first, and the line that was learned."""

from types import SimpleNamespace

import numpy as np
from bokeh.plotting import figure

from qrexplore import experiments as lab
from qrexplore import loop
from qrexplore.ui import case_figure

SHAPE = (2, 4, 5, 3)


def panel(share):
    experiment = lab.chevron(np.linspace(0.4, 0.5, 4), np.arange(1, 6) * 1e-9)
    values = np.full(SHAPE, share)
    made = experiment.dataset(np.zeros(SHAPE[:-1]))
    return (
        made.drop_vars("population")
        .assign(probability=((*made["population"].dims, "outcome"), values))
        .assign_coords(outcome=[0, 1, 2])
    )


def test_four_panels_stand_over_what_they_differ_and_over_the_step_response():
    shares = {"naive": 0.9, "device": 0.4, "learned": 0.5, "mended": 0.8}
    settled = 1 - 0.03 * np.exp(-loop.STEP_TIMES / 8e-9)
    panels = {name: panel(share) for name, share in shares.items()}
    told = panels["learned"]["probability"]
    panels["learned"] = panels["learned"].assign(probability_stderr=told.copy(data=0.04 * told.values))
    report = SimpleNamespace(
        panels=SimpleNamespace(**panels),
        step={"true": settled, "learned": settled, "sigma": np.full(len(settled), 1e-3)},
    )
    drawn = list(case_figure(report).select({"type": figure}))
    titles = [one.title.text for one in drawn]
    assert sorted(titles) == sorted(
        ["(a) naive model", "(b) device", "(c) learned model", "(d) device, line undone", "(b) - (a)", "(c) - (a)",
         "(d) - (a)", "error of (c), up to 0.02", "step response of the flux line"]
    )  # fmt: skip
    seen = {title: one.renderers[0].data_source.data for title, one in zip(titles, drawn, strict=True)}
    assert np.allclose(seen["(b) device"]["image"][0], 0.4)
    assert np.allclose(seen["(d) - (a)"]["image"][0], -0.1)
    assert np.allclose(seen["error of (c), up to 0.02"]["image"][0], 0.02)
    # what the bias tee does later would hide the rest
    band = seen["step response of the flux line"]
    assert np.max(band["x"]) < 1000
    np.testing.assert_allclose(band["y2"] - band["y1"], 2 * 1.96e-3 / settled.max())
