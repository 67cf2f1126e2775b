"""The settings of a pilot: what is taken, and what is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from finished import baked
from oda.errors import SettingsError
from oda.pilot import AdmissionValue, find_folder, load_pilot, read_yaml


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """Bake a pilot once for this module."""
    return baked(tmp_path_factory.mktemp("settings"))


@pytest.fixture
def changed(fresh, tmp_path):
    """Change pilot.yml in a copy."""

    def change(old: str, new: str) -> Path:
        """Return the folder of the copy."""
        text = (fresh / "pilot.yml").read_text(encoding="utf-8")
        assert old in text
        (tmp_path / "pilot.yml").write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    return change


def test_the_default_pilot_is_worcestershire_s_six_districts(fresh):
    """Three have visits, in waves two months apart, and three are compared with."""
    pilot = load_pilot(fresh)
    assert [district.visits_from for district in pilot.districts] == ["2025-04", None, "2025-06", None, "2025-08", None]
    assert pilot.district("Redditch") == pilot.district("E07000236") == pilot.district("redditch")


def test_the_pilot_is_found_from_any_folder_inside_it(fresh):
    """A notebook finds its pilot wherever it is opened."""
    assert find_folder(fresh / "governance" / "datasets") == fresh


def test_an_unknown_district_is_refused_with_those_there_are(fresh):
    """The names and codes to choose from stand in the message."""
    with pytest.raises(SettingsError, match=r"'Reddich' is not a district.*Redditch \(E07000236\)"):
        load_pilot(fresh).district("Reddich")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("E07000236", "E0700023", r"pilot\.yml: districts\.2\.code: .*'E0700023'"),
        ("E07000236", "E07000235", r"district codes must differ, but E07000235 stands more than once"),
        ('"2025-04"', '"04/2025"', r"districts\.0\.visits_from: '04/2025' is not a month; write it as 2025-04"),
        ('id: "visits"', 'id: "effect"', r"question ids must differ, but effect stands more than once"),
        ("hide_below:", "hide_belw:", r"disclosure\.hide_below: field required"),
        ("notebooks/10-data.ipynb", "../10-data.ipynb", r"'\.\./10-data\.ipynb' leaves the pilot's folder"),
        ("notebooks/10-data.ipynb", "C:/10-data.ipynb", r"leaves the pilot's folder"),
        ("hide_below: 8", "hide_below: eight", r"disclosure\.hide_below: .*'eight'"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place_and_value(changed, old, new, message):
    """A person sees which line of pilot.yml to mend, and how."""
    with pytest.raises(SettingsError, match=message):
        load_pilot(changed(old, new))


def test_a_share_is_not_taken_for_per_cents():
    """A fifth that can be taken out of a budget is 20, and 0.2 would be next to nothing."""
    given = {"amount": 3500, "source": "Reference costs", "gains": "NHS"}
    assert AdmissionValue.model_validate({**given, "cashable": 20}).cashable == 20
    with pytest.raises(ValidationError, match=r"0\.2 looks like a share; write per cents, 20"):
        AdmissionValue.model_validate({**given, "cashable": 0.2})


def test_all_faults_are_said_at_once(changed):
    """Nobody mends one fault only to meet the next."""
    folder = changed("E07000236", "E1")
    path = folder / "pilot.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("round_to: 5", "round_to: 0"), encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_pilot(folder)
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "'a' is given twice"),
        ("a: &x [1]\nb: *x\n", r"aliases \(\*name\) are not taken"),
        ("- 1\n", "must hold names and values"),
        ("a: [\n", "cannot be read as YAML"),
        ("a: !!python/object/apply:os.getcwd []\n", "cannot be read as YAML"),
    ],
)
def test_yaml_that_could_mislead_is_refused(tmp_path, text, message):
    """A name given twice, an alias that could grow without bound, a tag that runs code: none is taken."""
    path = tmp_path / "x.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=message):
        read_yaml(path)
