"""What changes how the figures of a cost-benefit analysis must be read, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.evaluate.words import cannot_tell
from oda.evaluate.worth.discounting import DiscountSchedule
from oda.evaluate.worth.effects import UnitChange, benefit_units
from oda.presets import read_rates


def method_words(price_base: int, base_year: int, rates: DiscountSchedule, drawn: str) -> str:
    """Say how the figures were made.

    Parameters
    ----------
    price_base, base_year
        Year of the prices, and the year that is not discounted.
    rates
        The main schedule.
    drawn
        What was drawn, in words; nothing where it is empty.

    Returns
    -------
    str
        For the footnote.
    """
    bands = "; ".join(f"{100 * rate:g}% from year {first}" for first, rate in rates.bands[:2])
    day = f"{rates.valid_from.day} {rates.valid_from:%B %Y}"
    return (
        f"present value in {base_year or 'year 0'}, which is not discounted, in prices of {price_base}, at the Green "
        f"Book's {rates.name} rates valid from {day} ({bands}); " + (f"interval from {drawn}" if drawn else "not drawn")
    )


def sheet_cautions(lines: pd.DataFrame, flows: pd.DataFrame) -> list[str]:
    """Say what in the sheet changes how the figures must be read.

    Parameters
    ----------
    lines
        The sheet.
    flows
        Of `read_lines`.

    Returns
    -------
    list of str
        One sentence each.
    """
    said = []
    real = flows[flows["kind"] != "transfer"]
    bare = int(real.groupby(["line", "kind"])["bias"].apply(lambda bias: bias.isna().all()).sum())
    if bare:
        said.append(
            f"{_count(bare, 'line has', 'lines have')} no allowance for optimism bias, which flatters the case."
        )
    if "confidence" in lines and lines["confidence"].notna().any():
        said.append(str(read_rates("optimism_bias")["caution"]))
    steady = flows[flows["steady"]].groupby(["line", "gains"]).ngroups
    if steady:
        said.append(f"{_count(steady, 'benefit is', 'benefits are')} taken to last to the end without fading.")
    return said


def _count(number: int, one: str, more: str) -> str:
    """Say a number of things."""
    return f"{number} {one if number == 1 else more}"


def effect_cautions(changes: dict[str, UnitChange], flows: pd.DataFrame) -> list[str]:
    """Say what the effects behind the benefits can bear.

    Parameters
    ----------
    changes
        Effects by name.
    flows
        Of `discount_flows`.

    Returns
    -------
    list of str
        One sentence each.
    """
    if not changes:
        return ["No benefit rests on a measured effect, so nothing was drawn and the interval says nothing."]
    said = []
    for change in sorted(changes.values(), key=lambda one: one.estimate.outcome):
        if cannot_tell(change.estimate):
            outcome = change.estimate.outcome
            said.append(f"The data cannot tell the effect on {outcome} from none, so its benefit may be none.")
        if float(benefit_units(change, np.array([change.estimate.value]))[0]) < 0:
            outcome = change.estimate.outcome
            said.append(
                f"The effect on {outcome} goes the wrong way: {change.better} is better, so it counts as a loss."
            )
        said += change.estimate.cautions
    if len({change.estimate for change in changes.values()}) > 1:
        said.append("The effects are drawn apart; where they rise and fall together the interval is too narrow.")
    benefits = flows[flows["kind"] == "benefit"]
    certain = benefits.loc[benefits["effect"] == "", "value"].sum()
    whole = certain + benefits.loc[benefits["effect"] != "", "value"].clip(lower=0).sum()
    if certain > 0:
        said.append(
            f"{100 * certain / whole:.0f} per cent of the benefits rest on no measured effect and are not drawn."
        )
    return said


def say_share(share: float) -> str:
    """Say a share of draws without calling it certain.

    Parameters
    ----------
    share
        From 0 to 1.

    Returns
    -------
    str
        Such as `87 of 100`, to go before `draws`.

    Examples
    --------
    >>> say_share(0.874), say_share(0.9996), say_share(1.0)
    ('87 of 100', 'more than 99 of 100', 'all of the')
    """
    if 0 < share < 0.01 or 0.99 < share < 1:
        return "fewer than 1 of 100" if share < 0.5 else "more than 99 of 100"
    return {0.0: "none of the", 1.0: "all of the"}.get(share, f"{100 * share:.0f} of 100")
