"""A study as a picture: data, ideal, learned and residual side by side, and the learned step response."""

import numpy as np
from bokeh.layouts import column, gridplot
from bokeh.models import Column, ColumnDataSource, LinearColorMapper, Range1d, UIElement
from bokeh.palettes import Viridis256
from bokeh.plotting import figure

from qrexplore.experiments import pulsed_qubit
from qrexplore.learn import Study
from qrexplore.ui.figures.looks import display, neutral
from qrexplore.ui.figures.maps import DIVERGING, heat_map
from qrexplore.views import Comparison, comparison, learned_step_response

_WIDTH, _HEIGHT = 262, 250


def study_figure(found: Study) -> Column:
    """Give a layout with one row of maps (or one plot of curves) for each qubit.

    Parameters
    ----------
    found
        A study of a chevron or of an experiment with one sweep.
    """
    arranged = comparison(found.experiment, found.data)
    ideal, learned = (arranged.arranged(result.predictions[0]) for result in (found.ideal, found.learned))
    rows = []
    for place, name in enumerate(arranged.series):
        parts = (arranged.data[place], ideal[place], learned[place])
        rows.append(_maps(arranged, name, *parts) if arranged.kind == "heatmap" else _curves(arranged, name, *parts))
    layout: list[UIElement] = [gridplot(rows, toolbar_location=None, merge_tools=False)]
    line = f"flux_{pulsed_qubit(found.experiment)}"
    if any(path.startswith(f"{line}.distortion") for path in found.learned.parameters.paths):
        layout.append(_response(found, line))
    return column(*layout)


def show_study(found: Study) -> None:
    """Show the picture in a notebook; the scripts of the plots come from this machine."""
    display(study_figure(found))


def _maps(arranged: Comparison, name: str, data: np.ndarray, ideal: np.ndarray, learned: np.ndarray) -> list[figure]:
    scale = arranged.z.factor if arranged.z is not None else 1.0
    unit = f" ({arranged.z.unit})" if arranged.z is not None and arranged.z.unit else ""
    low, high = float(np.nanmin(data)) / scale, float(np.nanmax(data)) / scale
    largest = float(np.nanmax(np.abs(data - ideal))) / scale
    common = LinearColorMapper(palette=Viridis256, low=low, high=high)
    signed = LinearColorMapper(palette=DIVERGING, low=-largest, high=largest)
    panels = (
        (f"{name}: data", data, common, None),
        ("ideal pulse", ideal, common, unit),
        ("learned pulse", learned, common, None),
        ("data minus learned", data - learned, signed, unit),
    )
    x, y = arranged.x_values / arranged.x.factor, arranged.y_values / arranged.y.factor
    figures = []
    for title, values, mapper, bar in panels:
        rows = f"{arranged.y.label} ({arranged.y.unit})" if values is data else None
        columns = f"{arranged.x.label} ({arranged.x.unit})"
        figures.append(heat_map(values / scale, x, y, mapper, title=title, labels=(columns, rows), bar=bar))
    return figures


def _curves(arranged: Comparison, name: str, data: np.ndarray, ideal: np.ndarray, learned: np.ndarray) -> list[figure]:
    x, factor = arranged.x_values / arranged.x.factor, arranged.y.factor
    plot = figure(
        width=2 * _WIDTH,
        height=_HEIGHT,
        title=name,
        x_axis_label=f"{arranged.x.label} ({arranged.x.unit})",
        y_axis_label=f"{arranged.y.label} ({arranged.y.unit})".replace(" ()", ""),
        toolbar_location=None,
    )
    plot.scatter(x, data / factor, size=4, color="#666666", legend_label="data")
    if ideal is not learned and not np.array_equal(ideal, learned):
        plot.line(x, ideal / factor, color="#d95f02", line_dash="dashed", legend_label="ideal pulse")
    plot.line(x, learned / factor, color="#1f77b4", line_width=2, legend_label="learned")
    plot.legend.label_text_font_size = "9pt"
    return [neutral(plot)]


def _response(found: Study, line: str) -> figure:
    response = learned_step_response(found.learned, line)
    source = ColumnDataSource(
        {
            "time": response.times * 1e9,
            "value": response.response,
            "low": response.response - 2 * response.stderr,
            "high": response.response + 2 * response.stderr,
        }
    )
    plot = figure(
        width=2 * _WIDTH + 70,
        height=_HEIGHT,
        title=f"learned step response of {line} (band: two standard errors)",
        x_axis_label="time after the step (ns)",
        y_axis_label="response / final value",
        y_range=Range1d(start=min(0.9, float(np.percentile(response.response, 10))), end=1.02),
        toolbar_location=None,
    )
    plot.line([0, response.times[-1] * 1e9], [1, 1], color="#888888", line_dash="dashed", legend_label="ideal")
    plot.varea("time", "low", "high", source=source, color="#1f77b4", alpha=0.3)
    plot.line("time", "value", source=source, color="#1f77b4", line_width=2, legend_label="learned")
    plot.legend.location = "bottom_right"
    return neutral(plot)
