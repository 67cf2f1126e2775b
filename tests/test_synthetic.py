"""The made-up data have the properties that were published or planted, and come from nothing but a seed."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oda.datasets import Synthetic, find_dataset
from oda.errors import DatasetError
from oda.pilot import District, Pilot, load_pilot
from oda.presets import read_preset
from oda.synthetic import (
    ENGLAND_RATE,
    RAMP,
    VISITS_PER_10_000,
    WINTER_PEAK,
    keep_synthetic,
    make_falls,
    write_synthetic,
)

SEEDS = range(100)
WITHIN = 0.025  # of a mean over 100 seeds and 36 months: some 150,000 admissions a district, and 1 % a year of trend


def made(pilot: Pilot, *, planted: float = 0.85, seeds: range = SEEDS) -> pd.DataFrame:
    """Return the made-up data of many seeds, one below the other."""
    frames = [make_falls(pilot, recipe(seed, planted)).assign(seed=seed) for seed in seeds]
    return pd.concat(frames, ignore_index=True)


def recipe(seed: int = 65, planted: float = 0.85) -> Synthetic:
    """Return the recipe of the template's card, with another seed or truth."""
    return Synthetic(generator="falls", seed=seed, planted_rate_ratio=planted)


@pytest.fixture(scope="module")
def hundred(baked_folder: Path) -> pd.DataFrame:
    """Return the default pilot's data of a hundred seeds, made once."""
    return made(load_pilot(baked_folder))


def yearly_rate(rows: pd.DataFrame) -> pd.Series:
    """Return admissions a year per 100,000 people, by district."""
    sums = rows.groupby("district_code")[["admissions", "population"]].sum()
    return sums["admissions"] / sums["population"] * 12 * 100_000


def with_districts(pilot: Pilot, *districts: District) -> Pilot:
    """Return the pilot with other districts."""
    return pilot.model_copy(update={"districts": districts})


def test_rates_before_the_start_are_the_published_ones(hundred: pd.DataFrame) -> None:
    """Redditch has about 2,379 admissions a year per 100,000, Wyre Forest 1,473, each district its published rate."""
    rates = yearly_rate(hundred[hundred["period"] < "2025-04"])
    published = {d["code"]: d["falls_rate"] for d in read_preset("odas", "worcestershire")["districts"]}
    assert published["E07000236"] == 2379
    assert published["E07000239"] == 1473
    for code, rate in published.items():
        assert rates[code] == pytest.approx(rate, rel=WITHIN), code


def test_populations_are_the_published_ones(hundred: pd.DataFrame) -> None:
    """The first month has the people aged 65 and over that the census counted, rounded as published."""
    first = hundred[(hundred["period"] == "2022-04") & (hundred["seed"] == 0)].set_index("district_code")
    published = {d["code"]: d["people_65_over"] for d in read_preset("odas", "worcestershire")["districts"]}
    assert first["population"].to_dict() == published


def test_districts_without_published_figures_have_england_s_rate(pilot: Pilot) -> None:
    """A district outside the presets gets England's 2,170 per 100,000, with the spread between districts."""
    others = [District(code=f"E0700099{n}", name=f"District {n}") for n in range(5)]
    rates = yearly_rate(made(with_districts(pilot, *others)).query("period < '2025-04'"))
    assert ENGLAND_RATE == 2170
    assert rates.mean() == pytest.approx(ENGLAND_RATE, rel=0.04)


def test_every_oda_of_the_presets_has_data(pilot: Pilot) -> None:
    """Each of the six offices gets whole, plausible data, also where districts have merged."""
    for oda in ("essex", "greater-manchester", "london", "suffolk", "west-midlands", "worcestershire"):
        districts = [District(code=d["code"], name=d["name"]) for d in read_preset("odas", oda)["districts"]]
        about = pilot.pilot.model_copy(update={"oda": oda})
        frame = make_falls(with_districts(pilot, *districts).model_copy(update={"pilot": about}), recipe())
        assert len(frame) == len(districts) * 52
        assert not frame.isna().any(axis=None)
        assert yearly_rate(frame).between(1000, 4500).all(), oda


def test_winter_has_more_falls_than_summer(hundred: pd.DataFrame) -> None:
    """January lies a tenth above the year's mean and July a tenth below it."""
    before = hundred[hundred["period"] < "2025-04"]
    by_month = before.groupby(before["period"].str[5:])["admissions"].mean()
    assert by_month.idxmax() in ("12", "01", "02")
    assert by_month["01"] / by_month.mean() == pytest.approx(1 + WINTER_PEAK, abs=0.02)
    assert by_month["07"] / by_month.mean() == pytest.approx(1 - WINTER_PEAK, abs=0.02)


def test_counts_vary_more_than_poisson(hundred: pd.DataFrame) -> None:
    """Between seeds, a month's counts vary more than chance alone: by shocks of 6 per cent a district and month."""
    before = hundred[hundred["period"] < "2025-04"].groupby(["district_code", "period"])["admissions"]
    mean, spread = before.mean(), before.var()
    assert ((spread - mean) / mean**2).mean() == pytest.approx(math.exp(0.06**2) - 1, rel=0.25)
    assert (spread / mean).mean() > 1.05


def test_visits_begin_with_the_roll_out_and_grow_to_full(hundred: pd.DataFrame) -> None:
    """No visit before a district's first month, two fifths of full then, seven tenths next, full from the third."""
    redditch = hundred[hundred["district_code"] == "E07000236"].groupby("period")[["visits", "population"]].mean()
    per = redditch["visits"] / redditch["population"] * 10_000 / VISITS_PER_10_000
    assert (per[:"2025-05"] == 0).all()
    assert per["2025-06":"2025-08"].to_numpy() == pytest.approx(np.array(RAMP), abs=0.05)
    assert per["2025-09":].to_numpy() == pytest.approx(1, abs=0.07)


def test_a_district_without_roll_out_has_no_visit(hundred: pd.DataFrame) -> None:
    """Districts that others are compared with have none."""
    assert (hundred.loc[hundred["district_code"] == "E07000239", "visits"] == 0).all()


@pytest.mark.parametrize("planted", [0.85, 1.0])
def test_the_planted_effect_is_found_on_average(pilot: Pilot, hundred: pd.DataFrame, planted: float) -> None:
    """Over a hundred seeds the ratio of ratios is the planted one to within 0.01; with none planted, it is 1."""
    frame = hundred if planted == 0.85 else made(pilot, planted=planted)
    treated = frame["district_code"].isin(["E07000234", "E07000236", "E07000238"])
    after = frame["period"] >= "2025-08"  # by then all three have visits
    cells = frame[after | (frame["period"] < "2025-04")].groupby([treated, after])[["admissions", "population"]].sum()
    rate = cells["admissions"] / cells["population"]
    ratio = (rate[True, True] / rate[True, False]) / (rate[False, True] / rate[False, False])
    assert ratio == pytest.approx(planted, abs=0.01)


def test_the_effect_begins_with_the_visits_and_touches_nothing_else(pilot: Pilot) -> None:
    """Of two files that differ by the planted effect alone, only admissions after a first month differ."""
    strong, none = make_falls(pilot, recipe(planted=0.5)), make_falls(pilot, recipe(planted=1))
    starts = {d.code: d.visits_from or "9999" for d in pilot.districts}
    before = strong["period"] < strong["district_code"].map(starts)
    pd.testing.assert_frame_equal(
        strong[before][["population", "admissions"]], none[before][["population", "admissions"]]
    )
    assert strong[~before]["admissions"].sum() / none[~before]["admissions"].sum() == pytest.approx(0.5, abs=0.03)


def test_the_same_seed_gives_the_same_bytes(pilot: Pilot, pilot_folder: Path) -> None:
    """The file is the same to the byte each time, and another with another seed."""
    card = find_dataset(pilot, "falls")
    first = write_synthetic(pilot, card).read_bytes()
    (pilot_folder / "data" / "synthetic" / "falls.csv").unlink()
    assert write_synthetic(pilot, card).read_bytes() == first
    assert not make_falls(pilot, recipe(66)).equals(make_falls(pilot, recipe(65)))


def test_a_file_that_is_right_is_left_alone(pilot: Pilot) -> None:
    """The file is not written again when nothing changed, so that tools which look at its time see no change."""
    card = find_dataset(pilot, "falls")
    stamp = write_synthetic(pilot, card).stat().st_mtime_ns
    assert write_synthetic(pilot, card).stat().st_mtime_ns == stamp


def test_another_seed_is_written_over_what_was_made_up(pilot: Pilot) -> None:
    """To change the card changes the file, as often as one likes: what was made up here is known by its hash."""
    card = find_dataset(pilot, "falls")
    first = write_synthetic(pilot, card).read_bytes()
    other = card.model_copy(update={"synthetic": recipe(66)})
    assert write_synthetic(pilot, other).read_bytes() != first
    assert write_synthetic(pilot, card).read_bytes() == first


def test_a_file_of_one_s_own_with_the_same_heading_is_never_written_over(pilot: Pilot) -> None:
    """An analyst's own figures in the place of the made-up ones are kept, and the refusal says where they belong."""
    card = find_dataset(pilot, "falls")
    path = write_synthetic(pilot, card)
    mine = path.read_bytes().replace(b",22800,", b",22801,")
    path.write_bytes(mine)
    with pytest.raises(DatasetError, match=r"falls\.csv has other values than .*put it in data/raw/ and change falls"):
        write_synthetic(pilot, card)
    assert path.read_bytes() == mine
    path.with_name("falls.csv.sha256").unlink()
    with pytest.raises(DatasetError, match=r"other values"):
        write_synthetic(pilot, card)


def test_the_file_is_made_again_only_when_what_it_is_made_of_changes(pilot: Pilot, monkeypatch) -> None:
    """To look whether anything has changed makes no data, unless a setting, the recipe or the file is another."""
    card = find_dataset(pilot, "falls")
    path = keep_synthetic(pilot, card)
    made = []
    monkeypatch.setattr("oda.synthetic.write_synthetic", lambda *_: made.append(1) or path)
    keep_synthetic(pilot, card)
    assert made == []
    keep_synthetic(pilot, card.model_copy(update={"synthetic": recipe(66)}))
    keep_synthetic(pilot.model_copy(update={"districts": pilot.districts[1:]}), card)
    path.write_bytes(path.read_bytes() + b"x")
    keep_synthetic(pilot, card)
    path.unlink()
    keep_synthetic(pilot, card)
    assert len(made) == 4


def test_many_processes_may_make_the_same_file(pilot: Pilot) -> None:
    """Eight at once, from an older file each time, find it whole and refuse nothing."""
    card = find_dataset(pilot, "falls")
    for seed in range(10):
        made_of = card.model_copy(update={"synthetic": recipe(seed)})
        with ThreadPoolExecutor(8) as pool:
            paths = list(pool.map(lambda _, made_of=made_of: write_synthetic(pilot, made_of), range(8)))
        wanted = make_falls(pilot, recipe(seed)).to_csv(index=False, lineterminator="\n").encode()
        assert paths[0].read_bytes() == wanted
    assert sorted(path.name for path in paths[0].parent.iterdir()) == ["falls.csv", "falls.csv.sha256"]


@pytest.mark.parametrize("change", ["reverse", "drop", "add"])
def test_a_district_has_its_own_numbers_whatever_the_others_are(pilot: Pilot, change: str) -> None:
    """To reorder, drop or add districts changes no number of those that stay."""
    new = District(code="E07000061", name="Eastbourne")
    lists = {"reverse": pilot.districts[::-1], "drop": pilot.districts[2:], "add": (new, *pilot.districts)}
    other = make_falls(with_districts(pilot, *lists[change]), recipe()).set_index(["district_code", "period"])
    same = make_falls(pilot, recipe()).set_index(["district_code", "period"])
    both = other.index.intersection(same.index)
    assert len(both) == 52 * (4 if change == "drop" else 6)
    pd.testing.assert_frame_equal(other.loc[both], same.loc[both])


def test_another_start_of_one_district_leaves_the_others_as_they_are(pilot: Pilot) -> None:
    """To put in when a district really started changes that district alone."""
    later = pilot.districts[0].model_copy(update={"visits_from": "2025-10"})
    ours = make_falls(pilot, recipe())
    theirs = make_falls(with_districts(pilot, later, *pilot.districts[1:]), recipe())
    differs = (ours != theirs).any(axis="columns")
    assert set(ours.loc[differs, "district_code"]) == {later.code}


def test_nothing_is_missing_and_counts_are_whole(hundred: pd.DataFrame) -> None:
    """Every district has every month, with whole numbers not below nought."""
    assert not hundred.isna().any(axis=None)
    numbers = hundred[["population", "admissions", "visits"]]
    assert (numbers.dtypes == "int64").all()
    assert (numbers >= 0).all(axis=None)
    assert (hundred.groupby(["seed", "district_code"]).size() == 52).all()


@pytest.mark.parametrize("path", ["data/synthetic/falls.parquet", "data/synthetic/falls-*.csv", "data/raw/falls.csv"])
def test_only_a_csv_in_its_own_folder_is_made_up(pilot: Pilot, path: str) -> None:
    """The generator writes one CSV into data/synthetic and nowhere else."""
    card = find_dataset(pilot, "falls")
    resource = card.resource.model_copy(update={"path": path})
    with pytest.raises(DatasetError, match=r"Dataset 'falls' is not made up into data/.*Give its card an x-synthetic"):
        write_synthetic(pilot, card.model_copy(update={"resources": (resource,)}))
