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
    'pl.read_csv("../data/*/*.csv")',
    "duckdb.sql(\"from read_csv('../data/**/gp.csv')\")",
    'glob.glob("../**/*.csv", recursive=True)[0].split()',
    'for f in Path("..").rglob("*.csv"):\n    f.read_text()',
    'for f in Path("../data").iterdir():\n    shutil.copytree("../data", f)',
    'shutil.copytree("../data", "x")',
    'shutil.move("..", "x")',
    'os.rename("../data", "x")',
    'os.chdir("../data")\nopen("other.csv")',
    '%cd ../data\n%cd raw\nopen("other.csv")',
    "!cat ../data/r*/*.csv",
    "!cd ../data && cat x",
    "!find ../data -type f",
    "%%bash\ncat ../data/{raw,derived}/gp.csv\ncat ../data/*/*.csv",
    'os.system("cat ../data/r*/*")',
    'os.popen("cat ../data/r??/*.csv")',
    'subprocess.run("cat ../data/*/*.csv", shell=True)',
    'subprocess.run(["cat", "../data/ra" + "w/gp.csv"])',
    'get_ipython().system("cat ../data/ra*/gp.csv")',
    'get_ipython().run_line_magic("cd", "../data")',
    'exec(\'open("../data/" + "raw/gp.csv")\')',
    "eval(\"__import__('pandas').read_csv('../data/' + 'raw/gp.csv')\")",
    'f = lambda d="raw": open("../data/" + d + "/gp.csv")',
    'async def f(d="raw"):\n    return aiofiles.open("../data/" + d)',
    'list(map(open, ["../data/" + part for part in ("raw",)]))',
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
    'glob.glob("figures/*.png")\nopen("**/*.md")\nheaders = {"Accept": "*/*"}',
    'Path("..").rglob("*.py")\nos.listdir("..")\nfor f in Path("../vendor").iterdir():\n    open(f)',
    "!pip install -r requirements.txt\n!ls ..\n%cd ..\n!mkdir figures && cd figures",
    'shutil.copy("figures/a.png", "b.png")\nos.rename("a.txt", "b.txt")\ncopy.copy(x)',
    "subprocess.run([sys.executable, '-m', 'oda', 'check'])",
    "eval('1 + 1')\nframe.eval(expression)\nre.compile(pattern)",
    "%run own.py\n%run ../notebooks/own",
    "sys.path.insert(0, '..')",
    "import own, numpy as np, pandas as pd\nframe.replace('a', 'b').rename(columns=names)",
]
UNSURE = [
    "pd.read_csv(path)",
    "open(sys.argv[1])",
    'Path("data", kind, "gp.csv").read_text()',
    "pd.read_parquet(folder / name)",
    'np.load(folder / "x.npy")',
    "sqlite3.connect(path)",
    "path.open()",
    'for a, b, c in os.walk(".."):\n    for n in c:\n        open(os.path.join(a, n))',
    'for e in os.scandir("../data"):\n    open(e.path)',
    'for n in os.listdir(".."):\n    pd.read_csv(n)',
    'pl.read_csv("../*/**/*.parquet")',
    "r = pd.read_csv\nr(sys.argv[1])",
    "from pandas import read_csv as r\nr(name)",
    "partial(pd.read_csv)(sys.argv[1])",
    'getattr(pd, "read_" + "csv")(name)',
    "pd.concat(map(pd.read_csv, names))",
    "fileinput.input(files=names)",
    "linecache.getlines(name)",
    'open("vsc.pg/war/atad/.."[::-1])',
    'parts = ["..", "data"]\nparts.append("raw")\nopen("/".join(parts) + "/gp.csv")',
    'parts = ["..", "data", "raw"]\nopen(os.path.join(*parts, "gp.csv"))',
    "shutil.copy(name, 'b.csv')",
    "os.chdir(name)",
    "!cat {path}",
    "!cat $path",
    "!echo $(cat $path)",
    "!cp -r .. /tmp/x",
    "%%sh\nfind .. -name '*.csv' -exec cat {} +",
    "subprocess.run(['cat', path])",
    "os.system(command)",
    "a0 = 'x'\n" + "\n".join(f"a{n + 1} = a{n} + a{n} + '0'" for n in range(200)) + "\nopen(a200)",
]
ELSEWHERE = [
    "%run ../stuff/own.txt",
    "%run /tmp/own.py",
    "%run ../runs/1/10.ipynb",
    "!bash other.sh",
    "runpy.run_path('/tmp/own.py')",
    "sys.path.insert(0, '../vendor')",
    "sys.path.append('/tmp')",
    "import vendor.own",
    "exec(base64.b64decode(text))",
    "importlib.import_module(name)",
]


@pytest.mark.parametrize("code", READS)
def test_code_that_reads_data_without_the_loader_fails(tmp_path: Path, code: str) -> None:
    """However the path is put together, in Python or for a shell."""
    write(tmp_path, "data/raw/gp.csv", "a\n1\n")
    notebook(tmp_path, "import oda", code)
    assert "code reads data without the loader: notebooks/10.ipynb, cell 2" in found(tmp_path)


@pytest.mark.parametrize("code", FINE)
def test_ordinary_code_passes(tmp_path: Path, code: str) -> None:
    """What loads through the package, or reads no data, is left alone."""
    write(tmp_path, "data/raw/gp.csv", "a\n1\n")
    write(tmp_path, "notebooks/own.py", "x = 1\n")
    notebook(tmp_path, code)
    assert (found(tmp_path), found(tmp_path, passed=None)) == ("", "")


@pytest.mark.parametrize("code", UNSURE)
def test_a_file_whose_name_cannot_be_worked_out_is_not_known(tmp_path: Path, code: str) -> None:
    """It is no failure, and it matters only where there are data about people."""
    notebook(tmp_path, code)
    assert found(tmp_path) == ""
    assert "cannot be worked out: notebooks/10.ipynb, cell 1" in found(tmp_path, passed=None)
    assert all(check.passed for check in find_bypass(tmp_path))


@pytest.mark.parametrize("code", ELSEWHERE)
def test_code_that_runs_what_is_not_looked_through_is_not_known(tmp_path: Path, code: str) -> None:
    """What lies outside the pilot, in finished runs or in text put together, could do anything."""
    notebook(tmp_path, code)
    write(tmp_path, "stuff/own.txt", "x = 1\n")
    notebook(tmp_path, "x = 1", name="runs/1/10.ipynb")
    assert "other code that is not looked through: notebooks/10.ipynb, cell 1" in found(tmp_path, passed=None)


def test_names_are_followed_through_a_notebook(tmp_path: Path) -> None:
    """In whatever order its cells stand."""
    notebook(tmp_path, "open(root + '/raw')", "root = 'data'")
    assert "10.ipynb, cell 1 (data/raw)" in found(tmp_path)


def test_python_files_and_quarto_documents_are_looked_through(tmp_path: Path) -> None:
    """Blocks, values in the line and shortcodes of a document, and modules beside the notebooks; its prose is free."""
    write(tmp_path, "reports/a.qmd", "In data/raw.\n\n```{python}\nopen('data/raw/gp.csv')\n```\n\nEnd.\n")
    write(tmp_path, "reports/b.qmd", "`{python} open('data/raw/gp.csv').read()`\n")
    write(tmp_path, "reports/c.qmd", "{{< include ../data/raw/gp.csv >}}\n")
    write(tmp_path, "reports/d.qmd", "```{r}\nread.csv('data/raw/gp.csv')\n```\n")
    write(tmp_path, "notebooks/own.py", "import pandas as pd\npd.read_csv('../data/raw/gp.csv')\n")
    said = " ".join(check.finding for check in find_bypass(tmp_path))
    assert all(name in said for name in ("notebooks/own.py", "a.qmd, line 3", "b.qmd, line 1", "and 2 more"))


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


def test_a_pilot_as_it_is_made_passes(baked_folder: Path) -> None:
    """Its notebooks, documents, tests and start.py read data through the loader alone."""
    assert [check.passed for check in find_bypass(baked_folder, ("data/raw/gp.csv",), personal=True)] == [True]
