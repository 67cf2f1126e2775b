"""Published and reference figures that this version reproduces, from `../shared/cases`."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from scipy import stats

from checkout import ROOT
from oda.evaluate import crude_rate, minimum_detectable_effect

CASES = ROOT.parent / "shared" / "cases"
BYAR = "phe_dsr_byar_wilson"
FEWEST = 10  # below it OHID gives exact Poisson limits, which this version refuses


def figures(case: str) -> dict[str, tuple[float, float]]:
    """Return a case's figures by name, each with its tolerance; skip the test where the case is not there."""
    path = CASES / case / "expected.json"
    if not path.is_file():
        pytest.skip(f"the reference case {case} is not beside this checkout")
    listed = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return {figure["name"]: (figure["value"], figure["tol"]) for figure in listed}


def test_byars_limits_are_those_of_ohid() -> None:
    """Every limit from 10 events up in OHID's own tests of Byar's method is reproduced."""
    checked = 0
    for name, (value, tolerance) in figures(BYAR).items():
        found = re.fullmatch(r"Byars x=(\d+) n=- ([\d.]+)% (lower|upper)cl", name)
        if found and int(found[1]) >= FEWEST:
            rate = crude_rate(int(found[1]), 1, outcome="events", multiplier=1, level=float(found[2]) / 100)
            assert (rate.ci_low if found[3] == "lower" else rate.ci_high) == pytest.approx(value, abs=tolerance), name
            checked += 1
    assert checked == 10


def test_crude_rates_are_those_of_ohid() -> None:
    """Area 4 of OHID's tests, 65 events among 100 people, has their limits per 100,000 at 95 and at 99.8 per cent."""
    expected = figures(BYAR)
    for level, words in ((0.95, "95_0"), (0.998, "99_8")):
        rate = crude_rate(65, 100, outcome="events", level=level)
        for end, limit in (("lower", rate.ci_low), ("upper", rate.ci_high)):
            value, tolerance = expected[f"Rate Area4 {end}{words}cl"]
            assert limit == pytest.approx(value, abs=tolerance)


def test_the_effect_that_six_districts_detect_is_the_reference_one() -> None:
    """Simulated, the effect that 1 of 6 treated districts detect has the reference's power of 0.80."""
    value, tolerance = figures("power_mde")["simulated power at that MDE, G=6 n1=1"]
    effect = minimum_detectable_effect(1.0, n_treated=1, n_control=5)
    draws = np.random.default_rng(6).normal(size=(100_000, 6))
    detected = stats.ttest_ind(draws[:, :1] + effect, draws[:, 1:], axis=1).pvalue < 0.05
    assert detected.mean() == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize(
    ("effect", "power", "name"),
    [
        (0.5, 0.8, "n per arm d=.5 80%"),
        (0.2, 0.8, "n per arm d=.2 80%"),
        (0.8, 0.8, "n per arm d=.8 80%"),
        (0.5, 0.9, "n per arm d=.5 90%"),
    ],
)
def test_cohens_sample_sizes_are_the_smallest_that_detect_his_effects(effect: float, power: float, name: str) -> None:
    """Cohen's number of people an arm detects his effect, and one person fewer does not."""
    people = int(figures("power_mde")[name][0])
    enough, short = (
        minimum_detectable_effect(1.0, n_treated=n, n_control=n, power=power) for n in (people, people - 1)
    )
    assert enough <= effect < short


def test_blooms_multiplier_is_the_limit_of_many_units() -> None:
    """With 20,000 units the smallest effect is 2.8 standard errors."""
    value, tolerance = figures("power_mde")["Bloom multiplier large df"]
    effect = minimum_detectable_effect(1.0, n_treated=10_000, n_control=10_000)
    assert effect / np.sqrt(2 / 10_000) == pytest.approx(value, abs=tolerance)
