"""A pilot to try things on, and an analyst's own file in it: what several test modules share."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cookiecutter.main import cookiecutter

from checkout import ROOT
from oda.loading import Loaded, load
from oda.pilot import Pilot, load_pilot

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start with them.
signal.signal(signal.SIGINT, signal.default_int_handler)

CODES = [f"E0700023{digit}" for digit in range(4, 10)]  # Worcestershire's six
COLUMNS = {"district_code": "Area Code", "period": "Period", "admissions": "Count"}
WHOLE = {"admissions", "population"}


def table(*more: str, heading: str = "Area Code,Period,Count", first: int = 100) -> str:
    """Return a CSV of Worcestershire's six districts in 2017/18, then the lines given; those start at row 8."""
    lines = [f"{code},2017/18,{first + place}" for place, code in enumerate(CODES)]
    return "\n".join([heading, *lines, *more]) + "\n"


def card(name: str = "mine", *, path: str, columns: dict[str, str], data_class: str = "open", **resource: Any) -> dict:
    """Return a dataset card as an analyst would write it; `where` and `missing` have short names here."""
    missing = resource.pop("missing", [""])
    fields = [
        {
            "name": ours,
            "type": "integer" if ours in WHOLE else "number" if ours == "rate" else "string",
            "x-column": its,
        }
        for ours, its in columns.items()
    ]
    short = {"where": "x-where", "sheet": "x-sheet", "form": "x-period"}
    more = {short.get(key, key): value for key, value in resource.items()}
    return {
        "name": name,
        "title": "My file",
        "licenses": [{"name": "OGL-UK-3.0"}],
        "sources": [{"title": "Me"}],
        "resources": [{"name": name, "path": path, **more, "schema": {"missingValues": missing, "fields": fields}}],
        "x-ig": {"class": data_class, "controller": "Me"},
    }


@pytest.fixture(scope="session")
def baked_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a default pilot, rendered once; no test writes to it."""
    out = tmp_path_factory.mktemp("baked")
    return Path(cookiecutter(str(ROOT), no_input=True, output_dir=str(out), accept_hooks=False, default_config=True))


@pytest.fixture
def pilot_folder(baked_folder: Path, tmp_path: Path) -> Path:
    """Return a copy of the default pilot that a test may change."""
    return Path(shutil.copytree(baked_folder, tmp_path / "pilot"))


@pytest.fixture
def pilot(pilot_folder: Path) -> Pilot:
    """Return the settings of the default pilot."""
    return load_pilot(pilot_folder)


@pytest.fixture
def write_card(pilot_folder: Path) -> Callable[..., Path]:
    """Return a function that writes the card of a dataset into the pilot, given a card or what `card` takes."""

    def write(content: dict[str, Any] | None = None, **words: Any) -> Path:
        content = content or card(**words)
        path = pilot_folder / "governance" / "datasets" / f"{content['name']}.yml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path

    return write


@pytest.fixture
def load_mine(pilot_folder: Path, write_card: Callable[..., Path]) -> Callable[..., Loaded]:
    """Return a function that puts a file into the pilot, writes its card and loads it, as an analyst would."""

    def load_it(content: str | bytes | None, *, path: str = "data/raw/mine.csv", **words: Any) -> Loaded:
        if content is not None:
            place = pilot_folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        write_card(**{"path": path, "columns": COLUMNS, **words})
        return load("mine", load_pilot(pilot_folder))

    return load_it
