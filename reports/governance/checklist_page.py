"""The whole checklist as a page that needs no Python to read, and prints."""

from __future__ import annotations

from oda.governance import Finding
from oda.reports.document import escape
from oda.reports.governance import markdown as md
from oda.reports.governance.content import Content
from oda.reports.governance.said import sentence
from oda.reports.governance.standing import (
    STATES,
    asked,
    failing,
    gates,
    in_short,
    named,
    next_steps,
    signing,
    to_do,
    to_do_and_why,
)

SAFES = {
    "project": ("Safe project", "Is this use of the data right, lawful and fair?"),
    "people": ("Safe people", "Can those who use the data be trusted to do so?"),
    "settings": ("Safe settings", "Is the place where the data are held secure?"),
    "data": ("Safe data", "Is it no more than is needed, and is it what it says?"),
    "output": ("Safe output", "Can nobody be recognised in what comes out, and is it right?"),
}
WHAT_STATES_MEAN = (
    ("Done", "signed, checked by the machine, or ruled out with a reason and a signature."),
    ("To do", "nobody has signed yet."),
    ("Sign again", "something that was signed has changed since, or its time is up."),
    ("Not valid", "there is a sign-off, but it does not count; the reason is given."),
    ("Rejected", "someone said no; the reason is given."),
    ("Check failed", "the machine found a fault. It outranks every answer of a person."),
    ("Not needed", "the pilot's own answers rule the item out."),
)


def write(content: Content) -> str:
    """Write the checklist as a page.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    str
        A document that both renderers take.
    """
    assessment = content.assessment
    done = sum(finding.passes for finding in assessment.findings)
    total = len(assessment.findings)
    return "\n".join(
        [
            md.head(
                "Information governance checklist",
                subtitle=content.title,
                owner=content.owner,
                date=content.today.isoformat(),
                description="Every item of the checklist: what must be true, how it stands, who signs and what to do.",
            ),
            md.answer(f"{done} of {total} items are done or not needed.", *in_short(content)),
            asked(content),
            "## What the pilot may do today\n",
            gates(assessment),
            signing(content),
            next_steps(content),
            *([_faults(failing(content))] if failing(content) else []),
            *(_safe(content, name) for name in SAFES),
            "## What the states mean\n",
            md.labelled((f"{word}:", escape(meaning)) for word, meaning in WHAT_STATES_MEAN),
            "## What this checklist is worth\n",
            escape(f"{assessment.about} Checklist {assessment.checklist_version}. ")
            + escape("States are computed from the files in the folder governance, and hold on the day above.")
            + "\n",
            *([md.bullets(assessment.notes)] if assessment.notes else []),
        ]
    )


def _faults(findings: tuple[Finding, ...]) -> str:
    """List the checks of the machine that do not pass, with what to do."""
    lines = [(f"{one.item}:", escape(f"{sentence(one.reason)} {sentence(to_do(one))}")) for one in findings]
    return "## What the machine found\n\n" + md.labelled(lines)


def _safe(content: Content, safe: str) -> str:
    """Write the items of one of the Five Safes."""
    found = [finding for finding in content.assessment.findings if finding.safe == safe]
    name, question = SAFES[safe]
    heads = ("What must be true", "State", "Who signs", "What to do", "Gates")
    rows = [(named(f), STATES[f.state], f.signers, to_do_and_why(f), ", ".join(f.gates)) for f in found]
    done = sum(finding.passes for finding in found)
    caption = f"{name}: {done} of {len(found)} done or not needed"
    return f"## {escape(name)}\n\n{escape(question)}\n\n{md.table(safe, caption, heads, rows)}"
