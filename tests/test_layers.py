"""Imports go down: science knows no files, and no stage knows the one after it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# From the ground up; a module may import those of its own line and of the lines before it.
LAYERS = (
    ("errors", "estimate", "hashing", "readers", "missing", "places"),
    ("locking", "wording"),
    ("settings", "meaning"),
    ("plan", "tracing"),
    ("pilot", "presets", "periods"),
    ("evaluate", "disclosure", "governance", "datasets"),
    ("finding",),
    ("reading", "results", "charts", "making", "tile_map"),
    ("exhibits",),
    ("checking", "district_rows", "synthetic", "describing", "handing_over"),
    ("loading",),
    ("panel", "parameters"),
    ("planning", "small_counts"),
    ("freshness", "records"),
    ("outputs", "jobs"),
    ("failing",),
    ("kernels", "engine", "executing", "pool"),
    ("describe", "effect", "runs", "worth"),
    ("changes",),
    ("counterfactual", "sensitivity", "side_by_side"),
    ("summary", "tally", "progress", "grid", "doubts", "trend_before"),
    ("comparing",),
    ("preparing",),
    ("farming",),
    ("farms",),
    ("running",),
    ("console",),
    ("reports",),
    ("doctor",),
    ("cli", "cli_governance", "cli_keys", "cli_points", "cli_reports", "cli_runs"),
)
LEVEL = {name: number for number, names in enumerate(LAYERS) for name in names}
FILES = {"open", "read_csv", "read_text", "write_text", "read_bytes", "write_bytes"}


def modules() -> list[tuple[str, Path]]:
    """Return every module of the package with the name of its layer's entry."""
    found = []
    for path in sorted((ROOT / "shared" / "oda").rglob("*.py")):
        inner = path.relative_to(ROOT / "shared" / "oda")
        if str(inner) not in ("__init__.py", "__main__.py"):
            found.append((inner.parts[0].removesuffix(".py"), path))
    return found + [("reports", path) for path in sorted((ROOT / "reports").rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Return what a module imports of the package."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("oda."):
            names.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "oda":
            names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize(("name", "path"), modules(), ids=lambda value: getattr(value, "stem", value))
def test_imports_go_down(name, path):
    """No module imports one of a later stage."""
    assert {other for other in imported(path) if other in LEVEL and LEVEL[other] > LEVEL[name]} == set()


def test_every_module_has_its_layer():
    """A new module is given its place."""
    assert {name for name, _ in modules()} == set(LEVEL)


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "shared" / "oda" / "evaluate").rglob("*.py")),
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_estimators_touch_no_files(path):
    """An estimator takes data and returns a result; it opens, reads and writes nothing."""
    called = {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert called & FILES == set()
