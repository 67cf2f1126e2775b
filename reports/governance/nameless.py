"""A pilot's governance without people: what may stand on a page for the public."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from oda.reports.governance.content import Content
from oda.reports.governance.said import said

LEFT_OUT = "(left out: a person)"
_MAIL = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")
_TITLED = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Cllr|Councillor)\.? [A-Z][\w'-]+(?: [A-Z][\w'-]+)*")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "cllr", "councillor", "sir", "dame"})
# An e-mail address is shown only where one of these words says that an office reads it, not a person.
_SHARED = frozenset(
    {
        *("admin", "advice", "analytics", "care", "communications", "complaints", "contact", "council", "customer"),
        *("data", "dataprotection", "dpo", "enquiries", "enquiry", "feedback", "foi", "governance", "hello", "help"),
        *("helpdesk", "ig", "igteam", "info", "infogov", "information", "informationgovernance", "mailbox", "oda"),
        *("office", "privacy", "protection", "records", "research", "security", "service", "services", "sharing"),
        *("support", "team"),
    }
)
_AGREEMENT_PARTS = ("id", "title", "starts", "ends", "review_by")
_PARTNER_PARTS = frozenset({"id", "name", "type", "contact", "privacy_notice"})


def without_people(content: Content) -> Content:
    """Take every person out: names, e-mail addresses of a person, and all that only insiders need.

    Free text is searched for the names in `people.yml`, for words after a title such as Dr, and for
    e-mail addresses. A name that stands in none of these ways cannot be known for one.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    Content
        The same with each such word replaced, and with no people, log, impact assessment or fault.

    Examples
    --------
    >>> shared_mailbox("jane.smith@example.org"), shared_mailbox("ig-team@example.org")
    ('', 'ig-team@example.org')
    """
    clean = _cleaner(content)
    partners = [{key: value for key, value in one.items() if key in _PARTNER_PARTS} for one in content.partners]
    for one in partners:
        one["contact"] = _contact(said(one, "contact", otherwise=""), clean)
    return dataclasses.replace(
        content,
        title=clean(content.title),
        owner=clean(content.owner),
        contact=_contact(content.contact, clean),
        project=_cleaned(content.project, clean),
        partners=tuple(_cleaned({**one, "contact": ""}, clean) | {"contact": one["contact"]} for one in partners),
        flows=tuple(_cleaned(flow, clean) for flow in content.flows),
        datasets=tuple(_cleaned(dataset, clean) for dataset in content.datasets),
        agreements=tuple(
            _cleaned({key: one.get(key) for key in _AGREEMENT_PARTS}, clean) for one in content.agreements
        ),
        people=(),
        log=(),
        faults=(),
        dpia={},
        atrs={},
    )


def shared_mailbox(contact: str) -> str:
    """Return an e-mail address that an office reads.

    Parameters
    ----------
    contact
        What a file gives as the contact.

    Returns
    -------
    str
        Empty where it may be a person's.
    """
    local, at, _ = contact.partition("@")
    words = set(re.split(r"[^a-z]+", local.lower()))
    return contact if at and _MAIL.fullmatch(contact) and words & _SHARED else ""


def _contact(contact: str, clean: Callable[[str], str]) -> str:
    """Return a contact that may be shown: a shared mailbox that holds nobody's name."""
    mailbox = shared_mailbox(contact)
    bare = re.sub(r"[^a-z]+", " ", mailbox.lower()).title()  # so that a name inside the address is found as one
    return mailbox if clean(bare) == bare else ""


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:  # noqa: ANN401  whatever a YAML file holds
    """Clean every text inside a value."""
    if isinstance(value, Mapping):
        return {key: _cleaned(one, clean) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(one, clean) for one in value]
    return clean(value) if isinstance(value, str) else value


def _cleaner(content: Content) -> Callable[[str], str]:
    """Return the function that replaces the people of a pilot in a text."""
    public = {word.casefold() for one in content.partners for word in said(one, "name").split()}
    names = [list(_words(said(person, "name", otherwise=""))) for person in content.people]
    whole = {order for words in names if len(words) > 1 for order in (" ".join(words), _last_first(words))}
    single = {w for words in names for w in words if len(w) > 2 and w[0].isupper() and w.casefold() not in public}
    ids = {said(person, "id", otherwise="") for person in content.people}
    named = {one for one in ids if any(_plain(word).casefold() in one for word in single)}
    patterns = [
        _MAIL,
        _TITLED,
        _any_of({*whole, *map(_plain, whole)}, re.IGNORECASE),
        _any_of({form for word in single for form in (word, word.upper(), _plain(word))} | named),
    ]
    inside = re.compile("|".join(re.escape(_plain(word)) for word in sorted(single)) or r"(?!)", re.IGNORECASE)

    def clean(text: str) -> str:
        text = unicodedata.normalize("NFC", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        if text.startswith(("http://", "https://")):
            return "" if inside.search(_plain(unquote(text))) or "@" in unquote(text) else text
        for pattern in patterns:
            text = pattern.sub(LEFT_OUT, text)
        return text

    return clean


def _plain(text: str) -> str:
    """Write letters without their accents."""
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))


def _last_first(words: list[str]) -> str:
    """Write a name as a list has it, such as `Quaife, Bartholomew`."""
    return f"{words[-1]}, {' '.join(words[:-1])}"


def _words(name: str) -> Iterator[str]:
    """Yield the parts of a name, without titles."""
    for word in unicodedata.normalize("NFC", name).split():
        bare = word.strip(".,;()")
        if bare and bare.casefold() not in _TITLES:
            yield bare


def _any_of(words: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Return a pattern that finds any of some words, whole, with any space between their parts."""
    longest = sorted(words, key=lambda word: (-len(word), word))
    either = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in longest)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)" if either else r"(?!)", flags)
