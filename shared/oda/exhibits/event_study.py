"""Event study as a table and a picture."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import MaxNLocator

from oda.charts import COLOURS, GREY, new_chart
from oda.evaluate import EventStudy, sentence
from oda.evaluate.event_study import say_drift
from oda.evaluate.starts import say
from oda.exhibits.values import capital, decimals, keep_in_view, shown, unit_shown
from oda.results import Picture, Table, TableColumn, picture, table


def event_study_table(result: EventStudy) -> Table:
    """Show the gap of each step against the last one before the start, with its interval.

    Parameters
    ----------
    result
        An event study.

    Returns
    -------
    Table
        One row a step; the test of the steps before, its power and the breakdown below.
    """
    e, frame = result.estimate, result.effects
    values = shown(frame[["value", "ci_low", "ci_high"]], e)
    digits = decimals(values[:, 0])
    when = [
        say(first) if first == last else f"{say(first)} to {say(last)}"
        for first, last in zip(frame["first"], frame["last"], strict=True)
    ]
    made = frame[["event_time"]].assign(when=when, value=values[:, 0], low=values[:, 1], high=values[:, 2])
    columns: dict[str, TableColumn | str] = {
        "when": "Periods",
        "event_time": TableColumn(title="Steps from the start", decimals=0),
        "value": TableColumn(title="Gap", unit=unit_shown(e), decimals=digits),
        "low": TableColumn(title=f"{e.level * 100:g}% interval, from", decimals=digits),
        "high": TableColumn(title="to", decimals=digits),
    }
    trend = result.pre_trend
    note = (
        f"Against the step before the start. {capital(e.method)}. No gap in any of {trend.steps} steps before: p "
        f"{trend.joint_p:.3f} by re-assigning the treatment; the smallest possible is {trend.smallest_p:.3f}. "
        f"{_say_breakdown(result)}"
    )
    return table(
        made, caption=f"Gap in {e.outcome} between treated and other units by step", columns=columns, note=note
    )


def plot_event_study(result: EventStudy) -> Picture:
    """Draw the gap of each step with its interval, hollow before the start.

    Parameters
    ----------
    result
        An event study.

    Returns
    -------
    Picture
        Steps along the axis, the start marked.
    """
    e, frame = result.estimate, result.effects
    moment = frame["event_time"].to_numpy()
    value, low, high = shown(frame[["value", "ci_low", "ci_high"]], e).T
    drawing, axes = new_chart()
    axes.axhline(0, color=GREY, linewidth=1.2)
    sides = ((moment < 0, "s", "white", 2, "before the start"), (moment >= 0, "o", COLOURS[0], 0, "after the start"))
    for side, mark, inside, colour, name in sides:
        axes.vlines(moment[side], low[side], high[side], color=COLOURS[colour], linewidth=2.2)
        axes.plot(
            moment[side],
            value[side],
            mark,
            color=COLOURS[colour],
            markerfacecolor=inside,
            markersize=7,
            mew=1.8,
            label=name,
        )
    axes.axvline(-0.5, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
    keep_in_view(axes, value, np.concatenate([low, high]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(f"Steps from the start, each of {result.step} period{'s' if result.step > 1 else ''}")
    axes.set_ylabel(f"Gap, {unit_shown(e)}")
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1)
    before, after = moment < -1, moment >= 0
    digits = decimals(value)
    said = [
        f"{name} " + " to ".join(dict.fromkeys(f"{end:,.{digits}f}" for end in (value[side].min(), value[side].max())))
        for name, side in (("before the start", before), ("after it", after))
        if side.any()
    ]
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Chart of the gap in {e.outcome} between treated and other units, step by step, with intervals.",
        description=(
            f"Gap against the step before the start, {unit_shown(e)}: {'; '.join(said)}. {_say_breakdown(result)}"
        ),
        data=event_study_table(result),
    )


def _say_breakdown(result: EventStudy) -> str:
    """Say how large a departure from moving alike overturns the estimate."""
    broken, e = result.breakdown, result.estimate
    if broken.slope == 0:
        return "The interval holds no effect already."
    said = f"A drift apart of {say_drift(broken.slope, e)} a step would be enough for the interval to reach no effect."
    if broken.relative:
        said += f" Taken a step at a time, {broken.relative:.1f} times the largest movement before the start would."
    return said
