"""The values of the governance files in plain words, and in the identifiers of the forms that others use."""

from __future__ import annotations

from collections.abc import Mapping

from oda.governance.files.flows import letter
from oda.reports.governance.said import NOT_STATED, listed, part, said

# Article 6(1) by letter: in plain words, and as the share request form of the government's data marketplace has it.
BASES = {
    "a": "consent: the person said yes",
    "b": "a contract with the person",
    "c": "a legal duty: the law says it must be done",
    "d": "to protect someone's life",
    "e": "a public task: work that the law gives to a public body",
    "ea": "a recognised legitimate interest: a public body asked for the data for its public task",
    "f": "a legitimate interest, weighed against people's rights",
    "law_enforcement": "law enforcement: to prevent, find or prosecute crime",
}
FORM_BASES = {
    "a": "consent",
    "b": "contract",
    "c": "legal-obligation",
    "d": "vital-interest",
    "e": "public-task",
    "f": "legitimate-interests",
    "law_enforcement": "law-enforcement",
}
CONDITIONS = {
    "a": "the person gave explicit consent",
    "b": "employment, social security or social protection law",
    "c": "to protect someone's life",
    "d": "a not-for-profit body and its members",
    "e": "the person made it public",
    "f": "legal claims or courts",
    "g": "a substantial public interest set out in law",
    "h": "health or social care",
    "i": "public health",
    "j": "archives, research or statistics",
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
FREQUENCIES = {
    "once": "once",
    "daily": "every day",
    "weekly": "every week",
    "monthly": "every month",
    "quarterly": "every three months",
    "yearly": "every year",
    "ad_hoc": "when it is needed",
}
METHODS = {
    "secure_file_transfer": "by secure file transfer",
    "physical": "on a device handed over",
    "third_party_software": "through another company's software",
    "portal": "through a secure website",
    "api": "from system to system",
}
DISPOSALS = {
    "secure_delete": "securely deleted",
    "return": "given back",
    "certified_destruction": "destroyed, with a certificate",
}
ROUTES = {
    "consent": "consent",
    "direct_care": "direct care",
    "s251": "section 251 support",
    "public_interest": "public interest",
    "not_owed": "none owed",
}
DECIDERS = {
    "caldicott_guardian": "Caldicott Guardian",
    "igl": "information governance lead",
    "dpo": "data protection officer",
}
NATIONAL_OPT_OUTS = {
    "check": "still being checked",
    "applied": "applied",
    "does_not_apply": "does not apply",
}
OBJECTIONS = {"honoured": "honoured", "does_not_apply": "does not apply"}
# How people come to be reached, by the mode in project.yml.
MODES = {
    "invite": "People are told of the offer by those who know them already, and ask for it themselves: "
    "nobody hands a list of people over.",
    "share": "Names and addresses are handed to those who make the offer.",
}
KINDS_OF_BODY = {
    "local_authority": "a council",
    "combined_authority": "a combined authority",
    "police": "a police force",
    "fire": "a fire and rescue service",
    "nhs": "a part of the NHS",
    "education": "a school, college or other place of education",
    "central_government": "a part of central government",
    "housing_association": "a housing association",
    "charity": "a charity",
    "company": "a company",
    "university": "a university",
}
ITEMS = {
    "dob": "date of birth",
    "uprn": "number of the property (UPRN)",
    "nhs_number": "NHS number",
    "lsoa": "small area (LSOA)",
    "upn": "pupil number",
    "nino": "National Insurance number",
}
KINDS_OF_DATA = {
    "identifiable": "data that name or point to a person",
    "pseudonymised": "data with names taken out, which could still be linked back to a person",
    "anonymous": "data that point to no person",
    "synthetic": "made-up data",
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
