"""Confidence limits of counts, shares and weighted sums, against exact probabilities and each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from oda.errors import DesignError
from oda.evaluate import byar_limits, dobson_limits, exact_limits, poisson_limits, wilson_limits

EXACT = 1e-10  # relative; rounding alone
ROOT = 1e-7  # relative; where a root is searched for


def test_byars_limits_equal_hand_arithmetic() -> None:
    """100 events have the limits 81.36 and 121.63."""
    low, high = byar_limits(100)
    z = 1.959963984540054
    assert float(low) == pytest.approx(100 * (1 - 1 / 900 - z / 30) ** 3, rel=EXACT)
    assert float(high) == pytest.approx(101 * (1 - 1 / 909 + z / (3 * 101**0.5)) ** 3, rel=EXACT)


@pytest.mark.parametrize("level", [0.95, 0.998])
@pytest.mark.parametrize("events", [1, 5, 9, 40])
def test_exact_limits_leave_half_of_the_rest_on_either_side(events: int, level: float) -> None:
    """At the low limit so many events or more are as rare as asked; at the high limit so many or fewer are."""
    low, high = (float(end) for end in exact_limits(events, level=level))
    assert stats.poisson.sf(events - 1, low) == pytest.approx((1 - level) / 2, rel=ROOT)
    assert stats.poisson.cdf(events, high) == pytest.approx((1 - level) / 2, rel=ROOT)


def test_no_event_has_a_low_limit_of_none_and_a_high_limit_above() -> None:
    """A count of 0 is a count: from 0 to 3.69 events."""
    assert [float(end) for end in exact_limits(0)] == pytest.approx([0, -np.log(0.025)], rel=EXACT)
    assert float(byar_limits(0)[0]) == float(byar_limits(1, level=0.998)[0]) == 0


@pytest.mark.parametrize("level", [0.95, 0.998])
def test_byars_limits_are_close_to_the_exact_ones_from_10_events_up(level: float) -> None:
    """Within 1.5 per cent at both levels, and closer the more events there are."""
    counts = np.arange(10, 2000)
    byar, exact = byar_limits(counts, level=level), exact_limits(counts, level=level)
    gap = np.maximum(*(abs(one / other - 1) for one, other in zip(byar, exact, strict=True)))
    assert gap.max() < 0.015
    assert gap[-1] < gap[0] / 10


def test_the_limits_change_from_exact_to_byar_at_10_events() -> None:
    """9 events have the exact limits, 10 have Byar's; a list of counts gives what each alone gives."""
    low, high = poisson_limits([0, 9, 10, 65])
    exact, byar = exact_limits([0, 9]), byar_limits([10, 65])
    assert low.tolist() == pytest.approx([*exact[0], *byar[0]], rel=EXACT)
    assert high.tolist() == pytest.approx([*exact[1], *byar[1]], rel=EXACT)


@pytest.mark.parametrize("mean", [2.0, 8.0, 12.0, 50.0])
def test_the_limits_hold_the_mean_as_often_as_they_say(mean: float) -> None:
    """Reckoned without chance, 95 % limits hold the mean of a Poisson count in 94.5 per cent or more."""
    counts = np.arange(200)
    low, high = poisson_limits(counts)
    held = stats.poisson.pmf(counts, mean)[(low <= mean) & (mean <= high)].sum()
    assert held > 0.945


def test_wilsons_limits_solve_the_score_equation() -> None:
    """At either limit the observed share is 1.96 standard errors of that limit away."""
    low, high = (float(end) for end in wilson_limits(7, 50))
    z = stats.norm.ppf(0.975)
    for end, bracket in ((low, (1e-9, 0.14)), (high, (0.14, 1 - 1e-9))):
        root = optimize.brentq(lambda p: (0.14 - p) ** 2 - z**2 * p * (1 - p) / 50, *bracket)
        assert end == pytest.approx(root, rel=ROOT)


@pytest.mark.parametrize(("events", "people"), [(0, 20), (20, 20), (1, 7), (65, 100)])
def test_wilsons_limits_equal_those_of_statsmodels(events: int, people: int) -> None:
    """Also where none or all have the property, and never outside 0 to 1."""
    found = [float(end) for end in wilson_limits(events, people)]
    assert found == pytest.approx(proportion_confint(events, people, method="wilson"), abs=1e-12)
    assert 0 <= found[0] <= events / people <= found[1] <= 1


def test_wilsons_limits_hold_the_share_whatever_rounding_does() -> None:
    """For none and for all of 1 to 5,000 people, at both levels, the share lies within its interval and 0 to 1."""
    people = np.arange(1, 5001)
    for events, level in ((0 * people, 0.95), (people, 0.95), (0 * people, 0.998), (people, 0.998)):
        low, high = wilson_limits(events, people, level=level)
        assert ((low >= 0) & (low <= events / people) & (events / people <= high) & (high <= 1)).all()


def test_wilsons_limits_of_the_others_mirror() -> None:
    """The share without the property has the limits of the share with it, turned round."""
    (low, high), (other_low, other_high) = wilson_limits(7, 50), wilson_limits(43, 50)
    assert (float(other_low), float(other_high)) == pytest.approx((1 - float(high), 1 - float(low)), rel=EXACT)


def test_dobsons_limits_of_a_plain_count_are_byars() -> None:
    """A sum whose weights are all 1 is its total."""
    assert np.allclose(dobson_limits(65, 65, 65), byar_limits(65), rtol=EXACT)


def test_dobsons_limits_scale_with_the_weights() -> None:
    """Weights a thousand times as large give limits a thousand times as large."""
    here, there = dobson_limits(50, 80, 40), dobson_limits(50e3, 80e6, 40)
    assert np.allclose(1000 * np.array(here), there, rtol=EXACT)


def test_dobsons_low_limit_is_never_below_zero() -> None:
    """A variance many times the count's does not make a rate negative."""
    assert float(dobson_limits(10, 10_000, 10)[0]) == 0


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: byar_limits([3, -1]), r"^1 of 2 counts are missing, infinite or below 0"),
        (lambda: exact_limits(np.nan), r"^1 of 1 counts are missing"),
        (lambda: poisson_limits(np.inf), r"^1 of 1 counts are missing"),
        (lambda: wilson_limits(3, 0), r"^1 populations are 0 and 1 are smaller"),
        (lambda: wilson_limits(0, 0), r"^1 populations are 0 and 0 are smaller"),
        (lambda: wilson_limits([3, 4], [10, 3]), r"^0 populations are 0 and 1 are smaller"),
        (lambda: dobson_limits(0, 0, 0), r"^A total is 0"),
        (lambda: byar_limits(3, level=95), r"^level is 95. Give a share"),
        (lambda: exact_limits(3, level=95), r"^level is 95. Give a share"),
    ],
)
def test_limits_of_what_is_no_count_are_refused(ask: Callable[[], object], words: str) -> None:
    """In a sentence that does not say the count."""
    with pytest.raises(DesignError, match=words):
        ask()
