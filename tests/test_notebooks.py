"""The notebooks as they are kept: no outputs, one parameters cell, no Jinja, short."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "{{cookiecutter.project}}" / "notebooks").glob("*.ipynb"))
JINJA = re.compile(r"\{\{-?\s*cookiecutter\b|\{%|\{#")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request) -> dict:
    """Read one notebook."""
    return json.loads(request.param.read_text(encoding="utf-8"))


def code(notebook: dict) -> list[str]:
    """Return the code cells' sources."""
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_are_the_three_notebooks_of_the_falls_pilot():
    """What came, one district, the effect."""
    assert [path.stem for path in NOTEBOOKS] == ["10-data", "20-district", "30-effect", "40-sensitivity"]


def test_no_output_is_kept(notebook):
    """Outputs may hold data, and make every difference unreadable."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in cells if cell["outputs"] or cell["execution_count"]] == []


def test_there_is_one_parameters_cell(notebook):
    """Papermill finds where to put a district."""
    tagged = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1


def test_no_jinja_is_in_it(notebook):
    """Notebooks are copied byte for byte, so no answer can break one, and Jinja would reach a pilot as it is."""
    assert [cell["id"] for cell in notebook["cells"] if JINJA.search("".join(cell["source"]))] == []


@pytest.mark.parametrize("text", ["{{ cookiecutter.title }}", "{{cookiecutter.title}}", "{% if x %}", "{# note #}"])
def test_jinja_would_be_found(text):
    """The pattern finds each form of Jinja, and takes no set, dictionary or f-string for one."""
    assert JINJA.search(f"before {text} after")
    assert not JINJA.search('f"{{x}}"; {"a": {"b": 1}}; "{:%Y}"; {{"cookiecutter"}: 1}')


def test_it_is_short_enough_to_read(notebook):
    """Ten to twenty cells, and no function in any: those belong in the package."""
    assert 5 <= len(notebook["cells"]) <= 20
    assert not [
        node for cell in code(notebook) for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.FunctionDef)
    ]


def test_cells_have_ids_of_their_own(notebook):
    """A fixed id for each cell keeps differences small."""
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
