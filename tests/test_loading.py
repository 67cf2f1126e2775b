"""Loading goes past the gate, and gives an account of every row and every gap."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import CODES, table

from oda.errors import DatasetError, GateError
from oda.loading import Loaded, load
from oda.pilot import Pilot

Load = Callable[..., Loaded]


def test_the_made_up_dataset_loads_with_nothing_to_put_there(pilot: Pilot) -> None:
    """A new pilot has data from its first minute: made up, whole, for each district and month."""
    loaded = load("falls", pilot)
    assert len(loaded.frame) == loaded.audit.rows_read == 6 * 52
    assert loaded.audit.missing_periods == ()
    assert loaded.card.data_class == "synthetic"


def test_loading_twice_gives_the_same(pilot: Pilot) -> None:
    """A second load reads the same bytes and gives the same rows."""
    first, second = load("falls", pilot), load("falls", pilot)
    assert first.frame.equals(second.frame)
    assert first.audit == second.audit


def test_a_file_of_one_s_own_needs_no_more_than_a_card(load_mine: Load) -> None:
    """One card points the dataset at another file; the frame has the same columns as before."""
    loaded = load_mine(table())
    assert loaded.frame.columns.tolist() == ["district_code", "district", "period", "admissions"]
    assert loaded.card.title == "My file"


def test_the_account_adds_up(load_mine: Load) -> None:
    """Each row read is used, or left out for one reason that the account names."""
    more = ["", "E12000005,2017/18,9", ",2017/18,9", "E07000235,2016/17,c", "E07000234,2016/17,7"]
    audit = load_mine(table(*more), missing=["c"]).audit
    parts = (audit.rows_used, audit.rows_blank, audit.rows_not_wanted, audit.rows_no_district, audit.rows_other_areas)
    assert parts == (8, 1, 0, 1, 1)
    assert sum(parts) == audit.rows_read


def test_gaps_between_periods_are_listed(load_mine: Load) -> None:
    """A district and year without a row are listed, in words."""
    audit = load_mine(table("E07000234,2015/16,7")).audit
    assert len(audit.missing_periods) == 5 + 6
    assert ("Bromsgrove", "2016/17") in audit.missing_periods
    assert ("Bromsgrove", "2015/16") not in audit.missing_periods


def test_the_hash_is_that_of_the_file(load_mine: Load) -> None:
    """The account holds the SHA-256 and the size of the file, so that the very file can be told again."""
    file = load_mine(table()).audit.files[0]
    assert file.sha256 == hashlib.sha256(table().encode()).hexdigest()
    assert (file.name, file.size) == ("data/raw/mine.csv", len(table()))


@pytest.mark.parametrize("column", ["NHS number", "date_of_birth", "Postcode"])
def test_an_identifier_in_an_open_file_is_refused_even_unmapped(load_mine: Load, column: str) -> None:
    """A file that claims to be open and has a column for persons is refused, though no one maps that column."""
    text = table(heading=f"Area Code,Period,Count,{column}").replace("\nE", ",x\nE").removesuffix("\n") + ",x\n"
    with pytest.raises(GateError, match=rf"load refused: dataset 'mine' claims to be of class open.*'{column}'"):
        load_mine(text.replace(f"{column},x", column))


def test_real_persons_data_are_refused_until_signed_for(load_mine: Load) -> None:
    """A dataset of class personal does not load from a new pilot: the checklist comes first."""
    with pytest.raises(GateError, match=r"load refused"):
        load_mine(table(), data_class="personal")


def test_the_made_up_data_never_write_over_a_file_of_one_s_own(pilot_folder: Path, pilot: Pilot) -> None:
    """An analyst who puts a file in the place of the made-up one, and forgets the class, loses nothing."""
    mine = pilot_folder / "data" / "synthetic" / "falls.csv"
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text(table(), encoding="utf-8")
    with pytest.raises(
        DatasetError, match=r"falls\.csv has another heading than the made-up data, so it is not written"
    ):
        load("falls", pilot)
    assert mine.read_text(encoding="utf-8") == table()


def test_made_up_data_are_written_only_into_their_folder(pilot_folder: Path, pilot: Pilot) -> None:
    """A card that points the generator at another folder is refused, with the way to name a file of one's own."""
    path = pilot_folder / "governance" / "datasets" / "falls.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("data/synthetic/", "data/raw/"), encoding="utf-8")
    with pytest.raises(
        DatasetError, match=r"'falls' is not made up into data/raw/falls\.csv.*class open and no x-synth"
    ):
        load("falls", pilot)


FINGERTIPS = (
    "Indicator ID,Indicator Name,Parent Code,Parent Name,Area Code,Area Name,Area Type,Sex,Age,Category Type,Category,"
    "Time period,Value,Lower CI 95.0 limit,Count,Denominator,Value note,Time period Sortable\n"
    '22401,"Falls, people aged 65+",,,E92000001,England,England,Persons,65+ yrs,,,2021/22,2100.1,2090,1,2,,20210000\n'
    '22401,"Falls, people aged 65+",,,E92000001,England,England,Persons,65+ yrs,IMD,Poorest,2021/22,2,1,1,2,,2021\n'
) + "".join(
    f'22401,"Falls, people aged 65+",E12000005,West Midlands,{code},Name,Districts,{sex},65+ yrs,,,2021/22,'
    f'{1900.5 + place},1,"1,{place}00",30000,{note},20210000\n'
    for place, code in enumerate(CODES)
    for sex, note in (("Persons", ""), ("Male", '"Value suppressed,\nsee notes"'), ("Female", ""))
)


def test_a_fingertips_download_loads(load_mine: Load) -> None:
    """A download of OHID's Fingertips, with sexes, England and its deciles, loads with three words in the card."""
    columns = {"district_code": "Area Code", "period": "Time period", "rate": "Value", "admissions": "Count"}
    where = {"Sex": "Persons", "Age": "65+ yrs", "Category": ""}
    loaded = load_mine(FINGERTIPS, columns=columns, where=where)
    assert loaded.frame["rate"].tolist() == [1900.5 + place for place in range(6)]
    assert loaded.frame["admissions"].tolist() == [1000 + 100 * place for place in range(6)]
    assert (loaded.audit.rows_used, loaded.audit.rows_not_wanted, loaded.audit.rows_other_areas) == (6, 13, 1)


def test_a_fingertips_download_without_a_choice_of_sex_is_refused(load_mine: Load) -> None:
    """Without the choice, men, women and all would be one district's three rows: refused with the way to choose."""
    with pytest.raises(DatasetError, match=r"district E07000234 has 3 rows for 2021/22; 18 rows.*x-where: \{Sex: Pers"):
        load_mine(FINGERTIPS, columns={"district_code": "Area Code", "period": "Time period", "rate": "Value"})


def test_a_period_of_whole_numbers_may_be_called_one(load_mine: Load, pilot_folder: Path, pilot: Pilot) -> None:
    """A card that calls years whole numbers, as frictionless would, is as good as one that calls them text."""
    load_mine(table().replace("2017/18", "2017"))
    path = pilot_folder / "governance" / "datasets" / "mine.yml"
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    card["resources"][0]["schema"]["fields"][1]["type"] = "integer"
    path.write_text(yaml.safe_dump(card), encoding="utf-8")
    assert load("mine", pilot).frame["period"].astype(str).unique().tolist() == ["2017"]
