"""Drafts of files that are written when their item comes up: each field that is wanted, with a TODO in words."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from oda.errors import COMMAND, SettingsError
from oda.governance.classes import FREE_CLASSES
from oda.governance.closing_checks import copies, organisations
from oda.governance.draft_words import Known, said, shape, wanted
from oda.governance.files import KINDS
from oda.governance.files.agreements import Agreement
from oda.governance.files.base import FileKind
from oda.governance.files.folder import CARDS, Holdings, read_folder
from oda.governance.files.outputs import RELEASES
from oda.governance.files.quality import quality_questions
from oda.governance.files.schemas import schema_name

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
OF_WINDOWS = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")  # names that no file there can have
LONGEST = 80
FORMS = {"flows": "flows/ID", "dsa": "dsa/ID"}
# What a model can do without, and an item of the checklist asks for.
ASKED = frozenset(
    {
        *("mode", "review_by", "flags", "environment", "incident", "assurance"),
        *("type", "decided_by", "art9", "sch1", "policy_document", "art10", "le_part3", "method_tested_on", "dsa"),
    }
)

Given = Mapping[str, Any]


def write_draft(folder: Path, name: str) -> Path:
    """Write a file of `governance/` that is not there yet, with a TODO for each field that is wanted.

    What is known is filled in: ids, and organisations and datasets where there is one alone.

    Parameters
    ----------
    folder
        The pilot's folder.
    name
        Such as `close`, `model/plan` or `flows/gp-to-fire`.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    SettingsError
        When no file has that name, when it is there already, or when its folder is a link.
    """
    kind, place = _find(name)
    path = folder / place
    for one in (path.parent, path.parent.parent):
        if one != folder and one.is_symlink():
            message = f"{one.relative_to(folder).as_posix()} is a link. Put a folder there."
            raise SettingsError(message)
    if os.path.lexists(path):
        message = f"{place} is there already, and nothing is written over. Open it and go on from there."
        raise SettingsError(message)
    text = _draft(kind, place, read_folder(folder))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return path


def draft_names() -> tuple[str, ...]:
    """List what can be drafted.

    Returns
    -------
    tuple of str
        Such as `close`; `flows/ID` stands for any id.

    Examples
    --------
    >>> [name for name in draft_names() if "/ID" in name]
    ['flows/ID', 'dsa/ID']
    """
    return tuple(_name(kind) for kind in KINDS if not kind.pattern.startswith(RELEASES))


def draft_name(path: str) -> str:
    """Return the name by which a file is drafted.

    Parameters
    ----------
    path
        A path or pattern of the checklist.

    Returns
    -------
    str
        Nothing where it is not drafted.

    Examples
    --------
    >>> draft_name("governance/close.yml")
    'close'
    >>> draft_name("governance/flows/*.yml")
    'flows/ID'
    """
    return next((_name(kind) for kind in KINDS if kind.pattern == path and _name(kind) in draft_names()), "")


def _name(kind: FileKind) -> str:
    """Return the name by which a kind of file is drafted."""
    return kind.pattern.removeprefix("governance/").removesuffix(".yml").replace("*", "ID")


def _find(name: str) -> tuple[FileKind, str]:
    """Return the kind and the place of a file by its name; a release is made by another command."""
    short = name.replace("\\", "/").removeprefix("governance/").removesuffix(".yml")
    folder, _, stem = short.rpartition("/")
    if folder == PurePosixPath(RELEASES).name:
        message = f"{name} lists pages that are made by the software. Make it with {COMMAND} release"
        raise SettingsError(message)
    for kind in KINDS:
        known = _name(kind)
        if known == FORMS.get(folder) and stem != "ID":
            _check_id(stem)
        elif known != short or "ID" in known:
            continue
        return kind, f"governance/{short}.yml"
    message = f"No file {name!r} can be drafted. There are: {', '.join(draft_names())}."
    raise SettingsError(message)


def _check_id(stem: str) -> None:
    """Refuse a name that is no id, or that Windows takes for a device."""
    if not ID.fullmatch(stem) or OF_WINDOWS.fullmatch(stem) or len(stem) > LONGEST:
        message = f"{stem!r} is no id. Write small letters, digits and hyphens, such as gp-to-fire."
        raise SettingsError(message)


def _draft(kind: FileKind, place: str, holdings: Holdings) -> str:
    """Return the text of a draft."""
    up = "../" * (place.count("/") - 1)
    cards = {PurePosixPath(held.place).stem: held.raw for held in holdings.matching(CARDS)}
    known = Known(organisations=organisations(holdings), datasets=tuple(cards))
    head = (
        f"# yaml-language-server: $schema={up}schema/{schema_name(kind.pattern)}.json\n"
        f"# {kind.title}. TODO marks what people decide; your answer takes its place.\n"
    )
    given = _given(place, holdings, cards)
    return head + "".join(f"{line}\n" for line in _block(kind.model, given, known))


def _given(place: str, holdings: Holdings, cards: Mapping[str, Any]) -> Given:
    """Return what is known of a file, by its fields."""
    folder, stem = PurePosixPath(place).parent.name, PurePosixPath(place).stem
    classes = {name: _class(card) for name, card in cards.items()}
    personal = [name for name, kind in classes.items() if kind not in FREE_CLASSES]
    made_up = [name for name, kind in classes.items() if kind == "synthetic"]
    orgs = organisations(holdings)
    agreements = [one.id for one in holdings.contents(Agreement)]
    known: dict[str, Given] = {
        "close": {
            "deletions": [{"dataset": name, **({"partner": org} if org else {})} for name, org in copies(holdings)]
        },
        "linkage": {"datasets": personal},
        "card": {"training": {"dataset": personal[0]}} if len(personal) == 1 else {},
        "report": {
            **({"source_dataset": personal[0]} if len(personal) == 1 else {}),
            **({"synthetic_dataset": made_up[0]} if len(made_up) == 1 else {}),
        },
        "partners": {"partners": [{"id": org} for org in orgs]},
        "questions": {
            "answers": {key: text for one in quality_questions().values() for key, text in one.questions.items()}
        },
    }
    if folder == "flows":
        return {"id": stem, **({"dsa": agreements[0]} if len(agreements) == 1 else {})}
    if folder == "dsa":
        return {"id": stem, "parties": [{"org": org} for org in orgs], "assurance": [{"org": org} for org in orgs]}
    return known.get(stem, {})


def _class(card: object) -> str:
    """Return the class that a card gives; nothing where it gives none."""
    custody = card.get("x-ig") if isinstance(card, Mapping) else None
    return str(custody.get("class")) if isinstance(custody, Mapping) else ""


def _block(model: type[BaseModel], given: Given, known: Known) -> Iterator[str]:
    """Yield the lines of a model's fields; what may be left out is named in a comment."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    required = {name for name, field in fields.items() if field.is_required() or name in ASKED or name in given}
    for name, field in fields.items():
        if name in required or not required:  # a block of which nothing is required is asked for as a whole
            yield from _field(name, field, given.get(name), known)
    left_out = [name for name in fields if required and name not in required]
    if left_out:
        yield f"# Where it applies, also: {', '.join(left_out)}"


def _field(name: str, field: FieldInfo, given: Any, known: Known) -> Iterator[str]:  # noqa: ANN401  a field holds anything
    """Yield the lines of one field."""
    found = shape(field)
    if found.kind in {"block", "blocks"} or said(field) not in wanted(name, field, known):
        yield from _comment(said(field) or (found.inner.__doc__ or "").partition("\n")[0])
    if found.kind in {"values", "blocks"} and not any(hasattr(one, "min_length") for one in field.metadata):
        yield f"# None? Write {name}: []"
    if found.kind == "block":
        yield f"{name}:"
        yield from _indented(_block(found.inner, given or {}, known))
    elif found.kind == "blocks":
        yield f"{name}:"
        for one in _enough(given, {}, field):
            first, *rest = _indented(_block(found.inner, one, known), "    ")
            yield from [f"  - {first.lstrip()}", *rest]
    elif found.kind == "named":
        yield f"{name}:"
        yield from (line for key, text in (given or {}).items() for line in (f"  # {text}", f"  {key}: TODO"))
    elif found.kind == "values":
        values = _enough(given, wanted(name, field, known), field)
        yield f"{name}: [{', '.join(map(_scalar, values))}]"
    else:
        yield f"{_scalar(name)}: {_scalar(given or wanted(name, field, known))}"


def _enough(given: Any, empty: Any, field: FieldInfo) -> list[Any]:  # noqa: ANN401  as above
    """Return what is known of a list, with as many to fill in as it needs at least."""
    least = max((getattr(one, "min_length", 0) for one in field.metadata), default=0)
    return [*(given or []), *[empty] * (max(least, 1) - len(given or []))]


def _comment(text: str) -> Iterator[str]:
    """Yield a comment, where there is something to say."""
    if text:
        yield f"# {text}"


def _indented(lines: Iterator[str], by: str = "  ") -> Iterator[str]:
    """Yield lines further to the right."""
    for line in lines:
        yield f"{by}{line}"


def _scalar(value: str) -> str:
    """Return a text as YAML: in quotation marks unless it reads back as it stands."""
    plain = ID.fullmatch(value.replace("_", "-")) and yaml.safe_load(value) == value
    return value if plain else json.dumps(value, ensure_ascii=False)
