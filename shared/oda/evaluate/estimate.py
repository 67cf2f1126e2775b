"""The one form of an estimated number: value, interval, method and n travel together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """One estimated number and its uncertainty.

    Attributes
    ----------
    estimand
        What is estimated, such as `ATT` (the average effect on the treated) or `rate`.
    scale
        `ratio` (1 means no difference), `difference` (0 means none) or `level` (a quantity on its own).
    outcome, unit
        What is measured, and the unit of `value` and the interval; a ratio has none.
    value, ci_low, ci_high
        The estimate and its interval.
    level
        Coverage of the interval, such as 0.95.
    std_error
        Standard error; of the logarithm for a ratio. None for an exact interval, which has none.
    p_value
        Two-sided, against no difference. None where nothing is tested.
    df
        Degrees of freedom of the reference t distribution; None for another distribution.
    n_obs, n_clusters, n_treated
        Rows used, independent units, treated units.
    smallest_p
        Smallest two-sided p that re-assigning the treatment could give; None where no treatment is assigned.
    permutation_p
        Two-sided p by re-assigning the treatment in every possible way; None where that is not done.
    method
        In words, for the footnote.
    """

    estimand: str
    scale: Literal["ratio", "difference", "level"]
    outcome: str
    unit: str
    value: float
    ci_low: float
    ci_high: float
    level: float
    std_error: float | None
    p_value: float | None
    df: float | None
    n_obs: int
    n_clusters: int
    n_treated: int
    smallest_p: float | None = None
    permutation_p: float | None = None
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, the form that `results.json` stores."""
        return asdict(self)
