"""Estimates of one quantity side by side as a table and a forest of intervals."""

from __future__ import annotations

import pandas as pd

from oda.charts import GREY
from oda.errors import DesignError
from oda.evaluate import Estimate
from oda.exhibits.dots import dot_rows, draw_intervals
from oda.exhibits.titles import titled
from oda.exhibits.values import axis_words, capital, effect_columns, headline, say_ends, say_size, shown
from oda.making import table
from oda.results import Picture, Table, TableColumn


def estimate_table(estimates: dict[str, Estimate], *, caption: str) -> Table:
    """Show estimates of one quantity side by side: value, interval, method, n and p.

    Parameters
    ----------
    estimates
        By what each is called, all on one scale.
    caption
        What they estimate.

    Returns
    -------
    Table
        One row an estimate; methods, and the cautions of the first, below.
    """
    first, listed = _first(estimates), list(estimates.values())
    values = shown([[e.value, e.ci_low, e.ci_high] for e in listed], first)
    frame = pd.DataFrame(values, columns=["value", "low", "high"])
    frame.insert(0, "what", list(estimates))
    frame["n"] = [f"{e.n_treated} and {e.n_clusters - e.n_treated}" for e in listed]
    frame["df"] = [e.df for e in listed]
    frame["p"] = [e.p_value for e in listed]
    columns: dict[str, TableColumn | str] = {
        "what": "Estimate",
        **effect_columns(("value", "low", "high"), values[:, 0], first, title=_kind(first)),
        "n": "Units treated and others",
        "df": TableColumn(title="Degrees of freedom", decimals=1),
        "p": TableColumn(title="p", decimals=3),
    }
    notes = [f"{name}: {e.method}." for name, e in estimates.items()] + list(first.cautions)
    return table(frame, caption=caption, columns=columns, note=capital(" ".join(notes)))


def plot_estimates(estimates: dict[str, Estimate], *, caption: str = "") -> Picture:
    """Draw estimates of one quantity below each other with their intervals, the first one marked.

    Parameters
    ----------
    estimates
        By what each is called, all on one scale.
    caption
        The headline; the first estimate in words when not given.

    Returns
    -------
    Picture
        One row an estimate.
    """
    first = _first(estimates)
    drawing, axes = dot_rows(list(estimates))
    if first.scale != "level":
        axes.axvline(0, color=GREY, linewidth=1.2)
    numbers = shown([[e.value, e.ci_low, e.ci_high] for e in estimates.values()], first)
    draw_intervals(axes, numbers, lead=0 if len(estimates) > 1 else None)
    axes.set_xlabel(axis_words(_kind(first), first))
    said = "; ".join(f"{name} {say_size(e.value, first)} ({say_ends(e)})" for name, e in estimates.items())
    return titled(
        drawing,
        headline=caption or headline(first),
        alt=f"Dot chart of {len(estimates)} estimates for {first.outcome} with their intervals.",
        description=f"A line is the interval, its dot the estimate: {said}. {capital(first.method)}.",
        data=estimate_table(estimates, caption=f"Estimates for {first.outcome}"),
    )


def _kind(estimate: Estimate) -> str:
    """Say what kind of number it is."""
    return capital(estimate.estimand) if estimate.scale == "level" else "Effect"


def _first(estimates: dict[str, Estimate]) -> Estimate:
    """Return the first estimate, or refuse several scales or units on one axis."""
    scales = {f"{e.scale} {e.unit}".strip(): e for e in estimates.values()}
    if len(scales) != 1:
        message = f"The estimates are on {len(scales)} scales: {', '.join(scales) or 'none'}. Give those of one."
        raise DesignError(message)
    return next(iter(estimates.values()))
