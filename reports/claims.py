"""Claims of a document that turn on the pilot: the rule by which the board decides, how an interval came about."""

from __future__ import annotations

from oda.errors import OdaError
from oda.governance import Assessment
from oda.governance.files.base import known
from oda.governance.files.evaluation import DecisionRule, EvaluationPlan
from oda.pilot import Pilot
from oda.results import AnyResult, Estimated
from oda.settings import read_yaml

PLAN = "governance/evaluation.yml"
PLANNED = "O04"  # the item by which the plan is signed before outcome data load
DESIGNS = (  # what `oda.evaluate` calls what it estimates by, and what that is
    (
        "difference-in-differences on one before-and-after change",
        "The estimand is the average effect on the districts with visits, in the periods after the last of them began. "
        "Each district is collapsed to one number, the logarithm of its rate after over its rate before. The estimate "
        "is the mean of these in the districts with visits, less the mean in the others. Periods between the first and "
        "the last start, and periods with a gap in some district, are left out for all, so starts at different times "
        "do not contaminate the comparison (Goodman-Bacon, 2021). The district is the unit of assignment, so the "
        "number of districts on each side decides how much can be known and, by a fixed rule, how the interval is "
        "made.",
    ),
    (
        "difference in slope before the start",
        "A test that finds no drift is weak evidence when it would rarely notice one (Roth, 2022).",
    ),
)
ROUTES = (  # what `oda.evaluate` calls the inference that it took, and why that one
    (
        "(CRV1 errors)",
        "There are enough districts on both sides for standard errors by district (Cameron, Gelbach and Miller, 2008).",
    ),
    (
        "(CR2 errors)",
        "It allows for unequal spread on the two sides and for few districts (Bell and McCaffrey, 2002); the usual "
        "standard errors by district would be too small (Cameron, Gelbach and Miller, 2008).",
    ),
    (
        "t test with",
        "With so few districts on one side it takes the spread of changes to be the same on both "
        "(Donald and Lang, 2007).",
    ),
    ("draws of the effects alone", "Prices are taken as certain, so the true range is wider."),
)


def say_rule(pilot: Pilot, assessment: Assessment) -> str:
    """Say by which rule the board decides, as the plan of the evaluation has it, or that none is on record.

    Parameters
    ----------
    pilot
        The pilot, whose folder holds the plan.
    assessment
        The state of the checklist: whether the plan is signed.

    Returns
    -------
    str
        One sentence or two.
    """
    rule = _rule(pilot)
    if rule is None:
        return "No rule for the decision is on record yet: the board has still to say when the pilot goes on or stops."
    state = "signed" if assessment.finding(PLANNED).state == "signed" else "not signed yet"
    ends = {"goes on": rule.fund, "changes": rule.change, "stops": rule.stop, "decided by": rule.decided_by}
    said = "; ".join(f"{name}: {words.rstrip('. ')}" for name, words in ends.items())
    return f"The rule on record, {state}, is when the pilot goes on, changes or stops. {said[0].upper()}{said[1:]}."


def _rule(pilot: Pilot) -> DecisionRule | None:
    """Return the rule of the decision; None where there is none or a part of it is still to do."""
    try:
        return known(EvaluationPlan, read_yaml(pilot.folder / PLAN), ("decision_rule",)).get("decision_rule")
    except OdaError:
        return None


def say_method(result: AnyResult) -> str:
    """Say by which method an estimate and its interval came about, and why by this one.

    Parameters
    ----------
    result
        Any result.

    Returns
    -------
    str
        Nothing where there is no estimate.
    """
    if not isinstance(result, Estimated):
        return ""
    method = result.estimate.method
    said = (next((words for name, words in listed if name in method), "") for listed in (DESIGNS, ROUTES))
    return " ".join(filter(None, [f"Method: {method}.", *said]))
