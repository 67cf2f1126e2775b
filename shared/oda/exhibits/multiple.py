"""Adjusted p-values as a table and a picture."""

from __future__ import annotations

from oda.charts import GREY
from oda.evaluate.inference.multiple import AdjustedPValues
from oda.evaluate.words import sentence
from oda.exhibits.dots import dot_rows, draw_dots, say_dots
from oda.exhibits.titles import titled
from oda.making import table
from oda.results import Picture, Table, TableColumn


def adjusted_p_values_table(result: AdjustedPValues) -> Table:
    """Show the p-values of a family, as they came and adjusted.

    Parameters
    ----------
    result
        Of `adjust_p_values`.

    Returns
    -------
    Table
        One row a test, in the caller's order.
    """
    return table(
        result.tests,
        caption=f"P-values of {result.family}",
        columns={
            "label": "Test",
            "p": TableColumn(title="P-value alone", decimals=4),
            "adjusted": TableColumn(title="Adjusted for the family", decimals=4),
            "below": f"Adjusted at or below {result.level:g}",
        },
        note=f"{result.method}. At {result.level:g} it keeps {result.controls}.",
    )


def plot_adjusted_p_values(result: AdjustedPValues) -> Picture:
    """Draw the p-values of a family, as they came and adjusted.

    Parameters
    ----------
    result
        Of `adjust_p_values`.

    Returns
    -------
    Picture
        With its table.
    """
    names = result.tests["label"].tolist()
    drawing, axes = dot_rows(names)
    series = {"Alone": result.tests["p"], "Adjusted for the family": result.tests["adjusted"]}
    draw_dots(axes, series)
    axes.axvline(result.level, color=GREY, linewidth=1, linestyle="--")
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel(f"P-value (dashed: {result.level:g})")
    return titled(
        drawing,
        headline=(
            f"{result.n_below_raw} of {result.n} p-values are at or below {result.level:g} alone, {result.n_below} "
            "after allowing for their number. A p-value says nothing of the size of an effect."
        ),
        alt="Dot chart: each test's p-value alone and adjusted for the number of tests.",
        description=(
            f"{sentence(result)} At {result.level:g} the adjustment keeps {result.controls}. "
            f"{say_dots(names, series, decimals=4)}"
        ),
        data=adjusted_p_values_table(result),
    )
