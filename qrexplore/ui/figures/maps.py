"""Maps of two-dimensional sweeps, all of one size, so that rows of them line up."""

import numpy as np
from bokeh.models import ColorBar, LinearColorMapper, Range1d
from bokeh.palettes import RdBu, interp_palette
from bokeh.plotting import figure
from jaxtyping import Float

from qrexplore.ui.figures.looks import INK, neutral

DIVERGING = interp_palette(RdBu[11], 256)
_FRAME = 190, 175


def heat_map(
    values: Float[np.ndarray, "rows columns"],
    x: Float[np.ndarray, " columns"],
    y: Float[np.ndarray, " rows"],
    mapper: LinearColorMapper,
    *,
    title: str,
    labels: tuple[str, str | None],
    bar: str | None = None,
) -> figure:
    """Give the map of some values.

    Parameters
    ----------
    values, x, y
        What is shown, and where.
    mapper
        Its colors.
    title
        Over the map.
    labels
        Of both axes; None for a map whose neighbour says it.
    bar
        Words beside the scale of colors; no scale if None.
    """
    plot = figure(
        # frames of one size; the figure grows by what its labels need
        frame_width=_FRAME[0],
        frame_height=_FRAME[1],
        title=title,
        x_range=Range1d(start=x[0], end=x[-1]),
        y_range=Range1d(start=y[0], end=y[-1]),
        x_axis_label=labels[0],
        y_axis_label=labels[1],
        toolbar_location=None,
    )
    plot.image([values], x=x[0], y=y[0], dw=x[-1] - x[0], dh=y[-1] - y[0], color_mapper=mapper)  # type: ignore[call-arg]
    if bar is not None:
        colors = ColorBar(color_mapper=mapper, title=bar.strip(" ()"), width=10, background_fill_color=None)
        colors.update(title_text_color=INK, major_label_text_color=INK)
        plot.add_layout(colors, "right")
    return neutral(plot)
