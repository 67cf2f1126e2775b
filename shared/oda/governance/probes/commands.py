"""Lines for a shell, for IPython or in another language: the words in them that lead to data, or to code not seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oda.governance.probes.patterns import GUARDED, SIGNS, Ground, leads_to_data, reach
from oda.governance.probes.spelling import UNKNOWN, normalise
from oda.governance.probes.walking import PYTHON, SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = re.compile(r"&&|\|\|?|[;\n]")
WORD = re.compile(r"[\s'\"()<>,=`&]+")
VARIABLE = re.compile(r"\$\w+|\$?\{[^{}]*\}|\$[@*]|%\w+%")
HARMLESS = frozenset({"pip", "echo", "pwd", "ls", "dir", "mkdir", "oda", "quarto", "matplotlib", "time", "timeit"})
MOVING = frozenset({"cd", "pushd", "chdir", "set-location"})
TAKING = frozenset(
    {"find", "cp", "mv", "tar", "zip", "rsync", "grep", "rg", "xcopy", "robocopy", "copy", "move", "cat"}
)
MOST_LINES = 2000  # whose words are looked at
LONGEST = 20_000  # characters of a line whose words are looked at


def judge_lines(text: str, file: Path, ground: Ground, *, command: bool = True) -> Iterator[tuple[str, bool]]:
    """Judge the words of commands by where they lead.

    Parameters
    ----------
    text
        One or more lines.
    file
        The file in which they stand.
    ground
        Where the guarded files lie.
    command
        Whether this is for a shell, so that a variable may be the name of a file.

    Yields
    ------
    tuple of str and bool
        A word, and whether it surely leads to data, or may.
    """
    lines = dict.fromkeys(text.split("\n"))
    if len(lines) > MOST_LINES:
        yield "too many lines", False
    for number, line in enumerate(lines):
        if line.lstrip().startswith("#"):
            continue
        if found := GUARDED.search(normalise(line)):
            yield found[0], True
        if len(line) > LONGEST:
            yield "a long line", False
        elif number < MOST_LINES:
            for part in COMMAND.split(line):
                yield from _judge(part, file, ground, command=command)


def runs_elsewhere(text: str, file: Path, ground: Ground) -> Iterator[str]:
    """Yield what commands run that is not looked through.

    Parameters
    ----------
    text
        One or more lines.
    file
        The file in which they stand.
    ground
        Which code is looked through.

    Yields
    ------
    str
        The name of a script, as it is written.
    """
    for line in list(dict.fromkeys(text.split("\n")))[:MOST_LINES]:
        words = _words(line[:LONGEST])
        run = bool(words) and words[0] == "run" and line.lstrip().startswith("%")
        targets = [word for word in words[1:] if not word.startswith("-")]
        for word in targets[:1] if run else targets:
            if (run or word.endswith(PYTHON + SCRIPTS)) and not is_looked_through(word, file, ground):
                yield word


def is_looked_through(word: str, file: Path, ground: Ground) -> bool:
    """Tell whether a script is among the code of the pilot that is looked through.

    Parameters
    ----------
    word
        Its name as it is written.
    file
        The file of code that names it.
    ground
        Which code is looked through.

    Returns
    -------
    bool
        False for a file outside the pilot, for other kinds of file, and for a name that is not known.
    """
    home = ground.folder.resolve()
    if UNKNOWN in word or SIGNS.search(word) or VARIABLE.search(word):
        return False
    for start in (file.parent, home):
        for suffix in ("", ".py", ".ipynb"):
            place = (start / f"{word}{suffix}").resolve()
            if place.is_relative_to(home) and place.relative_to(home).as_posix().lower() in ground.sources:
                return True
    return False


def _words(part: str) -> list[str]:
    """Split a command into words, in one way of writing, without the sign of IPython."""
    line = re.sub(r"[\\/]+", "/", part).lower().lstrip(" \t!%@")
    return [word for word in WORD.split(line) if word]


def _judge(part: str, file: Path, ground: Ground, *, command: bool) -> Iterator[tuple[str, bool]]:
    """Judge the words of one command."""
    words = _words(part)
    first = words[0] if words else ""
    harmless = first in HARMLESS and "$(" not in part and "`" not in part
    for word in words:
        named = "/" in word or word.startswith(".") or first in MOVING | TAKING
        if named and leads_to_data(word, file, ground):
            yield word, True
        elif (
            word.strip("/").endswith("..")
            and leads_to_data(word, file, ground, above=True)
            and not (harmless or first in MOVING)
        ):
            yield word, False
        else:
            yield from _judge_pattern(word, file, ground, variables=command and not harmless)


def _judge_pattern(word: str, file: Path, ground: Ground, *, variables: bool) -> Iterator[tuple[str, bool]]:
    """Judge one word that holds wildcards or variables."""
    form = VARIABLE.sub("*", word)
    reached = reach(form, file, ground) if "/" in form else False
    if reached:
        yield word, form == word
    elif reached is None or (variables and form == "*" != word) or UNKNOWN in word:
        yield word, False
