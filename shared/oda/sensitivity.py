"""How far the effect can be trusted: trends before the visits, made-up starts, each district left out, a grade."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from oda.effect import AS_EFFECT
from oda.errors import DesignError
from oda.evaluate import (
    Comparison,
    EventStudy,
    EvidenceGrade,
    Falsification,
    event_study,
    evidence_grade,
    leave_one_out,
    placebo_in_space,
    placebo_in_time,
)
from oda.evaluate.words import cannot_tell, interval_words, percent_change
from oda.exhibits import plot_falsification
from oda.making import table
from oda.panel import Panel
from oda.results import CannotSay, Fact, Picture, Table
from oda.small_counts import without_small

STEP_WORDS = {12: "year", 6: "half-year", 3: "quarter", 1: "month"}  # by months in a step
STEPS = {12: (12, 6, 3), 4: (4, 2, 1), 1: (1,)}  # periods a step by periods a year, the longest first
FEWEST_BEFORE, FEWEST_AFTER = 3, 2  # steps, so that a trend can be seen on either side
MEANS = {  # levels that this design can have in a board's words; the annex has them in full
    1: "a plain before and after, or districts with against without",
    2: "a before and after, or districts with against without, adjusted",
    3: "changes set against those of comparable districts",
}
HARDLY = 0.05  # per cent; a drift below it is said to be hardly any
SAME = 1e-6  # degrees of freedom; with as many on each side two methods are one
WITHOUT = CannotSay(sentence="Without an estimate of the effect there is no evidence to rate.", needed=AS_EFFECT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checks:
    """The same data looked at in other ways.

    Attributes
    ----------
    study
        Gaps between the groups step by step; None where the data cannot give them.
    in_time, in_space, left_out
        Made-up starts, untreated districts taken as visited, and each district left out; None where there are none.
    grade
        Strength of evidence.
    refused
        Why what is None is missing, by name.
    without
        Which districts a check leaves out, and why, by its name.
    step
        What a step of the event study is called, such as `half-year`.
    """

    study: EventStudy | None
    in_time: Falsification | None
    in_space: Falsification | None
    left_out: Falsification | None
    grade: EvidenceGrade
    refused: dict[str, str]
    without: dict[str, str]
    step: str


def check_effect(panel: Panel, found: Comparison | CannotSay, *, level: float = 0.95) -> Checks | CannotSay:
    """Look at the effect in other ways, as far as the data can bear.

    Parameters
    ----------
    panel
        All districts.
    found
        What `estimate_effect` returned.
    level
        Coverage of the intervals.

    Returns
    -------
    Checks or CannotSay
        What was found, or that there is no estimate to check.
    """
    if isinstance(found, CannotSay):
        return WITHOUT
    counts = panel.measure == "counts"
    design: dict[str, Any] = {
        "outcome": "admissions" if counts else "rate",
        "exposure": "population" if counts else None,
        "unit": "district",
        "time": "period",
        "cohort": "cohort",
        "scale": "ratio",
        "level": level,
    }
    refused: dict[str, str] = {}
    without: dict[str, str] = {}

    def attempt(name: str, periods: int, work: Callable[..., Any], **more: Any) -> Any:  # noqa: ANN401  any check
        try:
            rows, without[name] = without_small(panel, periods)
            return work(rows, **design, **more)
        except DesignError as reason:
            refused[name] = str(reason)
            return None

    step = _choose_step(panel)
    before = panel.whole.loc[panel.whole["period"] <= found.before[1], "period"].nunique()
    study = attempt("study", step, event_study, step=step)
    in_time = attempt("in_time", max(before // 4, 1), placebo_in_time)
    in_space = attempt("in_space", before, placebo_in_space)
    left_out = attempt("left_out", before, leave_one_out)
    e = found.estimate
    grade = evidence_grade(
        "difference-in-differences",
        n_treated=e.n_treated,
        n_control=e.n_clusters - e.n_treated,
        pre_trend="not examined" if study is None else "differs" if moved_apart(study) else "tested",
    )
    return Checks(
        study=study,
        in_time=in_time,
        in_space=in_space,
        left_out=left_out,
        grade=grade,
        refused=refused,
        without=without,
        step=STEP_WORDS[step * 12 // panel.per_year],
    )


def _choose_step(panel: Panel) -> int:
    """Return the longest step, in periods, that leaves enough steps before the first visits."""
    choices = STEPS[panel.per_year]
    if panel.start is None:
        return choices[-1]
    periods = panel.whole["period"].drop_duplicates()
    before = int((periods.dt.start_time < panel.start.start_time).sum())
    after = int((periods >= panel.whole["cohort"].dropna().max()).sum())
    enough = (step for step in choices if before >= FEWEST_BEFORE * step and after >= FEWEST_AFTER * step)
    return next(enough, choices[-1])


def moved_apart(study: EventStudy) -> bool:
    """Tell whether the interval of the difference in slope before the start keeps from none.

    Parameters
    ----------
    study
        The gaps between the groups, step by step.

    Returns
    -------
    bool
        False also where the data cannot tell.
    """
    return not cannot_tell(study.pre_trend.slope)


def left_out_picture(checks: Checks) -> Picture:
    """Draw the estimate without each district in turn.

    Parameters
    ----------
    checks
        With omissions.

    Returns
    -------
    Picture
        As `plot_falsification`, with a caption of its own.

    Raises
    ------
    DesignError
        When there are no omissions.
    """
    if checks.left_out is None:
        raise DesignError(checks.refused["left_out"])
    drawn = plot_falsification(checks.left_out)
    said = {
        "headline": f"With one district left out in turn the estimate runs {_ends(checks.left_out)}",
        "caption": "The estimate again, with each district left out in turn",
        "description": re.sub(r"\bunit\b", "district", drawn.description),
    }
    return drawn.model_copy(update=said)


def checks_table(checks: Checks, found: Comparison) -> Table:
    """Show every check in one line: what was looked at, what it gives, how to read it.

    Parameters
    ----------
    checks
        What was found.
    found
        The estimate.

    Returns
    -------
    Table
        One row a check; those that could not be made say why.
    """
    e = found.estimate
    rows = [("The estimate", f"{percent_change(e.value)} ({interval_words(e).partition(': ')[2]})", "The headline.")]
    for beside in (other for other in found.beside if abs((other.df or 0) - (e.df or 0)) > SAME):
        words = f"{percent_change(beside.value)} ({interval_words(beside).partition(': ')[2]})"
        rows.append((f"By another method: {beside.method.rpartition(', ')[2]}", words, "Should be much the same."))
    rows += _permuted_row(found) + _trend_rows(checks) + _placebo_rows(checks)
    columns = {"check": "Check", "value": "What it gives", "reading": "How to read it"}
    return table(
        pd.DataFrame(rows, columns=list(columns)), caption="The estimate looked at in other ways", columns=columns
    )


def _permuted_row(found: Comparison) -> list[tuple[str, str, str]]:
    """Return the line of the randomisation test."""
    e = found.estimate
    if e.permutation_p is None or e.smallest_p is None:
        return []
    said = f"p {e.permutation_p:.3f}, at the smallest {e.smallest_p:.3f}"
    few = "It cannot reach 0.05 here." if e.smallest_p > 0.05 else "Small where few other choices give as much."
    return [("Visits re-assigned to other districts", said, few)]


def _trend_rows(checks: Checks) -> list[tuple[str, str, str]]:
    """Return the lines of the event study."""
    what = f"Gaps before the visits, {checks.step} by {checks.step}"
    if checks.study is None:
        return [(what, "not done", checks.refused["study"])]
    trend = checks.study.pre_trend
    few = f", at the smallest {trend.smallest_p:.3f}" if trend.smallest_p >= 0.001 else ""
    rows = [
        (
            what,
            f"p {trend.joint_p:.3f}{few}",
            f"Small where the groups differed before. {checks.without['study']}".rstrip(),
        )
    ]
    rows.append(("Drift apart that would undo the finding", *_undoing(checks.study, checks.step)))
    return rows


def _undoing(study: EventStudy, step: str) -> tuple[str, str]:
    """Say which drift would undo the finding, and how to read that."""
    size = abs(100 * (math.exp(study.breakdown.slope) - 1))
    if study.breakdown.slope == 0:
        return "none is needed", "The interval holds no effect as it is."
    if size < HARDLY:
        return f"less than {HARDLY} per cent each {step}", "Hardly any drift would undo it: the finding is not firm."
    return f"{size:.{0 if size >= 10 else 1}f} per cent each {step}", "The larger, the firmer the finding."


def _placebo_rows(checks: Checks) -> list[tuple[str, str, str]]:
    """Return the lines of placebos and omissions."""
    listed = (
        ("in_time", checks.in_time, "Starts made up before the visits", "Should lie about no change."),
        ("in_space", checks.in_space, "Each district without visits, as if visited", "Should lie about no change."),
        ("left_out", checks.left_out, "Each district left out in turn", "Should stay near the estimate."),
    )
    rows = []
    for name, check, what, reading in listed:
        if check is None:
            rows.append((what, "not done", checks.refused[name]))
            continue
        said = f"{len(check.others)}: {_ends(check)}"
        cautions = check.cautions[:1] if check is not checks.in_space else ()  # of a share that is not shown here
        rows.append((what, said, " ".join(filter(None, [reading, *cautions, checks.without[name]]))))
    return rows


def _ends(check: Falsification) -> str:
    """Say the smallest and the largest of other estimates."""
    values = check.others["value"]
    return " to ".join(dict.fromkeys(percent_change(float(end)) for end in (values.min(), values.max())))


def say_grade(checks: Checks | CannotSay) -> Fact | CannotSay:
    """Say how strong the evidence is, on the Maryland scale.

    Parameters
    ----------
    checks
        What `check_effect` returned.

    Returns
    -------
    Fact or CannotSay
        The level, 1 to 5.
    """
    if isinstance(checks, CannotSay):
        return checks
    grade = checks.grade
    said = f"Level {grade.level} of 5 on the Maryland scale: {MEANS[grade.level]}."
    if grade.caps:
        why = re.sub(r" \([^()]*\)", "", grade.caps[0].partition(": ")[2])
        said = f"{said.partition(': ')[0]}; the design can reach {grade.by_design}, but {why}"
    return Fact(sentence=said, value=grade.level, unit="level, of 5, on the Maryland scale")
