"""S04: code that reads data without the loader, or reaches behind the gate, is found without running it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oda.governance.probes.bypass import find_bypass

TEMPLATE = Path(__file__).parents[1] / "{{cookiecutter.project}}"
HELD = ("data/synthetic/gp-list.csv",)


def notebook(folder: Path, *cells: str, name: str = "notebooks/10.ipynb") -> None:
    """Write a notebook with code cells, as JupyterLab does."""
    content = {"cells": [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]}
    content["cells"].append({"cell_type": "markdown", "source": "Data lie in data/raw."})
    write(folder, name, json.dumps(content))


def write(folder: Path, name: str, text: str) -> None:
    """Write a file, and the folders above it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def found(folder: Path, *, passed: bool | None = False) -> str:
    """Return what is found in a pilot with personal data."""
    checks = find_bypass(folder, HELD, personal=True)
    return "; ".join(check.finding for check in checks if check.passed is passed)


READS = [
    'pd.read_csv("data/raw/gp.csv")',
    'pd.read_csv("../data/derived/x.parquet")',
    'open("..\\\\data\\\\raw\\\\gp.csv")',
    'root = "data"\npd.read_csv(root + "/raw/gp.csv")',
    'root = "data"\npd.read_csv(f"{root}/raw/{name}.csv")',
    'Path("..") / "data" / "raw" / "gp.csv"',
    'pilot.folder.joinpath("data", "raw", name).read_text()',
    'os.path.join("data", "raw", "gp.csv")',
    '"/".join(["data", "raw", "gp.csv"])',
    '"{}/{}/gp.csv".format("data", "raw")',
    '"%s/raw/gp.csv" % "data"',
    'p = "data/RAW/gp.csv"',
    'p = "data/synthetic/../raw/gp.csv"',
    'p = "data//./raw/gp.csv"',
    'p = "data" "/raw"',
    '"dXta/raw".replace("X", "a")',
    "duckdb.sql(\"select * from '../data/raw/gp.csv'\")",
    'p = "data"\np += "/raw"',
    'for part in ["raw", "derived"]:\n    open("data/" + part + "/gp.csv")',
    'def where(kind):\n    return f"data/{kind}/gp.csv"\nopen(where("raw"))',
    'class Place:\n    root = "data"\nopen(Place.root + "/raw/gp.csv")',
    'paths = {"gp": "data/raw/gp.csv"}\nopen(paths["gp"])',
    'import os\nos.chdir("../data")\nopen("raw/gp.csv")',
    'glob.glob("data/raw/*")',
    'pd.read_csv("data/synthetic/gp-list.csv")',
    'pd.read_csv(elsewhere / "gp-list.csv")\nopen("gp-list.csv")',
    "!cat ../data/raw/gp.csv",
    "rows = !head data/raw/gp.csv",
    "%run ../data/raw/read.py",
    "%cd ../data/raw\n1",
    "%%bash\ncat ../data/raw/gp.csv",
    "%%time\nopen('data/raw/gp.csv')",
    "this does not parse: data/raw/gp.csv",
]
TAMPERS = [
    "import oda.reading",
    "from oda import checking",
    "from oda.reading import find_files as f",
    "from oda.loading import check_files",
    "from oda.loading import _audit",
    "import oda\noda.reading.find_files(1, 2)",
    "import oda.governance.gates\noda.governance.gates.require = print",
    "import oda.governance.gates as g\ng.require = print",
    "from oda.governance import gates\ngates.require = lambda *a: None",
    "from oda.governance import probes\nprobes.PROBES['S04'] = print",
    "import oda\ng = oda.governance.gates\ng.require = print",
    "import oda\ndel oda.governance.gates.require",
    "import oda\nsetattr(oda.governance.gates, 'require', print)",
    "import oda, importlib\nimportlib.reload(oda.governance.gates)",
    "import importlib\nimportlib.import_module('oda.reading')",
    "import sys\nsys.modules['oda.governance.gates'] = 1",
    "import sys\nsys.modules.pop('oda.governance')",
    "from unittest.mock import patch\npatch('oda.loading.require').start()",
    "import oda\nvars(oda.governance.gates)['require'] = print",
    "import oda\noda.governance.gates.__dict__['require'] = print",
    "import oda\ngetattr(oda, 'reading')",
    "import os\nos.environ['ODA_IG_TRUST_SHA256'] = 'a'",
    "%env ODA_IG_TRUST_SHA256=a",
]
FINE = [
    'import oda\nloaded = oda.load("falls")\nloaded.frame["x"] = 1',
    "from oda.loading import load, Loaded",
    'pd.read_csv("data/synthetic/falls.csv")',
    'pd.read_csv("https://example.org/data/raw/x.csv")',
    'open("metadata/raw.txt")',
    "# open('data/raw/gp.csv')",
    '"""Data lie in data/raw."""',
    'open(f"out-{name}.txt", "w")',
    'open(pilot.folder / "vendor" / name)',
    'open(pilot.folder / "pilot.yml")',
    "pd.read_csv(io.StringIO(text))",
    "pd.read_sql(query, connection)",
    "x = 7 % 3\nprint(x)\n%matplotlib inline\n?oda",
]
UNSURE = [
    "pd.read_csv(path)",
    "open(sys.argv[1])",
    'Path("data", kind, "gp.csv").read_text()',
    "pd.read_parquet(folder / name)",
    'np.load(folder / "x.npy")',
    "sqlite3.connect(path)",
    "path.open()",
]


@pytest.mark.parametrize("code", READS)
def test_code_that_reads_data_without_the_loader_fails(tmp_path: Path, code: str) -> None:
    """However the path is put together, in Python or for a shell."""
    notebook(tmp_path, "import oda", code)
    assert "code reads data without the loader: notebooks/10.ipynb, cell 2" in found(tmp_path)


@pytest.mark.parametrize("code", TAMPERS)
def test_code_that_reaches_behind_the_gate_fails(tmp_path: Path, code: str) -> None:
    """A notebook neither alters what decides, nor imports what reads past it."""
    notebook(tmp_path, code)
    assert "code goes behind the gate or alters it: notebooks/10.ipynb, cell 1" in found(tmp_path)


@pytest.mark.parametrize("code", FINE)
def test_ordinary_code_passes(tmp_path: Path, code: str) -> None:
    """What loads through the package, or reads no data, is left alone."""
    notebook(tmp_path, code)
    assert (found(tmp_path), found(tmp_path, passed=None)) == ("", "")


@pytest.mark.parametrize("code", UNSURE)
def test_a_file_whose_name_cannot_be_worked_out_is_not_known(tmp_path: Path, code: str) -> None:
    """It is no failure, and it matters only where there are data about people."""
    notebook(tmp_path, code)
    assert found(tmp_path) == ""
    assert "cannot be worked out: notebooks/10.ipynb, cell 1" in found(tmp_path, passed=None)
    assert all(check.passed for check in find_bypass(tmp_path))


def test_what_one_cell_imports_another_does_not_alter(tmp_path: Path) -> None:
    """Names and paths are followed through the notebook, in whatever order its cells stand."""
    notebook(tmp_path, "g.require = print\nopen(root + '/raw')", "import oda.governance.gates as g\nroot = 'data'")
    assert "cell 1 alters oda.governance.gates.require" in found(tmp_path)
    assert "10.ipynb, cell 1 (data/raw)" in found(tmp_path)


def test_a_link_to_the_data_is_followed(tmp_path: Path) -> None:
    """A file beside the notebook that is a link into data/raw is data."""
    write(tmp_path, "data/raw/gp.csv", "x")
    write(tmp_path, "notebooks/note.txt", "x")
    (tmp_path / "notebooks" / "list.txt").symlink_to("../data/raw/gp.csv")
    notebook(tmp_path, 'open("note.txt")')
    assert found(tmp_path) == ""
    notebook(tmp_path, 'open("list.txt")')
    assert "list.txt" in found(tmp_path)


def test_python_files_and_quarto_documents_are_looked_through(tmp_path: Path) -> None:
    """Blocks, values in the line and shortcodes of a document, and modules beside the notebooks; its prose is free."""
    write(tmp_path, "reports/a.qmd", "In data/raw.\n\n```{python}\nopen('data/raw/gp.csv')\n```\n\nEnd.\n")
    write(tmp_path, "reports/b.qmd", "`{python} open('data/raw/gp.csv').read()`\n")
    write(tmp_path, "reports/c.qmd", "{{< include ../data/raw/gp.csv >}}\n")
    write(tmp_path, "reports/d.qmd", "```{r}\nread.csv('data/raw/gp.csv')\n```\n")
    write(tmp_path, "notebooks/own.py", "import pandas as pd\npd.read_csv('../data/raw/gp.csv')\n")
    said = " ".join(check.finding for check in find_bypass(tmp_path))
    assert all(name in said for name in ("notebooks/own.py", "a.qmd, line 3", "b.qmd, line 1", "and 2 more"))


def test_a_module_that_takes_the_place_of_the_package_fails(tmp_path: Path) -> None:
    """Python would import notebooks/oda.py before the package."""
    write(tmp_path, "notebooks/oda.py", "load = print\n")
    assert "notebooks/oda.py takes the place of the package" in found(tmp_path)


@pytest.mark.parametrize(
    "text", ["no JSON", "[]", '{"cells": 1}', "[" * 100_000, '{"cells": [{"cell_type": "code"}, 2]}']
)
def test_a_notebook_that_cannot_be_read_is_not_known(tmp_path: Path, text: str) -> None:
    """It is told, and nothing crashes."""
    write(tmp_path, "notebooks/10.ipynb", text)
    assert "cannot be read as Python: notebooks/10.ipynb" in found(tmp_path, passed=None)


def test_code_nested_without_end_is_not_known(tmp_path: Path) -> None:
    """A cell made to exhaust the reader is told."""
    notebook(tmp_path, "x = " + "+".join(["'a'"] * 20_000))
    assert "cannot be read" in found(tmp_path, passed=None)


def test_runs_and_installed_packages_are_not_looked_into(tmp_path: Path) -> None:
    """A run holds copies of the notebooks."""
    for place in ("runs/1", ".venv/lib", "notebooks/.ipynb_checkpoints"):
        notebook(tmp_path, READS[0], name=f"{place}/10.ipynb")
    assert found(tmp_path) == ""


def test_a_pilot_as_it_is_made_passes(baked_folder: Path) -> None:
    """Its notebooks, documents, tests and start.py read data through the loader alone."""
    assert [check.passed for check in find_bypass(baked_folder, ("data/raw/gp.csv",), personal=True)] == [True]
