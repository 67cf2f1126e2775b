"""Secrets and numbers of people in the text of a file, found by their form; what was found is never repeated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VALUE = r"""\s*(?:=>|[:=])\s*\\?["']([^"'\s\\]{4,})\\?["']"""
_NAMED = r"(?:secret|token|api_?key|access_?key|account_?key)"
NAMED_HINTS = ("secret", "token", "apikey", "api_key", "ccesskey", "ccess_key", "ccountkey", "ccount_key")
SETTING_HINTS = ("passw", "pwd", *NAMED_HINTS)
# What it is, words one of which must be there in lower case (a quick look), and the form.
SECRETS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (kind, hints, re.compile(form))
    for kind, hints, form in (
        ("a private key", ("private key-----",), r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----"),
        ("a private key", ("putty-user-key-file", "pgp private key"), r"PuTTY-User-Key-File-\d|BEGIN PGP PRIVATE KEY"),
        ("an Amazon access key", ("akia", "asia"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("a Google key", ("aiza",), r"AIza[0-9A-Za-z_-]{35}"),
        ("an Azure key", ("accountkey=", "accesskey="), r"(?i)(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{30,}"),
        ("an Azure client secret", ("8q~",), r"[A-Za-z0-9_~.]{3}8Q~[A-Za-z0-9_~.-]{31}"),
        ("a signed Azure link", ("sig=",), r"[?&]sig=[A-Za-z0-9%+/]{40,}"),
        ("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{30,}"),
        ("a GitHub token", ("github_pat_",), r"github_pat_[A-Za-z0-9_]{40,}"),
        ("a GitLab token", ("glpat-",), r"glpat-[\w-]{20,}"),
        ("a Slack token", ("xox", "xapp-"), r"xox[abeoprs]-[\w-]{10,}|xapp-\d-[\w-]{10,}"),
        ("a Slack web hook", ("hooks.slack.com/",), r"hooks\.slack\.com/services/\w+/\w+/\w+"),
        ("a Stripe key", ("k_live_",), r"[rs]k_live_[0-9A-Za-z]{16,}"),
        ("an OpenAI or Anthropic key", ("sk-",), r"(?<![\w-])sk-(?:ant-|proj-)?[\w-]{32,}"),
        ("a Hugging Face token", ("hf_",), r"(?<!\w)hf_[A-Za-z]{30,}"),
        ("a PyPI token", ("pypi-ageichl",), r"pypi-AgEIcHl[\w-]{20,}"),
        ("a Databricks token", ("dapi",), r"(?<!\w)dapi[0-9a-f]{32}"),
        ("a signed web token", ("eyj",), r"(?<!\w)eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
        ("a password in an address", ("://",), r"://[^\s:/@'\"<>]{1,64}:([^\s@/'\"<>{}$]{3,})@\w"),
        ("a password", ("passw", "passphrase", "pwd"), rf"(?i)(?:password|passwd|passphrase|pwd)\\?[\"']?{_VALUE}"),
        (
            "a password in a connection string",
            ("password", "pwd"),
            r"""(?i)(?:password|pwd)\s*=\s*([^\s;"'<>{}()$%&,\\]{4,});|;\s*(?:password|pwd)\s*=\s*([^\s;"'<>{}()$%&,\\]{4,})""",
        ),
        ("a secret", NAMED_HINTS, rf"(?i){_NAMED}\\?[\"']?{_VALUE}"),
    )
)  # fmt: skip
SETTING = re.compile(
    r"(?im)^[ \t]*(?:export |set |- )?[\"']?[\w.-]*(?:password|passwd|pwd|secret|token|api_?key|access_?key)[\"']?"
    r"[ \t]*[:=][ \t]*([\w!@#$%^&*+/=~.-]{6,})[ \t]*(?:#.*)?$"
)
SETTINGS_FILES = (".yml", ".yaml", ".ini", ".cfg", ".conf", ".toml", ".properties", ".txt", ".sh", ".bat", ".ps1")
PLACEHOLDER = re.compile(
    r"(?i)[<{$%*].*|x+|\.+|your.*|my.?.*password|example.*|change.?me.*|placeholder.*|none|null|true|false|to.?do.*"
    r"|password|secret|token|dummy.*|redacted.*|os\.environ.*"
)
NHS = re.compile(
    r"(\d{3})(?<![\w.+/-]\d{3})([ \u00a0-]?)(\d{3})\2(\d{4})(?![\w/-]|\.\d)"
)  # to look behind later is faster
INSURANCE = re.compile(
    r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?<![\w-]..)(?<!BG|GB|NK|KN|TN|NT|ZZ)( ?)\d{2}\1\d{2}\1\d{2}\1[A-D](?![\w-])"
)
INSURANCE_WORDS = re.compile(r"(?i)\bnino\b|\bni[ _]?(?:no|num|number)|national[ _]?insurance")
BIRTHS = re.compile(r"(?i)\bdob\b|date[ _]?of[ _]?birth|birth[ _]?date")
NAMES = re.compile(r"(?i)(?:first|fore|given|last|sur|family|full|patient|person)[ _]?names?\b")
DATE = re.compile(r"\b(?:\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d)\b")
NEARBY = 80  # characters before a number in which a word may say what it is
BEFORE, AFTER = 100, 400  # characters round a word in which a secret is looked for
ALONE = 3  # so many different numbers are no chance, though nothing says what they are


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What stands in a file that must not, and in which line."""

    kind: str
    line: int


def find_secrets(text: str, path: str = "") -> tuple[Trace, ...]:
    """Find passwords, keys and tokens written out in a text.

    Parameters
    ----------
    text
        The text of a file.
    path
        The file's path: in a file of settings, values without quotation marks count too.

    Returns
    -------
    tuple of Trace
        The first of each kind.

    Examples
    --------
    >>> find_secrets("password = 'correct-horse'")
    (Trace(kind='a password', line=1),)
    >>> find_secrets("password = '<ask the owner>'")
    ()
    """
    text = text.replace("\u0130", "I")  # the one letter that is longer in lower case
    lower = text.lower()
    found: dict[str, int] = {}
    for kind, hints, form in SECRETS:
        matches = (match for match in _near(text, lower, hints, form) if _is_meant(kind, match))
        if kind not in found and (match := next(matches, None)):
            found[kind] = _line(text, match)
    name = path.rsplit("/", 1)[-1].lower()
    if not found and (name.endswith(SETTINGS_FILES) or name.startswith(".env")):
        matches = (match for match in _near(text, lower, SETTING_HINTS, SETTING) if _is_mixed(match[1]))
        if match := next(matches, None):
            found["a password or token"] = _line(text, match)
    return tuple(Trace(kind=kind, line=line) for kind, line in found.items())


def find_people(text: str) -> tuple[Trace, ...]:
    """Find NHS numbers, National Insurance numbers and lists of dates of birth in a text.

    An NHS number counts when its check digit is right and something near it says NHS, or when three different ones
    stand in one file: one number of ten digits in eleven has the right check digit by chance.

    Parameters
    ----------
    text
        The text of a file.

    Returns
    -------
    tuple of Trace
        The first of each kind.

    Examples
    --------
    >>> find_people("NHS no. 943 476 5919")
    (Trace(kind='an NHS number', line=1),)
    >>> find_people("order 943 476 5919")
    ()
    """
    kinds = (("an NHS number", _nhs), ("a National Insurance number", _insurance), ("a list of births", _births))
    found = ((kind, next(find(text), None)) for kind, find in kinds)
    return tuple(Trace(kind=kind, line=_line(text, match)) for kind, match in found if match)


def is_nhs_number(digits: str) -> bool:
    """Tell whether ten digits are an NHS number by its check digit.

    Parameters
    ----------
    digits
        Ten digits without spaces.

    Returns
    -------
    bool
        False too for 999 000 0000 and above, which are for tests and never given to a person.

    Examples
    --------
    >>> is_nhs_number("9434765919"), is_nhs_number("9434765918")
    (True, False)
    """
    if len(set(digits)) < 3 or digits.startswith("999"):
        return False
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return rest % 11 == int(digits[9])


def _near(text: str, lower: str, hints: tuple[str, ...], form: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Yield the matches of a form near a word, which is much faster than to try it everywhere."""
    for hint in hints:
        place = lower.find(hint)
        while place >= 0:
            start = max(text.rfind("\n", 0, place) + 1, place - BEFORE)
            if match := form.search(text, start, place + AFTER):
                yield match
            place = lower.find(hint, place + len(hint))


def _is_meant(kind: str, match: re.Match[str]) -> bool:
    """Tell whether a value is meant as a secret, rather than as a place for one."""
    value = next(filter(None, match.groups()), "")
    if not value:
        return True
    return not PLACEHOLDER.fullmatch(value) and (kind != "a secret" or (len(value) >= 8 and _is_mixed(value)))


def _is_mixed(value: str) -> bool:
    """Tell whether a value has both letters and digits, as few words have."""
    return bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value)) and not PLACEHOLDER.fullmatch(value)


def _line(text: str, match: re.Match[str]) -> int:
    """Return the number of the line in which a match begins."""
    return text.count("\n", 0, match.start()) + 1


def _nhs(text: str) -> Iterator[re.Match[str]]:
    """Yield the NHS numbers that are no chance."""
    heading = "nhs" in text[: text.find("\n") + 1].lower()
    alone: dict[str, re.Match[str]] = {}
    for match in NHS.finditer(text):
        digits = match[1] + match[3] + match[4]
        if not is_nhs_number(digits):
            continue
        if heading or "nhs" in text[max(0, match.start() - NEARBY) : match.start()].lower():
            yield match
        elif digits[0] in "34679":  # numbers of England, Wales and Northern Ireland; a time in seconds begins with 1
            alone.setdefault(digits, match)
            if len(alone) >= ALONE:
                yield next(iter(alone.values()))


def _insurance(text: str) -> Iterator[re.Match[str]]:
    """Yield the National Insurance numbers that are no chance."""
    heading = INSURANCE_WORDS.search(text[: text.find("\n") + 1])
    alone: dict[str, re.Match[str]] = {}
    for match in INSURANCE.finditer(text):
        near = text[max(0, match.start() - NEARBY) : match.start()]
        alone.setdefault(match[0].replace(" ", ""), match)
        if heading or " " in match[0] or INSURANCE_WORDS.search(near) or len(alone) >= ALONE:
            yield match


def _births(text: str) -> Iterator[re.Match[str]]:
    """Yield the heading of a table that has names and dates of birth, where two lines with dates follow."""
    for match in _near(text, text.replace("\u0130", "I").lower(), ("dob", "birth"), BIRTHS):
        start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
        heading = text[start:end] if end > 0 else ""
        following = text[end + 1 : end + 2000].splitlines()[:5] if end > 0 else []
        if NAMES.search(heading) and sum(bool(DATE.search(line)) for line in following) >= 2:
            yield match
