"""A signal behind each stage of its line, one row under the other on one time axis, and what each stage did to it."""

import numpy as np
from bokeh.layouts import gridplot
from bokeh.models import BasicTicker, GridPlot, Legend, LegendItem, Range1d
from bokeh.plotting import figure

from qrexplore.core import prefix_for
from qrexplore.ui.figures.looks import BLUE, ORANGE, display, neutral
from qrexplore.views import PathStage, SignalPath

_WIDTHS, _HEIGHT, _LABELS = (400, 300), 92, 32
# of a wave; smaller changes are rounding
_NOTHING = 5e-6
_PARTS = ((np.real, BLUE, "I"), (np.imag, ORANGE, "Q"))


def signal_path_figure(path: SignalPath) -> GridPlot:
    """Give one row a stage, in the order in which the signal meets them.

    Parameters
    ----------
    path
        What `qrexplore.views.signal_path` found. On the left the wave, on the right what the stage changed of it: the wave
        less the one before, scaled to fit, in percent of the largest height. What changes nothing has no plot there.
    """
    shared, rows, before = Range1d(start=0.0, end=path.times[-1] * 1e9), [], None
    for place, stage in enumerate(path.stages):
        look = {"times": path.times * 1e9, "shared": shared, "labelled": place == len(path.stages) - 1}
        changed = None if before is None or stage.change < _NOTHING else _change(stage, before, **look)
        rows.append([_wave(stage, first=before is None, **look), changed])
        before = stage.wave
    return gridplot(rows, toolbar_location=None, merge_tools=False)


def show_signal_path(path: SignalPath) -> None:
    """Show the picture in a notebook."""
    display(signal_path_figure(path))


def _wave(stage: PathStage, *, times: np.ndarray, shared: Range1d, labelled: bool, first: bool) -> figure:
    factor, unit = prefix_for(float(np.max(np.abs(stage.wave))), stage.units)
    kind = "" if stage.kind == stage.name else f" ({stage.kind})"
    plot = _plot(f"{stage.name.replace('_', ' ')}{kind}", unit, shared, 0, labelled=labelled)
    lines = _lines(plot, times, stage.wave / factor)
    if first and len(lines) > 1:
        names = zip(_PARTS, lines, strict=True)
        entries = [LegendItem(label=name, renderers=[line]) for (_, _, name), line in names]
        plot.add_layout(Legend(items=entries, orientation="horizontal", location="top_right"))
    return neutral(plot)


def _change(stage: PathStage, before: np.ndarray, *, times: np.ndarray, shared: Range1d, labelled: bool) -> figure:
    scale = np.vdot(before, stage.wave) / np.vdot(before, before)
    share = 100 * (stage.wave - scale * before) / np.max(np.abs(stage.wave))
    plot = _plot(f"changes the wave by {100 * stage.change:.2g} %", "%", shared, 1, labelled=labelled)
    _lines(plot, times, share)
    return neutral(plot)


def _lines(plot: figure, times: np.ndarray, wave: np.ndarray) -> list:
    parts = _PARTS if np.iscomplexobj(wave) else _PARTS[:1]
    return [plot.line(times, part(wave), color=color, line_width=1.5) for part, color, _ in parts]


def _plot(title: str, unit: str, shared: Range1d, place: int, *, labelled: bool) -> figure:
    plot = figure(
        width=_WIDTHS[place],
        height=_HEIGHT + (_LABELS if labelled else 0),
        title=title,
        x_range=shared,
        y_axis_label=unit,
        x_axis_label="time (ns)" if labelled else None,
        min_border_left=70,
        toolbar_location=None,
    )
    plot.xaxis.visible = labelled
    plot.yaxis.ticker = BasicTicker(desired_num_ticks=3, num_minor_ticks=0)
    return plot
