"""Tests of this pilot: its settings, its notebooks, its gate, and an estimate with a known answer."""

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from oda import load, load_pilot
from oda.datasets import Synthetic, load_datasets
from oda.errors import GateError
from oda.evaluate import difference_in_differences
from oda.panel import make_panel
from oda.planning import plan_tasks
from oda.preparing import current_run
from oda.synthetic import make_falls

FOLDER = Path(__file__).resolve().parents[1]
RECIPE = Synthetic(generator="falls", seed=0, planted_rate_ratio=0.8)


@pytest.fixture(scope="module")
def pilot():
    """Read the pilot's settings."""
    return load_pilot(FOLDER)


def test_every_planned_notebook_is_there_and_takes_its_district(pilot):
    """The run plan of pilot.yml can be carried out."""
    assert len(plan_tasks(pilot)) >= len(pilot.run)


def test_every_question_names_evidence_that_a_notebook_records(pilot):
    """A report answers each question of pilot.yml; checked where there is a finished run."""
    if not list(FOLDER.glob("runs/*/run.json")):
        pytest.skip("there is no run yet: python3 start.py run")
    run = current_run(pilot)
    recorded = {key for results in run.once.values() for key in results}
    recorded |= {key for found in run.by_district.values() for results in found.values() for key in results}
    assert {question.evidence for question in pilot.questions} <= recorded


def test_notebooks_hold_no_outputs():
    """Outputs may hold data, so none is kept: in JupyterLab, Edit, Clear Outputs of All Cells, then save."""
    for path in sorted((FOLDER / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert not [cell for cell in cells if cell.get("outputs")], path.name


def test_the_oda_wheel_is_the_one_this_pilot_was_made_with():
    """The package that computes every number has not been changed."""
    digest, name = (FOLDER / "vendor" / "SHA256SUMS").read_text(encoding="utf-8").split()
    assert hashlib.sha256((FOLDER / "vendor" / name).read_bytes()).hexdigest() == digest


def test_a_planted_effect_is_found_again(pilot):
    """In made-up data for these districts, with a rate 20 per cent lower, 95% intervals hold it nearly always."""
    visited = sum(district.visits_from is not None for district in pilot.districts)
    if not 0 < visited < len(pilot.districts) or len(pilot.districts) < 3:
        pytest.skip("an effect needs three districts, with and without visits")
    starts = {d.code: pd.Period(d.visits_from, freq="M") for d in pilot.districts if d.visits_from}
    found = 0
    for seed in range(40):
        frame = make_falls(pilot, RECIPE.model_copy(update={"seed": seed}))
        frame["period"] = pd.PeriodIndex(frame["period"], freq="M")
        frame["cohort"] = pd.PeriodIndex(frame["district_code"].map(starts), freq="M")
        estimate = difference_in_differences(
            frame, outcome="admissions", exposure="population", unit="district_code", time="period", cohort="cohort"
        ).estimate
        found += estimate.ci_low <= RECIPE.planted_rate_ratio <= estimate.ci_high
    assert found >= 34  # fewer than 34 of 40 has a probability under 1 per cent when coverage is 95


def test_an_estimate_equals_arithmetic_by_hand():
    """Rates of 10 before and 8, 9 and 10 after give a ratio of 8 over the geometric mean of 9 and 10."""
    years = pd.period_range("2020", "2021", freq="Y-DEC")
    rows = [(unit, year, after if late else 10.0) for unit, after in (("a", 8.0), ("b", 9.0), ("c", 10.0))
            for late, year in enumerate(years)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["unit", "year", "rate"])
    frame["cohort"] = pd.PeriodIndex(frame["unit"].map({"a": years[1]}), freq="Y-DEC")
    found = difference_in_differences(frame, outcome="rate", unit="unit", time="year", cohort="cohort", scale="ratio")
    assert found.estimate.value == pytest.approx(8 / 90**0.5)


def test_personal_data_are_refused_until_the_checklist_allows_them(pilot, tmp_path):
    """A dataset of class personal does not load, and the refusal names who must sign what."""
    shutil.copytree(FOLDER / "governance", tmp_path / "governance")
    shutil.copy(FOLDER / "pilot.yml", tmp_path)
    name = load_datasets(pilot)[0].name
    path = tmp_path / "governance" / "datasets" / f"{name}.yml"
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    card.pop("x-synthetic", None)
    card["x-ig"]["class"] = "personal"
    path.write_text(yaml.safe_dump(card, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with pytest.raises(GateError, match="load refused"):
        load(name, load_pilot(tmp_path))


def test_the_dataset_loads_and_covers_every_district(pilot):
    """The data as they are now hold every district of pilot.yml."""
    panel = make_panel(load(load_datasets(pilot)[0].name, pilot), pilot)
    assert set(panel.frame["district_code"]) == {district.code for district in pilot.districts}
