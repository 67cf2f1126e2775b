"""The strength of evidence as a table and as a ladder of five steps."""

from __future__ import annotations

import pandas as pd

from oda.charts import COLOURS, GREY, new_chart
from oda.evaluate.words import sentence
from oda.evaluate.worth.evidence import MEANING, EvidenceGrade
from oda.exhibits.titles import titled
from oda.exhibits.values import facts_table
from oda.making import table
from oda.results import Picture, Table


def evidence_grade_table(result: EvidenceGrade) -> Table:
    """Show the level, what caps it and what would raise it.

    Parameters
    ----------
    result
        The grade.

    Returns
    -------
    Table
        Two columns of words.
    """
    rows = [
        ("Level", f"{result.level} of 5: {result.meaning}"),
        ("Design", f"{result.design}, which can reach level {result.by_design}"),
        ("Units treated and not", f"{result.n_treated:,} and {result.n_control:,}"),
        *(("What holds it down", why) for why in result.caps),
        *(("What would raise it", remedy) for remedy in result.raises),
    ]
    caption = "Strength of the evidence on the Maryland Scientific Methods Scale"
    return facts_table(rows, caption=caption)


def plot_evidence_grade(result: EvidenceGrade) -> Picture:
    """Draw the five levels as a ladder, with the one reached and the one the design could reach.

    Parameters
    ----------
    result
        The grade.

    Returns
    -------
    Picture
        Five bars, the lowest at the bottom.
    """
    drawing, axes = new_chart(height=2.6)
    levels = list(MEANING)
    for level in levels:
        reached, open_step = level <= result.level, result.level < level <= result.by_design
        axes.barh(
            level,
            level,
            height=0.7,
            color=COLOURS[0] if reached else "white",
            edgecolor=COLOURS[0] if reached or open_step else "#B0B0B0",
            hatch="///" if open_step else None,
            linewidth=1.2,
        )
    axes.annotate("reached", (result.level, result.level), xytext=(6, 0), textcoords="offset points", va="center")
    if result.by_design > result.level:
        words = f"what {result.design} can reach"
        place = (result.by_design, result.by_design)
        axes.annotate(words, place, xytext=(6, 0), textcoords="offset points", va="center", color=GREY)
    axes.set_yticks(levels, [f"Level {level}" for level in levels])
    axes.set_xlim(0, 8.5)
    axes.set_xticks([])
    axes.grid(visible=False)
    for side in ("bottom", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    frame = pd.DataFrame(
        [(f"Level {level}", MEANING[level], "yes" if level <= result.level else "no") for level in levels],
        columns=["level", "meaning", "reached"],
    )
    data = table(
        frame,
        caption="The five levels of the Maryland Scientific Methods Scale, and those reached",
        columns={"level": "Level", "meaning": "What it means", "reached": "Reached"},
    )
    return titled(
        drawing,
        headline=f"Level {result.level} of 5 on the Maryland scale: {result.meaning}.",
        alt=f"Ladder of five levels of evidence; level {result.level} is reached.",
        description=" ".join([sentence(result), *result.caps[1:], *result.raises]),
        data=data,
    )
