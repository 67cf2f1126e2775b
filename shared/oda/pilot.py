"""The settings stage: `pilot.yml` read, checked and frozen as a `Pilot`."""

from __future__ import annotations

import datetime as dt
import os
import re
import stat
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from oda.errors import SettingsError

FILE_NAME = "pilot.yml"


def _check_month(value: str) -> str:
    """Return a month written as 2025-04, or raise."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise ValueError(f"{value!r} is not a month; write it as 2025-04")
    return value


def _check_inside(value: str) -> str:
    """Return a path that stays inside the pilot, or raise."""
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value or ":" in value:
        raise ValueError(f"{value!r} leaves the pilot's folder; write a path inside it with forward slashes")
    return value


Month = Annotated[str, AfterValidator(_check_month)]
InnerPath = Annotated[str, AfterValidator(_check_inside)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


class Settings(BaseModel):
    """Base of every settings model: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Lead(Settings):
    """Who leads the pilot: a role and a contact address, never a person's name."""

    role: str = Field(min_length=1)
    contact: str = Field(min_length=3)


class About(Settings):
    """What the pilot is: the answers given when it was made."""

    title: str = Field(min_length=1, max_length=120)
    slug: Slug
    kind: str
    oda: str
    oda_name: str
    start_date: dt.date
    lead: Lead
    licence: str
    template_version: str


class District(Settings):
    """One district: its code, its name, and the month its home visits began, if they did."""

    code: str = Field(pattern=r"^[A-Z]\d{8}$")
    name: str = Field(min_length=1)
    visits_from: Month | None = None

    @property
    def slug(self) -> str:
        """The name as it stands in file names, such as `wyre-forest`."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or self.code.lower()


class Question(Settings):
    """A question put before the data were seen, and the result that answers it."""

    id: Slug
    report: Literal["board", "district"]
    question: str = Field(min_length=5)
    expected: str = Field(min_length=5)
    evidence: str


class PlannedNotebook(Settings):
    """A notebook of the run plan, run once or for each district."""

    notebook: InnerPath
    for_each: Literal["district"] | None = None

    @property
    def name(self) -> str:
        """The notebook's file name without its ending, such as `20-district`."""
        return PurePosixPath(self.notebook).stem


class PlannedReport(Settings):
    """A report document, rendered once or for each district."""

    document: InnerPath
    for_each: Literal["district"] | None = None

    @property
    def name(self) -> str:
        """The document's file name without its ending, such as `board`."""
        return PurePosixPath(self.document).stem


class Disclosure(Settings):
    """Small-number rule: counts from 1 to `hide_below - 1` are hidden, the rest rounded to `round_to`."""

    hide_below: int = Field(ge=1)
    round_to: int = Field(ge=1)


class Pilot(Settings):
    """Everything in `pilot.yml`, and the folder it was found in."""

    pilot: About
    districts: tuple[District, ...] = Field(min_length=1)
    questions: tuple[Question, ...] = Field(min_length=1)
    run: tuple[PlannedNotebook, ...] = Field(min_length=1)
    reports: tuple[PlannedReport, ...] = Field(min_length=1)
    disclosure: Disclosure
    folder: Path = Field(exclude=True)

    @model_validator(mode="after")
    def _check_unique(self) -> Pilot:
        """Refuse districts, questions, notebooks or reports that share a name."""
        for what, values in (
            ("district codes", [d.code for d in self.districts]),
            ("district names", [d.slug for d in self.districts]),
            ("question ids", [q.id for q in self.questions]),
            ("notebook names", [n.name for n in self.run]),
            ("report names", [r.name for r in self.reports]),
        ):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                message = f"{what} must differ, but {', '.join(twice)} stands more than once"
                raise ValueError(message)
        return self

    def district(self, key: str) -> District:
        """Return the district with this code or name.

        Parameters
        ----------
        key
            A code such as `E07000236`, or a name such as `Redditch`.

        Returns
        -------
        District
            The one that matches.

        Raises
        ------
        SettingsError
            When no district of the pilot has that code or name.
        """
        for district in self.districts:
            if key in (district.code, district.name, district.slug):
                return district
        names = ", ".join(f"{d.name} ({d.code})" for d in self.districts)
        message = f"{key!r} is not a district of this pilot. The districts in {FILE_NAME} are: {names}."
        raise SettingsError(message)


def find_folder(start: Path | None = None) -> Path:
    """Return the nearest folder, from `start` upwards, that holds `pilot.yml`.

    Parameters
    ----------
    start
        Where to begin; the working folder when not given.

    Returns
    -------
    Path
        The pilot's folder, absolute.

    Raises
    ------
    SettingsError
        When no folder up to the root of the disk holds one.
    """
    begin = (start or Path.cwd()).resolve()
    for folder in (begin, *begin.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    message = f"No {FILE_NAME} in {begin.name!r} or any folder above it. Go to the pilot's folder first."
    raise SettingsError(message)


def load_pilot(folder: Path | None = None) -> Pilot:
    """Read `pilot.yml` of the pilot that `folder` belongs to.

    Parameters
    ----------
    folder
        The pilot's folder or one inside it; the working folder when not given.

    Returns
    -------
    Pilot
        The checked settings.

    Raises
    ------
    SettingsError
        When there is no `pilot.yml`, or when it is not valid; all faults are named at once.
    """
    home = find_folder(folder)
    try:
        return Pilot.model_validate({**read_yaml(home / FILE_NAME), "folder": home})
    except ValidationError as error:
        raise SettingsError(in_words(FILE_NAME, error)) from error


LONGEST = 1 << 20  # bytes of a settings file: 3,500 districts or questions fit, a bomb does not
DEEPEST, WIDEST = 60, 100  # levels; characters of a number or date, of which longer ones overflow
HARMLESS = 500  # levels that the parser bears on any machine; only a text that might have more is looked through first

_MAP, _SEQUENCE, _TEXT = (f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str"))
_SCALARS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "null", "timestamp"))

# The type of a short plain value, told once: thousands of files say the same.
_tag = lru_cache(maxsize=8192)(partial(yaml.resolver.Resolver().resolve, yaml.ScalarNode, implicit=(True, False)))


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # in C, where it is there
    """Safe YAML that takes plain values only, and refuses a name given twice."""

    descend_resolver = ascend_resolver = staticmethod(lambda *_: None)  # no type of ours depends on the place

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> Any:  # noqa: ANN401  yaml's own signature
        """Tell the type of a value."""
        plain = kind is yaml.ScalarNode and implicit[0] and len(value) < 40
        return _tag(value) if plain else super().resolve(kind, value, implicit)

    def construct_document(self, node: yaml.Node) -> Any:  # noqa: ANN401  whatever the file holds
        """Construct what the file holds, more quickly than by yaml's own general way."""
        if node.tag == _TEXT:
            return node.value
        if node.tag == _MAP and isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if node.tag == _SEQUENCE:
            return [self.construct_document(part) for part in node.value]
        if node.tag in _SCALARS and len(node.value) <= WIDEST:
            return self.construct_object(node)
        what = f"a number or date of {len(node.value):,} characters" if node.tag in _SCALARS else node.tag
        raise yaml.MarkedYAMLError(problem=f"{what} is not a plain value", problem_mark=node.start_mark)

    def _mapping(self, node: yaml.MappingNode) -> dict[Any, Any]:
        """Construct a mapping; refuse a name given twice, or one that is no plain value."""
        made: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a name must be a plain value", problem_mark=key.start_mark)
            name = self.construct_document(key)
            if name in made:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} is given twice", problem_mark=key.start_mark)
            made[name] = self.construct_document(value)
        return made


def _check_shape(text: str) -> None:
    """Refuse aliases, which let a small file grow without bound, and nesting that would exhaust the parser."""
    many = sum(text.count(opening) for opening in ("[", "{", "- ", "? ")) > HARMLESS or len(text) > HARMLESS**2 / 4
    if not many and "*" not in text:
        return
    depth = 0
    for event in yaml.parse(text, _StrictLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
            deep = f"more than {DEEPEST} levels inside one another are not taken"
            problem = deep if depth > DEEPEST else "aliases (*name) are not taken; write the value out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]  # C's mark


def _check_file(about: os.stat_result) -> None:
    """Refuse what is no file before it is opened, as a pipe would be waited for without end, and what is too long."""
    if not stat.S_ISREG(about.st_mode):
        raise ValueError("it is a folder, a pipe or a device; put the file itself there")
    if about.st_size > LONGEST:
        raise ValueError(f"it has {about.st_size:,} bytes, and {LONGEST:,} are taken; split it up")


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Parameters
    ----------
    path
        The file, UTF-8.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    SettingsError
        When it is no plain file, not UTF-8, not YAML, not a mapping, over 1 MB or nested too deeply.
    """
    try:
        _check_file(path.stat())
        text = path.read_text(encoding="utf-8-sig")
        _check_shape(text)
        content = yaml.load(text, _StrictLoader)  # noqa: S506  a safe loader, made stricter
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read: {error.strerror}. Let it be read.") from error
    except (yaml.YAMLError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        message = f"{path.name} cannot be read as YAML: {' '.join(str(error).split())}"
        raise SettingsError(message) from error
    if not isinstance(content, dict):
        message = f"{path.name} must hold names and values, one 'name: value' a line; found {type(content).__name__}."
        raise SettingsError(message)
    return content


def in_words(file: str, error: ValidationError) -> str:
    """Say all faults of a settings file in one sentence each.

    Parameters
    ----------
    file
        The name of the file, for the reader.
    error
        What pydantic found.

    Returns
    -------
    str
        One sentence a fault, each with the place and the value.
    """
    faults = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"]) or "the file"
        value = "" if fault["type"] in {"missing", "value_error"} else f" (found {fault['input']!r:.60})"
        text = fault["msg"].removeprefix("Value error, ")
        faults.append(f"{file}: {place}: {text[0].lower()}{text[1:]}{value}.")
    return "\n".join(faults)
