"""How the numbers of an estimate are shown: ratios as changes in per cent, all others in their own unit."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from oda.charts import GREY
from oda.evaluate.estimate import Estimate

WIDEST = 4.0  # times the span of the values; what reaches further is cut, and the chart says so


def shown(values: object, estimate: Estimate) -> np.ndarray:
    """Return numbers on the scale of an estimate as they are shown.

    Parameters
    ----------
    values
        Numbers, any shape; ratios where the estimate is one.
    estimate
        Whose scale it is.

    Returns
    -------
    ndarray
        Changes in per cent for ratios.
    """
    numbers = np.asarray(values, dtype=float)
    return 100 * (numbers - 1) if estimate.scale == "ratio" else numbers


def unit_shown(estimate: Estimate) -> str:
    """Return the unit of what `shown` returns.

    Parameters
    ----------
    estimate
        Whose scale it is.

    Returns
    -------
    str
        Such as `% change`.
    """
    return "% change" if estimate.scale == "ratio" else estimate.unit


def decimals(values: object) -> int:
    """Return how many decimals show three figures of the largest of some numbers.

    Parameters
    ----------
    values
        Numbers, any shape; missing ones are passed over.

    Returns
    -------
    int
        From 0 to 12.

    Examples
    --------
    >>> decimals([12.3, -4.0]), decimals([0.0123])
    (1, 4)
    """
    sizes = np.abs(np.asarray(values, dtype=float))
    known = sizes[np.isfinite(sizes)]
    largest = float(known.max()) if len(known) else 0.0
    return 0 if largest == 0 else min(12, max(0, 2 - math.floor(math.log10(largest))))


def capital(text: str) -> str:
    """Return a text with a capital first letter, the rest as it is.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        The text.
    """
    return text[:1].upper() + text[1:]


def keep_in_view(axes: Axes, values: np.ndarray, ends: np.ndarray) -> None:
    """Show all values on the upright axis; cut ends of intervals that would squeeze them out of sight, and say so.

    Parameters
    ----------
    axes
        Of `new_chart`.
    values
        Shape (n,).
    ends
        Ends of intervals, any shape.
    """
    known = ends[np.isfinite(ends)]
    span = max(float(np.ptp([*values, 0.0])), 1e-12)
    bottom, top = min(values.min(), 0) - WIDEST * span, max(values.max(), 0) + WIDEST * span
    if len(known) and (known.min() < bottom or known.max() > top):
        axes.set_ylim(bottom, top)
        words, place = "some intervals reach beyond the chart", (1.0, 1.01)
        axes.annotate(words, place, xycoords="axes fraction", ha="right", va="bottom", fontsize=9, color=GREY)
    else:
        axes.margins(y=0.12)
