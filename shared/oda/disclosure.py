"""Small numbers: counts are hidden when small and rounded otherwise, before anything leaves a notebook."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from oda.errors import DesignError
from oda.pilot import Disclosure

if TYPE_CHECKING:
    import pandas as pd

HIDDEN = "[c]"  # the mark of a hidden value in tables: confidential


def cut(value: float | str | None, decimals: int | None) -> float | str | None:
    """Return a value with no more digits than a reader sees: the others could give away the counts behind it.

    Parameters
    ----------
    value
        A number, a text, or None for one that is not available.
    decimals
        How many are shown; None for six digits in all.

    Returns
    -------
    int, float, str or None
        A number so rounded; all else as it is.

    Examples
    --------
    >>> cut(-12.3456, 1), cut(1197.4, 0), cut(0.123456789, None), cut("[c]", 1)
    (-12.3, 1197, 0.123457, '[c]')
    """
    if value is None or isinstance(value, str):
        return value
    if decimals is None and not float(value).is_integer():
        return float(f"{value:g}")
    number = round(float(value), decimals or 0) + 0.0  # adding 0 turns -0 into 0
    return number if decimals else int(number)


def protect_counts(counts: pd.Series, rule: Disclosure) -> pd.Series:
    """Hide counts from 1 to `rule.hide_below - 1` and round the others to `rule.round_to`; a true zero stays zero.

    A count that would round to less than `rule.hide_below` is hidden too, so that a shown figure is either a true zero
    or no small number. Halves round up. Totals are protected on their own, never summed from protected parts.

    With 1 to 7 hidden and the rest rounded to 5, a difference of two shown figures does not pin a hidden one down.
    Without rounding (`round_to` 1) it does: then a total must not stand beside all parts but one.

    Parameters
    ----------
    counts
        Numbers from 0 up, shape (n,), missing allowed.
    rule
        The pilot's small-number rule.

    Returns
    -------
    Series
        Whole numbers, shape (n,); missing where hidden or not known.

    Raises
    ------
    DesignError
        When a count is negative or infinite.

    References
    ----------
    OpenSAFELY documentation, "Statistical disclosure control": redact counts of 7 and below, round to the nearest 5.

    Examples
    --------
    >>> import pandas as pd
    >>> protect_counts(pd.Series([0, 3, 8, 42]), Disclosure(hide_below=8, round_to=5)).tolist()
    [0, <NA>, 10, 40]
    """
    whole = counts.astype("Float64")
    bad = int(((whole < 0) | (whole == math.inf)).sum())
    if bad:
        message = (
            f"{bad} of {len(counts)} counts are below zero or infinite. Correct them, or give counts, not changes."
        )
        raise DesignError(message)
    rounded = ((whole / rule.round_to + 0.5) // 1) * rule.round_to
    hidden = (whole > 0) & ((whole < rule.hide_below) | (rounded < max(rule.hide_below, 1)))
    return rounded.mask(hidden.fillna(value=False)).astype("Int64")


def protect_total(parts: pd.Series, rule: Disclosure) -> int | None:
    """Protect the total of parts that may be shown as well: hidden when any part is hidden.

    A total beside all of its parts but one gives that one away by subtraction; beside all but two it does so when both
    are as small, or as large, as hidden counts can be.

    Parameters
    ----------
    parts
        Counts before protection, shape (n,), none missing.
    rule
        The pilot's small-number rule.

    Returns
    -------
    int or None
        The total, rounded; None when hidden.

    Examples
    --------
    >>> import pandas as pd
    >>> rule = Disclosure(hide_below=8, round_to=5)
    >>> protect_total(pd.Series([40, 61]), rule), protect_total(pd.Series([40, 61, 3]), rule)
    (100, None)
    """
    if protect_counts(parts, rule).isna().any():
        return None
    return int(protect_counts(parts.agg(["sum"]), rule).iloc[0])
