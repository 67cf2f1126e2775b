"""Inference by design: what leads, what stands beside it, what is refused, and the sizes that say why."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from oda.errors import DesignError
from oda.evaluate import choose_inference
from oda.evaluate.inference.routing import plain_df

DRAWS = 40_000  # of changes without effect; the standard error of a 5 per cent rate is 0.11 points
CLOSE = 0.005  # four such standard errors


@pytest.mark.parametrize(
    ("n_treated", "n_control", "method", "beside"),
    [
        (1, 5, "collapsed", ()),
        (5, 1, "collapsed", ()),
        (1, 32, "collapsed", ()),
        (1, 2, "collapsed", ()),
        (2, 4, "collapsed", ("cr2",)),
        (4, 2, "collapsed", ("cr2",)),
        (2, 31, "collapsed", ("cr2",)),
        (3, 3, "cr2", ("collapsed",)),
        (3, 7, "cr2", ("collapsed",)),
        (5, 5, "cr2", ("collapsed",)),
        (3, 30, "collapsed", ("cr2",)),
        (5, 25, "cr2", ("collapsed",)),
        (9, 21, "cr2", ("collapsed",)),
        (14, 15, "cr2", ("collapsed",)),
        (10, 20, "crv1", ("collapsed",)),
        (16, 17, "crv1", ("collapsed",)),
    ],
)
def test_the_design_chooses(n_treated: int, n_control: int, method: str, beside: tuple[str, ...]) -> None:
    """One or two on a side are collapsed, three and more have CR2, thirty with ten on each side CRV1."""
    found = choose_inference(n_treated, n_control)
    assert (found.method, found.beside) == (method, beside)


@pytest.mark.parametrize(("df", "method"), [(2.99, "collapsed"), (3.0, "cr2")])
def test_the_degrees_of_freedom_of_the_design_at_hand_decide(df: float, method: str) -> None:
    """With covariates or weights CR2 may have fewer degrees of freedom than two plain groups; below 3 it gives way."""
    assert choose_inference(4, 6, df_cr2=df).method == method


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        ((1, 5), ("Only 1 of 6 districts was treated: whatever else happened there is part of this estimate.",)),
        ((2, 4), ("Only 2 of 6 districts were treated: whatever else happened there is part of this estimate.",)),
        ((4, 2), ("Only 2 of 6 districts were left to compare with: whatever else happened there is part of this es",)),
        ((3, 3), ()),
    ],
)
def test_few_on_a_side_are_said(sides: tuple[int, int], said: tuple[str, ...]) -> None:
    """One or two districts on a side carry the estimate, and a caution says so."""
    found = choose_inference(*sides, units="districts").cautions
    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said, strict=True))


def test_what_was_asked_for_is_given_with_what_is_known_against_it() -> None:
    """CR2 with two on a side and CRV1 with five of thirty come with a caution; no other method is put beside."""
    assert choose_inference(2, 4, asked="cr2").cautions[-1].startswith("CR2 with 2 units on a side has about 2 degrees")
    assert choose_inference(5, 25, asked="crv1").cautions == (
        "With 5 of 30 units on a side a nominal 5 per cent test of this kind rejects about 10.",
    )
    for asked in ("collapsed", "welch", "cr2", "wild"):
        found = choose_inference(3, 3, asked=asked)
        assert (found.method, found.beside, found.cautions) == (asked, (), ())


@pytest.mark.parametrize(
    ("n_treated", "n_control", "asked", "words"),
    [
        (
            1,
            5,
            "cr2",
            r"^1 of 6 districts are treated: CR2 .* need 2 or more on either side, since one alone carries no",
        ),
        (5, 1, "cr2", r"^5 of 6 districts are treated: CR2 .* need 2 or more on either side"),
        (1, 5, "welch", r"^1 of 6 districts are treated: unequal-variance t test"),
        (
            1,
            5,
            "wild",
            r"^1 of 6 districts are treated: wild .* need 3 or more on either side, since with fewer it can",
        ),
        (2, 4, "wild", r"^2 of 6 districts are treated: wild .* Use inference='auto', which .* see synthetic_control"),
        (
            1,
            5,
            "crv1",
            r"^6 districts: cluster-robust errors \(CRV1\) need 30; with so few a nominal 5 per cent test rej",
        ),
        (14, 15, "crv1", r"^29 districts: cluster-robust errors"),
        (4, 26, "crv1", r"^4 of 30 districts are treated: cluster-robust errors \(CRV1\) need 5 or more"),
        (1, 49, "crv1", r"^1 of 50 districts are treated"),
        (0, 6, "auto", r"^0 of 6 districts are treated. At least one treated, one comparison and three in all"),
        (6, 0, "collapsed", r"^6 of 6 districts are treated"),
        (1, 1, "auto", r"^1 of 2 districts are treated"),
        (3, 3, "z", r"^'z' names no inference. Give one of 'auto', 'collapsed', 'welch', 'cr2', 'wild', 'crv1'"),
    ],
)
def test_what_the_design_cannot_bear_is_refused(n_treated: int, n_control: int, asked: str, words: str) -> None:
    """With the reason and the alternative."""
    with pytest.raises(DesignError, match=words):
        choose_inference(n_treated, n_control, asked=asked, units="districts")


def sizes(n_treated: int, n: int) -> dict[str, float]:
    """Return how often each method rejects a true null at 5 per cent, on one change a unit."""
    changes = np.random.default_rng(n_treated * n).normal(size=(DRAWS, n))
    sides = [(part, part.shape[1]) for part in (changes[:, :n_treated], changes[:, n_treated:])]
    gap = sides[0][0].mean(axis=1) - sides[1][0].mean(axis=1)
    squares = [((part - part.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) for part, _ in sides]
    crv1 = sum(square / m**2 for square, (_, m) in zip(squares, sides, strict=True)) * n / (n - 2)
    pooled = sum(squares) / (n - 2) * (1 / n_treated + 1 / (n - n_treated))
    tests = {"crv1": (crv1, n - 1), "collapsed": (pooled, n - 2)}
    if n_treated > 1:
        cr2 = sum(square / m / (m - 1) for square, (_, m) in zip(squares, sides, strict=True))
        tests["cr2"] = (cr2, plain_df(n_treated, n - n_treated))
    return {
        name: float(np.mean(2 * stats.t.sf(abs(gap) / np.sqrt(variance), df) < 0.05))
        for name, (variance, df) in tests.items()
    }


@pytest.mark.parametrize(
    ("n_treated", "n", "method", "size"),
    [
        (1, 6, "crv1", 0.33),
        (1, 6, "collapsed", 0.05),
        (2, 6, "cr2", 0.023),
        (3, 6, "cr2", 0.05),
        (3, 33, "cr2", 0.030),
        (3, 33, "collapsed", 0.05),
        (5, 30, "crv1", 0.10),
        (5, 30, "cr2", 0.045),
        (10, 30, "crv1", 0.06),
    ],
)
def test_the_sizes_behind_the_route_are_as_stated(n_treated: int, n: int, method: str, size: float) -> None:
    """CRV1 with 5 of 30 rejects 10 per cent and CR2 with 3 of 33 three, so `auto` takes neither there."""
    assert sizes(n_treated, n)[method] == pytest.approx(size, abs=CLOSE if size < 0.2 else 0.05)


@pytest.mark.parametrize(("n_treated", "n"), [(1, 6), (3, 6), (3, 10), (3, 33), (5, 30), (10, 30), (16, 33)])
def test_what_leads_has_its_nominal_size(n_treated: int, n: int) -> None:
    """In every design the method that `auto` takes rejects between 3.5 and 6.5 per cent of true nulls."""
    leading = choose_inference(n_treated, n - n_treated).method
    assert 0.035 <= sizes(n_treated, n)[leading] <= 0.065


def test_the_degrees_of_freedom_of_two_groups_are_the_known_ones() -> None:
    """Four at 3 of 6, 2.08 at 2 of 6, 2.4 at 3 of 33."""
    assert plain_df(3, 3) == pytest.approx(4)
    assert plain_df(2, 4) == pytest.approx(27 / 13)
    assert round(plain_df(3, 30), 1) == 2.4


@pytest.mark.parametrize("sides", [(1.5, 6), (3, 2.5), (math.nan, 3)])
def test_a_part_of_a_district_is_refused(sides: tuple[float, float]) -> None:
    """Numbers of districts are whole."""
    with pytest.raises(DesignError, match=r"Give whole numbers of units\.$"):
        choose_inference(*sides)  # type: ignore[arg-type]
