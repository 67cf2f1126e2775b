"""Event study as a table and a picture."""

from __future__ import annotations

from oda.charts import new_chart
from oda.evaluate import EventStudy, sentence
from oda.evaluate.comparing.event_study import say_drift
from oda.exhibits.dots import draw_events
from oda.exhibits.titles import titled
from oda.exhibits.values import axis_words, capital, decimals, effect_columns, headline, say_span, shown, unit_shown
from oda.making import table
from oda.results import Picture, Table, TableColumn

ENDS = ["value", "ci_low", "ci_high"]


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
    e, frame, trend = result.estimate, result.effects, result.pre_trend
    values = shown(frame[ENDS], e)
    made = frame.assign(when=[say_span(*ends) for ends in zip(frame["first"], frame["last"], strict=True)])
    made[ENDS] = values
    columns: dict[str, TableColumn | str] = {
        "when": "Periods",
        "event_time": TableColumn(title="Steps from the start", decimals=0),
        **effect_columns(ENDS, values[:, 0], e, title="Gap"),
    }
    note = (
        f"Against the step before the start. {capital(e.method)}. No gap in any of {trend.steps} steps before: p "
        f"{trend.joint_p:.3f} by re-assigning the treatment; the smallest possible is {trend.smallest_p:.3f}. "
        f"{_say_breakdown(result)} {' '.join(e.cautions)}"
    )
    caption = f"Gap in {e.outcome} between treated and other units by step"
    return table(made, caption=caption, columns=columns, note=note.strip())


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
    e, moments = result.estimate, result.effects["event_time"].to_numpy()
    numbers = shown(result.effects[ENDS], e)
    drawing, axes = new_chart()
    draw_events(axes, moments, numbers)
    axes.set_xlabel(f"Steps from the start, each of {result.step} period{'s' if result.step > 1 else ''}")
    axes.set_ylabel(axis_words("Gap between the groups", e))
    value, digits = numbers[:, 0], decimals(numbers[:, 0])
    said = [
        f"{name} " + " to ".join(dict.fromkeys(f"{end:,.{digits}f}" for end in (value[side].min(), value[side].max())))
        for name, side in (("before the start", moments < -1), ("after it", moments >= 0))
        if side.any()
    ]
    return titled(
        drawing,
        headline=headline(e),
        alt=f"Dot chart of the gap in {e.outcome} between treated and other units, step by step, with intervals.",
        description=(
            f"Gap against the step before the start, {unit_shown(e)}: {'; '.join(said)}. {sentence(result)} "
            f"{_say_breakdown(result)}"
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
