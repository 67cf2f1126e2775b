"""Bootstraps, randomisation tests and the choice between methods as tables and pictures."""

from __future__ import annotations

import numpy as np

from oda.charts import COLOURS, GREY, name_below, new_chart
from oda.evaluate import BootstrapTest, RandomisationTest, Route
from oda.exhibits.estimates import plot_estimates
from oda.exhibits.titles import titled
from oda.exhibits.values import capital, facts_table, say_ends, say_size
from oda.results import Picture, Table

SQUARES = 100  # drawn at most; beyond it a square stands for one way in a hundred
ACROSS = 20  # squares in a row
METHODS = {
    "collapsed": "t test on one change a unit",
    "welch": "t test that lets both sides vary differently",
    "cr2": "errors by cluster (CR2, Satterthwaite degrees of freedom)",
    "wild": "wild cluster bootstrap",
    "crv1": "errors by cluster (CR1)",
}


def bootstrap_test_table(result: BootstrapTest) -> Table:
    """Show the coefficient, its interval and its p, and what they rest on.

    Parameters
    ----------
    result
        Of `wild_cluster_bootstrap`.

    Returns
    -------
    Table
        Two columns of words.
    """
    e = result.estimate
    rows = [
        ("Coefficient", say_size(e.value, e)),
        (f"{e.level * 100:g}% interval", say_ends(e).partition(": ")[2]),
        (f"p against {result.null:g}", f"{e.p_value:.3f}"),
        ("t", f"{result.t_value:.2f}"),
        ("Clusters", f"{e.n_clusters}, rows {e.n_obs:,}"),
        ("Draws", f"{result.draws:,}{', which is all there are' if result.enumerated else ''}"),
        ("Method", e.method),
    ]
    return facts_table(rows, caption=f"Wild cluster bootstrap for {e.outcome}", note=" ".join(e.cautions))


def plot_bootstrap_test(result: BootstrapTest) -> Picture:
    """Draw the coefficient with its interval by inversion of the bootstrap test.

    Parameters
    ----------
    result
        Of `wild_cluster_bootstrap`.

    Returns
    -------
    Picture
        One line; a chart of p against the value tested needs the draws, which the result does not hold.
    """
    e = result.estimate
    caption = f"Coefficient: {say_size(e.value, e)} ({say_ends(e)}); p against {result.null:g} is {e.p_value:.3f}."
    drawn = plot_estimates({"Coefficient": e}, caption=caption)
    data = bootstrap_test_table(result)
    return drawn.model_copy(update={"data": data, "caption": data.caption})


def randomisation_test_table(result: RandomisationTest) -> Table:
    """Show the difference, its p, and the smallest p that the design can give.

    Parameters
    ----------
    result
        Of `randomisation_test`.

    Returns
    -------
    Table
        Two columns of words.
    """
    used = "all of them" if result.enumerated else f"{result.assignments:,} drawn"
    rows = [
        ("Mean change of the treated less that of the others", f"{result.value:.3g}"),
        ("p by re-assigning the treatment", f"{result.p_value:.3g}"),
        ("Smallest p that this design can give", f"{result.smallest_p:.3g}"),
        ("Units treated and not", f"{result.n_treated:,} and {result.n_control:,}"),
        ("Ways to choose those treated", f"{result.ways:,}, {used}"),
        ("Compared by", f"{result.statistic} of mean changes"),
    ]
    return facts_table(rows, caption="Randomisation test of no effect on any unit", note=" ".join(result.cautions))


def plot_randomisation_test(result: RandomisationTest) -> Picture:
    """Draw the ways in which the treatment could have fallen, those with as large a difference filled.

    Parameters
    ----------
    result
        Of `randomisation_test`.

    Returns
    -------
    Picture
        A square a way, or one for each hundredth of them where there are more than 100.
    """
    n = min(result.assignments, SQUARES)
    filled = max(1, round(result.p_value * n))
    places = np.arange(n)
    drawing, axes = new_chart(height=1.3 + 0.36 * -(-n // ACROSS))
    for side, colour, name in (
        (places < filled, COLOURS[0], "difference as large or larger"),
        (places >= filled, "white", "smaller"),
    ):
        where = places[side]
        axes.scatter(where % ACROSS, where // ACROSS, marker="s", s=150, c=colour, edgecolors=GREY, label=name)
    axes.set_xlim(-0.8, ACROSS - 0.2)
    axes.set_ylim((n - 1) // ACROSS + 0.7, -0.7)
    axes.set_axis_off()
    name_below(axes)
    each = "one way to choose" if result.assignments <= SQUARES else "one in a hundred of the ways to choose"
    return titled(
        drawing,
        headline=(
            f"Had chance chosen other units, {100 * result.p_value:.3g} per cent of choices would show as large a "
            f"difference (p {result.p_value:.3g}; the smallest possible is {result.smallest_p:.3g})."
        ),
        alt="Squares, one for each choice of treated units, filled where the difference is as large as the real one.",
        description=(
            f"A square is {each} {result.n_treated} of {result.n_treated + result.n_control} units; the filled ones, "
            f"the real choice among them, show as large a difference or a larger one. {' '.join(result.cautions)}"
        ).strip(),
        data=randomisation_test_table(result),
    )


def route_table(result: Route) -> Table:
    """Show which inference was chosen for a design, and what stands beside it.

    Parameters
    ----------
    result
        Of `choose_inference`.

    Returns
    -------
    Table
        Two columns of words.
    """
    rows = [("Headline", capital(METHODS[result.method]))]
    rows += [("Beside it", capital(METHODS[name])) for name in result.beside]
    return facts_table(rows, caption="How the uncertainty is worked out", note=" ".join(result.cautions))
