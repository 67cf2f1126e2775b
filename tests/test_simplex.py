"""Weights on the simplex: the exact minimum, for every problem of a batch, whatever it begins with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from oda.evaluate.synthetic.predictor_weights import LEAST, importance_of, minimise, nested_weights
from oda.evaluate.synthetic.simplex import frank_wolfe_weights, simplex_weights

EXACT = 1e-8  # absolute; least squares of squared columns lose half the digits


def problems(n: int = 40, rows: int = 6, columns: int = 9, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return random problems, some with the best mixture inside and some outside, and which columns they may use."""
    rng = np.random.default_rng(seed)
    allowed = rng.random((n, columns)) < 0.8
    allowed[:, :2] = True
    return rng.normal(0.7, 1, (n, rows, columns)), allowed


def test_every_problem_of_a_batch_has_its_exact_minimum() -> None:
    """Weights of 40 random problems solved together are those of scipy's non-negative least squares, one by one."""
    columns, allowed = problems()
    found = simplex_weights(columns, allowed)
    for one, pool, weights in zip(columns, allowed, found, strict=True):
        expected, _ = nnls(np.vstack([one[:, pool], np.ones(pool.sum())]), np.append(np.zeros(len(one)), 1.0))
        assert weights[pool] == pytest.approx(expected / expected.sum(), abs=EXACT)
        assert not weights[~pool].any()


def test_weights_are_shares() -> None:
    """No weight is negative and each row adds up to one, also when columns repeat one another or are all nothing."""
    columns, allowed = problems()
    for some in (columns, np.concatenate([columns[:, :, :5]] * 2, axis=2)[:, :, :9], np.zeros_like(columns)):
        found = simplex_weights(some, allowed)
        assert (found >= 0).all()
        assert found.sum(axis=1) == pytest.approx(1, abs=1e-12)


def test_a_start_changes_nothing_but_the_time() -> None:
    """From the weights of another problem the search ends at the same minimum."""
    columns, allowed = problems()
    every = np.ones_like(allowed)
    begun = simplex_weights(columns[::-1], every)
    assert simplex_weights(columns, every, start=begun) == pytest.approx(simplex_weights(columns, every), abs=EXACT)


def test_scale_changes_nothing() -> None:
    """In thousands of pounds or in pence the weights are the same."""
    columns, allowed = problems()
    expected = simplex_weights(columns, allowed)
    for scale in (1e-6, 1e6):
        assert simplex_weights(columns * scale, allowed) == pytest.approx(expected, abs=EXACT)


def test_steps_end_near_the_exact_minimum() -> None:
    """Given enough steps, the search of Frank and Wolfe comes within a thousandth of the exact weights."""
    rng = np.random.default_rng(3)
    columns, target = rng.normal(size=(12, 5)), rng.normal(size=(1, 12))
    allowed = np.array([[True, True, False, True, True]])
    stacked = np.concatenate([columns - target.T, 2 * np.eye(5)])[None]
    found = frank_wolfe_weights(columns, target, allowed, ridge=4.0, least=1e-14, start=allowed / 4, most=20_000)
    assert found == pytest.approx(simplex_weights(stacked, allowed), abs=1e-3)
    assert found[0, 2] == 0


def test_the_joint_search_finds_each_minimum() -> None:
    """Searches that step together end at their own minima, as scipy's separate ones do."""
    places = np.array([[1.0, -2.0], [0.5, 3.0], [-4.0, 0.0]])

    def loss(points: np.ndarray, searches: np.ndarray) -> np.ndarray:
        """Return a curved valley with its floor at each search's own place."""
        away = points - places[searches]
        return np.asarray(1 + away[:, 0] ** 2 + 10 * (away[:, 1] - away[:, 0] ** 2) ** 2)

    points, losses = minimise(loss, np.zeros((3, 2)))
    assert losses == pytest.approx(1, abs=1e-4)
    assert points == pytest.approx(places, abs=0.02)


def test_the_predictor_that_tells_is_the_important_one() -> None:
    """Of a predictor that the outcome follows and one of noise, the first is important; none falls to nothing."""
    rng = np.random.default_rng(5)
    useful, noise = rng.normal(size=(2, 1, 8))
    outcomes = useful[:, None, :] * np.linspace(1, 2, 10)[None, :, None]
    predictors = np.concatenate([useful, noise])[None]
    _, importance = nested_weights(predictors, outcomes, np.ones((1, 8), dtype=bool))
    assert importance[0, 0] > 0.9
    assert importance.sum() == pytest.approx(1)
    assert importance_of(np.array([[0.0, -1e9]])).min() == pytest.approx(LEAST, rel=1e-3)
