"""The pilot as a whole in words and tables: its effect, how it was estimated, and what it would take to know more."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.disclosure import protect_counts
from oda.errors import DesignError
from oda.evaluate import Comparison, difference_in_differences, minimum_detectable_effect, sentence
from oda.evaluate.words import interval_words, percent_change
from oda.making import table
from oda.panel import Panel, years
from oda.periods import say_period, say_span
from oda.results import CannotSay, Estimated, Fact, Table, TableColumn

SIZES = (6, 10, 20, 33)  # numbers of districts to reckon the detectable effect for, beside the pilot's own
AS_EFFECT = "the same as for the effect."
BOTH_SIDES = "data for districts with and without visits, from before and after the visits began."


def estimate_effect(panel: Panel, *, level: float = 0.95) -> Comparison | CannotSay:
    """Estimate the effect of the visits on the rate of admissions, or say why these data cannot give one.

    Periods within which visits began in some district, and periods with a gap, are left out for all. When the count of
    some district before or after is so small that it is hidden, no estimate is given, since it would help to work the
    count out.

    Parameters
    ----------
    panel
        All districts.
    level
        Coverage of the interval.

    Returns
    -------
    Comparison or CannotSay
        The estimate and the changes it is made of, or the reason that there is none.
    """
    refused = _refuse(panel)
    if refused is not None:
        return refused
    counts = panel.measure == "counts"
    try:
        found = difference_in_differences(
            panel.whole,
            outcome="admissions" if counts else "rate",
            exposure="population" if counts else None,
            unit="district",
            time="period",
            cohort="cohort",
            scale="ratio",
            level=level,
        )
    except DesignError as reason:
        text = f"An effect of the visits cannot be estimated from these data: {reason}"
        return CannotSay(sentence=text, needed=BOTH_SIDES)
    small = _hidden(panel, found) if counts else []
    if small:
        return CannotSay(
            sentence=f"The counts of {', '.join(small)} are too small to be shown, so no effect is reckoned from them.",
            needed="larger counts: a longer period or larger areas.",
        )
    return found


def _refuse(panel: Panel) -> CannotSay | None:
    """Say in a board's words why there is nothing to compare; None when there is."""
    cohorts = panel.frame.groupby("district")["cohort"].first()
    n, visited = len(cohorts), int(cohorts.notna().sum())
    because = ""
    if visited == 0:
        because = "no district has visits, so there is nothing to compare."
    elif visited == n:
        because = "every district has visits, so none is left to compare them with."
    elif n < 3:
        because = f"a comparison of {n} districts has no measure of chance; three are the fewest."
    elif panel.whole.empty:
        because = "there is no period, before or after, for which every district has a figure."
    if because:
        return CannotSay(sentence=f"An effect of the visits cannot be estimated: {because}", needed=BOTH_SIDES)
    late = int((cohorts.dropna() > panel.frame["period"].max()).sum())
    if late:
        text = (
            f"An effect of the visits cannot be estimated from these data: the data run from {panel.first} to "
            f"{panel.last}, and visits in {late} of {n} districts began after that."
        )
        return CannotSay(sentence=text, needed=BOTH_SIDES)
    wrong = _contradictions(panel)
    if wrong:
        text = f"The data and pilot.yml disagree on when visits began: {'; '.join(wrong)}."
        return CannotSay(sentence=text, needed="visits_from in pilot.yml, or the visits in the data, put right.")
    return None


def _contradictions(panel: Panel) -> list[str]:
    """Say where the data hold visits that pilot.yml does not: in a comparison district, or before the first month.

    The month in which they do is not said: the number in it may be one that is hidden.
    """
    if "visits" not in panel.frame:
        return []
    made = panel.frame[panel.frame["visits"] > 0]
    said = []
    for name, rows in made.groupby("district"):
        first, cohort = rows["period"].min(), rows["cohort"].iloc[0]
        if not isinstance(cohort, pd.Period):
            said.append(f"{name} has visits, and none in pilot.yml")
        elif first < cohort and first not in panel.partial:
            said.append(f"{name} has visits before {say_period(cohort)}, when they begin in pilot.yml")
    return said


def _hidden(panel: Panel, found: Comparison) -> list[str]:
    """Return the districts of which a count is hidden: on either side, or of a year that tables show.

    With the effect, and that without each district, the exact counts of both sides can be worked out; less the years
    that are shown they would give one away that is hidden.
    """
    rows = panel.whole
    sides = [(rows["period"] >= first) & (rows["period"] <= last) for first, last in (found.before, found.after)]
    sums = [rows[side].groupby("district")["admissions"].sum() for side in sides]
    yearly = years(panel.frame, panel)
    sums += [one.groupby("district")["admissions"].sum() for _, one in yearly.groupby("back")]
    return sorted({str(name) for one in sums for name in one.index[protect_counts(one, panel.rule).isna()]})


def say_effect(found: Comparison | CannotSay) -> Estimated | CannotSay:
    """Say the effect in a sentence with its interval.

    Parameters
    ----------
    found
        What `estimate_effect` returned.

    Returns
    -------
    Estimated or CannotSay
        The sentence and the estimate, or the reason that there is none.
    """
    if isinstance(found, CannotSay):
        return found
    subject, against = "In the districts with visits the rate of admissions", "than it would have been without them"
    return Estimated(sentence=sentence(found, subject=subject, against=against), estimate=found.estimate)


def say_approach(found: Comparison | CannotSay) -> Fact:
    """Say in a board's words how the effect was estimated, from which districts and periods, or that it was not.

    Parameters
    ----------
    found
        What `estimate_effect` returned.

    Returns
    -------
    Fact
        The number of districts compared.
    """
    if isinstance(found, CannotSay):
        text = "No effect is reckoned: districts are shown as they are, and none is set against what was expected."
        return Fact(sentence=text, value=0, unit="districts compared")
    e = found.estimate
    before, after = (say_span(*side) for side in (found.before, found.after))
    text = (
        f"Each of {e.n_clusters} districts is reduced to a single change: its rate once all visits had begun ({after}) "
        f"over its rate before ({before}). The changes of the {e.n_treated} districts with visits are set against "
        f"those of the {e.n_clusters - e.n_treated} without. How much changes differ gives the interval."
    )
    return Fact(sentence=text, value=e.n_clusters, unit="districts compared")


def effect_table(found: Comparison, panel: Panel) -> Table:
    """Say how the effect was estimated: method, districts, periods, p-values.

    Parameters
    ----------
    found
        The estimate.
    panel
        What it was estimated from.

    Returns
    -------
    Table
        Two columns of words.
    """
    e = found.estimate
    before, after = (say_span(*side) for side in (found.before, found.after))
    permuted = "not done: there are too many ways to count"
    if e.permutation_p is not None:
        permuted = f"{e.permutation_p:.3f}; the smallest that this design can give is {e.smallest_p:.3f}"
    rows = [
        ("Effect on the rate of admissions", percent_change(e.value)),
        (f"{e.level * 100:g}% interval", interval_words(e).partition(": ")[2]),
        ("Ratio of rates", f"{e.value:.3f} ({e.ci_low:.3f} to {e.ci_high:.3f})"),
        ("Method", e.method),
        ("Districts with and without visits", f"{e.n_treated} and {e.n_clusters - e.n_treated}"),
        ("Before", before),
        ("After", after),
        ("Periods of the roll-in, left out", f"{found.left_out + len(panel.partial)}"),
        ("Periods with a gap in some district, left out", f"{len(panel.gaps)}"),
        ("Rows used", f"{e.n_obs:,}, one a district and period"),
        ("p against no effect", "below 0.001" if (e.p_value or 0) < 0.001 else f"{e.p_value:.3f}"),
        ("p by re-assigning the visits", permuted),
    ]
    rows += [("Caution", caution) for caution in e.cautions]
    columns = {"what": "What", "value": "Value"}
    caption = "The effect and how it was estimated"
    return table(pd.DataFrame(rows, columns=["what", "value"]), caption=caption, columns=columns)


def detectable(found: Comparison, *, power: float = 0.8) -> pd.DataFrame:
    """Return the smallest reduction that comparisons of other sizes would detect.

    Parameters
    ----------
    found
        The estimate; the spread of its districts' changes is taken for theirs.
    power
        Probability of detection.

    Returns
    -------
    DataFrame
        `districts`, `visited` (half of them, but for the pilot's own in the first row), `reduction` (per cent).
    """
    e = found.estimate
    sizes = [(e.n_clusters, e.n_treated), *((size, size // 2) for size in SIZES if size > e.n_clusters)]
    effects = [
        minimum_detectable_effect(
            found.sd_change, n_treated=visited, n_control=size - visited, power=power, level=e.level
        )
        for size, visited in sizes
    ]
    frame = pd.DataFrame(sizes, columns=["districts", "visited"])
    return frame.assign(reduction=100 * (1 - np.exp(-np.array(effects))))


def say_precision(found: Comparison | CannotSay, *, power: float = 0.8) -> Fact | CannotSay:
    """Say how large an effect this pilot could have told from chance; `precision_table` has larger ones.

    Parameters
    ----------
    found
        What `estimate_effect` returned.
    power
        Probability of detection.

    Returns
    -------
    Fact or CannotSay
        In per cent.
    """
    if isinstance(found, CannotSay):
        text = "How small an effect these districts would show is not known without an estimate."
        return CannotSay(sentence=text, needed=AS_EFFECT)
    frame = detectable(found, power=power)
    size, visited, reduction = frame.iloc[0]
    text = (
        f"With {visited:.0f} of {size:.0f} districts visited, only a reduction of about {reduction:.0f} per cent or "
        f"more would be detected {power * 100:.0f} times in 100."
    )
    return Fact(sentence=text, value=round(reduction), unit="per cent reduction")


def precision_table(found: Comparison, *, power: float = 0.8) -> Table:
    """Show the smallest reduction detected, by number of districts.

    Parameters
    ----------
    found
        The estimate.
    power
        Probability of detection.

    Returns
    -------
    Table
        One row a number of districts.
    """
    columns = {
        "districts": TableColumn(title="Districts", decimals=0),
        "visited": TableColumn(title="of which visited", decimals=0),
        "reduction": TableColumn(title="Smallest reduction detected", unit="%", decimals=0),
    }
    return table(
        detectable(found, power=power),
        caption=f"Smallest reduction that would be detected {power * 100:.0f} times in 100, by number of districts",
        columns=columns,
        note="Noncentral t, from the spread of the districts' changes in these data, itself only an estimate.",
    )
