"""Power before a pilot as a curve and tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.charts import COLOURS, GREY, name_below, new_chart
from oda.evaluate.planning.plan import PowerPlan, direction, say_size
from oda.evaluate.planning.spread import PrePeriodSpread
from oda.evaluate.words import plural, sentence
from oda.exhibits.dots import dot_rows, number_across
from oda.exhibits.titles import titled
from oda.exhibits.values import capital, decimals, facts_table
from oda.making import table
from oda.results import Picture, Table, TableColumn


def plot_power_plan(result: PowerPlan) -> Picture:
    """Draw how often the pilot would detect effects of each size, with the band that the spread's interval gives.

    Parameters
    ----------
    result
        Of `plan_power`.

    Returns
    -------
    Picture
        The power asked for and the effect worth having are marked.
    """
    drawing, axes = new_chart(height=4.2)
    curve, wanted = result.curve, worthwhile_size(result)
    level = f"{result.spread.estimate.level * 100:g}%"
    axes.fill_between(
        curve["effect"],
        100 * curve["power_low"],
        100 * curve["power_high"],
        color=COLOURS[1],
        alpha=0.25,
        linewidth=0,
        label=f"{level} interval of the spread",
    )
    axes.plot(curve["effect"], 100 * curve["power"], color=COLOURS[0], label="spread as estimated")
    axes.axhline(100 * result.power, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
    axes.plot(result.detectable[0], 100 * result.power, "o", color=COLOURS[0], markersize=7)
    axes.annotate(
        say_size(result.detectable[0], result),
        (result.detectable[0], 100 * result.power),
        xytext=(6, -6),
        textcoords="offset points",
        va="top",
    )
    if wanted is not None:
        axes.axvline(wanted, color=COLOURS[2], linewidth=1.6, linestyle="-.", label="worth having")
    axes.set_ylim(0, 103)
    axes.set_xlim(0, max(float(curve["effect"].max()), 1.05 * (wanted or 0)))
    axes.set_ylabel("Detected, times in 100")
    outcome = result.spread.estimate.outcome
    axes.set_xlabel(f"True {direction(result)} in {outcome}{' (per cent)' if result.spread.scale == 'ratio' else ''}")
    number_across(axes)
    name_below(axes)
    return titled(
        drawing,
        headline=_caption(result),
        alt=(
            f"Curve of the power of a pilot with {result.n_treated} of {_total(result)} {plural(result.spread.unit)} "
            "treated."
        ),
        description=f"{sentence(result)} {_describe(result)}",
        data=power_plan_table(result),
    )


def worthwhile_size(result: PowerPlan) -> float | None:
    """Return the effect worth having as the curve shows it, none where none was given.

    Parameters
    ----------
    result
        Of `plan_power`.

    Returns
    -------
    float or None
        In per cent on the ratio scale, else in the outcome's unit.
    """
    if result.worthwhile is None:
        return None
    return abs(result.worthwhile) if result.spread.scale == "difference" else 100 * abs(1 - result.worthwhile)


def _caption(result: PowerPlan) -> str:
    """Say what the pilot would detect, and how often what is worth having."""
    who = f"With {result.n_treated} of {_total(result)} {plural(result.spread.unit)} treated"
    said = f"{who}, a {direction(result)} of {say_size(result.detectable[0], result)} would be detected"
    said += f" {100 * result.power:.0f} times in 100"
    if result.chance is None:
        return f"{said}."
    return f"{said}; one of {say_size(worthwhile_size(result) or 0.0, result)}, {100 * result.chance[0]:.0f} times."


def _total(result: PowerPlan) -> int:
    """Return the number of units."""
    return result.n_treated + result.n_control


def _describe(result: PowerPlan) -> str:
    """Say points of the curve in words."""
    points = [
        f"{100 * float(row['power']):.0f} at {say_size(float(row['effect']), result)}"
        for _, row in result.curve.iloc[10::10].iterrows()
    ]
    return f"Times in 100 that a {direction(result)} would be detected: {', '.join(points)}."


def power_plan_table(result: PowerPlan) -> Table:
    """Show the smallest effect detected, by number of units treated and in all, and by length.

    Parameters
    ----------
    result
        Of `plan_power`.

    Returns
    -------
    Table
        The pilot's own design first, then other numbers of units, then other lengths after the start.
    """
    spread = result.spread
    own = {"before": spread.before, "after": spread.after}
    sizes = result.sizes.assign(**own)
    lengths = result.lengths[result.lengths["after"] != spread.after].assign(
        units=_total(result), treated=result.n_treated, before=spread.before
    )
    columns: dict[str, TableColumn | str] = {
        "units": TableColumn(title=capital(plural(spread.unit)), decimals=0),
        "treated": TableColumn(title="of which treated", decimals=0),
        "before": TableColumn(title=f"{capital(spread.period)}s before", decimals=0),
        "after": TableColumn(title=f"{capital(spread.period)}s after", decimals=0),
        "detectable": _detected(result),
    }
    return table(
        pd.concat([sizes, lengths])[list(columns)],
        caption=f"Smallest {direction(result)} that would be detected {100 * result.power:.0f} times in 100",
        columns=columns,
        note=" ".join(
            [
                f"Noncentral t, test at {100 * (1 - result.level):g}%. Spread between {plural(spread.unit)}: "
                f"{spread.estimate.method}.",
                *spread.estimate.cautions,
            ]
        ),
    )


def _detected(result: PowerPlan) -> TableColumn:
    """Return the column of the smallest effect."""
    ratio = result.spread.scale == "ratio"
    return TableColumn(
        title=f"Smallest {direction(result)} detected",
        unit="%" if ratio else "",
        decimals=1 if ratio else decimals(result.detectable),
    )


def pre_period_spread_table(result: PrePeriodSpread) -> Table:
    """Show the spread of a unit's change and what it is made of.

    Parameters
    ----------
    result
        Of `pre_period_spread`.

    Returns
    -------
    Table
        Two columns of words.
    """
    found = result.estimate
    scale = " (log ratio)" if result.scale == "ratio" else ""
    rows = [
        (f"Standard deviation of a change{scale}", f"{found.value:.3g} ({found.ci_low:.3g} to {found.ci_high:.3g})"),
        ("Sides compared", f"{result.before} and {result.after} {result.period}s"),
        ("Pseudo pilots in the data", f"{result.windows}"),
        (f"Shock of one {result.period}{scale}", f"{result.sd_shock:.3g}"),
        (f"Autocorrelation of shocks from {result.period} to {result.period}", f"{result.autocorrelation:.2f}"),
        (f"Chance of counts in one {result.period}{scale}", f"{result.sd_count:.3g}"),
        (f"Share of the variance that lies between {plural(result.unit)} for good", f"{result.icc:.2f}"),
        ("Method", found.method),
    ]
    caption = f"How far a {result.unit} changes in {found.outcome} by chance, from before the pilot"
    return facts_table(rows, caption=caption, note=" ".join(found.cautions))


def plot_pre_period_spread(result: PrePeriodSpread) -> Picture:
    """Draw the spread with its interval beside the shock of one period and the chance of counts.

    Parameters
    ----------
    result
        Of `pre_period_spread`.

    Returns
    -------
    Picture
        Three bars.
    """
    found, ratio = result.estimate, result.scale == "ratio"
    names = ["Change over the pilot", f"Shock of one {result.period}", f"Chance of counts, one {result.period}"]
    parts = np.array([found.value, result.sd_shock, result.sd_count, found.ci_low, found.ci_high])
    *sizes, low, high = 100 * np.expm1(parts) if ratio else parts
    drawing, axes = dot_rows(names, each=0.45)
    axes.barh(range(3), sizes, color=[COLOURS[0], COLOURS[1], "#8A8A8A"], height=0.55)
    axes.plot([low, high], [0, 0], color="black", marker="|", markersize=10)
    unit = " per cent" if ratio else ""
    axes.set_xlabel(f"Standard deviation of {found.outcome}{' (per cent)' if ratio else ''}")
    said = "; ".join(f"{name} {size:.3g}{unit}" for name, size in zip(names, sizes, strict=True))
    return titled(
        drawing,
        headline=(
            f"With nothing done, a {result.unit}'s change in {found.outcome} varies by {sizes[0]:.3g}{unit}, as a "
            f"standard deviation ({found.level * 100:g}% interval: {low:.3g} to {high:.3g}{unit})."
        ),
        alt=f"Bars of the chance spread of a {result.unit}'s change and of what it is made of.",
        description=(
            f"{sentence(result)} Standard deviations: {said}. Autocorrelation of shocks {result.autocorrelation:.2f}."
        ),
        data=pre_period_spread_table(result),
    )
