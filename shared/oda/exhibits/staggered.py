"""Staggered adoption and the decomposition of a two-way coefficient as tables and pictures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from oda.charts import COLOURS, GREY, new_chart
from oda.evaluate import BaconDecomposition, StaggeredAdoption, sentence
from oda.results import Picture, Table, TableColumn, picture, table

MARKS = ("o", "s", "X")  # of the three kinds of comparison
WIDEST = 3.0  # times the span of the values; intervals beyond it are cut
TWO_WAY = "Comparisons in the two-way fixed-effects coefficient"


def staggered_adoption_table(result: StaggeredAdoption) -> Table:
    """Show the four averages, and the effects by period since the start, each with its interval.

    A ratio is shown as a change in per cent.

    Parameters
    ----------
    result
        Effects of a staggered adoption.

    Returns
    -------
    Table
        One row an average, then one a period before or since the start.
    """
    averages = {
        "simple": "Average over treated units and periods",
        "group": "Average over cohorts",
        "dynamic": "Average over periods since the start",
        "calendar": "Average over periods",
    }
    overall = result.overall.assign(
        what=result.overall["aggregation"].map(averages), n_treated=result.estimate.n_treated
    )
    events = result.by_event_time.assign(what=[_since(event) for event in result.by_event_time["event_time"]])
    names = ["what", "value", "ci_low", "ci_high", "n_treated"]
    frame = pd.concat([overall[names], events[names]], ignore_index=True)
    numbers = frame[names[1:4]].to_numpy(dtype=float)
    frame[names[1:4]] = _shown(numbers, result)
    unit, digits = _unit(result), _decimals(_shown(numbers, result)[:, 0])
    interval = f"{result.estimate.level * 100:g}% interval"
    columns: dict[str, TableColumn | str] = {
        "what": "What",
        "value": TableColumn(title="Effect", unit=unit, decimals=digits),
        "ci_low": TableColumn(title=f"{interval}, from", decimals=digits),
        "ci_high": TableColumn(title="to", decimals=digits),
        "n_treated": TableColumn(title="Treated units", decimals=0),
    }
    note = " ".join([_capital(result.estimate.method) + ".", _single(result), *result.estimate.cautions]).strip()
    return table(frame, caption=f"Effect on {result.estimate.outcome}, staggered starts", columns=columns, note=note)


def plot_staggered_adoption(result: StaggeredAdoption) -> Picture:
    """Draw the effect by period before and since the start, each with its interval.

    Parameters
    ----------
    result
        Effects of a staggered adoption.

    Returns
    -------
    Picture
        Hollow squares before the start, where there should be none; filled dots after.
    """
    frame = result.by_event_time
    event = frame["event_time"].to_numpy()
    value, low, high = _shown(frame[["value", "ci_low", "ci_high"]].to_numpy(dtype=float), result).T
    drawing, axes = new_chart()
    axes.axhline(0, color=GREY, linewidth=1.2)
    sides = (
        (event < 0, "s", "white", COLOURS[2], "before the start"),
        (event >= 0, "o", COLOURS[0], COLOURS[0], "from the start on"),
    )
    for side, mark, inside, colour, label in sides:
        axes.vlines(event[side], low[side], high[side], color=colour, linewidth=2.2)
        axes.plot(
            event[side], value[side], mark, color=colour, markerfacecolor=inside, markersize=7, mew=1.8, label=label
        )
    axes.axvline(-0.5, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
    axes.annotate(
        "start", (-0.5, 1), xycoords=("data", "axes fraction"), xytext=(4, -3), textcoords="offset points", va="top"
    )
    _frame_view(axes, value, low, high)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("Periods since the start")
    axes.set_ylabel(f"Effect on {result.estimate.outcome}{', ' if _unit(result) else ''}{_unit(result)}")
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1)
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Chart of the effect on {result.estimate.outcome} and its interval by period before and since the start.",
        description=_describe(result, event, value, low, high),
        data=staggered_adoption_table(result),
    )


def bacon_decomposition_table(result: BaconDecomposition) -> Table:
    """Show the weight and the average of each kind of comparison in a two-way fixed-effects coefficient.

    Parameters
    ----------
    result
        The decomposition.

    Returns
    -------
    Table
        One row a kind, then the coefficient.
    """
    frame = result.kinds.assign(weight=100 * result.kinds["weight"], kind=result.kinds["kind"].map(_capital))
    whole = pd.DataFrame({"kind": ["The coefficient"], "weight": [100.0], "value": [result.coefficient]})
    frame = pd.concat([frame, whole], ignore_index=True)
    columns: dict[str, TableColumn | str] = {
        "kind": "Comparison",
        "weight": TableColumn(title="Weight", unit="%", decimals=1),
        "value": TableColumn(
            title=f"Average effect on {result.outcome}", decimals=_decimals(frame["value"].to_numpy())
        ),
    }
    return table(frame, caption=f"{TWO_WAY} of {result.outcome}", columns=columns, note=" ".join(result.cautions))


def plot_bacon_decomposition(result: BaconDecomposition) -> Picture:
    """Draw every comparison's value against its weight, the kinds told apart by mark and colour.

    Parameters
    ----------
    result
        The decomposition.

    Returns
    -------
    Picture
        One mark a comparison, and a line at the coefficient.
    """
    drawing, axes = new_chart()
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.axhline(result.coefficient, color=GREY, linewidth=1.4, linestyle=(0, (4, 3)), label="the coefficient")
    for number, kind in enumerate(result.kinds["kind"]):
        own = result.comparisons[result.comparisons["kind"] == kind]
        if len(own):
            axes.plot(
                100 * own["weight"],
                own["value"],
                MARKS[number],
                color=COLOURS[number],
                markersize=8,
                label=kind,
                alpha=0.85,
            )
    axes.set_xlim(left=0)
    axes.margins(x=0.08, y=0.12)
    axes.set_xlabel("Weight, per cent")
    axes.set_ylabel(f"Effect on {result.outcome}")
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1, fontsize=10)
    shares = "; ".join(
        f"{kind}: {100 * weight:.1f} per cent of the weight" + (f", {value:.3g} on average" if weight else "")
        for kind, weight, value in result.kinds.to_numpy().tolist()
    )
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Chart of two-by-two comparisons of {result.outcome} by weight and value, in three kinds.",
        description=f"{TWO_WAY}. {shares}. A dashed line marks the coefficient, {result.coefficient:.3g}.",
        data=bacon_decomposition_table(result),
    )


def _shown(numbers: np.ndarray, result: StaggeredAdoption) -> np.ndarray:
    """Return effects as they are shown: ratios as changes in per cent."""
    return 100 * (numbers - 1) if result.estimate.scale == "ratio" else numbers


def _unit(result: StaggeredAdoption) -> str:
    """Return the unit of what is shown."""
    return "% change" if result.estimate.scale == "ratio" else result.estimate.unit


def _frame_view(axes: Axes, value: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Show all values; cut intervals that would squeeze them out of sight, and say so on the chart."""
    ends = np.concatenate([low, high])
    ends = ends[np.isfinite(ends)]
    span = max(float(np.ptp([*value, 0.0])), 1e-12)
    bottom, top = min(value.min(), 0) - WIDEST * span, max(value.max(), 0) + WIDEST * span
    if len(ends) and (ends.min() < bottom or ends.max() > top):
        axes.set_ylim(bottom, top)
        axes.annotate(
            "some intervals reach beyond the chart",
            (1, 1),
            xycoords="axes fraction",
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=10,
        )


def _since(event: int) -> str:
    """Say a period before or since the start."""
    if event == 0:
        return "The period of the start"
    plural = "" if abs(event) == 1 else "s"
    return f"{abs(event)} period{plural} {'before' if event < 0 else 'after'} the start"


def _single(result: StaggeredAdoption) -> str:
    """Say what the intervals of single periods rest on, where it is not the headline's."""
    if result.inference != "permutation" or not np.isfinite(result.by_event_time["ci_low"]).any():
        return ""
    return "The intervals of single periods are t intervals from the pooled spread of the units in their cohorts."


def _describe(
    result: StaggeredAdoption, event: np.ndarray, value: np.ndarray, low: np.ndarray, high: np.ndarray
) -> str:
    """Say each effect in words."""
    parts = []
    for one in zip(event.tolist(), value, low, high, strict=True):
        text = f"{_since(one[0])}: {one[1]:,.3g}"
        parts.append(text + (f" ({one[2]:,.3g} to {one[3]:,.3g})" if math.isfinite(one[2]) else ""))
    unit = f" ({_unit(result)})" if _unit(result) else ""
    title = f"Effect on {result.estimate.outcome}{unit}, with {result.estimate.level * 100:g}% intervals"
    return f"{title}. {'; '.join(parts)}. {_single(result)}".strip()


def _capital(words: str) -> str:
    """Begin with a capital."""
    return words[0].upper() + words[1:]


def _decimals(numbers: np.ndarray) -> int:
    """Return how many decimals show three figures of the middle size, at most four."""
    known = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    return min(4, max(0, 2 - math.floor(math.log10(float(np.median(known)))))) if len(known) else 1
