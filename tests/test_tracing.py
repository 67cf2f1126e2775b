"""What a notebook used is noted in its own process, and nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from conftest import CODES, COLUMNS, table
from pyarrow import feather, orc

from oda import tracing
from oda.freshness import present
from oda.pilot import load_pilot

ALL_DATA = {f"file data/{name}" for name in ("README.md", "raw/mine.csv", "raw/x.parquet")}


def trace(folder: Path, code: str) -> dict:
    """Run code as a notebook of a pilot would be run, in a process of its own, and return what was noted."""
    script = (
        "import json, sys\nfrom pathlib import Path\nfrom oda import tracing\n"
        "tracing.start(Path(sys.argv[1]))\nimport os\nos.chdir(Path(sys.argv[1], 'runs', 'own'))\nimport oda\n"
        f"{textwrap.dedent(code)}\nprint(json.dumps(tracing.report()))"
    )
    (folder / "runs" / "own").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def used(folder: Path, code: str) -> dict[str, str]:
    """Return only what was used."""
    return trace(folder, code)["uses"]


@pytest.fixture
def folder(pilot_folder: Path, write_card) -> Path:
    """Return a pilot with a file of an analyst's own and its card."""
    (pilot_folder / "data" / "raw" / "mine.csv").write_text(table(), encoding="utf-8")
    write_card(path="data/raw/mine.csv", columns=COLUMNS)
    return pilot_folder


def test_nothing_is_noted_before_a_start(pilot):
    """In JupyterLab and in commands the notes cost nothing, since none are taken."""
    assert pilot.districts
    tracing.note("dataset falls", "1")
    assert tracing.report() == {"uses": {}, "wrote": []}
    assert "__getattribute__" not in vars(type(pilot))


def test_it_is_loaded_in_milliseconds():
    """The notes need nothing but Python's standard library."""
    code = "import sys, oda.tracing; print([n for n in sys.modules if n in ('pydantic', 'pandas', 'yaml', 'IPython')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_dataset_is_noted_with_the_list_of_districts_and_no_other_setting(folder):
    """Neither the gates nor the loading count as the notebook's own reading."""
    assert set(used(folder, "oda.load('mine')")) == {"dataset mine", "districts"}


def test_one_district_s_rows_are_noted_alone(folder):
    """A notebook that loads one district depends on no other."""
    found = used(folder, f"print(oda.load('mine', district='{CODES[2]}').frame.shape)")
    assert set(found) == {f"dataset mine for {CODES[2]}"}


def test_one_district_is_the_same_rows_as_in_all(folder):
    """The rows, their types and their order are those that the whole dataset has for it."""
    code = "a = oda.load('mine'); b = oda.load('mine', district='Redditch')\n"
    code += "one = a.frame[a.frame['district'] == 'Redditch'].reset_index(drop=True)\n"
    code += "assert one.equals(b.frame) and (one.dtypes == b.frame.dtypes).all()\n"
    code += "assert (b.audit.rows_read, b.audit.rows_used, b.audit.files) == (1, 1, ())"
    assert set(used(folder, code)) == {"dataset mine", "dataset mine for E07000236", "districts"}


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("p = oda.load_pilot(); p.disclosure.round_to", {"setting disclosure"}),
        ("p = oda.load_pilot(); [d.name for d in p.districts]", {"districts"}),
        ("p = oda.load_pilot(); p.district('Redditch').name", {"district E07000236 name"}),
        (
            "p = oda.load_pilot(); p.district('Redditch').visits_from",
            {"district E07000236 name", "district E07000236 visits_from"},
        ),
        ("p = oda.load_pilot(); p.folder", set()),
    ],
)
def test_only_the_settings_that_are_read_are_noted(pilot_folder, code, names):
    """A change to another setting, or to another district, concerns no notebook that does not read it."""
    assert set(used(pilot_folder, code)) == names


@pytest.mark.parametrize("how", ["p.model_dump()", "dict(p)", "p == q", "repr(p)", "vars(p)", "p.model_dump_json()"])
def test_a_look_at_everything_notes_everything(pilot_folder, how):
    """Who copies, prints or compares all settings depends on each of them."""
    found = set(used(pilot_folder, f"p = oda.load_pilot(); q = oda.load_pilot(); {how}"))
    assert {
        "setting pilot",
        "setting disclosure",
        "setting run",
        "districts",
        f"district {CODES[0]} visits_from",
    } <= found


def test_what_was_noted_is_what_is_there_now(folder):
    """Hashed in another process, everything is the same as long as nothing has changed."""
    (folder / "notebooks" / "steps").mkdir()
    (folder / "notebooks" / "steps" / "rates.py").write_text("per = 1\n", encoding="utf-8")
    code = f"""
        sys.path.insert(0, str(Path(sys.argv[1], "notebooks")))
        import steps.rates
        p = oda.load_pilot(); p.model_dump(); p.district("Redditch")
        oda.load("mine"); oda.load("falls"); oda.load("mine", district="{CODES[0]}")
        Path(p.folder, "data/raw/mine.csv").read_text(); list(Path(p.folder, "data/raw").iterdir())
    """
    found = used(folder, code)
    kinds = {"module", "dataset", "file", "folder", "setting", "districts", "district"}
    assert {name.split()[0] for name in found} == kinds
    assert present(load_pilot(folder), found) == found


def test_modules_beside_the_notebook_are_noted_as_such(folder):
    """Only those that were loaded, and not as files."""
    (folder / "notebooks" / "rates.py").write_text("per = 1\n", encoding="utf-8")
    (folder / "notebooks" / "other.py").write_text("per = 1\n", encoding="utf-8")
    code = "sys.path.insert(0, str(Path(sys.argv[1], 'notebooks')))\nimport rates"
    assert set(used(folder, code)) == {"module notebooks/rates.py"}


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("open('../../data/raw/mine.csv').read()", {"file data/raw/mine.csv"}),
        ("import pandas as pd; pd.read_csv('../../data/raw/mine.csv')", {"file data/raw/mine.csv"}),
        ("os.close(os.open(Path('../../data/raw/mine.csv'), os.O_RDONLY))", {"file data/raw/mine.csv"}),
        ("import pandas as pd; pd.read_parquet('../../data/raw/x.parquet')", {"file data/raw/x.parquet"}),
        ("import pyarrow.parquet as p; p.ParquetFile('../../data/raw/x.parquet')", {"file data/raw/x.parquet"}),
        (
            "sys.modules['duckdb'] = sys",
            {f"file data/{name}" for name in ("README.md", "raw/mine.csv", "raw/x.parquet")},
        ),
        ("import sqlite3; sqlite3.connect('../../data/raw/mine.csv')", {"file data/raw/mine.csv"}),
        ("list(Path('../../data/raw').glob('*.csv'))", {"folder data/raw"}),
        ("import contextlib\nwith contextlib.suppress(OSError): open('../../data/raw/no')", {"file data/raw/no"}),
        ("open('../../pilot.yml').read()", {"file pilot.yml"}),
        ("open('own.csv', 'w').close(); open('own.csv').read()", set()),
        ("open('../../governance/log.jsonl', 'a').close()", {"made governance/log.jsonl"}),
        ("open('../../governance/aqa/a.csv').read()", {"file governance/aqa/a.csv"}),
        ("open('../../reports/look.csv').read()", {"file reports/look.csv"}),
        ("open('../../reports/stray.txt', 'w').close()", {"made reports/stray.txt"}),
        ("import matplotlib, importlib.metadata; importlib.metadata.version('pandas')", set()),
    ],
)
def test_files_that_the_notebook_opens_itself_are_noted(folder, code, names):
    """Those of the pilot, for reading, and neither its own products nor what is kept by others."""
    pd.DataFrame({"a": [1]}).to_parquet(folder / "data" / "raw" / "x.parquet")
    for name in ("governance/aqa/a.csv", "reports/look.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a\n1\n", encoding="utf-8")
    found = used(folder, code)
    assert set(found) == names
    assert present(load_pilot(folder), found) == found


@pytest.mark.parametrize(
    "code",
    [
        "import pyarrow.csv; pyarrow.csv.read_csv(f'{raw}/mine.csv')",
        "import pyarrow.csv as c; c.open_csv(input_file=f'{raw}/mine.csv').read_all()",
        "import pyarrow.json; pyarrow.json.read_json(f'{raw}/x.json')",
        "import pyarrow.feather; pyarrow.feather.read_table(f'{raw}/x.feather')",
        "import pyarrow.feather; pyarrow.feather.read_feather(Path(f'{raw}/x.feather'))",
        "import pyarrow.orc; pyarrow.orc.read_table(f'{raw}/x.orc')",
        "import pyarrow.orc; pyarrow.orc.ORCFile(f'{raw}/x.orc').read()",
        "import pyarrow.dataset; pyarrow.dataset.dataset(f'{raw}/x.feather', format='feather').to_table()",
        "import pyarrow; pyarrow.ipc.open_file(pyarrow.memory_map(f'{raw}/x.feather')).read_all()",
    ],
)
def test_files_that_arrow_opens_itself_are_noted(folder, code):
    """Arrow reads in C++, of which Python hears nothing."""
    raw = folder / "data" / "raw"
    table_of = pa.table({"a": [1]})
    orc.write_table(table_of, raw / "x.orc")
    feather.write_feather(table_of, raw / "x.feather")
    (raw / "x.json").write_text('{"a": 1}\n', encoding="utf-8")
    (name,) = used(folder, f"raw = '../../data/raw'; {code}")
    assert name in code.replace("{raw}", "data/raw").replace(name.removeprefix("file "), name)


@pytest.mark.parametrize(
    "code", ["open(p).read()", "import pandas; pandas.read_csv(p)", "import pyarrow.csv; pyarrow.csv.read_csv(p)"]
)
def test_a_file_outside_the_pilot_is_noted_by_its_whole_path(folder, code):
    """It decides the answer no less than one within."""
    shared = folder.parent / "shared" / "x.csv"
    shared.parent.mkdir()
    shared.write_text("a\n1\n", encoding="utf-8")
    found = used(folder, f"p = '../../../shared/x.csv'; {code}")
    assert set(found) == {f"outside {shared.as_posix()}"}
    assert present(load_pilot(folder), found) == found
    shared.write_text("a\n2\n", encoding="utf-8")
    assert present(load_pilot(folder), found) != found


def test_what_programs_keep_for_themselves_is_not_noted(folder):
    """Nobody's answer changes with a cache, a font or a file that is lost when the notebook ends."""
    code = """
        import tempfile, json.tool, matplotlib.font_manager
        from matplotlib import pyplot
        pyplot.plot([1]); pyplot.savefig("own.png")
        with tempfile.NamedTemporaryFile("w+") as made: Path(made.name).write_text("1"); Path(made.name).read_text()
        Path(os.devnull).read_text(); Path(json.tool.__file__).read_text(); list(Path(tempfile.gettempdir()).iterdir())
    """
    assert used(folder, code) == {}


@pytest.mark.parametrize("code", ["import optmod", "import importlib; importlib.import_module('optmod')"])
def test_a_module_that_was_not_found_is_noted_where_it_would_be(folder, code):
    """A notebook that makes do without a module runs again once it is there."""
    path = f"sys.path.insert(0, {str(folder / 'notebooks')!r})"
    found = used(folder, f"{path}\nimport pandas\ntry: {code}\nexcept ImportError: pass")
    assert found == {f"module notebooks/optmod{end}": "absent" for end in (".py", "/__init__.py")}
    (folder / "notebooks" / "optmod.py").write_text("per = 1\n", encoding="utf-8")
    assert present(load_pilot(folder), found) != found


def test_files_written_in_the_pilot_are_noted_apart(folder):
    """What a notebook leaves outside its own folder is known, must stay as it left it, and is no input of its own."""
    found = trace(folder, "p = Path('../../data/derived/x.csv'); p.write_text('1'); p.read_text()")
    assert found["wrote"] == ["data/derived/x.csv"]
    assert set(found["uses"]) == {"made data/derived/x.csv"}
    (folder / "data" / "derived" / "x.csv").unlink()
    assert present(load_pilot(folder), found["uses"]) == {"made data/derived/x.csv": "absent"}


def test_a_file_that_changes_while_it_is_used_is_never_the_same(folder):
    """Two readings of one file with different content cannot be told apart later, so they hold for neither."""
    code = """
        import subprocess
        p = Path('../../data/raw/mine.csv'); p.read_text()
        subprocess.run([sys.executable, '-c', f"open({str(p)!r}, 'a').write('more')"], check=True)
        p.read_text()
    """
    assert used(folder, code) == {"file data/raw/mine.csv": tracing.DIFFERS}


def test_a_row_of_another_district_changes_nothing_of_one(folder):
    """The hash of one district's rows is that of its rows alone."""
    names = [f"dataset mine for {code}" for code in CODES] + ["dataset mine", "dataset none", "what is this"]
    before = present(load_pilot(folder), names)
    path = folder / "data" / "raw" / "mine.csv"
    path.write_text(path.read_text("utf-8").replace(f"{CODES[1]},2017/18,101", f"{CODES[1]},2017/18,7"), "utf-8")
    after = present(load_pilot(folder), names)
    assert {name for name in names if before[name] != after[name]} == {f"dataset mine for {CODES[1]}", "dataset mine"}
    assert (after["dataset none"], after["what is this"]) == ("absent", "not understood")
