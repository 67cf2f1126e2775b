"""Falsification checks as a table and a picture."""

from __future__ import annotations

import pandas as pd

from oda.charts import GREY
from oda.evaluate import Falsification, sentence
from oda.exhibits.dots import dot_rows, draw_intervals
from oda.exhibits.titles import titled
from oda.exhibits.values import axis_words, capital, effect_columns, say_ends, say_size, shown, spaced
from oda.making import table
from oda.results import Picture, Table, TableColumn

TITLES = {
    "placebo in time": ("Starts made up before the real one", "Made-up start"),
    "placebo in space": ("Untreated units taken as treated, one at a time", "Unit"),
    "leave one out": ("The estimate without each unit in turn", "Left out"),
    "leave neighbours out": ("The estimate without neighbours", "Left out"),
}
ENDS = ["value", "ci_low", "ci_high"]


def falsification_table(result: Falsification) -> Table:
    """Show the estimate and the others beside it.

    Parameters
    ----------
    result
        Placebos or omissions.

    Returns
    -------
    Table
        The estimate, then one row a placebo or omission.
    """
    frame, (title, head) = _rows(result), TITLES[result.kind]
    columns: dict[str, TableColumn | str] = {"label": head}
    columns |= effect_columns(ENDS, frame["value"], result.actual, title="Estimate")
    if frame["ci_low"].notna().sum() == 1:
        columns = {name: columns[name] for name in ("label", "value")}
    note = " ".join([f"{capital(result.actual.method)}.", *result.cautions])
    return table(frame, caption=f"{title}: {result.actual.outcome}", columns=columns, note=note)


def plot_falsification(result: Falsification) -> Picture:
    """Draw the estimate and the others beside it, one line each, with intervals where there are any.

    Parameters
    ----------
    result
        Placebos or omissions.

    Returns
    -------
    Picture
        The estimate on top, filled; the others hollow.
    """
    frame, (title, _) = _rows(result), TITLES[result.kind]
    drawing, axes = dot_rows(frame["label"].tolist())
    axes.axvline(0, color=GREY, linewidth=1.2)
    draw_intervals(axes, frame[ENDS].to_numpy(), lead=0)
    axes.set_xlabel(axis_words(f"Estimate for {result.actual.outcome}", result.actual))
    return titled(
        drawing,
        headline=_caption(result),
        alt=f"Dot chart of the estimate for {result.actual.outcome} beside others: {title.lower()}.",
        description=f"{title}: a filled diamond is the estimate itself, hollow dots are the others. {sentence(result)}",
        data=falsification_table(result),
    )


def _caption(result: Falsification) -> str:
    """Say how the estimate stands beside the others, shortly."""
    e, values = result.actual, result.others["value"]
    own = f"{capital(spaced(e.outcome))}: {say_size(e.value, e)} ({say_ends(e)})"
    if result.as_large is None:
        spread = " to ".join(dict.fromkeys(say_size(float(end), e) for end in (values.min(), values.max())))
        return f"{own}; with units left out {spread}."
    larger = round(result.as_large * (len(values) + 1)) - 1
    made = "made-up starts" if result.kind == "placebo in time" else "untreated units"
    return f"{own}; {larger or 'none'} of {len(values)} {made} as far from no effect."


def _rows(result: Falsification) -> pd.DataFrame:
    """Return the estimate and the others as they are shown."""
    e = result.actual
    own = pd.DataFrame([{"label": "The estimate", "value": e.value, "ci_low": e.ci_low, "ci_high": e.ci_high}])
    frame = pd.concat([own, result.others[list(own.columns)].astype(own.dtypes)], ignore_index=True)
    frame[ENDS] = shown(frame[ENDS], e)
    return frame
