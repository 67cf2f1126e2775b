"""Synthetic controls and their placebos as tables and pictures.

Outcomes are shown as given: small counts are hidden by the caller before.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from oda.charts import COLOURS, GREY, draw_lines, extremes, mark_start, new_chart
from oda.evaluate.synthetic_control import SyntheticControl
from oda.evaluate.synthetic_did import SyntheticDifference
from oda.evaluate.synthetic_panel import say_time
from oda.evaluate.words import interval_words, quantity, sentence
from oda.results import Picture, Table, TableColumn, picture, table

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
    ends = [quantity(end, e.unit) for end in (out["value"].min(), out["value"].max())]
    rows = [
        ("Effect, mean over the periods after", quantity(e.value, e.unit)),
        (f"{e.level * 100:g}% interval", interval_words(e).partition(": ")[2]),
        ("p by placebos in space", f"{e.p_value:.3f}; the smallest that this design can give is {e.smallest_p:.3f}"),
        (
            "Mean squared gap after over before",
            f"{quantity(result.mspe_ratio, '')}, rank {result.rank} of {e.n_clusters}",
        ),
        ("Usual gap before the start (root mean square)", quantity(result.pre_rmspe, e.unit)),
        ("Donors with a weight", ", ".join(f"{d} {w:.0%}" for d, w in used.itertuples(index=False))),
        ("Effect without one of them", " to ".join(dict.fromkeys(ends))),
        ("Method", e.method),
    ]
    return table(
        pd.DataFrame(rows, columns=["what", "value"]),
        caption="The effect against the synthetic control and how it was estimated",
        columns={"what": "What", "value": "Value"},
        note=" ".join(e.cautions),
    )


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
    frame = result.balance.assign(importance=said)
    columns: dict[str, TableColumn | str] = {
        "predictor": "Before the start",
        "treated": TableColumn(title=_treated(result), decimals=2),
        "synthetic": TableColumn(title="Synthetic control", decimals=2),
        "donors": TableColumn(title="Mean donor", decimals=2),
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
    unit = result.estimate.unit
    columns: dict[str, TableColumn | str] = {
        "unit": "Taken for treated",
        "treated": "Treated in truth",
        "pre_rmspe": TableColumn(title="Usual gap before", unit=unit, decimals=2),
        "post_rmspe": TableColumn(title="Usual gap after", unit=unit, decimals=2),
        "ratio": TableColumn(title="Ratio of mean squares", decimals=1),
        "mean_gap": TableColumn(title="Mean gap after", unit=unit, decimals=2),
    }
    frame = result.placebos.assign(unit=result.placebos["unit"].map(str))
    return table(frame, caption="Every unit taken for the treated one in turn", columns=columns)


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
    frame, name, unit = _series(result), _treated(result), result.estimate.unit
    drawing, axes = new_chart()
    lines: dict[str, Any] = {name: list(frame["actual"]), "Synthetic control": list(frame["synthetic"])}
    draw_lines(axes, list(frame["when"]), lines)
    if min(frame["actual"].min(), frame["synthetic"].min()) < 0:
        axes.autoscale(axis="y")
    axes.set_ylabel(unit)
    _mark(axes, result)
    early = frame[~frame["after"]]
    span = f"{frame['when'].iloc[0]} to {frame['when'].iloc[-1]}"
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Line chart: {unit} of {name} and of its synthetic control, {span}.",
        description=(
            f"Before the start the two lines are {quantity(result.pre_rmspe, unit)} apart as a rule; "
            f"{name} runs from {extremes(early['actual'])}. After it the gap is "
            f"{quantity(result.estimate.value, unit)} on average. {' '.join(result.poor_fit)}"
        ).strip(),
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
    frame, name, unit = _series(result), _treated(result), result.estimate.unit
    errors: dict[Any, float] = result.placebos.set_index("unit")["pre_rmspe"].to_dict()
    drawn = [donor for donor in result.placebo_gaps if errors[donor] <= WORST_DRAWN * result.pre_rmspe]
    drawing, axes = new_chart()
    places = range(len(frame))
    for number, donor in enumerate(drawn):
        label = "Donors, each taken for treated" if number == 0 else None
        axes.plot(places, result.placebo_gaps[donor], color="#8A8A8A", linewidth=0.9, label=label)
    axes.plot(places, frame["gap"], color=COLOURS[0], linewidth=2.6, label=name)
    axes.axhline(0, color=GREY, linewidth=1)
    step = max(1, -(-len(frame) // 8))
    axes.set_xticks(list(places)[::step], list(frame["when"])[::step])
    axes.set_ylabel(f"Gap, {unit}")
    axes.margins(y=0.15)
    axes.legend(loc="lower left", frameon=False)
    _mark(axes, result)
    left_out = len(errors) - 1 - len(drawn)
    which = "1 donor that was" if left_out == 1 else f"{left_out} donors that were"
    said = f" Left out: {which} followed more than {WORST_DRAWN:g} times worse before." * bool(left_out)
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Line chart: the gap of {name} to its synthetic control among the gaps of {len(drawn)} donors.",
        description=(
            f"A line a unit, around 0 before the start. After it the gap of {name} is "
            f"{quantity(result.estimate.value, unit)} on average; set against the fit before it is number "
            f"{result.rank} of {len(errors)} in size.{said}"
        ),
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
        ("Effect", quantity(e.value, e.unit)),
        (f"{e.level * 100:g}% interval", interval_words(e).partition(": ")[2]),
        ("p by re-assigning", f"{e.permutation_p:.3f}; the smallest that this design can give is {e.smallest_p:.3f}"),
        ("Donors with more than 1%", ", ".join(f"{d} {w:.0%}" for d, w in top.itertuples(index=False)) or "none"),
        ("Periods with more than 1%", ", ".join(f"{say_time(t)} {w:.0%}" for t, w in periods.itertuples(index=False))),
        ("Method", e.method),
    ]
    return table(
        pd.DataFrame(rows, columns=["what", "value"]),
        caption="The effect by synthetic difference-in-differences and how it was estimated",
        columns={"what": "What", "value": "Value"},
        note=" ".join(e.cautions),
    )


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
    e = result.estimate
    frame = result.placebos.sort_values("value", ignore_index=True)
    drawing, axes = new_chart(height=2.4)
    axes.plot(frame["value"], [0] * len(frame), "|", color=GREY, markersize=16, label="Donors, each taken for treated")
    axes.plot([e.ci_low, e.ci_high], [1, 1], color=COLOURS[0], linewidth=2.2)
    axes.plot(
        [e.value], [1], "o", color=COLOURS[0], markersize=8, label=f"Treated, with its {e.level * 100:g}% interval"
    )
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set_yticks([0, 1], ["Donors", "Treated"])
    axes.set_ylim(-0.6, 1.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"Effect, {e.unit}")
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Chart: the effect on the treated unit beside the effects found in {len(frame)} donors.",
        description=(
            f"A stroke a donor, from {quantity(frame['value'].min(), e.unit)} to "
            f"{quantity(frame['value'].max(), e.unit)}; "
            f"the dot is the treated unit, {quantity(e.value, e.unit)} ({interval_words(e)})."
        ),
        data=table(
            frame.assign(donor=frame["donor"].map(str)),
            caption="The effect found in each donor, where nothing was done",
            columns={"donor": "Donor", "value": TableColumn(title="Effect found", unit=e.unit, decimals=2)},
        ),
    )


def _treated(result: SyntheticControl) -> str:
    """Return the treated unit's name."""
    return str(result.placebos.loc[result.placebos["treated"], "unit"].iloc[0])


def _series(result: SyntheticControl) -> pd.DataFrame:
    """Return the gaps with their periods in words."""
    return result.gaps.assign(when=[say_time(time) for time in result.gaps["time"]])


def _gap_table(result: SyntheticControl) -> Table:
    """Show the unit, its synthetic control and the gap, period by period."""
    unit = result.estimate.unit
    columns: dict[str, TableColumn | str] = {
        "when": "Period",
        "after": "From the start on",
        "actual": TableColumn(title=_treated(result), unit=unit, decimals=2),
        "synthetic": TableColumn(title="Synthetic control", unit=unit, decimals=2),
        "gap": TableColumn(title="Gap", unit=unit, decimals=2),
    }
    return table(_series(result), caption=f"{_treated(result)} and its synthetic control", columns=columns)


def _mark(axes: Any, result: SyntheticControl) -> None:  # noqa: ANN401  matplotlib's axes
    """Mark the start."""
    mark_start(axes, int((~result.gaps["after"]).sum()) - 0.5, "Start")
