"""What `start.py` does on a fresh machine, and the one sentence it ends with when something is missing."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from checkout import ROOT, bake, copy_template, run
from oda.cli import main as oda

posix = pytest.mark.skipif(
    os.name == "nt", reason="Windows has no shell script, and no symbolic link without permission"
)
CLOSED = "http://127.0.0.1:9/simple"  # the discard port: nothing listens there


def load(path: Path) -> ModuleType:
    """Return a `start.py` as a module, without running it."""
    spec = importlib.util.spec_from_file_location("start_of_the_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the default pilot."""
    out = tmp_path_factory.mktemp("baked pilots")
    done = bake(str(copy_template(out / "template")), out)
    assert done.returncode == 0, done.stdout
    return out / "falls-and-frailty"


@pytest.fixture
def pilot(baked: Path, tmp_path: Path) -> Path:
    """Return a pilot of the test's own, under a path with a space."""
    return Path(shutil.copytree(baked, tmp_path / "a pilot"))


@pytest.fixture
def start(pilot: Path) -> Any:
    """Return the pilot's `start.py`, loaded but not run."""
    return load(pilot / "start.py")


@pytest.fixture
def template_start(tmp_path: Path) -> Any:
    """Return the `start.py` of a copy of the template, loaded but not run."""
    return load(copy_template(tmp_path / "the template") / "start.py")


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was said on standard error, which must be one line."""
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_an_old_python_can_read_the_file() -> None:
    """Python 3.6 can read all of `start.py`, so that it gets as far as saying that it is too old."""
    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told_what_to_install() -> None:
    """On Python 3.9 the only output is one line that names the version needed, and nothing is made."""
    code = "import sys, runpy; sys.version_info = (3, 9, 18); runpy.run_path(sys.argv[1], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "start.py"), "demo"], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "Python 3.11 or newer is needed, and this is Python 3.9" in done.stderr


def test_only_the_standard_library_is_imported() -> None:
    """`start.py` runs before anything is installed, so it imports nothing that must be installed."""
    found = ast.walk(ast.parse((ROOT / "start.py").read_text(encoding="utf-8")))
    names = {alias.name for node in found if isinstance(node, ast.Import) for alias in node.names}
    found = ast.walk(ast.parse((ROOT / "start.py").read_text(encoding="utf-8")))
    names |= {node.module or "" for node in found if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_a_pilot_has_the_template_s_own_start(pilot: Path) -> None:
    """There is one `start.py`; each pilot has a copy."""
    assert (pilot / "start.py").read_bytes() == (ROOT / "start.py").read_bytes()


def test_a_full_disk_is_said_in_one_sentence(
    start: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With too little room nothing is made, and the sentence says how much is needed."""
    monkeypatch.setattr(start.shutil, "disk_usage", lambda _: SimpleNamespace(free=3e8))
    assert start.main(["run"]) == 1
    said = one_line(capsys)
    assert "has 0.3 GB free, and 2 GB are needed" in said
    assert not start.VENV.exists()


def test_an_unreachable_registry_is_said_in_one_sentence(pilot: Path) -> None:
    """With no network the last line says what to do, whether uv or pip was tried, and the next call starts afresh."""
    offline = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": "",
        "PIP_INDEX_URL": CLOSED,
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_RETRIES": "0",
    }
    done = run(
        [sys.executable, "start.py", "run"],
        pilot,
        **offline,
        UV_NO_CACHE="1",
        UV_DEFAULT_INDEX=CLOSED,
        UV_HTTP_RETRIES="0",
    )
    assert done.returncode == 1
    assert "The registry of Python packages cannot be reached." in done.stdout
    assert "PIP_INDEX_URL" in done.stdout
    assert "Traceback" not in done.stdout
    assert (pilot / ".venv" / "oda-unfinished").exists()


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full. Free 2 GB and start again."),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "A package is not the one in requirements/run.txt",
        ),
        ("error: Hash mismatch for `numpy==2.4.6`", "A package is not the one in requirements/run.txt"),
        (
            "WARNING: Retrying (Retry(total=1 ... NewConnectionError",
            "The registry of Python packages cannot be reached.",
        ),
        ("ERROR: No matching distribution found for numpy==2.4.6", "has no ready-made file for Python"),
        ("something else\nentirely", "Installing from requirements/run.txt failed: something else / entirely"),
    ],
)
def test_each_cause_of_a_failed_installation_has_its_sentence(start: Any, printed: str, sentence: str) -> None:
    """What uv and pip print is turned into a sentence that says what to do."""
    code = "import sys; sys.stderr.write(sys.argv[1]); sys.exit(1)"
    with pytest.raises(start.Stop) as stopped:
        start.quietly([sys.executable, "-c", code, printed], "requirements/run.txt")
    assert str(stopped.value).startswith(sentence) or sentence in str(stopped.value)
    assert len(str(stopped.value).splitlines()) == 1


def test_an_installation_that_was_broken_off_is_not_taken_for_a_good_one(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an installation that failed half-way there is no stamp, and the next call makes `.venv` afresh."""

    def broken(*_: object, **__: object) -> None:
        """Be broken off."""
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "install", broken)
    monkeypatch.setattr(
        start.shutil, "which", lambda _: "uv"
    )  # so that the environment is made without pip, which is quick
    start.make_venv()
    (start.VENV / "half-written").touch()
    with pytest.raises(KeyboardInterrupt):
        start.once("run", "hash", "a lock")
    assert not (start.VENV / "oda-run").exists()
    start.make_venv()
    assert start.PYTHON.exists()
    assert not (start.VENV / "half-written").exists()


@pytest.fixture
def with_venv(start: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the pilot's `start.py` with a finished `.venv`, made without pip, which is quick."""
    monkeypatch.setattr(start.shutil, "which", lambda _: "uv")
    monkeypatch.setattr(start, "install", lambda *_, **__: None)
    start.make_venv()
    start.once("run", "hash", "a lock")
    return start


def stamped(start: Any) -> bool:
    """Return whether `.venv` says that the packages are there."""
    return (start.VENV / "oda-run").exists()


def test_a_good_environment_is_kept(with_venv: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """An environment whose Python starts, where it was made, is used again, and nothing is said of it."""
    capsys.readouterr()
    with_venv.make_venv()
    assert stamped(with_venv)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "broken", ["gone", pytest.param("dangling", marks=posix), "no program", pytest.param("fails", marks=posix)]
)
def test_an_environment_whose_python_does_not_start_is_made_afresh(
    with_venv: Any, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    """When Python was upgraded or removed, `.venv` is made anew, and no package of the old one is taken for there."""
    with_venv.PYTHON.unlink()
    if broken == "dangling":
        with_venv.PYTHON.symlink_to("/no/such/python3.11")
    if broken in {"no program", "fails"}:
        with_venv.PYTHON.write_text("#!/bin/sh\nexit 1\n" if broken == "fails" else broken, encoding="utf-8")
        with_venv.PYTHON.chmod(0o755)
    with_venv.make_venv()
    assert "does not start" in capsys.readouterr().out
    assert not stamped(with_venv)
    assert with_venv.fault() == "The last installation did not finish"  # as ever until the packages are in
    with_venv.once("run", "hash", "a lock")
    assert with_venv.fault() == ""


@pytest.mark.parametrize("way", ["moved", "copied"])
def test_an_environment_of_a_moved_or_copied_folder_is_made_afresh(
    with_venv: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    """The scripts in `.venv` hold its path, so in a copied or moved folder another environment is made."""
    other = tmp_path / "elsewhere"
    shutil.copytree(with_venv.HERE, other, symlinks=True)
    if way == "moved":
        shutil.rmtree(with_venv.HERE)
    moved = load(other / "start.py")
    moved.make_venv()
    assert "This folder was moved or copied: .venv is made afresh." in capsys.readouterr().out
    assert not stamped(moved)
    assert moved.PLACE.read_text(encoding="utf-8") == str(other / ".venv")


def test_a_removal_that_was_broken_off_is_noticed(with_venv: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a file of the old environment is in use, the next call does not take what is left for a good one."""

    def in_use(_: Path) -> None:
        """Meet a file in use."""
        raise PermissionError(13, "Permission denied", "some.dll")

    with monkeypatch.context() as patch:
        patch.setattr(with_venv.shutil, "rmtree", in_use)
        with pytest.raises(PermissionError):
            with_venv.clear_venv()
    assert with_venv.fault() == "The last installation did not finish"


def test_a_second_call_installs_nothing(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is used again; a changed lock is installed again."""
    asked: list[str] = []
    monkeypatch.setattr(start, "install", lambda lock, *_, **__: asked.append(lock))
    start.VENV.mkdir()
    start.once("run", "hash", "first")
    start.once("run", "hash", "second")
    start.once("run", "other hash", "third")
    assert asked == ["first", "third"]
    assert not start.UNFINISHED.exists()


def test_every_package_is_installed_by_hash_and_ready_made(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is installed without its hash, and nothing is built on the machine."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(start, "make_venv", start.VENV.mkdir)
    monkeypatch.setattr(start, "install", lambda _, *arguments, **__: asked.append(arguments))
    start.install_lock("run")
    start.install_oda(start.HERE)
    assert ["--require-hashes" in arguments for arguments in asked] == [True, True]
    assert asked[0][1:3] == ("--only-binary", ":all:")
    assert "--no-index" in asked[1]


@pytest.mark.parametrize("tool", ["/somewhere/uv", None])
def test_a_wheelhouse_replaces_the_registry(start: Any, monkeypatch: pytest.MonkeyPatch, tool: str | None) -> None:
    """With a folder `wheelhouse` beside it, `start.py` asks no network, with uv and with pip."""
    commands: list[list[str]] = []
    monkeypatch.setattr(start, "quietly", lambda command, *_: commands.append(command))
    monkeypatch.setattr(start.shutil, "which", lambda _: tool)
    monkeypatch.setattr(start.subprocess, "run", lambda *_, **__: None)
    start.WHEELHOUSE.mkdir()
    start.install("a lock", "-r", "run.txt")
    assert len(commands) == 1
    assert ("pip" in commands[0]) is True
    assert (commands[0][0] == tool) is (tool is not None)
    place = commands[0].index("--no-index")
    assert commands[0][place : place + 3] == ["--no-index", "--find-links", str(start.WHEELHOUSE)]


def test_pip_is_tried_when_uv_fails(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If uv does not know the organisation's mirror or certificates, pip, which does, is used."""
    commands: list[list[str]] = []

    def quietly(command: list[str], *_: object) -> None:
        """Fail when uv is asked."""
        commands.append(command)
        if command[0] == "uv":
            raise start.Stop

    monkeypatch.setattr(start, "quietly", quietly)
    monkeypatch.setattr(start.shutil, "which", lambda _: "uv")
    monkeypatch.setattr(start.subprocess, "run", lambda *_, **__: None)
    start.install("a lock", "-r", "run.txt")
    assert [command[0] for command in commands] == ["uv", str(start.PYTHON), str(start.PYTHON)]
    assert commands[2][-2:] == ["-r", "run.txt"]


def test_an_altered_wheel_is_refused_in_one_sentence(start: Any) -> None:
    """A vendored package with one changed byte is never installed, and the sentence names the file."""
    wheel = next((start.HERE / "vendor").glob("*.whl"))
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    wheel.write_bytes(content)
    with pytest.raises(start.Stop, match=rf"vendor/{wheel.name} is not the file this pilot was made with"):
        start.install_oda(start.HERE)


def test_a_file_that_cannot_be_written_is_said_in_one_sentence(
    start: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A locked or forbidden file gives a sentence that names it, not a traceback."""

    def locked(_: str) -> None:
        """Meet a file in use."""
        raise PermissionError(13, "Permission denied", "some.dll")

    monkeypatch.setattr(start, "install_lock", locked)
    assert start.main(["run"]) == 1
    assert one_line(capsys).startswith("some.dll: Permission denied. Close what uses it")


@pytest.mark.parametrize(
    ("word", "lock", "command"),
    [
        ("lab", "lab", ("-m", "jupyterlab", "--LabApp.default_url=/lab/tree/notebooks", "extra")),
        ("test", "pilot-test", ("-m", "pytest", "extra")),
        ("dask", "dask", ("-m", "dask", "extra")),
        ("check", "run", ("-m", "oda", "check", "extra")),
        ("doctor", "run", ("-m", "oda", "doctor", "extra")),
        ("data", "run", ("-m", "oda", "data", "extra")),
        ("report", "run", ("-m", "oda", "report", "extra")),
    ],
)
def test_each_word_installs_only_what_it_needs(
    start: Any, monkeypatch: pytest.MonkeyPatch, word: str, lock: str, command: tuple[str, ...]
) -> None:
    """In a pilot, JupyterLab comes with `lab` only, pytest with `test`, Dask with `dask`; other words go to `oda`."""
    locks: list[str] = []
    monkeypatch.setattr(start, "install_lock", locks.append)
    monkeypatch.setattr(start, "install_oda", lambda _: None)
    monkeypatch.setattr(start, "python", lambda *arguments: {command: 7}[arguments])
    assert start.main([word, "extra"]) == 7
    assert locks == [lock]


def test_run_ends_with_the_seconds_and_the_file_to_open(
    start: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run` runs, reports, says how long each stage took, and names the newest index page last."""
    asked: list[tuple[str, ...]] = []

    def oda(*arguments: str, folder: Path) -> int:
        """Stand in for the command line."""
        asked.append(arguments[2:])
        if "report" in arguments:
            for age, name in enumerate(("new", "old")):
                page = folder / "runs" / name / "reports" / "index.html"
                page.parent.mkdir(parents=True)
                page.touch()
                os.utime(page, (1e9 - age, 1e9 - age))
        return 0

    monkeypatch.setattr(start, "python", oda)
    for name in ("install_lock", "install_oda"):
        monkeypatch.setattr(start, name, lambda _: None)
    assert start.main(["run", "--again"]) == 0
    assert asked == [("run", "--again"), ("report",)]
    *_, seconds, last = capsys.readouterr().out.splitlines()
    assert seconds == "install 0 s, run 0 s, report 0 s."
    assert last == f"Open {start.HERE / 'runs' / 'new' / 'reports' / 'index.html'}"


@pytest.mark.parametrize("words", [["--scheduler", "local"], ["--scheduler=tcp://host:8786"]])
def test_a_run_on_dask_installs_dask(start: Any, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Whoever runs on several machines need not install Dask by hand."""
    locks: list[str] = []
    monkeypatch.setattr(start, "install_lock", locks.append)
    monkeypatch.setattr(start, "install_oda", lambda _: None)
    monkeypatch.setattr(start, "python", lambda *_, **__: 1)
    assert start.main(["run", *words]) == 1
    assert locks == ["dask"]


def test_a_refused_run_is_not_reported(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When `oda run` refuses, `start.py` ends with its exit code, and reports no older run."""
    asked: list[str] = []
    monkeypatch.setattr(start, "python", lambda *words, **_: asked.append(words[2]) or 1)
    for name in ("install_lock", "install_oda"):
        monkeypatch.setattr(start, name, lambda _: None)
    assert start.main(["run"]) == 1
    assert asked == ["run"]


def test_a_run_with_a_failed_notebook_is_reported_and_fails(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When one district's notebook fails, the others' reports are made, and the exit code still says that it failed."""
    asked: list[str] = []

    def oda(*words: str, folder: Path) -> int:
        """Stand in for the command line: a run with a failure, then a report."""
        asked.append(words[2])
        for name in ("run.json", "reports/index.html"):
            path = folder / "runs" / "one" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return 1 if "run" in words else 0

    monkeypatch.setattr(start, "python", oda)
    for name in ("install_lock", "install_oda"):
        monkeypatch.setattr(start, name, lambda _: None)
    assert start.main(["run"]) == 1
    assert asked == ["run", "report"]


def test_demo_bakes_once_and_again_when_the_template_changes(
    template_start: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`demo` keeps the pilot it made, says so, and makes it again only when the template is another one."""
    start = template_start
    monkeypatch.setattr(start, "PYTHON", Path(sys.executable))
    assert start.bake() == start.DEMO / "falls-and-frailty"
    (start.DEMO / "falls-and-frailty" / "runs").mkdir()
    capsys.readouterr()
    start.bake()
    assert "the template is the same: kept as it is" in capsys.readouterr().out
    with (start.HERE / "shared" / "oda" / "errors.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    start.bake()
    assert "baking again" in capsys.readouterr().out
    assert (start.DEMO / "falls-and-frailty" / "runs").is_dir()
    start.bake()
    assert "kept as it is" in capsys.readouterr().out


def test_baking_leaves_the_template_s_hash_as_it_was(template_start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making the demo does not itself change the template, which would make it again each time."""
    monkeypatch.setattr(template_start, "PYTHON", Path(sys.executable))
    before = template_start.template_hash()
    template_start.bake()
    assert template_start.template_hash() == before


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--help"], 0), (["demmo"], 2)])
def test_help_names_the_commands(
    template_start: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    """With no command, or an unknown one, the commands are listed."""
    assert template_start.main(arguments) == code
    said = capsys.readouterr().out
    assert "start.py demo" in said
    assert "start.py test" in said


def test_help_in_a_pilot_lists_every_command(start: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command of `oda`, and each that only `start.py` has, has a line in the help of a pilot."""
    assert start.main([]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    named = [re.fullmatch(r"  \S+ start\.py (\w+) {2,}\S.+", line) for line in lines]
    others = set(lines[-1].removeprefix("Also: ").removesuffix("; see --help.").split(", "))
    assert {each[1] for each in named if each} | others == {*oda.commands, "dask", "lab", "test"}


def test_help_of_run_runs_nothing(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run --help` shows the options of `oda run`, and makes no report."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(start, "python", lambda *words, **_: asked.append(words[2:]) or 0)
    for name in ("install_lock", "install_oda"):
        monkeypatch.setattr(start, name, lambda _: None)
    assert start.main(["run", "--help"]) == 0
    assert asked == [("run", "--help")]
