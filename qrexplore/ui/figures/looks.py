"""What all figures share: ink that is seen on light and dark pages, and how they get into a notebook."""

from bokeh.io import output_notebook, show
from bokeh.models import Title, UIElement
from bokeh.plotting import figure
from bokeh.resources import INLINE

# readable on light and on dark pages alike, with contrast above 4 on both
INK = "#7a7a7a"
# two curves that are told apart on both, with color blindness too
BLUE, ORANGE = "#1f77b4", "#d95f02"


def display(layout: UIElement) -> None:
    """Show a figure in a notebook; the scripts of the plots come from this machine."""
    output_notebook(INLINE, hide_banner=True)
    show(layout)


def neutral(plot: figure) -> figure:
    """Give a plot the page's own background, and ink that is seen on any."""
    plot.update(background_fill_color=None, border_fill_color=None, outline_line_color=INK)
    if isinstance(plot.title, Title):
        plot.title.text_color = INK
    for axis in plot.axis:
        lines = ("axis_line_color", "major_tick_line_color", "minor_tick_line_color")
        axis.update(**dict.fromkeys((*lines, "axis_label_text_color", "major_label_text_color"), INK))
    for grid in plot.grid:
        grid.update(grid_line_color=INK, grid_line_alpha=0.3)
    for legend in plot.legend:
        legend.update(background_fill_color=None, border_line_color=None, label_text_color=INK)
    return plot
