"""What a machine has, as far as it decides a run's answer: held against what another machine has."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oda.datasets import Dataset, load_datasets
from oda.errors import GateError
from oda.governance.assessing import assess
from oda.governance.assessment import Assessment
from oda.governance.classes import FREE_CLASSES
from oda.governance.gates import require
from oda.hashing import hash_text_file, hash_values
from oda.pilot import Pilot
from oda.planning import LOCK, describe_inputs

PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==[^\s;\\]+[ \t]*(;)?", re.MULTILINE)
FEW = 4  # names told of each kind


def survey(pilot: Pilot) -> dict[str, Any]:
    """Say what decides a run's answer on this machine, and whether its gates let the data be loaded.

    Parameters
    ----------
    pilot
        The pilot's settings, as this machine has them.

    Returns
    -------
    dict
        Plain values: `python`, `version` and `oda` (its code), `packages` of the lock as they are installed, `always`
        (those that every system needs), `lock`, `settings`, `datasets` and `code` as hashes, `gates` (the refusal of
        each dataset, empty where it may be loaded) and `held` (datasets that are neither made up nor open).

    Raises
    ------
    OdaError
        When the settings, a card or a notebook cannot be used as they are.
    """
    inputs, cards, stands = describe_inputs(pilot), load_datasets(pilot), assess(pilot)
    pinned = dict(PINNED.findall((pilot.folder / LOCK).read_text(encoding="utf-8")))
    held = {one.name for one in stands.datasets if one.data_class not in FREE_CLASSES} | stands.reclassified
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "version": _version("oda-toolkit"),
        "oda": inputs["oda"],
        "packages": {name: _version(name) for name in pinned},
        "always": sorted(name for name, condition in pinned.items() if not condition),
        "lock": hash_text_file(pilot.folder / LOCK),
        "settings": hash_values(inputs["settings"]),
        "datasets": {card.name: hash_values(one) for card, one in zip(cards, inputs["datasets"], strict=True)},
        "code": {name: hash_values(one) for name, one in inputs["code"].items()},
        "gates": {card.name: _refusal(stands, card) for card in cards},
        "held": sorted(held),
    }


def _version(package: str) -> str:
    """Return the installed version of a package; empty when it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _refusal(stands: Assessment, card: Dataset) -> str:
    """Return why a dataset may not be loaded; nothing where it may."""
    try:
        require(stands, "load", card)
    except GateError as refused:
        return str(refused)
    return ""


def compare(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Say in what another machine differs from this one.

    Parameters
    ----------
    theirs, ours
        What `survey` returned there and here.

    Returns
    -------
    list of str
        One difference each, in words; none when both give the same answers.

    Examples
    --------
    >>> compare({"python": "3.12"}, {"python": "3.11"})
    ['Python 3.12, not 3.11']
    """
    return [*_compare_programs(theirs, ours), *_compare_pilots(theirs, ours)]


def _compare_programs(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """Compare Python, `oda` and the packages of the lock."""
    if theirs.get("python") != ours.get("python"):
        yield f"Python {theirs.get('python')}, not {ours.get('python')}"
    if theirs.get("version") != ours.get("version"):
        yield f"oda {theirs.get('version')}, not {ours.get('version')}"
    elif theirs.get("oda") != ours.get("oda"):
        yield f"oda {theirs.get('version')} with other code"
    there, here, always = theirs.get("packages", {}), ours.get("packages", {}), set(ours.get("always", ()))
    odd = [
        f"{name} {there.get(name) or 'missing'}, not {version}"
        for name, version in here.items()
        if version and there.get(name) != version and (there.get(name) or name in always)
    ]
    yield from _few(odd)


def _compare_pilots(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """Compare the pilot's own files, and what its gates say."""
    for name, words in (("lock", f"another {LOCK}"), ("settings", "another pilot.yml")):
        if theirs.get(name) != ours.get(name):
            yield words
    for part, words in (("datasets", "other data for {}"), ("code", "another {}")):
        there, here = theirs.get(part, {}), ours.get(part, {})
        yield from _few([words.format(name) for name in sorted({*there, *here}) if there.get(name) != here.get(name)])
    here = ours.get("gates", {})
    for name, said in theirs.get("gates", {}).items():
        if bool(said) != bool(here.get(name, said)):
            yield f"its gate says: {said or f'{name} may be loaded, which is refused here'}"


def _few(words: Sequence[str]) -> list[str]:
    """Return the first of many differences, and how many more there are."""
    more = len(words) - FEW
    return list(words) if more <= 0 else [*words[:FEW], f"{more} more of the kind"]
