"""Comparability, weights and weighted effects as tables and pictures.

Values are shown as given: counts of small groups are hidden by the caller before.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter

from oda.charts import COLOURS, GREY, name_below, new_chart
from oda.estimate import Estimate
from oda.evaluate.weighting.balance import Comparability, label
from oda.evaluate.weighting.effect import WeightedEffect
from oda.evaluate.weighting.propensity import ESTIMANDS, PropensityWeights
from oda.evaluate.words import sentence
from oda.exhibits.dots import dot_rows, draw_dots, draw_intervals, say_dots
from oda.exhibits.titles import titled
from oda.exhibits.values import axis_words, decimals, effect_columns, headline
from oda.making import table
from oda.results import Picture, Table, TableColumn

BINS = 20  # of scores from 0 to 1


def comparability_table(result: Comparability) -> Table:
    """Show the two groups' characteristics, differences and missing values.

    Counts of rows are shown as they are; hide small groups before.

    Parameters
    ----------
    result
        Of `balance_table`.

    Returns
    -------
    Table
        One row a characteristic or level.
    """
    frame = result.rows.assign(name=_names(result.rows))
    columns: dict[str, TableColumn | str] = {
        "name": "Characteristic",
        "missing_treated": "Not known, treated",
        "missing_control": "Not known, comparison",
        "mean_treated": TableColumn(title="Mean or share, treated", decimals=2),
        "mean_control": TableColumn(title="Mean or share, comparison", decimals=2),
        "smd": TableColumn(title="Difference", unit="standard deviations", decimals=2),
        "variance_ratio": TableColumn(title="Ratio of variances", decimals=2),
    }
    sizes = f"{result.n_treated:,} treated and {result.n_control:,} comparison rows"
    if result.ess_treated is not None and result.ess_control is not None:
        columns |= {
            "weighted_mean_treated": TableColumn(title="Weighted, treated", decimals=2),
            "weighted_mean_control": TableColumn(title="Weighted, comparison", decimals=2),
            "weighted_smd": TableColumn(title="Difference after weighting", unit="standard deviations", decimals=2),
        }
        sizes += f", worth {result.ess_treated:,.0f} and {result.ess_control:,.0f} of equal weight after weighting"
    frame["variance_ratio"] = frame["variance_ratio"].map(lambda ratio: "not for a share" if pd.isna(ratio) else ratio)
    note = f"{sizes}. Differences are divided by {result.denominator}, before weighting. {' '.join(result.cautions)}"
    return table(frame, caption="How alike the two groups are", columns=columns, note=note.strip())


def plot_comparability(result: Comparability) -> Picture:
    """Draw each characteristic's standardised difference, before and after weighting.

    Parameters
    ----------
    result
        Of `balance_table`.

    Returns
    -------
    Picture
        With its table.
    """
    weighted = result.ess_treated is not None
    series = {"Before weighting" if weighted else "Difference": result.rows["smd"]}
    if weighted:
        series["After weighting"] = result.rows["weighted_smd"]
    names = _names(result.rows)
    drawing, axes = dot_rows(names)
    draw_dots(axes, series)
    for place in (-result.flag_above, result.flag_above):
        axes.axvline(place, color=GREY, linewidth=1, linestyle="--")
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set_xlabel(f"Treated less comparison, standard deviations (dashed: {result.flag_above:g})")
    apart = [
        f"{int(result.rows[name].sum())} of {len(names)}" for name in ("flag", "weighted_flag") if name in result.rows
    ]
    after = f"; after weighting, {apart[1]}" if weighted else ""
    return titled(
        drawing,
        headline=(
            f"{apart[0]} characteristics differ between the groups by more than {result.flag_above:g} standard "
            f"deviations{after}. What was not measured does not show."
        ),
        alt="Dot chart: how far apart the two groups are in each characteristic.",
        description=f"{sentence(result)} Right of 0 the treated have more. {say_dots(names, series, decimals=2)}",
        data=comparability_table(result),
    )


def propensity_weights_table(result: PropensityWeights) -> Table:
    """Show what the weights of each group come to.

    Counts of rows are shown as they are; hide small groups before.

    Parameters
    ----------
    result
        Of `propensity_weights`.

    Returns
    -------
    Table
        One row a group.
    """
    frame = result.groups.assign(
        group=result.groups["group"].map({"treated": "Treated", "control": "Comparison"}),
        trimmed_share=100 * result.groups["trimmed_share"],
        largest_share=100 * result.groups["largest_share"],
        above_10_share=100 * result.groups["above_10_share"],
    )
    columns: dict[str, TableColumn | str] = {
        "group": "Group",
        "n": "Rows",
        "trimmed": "Trimmed",
        "trimmed_share": TableColumn(title="Trimmed", unit="per cent", decimals=1),
        "ess": TableColumn(title="Worth in rows of equal weight", decimals=0),
        "largest": TableColumn(title="Largest weight", decimals=1),
        "largest_share": TableColumn(title="Its share of the group's weight", unit="per cent", decimals=1),
        "above_10": "Weights above 10",
        "above_10_share": TableColumn(title="Weights above 10", unit="per cent", decimals=1),
        "score_low": TableColumn(title="Lowest score", decimals=3),
        "score_high": TableColumn(title="Highest score", decimals=3),
    }
    note = " ".join([f"Method: {result.method}.", result.overlap, *result.cautions])
    return table(frame, caption="Weights by group", columns=columns, note=note)


def plot_propensity_weights(result: PropensityWeights) -> Picture:
    """Draw the scores of the two groups, one above and one below the line.

    The data beside it are shares of each group by score; hide those of small groups before.

    Parameters
    ----------
    result
        Of `propensity_weights`.

    Returns
    -------
    Picture
        With the shares drawn.
    """
    edges, worth = np.linspace(0, 1, BINS + 1), result.groups.set_index("group")["ess"]
    who = result.treated.to_numpy()
    scores = result.scores.to_numpy()
    up, down = (100 * np.histogram(scores[side], edges)[0] / side.sum() for side in (who, ~who))
    drawing, axes = new_chart()
    axes.bar(edges[:-1], up, width=1 / BINS, align="edge", color=COLOURS[0], edgecolor="white", label="Treated (up)")
    axes.bar(
        edges[:-1],
        -down,
        width=1 / BINS,
        align="edge",
        color="white",
        edgecolor=COLOURS[2],
        hatch="///",
        label="Comparison (down)",
    )
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_xlim(0, 1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
    axes.set_xlabel("Estimated probability of treatment (score)")
    axes.set_ylabel("Per cent of the group")
    name_below(axes)
    shares = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "treated": up, "comparison": down})
    data = table(
        shares,
        caption="Estimated probability of treatment, treated and comparison group",
        columns={
            "low": TableColumn(title="Score from", decimals=2),
            "high": TableColumn(title="to", decimals=2),
            "treated": TableColumn(title="Treated", unit="per cent", decimals=1),
            "comparison": TableColumn(title="Comparison", unit="per cent", decimals=1),
        },
    )
    return titled(
        drawing,
        headline=(
            f"After weighting both groups stand for {ESTIMANDS[result.estimand]}: {worth['treated']:,.0f} treated and "
            f"{worth['control']:,.0f} comparison rows of equal weight."
        ),
        alt="Bars of the estimated probability of treatment, the treated above the line, the comparison group below.",
        description=sentence(result),
        data=data,
    )


def weighted_effect_table(result: WeightedEffect) -> Table:
    """Show the effect beside the difference without weights, with method and cautions.

    Parameters
    ----------
    result
        Of `weighted_effect`.

    Returns
    -------
    Table
        The difference without weights, then the effect.
    """
    frame = pd.DataFrame(
        [
            {
                "name": name,
                "value": found.value,
                "low": found.ci_low,
                "high": found.ci_high,
                "error": found.std_error,
                "n": found.n_obs,
                "method": found.method,
            }
            for name, found in _both(result)
        ]
    )
    columns: dict[str, TableColumn | str] = {
        "name": "Comparison",
        **effect_columns(("value", "low", "high"), frame[["low", "high"]], result.estimate, title="Difference"),
        "error": TableColumn(title="Standard error", decimals=decimals(frame[["low", "high"]])),
        "n": TableColumn(title="Rows", decimals=0),
        "method": "Method",
    }
    caption = f"Effect on {result.estimate.outcome}, before and after weighting"
    return table(frame, caption=caption, columns=columns, note=" ".join(result.estimate.cautions))


def plot_weighted_effect(result: WeightedEffect) -> Picture:
    """Draw the effect and the difference without weights with their intervals.

    Parameters
    ----------
    result
        Of `weighted_effect`.

    Returns
    -------
    Picture
        With its table.
    """
    drawing, axes = dot_rows([name for name, _ in _both(result)], each=0.5)
    axes.axvline(0, color=GREY, linewidth=1)
    draw_intervals(axes, np.array([[e.value, e.ci_low, e.ci_high] for _, e in _both(result)]), lead=1)
    axes.set_xlabel(axis_words(f"Difference in {result.estimate.outcome}", result.estimate))
    return titled(
        drawing,
        headline=f"{headline(result.estimate)} Only what was measured is evened out.",
        alt="Two dots with their intervals: the difference between the groups before and after weighting.",
        description=f"{sentence(result)} {sentence(result.balance)} {' '.join(result.estimate.cautions)}",
        data=weighted_effect_table(result),
    )


def _names(rows: pd.DataFrame) -> list[str]:
    """Return how the rows of a balance table are called."""
    return [label(name, level) for name, level in zip(rows["variable"], rows["level"], strict=True)]


def _both(result: WeightedEffect) -> tuple[tuple[str, Estimate], ...]:
    """Return the difference without weights and the effect, named."""
    return ("Groups as they are", result.raw), (f"After weighting ({result.estimate.estimand})", result.estimate)
