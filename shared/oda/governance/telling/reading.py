"""Content of a file that is read out: what has been said of it is known, so that nothing is left unsaid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oda.governance.files.base import TODO

STILL_TO_DO = "still to do"
NOT_STATED = "not stated"
LONG = 30  # characters from which an entry of a list reads as a sentence
DEEPEST = 12  # levels of a value that are read out; no file that is valid has more than five

Path = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One thing that a page says.

    Attributes
    ----------
    about
        What it belongs to, as it is called where there is no room for it.
    text
        The words, on any number of lines.
    heading
        What stands above the first of its kind; empty for a line that stands alone.
    """

    about: str
    text: str
    heading: str = ""


def words(value: object, names: Mapping[str, str] | None = None, depth: int = 0) -> str:
    r"""Write a value as people read it, on one line.

    Parameters
    ----------
    value
        What YAML or CSV holds.
    names
        The words for values that are codes.
    depth
        How deep in other values it stands.

    Returns
    -------
    str
        Without characters that a screen does not show, so that no text can hide or forge what is signed.

    Examples
    --------
    >>> words(["nhs_number", True, None]), words("TODO: ask"), words("a\x1b[2K")
    ('nhs number, yes, not stated', 'still to do', 'a\\x1b[2K')
    """
    if isinstance(value, str):
        return _text(value, names or {})
    if isinstance(value, Mapping | list | tuple):
        return _several(value, names, depth + 1) if depth <= DEEPEST else "more, nested too deeply to be shown"
    return _single(value)


def _several(value: Mapping[Any, Any] | Sequence[Any], names: Mapping[str, str] | None, depth: int) -> str:
    """Write named values, or a list: with semicolons where an entry is a sentence or holds a comma."""
    if isinstance(value, Mapping):
        return "; ".join(f"{words(k)}: {words(v, names, depth)}" for k, v in value.items()) or "none"
    each = [words(one, names, depth) for one in value]
    between = "; " if any("," in one or len(one) > LONG for one in each) else ", "
    return between.join(one.removesuffix(".") for one in each) or "none"


def _single(value: object) -> str:
    """Write a yes or no, a day, a number or nothing."""
    if value is None or isinstance(value, bool):
        return {None: NOT_STATED, True: "yes", False: "no"}[value]
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, dt.date):
        return f"{value.day} {value:%B} {value.year}"
    return _number(value)


def _text(value: str, names: Mapping[str, str]) -> str:
    """Write a text on one line; a code of several words without its underscores."""
    if value in names:
        return names[value]
    if TODO.search(value):
        return STILL_TO_DO
    line = "".join(one if one.isprintable() else _shown(one) for one in value)
    plain = " ".join(line.split()) or "empty"
    return plain.replace("_", " ") if plain.isidentifier() else plain


def _shown(character: str) -> str:
    """Return a blank for any white space, and the code of what else cannot be seen."""
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")


def _number(value: object) -> str:
    """Write a number; one too long to be written in tens in its hexadecimal form."""
    try:
        return str(value)
    except ValueError:
        return f"{value:#x}"


def ended(text: str) -> str:
    """Return a text with one full stop, or with the mark that ends it.

    Parameters
    ----------
    text
        A sentence, or some words.

    Returns
    -------
    str
        Ready for the next sentence.

    Examples
    --------
    >>> ended("Agreed."), ended("agreed"), ended("Is it?")
    ('Agreed.', 'agreed.', 'Is it?')
    """
    return text if text.endswith((".", "?", "!")) else f"{text}."


class Reading:
    """What an item is about in one file, read out bit by bit.

    Parameters
    ----------
    content
        The file's content.
    place
        Its path inside the pilot.
    parts
        The dotted paths that the item is about; the whole where there are none.

    Examples
    --------
    >>> reading = Reading({"power": {"act": "An Act"}, "volume": 3}, parts=["power.act"])
    >>> reading.say("power", "act"), list(reading.rest())
    ('An Act', [])
    """

    def __init__(self, content: Any, *, place: str = "", parts: Sequence[str] = ()) -> None:  # noqa: ANN401  plain content of any kind
        self.place = place
        self.content = _within(content, [part.split(".") for part in parts])
        steps = [part.split(".") for part in parts]
        self._parts = {".".join(one[:length]) for one in steps for length in range(1, len(one) + 1)}
        self._wholes = frozenset(parts)
        self._told: set[Path] = set()
        self._at: Path = ()

    def of(self, *path: object) -> Reading:
        """Return what stands at a place, to be read out by itself.

        Parameters
        ----------
        *path
            The names and numbers that lead there.

        Returns
        -------
        Reading
            What is said of it is said of the whole.
        """
        inner = Reading(self.value(*path), place=self.place)
        inner._told, inner._at = self._told, (*self._at, *path)
        return inner

    def asks(self, part: str) -> bool:
        """Tell whether the item is about a part of the file, or about something inside it.

        Parameters
        ----------
        part
            Its dotted path.

        Returns
        -------
        bool
            True for each part where it is about the whole file.
        """
        steps = part.split(".")
        above = {".".join(steps[:length]) for length in range(1, len(steps))}
        return not self._parts or part in self._parts or bool(above & self._wholes)

    def value(self, *path: object) -> Any:  # noqa: ANN401  as above
        """Return the value at a place, which counts as not said yet.

        Parameters
        ----------
        *path
            The names and numbers that lead there.

        Returns
        -------
        plain content
            Nothing where nothing stands there.
        """
        value = self.content
        for step in path:
            if isinstance(value, Mapping):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int):
                value = value[step] if step < len(value) else None
            else:
                return None
        return value

    def say(self, *path: object, names: Mapping[str, str] | None = None) -> str:
        """Read out the value at a place.

        Parameters
        ----------
        *path
            The names and numbers that lead there.
        names
            The words for values that are codes.

        Returns
        -------
        str
            `not stated` where nothing stands there.
        """
        self._told.add((*self._at, *path))
        value = self.value(*path)
        return NOT_STATED if value == "" else words(value, names)

    def entries(self, *path: object) -> tuple[Reading, ...]:
        """Return the entries of a list that have names and values.

        Parameters
        ----------
        *path
            The names that lead to the list.

        Returns
        -------
        tuple of Reading
            Each entry, in order; others are left unsaid.
        """
        value = self.value(*path)
        rows = value if isinstance(value, list) else []
        return tuple(self.of(*path, number) for number, row in enumerate(rows) if isinstance(row, Mapping))

    def named(self, *path: object) -> Iterator[tuple[Any, Reading]]:
        """Yield what stands under each name at a place.

        Parameters
        ----------
        *path
            The names that lead there.

        Yields
        ------
        tuple of name and Reading
            In the order of the file; nothing where no names stand there.
        """
        value = self.value(*path)
        for name in value if isinstance(value, Mapping) else ():
            yield name, self.of(*path, name)

    def rest(self) -> Iterator[tuple[str, str]]:
        """Yield what is there and has not been said.

        Yields
        ------
        tuple of str and str
            Where it stands, and the value; what is empty needs no words.
        """
        waiting: list[tuple[Path, Any]] = [(self._at, self.content)]
        while waiting:
            path, value = waiting.pop()
            if path in self._told:
                continue
            if isinstance(value, Mapping) and value:
                waiting += [((*path, key), one) for key, one in reversed(list(value.items()))]
            elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
                waiting += [((*path, number), one) for number, one in reversed(list(enumerate(value)))]
            elif path and value is not None and value != "":
                yield ", ".join(map(_step, path)), words(value)


def _step(step: object) -> str:
    """Name one step of a path; entries of a list are counted from one."""
    return str(step + 1) if type(step) is int else words(step)


def _within(content: Any, paths: Sequence[Sequence[str]]) -> Any:  # noqa: ANN401  as above
    """Return content with only what stands at the paths; they go through each entry of a list."""
    if not paths or not all(paths):
        return content
    if isinstance(content, list):
        return [_within(one, paths) for one in content]
    if not isinstance(content, Mapping):
        return None
    roots = {path[0] for path in paths}
    return {
        key: _within(one, [path[1:] for path in paths if path[0] == key])
        for key, one in content.items()
        if isinstance(key, str) and key in roots
    }
