"""Tasks on the published cases: 39 synthetic controls of Proposition 99, and group-time effects on mpdta."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from measuring import Answers, Match, Row, Skip, Way, hold
from oda.evaluate import staggered_adoption, synthetic_control

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
START, END = 1989, 2000
BEFORE, AFTER = list(range(1970, START)), list(range(START, END + 1))
PACKS = 1e-4  # a head and year, of a mean gap; both weights are exact
NEARLY = 0.5  # the same where the other's search ends near the minimum; the effect is 19
FIT = 0.05  # packs, of the root mean squared gap before, about 1.7
ROUNDING = 1e-8  # of effects on log employment
PREDICTORS = [
    ("lnincome", list(range(1980, START))),
    ("age15to24", list(range(1980, START))),
    ("retprice", list(range(1980, START))),
    ("beer", list(range(1984, START))),
    ("cigsale", [1988]),
    ("cigsale", [1980]),
    ("cigsale", [1975]),
]


def case(name: str) -> pd.DataFrame:
    """Return the data of a published case, or skip the task where they are not beside this checkout."""
    path = CASES / name
    if not path.is_file():
        message = f"its data, {name}, are not in ../shared/cases beside this checkout"
        raise Skip(message)
    return pd.read_csv(path)


def synthetic_controls() -> list[Row]:
    """Make the synthetic control of California and of 38 placebos: on outcomes alone, then with the nested search."""
    return [*_on_outcomes(), *_nested()]


def _on_outcomes() -> list[Row]:
    """Match the sales of every year before, all alike."""
    import diff_diff
    from pysyncon import Synth

    data = case("prop99_synth/data.csv").rename(columns={"State": "state", "Year": "year", "PacksPerCapita": "packs"})
    data["taxed"] = ((data["state"] == "California") & (data["year"] >= START)).astype(int)
    wide = data.pivot_table(index="year", columns="state", values="packs")
    columns = {"outcome": "packs", "unit": "state", "time": "year"}

    def ours() -> Answers:
        found = synthetic_control(data, **columns, treated="California", start=START)
        return {"gap": found.estimate.value, "fit before": found.pre_rmspe}

    def by_diff_diff() -> Answers:
        found = diff_diff.SyntheticControl(v_method="custom", custom_v=np.ones(len(BEFORE)), standardize="none").fit(
            data, **columns, treatment="taxed", treated_unit="California", post_periods=AFTER
        )
        found.in_space_placebo()
        return {"gap": found.att, "fit before": found.pre_rmspe}

    def by_pysyncon() -> Answers:
        gaps = []
        for state in ("California", "Alabama"):
            donors = wide.drop(columns=list({state, "California"}))
            # It divides each row by its spread, so that equal weights need the variance given back.
            spread = pd.concat([donors, wide[state]], axis=1).loc[BEFORE].var(axis=1).to_numpy()
            made = Synth()
            rows = {"X0": donors.loc[BEFORE], "X1": wide.loc[BEFORE, state]}
            made.fit(**rows, Z0=rows["X0"], Z1=rows["X1"], custom_V=spread / spread.sum())
            gaps.append(float((wide.loc[AFTER, state] - donors.loc[AFTER] @ np.asarray(made.W)).mean()))
        return {"gap": gaps[0]}

    return hold(
        Match(
            title="39 synthetic controls, outcomes only",
            ours=Way(name="oda", run=ours),
            others=(
                Way(
                    name="diff-diff `SyntheticControl`",
                    run=by_diff_diff,
                    note="with California among the donors of its placebos, which ours leaves out",
                ),
                Way(
                    name="pysyncon `Synth`",
                    run=by_pysyncon,
                    calls=39 / 2,
                    note="2 states, taken 19.5 times",
                    within={"gap": NEARLY},
                ),
            ),
            within={"gap": PACKS, "fit before": PACKS},
        )
    )


def _nested() -> list[Row]:
    """Search for the importance of the seven predictors of Abadie, Diamond and Hainmueller."""
    import diff_diff
    from pysyncon import Dataprep, Synth

    data = case("prop99_synth/smoking_covariates.csv").astype({"year": int})
    data["taxed"] = ((data["state"] == "California") & (data["year"] >= START)).astype(int)
    columns = {"outcome": "cigsale", "unit": "state", "time": "year"}

    def ours() -> Answers:
        found = synthetic_control(data, **columns, treated="California", start=START, predictors=PREDICTORS)
        return {"gap": found.estimate.value, "fit before": found.pre_rmspe}

    def by_diff_diff(starts: int) -> Answers:
        found = diff_diff.SyntheticControl(seed=1, n_starts=starts).fit(
            data,
            **columns,
            treatment="taxed",
            treated_unit="California",
            post_periods=AFTER,
            special_predictors=[(column, periods, "mean") for column, periods in PREDICTORS],
        )
        return {"gap": found.att, "fit before": found.pre_rmspe}

    prepared = partial(
        Dataprep,
        foo=data,
        predictors=["lnincome", "age15to24", "retprice"],
        predictors_op="mean",
        dependent="cigsale",
        unit_variable="state",
        time_variable="year",
        treatment_identifier="California",
        controls_identifier=[state for state in data["state"].unique() if state != "California"],
        time_predictors_prior=range(1980, START),
        time_optimize_ssr=range(1970, START),
        special_predictors=[(column, periods, "mean") for column, periods in PREDICTORS[3:]],
    )

    def by_pysyncon() -> Answers:
        made = Synth()
        made.fit(prepared(), optim_method="Nelder-Mead", optim_initial="ols")
        return {"gap": float(made.att(range(START, END + 1))["att"]), "fit before": float(np.sqrt(made.mspe()))}

    one = "1 state, taken 39 times"
    return hold(
        Match(
            title="39 synthetic controls, nested V",
            ours=Way(name="oda", run=ours),
            others=(
                Way(name="diff-diff `SyntheticControl`, 16 starts", run=partial(by_diff_diff, 16), calls=39, note=one),
                Way(
                    name="diff-diff `SyntheticControl`, its own 4 starts",
                    run=partial(by_diff_diff, 4),
                    calls=39,
                    note=one,
                ),
                Way(name="pysyncon `Synth`, from least squares", run=by_pysyncon, calls=39, note=one),
            ),
            within={"gap": NEARLY, "fit before": FIT},
        )
    )


def staggered() -> list[Row]:
    """Estimate all group-time effects on mpdta (500 counties by 5 years) and average them in all four ways."""
    import diff_diff
    from csdid.att_gt import ATTgt

    data = case("mpdta_callaway_santanna/data.csv").rename(columns={"first.treat": "first"})
    data["start"] = data["first"].where(data["first"] > 0)
    columns = {"outcome": "lemp", "unit": "countyreal", "time": "year"}
    four = ("simple", "group", "dynamic", "calendar")

    def ours() -> Answers:
        found = staggered_adoption(data, **columns, cohort="start")
        overall = found.overall.set_index("aggregation").loc[list(four)]
        return {
            "effects": found.cells["value"].to_numpy(),
            "averages": overall["value"].to_numpy(),
            "errors": overall["std_error"].to_numpy(),
            "by cohort": found.by_cohort[["value", "std_error"]].to_numpy(),
            "by event time": found.by_event_time[["value", "std_error"]].to_numpy(),
        }

    def by_diff_diff() -> Answers:
        found = diff_diff.CallawaySantAnna(estimation_method="reg").fit(data, **columns, first_treat="first")
        averaged = [found.aggregate(name) for name in ("simple", "group", "event_study")]
        return {
            "effects": np.array([found.group_time_effects[key]["effect"] for key in sorted(found.group_time_effects)]),
            "by cohort": np.column_stack([averaged[1].att, averaged[1].se]),
            "by event time": np.column_stack([averaged[2].att, averaged[2].se]),
        }

    def by_csdid() -> Answers:
        found = ATTgt(
            yname="lemp",
            tname="year",
            idname="countyreal",
            gname="first",
            data=data,
            control_group="nevertreated",
            xformla="lemp ~ 1",
        ).fit(est_method="reg", bstrap=False)
        averages, errors = [], []
        for name in four:
            found.aggte(typec=name, bstrap=False, cband=False)
            averages.append(found.atte["overall_att"])
            errors.append(found.atte["overall_se"])
        return {"effects": np.array(found.results["att"]), "averages": np.array(averages), "errors": np.array(errors)}

    return hold(
        Match(
            title="group-time effects and four averages, mpdta",
            ours=Way(name="oda", run=ours),
            others=(
                Way(
                    name="diff-diff `CallawaySantAnna`",
                    run=by_diff_diff,
                    note="has no average by calendar, and only the simple one over all",
                    within={"effects": ROUNDING, "by cohort": ROUNDING, "by event time": ROUNDING},
                ),
                Way(name="csdid `ATTgt`", run=by_csdid),
            ),
            within={"effects": ROUNDING, "averages": ROUNDING, "errors": ROUNDING},
        )
    )
