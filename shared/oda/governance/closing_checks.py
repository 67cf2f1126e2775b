"""The end of a pilot held against its cards, flows and folder: every copy is accounted for, and none is left here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from oda.governance.classes import FREE_CLASSES
from oda.governance.evidence import Evidence
from oda.governance.files.closing import CLOSE_FILE, Closing, Deletion, Kept
from oda.governance.files.folder import CARDS, Holdings
from oda.governance.files.people import PARTNERS_FILE
from oda.governance.probes.check import shorten
from oda.governance.trouble import Trouble

KEPT_IN = ("data/raw", "data/derived")
ABOUT_NOBODY = frozenset({"anonymous", "synthetic"})


def closing(evidence: Evidence) -> Iterator[Trouble]:
    """O06: the certificates name what there was, nothing is left here, and no copy is forgotten.

    Parameters
    ----------
    evidence
        The files and the moment.

    Yields
    ------
    Trouble
        What does not hold; nothing where the pilot can be closed, or where its file is not filled in.
    """
    close = evidence.holdings.content(CLOSE_FILE, Closing)
    if close is None:
        return
    yield from _unknown(close, evidence)
    yield from _early(close, evidence)
    yield from _left(evidence)
    yield from _forgotten(close, evidence)
    yield from _registered(close, evidence)


def copies(holdings: Holdings, before: frozenset[str] = frozenset()) -> tuple[tuple[str, str], ...]:
    """List the copies of data about people that a close accounts for.

    Parameters
    ----------
    holdings
        The cards and the flows that they name, filled in or not.
    before
        Datasets that were about people before, whatever their cards say.

    Returns
    -------
    tuple of tuple
        A dataset and an organisation that received it; an empty text where no flow of its card says who did.
    """
    flows = {PurePosixPath(held.place).stem: held.raw for held in holdings.matching("governance/flows/*.yml")}
    found: list[tuple[str, str]] = []
    for name, card in _personal(holdings, before).items():
        named = _part(card, "x-ig").get("flows")
        moved = [flows.get(str(one)) for one in named] if isinstance(named, list) else []
        receivers = {
            str(_part(flow, "to").get("org"))
            for flow in moved
            if isinstance(flow, Mapping) and flow.get("identifiability") not in ABOUT_NOBODY
        }
        found += [(name, org) for org in sorted(receivers)] or [(name, "")]
    return tuple(found)


def organisations(holdings: Holdings) -> tuple[str, ...]:
    """List the organisations of a pilot.

    Parameters
    ----------
    holdings
        The list of partners and the flows, filled in or not.

    Returns
    -------
    tuple of str
        Their ids, in order.
    """
    partners = holdings.held.get(PARTNERS_FILE)
    listed = partners.raw.get("partners") if partners and isinstance(partners.raw, Mapping) else None
    named = [one.get("id") for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    for held in holdings.matching("governance/flows/*.yml"):
        named += [_part(held.raw, end).get("org") for end in ("from", "to")]
    return tuple(sorted({one for one in named if isinstance(one, str) and "TODO" not in one}))


def _personal(holdings: Holdings, before: frozenset[str]) -> dict[str, Any]:
    """Return the cards of data about people by name; what was personal before and is gone has an empty one."""
    cards = {PurePosixPath(held.place).stem: held.raw for held in holdings.matching(CARDS)}
    kinds = {name: str(_part(card, "x-ig").get("class")) for name, card in cards.items()}
    names = before | {name for name, kind in kinds.items() if kind not in FREE_CLASSES}
    return {name: cards.get(name) or {} for name in sorted(names)}


def _part(content: object, name: str) -> Mapping[str, Any]:
    """Return a part of a file, empty where it holds none."""
    part = content.get(name) if isinstance(content, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _unknown(close: Closing, evidence: Evidence) -> Iterator[Trouble]:
    """Find datasets and organisations that the pilot does not have."""
    named: tuple[Deletion | Kept, ...] = (*close.deletions, *close.kept)
    datasets = {one.name for one in evidence.datasets} | evidence.reclassified
    strange = sorted({one.dataset for one in named if one.dataset} - datasets)
    if strange:
        reason = f"{CLOSE_FILE} names the dataset {shorten(strange)}, which has no card"
        yield Trouble(state="invalid", reason=reason, mend=f"name it as its card does: {_choice(datasets)}")
    orgs = set(organisations(evidence.holdings))
    strange = sorted({one.partner for one in named if one.partner} - orgs)
    if strange:
        reason = f"{CLOSE_FILE} names {shorten(strange)}, which takes no part in this pilot"
        yield Trouble(state="invalid", reason=reason, mend=f"name it as {PARTNERS_FILE} does: {_choice(orgs)}")


def _choice(names: set[str]) -> str:
    """Name what there is to choose from."""
    return shorten(sorted(names)) or "there is none"


def _early(close: Closing, evidence: Evidence) -> Iterator[Trouble]:
    """Find days to come."""
    days = {"closed_on": close.closed_on, "dea_register_end": close.dea_register_end}
    days |= {f"deletions.{number}.deleted_on": one.deleted_on for number, one in enumerate(close.deletions)}
    early = [name for name, day in days.items() if day and day > evidence.today]
    if early:
        reason = f"{shorten(early)} in {CLOSE_FILE} is in the future"
        yield Trouble(state="invalid", reason=reason, mend="write the day on which it was done, once it is")


def _left(evidence: Evidence) -> Iterator[Trouble]:
    """Find data about people that still lie in the pilot, under the name on the card or any other."""
    personal = _personal(evidence.holdings, evidence.reclassified)
    if not personal:
        return
    paths = {path for card in personal.values() for path in _paths(card)}
    if odd := sorted(path for path in paths if not _inside(path)):
        reason = f"the card of a dataset names {odd[0]!r}, which is no path inside the pilot"
        yield Trouble(
            state="invalid", reason=reason, mend="correct the path, so that it can be seen that no file is left"
        )
        return
    free = [held.raw for held in evidence.holdings.matching(CARDS)]
    spared = {
        found
        for card in free
        if isinstance(card, Mapping) and card.get("name") not in personal
        for path in _paths(card)
        if _inside(path)
        for found in evidence.folder.glob(path)
    }
    named = {found for path in paths for found in evidence.folder.glob(path)} | _links(evidence.folder, paths)
    other = {found for home in KEPT_IN for found in (evidence.folder / home).rglob("*")} - spared
    left = named | {one for one in other if _is_data(one)}
    if left:
        places = sorted(one.relative_to(evidence.folder).as_posix() for one in left)
        reason = f"{shorten(places)} is still there"
        mend = f"delete {shorten(places)} first; what is kept goes to its keeper, out of this folder"
        yield Trouble(state="open", reason=reason, mend=mend)


def _paths(card: object) -> Iterator[str]:
    """Yield the paths of a card's files, however far it is filled in."""
    resources = card.get("resources") if isinstance(card, Mapping) else None
    for resource in resources if isinstance(resources, list) else []:
        path = resource.get("path") if isinstance(resource, Mapping) else None
        if isinstance(path, str) and path:
            yield path


def _inside(path: str) -> bool:
    """Tell whether a path stays inside the pilot."""
    inner = PurePosixPath(path)
    return not (inner.is_absolute() or ".." in inner.parts or "\\" in path or ":" in path or not inner.parts)


def _links(folder: Path, paths: set[str]) -> set[Path]:
    """Return the paths that are links, also where what they lead to is gone."""
    return {folder / path for path in paths if "*" not in path and (folder / path).is_symlink()}


def _is_data(path: Path) -> bool:
    """Tell whether something may be data: neither a folder, nor hidden, nor a note on the folder."""
    return not path.name.startswith((".", "README")) and (path.is_symlink() or not path.is_dir())


def _forgotten(close: Closing, evidence: Evidence) -> Iterator[Trouble]:
    """Find copies that are neither deleted nor kept."""
    gone = {(one.dataset, one.partner) for one in close.deletions}
    kept = {(one.dataset, one.partner) for one in close.kept if one.dataset}
    accounted = gone | kept
    whole = {dataset for dataset, partner in kept if partner is None}
    some = {dataset for dataset, _ in accounted}
    absent = [
        f"{dataset} at {org}" if org else dataset
        for dataset, org in copies(evidence.holdings, evidence.reclassified)
        if dataset not in whole and not ((dataset, org) in accounted or (not org and dataset in some))
    ]
    if absent:
        reason = f"{CLOSE_FILE} does not say what became of {shorten(absent)}"
        mend = "add it to deletions, or to kept with its dataset and partner; take out a card whose data never came"
        yield Trouble(state="open", reason=reason, mend=mend)


def _registered(close: Closing, evidence: Evidence) -> Iterator[Trouble]:
    """Find an entry in the public register that has no end."""
    listed = [flow.id for flow in evidence.flows if flow.dea_register_id and flow.dea_register_id != "none"]
    if listed and close.dea_register_end is None:
        reason = (
            f"{shorten(listed)} is in the public register of the Digital Economy Act, and {CLOSE_FILE} gives no end"
        )
        yield Trouble(state="open", reason=reason, mend="have the entry ended, and write the day in dea_register_end")
