"""Item E03: what every sign-off rests on, down to this software."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from checkout import ROOT
from oda.governance import assess, trusting
from oda.pilot import Pilot
from signers import open_pilot

VENDOR = runpy.run_path(str(ROOT / "hooks" / "vendor.py"))["vendor"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Make the wheel of these sources once."""
    folder = tmp_path_factory.mktemp("wheel")
    made: Path = VENDOR(ROOT, folder)
    return made


@pytest.fixture
def pilot(tmp_path, monkeypatch, wheel) -> Pilot:
    """Return a signed pilot with the wheel that it was made with."""
    pilot = open_pilot(tmp_path, monkeypatch)
    shutil.copytree(wheel.parent, pilot.folder / "vendor")
    (pilot.folder / "start.py").touch()
    return pilot


def e03(pilot: Pilot) -> tuple[str, str]:
    """Return the state of E03, and why."""
    finding = assess(pilot).finding("E03")
    return finding.state, finding.reason


def test_software_that_is_that_of_the_wheel_is_well(pilot, wheel):
    """The package in use is the one the pilot was made with, file by file."""
    state, reason = e03(pilot)
    assert state == "met", reason
    assert f"this software is that of vendor/{wheel.name}" in reason


def test_a_changed_checklist_in_the_installed_package_is_found(pilot, monkeypatch):
    """Whoever edits a file of the package is told of by the wheel beside it."""
    real = trusting._digest
    monkeypatch.setattr(trusting, "_digest", lambda path: "changed" if path.name == "checklist.yml" else real(path))
    state, reason = e03(pilot)
    assert state == "failed"
    assert "oda/governance/checklist.yml differs" in reason
    assert not assess(pilot).gate("load").is_open


@pytest.mark.parametrize("harm", ["gone", "second", "changed", "hash", "no wheel"])
def test_a_vendor_folder_that_is_not_as_it_was_made_shuts_the_gates(pilot, wheel, harm):
    """No wheel, two wheels, another wheel or another hash: there is nothing to hold the software against."""
    vendored = pilot.folder / "vendor" / wheel.name
    if harm == "gone":
        vendored.unlink()
    elif harm == "second":
        (pilot.folder / "vendor" / "oda_toolkit-9.9.9-py3-none-any.whl").touch()
    elif harm == "changed":
        vendored.write_bytes(vendored.read_bytes() + b" ")
    elif harm == "hash":
        (pilot.folder / "vendor" / "SHA256SUMS").unlink()
    else:
        vendored.write_bytes(b"")
    assert e03(pilot)[0] == "failed"


def test_a_folder_that_the_template_did_not_make_is_not_asked_for_a_wheel(pilot):
    """Without start.py and without a wheel there is nothing to compare; the other checks stand."""
    shutil.rmtree(pilot.folder / "vendor")
    assert e03(pilot)[0] == "failed"
    (pilot.folder / "start.py").unlink()
    assert e03(pilot)[0] == "met"
