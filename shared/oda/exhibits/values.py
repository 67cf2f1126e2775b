"""How numbers, times and methods are said in tables, captions and axes; ratios are changes in per cent."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from oda.estimate import Estimate
from oda.evaluate.words import EFFECTS, cannot_tell, compared_with, interval_words, percent_change, quantity
from oda.making import table
from oda.periods import say_period
from oda.results import Table, TableColumn

PER_ONE = re.compile(r"(?P<what>.+) per (?!unit of )(?P<whom>\D+)")  # such as `admissions per people`
UNTREATED = "than without the treatment"  # shorter than a sentence has it


def shown(values: object, estimate: Estimate) -> np.ndarray:
    """Return numbers on the scale of an estimate as they are shown.

    Parameters
    ----------
    values
        Numbers, any shape; ratios where the estimate is one.
    estimate
        Whose scale it is.

    Returns
    -------
    ndarray
        Changes in per cent for ratios; rates per ten, hundred and so on where one event a head is too coarse.
    """
    numbers = np.asarray(values, dtype=float)
    return 100 * (numbers - 1) if estimate.scale == "ratio" else numbers * _scaled(estimate)[0]


def unit_shown(estimate: Estimate) -> str:
    """Return the unit of what `shown` returns.

    Parameters
    ----------
    estimate
        Whose scale it is.

    Returns
    -------
    str
        Such as `% change` or `admissions per 1,000 people`.
    """
    return "% change" if estimate.scale == "ratio" else _scaled(estimate)[1]


def _scaled(estimate: Estimate) -> tuple[float, str]:
    """Return what a difference is multiplied by to be read, and its unit then."""
    return per_many([estimate.value, estimate.ci_low, estimate.ci_high], estimate.unit)


def per_many(values: object, unit: str) -> tuple[float, str]:
    """Find how many heads a rate is best given for.

    Parameters
    ----------
    values
        Rates per head, any shape; missing ones are passed over.
    unit
        Such as `admissions per people`.

    Returns
    -------
    tuple
        What to multiply by (1, 10, 100 ...) for the largest to be 1 or more, and the unit then.

    Examples
    --------
    >>> per_many([0.00398, 0.0012], "admissions per people"), per_many([3.2], "visits per day")
    ((1000.0, 'admissions per 1,000 people'), (1.0, 'visits per day'))
    """
    found, largest = PER_ONE.fullmatch(unit), float(np.nanmax(np.abs(np.asarray(values, dtype=float))))
    if found is None or not 0 < largest < 1:
        return 1.0, unit
    many = 10.0 ** math.ceil(-math.log10(largest))
    return many, f"{found['what']} per {many:,.0f} {found['whom']}"


def axis_words(words: str, estimate: Estimate) -> str:
    """Say what an axis shows, with its unit.

    Parameters
    ----------
    words
        What is shown, such as `Effect on falls`.
    estimate
        Whose scale it is.

    Returns
    -------
    str
        Such as `Effect on falls (% change)`; no unit where it is the outcome itself.
    """
    unit = unit_shown(estimate)
    return spaced(words if unit in ("", estimate.outcome) else f"{words} ({unit})")


def effect_columns(
    names: Sequence[str], values: object, estimate: Estimate, *, title: str = "Effect"
) -> dict[str, TableColumn | str]:
    """Return the columns of an effect and the ends of its interval.

    Parameters
    ----------
    names
        Of the three columns in the frame.
    values
        What will be shown, any shape; sets the decimals.
    estimate
        Whose scale, unit and level these are.
    title
        What the effect is called.

    Returns
    -------
    dict
        Three columns by name.
    """
    digits = 1 if estimate.scale == "ratio" else decimals(values)
    heads = ((title, unit_shown(estimate)), (f"{estimate.level * 100:g}% interval, from", ""), ("to", ""))
    return {
        name: TableColumn(title=head, unit=unit, decimals=digits)
        for name, (head, unit) in zip(names, heads, strict=True)
    }


def decimals(values: object) -> int:
    """Return how many decimals show three figures of the largest of some numbers.

    Parameters
    ----------
    values
        Numbers, any shape; missing ones are passed over.

    Returns
    -------
    int
        From 0 to 12.

    Examples
    --------
    >>> decimals([12.3, -4.0]), decimals([0.0123])
    (1, 4)
    """
    sizes = np.abs(np.asarray(values, dtype=float))
    known = sizes[np.isfinite(sizes)]
    largest = float(known.max()) if len(known) else 0.0
    return 0 if largest == 0 else min(12, max(0, 2 - math.floor(math.log10(largest))))


def capital(text: str) -> str:
    """Return a text with a capital first letter, the rest as it is.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        The text.
    """
    return text[:1].upper() + text[1:]


def spaced(name: str) -> str:
    """Return a column's name as words: spaces for underscores.

    Parameters
    ----------
    name
        Such as `emergency_admissions`.

    Returns
    -------
    str
        Such as `emergency admissions`.
    """
    return name.replace("_", " ")


def say_time(time: object, *, short: bool = False) -> str:
    """Say a time.

    Parameters
    ----------
    time
        A period, or a number.
    short
        Whether it stands along an axis, where there is little room.

    Returns
    -------
    str
        Such as `January 2025`, short `Jan 2025`; or `1992`.
    """
    if not isinstance(time, pd.Period):
        return f"{time:g}" if isinstance(time, float) else str(time)
    return str(time.strftime("%b %Y")) if short and time.freqstr.startswith("M") else say_period(time)


def say_span(first: object, last: object) -> str:
    """Say a stretch of time.

    Parameters
    ----------
    first, last
        Its ends: periods, or numbers.

    Returns
    -------
    str
        Such as `January 2025 to June 2025`, or `1992` where both are the same.
    """
    return say_time(first) if first == last else f"{say_time(first)} to {say_time(last)}"


def say_size(value: float, estimate: Estimate) -> str:
    """Say one effect with its unit and direction.

    Parameters
    ----------
    value
        On the scale of `estimate`.
    estimate
        Whose scale it is.

    Returns
    -------
    str
        Such as `15 per cent lower`, or `-3.20 calls a day`; no unit where it is the outcome itself.
    """
    if estimate.scale == "ratio":
        return percent_change(value)
    unit = unit_shown(estimate)
    return quantity(float(shown(value, estimate)), "" if unit == estimate.outcome else unit)


def say_ends(estimate: Estimate) -> str:
    """Say the interval of an estimate, the unit left out.

    Parameters
    ----------
    estimate
        Of any scale.

    Returns
    -------
    str
        Such as `95% interval: -5.10 to -1.20`.
    """
    if estimate.scale == "ratio":
        return interval_words(estimate)
    mark = "£" if estimate.unit == "£" else ""
    low, high = (quantity(float(shown(end, estimate)), mark) for end in (estimate.ci_low, estimate.ci_high))
    return f"{estimate.level * 100:g}% interval: {low} to {high}"


def headline(estimate: Estimate, against: str = "", *, of: str = "") -> str:
    """Say an estimate with its interval, short enough for a caption.

    Parameters
    ----------
    estimate
        Of any scale.
    against
        What it is compared with, such as `than before the start`; what fits the estimand when not given.
    of
        What it is an effect on; the outcome's name when not given.

    Returns
    -------
    str
        One sentence, and a second where the data cannot tell the effect from none.
    """
    if estimate.scale == "level":
        size = say_size(estimate.value, estimate)
        return f"{capital(estimate.estimand)} of {spaced(estimate.outcome)}: {size} ({say_ends(estimate)})."
    against = against or (UNTREATED if estimate.estimand in EFFECTS else compared_with(estimate.estimand))
    if estimate.scale == "ratio":
        said = percent_change(estimate.value)
    else:
        side = "lower" if estimate.value < 0 else "higher"
        said = f"{say_size(abs(estimate.value), estimate)} {side}" if estimate.value else "unchanged"
    if said == "unchanged":
        said, against = "about the same", against.replace("than", "as", 1)
    doubt = " The data cannot tell this from no difference." if cannot_tell(estimate) else ""
    return f"{capital(spaced(of or estimate.outcome))}: {said} {against} ({say_ends(estimate)}).{doubt}"


def note_of(estimate: Estimate) -> str:
    """Say the method and what changes how the figures must be read.

    Parameters
    ----------
    estimate
        With its method and cautions.

    Returns
    -------
    str
        The note below a table.
    """
    return " ".join([f"{capital(estimate.method)}.", *estimate.cautions])


def facts_table(rows: Sequence[tuple[str, str]], *, caption: str, note: str = "") -> Table:
    """Make a table of two columns of words.

    Parameters
    ----------
    rows
        What each figure is, and what it says.
    caption
        What the table holds.
    note
        A line below it.

    Returns
    -------
    Table
        One row a fact.
    """
    frame = pd.DataFrame(rows, columns=["what", "value"])
    return table(frame, caption=caption, columns={"what": "What", "value": "Value"}, note=note)
