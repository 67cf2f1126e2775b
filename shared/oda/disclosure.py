"""Small numbers: counts are hidden when small and rounded otherwise, before anything leaves a notebook."""

from __future__ import annotations

import pandas as pd

from oda.pilot import Disclosure

HIDDEN = "[c]"  # the mark of a hidden value in tables: confidential


def protect_counts(counts: pd.Series, rule: Disclosure) -> pd.Series:
    """Hide counts from 1 to `rule.hide_below - 1` and round the others to `rule.round_to`; a true zero stays zero.

    With 1 to 7 hidden and the rest rounded to 5 no shown figure can stand for a hidden one. Totals are protected on
    their own, never summed from protected parts.

    Parameters
    ----------
    counts
        Whole numbers, shape (n,), missing allowed.
    rule
        The pilot's small-number rule.

    Returns
    -------
    Series
        Whole numbers, shape (n,); missing where hidden or not known.

    References
    ----------
    OpenSAFELY documentation, "Statistical disclosure control": redact counts of 7 and below, round to the nearest 5.

    Examples
    --------
    >>> protect_counts(pd.Series([0, 3, 8, 42]), Disclosure(hide_below=8, round_to=5)).tolist()
    [0, <NA>, 10, 40]
    """
    whole = counts.astype("Float64")
    hidden = (whole > 0) & (whole < rule.hide_below)
    rounded = ((whole / rule.round_to + 0.5) // 1) * rule.round_to
    return rounded.mask(hidden.fillna(value=False)).astype("Int64")
