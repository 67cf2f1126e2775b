"""Numbers in prose, as a reader sees them: digits in whatever script, and words that count something.

Dates, years and names are no numbers. The rules are written out for analysts in `look/README.md`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

GAP = "\ufffc"  # stands for what is no prose: a shortcode, code, an address
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"
)
_YEAR = r"(?:19|20)\d\d"
_NEAR = r"(?:199\d|20[0-4]\d|2050)"  # a year that may stand without month or author
_DAY = r"\d{1,2}(?:st|[nr]d|th)?"
_NOUNS = (
    r"(?:districts|people|persons|patients|residents|households|homes|dwellings|admissions|attendances|visits|falls"
    r"|deaths|cases|incidents|referrals|records|rows|pounds|pence|beds|wards|areas|councils|practices|lives|women|men"
    r"|adults|children|carers|nurses|hospitals|sites|towns|fractures|injuries|calls|respondents|participants)"
)
_SHARE = r"(?:%|per[ -]?cent\b|pct\b|pc\b|percentage points?\b)"
_NUMBERED = (  # what has a number for its name
    "step|stage|phase|part|section|chapter|annex|appendix|question|article|clause|regulation|schedule|paragraph|type|tier"
)
_LEFT, _RIGHT = r"(?:(?<![\w.,/:£$€+-])|(?<=[A-Za-z]-))", r"(?![\w%£$€]|[.,/:-]\d)"
_DATES = re.compile(
    _LEFT
    + "(?:"
    + "|".join(
        (
            rf"{_YEAR}-\d\d-\d\d",
            rf"[0-3]?\d([/.])[01]?\d\1{_YEAR}",
            rf"(?:{_DAY} ?(?:-|to|and) ?)?{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR}(?:[/-]\d\d)?)?",
            rf"{_MONTH} (?:{_DAY},? )?{_YEAR}",
            rf"(?:FY ?)?{_NEAR} ?[/-] ?(?:{_NEAR}|\d\d)",
            rf"FY ?(?:{_NEAR}|\d\d[/-]\d\d)",
            rf"Q[1-4],? {_YEAR}(?:[/-]\d\d)?",
            rf"{_YEAR}(?:[/-]\d\d)? Q[1-4]",
            r"(?:19|20)\d0s",
            r"(?:1[6-9]|20)\d\d[a-z]?",
            r"pp?\. ?\d+(?:-\d+)?(?=[);])",  # of a work that is cited
            r"(?:Covid|COVID)-19|24/7|NHS 111|PM(?:2\.5|10)",
            r"(?!GBP|USD|EUR)[A-Z]{1,5}-?\d{1,3}[A-Z]?(?: \d[A-Z]{2})?",  # CO2, ICD-10, A12, WR5 2NP
            r"\d\d?(?:[.:]\d\d)? ?[ap]m",
            rf"(?i:{_NUMBERED}) \d{{1,3}}[A-Z]?(?:\(\w{{1,3}}\))*(?! ?(?:per|%))",
        )
    )
    + ")"
    + _RIGHT
)
_COUNTED = re.compile(rf" ?{_SHARE}| (?:(?:more|fewer|other|older|home|emergency) )?{_NOUNS}\b| times\b")
_SIZE = re.compile(
    rf"\b(?:(?:total|average|mean|number|rates?|count|level|{_NOUNS}):"
    r"|nearly|almost|exactly|approximately|roughly|some|more than|fewer than|less than|at least|at most"
    r"|(?:total|average|mean|number|rate|count|level|rise|fall|drop|increase|decrease|reduction) of|totalled"
    r"|(?:fell|rose|dropped|grew|up|down|increased?|decreased?|reduced|cut) (?:to|by)) ?$",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"(?:\b(?:in|since|from|to|until|by|before|after|during|between|the|year|spring|summer|autumn"
    rf"|winter|early|mid|late|end|{_MONTH})|[(,;-]) ?$",
    re.IGNORECASE,
)
_WHICH = re.compile(  # what else may stand before a year
    rf"(?:^'?|[.:!?] '?|\b(?:of|for|with|than|versus|through|throughout|till|that|this) |{_NEAR},? (?:and|or) "
    r"|\b[A-Z][\w.'-]*\.? )$"
)
_FALLING = re.compile(rf"\bfrom ({_NEAR}) to ({_NEAR})\b")  # years rise, so what falls is none
_CITED = re.compile(r"\b([A-Z][\w.'-]*|al\.)(?:,| \(|, \() ?$")
_DIGITS = re.compile(rf"(?:\b(?i:table|figure|fig\.) )?[£$€~<>=+-]*[^\W\d]*\d[\w.,/:%'\u2019-]*(?: ?{_SHARE})?")
_NAMED = (
    "zero nought one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million "
    "billion dozen"
)
_ONE = f"(?:{'|'.join(_NAMED.split())})"
_SOME = rf"{_ONE}(?:(?:[ -]| and | point ){_ONE})*"
_KIND = r"(?:[a-z][a-z-]+ )?"  # such as other, older, hospital
_PARTS = r"(?:third|quarter|fifth|sixth|seventh|eighth|ninth|tenth)"
_ALONE = (  # so that `by a third party` is none
    r"(?=\s*(?:$|[.,;:)!?]|(?:and|or|in|on|at|from|to|since|between|among|over|after|before|during|when|where|here"
    r"|there|as|but|while|with|for|by)\b))"
)
_CHANGED = (
    r"(?:fell|fallen|rose|risen|dropped|grew|grown|went|gone|up|down|(?:increase|decrease|reduce)[ds]?|reducing|increasing|decreasing|cut"
    r"|falls?|rises?|drops?|changed?)"
)
_WORDS = re.compile(
    rf"[£$€] ?{_SOME}\b|\b(?:"
    + "|".join(
        (
            rf"(?:{_SOME}|[IVXLCDM]+)[ -]?{_SHARE}",
            rf"(?<!\bone or )(?!one\b){_SOME} (?:of (?:the|these|those|our) )?{_KIND}{_NOUNS}\b",
            rf"(?!one\b){_SOME}[ -](?:times|fold)\b|{_ONE}fold\b",
            rf"{_SOME}[ -]{_PARTS}s\b|(?:one[ -]|an? ){_PARTS} of\b|one[ -]{_PARTS}\b",
            rf"(?:by|to|nearly|almost|about|around|over|under|than) an? {_PARTS}{_ALONE}",
            rf"an? {_PARTS} (?:more|less|fewer|lower|higher|smaller|larger)\b",
            r"(?<!first )(?<!second )(?<!other )(?<!latter )half (?:of|the|all|these|those)\b|(?:by|to) (?:a )?half\b",
            rf"{_CHANGED} (?:to|by|from|of) (?:a )?(?!one\b){_SOME}\b",
            rf"{_SOME} (?:in|out of)(?: every)? {_SOME}\b|(?!one\b){_SOME} of {_SOME}\b",
            rf"(?:an? |{_ONE} )(?:hundred|thousand|million|billion)\b",
        )
    )
    + ")",
    re.IGNORECASE,
)


def as_read(text: str) -> str:
    r"""Return a text as a reader sees it, whatever its characters are.

    Parameters
    ----------
    text
        Prose, without marks of markdown.

    Returns
    -------
    str
        Digits of other widths as 0 to 9, no soft hyphens or marks over letters, one kind of space and of dash.

    Examples
    --------
    >>> as_read("\uff11\u00ad\uff12\u00a0%")
    '12 %'
    """
    wide = unicodedata.normalize("NFKC", re.sub(r"(?<=[A-Za-z])[²³₀-₉]", "", text))
    kept = (one for one in unicodedata.normalize("NFD", wide) if unicodedata.category(one) not in {"Cf", "Mn", "Me"})
    plain = "".join(str(unicodedata.digit(one, one)) for one in kept)
    return " ".join(re.sub("[\u2010-\u2014\u2212]", "-", plain).replace("\u2044", "/").split())


def find_numbers(text: str, names: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Find the numbers in a piece of prose.

    Parameters
    ----------
    text
        The prose, without marks of markdown.
    names
        Names that may have digits, or that are no author's, such as that of a district.

    Returns
    -------
    list of tuple of str
        What stands before each number, as a reader sees it, and the number with its unit.

    Examples
    --------
    >>> [number for _, number in find_numbers("In April 2024 falls fell by 12% in two thirds of homes (Bell, 2002).")]
    ['12%', 'two thirds']
    """
    whole = as_read(text)
    prose = whole
    known = tuple(sorted({as_read(name) for name in names}, key=len, reverse=True))
    for name in (name for name in known if re.search(r"\d", name)):
        prose = re.sub(
            rf"(?<!\w){re.escape(name)}(?!\w)", lambda found: GAP * len(found[0]), prose, flags=re.IGNORECASE
        )
    prose = _DATES.sub(lambda found: found[0] if _counts(found, prose, known) else GAP * len(found[0]), prose)
    found = sorted([*_found(_DIGITS, prose), *_found(_WORDS, prose)])
    return [(whole[:start], number) for start, number in found]


def _found(pattern: re.Pattern[str], prose: str) -> Iterator[tuple[int, str]]:
    """Yield where a number stands, and the number without the full stop of its sentence."""
    for found in pattern.finditer(prose):
        yield found.start(), found[0].rstrip(".,:/'\u2019-")


def _counts(found: re.Match[str], prose: str, names: tuple[str, ...]) -> bool:
    """Tell whether what looks like a year is a number, as in `there were 2024 admissions` or `the rate was 2024`."""
    before, after = prose[: found.start()], prose[found.end() :]
    if not re.fullmatch(r"\d{4}[a-z]?", found[0]):
        return False
    cited = _CITED.search(before)
    if cited and re.match(r"[);]|, pp?\.", after) and not before[: cited.end(1)].endswith(names):
        return False
    if not re.fullmatch(_NEAR, found[0][:4]) or _SIZE.search(before) or _falls(found, prose):
        return True
    when = _WHEN.search(before)
    if unit := _COUNTED.match(after):
        return bool(re.match(rf" ?{_SHARE}", unit[0])) or not when
    return not (when or _WHICH.search(before))


def _falls(found: re.Match[str], prose: str) -> bool:
    """Tell whether a year stands in `from 2041 to 1995`."""
    spans = (one for one in _FALLING.finditer(prose) if one[1] > one[2])
    return any(one.start() < found.start() < one.end() for one in spans)
