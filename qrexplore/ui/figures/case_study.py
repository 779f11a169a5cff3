"""The storyboard of a case study: naive model, device, learned model, mended device; and the line that was learned."""

import numpy as np
from bokeh.layouts import column, gridplot
from bokeh.models import Column, LinearColorMapper, UIElement
from bokeh.palettes import Viridis256
from bokeh.plotting import figure

from qrexplore.loop import STEP_TIMES, CaseReport
from qrexplore.ui.figures.looks import display, neutral
from qrexplore.ui.figures.maps import DIVERGING, heat_map

_PANELS = (
    ("naive", "(a) naive model"),
    ("device", "(b) device"),
    ("learned", "(c) learned model"),
    ("mended", "(d) device, line undone"),
)
_WIDTH, _HEIGHT = 760, 250
# of the step response, s: later the bias tee lets go of it
_SHOWN = 1e-6
# half the width of a band that holds 95 %, in standard deviations
_BAND = 1.96


def case_figure(report: CaseReport) -> Column:
    """Give the four panels over what each differs from the naive model, how sure (c) is, and the step response of the line.

    Parameters
    ----------
    report
        Of `qrexplore.loop.solve_case`.
    """
    # the unpulsed qubit stays in level 1 unless |11> has gone to |02>
    shown = [getattr(report.panels, name)["probability"].sel(qubit="q0", outcome=1) for name, _ in _PANELS]
    values = [one.transpose("flux_amplitude", "duration").values for one in shown]
    x, y = shown[0]["duration"].values * 1e9, shown[0]["flux_amplitude"].values * 1e3
    shares = LinearColorMapper(palette=Viridis256, low=0.0, high=1.0)
    signed = LinearColorMapper(palette=DIVERGING, low=-0.5, high=0.5)
    labels = "duration (ns)", "flux pulse (mV)"
    last = len(_PANELS) - 1
    above = [
        heat_map(
            part,
            x,
            y,
            shares,
            title=title,
            labels=(labels[0], labels[1] if place == 0 else None),
            bar="share of 1, q0" if place == last else None,
        )
        for place, ((_, title), part) in enumerate(zip(_PANELS, values, strict=True))
    ]
    below = [
        heat_map(
            values[place] - values[0],
            x,
            y,
            signed,
            title=f"{_PANELS[place][1][:3]} - (a)",
            labels=(labels[0], None),
            bar="difference" if place == last else None,
        )
        for place in range(1, len(_PANELS))
    ]
    sure = report.panels.learned["probability_stderr"].sel(qubit="q0", outcome=1)
    sigma = sure.transpose("flux_amplitude", "duration").values
    # the scale stands in the title: a bar of colors would push the columns apart
    most = float(np.nanmax(sigma))
    scale = LinearColorMapper(palette=Viridis256, low=0.0, high=most)
    below.insert(
        0, heat_map(sigma, x, y, scale, title=f"error of (c), up to {most:.2g}", labels=(labels[0], labels[1]))
    )
    rows: list[list[UIElement | None]] = [[*above], [*below]]
    return column(gridplot(rows, toolbar_location=None, merge_tools=False), _response(report))


def show_case(report: CaseReport) -> None:
    """Show the picture in a notebook; the scripts of the plots come from this machine."""
    display(case_figure(report))


def _response(report: CaseReport) -> figure:
    scale = report.step["true"].max()
    plot = figure(
        width=_WIDTH,
        height=_HEIGHT,
        title="step response of the flux line",
        x_axis_label="time after the step (ns)",
        x_axis_type="log",
        y_axis_label="response",
        toolbar_location=None,
    )
    shown = STEP_TIMES < _SHOWN
    times, true, learned = STEP_TIMES[shown] * 1e9, report.step["true"][shown], report.step["learned"][shown]
    reach = _BAND * report.step["sigma"][shown]
    band = {"color": "#1f77b4", "alpha": 0.3, "legend_label": "95 % of what is learned"}
    plot.varea(times, (learned - reach) / scale, (learned + reach) / scale, **band)
    plot.line(times, true / scale, color="#d95f02", line_width=4, alpha=0.5, legend_label="hidden device")
    plot.line(times, learned / scale, color="#1f77b4", line_width=2, legend_label="learned")
    plot.line([times[0], times[-1]], np.ones(2), color="#888888", line_dash="dashed", legend_label="undistorted")
    # beside the curve, which may be anywhere
    plot.add_layout(plot.legend[0], "right")
    return neutral(plot)
