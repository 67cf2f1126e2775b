"""Files of settings: YAML read strictly, models that are frozen, and what is wrong with one in words."""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from oda.errors import SettingsError


def _check_inside(value: str) -> str:
    """Return a path that stays inside the pilot, or raise."""
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value or ":" in value:
        raise ValueError(f"{value!r} leaves the pilot's folder; write a path inside it with forward slashes")
    return value


InnerPath = Annotated[str, AfterValidator(_check_inside)]
PeriodForm = Literal["month", "quarter", "calendar-year", "financial-year"]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


class Settings(BaseModel):
    """Base of every settings model: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


LONGEST = 1 << 20  # bytes of a settings file: 3,500 districts or questions fit, a bomb does not
DEEPEST, WIDEST = 60, 100  # levels; characters of a number or date, of which longer ones overflow
HARMLESS = 500  # levels that the parser bears on any machine; only a text that might have more is looked through first

_TURNED = re.compile(r"[-+]?(0[0-9_xb]|[0-9_.]+:)")  # 010 is eight to YAML, and 12:30 is 750

_UNREAD = {  # what the parser says, and what a person does about it
    "mapping values are not allowed": "a colon stands within a text; put the text between double quotes",
    "cannot start any token": "a tab, or a sign such as @, begins a value; write spaces, or double quotes",
    "unexpected end of stream": "a quotation mark is not closed; put it where the text ends",
    "expected ',' or": "a bracket is not closed, or a comma is left out",
    "could not find expected ':'": "a name has no colon after it; write 'name: value'",
    "did not find expected": "the line does not fit those above; look at its quotes and the spaces before it",
}

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
            return self._scalar(node)
        what = f"a number or date of {len(node.value):,} characters" if node.tag in _SCALARS else node.tag
        raise yaml.MarkedYAMLError(problem=f"{what} is not a plain value", problem_mark=node.start_mark)

    def _scalar(self, node: yaml.Node) -> Any:  # noqa: ANN401  whatever the value is
        """Construct a plain value; refuse a number that would not be the one that is written."""
        made = self.construct_object(node)
        if type(made) in {int, float} and _TURNED.match(node.value):
            problem = f"{node.value} would be taken for the number {made}; write it between quotes"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return made

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


def read_yaml(path: Path, *, name: str = "") -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Parameters
    ----------
    path
        The file, UTF-8.
    name
        What a message calls it, such as its path in the pilot; its own name when not given.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    SettingsError
        When it is no plain file, not UTF-8, not YAML, not a mapping, over 1 MB or nested too deeply.
    """
    name = name or path.name
    try:
        _check_file(path.stat())
        text = path.read_text(encoding="utf-8-sig")
        _check_shape(text)
        content = yaml.load(text, _StrictLoader)  # noqa: S506  a safe loader, made stricter
    except OSError as error:
        raise SettingsError(f"{name} cannot be read: {error.strerror}. Let it be read.") from error
    except (yaml.YAMLError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        raise SettingsError(f"{name} cannot be read as YAML: {_say_unread(error)}") from error
    if not isinstance(content, dict):
        found = "it is empty" if content is None else "found a list" if isinstance(content, list) else "found a text"
        raise SettingsError(f"{name} must hold names and values, one 'name: value' a line; {found}.")
    return content


def _say_unread(error: Exception) -> str:
    """Say why a text is no YAML, with the line, in words that are not the parser's."""
    mark = getattr(error, "problem_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return " ".join(str(error).split())
    problem = error.problem or str(error.context)
    said = next((words for sign, words in _UNREAD.items() if sign in problem), problem)
    begun = error.context_mark.line + 1 if error.context_mark is not None else mark.line + 1
    since = f" (what begins in line {begun})" if begun < mark.line + 1 else ""
    return f"line {mark.line + 1}{since}: {said}."


def _line_of(path: Path, place: Sequence[str | int]) -> int:
    """Return the line of a file that `read_yaml` took in which a value stands, or as near as there is one."""
    node = yaml.compose(path.read_text(encoding="utf-8-sig"), _StrictLoader)
    line = 1
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            key, node = next(((key, value) for key, value in node.value if key.value == str(part)), (node, None))
            line = key.start_mark.line + 1
    return line


def in_words(file: str, error: ValidationError, *, path: Path | None = None) -> str:
    """Say all faults of a settings file in one sentence each.

    Parameters
    ----------
    file
        The name of the file, for the reader.
    error
        What pydantic found.
    path
        The file that `read_yaml` read, for the line of each fault; no line is named without it.

    Returns
    -------
    str
        One sentence a fault, each with the place and the value.
    """
    faults, found = [], error.errors()
    for fault in found:
        if fault["type"] == "too_short" and any(one["loc"][:-1][: len(fault["loc"])] == fault["loc"] for one in found):
            continue  # what is wrong within it is said, and is why nothing was left
        place = ".".join(str(part) for part in fault["loc"]) or "the file"
        value = "" if fault["type"] in {"missing", "value_error"} else f" (found {fault['input']!r:.60})"
        text = fault["msg"].removeprefix("Value error, ")
        at = "" if path is None else f", line {_line_of(path, fault['loc'])}"
        if path is not None and fault["type"] == "extra_forbidden":
            lacking = [str(one["loc"][-1]) for one in found if one["type"] == "missing"]
            text, value = f"this name is not known here{near(place.rpartition('.')[2], lacking)}", ""
        if fault["type"] == "tuple_type":
            text = "must be a list, each of its parts begun with '- '"
        faults.append(f"{file}{at}: {place}: {text[0].lower()}{text[1:]}{value}.")
    return "\n".join(faults)


def near(name: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    """Ask whether a name that is much like this one was meant.

    Parameters
    ----------
    name
        What was found.
    names
        What there is.

    Returns
    -------
    str
        Between brackets; empty when none is like it.

    Examples
    --------
    >>> near("distirct", ["dataset", "district"])
    " (did you mean 'district'?)"
    """
    close = difflib.get_close_matches(name.lower(), {one.lower(): one for one in names}, n=1, cutoff=0.6)
    return f" (did you mean {next(one for one in names if one.lower() == close[0])!r}?)" if close else ""
