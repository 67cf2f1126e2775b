"""A wrong value is named by file, row and column; every row that is left out is counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import CODES, COLUMNS, table

from oda.errors import DatasetError
from oda.loading import Loaded

Load = Callable[..., Loaded]
NAMES = ["Bromsgrove", "Malvern Hills", "Redditch", "Worcester", "Wychavon", "Wyre Forest"]


def with_periods(*periods: str) -> str:
    """Return a table of the six districts for each of the periods."""
    return "Area Code,Period,Count\n" + "".join(f"{code},{period},1\n" for period in periods for code in CODES)


@pytest.mark.parametrize("text", ["1,234", " 1234 ", "1234.0", "1.234e3", "+1234", "1234."])
def test_a_number_is_read_as_people_write_it(load_mine: Load, text: str) -> None:
    """Commas between thousands, blanks, a point with nothing behind it and powers of ten are numbers."""
    loaded = load_mine(table(f'E07000234,2016/17,"{text}"'))
    assert loaded.frame["admissions"].iloc[0] == 1234
    assert str(loaded.frame["admissions"].dtype) == "Int64"


@pytest.mark.parametrize(
    "text", ["c", "*", "[x]", "..", "12%", "-", "1,23", "12 (p)", "<5", "nan", "inf", "1e999", "٣"]
)
def test_text_in_a_number_column_is_refused(load_mine: Load, text: str) -> None:
    """A mark or a word where a number belongs is named with its file, row, column and value."""
    with pytest.raises(
        DatasetError, match=r"data/raw/mine\.csv, row 8, column 'Count': '.*' is not a number\. Correct it"
    ):
        load_mine(table(f'E07000234,2016/17,"{text}"'))


def test_marks_that_the_card_lists_are_missing_values(load_mine: Load) -> None:
    """Marks for a number not given are missing, never nought, and the account counts them."""
    loaded = load_mine(
        table("E07000234,2016/17,c", "E07000235,2016/17,[x]", "E07000236,2016/17,"), missing=["c", "[x]"]
    )
    assert loaded.audit.missing_values == {"admissions": 3}
    assert loaded.frame["admissions"].sum() == sum(range(100, 106))


def test_a_number_below_zero_is_refused(load_mine: Load) -> None:
    """A negative count, often a mark for a missing value, is refused."""
    with pytest.raises(DatasetError, match=r"row 8, column 'Count': '-1' is below zero\. .*missingValues"):
        load_mine(table("E07000234,2016/17,-1"))


def test_a_part_of_a_number_is_refused_in_a_count(load_mine: Load) -> None:
    """A count of 12.5 is refused: the column may be a rate."""
    with pytest.raises(DatasetError, match=r"row 8, column 'Count': '12\.5' is not a whole number.*type number"):
        load_mine(table("E07000234,2016/17,12.5"))


@pytest.mark.parametrize("code", ["Redditch", "E0700023", "47UD", "E070002345", "England"])
def test_what_is_no_district_code_is_refused(load_mine: Load, code: str) -> None:
    """A name, a short code or an old code is named with its row."""
    message = rf"row 8, column 'Area Code': '{code}' is not a district code, a letter and eight digits"
    with pytest.raises(DatasetError, match=message):
        load_mine(table(f"{code},2016/17,1"))


def test_codes_in_small_letters_are_codes(load_mine: Load) -> None:
    """e07000234 is the district E07000234."""
    assert load_mine(table().lower(), columns={k: v.lower() for k, v in COLUMNS.items()}).audit.rows_used == 6


def test_other_areas_and_rows_without_a_district_are_counted(load_mine: Load) -> None:
    """Rows of England, of a region and of districts elsewhere are left out, and the account says how many."""
    audit = load_mine(table("E92000001,2017/18,9", "E12000005,2017/18,9", ",2017/18,9", "E92000001,2016/17,9")).audit
    assert (audit.rows_read, audit.rows_used, audit.rows_other_areas, audit.rows_no_district) == (10, 6, 3, 1)
    assert audit.other_areas == 2


def test_a_district_of_the_pilot_that_is_absent_is_named(load_mine: Load) -> None:
    """A file without Wyre Forest is refused, with what it has instead."""
    text = table().replace("E07000239", "E07000999")
    message = r"mine\.csv, column 'Area Code': no row for Wyre Forest \(E07000239\)\. It has 6 areas: 'E07000234'"
    with pytest.raises(DatasetError, match=message):
        load_mine(text)


@pytest.mark.parametrize("name", ["Malvern Hills", "MALVERN HILLS", " malvern  hills "])
def test_districts_are_known_by_name(load_mine: Load, name: str) -> None:
    """A file with names in place of codes works, whatever its capitals and blanks."""
    text = "Area,Period,Count\n" + "".join(f"{name},2016,5\n" for name in NAMES).replace("Malvern Hills", name)
    columns = {"district_name": "Area", "period": "Period", "admissions": "Count"}
    audit = load_mine(text + "England,2016,99\n,2016,99\n", columns=columns).audit
    assert (audit.rows_used, audit.rows_other_areas, audit.rows_no_district) == (6, 1, 1)


@pytest.mark.parametrize("name", ["Malvern & Hills", "malvern and hills", "Malvern&Hills"])
def test_and_is_and_however_it_is_written(load_mine: Load, pilot_folder: Path, name: str) -> None:
    """Barking & Dagenham is Barking and Dagenham."""
    settings = pilot_folder / "pilot.yml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("Malvern Hills", "Malvern and Hills"), "utf-8")
    text = "Area,Period,Count\n" + "".join(f"{one},2016,5\n" for one in NAMES).replace("Malvern Hills", name)
    columns = {"district_name": "Area", "period": "Period", "admissions": "Count"}
    assert load_mine(text, columns=columns).audit.rows_used == 6


def test_text_where_no_period_stands_is_refused(load_mine: Load) -> None:
    """A row whose period is written otherwise than the rest is named."""
    with pytest.raises(DatasetError, match=r"row 8, column 'Period': '2016' is not a financial year as the other rows"):
        load_mine(table("E07000234,2016,1"))


def test_a_blank_period_is_refused(load_mine: Load) -> None:
    """A row that says not when is named."""
    with pytest.raises(DatasetError, match=r"row 8, column 'Period': '' is blank\. Give the row its month"):
        load_mine(table("E07000234,,1"))


@pytest.mark.parametrize("periods", [["2015 - 17"], ["2014/15 - 16/17", "2015/16 - 17/18"], ["2017/18", "2015-17"]])
def test_several_years_together_are_refused(load_mine: Load, periods: list[str]) -> None:
    """Three years pooled are refused as such, alone or among single years."""
    with pytest.raises(
        DatasetError, match=r"column 'Period': '20.*' covers 3 years together, and such periods overlap"
    ):
        load_mine(with_periods(*periods))


@pytest.mark.parametrize("periods", [["2010-11"], ["2008-10", "2009-11", "2010-12"]])
def test_a_period_that_could_be_two_things_must_be_stated(load_mine: Load, periods: list[str]) -> None:
    """2010-11 on its own is not guessed; stated in the card, it is read."""
    with pytest.raises(
        DatasetError, match=r"row 2, column 'Period': cannot tell whether '20.*State it in the card: x-per"
    ):
        load_mine(with_periods(*periods))
    assert load_mine(with_periods(*periods), form="month").frame["period"].dt.month.min() >= 10


def test_a_district_with_two_rows_for_a_period_is_refused(load_mine: Load) -> None:
    """A repeat is named with both rows, and with the way to choose when a column tells them apart."""
    message = (
        r"mine\.csv, rows 2, 8, column 'Period': district E07000234 has 2 rows for 2017/18; 2 rows.*x-where: \{Sex"
    )
    with pytest.raises(DatasetError, match=message):
        load_mine(table("E07000234,2017/18,1"))


SEXES = "Area Code,Period,Count,Sex,Main\n" + "".join(
    f"{code},2017,{n},{sex},{main}\n"
    for code in CODES
    for n, (sex, main) in enumerate([("Persons", "1"), ("Male", "1"), ("Female", "")])
)


@pytest.mark.parametrize("where", [{"Sex": "Persons"}, {"Sex": ["Persons", "All"], "Main": 1}, {"Sex": " Persons "}])
def test_x_where_keeps_the_series_that_is_meant(load_mine: Load, where: dict[str, object]) -> None:
    """Of rows for men, women and all, the card keeps those it names, and the account counts the rest."""
    audit = load_mine(SEXES, where=where).audit
    assert (audit.rows_used, audit.rows_not_wanted) == (6, 12)


def test_x_where_may_ask_for_a_blank(load_mine: Load) -> None:
    """Rows without a breakdown, blank in its column, can be asked for."""
    assert load_mine(SEXES, where={"Main": ""}).frame["admissions"].tolist() == [2] * 6


def test_x_where_that_keeps_no_row_says_what_the_column_holds(load_mine: Load) -> None:
    """A word that the column does not have is answered with those it has."""
    message = r"x-where leaves out all 18 rows, for column 'Sex' holds 'Female', 'Male', 'Persons'\. Correct x-where in"
    with pytest.raises(DatasetError, match=message):
        load_mine(SEXES, where={"Sex": "persons"})


def test_x_where_that_drops_a_fault_lets_the_rest_through(load_mine: Load) -> None:
    """Faults in rows that are not wanted stop nothing."""
    assert load_mine(SEXES + "x,y,z,Male,\n", where={"Sex": "Persons"}).audit.rows_used == 6


def test_columns_named_row_and_file_do_no_harm(load_mine: Load) -> None:
    """A file may have columns of the names that rows and files carry inside."""
    text = table(heading="file,Period,row")
    loaded = load_mine(
        text, columns={"district_code": "file", "period": "Period", "row": "row"}, where={"row": [*range(200)]}
    )
    assert loaded.frame["row"].tolist() == [str(100 + place) for place in range(6)]


def test_the_frame_is_in_order_and_typed(load_mine: Load) -> None:
    """Rows come in order of district and period whatever the file's order, with names from pilot.yml."""
    lines = table("E07000234,2016/17,7").splitlines()
    frame = load_mine("\n".join([lines[0], *reversed(lines[1:])])).frame
    assert frame.columns.tolist() == ["district_code", "district", "period", "admissions"]
    assert frame["admissions"].tolist() == [7, *range(100, 106)]
    assert isinstance(frame["period"].dtype, pd.PeriodDtype)


@pytest.mark.parametrize("text", ["1e30", "123456789012345678901"])
def test_a_number_too_large_to_be_exact_is_refused(load_mine: Load, text: str) -> None:
    """A count beyond what a computer counts exactly is refused; it never turns into another number."""
    with pytest.raises(DatasetError, match=rf"row 8, column 'Count': '{text}' is too large to be exact"):
        load_mine(table(f"E07000234,2016/17,{text}"))


@pytest.mark.parametrize("text", ["15/04/2025", "45748", "2017/18 Q1", "Apr 2017 - Mar 2018"])
def test_what_is_no_period_at_all_is_refused(load_mine: Load, text: str) -> None:
    """A date in mid-month, a spreadsheet's serial number and unknown forms are refused with those that are known."""
    with pytest.raises(
        DatasetError, match=rf"column 'Period': '{text}' is no month, quarter or year\. Write it as 2025-04"
    ):
        load_mine(with_periods(text))
