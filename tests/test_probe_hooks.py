"""The hook that scans what is about to be committed: put on with care, missed when it is off, and it stops a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from oda.errors import SettingsError
from oda.governance.probes import install_hook, probe, scan

LEAK = "pass" + 'word = "hunter2!"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a pilot in a folder of a repository, with an apostrophe and a space in its name."""
    git(tmp_path, "init", "-q")
    pilot = tmp_path / "anna's pilot"
    pilot.mkdir()
    return pilot


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder, with whatever hook is on."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    return subprocess.run(["git", *who, "-C", str(folder), *words], check=False, capture_output=True, encoding="utf-8")


def hook(folder: Path) -> str:
    """Return what S04 says of the hook, with what mends it."""
    return next(f"{check.finding}: {check.mend}" for check in probe("S04", folder) if "hook" in check.finding)


def passed(folder: Path) -> bool | None:
    """Return whether S04 takes the hook for on."""
    return next(check.passed for check in probe("S04", folder) if "hook" in check.finding)


def test_a_repository_without_the_hook_fails(folder: Path) -> None:
    """Who commits would not be warned."""
    assert "is not on" in hook(folder)
    assert passed(folder) is False


def test_the_hook_is_put_on_and_found_to_be_on(folder: Path) -> None:
    """Twice is as good as once."""
    path = install_hook(folder)
    assert install_hook(folder) == path
    assert passed(folder) is True
    assert b"\r" not in path.read_bytes()


def test_a_hook_that_was_changed_fails(folder: Path) -> None:
    """An early way out makes it useless; putting it on again mends it."""
    path = install_hook(folder)
    path.write_text(path.read_text(encoding="utf-8").replace("cd --", "exit 0\ncd --"), encoding="utf-8")
    assert "was changed" in hook(folder)
    install_hook(folder)
    assert passed(folder) is True


def test_a_hook_that_may_not_be_started_fails(folder: Path) -> None:
    """Git passes over it without a word."""
    install_hook(folder).chmod(0o644)
    assert "may not be started" in hook(folder)


def test_another_s_hook_is_never_written_over(folder: Path) -> None:
    """The refusal says which line to add, and with that line the hook counts."""
    path = folder.parent / ".git/hooks/pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n# oda scan is good: -m oda scan --staged\nmake lint\n", encoding="utf-8")
    path.chmod(0o755)
    assert "it does not scan" in hook(folder)
    with pytest.raises(SettingsError, match="Add this line to it") as refusal:
        install_hook(folder)
    assert "make lint" in path.read_text(encoding="utf-8")
    with path.open("a", encoding="utf-8") as stream:
        stream.write(str(refusal.value).split("Add this line to it: ")[1] + "\n")
    assert passed(folder) is True


def test_hooks_that_other_projects_share_are_left_alone(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder of hooks outside the repository is someone else's."""
    git(folder, "config", "core.hooksPath", str(tmp_path_factory.mktemp("shared")))
    with pytest.raises(SettingsError, match=r"core\.hooksPath"):
        install_hook(folder)


def test_hooks_in_another_folder_of_the_repository_are_used(folder: Path) -> None:
    """As git itself would."""
    git(folder, "config", "core.hooksPath", ".githooks")
    assert install_hook(folder) == folder.parent.resolve() / ".githooks/pre-commit"
    assert passed(folder) is True


def test_where_there_is_no_repository_there_is_nothing_to_hook(tmp_path: Path) -> None:
    """It is said in words."""
    with pytest.raises(SettingsError, match="There is no git repository here"):
        install_hook(tmp_path)
    assert [check.passed for check in scan(tmp_path, staged=True)] == [True]


@pytest.mark.parametrize("answer", [0, 1])
def test_the_hook_lets_a_commit_through_or_stops_it_as_the_scan_says(folder: Path, answer: int) -> None:
    """The Python of the pilot is started in the pilot's folder, wherever that lies in the repository."""
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$(basename "$PWD") $*" > "{folder}/said"\nexit {answer}\n', encoding="utf-8")
    python.chmod(0o755)
    install_hook(folder)
    (folder / "a.txt").write_text("a", encoding="utf-8")
    git(folder, "add", "a.txt")
    assert git(folder, "commit", "-qm", "a").returncode == answer
    assert (folder / "said").read_text(encoding="utf-8") == "anna's pilot -P -m oda scan --staged\n"


def test_a_scan_of_what_is_staged_reads_what_will_be_committed(folder: Path) -> None:
    """Not what lies in the folder by now, and not what was committed before."""
    (folder / "old.py").write_text(LEAK, encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "old")
    assert all(check.passed for check in scan(folder, staged=True))
    assert any("old.py" in check.finding for check in scan(folder, staged=False))
    (folder / "new.py").write_text(LEAK, encoding="utf-8")
    git(folder, "add", ".")
    (folder / "new.py").write_text("clean\n", encoding="utf-8")
    assert [check.finding for check in scan(folder, staged=True) if check.passed is False] == [
        "secrets written out: a password in new.py, line 1"
    ]


def test_a_scan_reads_the_index_of_a_commit_under_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git commit FILE` makes an index of its own and names it to the hook."""
    (folder / "new.py").write_text(LEAK, encoding="utf-8")
    git(folder, "add", ".")
    (folder.parent / ".git/index").rename(folder.parent / ".git/next-index-1.lock")
    assert all(check.passed for check in scan(folder, staged=True))
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/next-index-1.lock")
    assert any(check.passed is False for check in scan(folder, staged=True))
