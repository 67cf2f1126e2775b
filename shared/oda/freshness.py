"""Why each task must run, or that an earlier run's products still hold: what it used, hashed as it is now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from oda.datasets import find_dataset
from oda.errors import OdaError
from oda.finding import find_files, hash_dataset
from oda.hashing import ABSENT, hash_field, hash_file, hash_folder, hash_setting, hash_values
from oda.meaning import hash_cells, hash_module
from oda.pilot import Pilot
from oda.places import hash_outside
from oda.plan import as_text
from oda.planning import Task, expand, shared_key, stages, static_key
from oda.synthetic import keep_synthetic

UNKNOWN = "not understood"  # the hash of a name that this version does not know, so never the same
_HASHES = {
    "file": hash_file,
    "made": hash_file,
    "folder": hash_folder,
    "module": hash_module,
    "outside": hash_outside,
}
_ORDER = ("module", "dataset", "file", "folder", "outside", "made", "setting", "districts", "district", "after")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a task must run.

    Attributes
    ----------
    task
        The task.
    cause
        The first reason for which it must run, in words; empty when an earlier record holds.
    reuse
        That record, as it was given; None when the task must run.
    """

    task: Task
    cause: str
    reuse: Mapping[str, Any] | None


def product_hash(records: Iterable[Mapping[str, Any]]) -> str:
    """Return a hash of what the tasks of a notebook have left: their results and outputs.

    Parameters
    ----------
    records
        One of each task, each with its `product`.

    Returns
    -------
    str
        64 hexadecimal digits, whatever the order.
    """
    return hash_values(sorted((record["task"], record.get("product", "")) for record in records))


def present(pilot: Pilot, names: Iterable[str]) -> dict[str, str]:
    """Hash now what a notebook used then.

    Parameters
    ----------
    pilot
        The pilot's settings.
    names
        Such as `dataset falls`, as `oda.tracing` notes them.

    Returns
    -------
    dict
        Hashes by name; `absent` for what is not there any more.
    """

    @cache
    def data(name: str) -> Any:  # noqa: ANN401  a card and its files
        card = find_dataset(pilot, name)
        if card.synthetic is not None:
            keep_synthetic(pilot, card)
        return card, find_files(pilot.folder, card)

    @cache
    def by_district(name: str) -> dict[str, str]:
        from oda.district_rows import hash_districts  # all the ways to read a file, seldom needed

        return hash_districts(pilot, *data(name))

    def one(name: str) -> str:
        kind, _, rest = name.partition(" ")
        if kind == "dataset":
            dataset, _, code = rest.partition(" for ")
            return by_district(dataset).get(code, ABSENT) if code else hash_dataset(*data(dataset))
        return _hash_other(pilot, kind, rest)

    found = {}
    for name in names:
        try:
            found[name] = one(name)
        except OdaError:
            found[name] = ABSENT
    return found


def _hash_other(pilot: Pilot, kind: str, rest: str) -> str:
    """Hash now a module, file, folder, setting or district."""
    if kind in _HASHES:
        return _HASHES[kind](pilot.folder / rest)  # a whole path stays what it is
    if kind == "districts" and not rest:
        return hash_setting(pilot, "districts")
    if kind == "setting" and rest in type(pilot).model_fields:
        return hash_setting(pilot, rest)
    if kind == "district":
        code, _, field = rest.partition(" ")
        here = next((district for district in pilot.districts if district.code == code), None)
        return ABSENT if here is None else hash_field(here, field) if field in type(here).model_fields else UNKNOWN
    return UNKNOWN


def judge(
    pilot: Pilot,
    tasks: Sequence[Task],
    records: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    left: Mapping[str, str] | None = None,
) -> tuple[Verdict, ...]:
    """Say of each task whether it must run, and why.

    Parameters
    ----------
    pilot
        The pilot's settings.
    tasks
        Tasks of its plan.
    records
        What became of each task before, by its name, the newest first.
    left
        What notebooks that have run already have left, by name, as `product_hash` gives it; of the others the records
        tell.

    Returns
    -------
    tuple of Verdict
        One a task, in the same order.

    Raises
    ------
    OdaError
        When a notebook is no notebook, or data that are made up cannot be written.
    """
    return _Judge(pilot, tasks, records, left or {}).verdicts()


class _Judge:
    """One call of `judge`: everything hashed once."""

    def __init__(
        self,
        pilot: Pilot,
        tasks: Sequence[Task],
        records: Mapping[str, Sequence[Mapping[str, Any]]],
        left: Mapping[str, str],
    ) -> None:
        """Hash what the tasks share, and what any record that may hold used."""
        self.pilot, self.tasks, self.records, self.left = pilot, tasks, records, dict(left)
        self.shared = shared_key(pilot)
        self.keys = {task.name: static_key(task, self.shared) for task in self._all()}
        alike = [one for name, key in self.keys.items() for one in records.get(name, ()) if _same(one.get("key"), key)]
        names = {name for one in alike for name in one.get("uses") or () if not name.startswith("after ")}
        self.now = present(pilot, sorted(names))

    def _all(self) -> tuple[Task, ...]:
        """Return the tasks with those of the notebooks that they come after, directly or not."""
        named = {task.planned.name for task in self.tasks}
        wanted, more = set(named), set(named)
        plan = {planned.name: planned for planned in self.pilot.run}
        while more:
            more = {other for name in more for other in plan[name].after if other not in self.left} - wanted
            wanted |= more
        others = [task for name in wanted - named for task in expand(self.pilot, plan[name])]
        return (*others, *self.tasks)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Judge the tasks in the order in which they would run."""
        found: dict[str, Verdict] = {}
        for stage in stages(self._all()):
            for task in stage:
                found[task.name] = self._verdict(task)
            for name in {task.planned.name for task in stage}:
                self._leave([one for one in found.values() if one.task.planned.name == name])
        return tuple(found[task.name] for task in self.tasks)

    def _leave(self, verdicts: Sequence[Verdict]) -> None:
        """Keep what a notebook has left, which is nothing when any of its tasks must run."""
        reused = [verdict.reuse for verdict in verdicts if verdict.reuse is not None]
        whole = len(reused) == len(verdicts)
        self.left.setdefault(verdicts[0].task.planned.name, product_hash(reused) if whole else "")

    def _verdict(self, task: Task) -> Verdict:
        """Find a record that holds wholly, or say what is wrong with the newest."""
        records = self.records.get(task.name, ())
        for record in records:
            if not record.get("error") and not self._cause(task, record):
                return Verdict(task=task, cause="", reuse=record)
        if not records:
            return Verdict(task=task, cause="never run", reuse=None)
        cause = "failed last time" if records[0].get("error") else self._cause(task, records[0])
        return Verdict(task=task, cause=cause, reuse=None)

    def _cause(self, task: Task, record: Mapping[str, Any]) -> str:
        """Say the first thing that is not as a record has it."""
        key, uses = record.get("key"), record.get("uses")
        if not isinstance(key, Mapping) or not isinstance(uses, Mapping):
            return "what it used then is not known"
        return self._static(task, key) or self._used(task, uses)

    def _static(self, task: Task, then: Mapping[str, Any]) -> str:
        """Say the first part of the key that is another now."""
        now = self.keys[task.name]
        for name in ("lock", "oda"):
            if then.get(name) != now[name]:
                return f"{name} changed"
        if said := _parameter(then, now):
            return said
        if not _same(then.get("cells"), now["cells"]):
            return _cell(then.get("cells") or [], hash_cells(self.pilot.folder / task.planned.notebook))
        return "" if _same(then.get("outputs"), now["outputs"]) else "declared outputs changed"

    def _used(self, task: Task, then: Mapping[str, str]) -> str:
        """Say the first thing that was used and is another now, or the notebook that comes before and will run."""
        changed = [name for name in then if not name.startswith("after ") and then[name] != self.now[name]]
        if changed:
            return self._say(min(changed, key=lambda name: (_rank(name), name)))
        for name in task.planned.after:
            if then.get(f"after {name}") != self.left[name]:
                return f"follows {name}"
        return ""

    def _say(self, name: str) -> str:
        """Say that something that was used has changed."""
        kind, _, rest = name.partition(" ")
        places = {district.code: district.name for district in self.pilot.districts}
        if kind == "dataset":
            dataset, _, code = rest.partition(" for ")
            return f"data: dataset {dataset} changed" + (f" for {places.get(code, code)}" if code else "")
        if kind == "district":
            code, _, field = rest.partition(" ")
            return f"district {places.get(code, code)}: {field} changed"
        if kind == "made":
            return f"file {rest}, which it wrote, is no longer as it was"
        if kind == "outside":
            return f"file {rest} outside the pilot changed"
        return "the list of districts changed" if kind == "districts" else f"{name} changed"


def _rank(name: str) -> int:
    """Return the place of a name among the causes, the plainest first."""
    kind = name.partition(" ")[0]
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _same(one: object, other: object) -> bool:
    """Tell whether two plain values are the same and of the same types: 1, 1.0 and true are not."""
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)


def _parameter(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say the first parameter that has another value now, whether the plan gives it or the notebook; else nothing."""
    if all(_same(then.get(name), now[name]) for name in ("parameters", "defaults")):
        return ""
    before, after = ({**(key.get("defaults") or {}), **(key.get("parameters") or {})} for key in (then, now))
    for name in [*after, *(name for name in before if name not in after)]:
        if name not in before:
            return f"parameter {name}: {as_text(after[name])} is new"
        if name not in after:
            return f"parameter {name}: {as_text(before[name])} is gone"
        if not _same(before[name], after[name]):
            return f"parameter {name}: {as_text(before[name])} is now {as_text(after[name])}"
    if _same(then.get("parameters"), now["parameters"]):
        return ""
    return "pilot.yml gives other parameters, though of the same values"


def _cell(then: Sequence[str], now: Sequence[tuple[int, str]]) -> str:
    """Say which cell is the first that is not as it was, as JupyterLab's reader counts them."""
    hashes = [digits for _, digits in now]
    place = next((at for at, pair in enumerate(zip(then, hashes, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(then), len(hashes)) if place is None else place
    if len(hashes) > len(then) and hashes[at + 1 :] == list(then[at : at + len(hashes) - at - 1]):
        return f"cell {now[at][0]} is new"
    if len(hashes) < len(then) and list(then[at + 1 :]) == hashes[at:]:
        return f"a cell after cell {now[at - 1][0]} was taken out" if at else "the first cell of code was taken out"
    number = now[at][0] if at < len(now) else now[-1][0] if now else 1
    return f"cell {number} changed"
