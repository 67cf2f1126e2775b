"""The checklist as data: `checklist.yml` read, checked and frozen as a `Checklist`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from oda.errors import COMMAND, GateError, SettingsError
from oda.governance.canonical import digest
from oda.governance.files.project import Flags
from oda.pilot import FILE_NAME, InnerPath, Settings, in_words, read_yaml

CHECKLIST_FILE = Path(__file__).with_name("checklist.yml")
MACHINE = "machine"

GateName = Literal["load", "link", "train", "act", "publish", "close"]
Safe = Literal["project", "people", "settings", "data", "output"]

GATES: tuple[GateName, ...] = get_args(GateName)


class Gate(Settings):
    """What a gate guards, whether it guards personal data only, and the flag without which it stays shut."""

    title: str
    personal: bool = False
    planned: str = ""


class Condition(Settings):
    """When an item is needed, as a question to the flags of the pilot."""

    title: str
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    screening: bool = False

    @model_validator(mode="after")
    def _check_flags(self) -> Self:
        """Refuse a flag that no pilot can answer."""
        unknown = sorted({*self.any_of, *self.none_of} - set(Flags.model_fields))
        if unknown:
            message = f"{', '.join(unknown)} is not a flag of a pilot; the flags are {', '.join(Flags.model_fields)}"
            raise ValueError(message)
        return self

    def ruled_out_by(self, flags: Flags) -> str:
        """Return the answers that make an item unnecessary, or an empty text.

        Only answers that were given can rule an item out: silence means that it is needed.

        Parameters
        ----------
        flags
            The answers of the pilot.

        Returns
        -------
        str
            Such as `linkage: false`; empty when the item is needed.

        Examples
        --------
        >>> Condition(title="linked", any_of=("linkage",)).ruled_out_by(Flags(linkage=False))
        'linkage: false'
        >>> Condition(title="linked", any_of=("linkage",)).ruled_out_by(Flags())
        ''
        """
        if self.any_of and all(flags.answer(flag) is False for flag in self.any_of):
            return ", ".join(f"{flag}: false" for flag in self.any_of)
        return next((f"{flag}: true" for flag in self.none_of if flags.answer(flag) is True), "")

    def unanswered(self, flags: Flags) -> tuple[str, ...]:
        """Return the flags of this condition that the pilot has not answered.

        Parameters
        ----------
        flags
            The answers of the pilot.

        Returns
        -------
        tuple of str
            Their names, in the order of the condition.

        Examples
        --------
        >>> Condition(title="linked", any_of=("linkage",)).unanswered(Flags())
        ('linkage',)
        """
        return tuple(flag for flag in (*self.any_of, *self.none_of) if flags.answer(flag) is None)


class Subject(Settings):
    """The file or files that a sign-off is about, and the parts of each where it is not the whole."""

    path: InnerPath
    parts: tuple[str, ...] = ()


class Item(Settings):
    """One item: what must be true, who signs it and what that says, what is signed, and which gates wait for it."""

    id: str = Field(pattern=r"^[A-Z]\d{2}$")
    safe: Safe
    title: str = Field(min_length=10, max_length=110)
    confirm: str = Field(min_length=20, max_length=220)
    minutes: int = Field(ge=1, le=240)
    signs: tuple[str, ...] = Field(min_length=1)
    per_controller: bool = False
    subjects: tuple[Subject, ...]
    when: str
    after: tuple[str, ...] = ()
    never_na: bool = False
    gates: tuple[GateName, ...] = Field(min_length=1)
    valid_days: int = Field(default=365, ge=1)
    source: str = Field(min_length=5)

    @property
    def by_machine(self) -> bool:
        """Whether the item is computed, not signed."""
        return MACHINE in self.signs

    @model_validator(mode="after")
    def _check_signers(self) -> Self:
        """Refuse an item that is both computed and signed, or signed about nothing."""
        if self.by_machine and len(self.signs) > 1:
            message = "an item is computed by the machine or signed by people, not both"
            raise ValueError(message)
        if not self.by_machine and not self.subjects:
            message = "an item that people sign needs a subject: the file that they sign"
            raise ValueError(message)
        paths = [subject.path for subject in self.subjects]
        if len(set(paths)) < len(paths):
            message = "a subject names each path once; list all its parts there"
            raise ValueError(message)
        return self


class Checklist(Settings):
    """All items of one version, and the words for gates, roles and conditions."""

    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    gates: dict[GateName, Gate]
    roles: dict[str, str]
    conditions: dict[str, Condition]
    items: tuple[Item, ...] = Field(min_length=1)
    sha256: str = Field(default="", exclude=True)

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        """Refuse an id used twice, an unknown role or condition, and a gate with no words."""
        ids = [item.id for item in self.items]
        faults = [f"item {twice} stands more than once" for twice in sorted({i for i in ids if ids.count(i) > 1})]
        faults += [f"gate {gate} has no title" for gate in GATES if gate not in self.gates]
        for item in self.items:
            faults += [f"item {item.id}: {role!r} is not a role" for role in item.signs if role not in self.roles]
            faults += [f"item {item.id}: {other!r} is not an item" for other in item.after if other not in ids]
            if item.when not in self.conditions:
                faults.append(f"item {item.id}: {item.when!r} is not a condition")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @cached_property
    def personal_gates(self) -> frozenset[GateName]:
        """The gates that a pilot without personal data passes."""
        return frozenset(name for name, gate in self.gates.items() if gate.personal)

    def item(self, key: str) -> Item:
        """Return the item of an id.

        Parameters
        ----------
        key
            Such as `P01`, in any case.

        Returns
        -------
        Item
            The item.

        Raises
        ------
        GateError
            When the checklist has no such item.
        """
        for item in self.items:
            if item.id == key.upper():
                return item
        message = f"{key!r} is not an item of the checklist {self.version}. {COMMAND} check lists them."
        raise GateError(message)

    def item_sha256(self, item: Item) -> str:
        """Return the hash of all that an item asks for, with its condition.

        Parameters
        ----------
        item
            An item of this checklist.

        Returns
        -------
        str
            64 hexadecimal digits.
        """
        return digest([item.model_dump(mode="json"), self.conditions[item.when].model_dump(mode="json")])

    def signers(self, item: Item) -> str:
        """Say who signs an item, by role.

        Parameters
        ----------
        item
            An item of this checklist.

        Returns
        -------
        str
            Such as `senior responsible owner`.

        Examples
        --------
        >>> checklist = load_checklist()
        >>> checklist.signers(checklist.items[0])
        'senior responsible owner'
        """
        roles = " and ".join(self.roles[role] for role in item.signs)
        return f"{roles} of every controller" if item.per_controller else roles


class OwnItems(Settings):
    """Items that a pilot adds, in `governance/checklist.yml`; what the checklist has can only be added to."""

    items: tuple[Item, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_own(self) -> Self:
        """Refuse an id that is not a pilot's own, and an item that claims to be computed."""
        for item in self.items:
            if not item.id.startswith("X"):
                message = f"item {item.id}: a pilot's own items have ids from X01 to X99"
                raise ValueError(message)
            if item.by_machine:
                message = f"item {item.id}: a pilot's own items are signed by people"
                raise ValueError(message)
            if away := [s.path for s in item.subjects if not s.path.startswith("governance/") and s.path != FILE_NAME]:
                message = f"item {item.id}: {', '.join(map(repr, away))} is not in governance/, where signed files lie"
                raise ValueError(message)
        return self


def load_checklist(path: Path = CHECKLIST_FILE, *, own: Path | None = None) -> Checklist:
    """Read the checklist that this version of the package holds, and the items that a pilot adds.

    Parameters
    ----------
    path
        Another file of the same form.
    own
        The pilot's own `governance/checklist.yml`, where there is one.

    Returns
    -------
    Checklist
        The checked items; its hash is that of the catalogue alone.

    Raises
    ------
    SettingsError
        When a file is not valid; all faults are named at once.

    Examples
    --------
    >>> len(load_checklist().items)
    39
    """
    raw = read_yaml(path)
    if own is not None and own.is_symlink():
        message = "governance/checklist.yml is a link to another place. Put the file itself there."
        raise SettingsError(message)
    added = read_yaml(own) if own is not None and own.exists() else None
    try:
        mine = OwnItems.model_validate(added).items if added is not None else ()
        checklist = Checklist.model_validate(raw)
        whole = {**raw, "items": (*checklist.items, *mine), "sha256": digest(raw)}
        return Checklist.model_validate(whole)
    except ValidationError as error:
        name = path.name if own is None else "the checklist with governance/checklist.yml"
        raise SettingsError(in_words(name, error)) from error
