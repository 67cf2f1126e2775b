"""The one form of an estimated number: value, interval, method and n travel together."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any, ClassVar, Literal

from oda.errors import DesignError

NUMBERS = ("value", "ci_low", "ci_high", "level", "std_error", "p_value", "df", "smallest_p", "permutation_p")
WIDEST = 700.0  # the exponential of a little more than this is more than a computer's number can hold


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
        The estimate and its interval; always numbers, the value between the ends.
    level
        Coverage of the interval, such as 0.95.
    std_error
        Standard error; of the logarithm for a ratio. None for an exact interval, which has none.
    p_value
        Two-sided, against no difference. None where nothing is tested.
    df
        Degrees of freedom of the reference t distribution; None for another distribution.
    n_obs, n_clusters, n_treated
        Rows used, independent units, treated units (0 where nothing is treated).
    smallest_p
        Smallest two-sided p that re-assigning the treatment could give; None where no treatment is assigned.
    permutation_p
        Two-sided p by re-assigning the treatment in every possible way; None where that is not done.
    cautions
        What changes how the number must be read, one sentence each, such as that one unit alone was treated.
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
    cautions: tuple[str, ...] = ()
    method: str

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}

    def __post_init__(self) -> None:
        """Refuse what is no number, and an interval that does not hold its value."""
        found = [getattr(self, name) for name in NUMBERS]
        if not all(value is None or math.isfinite(value) for value in found):
            broken = [name for name, value in zip(NUMBERS, found, strict=True) if not math.isfinite(value or 0)]
            message = f"The estimate has no number for {', '.join(broken)}. Look at the data that it was made from."
            raise DesignError(message)
        if not self.ci_low <= self.value <= self.ci_high:
            message = (
                f"{self.value:g} is outside its interval, {self.ci_low:g} to {self.ci_high:g}. Give its own interval."
            )
            raise DesignError(message)
        check_share(level=self.level)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, the form that `results.json` stores."""
        return asdict(self)


def check_share(**shares: float) -> None:
    """Refuse a coverage or a power that does not lie between 0 and 1.

    Parameters
    ----------
    **shares
        Numbers by name.

    Raises
    ------
    DesignError
        When one is not above 0 and below 1.
    """
    for name, share in shares.items():
        if not 0 < share < 1:
            message = f"{name} is {share:g}. Give a share between 0 and 1, such as 0.95 or 0.8."
            raise DesignError(message)


def check_whole(**counts: float) -> None:
    """Refuse a number of units or periods that is no whole number.

    Parameters
    ----------
    **counts
        Numbers by name.

    Raises
    ------
    DesignError
        When one is not whole.
    """
    for name, count in counts.items():
        if not isinstance(count, Integral) or isinstance(count, bool):
            message = f"{name} is {count!r}. Give a whole number, such as 3."
            raise DesignError(message)


def ratio_limits(effect: float, reach: float) -> tuple[float, float, float]:
    """Return a ratio and the ends of its interval from its logarithm.

    Parameters
    ----------
    effect
        Logarithm of the ratio.
    reach
        Half the width of the interval of the logarithm.

    Returns
    -------
    tuple of float
        The ratio, the low end, the high end.

    Raises
    ------
    DesignError
        When the interval is too wide to be written as numbers.
    """
    if not abs(effect) + reach < WIDEST:
        message = (
            f"The interval spans a factor of e to the power {2 * reach:,.0f}, which says nothing. Use more units, a "
            "longer period or a lower level."
        )
        raise DesignError(message)
    return math.exp(effect), math.exp(effect - reach), math.exp(effect + reach)


def check_numbers(**columns: Any) -> None:  # noqa: ANN401  a pandas column, named
    """Refuse a column that is not of finite numbers, or holds one below zero.

    Parameters
    ----------
    **columns
        Series by name; missing values are the caller's to refuse.

    Raises
    ------
    DesignError
        When a value is text, infinite or negative.
    """
    for name, column in columns.items():
        if column.dtype == object or not hasattr(column.dtype, "kind") or column.dtype.kind not in "iufb":
            message = f"The {name} is not a column of numbers but of {column.dtype}. Turn it into numbers first."
            raise DesignError(message)
        bad = int(((column < 0) | (column == math.inf)).sum())
        if bad:
            message = (
                f"The {name} of {bad} of {len(column)} rows is below zero or infinite. Correct or leave out these rows."
            )
            raise DesignError(message)
