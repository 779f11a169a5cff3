"""A fit, examined, as a picture: each experiment with the band of its prediction, and what is left in units of the noise."""

from collections.abc import Sequence

import numpy as np
from bokeh.layouts import column, gridplot
from bokeh.models import BoxAnnotation, Column, Div, LinearColorMapper, UIElement, Whisker
from bokeh.models.sources import ColumnDataSource
from bokeh.palettes import Viridis256
from bokeh.plotting import figure
from jaxtyping import Bool, Float

from qrexplore.core import require_choice
from qrexplore.learn import Examination, Goodness
from qrexplore.ui.figures.looks import BLUE, INK, ORANGE, display, neutral
from qrexplore.ui.figures.maps import DIVERGING, heat_map
from qrexplore.views import Comparison, comparison

# of curves, so that their rows line up, and the width of what is left of them
_FRAME, _LEFT = (370, 150), 240
# residuals are shown to so many standard errors at least
_SPREAD = 3.0


def examination_figure(examined: Examination, names: Sequence[str] | None = None) -> Column:
    """Give a layout with the verdict on each dataset, its data with the fit, and the residuals.

    Parameters
    ----------
    examined
        Of `qrexplore.learn.examine`.
    names
        Which datasets, in their order; all if left out.

    Raises
    ------
    ValueError
        If there is no such dataset.
    """
    problem = examined.result.problem
    parts: list[UIElement] = []
    verdicts = {one.name: one for one in examined.goodness}
    there = dict(zip(problem.datasets, problem.experiments, strict=True))
    for name in there if names is None else names:
        require_choice(name, "names", list(there))
        arranged = comparison(there[name], problem.datasets[name])
        band, judged = examined.bands[name], verdicts.get(name)
        region = _region(arranged, judged)
        learned, low, high = (arranged.arranged(part) for part in (band.center, band.lower, band.upper))
        left = (arranged.data - learned) / _sigma(arranged)
        draw = _maps if arranged.kind == "heatmap" else _curves
        rows: list[list[UIElement | None]] = [
            [*draw(arranged, place, (learned[place], low[place], high[place]), left[place], region[place])]
            for place in range(len(arranged.series))
        ]
        parts += [_verdict(name, judged), gridplot(rows, toolbar_location=None, merge_tools=False)]
    return column(*parts)


def show_examination(examined: Examination, names: Sequence[str] | None = None) -> None:
    """Show the picture in a notebook; see `examination_figure`."""
    display(examination_figure(examined, names))


def _verdict(name: str, judged: Goodness | None) -> Div:
    if judged is None:
        text = f"{name}: too few points beside the parameters to be judged"
    else:
        text = (
            f"{name}: chi² {judged.chi2:.0f} for {judged.dof:.0f} degrees of freedom, "
            f"{'explained' if judged.explained else 'not explained'}"
        )
        # what speaks against noise, the worst region among it
        text += "".join(f"<br>&nbsp;&nbsp;{flag}" for flag in judged.flags)
    return Div(text=text, styles={"color": INK, "font-size": "13px"})


def _sigma(arranged: Comparison) -> Float[np.ndarray, "series *sweep"]:
    """Give the standard errors of the data; where they are not known, the scale that leaves residuals of rms 1 is not either."""
    return arranged.arranged(np.broadcast_to(arranged.measured.sigma, arranged.measured.values.shape))


def _region(arranged: Comparison, judged: Goodness | None) -> Bool[np.ndarray, "series *sweep"]:
    """Give which points belong to the worst region, if it stands out; none otherwise."""
    values = arranged.measured.values
    inside = np.zeros(values.shape)
    if judged is not None and judged.worst is not None and any(f.startswith(str(judged.worst)) for f in judged.flags):
        inside[tuple(slice(*ends) for ends in judged.worst.slices)] = 1.0
    return arranged.arranged(inside) > 0


def _curves(
    arranged: Comparison,
    place: int,
    fit: tuple[np.ndarray, np.ndarray, np.ndarray],
    left: Float[np.ndarray, " x"],
    region: Bool[np.ndarray, " x"],
) -> list[figure]:
    x, factor = arranged.x_values / arranged.x.factor, arranged.y.factor
    words = f"{arranged.x.label} ({arranged.x.unit})"
    # words are longer than the plot is high
    above = figure(
        frame_width=_FRAME[0],
        frame_height=_FRAME[1],
        title=f"{arranged.series[place]}: {arranged.y.label}",
        x_axis_label=words,
        y_axis_label=arranged.y.unit or None,
        toolbar_location=None,
    )
    learned, low, high = (part / factor for part in fit)
    data, errors = arranged.data[place] / factor, _sigma(arranged)[place] / factor
    source = ColumnDataSource({"x": x, "low": data - errors, "high": data + errors})
    if arranged.measured.noise != "unknown":
        above.add_layout(Whisker(source=source, base="x", lower="low", upper="high", line_color=INK, line_alpha=0.5,
                                 upper_head=None, lower_head=None))  # fmt: skip
    above.scatter(x, data, size=4, color=INK)
    above.varea(x, low, high, color=BLUE, alpha=0.3)
    above.line(x, learned, color=BLUE, line_width=2)
    below = figure(
        frame_width=_LEFT,
        frame_height=_FRAME[1],
        title="(data - fit) / error",
        x_axis_label=words,
        toolbar_location=None,
    )
    below.line([x[0], x[-1]], [0, 0], color=INK)
    below.scatter(x, left, size=4, color=BLUE)
    if region.any():
        marked = x[region]
        below.add_layout(BoxAnnotation(left=marked.min(), right=marked.max(), fill_color=ORANGE, fill_alpha=0.2))
    return [neutral(above), neutral(below)]


def _maps(
    arranged: Comparison,
    place: int,
    fit: tuple[np.ndarray, np.ndarray, np.ndarray],
    left: Float[np.ndarray, "y x"],
    region: Bool[np.ndarray, "y x"],
) -> list[figure]:
    scale = arranged.z.factor if arranged.z is not None else 1.0
    unit = arranged.z.unit if arranged.z is not None and arranged.z.unit else "share"
    data, learned = arranged.data[place] / scale, fit[0] / scale
    x, y = arranged.x_values / arranged.x.factor, arranged.y_values / arranged.y.factor
    common = LinearColorMapper(palette=Viridis256, low=float(np.nanmin(data)), high=float(np.nanmax(data)))
    most = max(_SPREAD, float(np.nanpercentile(np.abs(left), 99)))
    signed = LinearColorMapper(palette=DIVERGING, low=-most, high=most)
    words = f"{arranged.x.label} ({arranged.x.unit})"
    rows = f"{arranged.y.label} ({arranged.y.unit})"
    figures = [
        heat_map(data, x, y, common, title=f"{arranged.series[place]}: data", labels=(words, rows)),
        heat_map(learned, x, y, common, title="fit", labels=(words, None), bar=unit),
        heat_map(left, x, y, signed, title="(data - fit) / error", labels=(words, None), bar="sigma"),
    ]
    if region.any():
        (low, high), (begin, end) = (np.flatnonzero(region.any(axis=axis))[[0, -1]] for axis in (1, 0))
        # cells are centered on their values
        steps = [(values[-1] - values[0]) / max(1, len(values) - 1) / 2 for values in (x, y)]
        figures[-1].add_layout(
            BoxAnnotation(
                left=x[begin] - steps[0],
                right=x[end] + steps[0],
                bottom=y[low] - steps[1],
                top=y[high] + steps[1],
                fill_color=None,
                line_color="black",
                line_alpha=1.0,
                line_width=2,
            )
        )
    return figures
