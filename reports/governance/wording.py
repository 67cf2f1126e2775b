"""The values of the governance files in plain words, and in the identifiers of the forms that others use."""

from __future__ import annotations

from collections.abc import Mapping

from oda.governance.files.flows import letter
from oda.governance.wording import (
    BASES,
    CONDITIONS,
    DECIDERS,
    DISPOSALS,
    FREQUENCIES,
    ITEMS,
    KINDS_OF_BODY,
    KINDS_OF_DATA,
    METHODS,
    MODES,
    NATIONAL_OPT_OUTS,
    OBJECTIONS,
    ROUTES,
)
from oda.reports.governance.said import NOT_STATED, listed, part, said

__all__ = [
    "BASES",
    "CONDITIONS",
    "DECIDERS",
    "DISPOSALS",
    "FORM_BASES",
    "FORM_CONDITIONS",
    "FREQUENCIES",
    "ITEMS",
    "KINDS_OF_BODY",
    "KINDS_OF_DATA",
    "METHODS",
    "MODES",
    "NATIONAL_OPT_OUTS",
    "OBJECTIONS",
    "ROUTES",
    "basis",
    "by_person",
    "condition",
    "in_words",
    "points",
    "things",
]

# Article 6(1) and 9(2) by letter, as the share request form of the government's data marketplace has them.
FORM_BASES = {
    "a": "consent",
    "b": "contract",
    "c": "legal-obligation",
    "d": "vital-interest",
    "e": "public-task",
    "f": "legitimate-interests",
    "law_enforcement": "law-enforcement",
}
FORM_CONDITIONS = {
    "a": "explicit-consent",
    "b": "social-employment-security-and-protection",
    "c": "vital-interests",
    "d": "not-for-profit-bodies",
    "e": "public-by-data-subject",
    "f": "legal-claim-or-judicial-acts",
    "g": "reasons-of-public-interest",
    "h": "health-or-social-care",
    "i": "public-health",
    "j": "archiving-researching-statistics",
}


def in_words(words: Mapping[str, str], raw: object, *path: str) -> str:
    """Say a value of a file in plain words.

    Parameters
    ----------
    words
        The words for each value.
    raw
        The file's content.
    *path
        The names that lead to the value.

    Returns
    -------
    str
        The value itself where there are no words for it.

    Examples
    --------
    >>> in_words(FREQUENCIES, {"frequency": "monthly"}, "frequency")
    'every month'
    """
    value = said(raw, *path)
    return words.get(value, value.replace("_", " "))


def by_person(flow: object) -> bool:
    """Tell whether people give the data of a flow themselves, once the sender has told them of the offer.

    Parameters
    ----------
    flow
        The flow.

    Returns
    -------
    bool
        False where the sender gives them.
    """
    return part(flow, "given_by") == "person"


def points(raw: object) -> tuple[str, ...]:
    """Return the points of Article 6(1) that a flow relies on, by letter, each once.

    Parameters
    ----------
    raw
        The flow.

    Returns
    -------
    tuple of str
        Such as `e`, or `law_enforcement`; empty where none is stated.

    Examples
    --------
    >>> points({"art6": {"a-council": "A6-1-e-official-authority", "a-charity": "A6-1-ea"}})
    ('e', 'ea')
    """
    value = part(raw, "art6")
    stated = listed(list(value.values())) if isinstance(value, Mapping) else listed(raw, "art6")
    found = (one if one == "law_enforcement" else letter(one) for one in stated)
    return tuple(dict.fromkeys(one for one in found if one in BASES))


def basis(raw: object) -> str:
    """Say the Article 6 basis of a flow in plain words.

    Parameters
    ----------
    raw
        The flow.

    Returns
    -------
    str
        Such as `a public task: work that the law gives to a public body`.
    """
    return "; or ".join(BASES[one] for one in points(raw)) or NOT_STATED


def condition(raw: object) -> str:
    """Say the Article 9 condition of a flow in plain words.

    Parameters
    ----------
    raw
        The flow.

    Returns
    -------
    str
        Empty where the flow has no special category data; `not stated yet` where that is not settled.
    """
    value = said(raw, "art9", otherwise="none" if "art9" not in _names(raw) else NOT_STATED)
    return "" if value == "none" else CONDITIONS.get(letter(value), NOT_STATED)


def _names(raw: object) -> frozenset[str]:
    """Return the names at the top of a file."""
    return frozenset(map(str, raw)) if isinstance(raw, Mapping) else frozenset()


def things(raw: object, *path: str) -> str:
    """Say a list of identifiers as words, each once.

    Parameters
    ----------
    raw
        The file's content.
    *path
        The names that lead to the list.

    Returns
    -------
    str
        Such as `older people, carers`.

    Examples
    --------
    >>> things({"data_subjects": ["older_people"]}, "data_subjects")
    'older people'
    """
    each = dict.fromkeys(ITEMS.get(one, one.replace("_", " ")) for one in listed(raw, *path))
    return ", ".join(each) or NOT_STATED
