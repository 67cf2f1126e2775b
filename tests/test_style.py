"""The rules of style that a tool can hold: layout, lint, types, docstrings, spelling."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCTS = {".venv", "demo", "build"}
LONGEST_MODULE = 350  # lines; look again at what is longer


def sources() -> list[Path]:
    """Return every Python file of the project."""
    found = (path for path in ROOT.rglob("*.py") if not PRODUCTS & set(path.relative_to(ROOT).parts))
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts))


def tool(*words: str, folder: Path = ROOT) -> str:
    """Run a tool on the project; fail with what it says."""
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def one_tree(tmp_path: Path) -> Path:
    """Put the package together as it is installed: `reports/` inside `oda`."""
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "shared" / "oda", tmp_path / "oda", ignore=unwanted)
    shutil.copytree(ROOT / "reports", tmp_path / "oda" / "reports", ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_layout_is_ruff_s():
    """No argument about layout."""
    tool("ruff", "format", "--check", ".")


def test_no_lint_is_left():
    """Each exception stands in pyproject.toml or beside its line, with its reason."""
    tool("ruff", "check", ".")


def test_types_hold(one_tree):
    """`mypy --strict` finds nothing in the package."""
    tool(
        "mypy", "--config-file", "pyproject.toml", "--cache-dir", str(one_tree / "cache"), "-p", "oda", folder=one_tree
    )


def test_every_test_says_its_claim():
    """Each test and each helper of the tests has a docstring."""
    tool("interrogate", "--quiet", "--fail-under", "100", "tests")


def test_docstrings_have_numpydoc_s_form():
    """`numpydoc lint` compares each public docstring with its signature."""
    modules = [*(ROOT / "shared").rglob("*.py"), *(ROOT / "reports").rglob("*.py")]
    tool("numpydoc", "lint", "--config", str(ROOT), *map(str, modules))


def test_public_functions_say_what_they_return():
    """Each public function that returns something has a Returns section, with units."""
    silent = []
    for path in [*(ROOT / "shared").rglob("*.py"), *(ROOT / "reports").rglob("*.py")]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and path.name != "cli.py":
                text = ast.get_docstring(node) or ""
                returns = ast.unparse(node.returns or ast.Constant(None)) != "None"
                silent += [f"{path.name}: {node.name}"] if returns and not re.search("(Returns|Yields)\n", text) else []
    assert silent == []


def test_spelling():
    """No common misspelling."""
    tool("codespell_lib", ".")


def test_modules_stay_small():
    """A module that grows past 350 lines is looked at again."""
    lines = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources() if "tests" not in path.parts
    }
    assert [path.name for path, count in lines.items() if count > LONGEST_MODULE] == []


@pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="this is no checkout, or git is not installed"
)
def test_files_are_portable():
    """No symlink, no path over 120 characters, no character that Windows forbids, UTF-8 without a byte order mark."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        assert not path.is_symlink()
        assert len(name) <= 120
        assert not set(name) & set('<>:"|?*\\')
        if path.suffix != ".png" and path.is_file():
            assert not path.read_text(encoding="utf-8").startswith("\ufeff"), name
