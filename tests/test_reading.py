"""Files of every make are read the same, and a fault is named by file, row and column."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import CODES, COLUMNS, table

import oda.reading
from oda.errors import DatasetError
from oda.loading import Loaded
from oda.reading import say_rows

Load = Callable[..., Loaded]
NAMED = {**COLUMNS, "area": "Area Name"}
COUNTS = [100, 101, 102, 103, 104, 105]


def counts(loaded: Loaded) -> list[int]:
    """Return the counts of a loaded file, in order of district."""
    return loaded.frame["admissions"].tolist()


def write_sheets(path: Path, **sheets: list[list[object]]) -> None:
    """Write an Excel workbook, one list of rows a sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


@pytest.fixture
def raw(pilot_folder: Path) -> Path:
    """Return the pilot's folder of raw data."""
    (pilot_folder / "data" / "raw").mkdir(parents=True, exist_ok=True)
    return pilot_folder / "data" / "raw"


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_separator_is_found(load_mine: Load, mark: str) -> None:
    """Commas, semicolons, tabs and bars between values all work, without being stated."""
    assert counts(load_mine(table().replace(",", mark))) == COUNTS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encoding_is_found(load_mine: Load, encoding: str) -> None:
    """UTF-8 with or without its mark, Windows-1252 and Excel's UTF-16 all read the same, accents and all."""
    lines = [f"{code},2017/18,1,Ynys Môn" for code in CODES]
    text = "\n".join(["Area Code,Period,Count,Area Name", *lines])
    assert set(load_mine(text.encode(encoding), columns=NAMED).frame["area"]) == {"Ynys Môn"}


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_every_kind_of_line_end_is_read(load_mine: Load, end: str) -> None:
    """Files from Windows, old Macs and Linux read the same."""
    assert counts(load_mine(table().replace("\n", end))) == COUNTS


def test_a_stated_utf8_passes_over_a_byte_order_mark(load_mine: Load) -> None:
    """A card that states utf-8 reads a file that Excel saved with a mark in front."""
    assert counts(load_mine(table().encode("utf-8-sig"), encoding="utf-8")) == COUNTS


def test_a_wrong_encoding_is_refused(load_mine: Load) -> None:
    """Text that is not in the encoding the card states is refused, not garbled."""
    with pytest.raises(DatasetError, match=r"data/raw/mine\.csv cannot be read as utf-8-sig text"):
        load_mine(table("Ynys Môn,,").encode("cp1252"), encoding="utf-8")


def test_utf16_without_a_mark_is_refused_until_stated(load_mine: Load) -> None:
    """Text full of NUL characters is refused with the encoding to state; stated, it reads."""
    content = table().encode("utf-16-le")
    with pytest.raises(DatasetError, match=r"mine\.csv holds NUL characters.*such as utf-16-le"):
        load_mine(content)
    assert counts(load_mine(content, encoding="utf-16-le")) == COUNTS


def test_a_workbook_saved_under_the_name_of_a_csv_is_refused(load_mine: Load, raw: Path) -> None:
    """An Excel file renamed to .csv is called no plain text, whatever its bytes decode to."""
    write_sheets(raw / "book.xlsx", Sheet=[["Area Code"]])
    with pytest.raises(DatasetError, match=r"mine\.csv (holds NUL characters|cannot be read)"):
        load_mine((raw / "book.xlsx").read_bytes())


def test_an_empty_file_is_refused(load_mine: Load) -> None:
    """A file of no bytes is named with its size."""
    with pytest.raises(DatasetError, match=r"data/raw/mine\.csv is empty \(0 bytes\)\. Export it again"):
        load_mine(b"")


def test_a_heading_without_rows_is_refused(load_mine: Load) -> None:
    """A file with a heading alone is not taken for a quiet year."""
    with pytest.raises(DatasetError, match=r"data/raw/mine\.csv has a heading and no rows"):
        load_mine("Area Code,Period,Count\n")


def test_an_absent_file_is_named_with_the_card_that_names_it(load_mine: Load) -> None:
    """A path at which nothing lies is named together with the card to correct."""
    with pytest.raises(DatasetError, match=r"data/raw/mine\.csv does not exist.*correct 'path' in mine\.yml"):
        load_mine(None)


@pytest.mark.parametrize("name", ["mine.xls", "mine.csv.gz", "mine"])
def test_other_kinds_of_file_are_refused(load_mine: Load, name: str) -> None:
    """Old Excel files, zipped files and files without an ending are refused with what to save instead."""
    with pytest.raises(DatasetError, match=rf"data/raw/{re.escape(name)} is a .* file\. Save it as \.csv"):
        load_mine(b"\xd0\xcf\x81", path=f"data/raw/{name}")


def test_a_link_out_of_the_pilot_is_refused(load_mine: Load, raw: Path, tmp_path: Path) -> None:
    """A file that only points elsewhere is refused: a run must be repeatable from the pilot's folder alone."""
    (tmp_path / "elsewhere.csv").write_text(table(), encoding="utf-8")
    (raw / "mine.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(DatasetError, match=r"data/raw/mine\.csv is a link to another place\. Put the file itself"):
        load_mine(None)


def test_missing_columns_are_all_named_with_those_that_are_there(load_mine: Load) -> None:
    """Every column that is missing is named at once, next to what the file has."""
    message = r"mine\.csv, row 1: no column 'Area Code'.*; no column 'Count'.*It has: 'Code', 'Period', 'N'\. Correct"
    with pytest.raises(DatasetError, match=message):
        load_mine(table(heading="Code,Period,N"))


@pytest.mark.parametrize("heading", ["AREA CODE,Period,Count", "area_code,Period,Count", "Areacode,Period,Count"])
def test_a_heading_that_differs_a_little_is_offered(load_mine: Load, heading: str) -> None:
    """A column that differs only by capitals, a blank or a sign is offered as the one that was meant."""
    first = heading.removesuffix(",Period,Count")
    with pytest.raises(DatasetError, match=rf"no column 'Area Code' \(did you mean '{first}'\?\)"):
        load_mine(table(heading=heading))


def test_a_column_that_stands_twice_is_refused(load_mine: Load) -> None:
    """Of two columns with one name, neither is picked in silence."""
    with pytest.raises(DatasetError, match=r"row 1: column 'Count' stands 2 times"):
        load_mine("Area Code,Period,Count,Count\nE07000234,2017/18,1,2\n")


def test_blanks_and_line_breaks_in_a_heading_do_not_matter(load_mine: Load) -> None:
    """A heading broken over two lines inside quotation marks, as ministries publish them, is one line of blanks."""
    assert counts(load_mine(table(heading='"Area\n Code", Period ,Count'))) == COUNTS


def test_title_lines_above_the_heading_are_pointed_out(load_mine: Load) -> None:
    """A title above the table is refused with the row at which the heading stands."""
    with pytest.raises(
        DatasetError, match=r"row 1: no column 'Area Code'.*Row 3 holds the heading: take the rows above"
    ):
        load_mine("Table 1: Falls, by district\n\n" + table())


def test_notes_below_the_table_are_pointed_out(load_mine: Load) -> None:
    """A note below the table is refused with its row and its words, not taken for a district."""
    message = r"mine\.csv, row 9: 1 value where the heading has 3 columns; the row begins 'Source: OHID'\. Take notes"
    with pytest.raises(DatasetError, match=message):
        load_mine(table("", "Source: OHID"))


def test_a_row_with_too_many_values_is_refused(load_mine: Load) -> None:
    """A number such as 1,234 without quotation marks makes a value too many; it is never cut to 1."""
    with pytest.raises(
        DatasetError, match=r"row 8: 4 values where the heading has 3 columns; the row begins 'E07000234'"
    ):
        load_mine(table("E07000234,2016/17,1,234"))


def test_a_row_with_too_few_values_is_refused(load_mine: Load) -> None:
    """A row cut short is refused even where the columns in use are there."""
    with pytest.raises(DatasetError, match=r"rows 2, 3, 4, 5, 6 and 1 more: 3 values where the heading has 4 columns"):
        load_mine(table(heading="Area Code,Period,Count,Note"))


def test_separators_at_the_end_of_rows_do_no_harm(load_mine: Load) -> None:
    """Empty values beyond the heading, or empty names within it, as spreadsheets write them, are passed over."""
    assert counts(load_mine(table().replace("\nE", ",,\nE"))) == COUNTS
    assert counts(load_mine(table("E07000234,2016/17,7,").replace("2017/18", "2017/18"))) == [7, *COUNTS]


def test_blank_rows_are_counted_and_keep_the_numbers_of_the_others(load_mine: Load) -> None:
    """Blank lines and lines of separators are no rows of data, and row numbers stay those of the spreadsheet."""
    assert load_mine(table("", ",,", "E07000234,2016/17,7")).audit.rows_blank == 2
    with pytest.raises(DatasetError, match=r"row 10, column 'Count': 'x'"):
        load_mine(table("", ",,", "E07000234,2016/17,x"))


def test_a_line_break_inside_quotation_marks_is_one_row(load_mine: Load) -> None:
    """Text over several lines inside quotation marks counts as one row, as a spreadsheet shows it."""
    more = ['E12000005,2017/18,"1\n2"', "E07000234,2016/17,x"]
    with pytest.raises(DatasetError, match=r"row 9, column 'Count': 'x' is not a number"):
        load_mine(table(*more))


def test_a_quotation_mark_left_open_is_refused(load_mine: Load) -> None:
    """A quotation mark that never closes would swallow the rows after it; it is refused with its row."""
    with pytest.raises(DatasetError, match=r"mine\.csv, row 8: a quotation mark is not closed"):
        load_mine(table('E07000234,2016/17,"7', "E07000235,2016/17,8"))


def test_a_quotation_mark_left_open_in_a_long_file_is_refused(load_mine: Load) -> None:
    """The row at which the mark was opened is named, however much text it would swallow."""
    with pytest.raises(DatasetError, match=r"mine\.csv, row 8: a quotation mark is not closed"):
        load_mine(table('E07000234,"2016/17,7', *["E07000234,2016/17,7"] * 10_000))


def test_several_files_make_one_dataset(load_mine: Load, raw: Path) -> None:
    """A pattern reads all its files, each in its own encoding, and lists each with its size and hash."""
    (raw / "falls-2016.csv").write_bytes(table().replace("2017/18", "2016/17").encode("utf-16"))
    (raw / "falls-2017.csv").write_text(table(), encoding="utf-8")
    (raw / "~$falls-2018.csv").write_bytes(b"lock")
    loaded = load_mine(None, path="data/raw/*.csv")
    assert [(file.name, file.encoding) for file in loaded.audit.files] == [
        ("data/raw/falls-2016.csv", "utf-16"),
        ("data/raw/falls-2017.csv", "utf-8-sig"),
    ]
    assert len(loaded.frame) == 12


def test_a_repeat_across_files_names_both(load_mine: Load, raw: Path) -> None:
    """The same district and year in two files is refused, with the row of each."""
    (raw / "falls-a.csv").write_text(table(), encoding="utf-8")
    (raw / "falls-b.csv").write_text(table(), encoding="utf-8")
    message = r"falls-a\.csv, row 2 and data/raw/falls-b\.csv, row 2, column 'Period': district E07000234 has 2 rows"
    with pytest.raises(DatasetError, match=message):
        load_mine(None, path="data/raw/falls-*.csv")


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 50_000])
def test_the_size_of_a_piece_changes_nothing(load_mine: Load, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """A file read in many pieces gives the frame and the row numbers of a file read in one."""
    monkeypatch.setattr(oda.reading, "PIECE", piece)
    assert counts(load_mine(table("", "E12000005,2017/18,9"))) == COUNTS
    with pytest.raises(DatasetError, match=r"mine\.csv, row 10, column 'Count': 'x'"):
        load_mine(table("", "E12000005,2017/18,9", "E07000234,2016/17,x"))


@pytest.mark.parametrize("piece", [1, 3, 50_000])
def test_an_uneven_row_is_named_in_whatever_piece_it_lies(
    load_mine: Load, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """The number of a row with a value too many counts from the top of the file, not of the piece."""
    monkeypatch.setattr(oda.reading, "PIECE", piece)
    with pytest.raises(DatasetError, match=r"mine\.csv, row 9: 4 values where the heading has 3"):
        load_mine(table("E12000005,2017/18,9", "E07000234,2016/17,1,234"))


PERIODS = [
    (["2017/18"] * 6, "2017/18"),
    ([dt.date(2025, 4, 1)] * 6, "2025-04"),
    ([dt.datetime(2025, 4, 1)] * 6, "2025-04"),  # noqa: DTZ001  as files hold them
    ([2017] * 6, "2017"),
]


@pytest.mark.parametrize(("periods", "said"), PERIODS)
def test_a_parquet_file_reads_as_its_csv_would(load_mine: Load, raw: Path, periods: list[object], said: str) -> None:
    """Categories, whole numbers with gaps, dates and missing values of Parquet arrive as in a CSV."""
    codes = pa.array(CODES).dictionary_encode()
    columns = {"Area Code": codes, "Period": pa.array(periods), "Count": pa.array([*COUNTS[:5], None], pa.int64())}
    pq.write_table(pa.table(columns), raw / "mine.parquet")
    frame = load_mine(None, path="data/raw/mine.parquet").frame
    assert frame["admissions"].tolist()[:5] == COUNTS[:5]
    assert pd.isna(frame["admissions"].iloc[5])
    assert str(frame["period"].iloc[0]) == said.replace("2017/18", "2018")


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.decimal128(6, 2)])
def test_parquet_s_nan_is_a_missing_value(load_mine: Load, raw: Path, kind: pa.DataType) -> None:
    """Numbers that pandas stored as floats are whole numbers again, and its not-a-number is a missing value."""
    last = None if pa.types.is_decimal(kind) else float("nan")
    values = pa.array([*map(float, COUNTS[:5]), last]).cast(kind)
    pq.write_table(pa.table({"Area Code": CODES, "Period": ["2016"] * 6, "Count": values}), raw / "mine.parquet")
    assert load_mine(None, path="data/raw/mine.parquet").audit.missing_values == {"admissions": 1}


def test_a_fault_in_a_parquet_file_is_named_by_row_and_column(load_mine: Load, raw: Path) -> None:
    """The first row of a Parquet file is row 2, as if its heading were row 1."""
    columns = {"Area Code": CODES, "Period": ["2016"] * 6, "Count": ["1", "c", "3", "4", "5", "6"]}
    pq.write_table(pa.table(columns), raw / "mine.parquet")
    with pytest.raises(DatasetError, match=r"mine\.parquet, row 3, column 'Count': 'c' is not a number"):
        load_mine(None, path="data/raw/mine.parquet")


@pytest.mark.parametrize("name", ["mine.parquet", "mine.xlsx"])
def test_a_file_that_is_not_what_its_ending_says_is_refused(load_mine: Load, name: str) -> None:
    """Text saved under another ending is refused in a sentence."""
    with pytest.raises(DatasetError, match=rf"data/raw/{name} (is not a Parquet file|cannot be read as an Excel)"):
        load_mine(table(), path=f"data/raw/{name}")


@pytest.mark.parametrize(("periods", "said"), PERIODS)
def test_an_excel_sheet_reads_as_its_csv_would(load_mine: Load, raw: Path, periods: list[object], said: str) -> None:
    """Numbers and dates of a spreadsheet arrive as a person would type them."""
    rows = [["Area Code", "Period", "Count"], *zip(CODES, periods, map(float, COUNTS), strict=True)]
    write_sheets(raw / "mine.xlsx", Data=rows)
    loaded = load_mine(None, path="data/raw/mine.xlsx")
    assert counts(loaded) == COUNTS
    assert str(loaded.frame["period"].iloc[0]) == said.replace("2017/18", "2018")


def test_a_formula_is_read_as_its_result(load_mine: Load, raw: Path) -> None:
    """A cell that holds =99+1 is the 100 that Excel shows and stores with it."""
    rows = [["Area Code", "Period", "Count"], *([code, 2017, 100] for code in CODES)]
    write_sheets(raw / "plain.xlsx", Data=rows)
    with zipfile.ZipFile(raw / "plain.xlsx") as plain, zipfile.ZipFile(raw / "mine.xlsx", "w") as mine:
        for name in plain.namelist():
            mine.writestr(name, plain.read(name).replace(b"<v>100</v>", b"<f>99+1</f><v>100</v>"))
    assert counts(load_mine(None, path="data/raw/mine.xlsx")) == [100] * 6


def test_a_named_sheet_is_read_and_an_unnamed_one_is_the_first(load_mine: Load, raw: Path) -> None:
    """With a cover sheet in front, the sheet must be named; a wrong name lists those that are there."""
    rows = [["Area Code", "Period", "Count"], *([code, "2017/18", 1] for code in CODES)]
    write_sheets(raw / "mine.xlsx", Cover=[["Falls by district"], ["Contents"]], Table_1=rows)
    with pytest.raises(DatasetError, match=r"no column 'Area Code'.*'Falls by district'.*or name another 'x-sheet'"):
        load_mine(None, path="data/raw/mine.xlsx")
    with pytest.raises(DatasetError, match=r"has no sheet 'Table 1'\. It has: Cover, Table_1\. Correct 'x-sheet'"):
        load_mine(None, path="data/raw/mine.xlsx", sheet="Table 1")
    assert len(load_mine(None, path="data/raw/mine.xlsx", sheet="Table_1").frame) == 6


def test_a_title_in_a_sheet_is_pointed_out(load_mine: Load, raw: Path) -> None:
    """A title and a blank row above a table in Excel are refused with the row of the heading."""
    rows = [["Table 1"], [], ["Area Code", "Period", "Count"], [CODES[0], 2017, 1]]
    write_sheets(raw / "mine.xlsx", Data=rows)
    with pytest.raises(DatasetError, match=r"mine\.xlsx, row 1: .*Row 3 holds the heading"):
        load_mine(None, path="data/raw/mine.xlsx")


@pytest.mark.parametrize("rows", [[], [["Area Code", "Period", "Count"]]])
def test_an_empty_sheet_is_refused(load_mine: Load, raw: Path, rows: list[list[object]]) -> None:
    """A sheet with nothing on it, or a heading alone, is refused."""
    write_sheets(raw / "mine.xlsx", Data=rows)
    with pytest.raises(DatasetError, match=r"mine\.xlsx(, row 1: .*no heading| has a heading and no rows)"):
        load_mine(None, path="data/raw/mine.xlsx")


@pytest.mark.parametrize("cell", ["#N/A", "n/a", "None", "NA"])
def test_a_word_in_a_sheet_is_never_taken_for_a_missing_value(load_mine: Load, raw: Path, cell: str) -> None:
    """Only the marks that the card lists mean missing; Excel's own errors and words such as n/a are refused."""
    rows = [["Area Code", "Period", "Count"], [], *([code, 2017, 1] for code in CODES[:5]), [CODES[5], 2017, cell]]
    write_sheets(raw / "mine.xlsx", Data=rows)
    with pytest.raises(DatasetError, match=rf"mine\.xlsx, row 8, column 'Count': '{cell}' is not a number"):
        load_mine(None, path="data/raw/mine.xlsx")


def make_large(path: Path, megabytes: int) -> int:
    """Write a wide file of many series, the wanted one among them, and return its rows."""
    heading = "Indicator,Area Code,Area Name,Sex,Age,Period,Count,Lower,Upper,Note\n"
    rows, size = 0, 0
    with path.open("w", encoding="utf-8") as stream:
        stream.write(heading)
        for age in range(65, 10_000):
            for sex in ("Persons", "Male", "Female"):
                others = [f"E0{code}" for code in range(8_000_000, 8_000_322)]
                lines = [
                    f'"Falls, 65+",{code},Name,{sex},{age} yrs,{year},{rows % 97},1.25,9.75,"None, see notes"\n'
                    for code in [*CODES, *others]
                    for year in range(2005, 2025)
                ]
                size += stream.write("".join(lines))
                rows += len(lines)
            if size > megabytes * 1_000_000:
                return rows
    raise AssertionError


WHERE = {"Sex": "Persons", "Age": "65 yrs"}


def test_a_file_of_many_pieces_is_read_whole(load_mine: Load, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row of a file of a few megabytes is read once and accounted for, however many pieces it takes."""
    monkeypatch.setattr(oda.reading, "PIECE", 1_000)
    rows = make_large(raw / "mine.csv", 3)
    audit = load_mine(None, where=WHERE).audit
    assert audit.rows_read == rows
    assert audit.rows_used == 6 * 20
    assert audit.rows_not_wanted + audit.rows_other_areas + audit.rows_used == rows


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured by a module that Windows has not")
def test_a_file_of_200_megabytes_loads_in_a_minute_and_a_gigabyte(
    load_mine: Load, raw: Path, pilot_folder: Path
) -> None:
    """A file of 200 MB loads in under a minute with less than 1 GB of memory (about 3 s and 250 MB when written)."""
    make_large(raw / "mine.csv", 200)
    load_mine(None, where=WHERE)
    program = (
        "import resource, oda; oda.load('mine'); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=pilot_folder, capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) < 1_000


def test_rows_are_said_in_words() -> None:
    """Five rows are named, further ones counted."""
    assert say_rows([7]) == "row 7"
    assert say_rows(list(range(2, 2_000))) == "rows 2, 3, 4, 5, 6 and 1,993 more"
