"""Staggered adoption and the decomposition of a two-way coefficient as tables and pictures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from oda.charts import COLOURS, GREY, name_below, new_chart
from oda.evaluate import BaconDecomposition, StaggeredAdoption, sentence
from oda.exhibits.dots import draw_events, number_across
from oda.exhibits.titles import titled
from oda.exhibits.values import axis_words, capital, decimals, effect_columns, headline, shown
from oda.making import table
from oda.results import Picture, Table, TableColumn

MARKS = ("o", "s", "X")  # of the three kinds of comparison
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
    frame[names[1:4]] = shown(frame[names[1:4]], result.estimate)
    columns: dict[str, TableColumn | str] = {
        "what": "What",
        **effect_columns(names[1:4], frame["value"], result.estimate),
        "n_treated": TableColumn(title="Treated units", decimals=0),
    }
    note = " ".join([capital(result.estimate.method) + ".", _single(result), *result.estimate.cautions]).strip()
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
    e, moments = result.estimate, frame["event_time"].to_numpy()
    numbers = shown(frame[["value", "ci_low", "ci_high"]], e)
    drawing, axes = new_chart()
    draw_events(axes, moments, numbers)
    axes.set_xlabel("Periods since the start")
    axes.set_ylabel(axis_words(f"Effect on {e.outcome}", e))
    return titled(
        drawing,
        headline=headline(e),
        alt=f"Dot chart of the effect on {e.outcome} and its interval by period before and since the start.",
        description=f"{sentence(result)} {_describe(result, moments, numbers)}",
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
    frame = result.kinds.assign(weight=100 * result.kinds["weight"], kind=result.kinds["kind"].map(capital))
    whole = pd.DataFrame({"kind": ["The coefficient"], "weight": [100.0], "value": [result.coefficient]})
    frame = pd.concat([frame, whole], ignore_index=True)
    columns: dict[str, TableColumn | str] = {
        "kind": "Comparison",
        "weight": TableColumn(title="Weight", unit="%", decimals=1),
        "value": TableColumn(title=f"Average effect on {result.outcome}", decimals=decimals(frame["value"])),
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
    axes.set_xlabel("Share of the weight (per cent)")
    number_across(axes)
    axes.set_ylabel(f"Effect on {result.outcome}")
    name_below(axes)
    shares = "; ".join(
        f"{kind}: {100 * weight:.1f} per cent of the weight" + (f", {value:.3g} on average" if weight else "")
        for kind, weight, value in result.kinds.to_numpy().tolist()
    )
    return titled(
        drawing,
        headline=(
            f"Two-way coefficient of {result.outcome}: {result.coefficient:,.3g}, to be examined, not an effect; "
            f"{100 * result.already_treated:.0f} per cent of its weight rests on units treated already."
        ),
        alt=f"Scatter chart of two-by-two comparisons of {result.outcome} by weight and value, in three kinds.",
        description=f"{sentence(result)} {capital(shares)}. A dashed line marks the coefficient.",
        data=bacon_decomposition_table(result),
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


def _describe(result: StaggeredAdoption, moments: np.ndarray, numbers: np.ndarray) -> str:
    """Say each effect in words."""
    parts, digits = [], 1 if result.estimate.scale == "ratio" else decimals(numbers[:, 0])
    for moment, (value, low, high) in zip(moments.tolist(), numbers, strict=True):
        text = f"{_since(moment)}: {value:,.{digits}f}"
        parts.append(text + (f" ({low:,.{digits}f} to {high:,.{digits}f})" if math.isfinite(low) else ""))
    title = axis_words(f"Effect on {result.estimate.outcome}", result.estimate)
    return f"{title}, with {result.estimate.level * 100:g}% intervals. {'; '.join(parts)}. {_single(result)}".strip()
