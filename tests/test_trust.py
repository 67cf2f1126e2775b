"""The trust root: the list of signers is compared with what stands outside the project."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from oda.governance import trust
from oda.governance.trust import VARIABLE, load_trust

LINE = 'jd:igl@wcc namespaces="oda-ig-signoff" ssh-ed25519 {} jd\n'.format(
    "AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 42 + "B"  # a well-formed key that nobody holds
)
SHA = hashlib.sha256(LINE.encode()).hexdigest()
OTHER = "0" * 64


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a pilot with a list of one signer; nothing is pinned yet."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(trust, "MACHINE_FILE", tmp_path / "machine" / "trust.sha256")
    (tmp_path / "machine").mkdir()
    (tmp_path / "pilot" / "governance").mkdir(parents=True)
    (tmp_path / "pilot" / "governance" / "allowed_signers").write_text(LINE, encoding="utf-8", newline="\n")
    return tmp_path / "pilot"


def pin(text: str) -> None:
    """Write the machine's file."""
    trust.MACHINE_FILE.write_text(text, encoding="utf-8")


def test_with_nothing_pinned_nothing_is_claimed(pilot: Path) -> None:
    """The list is read, whether it is the right one is not known, and the place for the pin is named."""
    found = load_trust(pilot)
    assert [signer.principal for signer in found.signers] == ["jd:igl@wcc"]
    assert (found.sha256, found.matches, found.pinned_by, found.faults) == (SHA, None, "", ())
    assert found.place.endswith("trust.sha256")


def test_the_environment_pins_where_the_machine_does_not(pilot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Capitals and blanks do not matter; another hash does."""
    monkeypatch.setenv(VARIABLE, f" {SHA.upper()} ")
    assert (load_trust(pilot).matches, load_trust(pilot).pinned_by) == (True, "environment")
    monkeypatch.setenv(VARIABLE, OTHER)
    assert (load_trust(pilot).matches, load_trust(pilot).pin) == (False, OTHER)


def test_the_machines_file_outranks_the_environment(pilot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts the program cannot set aside what the administrator has written."""
    monkeypatch.setenv(VARIABLE, SHA)
    pin(f"{OTHER}  another list\n")
    assert (load_trust(pilot).matches, load_trust(pilot).pinned_by) == (False, "machine")
    pin("")
    assert load_trust(pilot).matches is False
    assert "holds no SHA-256" in load_trust(pilot).faults[0]


def test_one_machine_serves_several_pilots(pilot: Path) -> None:
    """Any line may be the list's; comments and empty lines are passed over."""
    pin(f"# pins\n\n{OTHER}  falls\n{SHA}  homes, from 2026\n")
    assert (load_trust(pilot).matches, load_trust(pilot).pin, load_trust(pilot).faults) == (True, SHA, ())


def test_a_changed_list_no_longer_matches(pilot: Path) -> None:
    """One more byte in the list, even a comment, and it is another list."""
    pin(SHA)
    with (pilot / "governance" / "allowed_signers").open("a", encoding="utf-8") as file:
        file.write("# and me\n")
    assert load_trust(pilot).matches is False


def test_malformed_pins_are_faults_and_match_nothing(pilot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pin that cannot be read is not the same as none."""
    monkeypatch.setenv(VARIABLE, "abc")
    assert load_trust(pilot).matches is False
    assert "'abc', not a SHA-256" in load_trust(pilot).faults[0]
    pin("abc falls\n")
    assert load_trust(pilot).matches is False
    assert "line 1: 'abc' is not a SHA-256" in load_trust(pilot).faults[0]


def test_a_machines_file_that_leads_into_the_pilot_pins_nothing(pilot: Path) -> None:
    """A pin inside the project could be edited with the list."""
    (pilot / "pin").write_text(SHA, encoding="utf-8")
    trust.MACHINE_FILE.symlink_to(pilot / "pin")
    assert load_trust(pilot).matches is False
    assert "leads into the pilot's own folder" in load_trust(pilot).faults[0]


def test_a_list_that_is_a_link_is_not_read(pilot: Path, tmp_path: Path) -> None:
    """What a link leads to can change without the project changing."""
    listed = pilot / "governance" / "allowed_signers"
    listed.rename(tmp_path / "elsewhere")
    listed.symlink_to(tmp_path / "elsewhere")
    found = load_trust(pilot)
    assert (found.signers, found.sha256) == ((), "")
    assert "is a link to another place" in found.faults[0]


def test_an_absent_list_is_no_fault_and_has_no_hash(pilot: Path) -> None:
    """A new pilot has no signers yet."""
    pin(SHA)
    found = load_trust(pilot / "governance")
    assert (found.signers, found.faults, found.sha256, found.matches) == ((), (), "", None)
    assert load_trust(pilot).matches is True


def test_a_list_that_is_not_text_or_too_large_is_a_fault(pilot: Path) -> None:
    """Neither is read further."""
    listed = pilot / "governance" / "allowed_signers"
    listed.write_bytes(b"\xff\xfe")
    assert "is not UTF-8" in load_trust(pilot).faults[0]
    listed.write_bytes(b"#" * 1_000_001)
    assert "larger than 1,000,000 bytes" in load_trust(pilot).faults[0]
