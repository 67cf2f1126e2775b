"""Power before a pilot as a curve and tables."""

from __future__ import annotations

import pandas as pd

from oda.charts import COLOURS, GREY, new_chart
from oda.evaluate.power_plan import PowerPlan, direction, say_size
from oda.evaluate.power_spread import PrePeriodSpread
from oda.evaluate.words import sentence
from oda.exhibits.dots import number_across
from oda.results import Picture, Table, TableColumn, picture, table


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
        fontsize=10,
    )
    if wanted is not None:
        axes.axvline(wanted, color=COLOURS[2], linewidth=1.6, linestyle="-.", label="worth having")
    axes.set_ylim(0, 103)
    axes.set_xlim(0, max(float(curve["effect"].max()), 1.05 * (wanted or 0)))
    axes.set_ylabel("Detected, times in 100")
    unit = "per cent" if result.spread.scale == "ratio" else "as the outcome"
    axes.set_xlabel(f"True {direction(result)} ({unit})")
    number_across(axes)
    axes.legend(loc="lower right", frameon=False)
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Curve of the power of a pilot with {result.n_treated} of {_total(result)} {result.spread.unit}s treated.",
        description=_describe(result),
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
        "units": TableColumn(title=f"{spread.unit.capitalize()}s", decimals=0),
        "treated": TableColumn(title="of which treated", decimals=0),
        "before": TableColumn(title=f"{spread.period.capitalize()}s before", decimals=0),
        "after": TableColumn(title=f"{spread.period.capitalize()}s after", decimals=0),
        "detectable": _detected(result),
    }
    return table(
        pd.concat([sizes, lengths])[list(columns)],
        caption=f"Smallest {direction(result)} that would be detected {100 * result.power:.0f} times in 100",
        columns=columns,
        note=" ".join(
            [
                f"Noncentral t, test at {100 * (1 - result.level):g}%. Spread between {spread.unit}s: "
                f"{spread.estimate.method}.",
                *spread.estimate.cautions,
            ]
        ),
    )


def _detected(result: PowerPlan) -> TableColumn:
    """Return the column of the smallest effect."""
    ratio = result.spread.scale == "ratio"
    return TableColumn(
        title=f"Smallest {direction(result)} detected", unit="%" if ratio else "", decimals=1 if ratio else None
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
        (f"Share of the variance that lies between {result.unit}s for good", f"{result.icc:.2f}"),
        ("Method", found.method),
    ]
    return table(
        pd.DataFrame(rows, columns=["what", "value"]),
        caption=f"How far the {found.outcome} of a {result.unit} changes by chance, from before the pilot",
        columns={"what": "What", "value": "Value"},
        note=" ".join(found.cautions),
    )


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
    drawing, axes = new_chart(height=2.6)
    found, ratio = result.estimate, result.scale == "ratio"
    times = 100 if ratio else 1
    names = ["Change over the pilot", f"Shock of one {result.period}", f"Counts of one {result.period}"]
    sizes = [times * size for size in (found.value, result.sd_shock, result.sd_count)]
    axes.barh(range(3), sizes, color=[COLOURS[0], COLOURS[1], "#8A8A8A"], height=0.55)
    axes.plot([times * found.ci_low, times * found.ci_high], [0, 0], color="black", marker="|", markersize=10)
    axes.set_yticks(range(3), names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("Standard deviation (log ratio times 100, about per cent)" if ratio else "Standard deviation")
    number_across(axes)
    said = "; ".join(f"{name} {size:.3g}" for name, size in zip(names, sizes, strict=True))
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Bars of the chance spread of a {result.unit}'s change and of what it is made of.",
        description=f"Standard deviations: {said}. Autocorrelation of shocks {result.autocorrelation:.2f}.",
        data=pre_period_spread_table(result),
    )
