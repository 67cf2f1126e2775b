"""What a notebook means, and what changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from oda.errors import SettingsError
from oda.meaning import cells, defaults, hash_module

PLAIN = "def rate(n):\n    '''Return a rate.\n\n    Of people.\n    '''\n    return n / 1_000\n\nrate(3)"


def notebook(path: Path, *sources: str, tagged: int | None = None, **more: object) -> Path:
    """Write a notebook of these code cells, one of them perhaps tagged parameters."""
    made = [
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]} if place == tagged else {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for place, source in enumerate(sources)
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made} | more), "utf-8")
    return path


def meaning(folder: Path, *sources: str, tagged: int | None = None) -> tuple[str, ...]:
    """Return what a notebook of these cells means."""
    return cells(notebook(folder / "one.ipynb", *sources, tagged=tagged))


@pytest.mark.parametrize(
    "other",
    [
        "# a comment\n" + PLAIN,
        PLAIN.replace("n / 1_000", "(n/1000)  # a thousand"),
        PLAIN.replace("'''", '"""').replace("    Of people.\n    ", "    Of people.\n\n    "),
        PLAIN.replace("    ", "  "),
        PLAIN + "\n\n\n",
        PLAIN.replace("rate(3)", "rate(\n    3,\n)"),
    ],
)
def test_comments_layout_and_formatters_change_no_meaning(tmp_path, other):
    """A remark, a space, other quotation marks or a formatter such as Black run nothing again."""
    assert meaning(tmp_path, PLAIN) == meaning(tmp_path, other)


@pytest.mark.parametrize(("one", "other"), [("del (a, b)", "del a, b"), ("x = u'a'", 'x = "a"')])
def test_what_black_writes_differently_means_the_same(tmp_path, one, other):
    """Black takes brackets and old prefixes away."""
    assert meaning(tmp_path, one) == meaning(tmp_path, other)


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace("1_000", "100"),
        PLAIN.replace("Of people", "Of patients"),
        PLAIN.replace("rate(3)", "rate(3.0)"),
        PLAIN + ";",
    ],
)
def test_a_literal_or_a_shown_value_changes_the_meaning(tmp_path, other):
    """Another number, another type, another text or a value that is shown no more is another notebook."""
    assert meaning(tmp_path, PLAIN) != meaning(tmp_path, other)


def test_cells_without_code_do_not_count(tmp_path):
    """An empty cell or one of remarks alone may come and go."""
    assert meaning(tmp_path, "a = 1", "", "# to do", "b = 2") == meaning(tmp_path, "a = 1", "b = 2")


def test_the_order_of_cells_counts(tmp_path):
    """Two cells that change places may give another answer."""
    assert meaning(tmp_path, "a = 1", "a = 2") != meaning(tmp_path, "a = 2", "a = 1")


def test_the_tag_of_the_parameters_cell_counts_even_where_it_is_empty(tmp_path):
    """Parameters are set after the cell so tagged, so its place is part of the answer."""
    assert len({meaning(tmp_path, "a = 1", "# b", tagged=place) for place in (None, 0, 1)}) == 3


def test_words_ids_outputs_and_counts_change_nothing(tmp_path):
    """What a notebook shows and says besides its code is no part of its meaning."""
    path = notebook(tmp_path / "one.ipynb", "a = 1", "a")
    before = cells(path)
    content = json.loads(path.read_text("utf-8"))
    content["cells"][1] |= {"id": "x", "outputs": [{"output_type": "stream", "text": "1"}], "execution_count": 9}
    content["cells"][0]["source"] = ["a = ", "1"]
    content["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": "# Words"})
    path.write_text(json.dumps(content), "utf-8")
    assert cells(path) == before


@pytest.mark.parametrize(
    ("source", "same", "other"),
    [
        ("%matplotlib inline\na = 1", "%matplotlib inline\na = 1  # one", "%matplotlib inline\na = 2"),
        ("%%time\na = 1", "%%time\n# slow\na  =  1", "%%time\na = 2"),
        ("x = !dir\na = 1", "x = !dir\na=1", "x = !ls\na = 1"),
        ("%%bash\necho 1", "\n%%bash\necho 1", "%%bash\necho 2"),
        ("len?\na = 1", "len?\na=1", "len?\na = 2"),
    ],
)
def test_lines_of_ipython_are_no_fault(tmp_path, source, same, other):
    """An analyst's `%matplotlib inline`, `%%time` or `!dir` is understood, and what stands beside it compared."""
    assert meaning(tmp_path, source) == meaning(tmp_path, same)
    assert meaning(tmp_path, source) != meaning(tmp_path, other)


def test_ordinary_notebooks_are_read_without_jupyter(tmp_path):
    """Whether anything has changed is told without loading nbformat or IPython, which takes a second."""
    path = notebook(tmp_path / "one.ipynb", "%matplotlib inline\na = 1")
    code = f"import sys, pathlib, oda.meaning as m; m.cells(pathlib.Path({str(path)!r})); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"'IPython'", "'nbformat'", "'pandas'", "'pydantic'"} & set(loaded.strip("[]\n").split(", "))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", r"one\.ipynb is not a notebook: .*JupyterLab"),
        ("[]", "is not a notebook"),
        ('{"nbformat": 4}', "is not a notebook: no 'cells'"),
        ('{"nbformat": 4, "cells": [1]}', "is not a notebook"),
        ('{"nbformat": 3, "worksheets": [], "cells": []}', "of format 3. Open and save it in JupyterLab"),
        ('{"nbformat": 3, "worksheets": []}', "of format 3. Open and save it in JupyterLab"),
    ],
)
def test_what_is_no_notebook_is_refused_in_words(tmp_path, content, message):
    """A damaged or old file is named, with what to do."""
    path = tmp_path / "one.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=message):
        cells(path)


def test_a_cell_that_is_no_python_is_named_by_its_number(tmp_path):
    """The number is the one that a person counts in JupyterLab."""
    with pytest.raises(SettingsError, match=r"one\.ipynb holds a cell that is not Python.*Correct cell 2\."):
        meaning(tmp_path, "a = 1", "if a")


def test_the_parameters_cell_tells_names_and_plain_values(tmp_path):
    """What can be written in pilot.yml is known before anything starts; of others only the name."""
    cell = "a, b = 1, 2\nc: float = -0.5\nd = e = 'x'\nf = [1]\ng: int"
    found = defaults(notebook(tmp_path / "one.ipynb", cell, "h = 1", tagged=0))
    assert found.count == 1
    assert found.values == {"a": None, "b": None, "c": -0.5, "d": "x", "e": "x", "f": [1], "g": None}


def test_a_module_is_compared_by_its_meaning(tmp_path):
    """A remark in a module beside the notebooks runs nothing again; a number does."""
    path = tmp_path / "rates.py"
    path.write_text("per = 1_000\n", encoding="utf-8")
    before = hash_module(path)
    path.write_text("# people\r\nper = 1000\r\n", encoding="utf-8")
    assert hash_module(path) == before
    path.write_text("per = 100\n", encoding="utf-8")
    assert hash_module(path) not in {before, hash_module(tmp_path / "none.py")}
