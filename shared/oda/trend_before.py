"""Whether districts with and without visits moved alike before the visits: in a sentence and in a chart."""

from __future__ import annotations

import math
from dataclasses import replace

from oda.charts import new_chart
from oda.errors import DesignError
from oda.evaluate import Estimate, EventStudy
from oda.evaluate.words import cannot_tell, interval_words, percent_change
from oda.exhibits.dots import draw_events
from oda.exhibits.values import effect_columns, shown
from oda.making import picture, table
from oda.periods import say_span
from oda.results import CannotSay, Estimated, Picture, Table, TableColumn
from oda.sensitivity import FEWEST_AFTER, FEWEST_BEFORE, Checks
from oda.small_counts import SMALL

WHOLE = "to give the whole estimate"
RELIABLE = 0.8  # the power from which a check is said to notice most of what it looks for
ENDS = ["value", "ci_low", "ci_high"]
LARGER = (
    f"larger counts: larger areas, or {FEWEST_BEFORE} years of data before the visits and {FEWEST_AFTER} after, "
    "to compare whole years."
)


def say_trend(checks: Checks | CannotSay) -> Estimated | CannotSay:
    """Say whether the groups moved alike before the visits, and how much that is worth.

    Parameters
    ----------
    checks
        What `oda.sensitivity.check_effect` returned.

    Returns
    -------
    Estimated or CannotSay
        The drift of the rate before the visits, per step.
    """
    if isinstance(checks, CannotSay):
        return checks
    if checks.study is None:
        why = checks.refused["study"]
        return CannotSay(
            sentence=f"Whether the groups moved alike before the visits cannot be said. {why}",
            needed=LARGER if SMALL in why else f"data from more {checks.step}s before the first visits.",
        )
    trend, (drift, said) = checks.study.pre_trend, _drift(checks.study, checks.step)
    hiding = percent_change(math.exp(trend.hiding_slope))
    enough = (
        f"just large enough {WHOLE}" if hiding == "unchanged" else f"of {hiding} each {checks.step}, enough {WHOLE},"
    )
    text = (
        f"{said} ({interval_words(drift)}). A drift {enough} would be noticed {100 * trend.power:.0f} times in 100: "
        f"this check {_notices(trend.power)}. {checks.without['study']}"
    )
    return Estimated(sentence=text.rstrip(), estimate=drift)


def _notices(power: float) -> str:
    """Say how many such drifts the check would notice."""
    if power < 0.5:
        return "would miss most such drifts"
    return "would notice most such drifts" if power >= RELIABLE else "would miss many such drifts"


def _drift(study: EventStudy, step: str) -> tuple[Estimate, str]:
    """Return the drift between the groups before the visits as a ratio, and what it shows in words."""
    slope = study.pre_trend.slope
    value, low, high = (math.exp(end) for end in (slope.value, slope.ci_low, slope.ci_high))
    drift, moved = replace(slope, scale="ratio", unit="", value=value, ci_low=low, ci_high=high), percent_change(value)
    said = f"the two groups drifted apart: the rate with visits came to lie {moved} each {step}"
    if cannot_tell(drift):
        seen = "" if moved == "unchanged" else f": {moved} each {step}"
        said = f"no clear drift between the two groups is seen{seen}"
    elif moved == "unchanged":
        said = f"the two groups moved alike, {step} by {step}"
    return drift, f"Before the visits {said}"


def study_picture(checks: Checks) -> Picture:
    """Draw the gap between the groups step by step, with what it shows of the trend before the visits.

    The effect as a whole is not said again: an event study weighs the periods in its own way, so that its figure for it
    differs a little from the estimate.

    Parameters
    ----------
    checks
        With an event study.

    Returns
    -------
    Picture
        Steps along the axis, hollow before the first visits.

    Raises
    ------
    DesignError
        When there is no event study.
    """
    if checks.study is None:
        raise DesignError(checks.refused["study"])
    study, step = checks.study, checks.step
    drift, said = _drift(study, step)
    moments, numbers = study.effects["event_time"].to_numpy(), shown(study.effects[ENDS], study.estimate)
    drawing, axes = new_chart()
    draw_events(axes, moments, numbers)
    axes.set_xlabel(f"{step.capitalize()}s from the start of visits")
    axes.set_ylabel("Gap between the groups (%)")
    early, late = (
        " to ".join(dict.fromkeys(percent_change(1 + end / 100) for end in (gaps.min(), gaps.max())))
        for gaps in (numbers[moments < -1, 0], numbers[moments >= 0, 0])
    )
    description = (
        f"A dot is the gap between the rates with and without visits, set against that in the last {step} before the "
        f"visits, and its line the {study.estimate.level * 100:g}% interval. Before the visits the gaps run {early}; "
        f"after they began, {late}. {said} ({interval_words(drift)}). {checks.without['study']}"
    )
    data = _gaps(checks, study)
    return picture(
        drawing,
        headline=said,
        caption=data.caption,
        alt=f"Dot chart of the gap between districts with and without visits, {step} by {step}, described below.",
        description=description.rstrip(),
        data=data,
    )


def _gaps(checks: Checks, study: EventStudy) -> Table:
    """Show the gap of each step against the last before the visits."""
    numbers, trend = shown(study.effects[ENDS], study.estimate), study.pre_trend
    frame = study.effects.assign(when=[say_span(*ends) for ends in study.effects[["first", "last"]].to_numpy()])
    frame[ENDS] = numbers
    columns: dict[str, TableColumn | str] = {
        "when": "When",
        "event_time": TableColumn(title=f"{checks.step.capitalize()}s from the start of visits", decimals=0),
        **effect_columns(ENDS, numbers[:, 0], study.estimate, title="Gap"),
    }
    few = f"; the smallest possible is {trend.smallest_p:.3f}" if trend.smallest_p >= 0.001 else ""
    note = (
        f"No gap in any of {trend.steps} {checks.step}s before: p {trend.joint_p:.3f} by re-assigning the visits{few}. "
        f"{checks.without['study']}"
    )
    caption = f"Gap between districts with and without visits, {checks.step} by {checks.step}, against the last before"
    return table(frame, caption=caption, columns=columns, note=note.rstrip())
