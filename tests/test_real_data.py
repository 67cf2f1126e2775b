"""Files that ministries published load through a card alone; each number is the one in the file."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import card
from cookiecutter.main import cookiecutter

from checkout import ROOT
from oda.errors import DatasetError
from oda.loading import Loaded, load
from oda.panel import make_panel
from oda.pilot import load_pilot

DATA = ROOT.parent / "shared" / "data"
FALLS = "falls_22401_la_2010_2017.csv"
RATES = {"district_code": "area_code", "period": "period", "rate": "value"}
pytestmark = pytest.mark.skipif(not (DATA / FALLS).is_file(), reason=f"the published files are not in {DATA}")

Load = Callable[..., Loaded]


@pytest.fixture(scope="session")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that renders the pilot of an office, once each."""
    made: dict[str, Path] = {}

    def bake(oda: str) -> Path:
        if oda not in made:
            out = str(tmp_path_factory.mktemp(oda))
            answers = {"extra_context": {"oda": oda}, "accept_hooks": False, "default_config": True}
            made[oda] = Path(cookiecutter(str(ROOT), no_input=True, output_dir=out, **answers))
        return made[oda]

    return bake


@pytest.fixture
def load_real(baked: Callable[[str], Path], tmp_path: Path) -> Load:
    """Return a function that copies a published file into an office's pilot, writes its card and loads it."""

    def load_it(oda: str, file: str, **words: Any) -> Loaded:
        folder = Path(shutil.copytree(baked(oda), tmp_path / oda))
        (folder / "data" / "raw").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DATA / file, folder / "data" / "raw" / file)
        content = card("real", path=f"data/raw/{file}", **words)
        text = yaml.safe_dump(content, allow_unicode=True)
        (folder / "governance" / "datasets" / "real.yml").write_text(text, encoding="utf-8")
        return load("real", load_pilot(folder))

    return load_it


def cells(file: str, *names: str, **where: str) -> dict[tuple[str, ...], str]:
    """Return the last of the named columns by the others, read by nothing but the standard library."""
    with (DATA / file).open(encoding="utf-8-sig", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if all(row[name] == value for name, value in where.items())]
    return {tuple(row[name] for name in names[:-1]): row[names[-1]] for row in rows}


@pytest.mark.parametrize(
    ("oda", "districts"), [("worcestershire", 6), ("greater-manchester", 10), ("west-midlands", 7)]
)
def test_the_published_falls_rates_load_for_each_district(load_real: Load, oda: str, districts: int) -> None:
    """Eight years of published falls rates load for every district, each rate equal to its cell in the file."""
    loaded = load_real(oda, FALLS, columns=RATES)
    published = cells(FALLS, "area_code", "period", "value")
    assert len(loaded.frame) == districts * 8
    for row in loaded.frame.itertuples():
        year = f"{row.period.year - 1}/{row.period.year % 100:02d}"
        assert row.rate == float(published[row.district_code, year])


@pytest.mark.parametrize("oda", ["worcestershire", "greater-manchester"])
def test_the_published_falls_rates_make_a_panel(load_real: Load, oda: str) -> None:
    """Rates by year make a panel of rates by year, although the pilot starts years after them."""
    loaded = load_real(oda, FALLS, columns=RATES)
    panel = make_panel(loaded, load_pilot(loaded.card.card_path.parent))
    assert (panel.measure, panel.per_year, panel.first, panel.last) == ("rates", 1, "2010/11", "2017/18")
    assert panel.frame["rate"].tolist() == loaded.frame["rate"].tolist()


def test_the_account_of_the_falls_file_adds_up(load_real: Load) -> None:
    """All 2,624 rows are used or of another area, and none is lost."""
    audit = load_real("worcestershire", FALLS, columns=RATES).audit
    assert (audit.rows_read, audit.rows_used, audit.rows_other_areas) == (2_624, 48, 2_576)
    assert audit.missing_periods == ()
    assert audit.missing_values == {"rate": 0}


def test_suffolk_s_merged_districts_are_named(load_real: Load) -> None:
    """East and West Suffolk, made in 2019, are not in rates up to 2017/18: refused by name and likely reason."""
    message = (
        r"no row for East Suffolk \(E07000244\), West Suffolk \(E07000245\)\. It has 328 areas.*"
        r"\(a district that others merged into has a new code\)"
    )
    with pytest.raises(DatasetError, match=message):
        load_real("suffolk", FALLS, columns=RATES)


def test_names_in_place_of_codes_give_the_same(load_real: Load) -> None:
    """The same file read by its names of areas gives the same rates as by its codes."""
    columns = {"district_name": "area_name", "period": "period", "rate": "value"}
    frame = load_real("worcestershire", FALLS, columns=columns).frame
    published = cells(FALLS, "area_name", "period", "value")
    assert frame["rate"].tolist()[-1] == float(published["Wyre Forest", "2017/18"]) == 1473


EARLY_YEARS = "eyfsp_gld_2021_22.csv"
GOOD = {"district_code": "lad_code", "period": "time_period", "admissions": "gld_number"}
ALL = {"characteristic": "Total", "gender": "Total"}


def test_a_ministry_s_mark_among_codes_is_pointed_out(load_real: Load) -> None:
    """The early years file writes z for an unknown district: refused with its rows, unless the card lists it."""
    with pytest.raises(
        DatasetError, match=r"rows 6284, .*column 'lad_code': 'z' is not a district code.*missingValues"
    ):
        load_real("worcestershire", EARLY_YEARS, columns=GOOD)


def test_the_early_years_profile_needs_a_choice_of_rows(load_real: Load) -> None:
    """Rows by free school meals and term of birth are refused as repeats until the card chooses one kind."""
    with pytest.raises(DatasetError, match=r"district E07000234 has 6 rows for 2021/22; .* choose with x-where"):
        load_real("worcestershire", EARLY_YEARS, columns=GOOD, missing=["z"])


@pytest.mark.parametrize(
    ("oda", "column", "level"),
    [
        ("worcestershire", "lad_code", "Local authority district"),
        ("greater-manchester", "new_la_code", "Local authority"),
        ("suffolk", "lad_code", "Local authority district"),
    ],
)
def test_the_early_years_profile_loads(load_real: Load, oda: str, column: str, level: str) -> None:
    """With the rows for all children chosen, each district's count is the one in the file."""
    columns = {**GOOD, "district_code": column}
    loaded = load_real(oda, EARLY_YEARS, columns=columns, missing=["z"], where={**ALL, "geographic_level": level})
    published = cells(EARLY_YEARS, column, "gld_number", **ALL, geographic_level=level)
    assert loaded.frame["admissions"].tolist() == [int(published[code,]) for code in loaded.frame["district_code"]]


def test_plans_for_education_and_health_load_with_their_gaps(load_real: Load) -> None:
    """Nine years of plans load for Greater Manchester; years in which nothing was asked are missing, not nought."""
    columns = {"district_code": "new_la_code", "period": "time_period", "admissions": "inreq_ehc"}
    loaded = load_real("greater-manchester", "sen2_requests_assessments_plans_2014_2022.csv", columns=columns)
    assert loaded.frame["period"].dt.year.nunique() == 9
    assert 0 < loaded.audit.missing_values["admissions"] < len(loaded.frame)


def test_counts_of_counties_are_refused_for_districts(load_real: Load) -> None:
    """The same file knows Worcestershire as a county only: refused, with the areas it has."""
    columns = {"district_code": "new_la_code", "period": "time_period", "admissions": "inreq_ehc"}
    with pytest.raises(DatasetError, match=r"no row for Bromsgrove \(E07000234\), .*It has \d+ areas: 'E06000001'"):
        load_real("worcestershire", "sen2_requests_assessments_plans_2014_2022.csv", columns=columns)


def test_a_table_without_a_period_says_so(load_real: Load) -> None:
    """The census, one column a year, has no column of periods: the card is refused, not the year guessed."""
    columns = {"district_code": "gss_code", "population": "over65_2021"}
    with pytest.raises(DatasetError, match=r"a column named period is needed, to know which month or year"):
        load_real("worcestershire", "census2011_2021_lad_population.csv", columns=columns)
