"""Tasks on regressions: 2 x 2 difference-in-differences, two-way fixed effects, wild cluster bootstrap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from measuring import Answers, Match, Row, Way, hold
from oda.evaluate import difference_in_differences, wild_cluster_bootstrap

ROUNDING = 1e-9  # outcomes are about 1
SMALL_SAMPLE = 1e-4  # factors that count unit and period effects differently, on 100,000 rows
CHANCE = 0.02  # of a p of about 0.1 by 9,999 draws: four standard errors of the difference of two
DRAWS = 9_999


def panel(n_units: int, n_times: int) -> pd.DataFrame:
    """Return units by periods with an effect of 1 on the first half of the units in the second half of the periods."""
    rng = np.random.default_rng(n_units)
    unit, time = np.repeat(np.arange(n_units), n_times), np.tile(np.arange(n_times), n_units)
    treated, post = (unit < n_units // 2).astype(int), (time >= n_times // 2).astype(int)
    y = rng.normal(size=n_units)[unit] + rng.normal(size=n_times)[time] + treated * post + rng.normal(size=len(unit))
    columns = {"unit": unit, "time": time, "treated": treated, "post": post, "treatment": treated * post, "y": y}
    return pd.DataFrame(columns)


def two_by_two() -> list[Row]:
    """Estimate a 2 x 2 difference-in-differences with errors by unit, on 6 and on 50 units of 24 periods."""
    return [row for n in (6, 50) for row in hold(_two_by_two(n))]


def _two_by_two(n_units: int) -> Match:
    """Compare the effect; the errors differ on purpose, since ours is by the method that so few units can bear."""
    import diff_diff
    import pyfixest
    import statsmodels.formula.api as smf

    data = panel(n_units, 24)

    def ours() -> Answers:
        columns = {"outcome": "y", "unit": "unit", "time": "time", "treated": "treated", "post": "post"}
        return {"effect": difference_in_differences(data, **columns).estimate.value}

    def by_pyfixest() -> Answers:
        found = pyfixest.feols("y ~ treated * post", data, vcov={"CRV1": "unit"}).tidy()
        return {"effect": found.loc["treated:post", "Estimate"]}

    def by_diff_diff() -> Answers:
        found = diff_diff.DifferenceInDifferences(cluster="unit").fit(
            data, outcome="y", treatment="treated", post="post"
        )
        return {"effect": found.att}

    def by_statsmodels() -> Answers:
        found = smf.ols("y ~ treated * post", data).fit(
            cov_type="cluster", cov_kwds={"groups": data["unit"]}, use_t=True
        )
        test = found.t_test("treated:post = 0")
        return {"effect": float(test.effect[0])}

    return Match(
        title=f"2 x 2 difference-in-differences, {n_units} x 24",
        ours=Way(name="oda", run=ours),
        others=(
            Way(name="pyfixest `feols`", run=by_pyfixest),
            Way(name="diff-diff `DifferenceInDifferences`", run=by_diff_diff),
            Way(name="statsmodels `ols`", run=by_statsmodels),
        ),
        within={"effect": ROUNDING},
    )


def two_way() -> list[Row]:
    """Estimate two-way fixed effects on 100,000 rows: 2,000 units by 50 periods, half treated from the middle on."""
    import diff_diff
    import pyfixest

    data = panel(2_000, 50)

    def ours() -> Answers:
        columns = {"outcome": "y", "unit": "unit", "time": "time", "treatment": "treatment"}
        found = difference_in_differences(data, **columns).estimate
        return {"effect": found.value, "error": found.std_error or np.nan}

    def by_pyfixest() -> Answers:
        found = pyfixest.feols("y ~ treatment | unit + time", data, vcov={"CRV1": "unit"}).tidy().loc["treatment"]
        return {"effect": found["Estimate"], "error": found["Std. Error"]}

    def by_absorbing() -> Answers:
        found = diff_diff.DifferenceInDifferences(cluster="unit").fit(
            data, outcome="y", treatment="treated", post="post", absorb=["unit", "time"]
        )
        return {"effect": found.att, "error": found.se}

    def by_two_sides() -> Answers:
        found = diff_diff.TwoWayFixedEffects(cluster="unit").fit(
            data, outcome="y", treatment="treated", post="post", unit="unit"
        )
        return {"effect": found.att, "error": found.se}

    return hold(
        Match(
            title="two-way fixed effects, 100,000 rows",
            ours=Way(name="oda", run=ours),
            others=(
                Way(name="pyfixest `feols`", run=by_pyfixest),
                Way(name="diff-diff `DifferenceInDifferences(absorb=...)`", run=by_absorbing),
                Way(
                    name="diff-diff `TwoWayFixedEffects`",
                    run=by_two_sides,
                    note="effects of units and of before and after, not of 50 periods",
                ),
            ),
            within={"effect": ROUNDING, "error": SMALL_SAMPLE},
        )
    )


def bootstrap() -> list[Row]:
    """Test a coefficient by 9,999 draws over 42 clusters; ours gives the interval by inversion too."""
    import statsmodels.api as sm
    from wildboottest.wildboottest import wildboottest

    rng = np.random.default_rng(1)
    area = np.repeat(np.arange(42), 72)
    noise = 0.5 * rng.normal(size=42)[area] + rng.normal(size=len(area))
    data = pd.DataFrame({"area": area, "x": (area < 21).astype(float), "age": rng.normal(size=len(area))})
    data["y"] = 0.28 * data["x"] + 0.3 * data["age"] + noise

    def ours() -> Answers:
        found = wild_cluster_bootstrap(data, outcome="y", term="x", cluster="area", covariates=["age"], draws=DRAWS)
        return {"t": found.t_value, "p": found.estimate.p_value or np.nan}

    def theirs() -> Answers:
        model = sm.OLS(data["y"], sm.add_constant(data[["x", "age"]]))
        found = wildboottest(model, B=DRAWS, cluster=data["area"], param="x", seed=1, show=False)
        return {"t": found["statistic"].iloc[0], "p": found["p-value"].iloc[0]}

    return hold(
        Match(
            title="wild cluster bootstrap, 9,999 draws, 42 clusters, 3,024 rows",
            ours=Way(name="oda", run=ours),
            others=(Way(name="wildboottest", run=theirs, note="compiled before", cold=True),),
            within={"t": ROUNDING, "p": CHANCE},
        )
    )
