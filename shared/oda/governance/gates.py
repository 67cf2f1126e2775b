"""Gates in force: what is asked for goes ahead, or is refused in words. There is no way to force one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oda.errors import COMMAND, GateError
from oda.governance.assessing import FREE_CLASSES, DatasetCard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oda.governance.assessment import Assessment, Finding, GateState
    from oda.governance.checklist import GateName

DATASET_GATES = frozenset({"load", "link", "train"})
NAMED = 6


def require(assessment: Assessment, gate: GateName, dataset: DatasetCard | None = None) -> None:
    """Refuse what a gate does not let through; return nothing where it does.

    A synthetic or open dataset passes `load`, `link` and `train` with no sign-off. Any other
    class, known or not, is treated as personal.

    Parameters
    ----------
    assessment
        How the checklist stands, assessed with all datasets of the pilot.
    gate
        The gate to pass.
    dataset
        The dataset that is asked for, where the gate is about one.

    Raises
    ------
    GateError
        When the gate is shut, is not known, or the dataset is not as it was assessed.
    """
    state = assessment.gate(gate)
    if dataset is not None:
        _check_assessed(assessment, state, dataset)
        if dataset.data_class in FREE_CLASSES and gate in DATASET_GATES:
            return
    if not state.is_open:
        raise GateError(_refusal(assessment, state, dataset))


def _check_assessed(assessment: Assessment, state: GateState, dataset: DatasetCard) -> None:
    """Refuse a dataset that the assessment has not seen, or has seen with another class."""
    seen = [known.data_class for known in assessment.datasets if known.name == dataset.name]
    if seen != [dataset.data_class]:
        found = f"assessed as {' and '.join(seen)}" if seen else "not among the datasets assessed"
        message = (
            f"{state.gate} refused: dataset {dataset.name!r} is of class {dataset.data_class}, but was {found}. "
            "Assess the checklist again with all dataset cards."
        )
        raise GateError(message)


def _refusal(assessment: Assessment, state: GateState, dataset: DatasetCard | None) -> str:
    """Say in one or two sentences what is missing, who signs it and where the rest is listed."""
    missing = [assessment.finding(item) for item in state.missing]
    first, *others = sorted(missing, key=_beyond_the_reader)
    what = f"dataset {dataset.name!r} is of class {dataset.data_class}, and " if dataset is not None else ""
    text = f"{state.gate} refused: {what}{first.item} ({first.title}) {_standing(first)}."
    if not others:
        return f"{text} To see it: {COMMAND} check"
    verb = "item is" if len(others) == 1 else "items are"
    return f"{text} {len(others)} more {verb} missing ({_listed(others)}): {COMMAND} check lists them."


def _beyond_the_reader(finding: Finding) -> bool:
    """Tell whether nobody can do anything about a finding; such items come last."""
    return finding.by_machine and finding.state == "open"


def _listed(findings: Sequence[Finding]) -> str:
    """Return the ids of findings, the first ones only where there are many."""
    ids = [finding.item for finding in findings]
    if len(ids) <= NAMED + 1:
        return ", ".join(ids)
    return f"{', '.join(ids[:NAMED])} and {len(ids) - NAMED} others"


def _standing(finding: Finding) -> str:
    """Say how an item stands and what it waits for."""
    if finding.by_machine:
        verb = "has failed" if finding.state == "failed" else f"is {finding.state}"
        return f"{verb} ({finding.reason}); it is computed, nobody signs it"
    because = f" ({finding.reason})" if finding.state != "open" else ""
    return f"is {finding.state}{because}: the {finding.signers} signs it"
