"""Columns that look like personal identifiers, in data whose card says that there is nobody in them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from oda.errors import GateError
from oda.governance.classes import FREE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBER = r"(no|num|nr|number)"
_PERSON = (
    r"(first|fore|given|middle|last|sur|family|maiden|full|patient|person|pupil|child|client|resident|tenant|victim)"
)

# Searched in a heading in lower case, with one space between words.
LOOKS_LIKE: dict[str, str] = {
    "an NHS number": rf"\bnhs ?({_NUMBER}|id)\b|^nhs$",
    "a National Insurance number": rf"\bnino\b|\bni ?{_NUMBER}\b|\bnational ?insurance\b",
    "a pupil or learner number": rf"\b(upn|uln)\b|\b(pupil|learner) ?{_NUMBER}\b",
    "a date of birth": r"\bdob\b|\bdate ?(of ?)?birth\b|\bbirth ?(date|day|dt)\b",
    "a postcode": r"\bpost ?code\b(?! (district|sector|area|region)\b)|\bpcds?[78]?$",
    "a property reference": r"\buprn\b|\bunique ?property ?reference\b",
    "an email address": r"\be ?mail( ?address)?\b",
    "an address": r"\b(home|full|street|ip)?address( ?line)?( ?[1-9])?\b|\bhouse ?(no|number|name)\b",
    "a telephone number": (
        rf"(?<!by )\b(tele)?phone( ?{_NUMBER})?( ?[1-9])?$|\b(mobile|tel|landline) ?{_NUMBER}\b|^(mobile|tel)$"
    ),
    "a person's name": rf"\b{_PERSON} ?names?\b|\bcontact name\b",
    "a patient or passport number": rf"\b(patient|hospital|driving licence) {_NUMBER}\b|\bpassport\b",
}

# A number of addresses, or the rate of missing postcodes, identifies nobody; nor does a web site's address.
HARMLESS = (
    r"^(count|number of|num of|n|total|rate|share|percent|pct|mean|median) "
    r"| (count|counts|total|rate|share|percent|pct)$"
    r"|\bweb ?(site ?)?address\b"
)


def refuse_identifiers(dataset_name: str, data_class: str, columns: Iterable[object]) -> None:
    """Refuse open or synthetic data whose columns look like personal identifiers.

    It looks at names only: a name that says nothing can still hold a person's data, and the
    class of a dataset stays the decision of its controller. Areas pass (`postcode_district`,
    `area_name`, `name`), and so do counts (`address_count`).

    Parameters
    ----------
    dataset_name
        The dataset's name, for the reader.
    data_class
        The class that its card claims; only `open` and `synthetic` are looked at.
    columns
        The headings in the file and the columns in the card.

    Raises
    ------
    GateError
        When one or more look like identifiers; all are named at once.

    Examples
    --------
    >>> refuse_identifiers("falls", "open", ["area_name", "period", "admissions"])
    """
    if data_class not in FREE_CLASSES:
        return
    found = {str(column): kind for column in columns if (kind := identifier(str(column)))}
    if not found:
        return
    named = ", ".join(f"{column!r} ({kind})" for column, kind in found.items())
    message = (
        f"load refused: dataset {dataset_name!r} claims to be of class {data_class}, but these columns look like "
        f"personal identifiers: {named}. Give its card the class personal, or take the columns out of the file."
    )
    raise GateError(message)


def identifier(column: str) -> str:
    """Say what kind of personal identifier a column's name looks like.

    Parameters
    ----------
    column
        The heading, in any case and with any signs between words.

    Returns
    -------
    str
        The kind in words; empty when it looks like none.

    Examples
    --------
    >>> identifier("NHS No.")
    'an NHS number'
    >>> identifier("postcode_district")
    ''
    """
    heading = _plain(column)
    if re.search(HARMLESS, heading):
        return ""
    return next((kind for kind, pattern in LOOKS_LIKE.items() if re.search(pattern, heading)), "")


def _plain(column: str) -> str:
    """Return a heading in lower case, one space between words, and initials such as D.O.B. as one word."""
    text = unicodedata.normalize("NFKC", column)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    words = " ".join(re.findall(r"[^\W_]+", text.lower()))
    return re.sub(r"\b([a-z]) (?=[a-z]\b)", r"\1", words)
