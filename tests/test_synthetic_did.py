"""Synthetic difference-in-differences: the published weights' sums, a spread from placebos, and no broken design."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from oda.errors import DesignError
from oda.evaluate import SyntheticDifference, sentence, synthetic_difference_in_differences

EXACT = 1e-10  # relative; the same sums in another unit or under other names
SEARCHED = 2e-3  # of an effect; the authors' search ends near the minimum, not at it
NAMES = {"outcome": "falls", "unit": "district", "time": "year"}
START = 2016
DRAWS = 200  # of the null; the binomial standard error of 95 per cent is then 1.5 points
COVERED = (0.9, 0.99)  # about three of them either side


def paths(donors: int = 6, years: int = 16, effect: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Return districts on a wave each feels in its own measure; `a` is treated from 2016 on."""
    rng = np.random.default_rng(seed)
    wave = rng.normal(size=years).cumsum()
    values = 100 + rng.normal(0, 5, (donors + 1, 1)) + rng.uniform(0.5, 1.5, (donors + 1, 1)) * wave
    values += rng.normal(0, 1, values.shape)
    rows = [(chr(97 + u), 2004 + t, values[u, t]) for u in range(donors + 1) for t in range(years)]
    frame = pd.DataFrame(rows, columns=["district", "year", "falls"])
    frame.loc[(frame["district"] == "a") & (frame["year"] >= START), "falls"] += effect
    return frame


def effect_of(frame: pd.DataFrame, **more: object) -> SyntheticDifference:
    """Return the effect on `a` from 2016 on."""
    return synthetic_difference_in_differences(frame, **{**NAMES, "treated": "a", "start": START, **more})


def on_the_simplex(columns: np.ndarray, target: np.ndarray, ridge: float) -> np.ndarray:
    """Return ridge weights with an intercept, by scipy's general solver."""
    columns, target = columns - columns.mean(axis=0), target - target.mean()
    size = columns.shape[1]
    found = minimize(
        lambda w: ((columns @ w - target) ** 2).sum() + ridge * (w**2).sum(),
        np.full(size, 1 / size),
        bounds=[(0, 1)] * size,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    return np.asarray(found.x)


def test_it_is_the_paper_s_algorithm_solved_slowly() -> None:
    """Weights of units and periods by a general solver, put into the paper's double difference, give the effect."""
    frame = paths(effect=-5)
    wide = frame.set_index(["district", "year"])["falls"].unstack().to_numpy()  # noqa: PD010  one value each
    early, late = wide[:, :12], wide[:, 12:].mean(axis=1)
    noise = np.diff(early[1:], axis=1).std(ddof=1)
    units = on_the_simplex(early[1:].T, early[0], 12 * (4**0.25 * noise) ** 2)
    periods = on_the_simplex(early[1:], late[1:], 6 * (1e-6 * noise) ** 2)
    expected = (late[0] - early[0] @ periods) - units @ (late[1:] - early[1:] @ periods)
    found = effect_of(frame)
    assert found.estimate.value == pytest.approx(expected, rel=SEARCHED)
    assert found.time_weights["weight"].to_numpy() == pytest.approx(periods, abs=0.01)


def test_a_planted_effect_is_found() -> None:
    """An effect added from the start on is added to the estimate, and changes no weight."""
    without, planted = effect_of(paths()), effect_of(paths(effect=-7.5))
    assert planted.estimate.value - without.estimate.value == pytest.approx(-7.5, rel=1e-9)
    pd.testing.assert_frame_equal(without.unit_weights, planted.unit_weights)


def test_equal_weights_make_it_a_plain_difference_in_differences() -> None:
    """When nothing tells the donors apart before the start, they weigh alike and the effect is the plain difference."""
    frame = paths()
    shared = frame["year"].map(dict(enumerate(np.random.default_rng(3).normal(size=16), 2004)))
    late = frame["year"] >= START
    own = frame["district"].map({name: place for place, name in enumerate("abcdefg")})
    found = effect_of(frame.assign(falls=shared * ~late + own * late))
    weights = found.unit_weights["weight"].to_numpy()
    assert weights == pytest.approx(1 / 6, abs=1e-3)
    assert found.estimate.value == pytest.approx(-3.5, abs=0.02)  # `a` moves by 0, the others by 1 to 6


def test_the_interval_is_t_from_the_placebos() -> None:
    """The standard error is the spread of the effects found where nothing was done, the interval by t of one fewer."""
    found = effect_of(paths(effect=-5))
    e, placebos = found.estimate, found.placebos["value"]
    assert e.std_error == pytest.approx(placebos.std(), rel=EXACT)
    assert (e.ci_high - e.value) / e.std_error == pytest.approx(2.5706, abs=1e-4)  # t, 5 degrees of freedom
    assert e.permutation_p == pytest.approx((1 + (placebos.abs() >= abs(e.value)).sum()) / 7)
    assert e.smallest_p == pytest.approx(1 / 7)
    assert "itself little known" in e.cautions[0]
    single = paths()[lambda rows: rows["district"] != "a"]
    alone = effect_of(single, treated="b").estimate.value  # a placebo is the effect without the treated unit
    assert placebos[found.placebos["donor"] == "b"].item() == pytest.approx(alone, rel=0.02)  # but for the noise level


def test_intervals_hold_no_effect_as_often_as_they_say() -> None:
    """With districts alike and no effect, the 95 per cent interval holds nothing in about 95 of 100 draws."""
    found = [effect_of(paths(donors=5, years=14, seed=seed)).estimate for seed in range(DRAWS)]
    assert COVERED[0] <= np.mean([e.ci_low <= 0 <= e.ci_high for e in found]) <= COVERED[1]


def test_rows_names_and_units_change_nothing() -> None:
    """Shuffled rows, other names, another zero and another unit of measure give the same effect and p."""
    frame = paths(effect=-4)
    found = effect_of(frame).estimate
    names = {name: f"{ord('z') - ord(name)} district" for name in "abcdefg"}
    shuffled = effect_of(frame.sample(frac=1, random_state=2)).estimate
    renamed = effect_of(frame.assign(district=frame["district"].map(names)), treated=names["a"]).estimate
    scaled = effect_of(frame.assign(falls=1024 * frame["falls"] + 4096)).estimate
    for other, scale in ((shuffled, 1), (renamed, 1), (scaled, 1024)):
        assert other.value == pytest.approx(scale * found.value, rel=1e-8)
        assert other.std_error == pytest.approx(scale * found.std_error, rel=1e-8)
    assert (shuffled.value, renamed.value) == (found.value, found.value)


def test_a_unit_noisier_than_its_donors_is_said() -> None:
    """Placebos vary less than such a unit does, so the interval is too narrow; it is said before all else."""
    frame = paths()
    noise = np.random.default_rng(5).normal(0, 9, len(frame)) * (frame["district"] == "a")
    found = effect_of(frame.assign(falls=frame["falls"] + noise))
    assert "the interval is too narrow and the p too small" in found.estimate.cautions[0]
    assert found.estimate.cautions[0] in sentence(found)
    assert not any("too narrow" in one for one in effect_of(frame).estimate.cautions)


def test_a_p_beyond_the_placebos_is_said() -> None:
    """Six placebos cannot show a p below 1 in 7; the t distribution can, on the strength of its shape alone."""
    words = "is beyond what 6 placebos can show, 0.143: it rests on effects of chance being normal."
    far, near = effect_of(paths(effect=-40)).estimate, effect_of(paths()).estimate
    assert far.p_value is not None and far.p_value < 1 / 7 and far.cautions[-1].endswith(words)  # noqa: PT018  one fact
    assert near.p_value is not None and near.p_value > 1 / 7  # noqa: PT018
    assert not any("beyond" in one for one in near.cautions)


def test_the_sentence_says_size_interval_and_p_and_no_verdict() -> None:
    """A reader hears direction, size, interval, the p by re-assigning and the smallest it can be."""
    said = sentence(effect_of(paths(effect=-20)))
    for words in ("lower than its weighted donors", "95% interval", "cannot be below 0.143"):
        assert words in said
    assert "significan" not in said


@pytest.mark.parametrize(
    ("spoil", "options", "words"),
    [
        (lambda f: f, {"donors": ["b", "c"]}, "There are 2 donors for 'a'; at least 3"),
        (lambda f: f.drop(index=20), {}, "1 of 112 rows"),
        (lambda f: f, {"start": None}, "not given, or twice"),
        (lambda f: f.assign(falls=f["year"] + 0.0), {}, "all the same"),
        (lambda f: f, {"level": 0}, "level is 0"),
    ],
)
def test_a_broken_design_is_refused(spoil, options, words) -> None:
    """Each design that cannot bear the estimate is refused with what was found, and the data stay as they were."""
    frame = spoil(paths())
    before = frame.copy()
    with pytest.raises(DesignError, match=words):
        effect_of(frame, **options)
    pd.testing.assert_frame_equal(frame, before)
