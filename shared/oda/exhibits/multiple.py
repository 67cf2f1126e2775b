"""Adjusted p-values as a table and a picture."""

from __future__ import annotations

from oda.charts import GREY, new_chart
from oda.evaluate.multiple import AdjustedPValues
from oda.evaluate.words import sentence
from oda.exhibits.dots import FRAME, ROW, draw_dots, say_dots
from oda.results import Picture, Table, TableColumn, picture, table


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
    drawing, axes = new_chart(height=FRAME + ROW * result.n)
    series = {"Alone": result.tests["p"], "Adjusted for the family": result.tests["adjusted"]}
    draw_dots(axes, result.tests["label"].tolist(), series)
    axes.axvline(result.level, color=GREY, linewidth=1, linestyle="--")
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel(f"P-value (dashed: {result.level:g})")
    return picture(
        drawing,
        caption=sentence(result),
        alt="Chart of dots: each test's p-value alone and adjusted for the number of tests.",
        description=f"At {result.level:g} the adjustment keeps {result.controls}. "
        f"{say_dots(result.tests['label'].tolist(), series, decimals=4)}",
        data=adjusted_p_values_table(result),
    )
