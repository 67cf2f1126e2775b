"""Difference-in-differences as a table and a picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.charts import COLOURS, GREY, new_chart
from oda.evaluate import Comparison, Estimate, sentence
from oda.evaluate.starts import say
from oda.exhibits.values import capital, decimals, shown, unit_shown
from oda.results import Picture, Table, TableColumn, picture, table


def estimate_table(estimates: dict[str, Estimate], *, caption: str) -> Table:
    """Show estimates of one quantity side by side: value, interval, method, n and p.

    Parameters
    ----------
    estimates
        By what each is called, all on the scale of the first.
    caption
        What they estimate.

    Returns
    -------
    Table
        One row an estimate.
    """
    listed = list(estimates.values())
    first = listed[0]
    values = shown([[e.value, e.ci_low, e.ci_high] for e in listed], first)
    frame = pd.DataFrame(values, columns=["value", "low", "high"])
    frame.insert(0, "what", list(estimates))
    frame["n"] = [f"{e.n_treated} and {e.n_clusters - e.n_treated}" for e in listed]
    frame["df"] = [e.df for e in listed]
    frame["p"] = [e.p_value for e in listed]
    digits, unit = decimals(values[:, 0]), unit_shown(first)
    interval = f"{first.level * 100:g}% interval"
    columns: dict[str, TableColumn | str] = {
        "what": "Estimate",
        "value": TableColumn(title="Effect", unit=unit, decimals=digits),
        "low": TableColumn(title=f"{interval}, from", decimals=digits),
        "high": TableColumn(title="to", decimals=digits),
        "n": "Treated and others",
        "df": TableColumn(title="Degrees of freedom", decimals=1),
        "p": TableColumn(title="p", decimals=3),
    }
    notes = [f"{name}: {e.method}." for name, e in estimates.items()] + [c for e in listed[:1] for c in e.cautions]
    return table(frame, caption=caption, columns=columns, note=capital(" ".join(notes)))


def comparison_table(result: Comparison) -> Table:
    """Show the two-by-two table of means, and the change of each group.

    It shows means as they are; protect small counts before.

    Parameters
    ----------
    result
        A difference-in-differences.

    Returns
    -------
    Table
        One row a group, then their difference; the method, p and cautions below.
    """
    e = result.estimate
    digits = decimals(result.means[["before", "after"]])
    unit = next((one.unit for one in (e, result.other_scale) if one is not None and one.unit), "")
    frame = result.means.assign(group=result.means["group"].map(capital))
    columns: dict[str, TableColumn | str] = {
        "group": "Units",
        "units": TableColumn(title="Number", decimals=0),
        "before": TableColumn(title="Before", unit=unit, decimals=digits),
        "after": TableColumn(title="After", unit=unit, decimals=digits),
        "change": TableColumn(title="Change", unit=unit, decimals=digits),
    }
    p = "" if e.p_value is None else f" p {e.p_value:.3f}."
    permuted = ""
    if e.permutation_p is not None and e.smallest_p is not None:
        permuted = (
            f" p by re-assigning the treatment {e.permutation_p:.3f}; the smallest possible is {e.smallest_p:.3f}."
        )
    note = f"{sentence(result)} {capital(e.method)}.{p}{permuted}"
    return table(frame, caption=f"{capital(e.outcome)} before and after", columns=columns, note=note)


def plot_comparison(result: Comparison) -> Picture:
    """Draw each unit's change, treated beside the rest, and the means of both.

    It shows each unit's change as it is; protect small counts before.

    Parameters
    ----------
    result
        A difference-in-differences.

    Returns
    -------
    Picture
        A dot a unit; a bar at each group's mean.
    """
    e = result.estimate
    ratio = e.scale == "ratio"
    change = result.changes["change"].to_numpy(dtype=float)
    values = 100 * (np.exp(change) - 1) if ratio else change
    unit = "% change" if ratio else e.unit
    drawing, axes = new_chart()
    axes.axhline(0, color=GREY, linewidth=1)
    groups = ((True, "Treated", "o"), (False, "Not treated", "s"))
    means: list[float] = []
    for place, (treated, name, mark) in enumerate(groups):
        side = result.changes["treated"].to_numpy() == treated
        own = np.sort(values[side])
        across = place + np.linspace(-0.22, 0.22, len(own)) if len(own) > 1 else np.array([float(place)])
        axes.plot(across, own, mark, color=COLOURS[place * 2], markersize=8, alpha=0.85, label=name)
        means.append(100 * (np.exp(change[side].mean()) - 1) if ratio else change[side].mean())
        axes.hlines(means[-1], place - 0.32, place + 0.32, color=COLOURS[place * 2], linewidth=3)
    axes.set_xticks([0, 1], [f"{name} ({int((result.changes['treated'] == side).sum())})" for side, name, _ in groups])
    axes.set_xlim(-0.6, 1.6)
    axes.set_ylabel(f"After against before, {unit}")
    shown_frame = pd.DataFrame({"unit": result.changes["unit"].astype(str), "value": values})
    shown_frame["group"] = np.where(result.changes["treated"], "treated", "not treated")
    columns: dict[str, TableColumn | str] = {
        "unit": "Unit",
        "group": "Group",
        "value": TableColumn(title="Change", unit=unit, decimals=decimals(values)),
    }
    digits, bar = decimals(values), "geometric mean" if ratio else "mean"
    said = f"{means[0]:,.{digits}f} for treated units, {means[1]:,.{digits}f} for the others"
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Dot chart of the change in {e.outcome} of each unit, treated units beside the others.",
        description=(f"One dot a unit, a bar at each group's {bar}: {said} ({'; '.join([unit, *_spans(result)])})."),
        data=table(shown_frame, caption=f"Change in {e.outcome} by unit", columns=columns),
    )


def _spans(result: Comparison) -> list[str]:
    """Say the periods of both sides, where they are known."""
    if (result.before, result.after) == ((0, 0), (1, 1)):
        return []
    sides = (("before", result.before), ("after", result.after))
    return [f"{name}: {say(a) if a == b else f'{say(a)} to {say(b)}'}" for name, (a, b) in sides]
