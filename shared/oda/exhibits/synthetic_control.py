"""Synthetic controls and their placebos as tables and pictures.

Outcomes are shown as given: small counts are hidden by the caller before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from oda.charts import COLOURS, GREY, draw_lines, extremes, mark_start, name_below, new_chart
from oda.estimate import Estimate
from oda.evaluate.synthetic.control import SyntheticControl
from oda.evaluate.synthetic.differences import SyntheticDifference
from oda.evaluate.words import sentence
from oda.exhibits.dots import dot_rows, draw_intervals, times_across
from oda.exhibits.titles import titled
from oda.exhibits.values import (
    axis_words,
    capital,
    decimals,
    facts_table,
    headline,
    say_ends,
    say_size,
    say_time,
    shown,
    unit_shown,
)
from oda.making import table
from oda.results import Picture, Table, TableColumn

WORST_DRAWN = 5.0  # times the treated unit's error before; a donor followed worse would dwarf it


def synthetic_control_table(result: SyntheticControl) -> Table:
    """Say how the effect was estimated: fit, rank, p, donors, and how far each donor matters.

    Parameters
    ----------
    result
        Of `synthetic_control`.

    Returns
    -------
    Table
        Two columns of words.
    """
    e = result.estimate
    used = result.weights[result.weights["weight"] > 0]
    out = result.leave_one_out
    ends = [say_size(float(end), e) for end in (out["value"].min(), out["value"].max())]
    rows = [
        ("Effect, mean over the periods after", say_size(e.value, e)),
        (f"{e.level * 100:g}% interval", say_ends(e).partition(": ")[2]),
        ("p by placebos in space", f"{e.p_value:.3f}; the smallest that this design can give is {e.smallest_p:.3f}"),
        (
            "Mean squared gap after over before",
            f"{result.mspe_ratio:,.3g}, rank {result.rank} of {e.n_clusters}",
        ),
        ("Usual gap before the start (root mean square)", say_size(result.pre_rmspe, e)),
        ("Donors with a weight", ", ".join(f"{d} {w:.0%}" for d, w in used.itertuples(index=False))),
        ("Effect without one of them", " to ".join(dict.fromkeys(ends))),
        ("Method", e.method),
    ]
    caption = f"{capital(e.outcome)}: the effect against the synthetic control and how it was estimated"
    return facts_table(rows, caption=caption, note=" ".join(e.cautions))


def synthetic_balance_table(result: SyntheticControl) -> Table:
    """Show how alike the unit, its synthetic control and the mean donor were before the start.

    Parameters
    ----------
    result
        Of `synthetic_control`.

    Returns
    -------
    Table
        One row a predictor.
    """
    shares = result.balance["importance"]
    said = ["not matched" if pd.isna(share) else f"{share:.1%}" for share in shares]
    frame, digits = result.balance.assign(importance=said), max(2, decimals(result.balance["treated"]))
    columns: dict[str, TableColumn | str] = {
        "predictor": "Before the start",
        "treated": TableColumn(title=_treated(result), decimals=digits),
        "synthetic": TableColumn(title="Synthetic control", decimals=digits),
        "donors": TableColumn(title="Mean donor", decimals=digits),
        **({"importance": "Importance in matching"} if shares.notna().any() else {}),
    }
    return table(frame, caption=f"{_treated(result)} and its synthetic control before the start", columns=columns)


def synthetic_placebo_table(result: SyntheticControl) -> Table:
    """Show each unit's gaps as if it were the treated one, the largest ratio first.

    Parameters
    ----------
    result
        Of `synthetic_control`.

    Returns
    -------
    Table
        One row a unit.
    """
    gaps = ["pre_rmspe", "post_rmspe", "mean_gap"]
    digits, unit = decimals(result.placebos[gaps]), result.estimate.unit
    columns: dict[str, TableColumn | str] = {
        "unit": "Taken for treated",
        "treated": "Treated in truth",
        "pre_rmspe": TableColumn(title="Usual gap before", unit=unit, decimals=digits),
        "post_rmspe": TableColumn(title="Usual gap after", unit=unit, decimals=digits),
        "ratio": TableColumn(title="Mean square after over before", decimals=decimals(result.placebos["ratio"])),
        "mean_gap": TableColumn(title="Mean gap after", unit=unit, decimals=digits),
    }
    frame = result.placebos.assign(unit=result.placebos["unit"].map(str))
    note = "The usual gap is the root of the mean square of the gaps to the unit's own synthetic control."
    return table(frame, caption="Every unit taken for the treated one in turn", columns=columns, note=note)


def plot_synthetic_control(result: SyntheticControl) -> Picture:
    """Draw the unit and its synthetic control.

    Parameters
    ----------
    result
        Of `synthetic_control`.

    Returns
    -------
    Picture
        Two lines, the start marked; its table also has the gap.
    """
    frame, name, e = _series(result), _treated(result), result.estimate
    drawing, axes = new_chart()
    lines: dict[str, Any] = {name: list(frame["actual"]), "Synthetic control": list(frame["synthetic"])}
    draw_lines(axes, list(frame["when"]), lines)
    if min(frame["actual"].min(), frame["synthetic"].min()) < 0:
        axes.autoscale(axis="y")
    axes.set_ylabel(capital(e.unit))
    _mark(axes, result)
    early = frame[~frame["after"]]
    return titled(
        drawing,
        headline=headline(e, "than its synthetic control", of=f"{e.outcome} of {name}"),
        alt=f"Line chart: {e.outcome} of {name} and of its synthetic control, {_span(frame)}.",
        description=(
            f"Before the start the two lines are {say_size(result.pre_rmspe, e)} apart as a rule; "
            f"{name} lies at {extremes(early['actual'])}. After it the gap is {say_size(e.value, e)} on average. "
            f"{sentence(result)}"
        ),
        data=_gap_table(result),
    )


def plot_synthetic_placebos(result: SyntheticControl) -> Picture:
    """Draw the gap of the treated unit among those of the donors, each taken for treated.

    Parameters
    ----------
    result
        Of `synthetic_control`.

    Returns
    -------
    Picture
        A heavy line for the treated unit, a thin one a donor; donors that were followed much worse are left out.
    """
    frame, name, e = _series(result), _treated(result), result.estimate
    errors: dict[Any, float] = result.placebos.set_index("unit")["pre_rmspe"].to_dict()
    drawn = [donor for donor in result.placebo_gaps if errors[donor] <= WORST_DRAWN * result.pre_rmspe]
    drawing, axes = new_chart()
    for number, donor in enumerate(drawn):
        label = "Donors, each taken for treated" if number == 0 else None
        axes.plot(range(len(frame)), result.placebo_gaps[donor], color="#8A8A8A", linewidth=0.9, label=label)
    axes.plot(range(len(frame)), frame["gap"], color=COLOURS[0], linewidth=2.6, label=name)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_ylabel(f"Gap in {e.outcome}")
    axes.margins(y=0.15)
    name_below(axes)
    _mark(axes, result)
    left_out = len(errors) - 1 - len(drawn)
    which = "1 donor that was" if left_out == 1 else f"{left_out} donors that were"
    said = f" Left out: {which} followed more than {WORST_DRAWN:g} times worse before." * bool(left_out)
    return titled(
        drawing,
        headline=(
            f"Against the fit before the start, the gap of {name} is number {result.rank} of {len(errors)} in size "
            f"(p {e.p_value:.3f}; the smallest possible is {e.smallest_p:.3f})."
        ),
        alt=f"Line chart: the gap of {name} to its synthetic control among the gaps of {len(drawn)} donors.",
        description=f"A line a unit, around 0 before the start; {name} is the heavy one.{said} {sentence(result)}",
        data=synthetic_placebo_table(result),
    )


def synthetic_difference_table(result: SyntheticDifference) -> Table:
    """Say how the synthetic difference-in-differences was estimated.

    Parameters
    ----------
    result
        Of `synthetic_difference_in_differences`.

    Returns
    -------
    Table
        Two columns of words.
    """
    e = result.estimate
    top = result.unit_weights[result.unit_weights["weight"] > 0.01]
    periods = result.time_weights[result.time_weights["weight"] > 0.01]
    rows = [
        ("Effect", say_size(e.value, e)),
        (f"{e.level * 100:g}% interval", say_ends(e).partition(": ")[2]),
        ("p by re-assigning", f"{e.permutation_p:.3f}; the smallest that this design can give is {e.smallest_p:.3f}"),
        ("Donors with more than 1%", ", ".join(f"{d} {w:.0%}" for d, w in top.itertuples(index=False)) or "none"),
        ("Periods with more than 1%", ", ".join(f"{say_time(t)} {w:.0%}" for t, w in periods.itertuples(index=False))),
        ("Method", e.method),
    ]
    caption = f"{capital(e.outcome)}: the effect by synthetic difference-in-differences and how it was estimated"
    return facts_table(rows, caption=caption, note=" ".join(e.cautions))


def plot_synthetic_difference(result: SyntheticDifference) -> Picture:
    """Draw the effect beside the effects found where nothing was done.

    Parameters
    ----------
    result
        Of `synthetic_difference_in_differences`.

    Returns
    -------
    Picture
        A dot a unit; its table holds the placebo effects.
    """
    e, frame = result.estimate, result.placebos.sort_values("value", ignore_index=True)
    frame["donor"] = frame["donor"].map(str)
    drawing, axes = dot_rows(["Treated", *frame["donor"]])
    numbers = np.full((len(frame) + 1, 3), np.nan)
    numbers[0] = [e.value, e.ci_low, e.ci_high]
    numbers[1:, 0] = frame["value"]
    draw_intervals(axes, shown(numbers, e), lead=0)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set_xlabel(axis_words(f"Effect on {e.outcome}", e))
    frame["value"] = shown(frame["value"], e)
    columns: dict[str, TableColumn | str] = {
        "donor": "Donor",
        "value": TableColumn(title="Effect found", unit=unit_shown(e), decimals=decimals(frame["value"])),
    }
    return titled(
        drawing,
        headline=f"{headline(e, 'than its weighted donors would have it')} {_say_p(e)}",
        alt=f"Dot chart: the effect on the treated unit beside the effects found in {len(frame)} donors.",
        description=(
            f"The filled diamond is the treated unit; hollow dots are the effects found in donors, where nothing was "
            f"done. {sentence(result)}"
        ),
        data=table(frame, caption="The effect found in each donor, where nothing was done", columns=columns),
    )


def _say_p(estimate: Estimate) -> str:
    """Say p and the smallest that it could be."""
    return f"p {estimate.permutation_p:.3f} by re-assigning; the smallest possible is {estimate.smallest_p:.3f}."


def _span(frame: pd.DataFrame) -> str:
    """Say from when to when a chart goes."""
    return f"{frame['when'].iloc[0]} to {frame['when'].iloc[-1]}"


def _treated(result: SyntheticControl) -> str:
    """Return the treated unit's name."""
    return str(result.placebos.loc[result.placebos["treated"], "unit"].iloc[0])


def _series(result: SyntheticControl) -> pd.DataFrame:
    """Return the gaps with their periods in words."""
    return result.gaps.assign(when=[say_time(time) for time in result.gaps["time"]])


def _gap_table(result: SyntheticControl) -> Table:
    """Show the unit, its synthetic control and the gap, period by period."""
    frame, unit = _series(result), result.estimate.unit
    digits = decimals(frame[["actual", "synthetic"]])
    columns: dict[str, TableColumn | str] = {
        "when": "Period",
        "after": "From the start on",
        "actual": TableColumn(title=_treated(result), unit=unit, decimals=digits),
        "synthetic": TableColumn(title="Synthetic control", unit=unit, decimals=digits),
        "gap": TableColumn(title="Gap", unit=unit, decimals=digits),
    }
    return table(
        frame,
        caption=f"{capital(result.estimate.outcome)} of {_treated(result)} and of its synthetic control",
        columns=columns,
    )


def _mark(axes: Any, result: SyntheticControl) -> None:  # noqa: ANN401  matplotlib's axes
    """Name the periods along the bottom, and mark the start."""
    times_across(axes, list(result.gaps["time"]))
    mark_start(axes, int((~result.gaps["after"]).sum()) - 0.5, "Start")
