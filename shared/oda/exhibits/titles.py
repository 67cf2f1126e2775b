"""The two titles of a picture: its message above, and what its data are."""

from __future__ import annotations

from matplotlib.figure import Figure

from oda.making import picture
from oda.results import Picture, Table


def titled(drawing: Figure, *, headline: str, alt: str, description: str, data: Table) -> Picture:
    """Make a chart result whose statistical title is that of its data.

    Parameters
    ----------
    drawing
        The figure, as `oda.charts.new_chart` made it.
    headline
        The message: what the chart says, with its interval.
    alt
        Short alternative text: what kind of chart, of what.
    description
        What the chart shows, in words.
    data
        The protected numbers that the chart was drawn from; their caption says what, where and when.

    Returns
    -------
    Picture
        The result.
    """
    return picture(drawing, caption=data.caption, alt=alt, description=description, data=data, headline=headline)
