"""The front matter of a document as its analyst wrote it: texts by key, checked before any program reads them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from oda.errors import RenderError
from oda.reports.builtin.subset import KEYS, MARKS
from oda.reports.shortcodes import line_of, miswritten

Texts = str | list[str]


def read_front(matter: str, source: str) -> dict[str, Texts]:
    r"""Read the front matter of a document, every value as the text that was written.

    Parameters
    ----------
    matter
        Its lines, without the lines of dashes.
    source
        The document, for messages.

    Returns
    -------
    dict
        A text, or a list of texts, by key; shortcodes are still in them.

    Raises
    ------
    RenderError
        With every fault and its line.

    Examples
    --------
    >>> read_front("title: Falls\ndate: 2026-01-31", "a.qmd")
    {'title': 'Falls', 'date': '2026-01-31'}
    """
    try:
        fields: Any = yaml.load(matter, Loader=yaml.BaseLoader)  # noqa: S506  it makes texts of all, and runs nothing
        pairs = list(fields.items())
    except (yaml.YAMLError, AttributeError) as error:
        mark = getattr(error, "problem_mark", None)
        said = " ".join(str(getattr(error, "problem", None) or "it holds no names").split())
        where = f"line {mark.line + 2 if mark else 2}"
        message = f"{source}, {where}: the front matter is not 'name: value' lines; {said}. Put texts between quotes."
        raise RenderError(message) from error
    faults = [
        f"{source}, line {line_of(str(key), matter)}: {what}." for key, value in pairs for what in _wrong(key, value)
    ]
    if not fields.get("title"):
        faults.append(f"{source}, line 1: the front matter has no title. Add one: title: What the pilot found.")
    if faults:
        raise RenderError("\n".join(faults))
    return dict(pairs)


def put_in(fields: dict[str, Texts], put: Callable[[str, str], str]) -> dict[str, Texts]:
    """Return the front matter with its shortcodes as words.

    Parameters
    ----------
    fields
        Texts by key.
    put
        What to make of a text, given its key.

    Returns
    -------
    dict
        The same keys.
    """
    return {
        key: put(value, key) if isinstance(value, str) else [put(text, key) for text in value]
        for key, value in fields.items()
    }


def _wrong(key: str, value: Any) -> Iterator[str]:  # noqa: ANN401  YAML has no narrower type
    """Say what is wrong with one line of front matter."""
    if key in MARKS:
        yield f"front matter {key!r} is not for documents: the checklist or reports/brand.yml says it"
        return
    if key not in KEYS:
        yield f"front matter {key!r} is not supported. Take it out; a report has {', '.join(sorted(KEYS))}"
        return
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        yield f"front matter {key!r} is neither a text nor a list of texts; put it between quotes"
    elif fault := miswritten(" ".join(texts)):
        yield fault
    elif not all(texts) and key != "title":
        yield f"front matter {key!r} is empty. Fill it in, or take it out"
    elif key == "date" and not _is_day(texts[0]):
        yield f"the date {texts[0]!r} is not a day. Write YYYY-MM-DD, or take it out: each report has its day"


def _is_day(text: str) -> bool:
    """Tell whether a text is a day."""
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text) and dt.date.fromisoformat(text))
    except ValueError:
        return False
