"""What a file of `governance/` says, as words: nothing here fails on a file that is only half filled in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from oda.governance.files.base import TODO

NOT_STATED = "not stated yet"


def sentence(text: str) -> str:
    """End words with a full stop, unless they end a sentence already.

    Parameters
    ----------
    text
        Words.

    Returns
    -------
    str
        The same words, with one full stop.

    Examples
    --------
    >>> sentence("kept until November."), sentence("who asked?"), sentence("by post")
    ('kept until November.', 'who asked?', 'by post.')
    """
    return text if text.endswith((".", "!", "?")) else f"{text}."


def part(raw: object, *path: str) -> object:
    """Return the value at a place of a file.

    Parameters
    ----------
    raw
        The file's content, of any type.
    *path
        The names that lead to the value.

    Returns
    -------
    object
        Nothing where the place is absent, empty or still to do.

    Examples
    --------
    >>> part({"retention": {"until": "TODO: when"}}, "retention", "until") is None
    True
    """
    for step in path:
        raw = raw.get(step) if isinstance(raw, Mapping) else None
    return None if raw == "" or (isinstance(raw, str) and TODO.search(raw)) else raw


def said(raw: object, *path: str, otherwise: str = NOT_STATED) -> str:
    """Return the value at a place of a file as one line of text.

    Parameters
    ----------
    raw
        The file's content, of any type.
    *path
        The names that lead to the value.
    otherwise
        What to say where nothing is stated.

    Returns
    -------
    str
        The text; a list with commas, a day as 2027-03-31.

    Examples
    --------
    >>> said({"location": "UK"}, "location"), said({}, "location")
    ('UK', 'not stated yet')
    """
    return _text(part(raw, *path)) or otherwise


def _text(value: object) -> str:
    """Write a value as one line; nothing for what is still to do."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {said(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, (_text(part(one)) for one in value)))
    return "" if value is None else " ".join(str(value).split())


def listed(raw: object, *path: str) -> tuple[str, ...]:
    """Return the texts of a list in a file, without those that are still to do.

    Parameters
    ----------
    raw
        The file's content, of any type.
    *path
        The names that lead to the list.

    Returns
    -------
    tuple of str
        One text an entry; a single text counts as a list of one.

    Examples
    --------
    >>> listed({"data_items": ["name", "TODO"]}, "data_items")
    ('name',)
    """
    value = part(raw, *path)
    entries = value if isinstance(value, list | tuple) else [value]
    return tuple(filter(None, (_text(part(one)) for one in entries)))


def parts(raw: object, *path: str) -> tuple[Mapping[str, object], ...]:
    """Return the entries of a list in a file that have names and values.

    Parameters
    ----------
    raw
        The file's content, of any type.
    *path
        The names that lead to the list.

    Returns
    -------
    tuple of Mapping
        The entries; none where there is no such list.

    Examples
    --------
    >>> parts({"people": [{"id": "a"}, "b"]}, "people")
    ({'id': 'a'},)
    """
    value = part(raw, *path)
    return tuple(one for one in value if isinstance(one, Mapping)) if isinstance(value, list | tuple) else ()


def date(raw: object, *path: str) -> dt.date | None:
    """Return the day at a place of a file.

    Parameters
    ----------
    raw
        The file's content, of any type.
    *path
        The names that lead to the day.

    Returns
    -------
    datetime.date or None
        Nothing where no day stands there.

    Examples
    --------
    >>> date({"until": "2027-03-31"}, "until")
    datetime.date(2027, 3, 31)
    """
    value = part(raw, *path)
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def day(raw: object, *path: str) -> str:
    """Return the day at a place of a file in words.

    Parameters
    ----------
    raw
        The file's content, of any type.
    *path
        The names that lead to the day.

    Returns
    -------
    str
        Such as `31 March 2027`.

    Examples
    --------
    >>> day({"until": "2027-03-31"}, "until")
    '31 March 2027'
    """
    found = date(raw, *path)
    return f"{found.day} {found:%B %Y}" if found else NOT_STATED
