"""The machine's disclosure check of what is to be published, item O01: the newest release held against `runs/`.

What it looks at: that every file is there with its hash and no other lies beside it, that the small-number rule is the
pilot's, that no column of a CSV file and no words of a page show a small or unrounded count. What it cannot see, and
the second person looks for (O02): drawings, numbers written as words, small numbers worked out by subtraction, also
from what was published before. A PDF is made from the same document as its page and is held by its hash alone.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from oda.errors import COMMAND, GateError, OdaError
from oda.governance.counts import Counted, count_page, count_table, handed_over, read_grid, tables
from oda.governance.files.base import Held
from oda.governance.files.outputs import RELEASES, Release
from oda.governance.probes.check import Check
from oda.governance.release_files import AGAIN, newest_release, read_listed, read_made, unlisted
from oda.pilot import Disclosure, Pilot, load_pilot
from oda.presets import read_preset

NAMED = 3


def count_release(folder: Path, release: Release) -> tuple[Counted, tuple[str, ...]]:
    """Look for small counts in every CSV file and page of a release.

    Parameters
    ----------
    folder
        The pilot's folder.
    release
        The release; what it clears is no breach.

    Returns
    -------
    counted : Counted
        Breaches in order of file, and how many counts are shown and hidden.
    strange : tuple of str
        CSV files whose figures are not those that a notebook handed over.

    Raises
    ------
    GateError
        When a file, or the record of the run, is not what the release lists.
    """
    known, rule = tables(read_made(folder, release, "results.json")), release.disclosure
    units = _units(read_made(folder, release, "run.json"))
    found, strange = [], []
    for file in release.files:
        if file.kind == "pdf":
            continue
        text = read_listed(folder, release, file).decode("utf-8-sig", "replace")
        if file.kind == "page":
            found.append(count_page(file.path, text, rule, known=known, units=units))
            continue
        grid = read_grid(text)
        table = handed_over(file.path, grid, known)
        strange += [] if table else [file.path]
        found.append(count_table(file.path, grid, table, rule))
    breaches = [breach for one in found for breach in one.breaches if not rule.clears(breach.where, breach.what)]
    total = Counted(
        breaches=tuple(breaches), shown=sum(one.shown for one in found), hidden=sum(one.hidden for one in found)
    )
    return total, tuple(strange)


def _units(record: Mapping[str, Any]) -> set[str]:
    """Return what the data files of a run count, as their cards say."""
    fields = (
        field
        for dataset in record["datasets"]
        for resource in dataset["card"]["resources"]
        for field in resource["table"]["fields"]
    )
    return {field["x-unit"] for field in fields if field["x-unit"]}


def is_laxer(rule: Disclosure, than: Disclosure) -> bool:
    """Tell whether a small-number rule shows more than another.

    Parameters
    ----------
    rule, than
        The rules.

    Returns
    -------
    bool
        True when it hides fewer counts or rounds less.

    Examples
    --------
    >>> is_laxer(Disclosure(hide_below=5, round_to=5), Disclosure(hide_below=8, round_to=5))
    True
    """
    return rule.hide_below < than.hide_below or rule.round_to < than.round_to


def preset_rule(pilot: Pilot) -> Disclosure | None:
    """Return the small-number rule that pilots of this kind start from.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    Disclosure or None
        The rule; None when there is no preset of this kind.
    """
    preset = read_preset("pilots", pilot.pilot.kind).get("disclosure")
    return Disclosure.model_validate(preset) if preset else None


def check_outputs(folder: Path) -> tuple[Check, ...]:
    """Look at the newest release for small numbers and for files that nobody has checked: item O01.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    tuple of Check
        At least one.
    """
    try:
        held = newest_release(folder)
        if held is None:
            return (Check(finding=f"no release is in {RELEASES} yet", passed=None, mend=AGAIN),)
        if not isinstance(held.content, Release):
            said = [*held.faults, *(finding for finding, _ in _unfinished(held))]
            return tuple(Check(finding=one, passed=False, mend=AGAIN) for one in said)
        release = held.content
        files = _file_faults(folder, release)
        counted = () if files else _counted(folder, held.place, release)
        faults = [*files, *_rule_faults(load_pilot(folder), release), *_unfinished(held)]
        wrong = [Check(finding=finding, passed=False, mend=mend) for finding, mend in faults]
        return (*(check for check in counted if not (wrong and check.passed)), *wrong)
    except OdaError as error:
        return (Check(finding=str(error), passed=False, mend=AGAIN),)
    except (KeyError, TypeError, ValueError, AttributeError, csv.Error) as error:  # not the form that a run writes
        finding = f"the record, the results or a CSV file of the run cannot be read ({type(error).__name__})"
        return (Check(finding=finding, passed=False, mend=f"{COMMAND} run --again, then {AGAIN}"),)


def _unfinished(held: Held) -> list[tuple[str, str]]:
    """Say what is still to do in a release file."""
    if not held.todos:
        return []
    finding = f"{held.place} still says TODO at {', '.join(held.todos[:NAMED])}{_more(held.todos)}"
    return [(finding, "write there what the TODO asks for")]


def _rule_faults(pilot: Pilot, release: Release) -> list[tuple[str, str]]:
    """Say where the small-number rule of a release is not the pilot's, or is laxer than its preset with no reason."""
    rule, own, preset = release.disclosure, pilot.disclosure, preset_rule(pilot)
    faults = []
    if (rule.hide_below, rule.round_to) != (own.hide_below, own.round_to):
        how = "is laxer than" if is_laxer(rule, own) else "differs from"
        finding = f"the rule of the release ({_said(rule)}) {how} that of pilot.yml ({_said(own)})"
        faults.append((finding, f"{COMMAND} run, then {AGAIN}"))
    used = Disclosure.model_validate(read_made(pilot.folder, release, "run.json")["settings"]["disclosure"])
    if (rule.hide_below, rule.round_to) != (used.hide_below, used.round_to):
        finding = f"the run was made under another rule ({_said(used)}) than the release names ({_said(rule)})"
        faults.append((finding, f"{COMMAND} run, then {AGAIN}"))
    if preset is not None and is_laxer(rule, preset) and not rule.laxer_because:
        finding = f"the rule of the release ({_said(rule)}) is laxer than that of pilots of this kind ({_said(preset)})"
        faults.append(
            (finding, "put the rule back in pilot.yml, or say in the release under laxer_because who agreed and why")
        )
    return faults


def _said(rule: Disclosure) -> str:
    """Say a small-number rule."""
    return f"hidden below {rule.hide_below}, rounded to {rule.round_to}"


def _file_faults(folder: Path, release: Release) -> list[tuple[str, str]]:
    """Say which files of a release are absent, changed or not listed."""
    faults = []
    for file in release.files:
        try:
            read_listed(folder, release, file)
        except GateError as error:
            faults.append((str(error), AGAIN))
    more = unlisted(folder, release)
    if more:
        finding = f"{len(more)} files lie among the pages of the release and are not listed: {', '.join(more[:NAMED])}"
        faults.append((finding, f"remove them, or make and sign the release again: {AGAIN}"))
    return faults


def _counted(folder: Path, place: str, release: Release) -> tuple[Check, ...]:
    """Say what the small-number rule does not let through, or that nothing was found and what was not looked at."""
    found, strange = count_release(folder, release)
    checks = []
    if strange:
        finding = f"{', '.join(strange[:NAMED])} is not what a notebook handed over" + _more(strange)
        checks.append(Check(finding=finding, passed=False, mend=f"{COMMAND} report, then {AGAIN}"))
    if found.breaches:
        named = "; ".join(map(str, found.breaches[:NAMED])) + _more(found.breaches)
        finding = f"small or unrounded counts ({_said(release.disclosure)}): {named}"
        mend = (
            f"protect them (oda.protect_counts) and run again, or say under findings in {place} why they count nobody"
        )
        checks.append(Check(finding=finding, passed=False, mend=mend))
    if checks:
        return tuple(checks)
    finding = (
        f"{place}: {len(release.files)} files as listed, {found.shown} counts shown, {found.hidden} cells hidden "
        f"({_said(release.disclosure)}); drawings, numbers in words and differencing are for the second person (O02)"
    )
    return (Check(finding=finding, passed=True),)


def _more(listed: Sequence[object]) -> str:
    """Say how many are not named."""
    return f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
