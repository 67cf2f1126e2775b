"""The wheel of `oda` that each pilot carries: the same bytes each time, complete, and refused when altered."""

from __future__ import annotations

import base64
import email
import hashlib
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from checkout import ROOT, copy_template, run

VENDOR = runpy.run_path(str(ROOT / "hooks" / "vendor.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the template."""
    return copy_template(tmp_path_factory.mktemp("template") / "copy")


@pytest.fixture(scope="module")
def wheel(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, in the `vendor` folder of an otherwise empty pilot whose path holds a space."""
    path: Path = VENDOR["vendor"](template, tmp_path_factory.mktemp("a pilot"))
    return path


@pytest.fixture(scope="module")
def built(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that setuptools builds from the same sources."""
    source = shutil.copytree(template, tmp_path_factory.mktemp("source") / "copy")
    (source / "README.md").touch()
    code = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    done = run([sys.executable, "-c", code, str(source.parent)], source)
    assert done.returncode == 0, done.stdout
    return next(source.parent.glob("*.whl"))


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a new environment that holds pip and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return next(path for path in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if path.exists())


def names(wheel: Path) -> set[str]:
    """Return the paths in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata(wheel: Path) -> Message:
    """Return the METADATA of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def pip(python: Path, wheel: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `pip install` in the pilot of a wheel, with no index and no dependencies."""
    command = [str(python), "-m", "pip", "install", "--no-index", "--no-deps", "--force-reinstall", *arguments]
    return run(command, wheel.parents[1])


def test_the_same_sources_give_the_same_bytes(template: Path, wheel: Path, tmp_path: Path) -> None:
    """The wheel does not depend on when, where or by whom it was made."""
    copy = shutil.copytree(template, tmp_path / "copy")  # copied, so every date differs
    for path in copy.rglob("*.py"):
        path.touch(0o600)
    (copy / "shared" / "oda" / "__pycache__").mkdir()
    (copy / "shared" / "oda" / "__pycache__" / "errors.cpython-311.pyc").write_bytes(b"left behind")
    (copy / "shared" / "oda" / ".hidden.yml").write_bytes(b"left behind")
    assert VENDOR["vendor"](copy, tmp_path).read_bytes() == wheel.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        entries = archive.infolist()
    assert {(entry.date_time, entry.external_attr, entry.compress_type) for entry in entries} == {
        (VENDOR["MADE"], VENDOR["MODE"], zipfile.ZIP_STORED)
    }
    assert [entry.filename for entry in entries[:-1]] == sorted(entry.filename for entry in entries[:-1])


def test_the_wheel_holds_what_setuptools_would_put_in_it(wheel: Path, built: Path) -> None:
    """A pilot's `oda` has the files of an ordinary installation, no more and no fewer."""
    assert names(wheel) == names(built)


@pytest.mark.parametrize("field", ["Name", "Version", "Summary", "License-Expression", "Requires-Python"])
def test_the_wheel_says_what_setuptools_would_say(wheel: Path, built: Path, field: str) -> None:
    """Name, version, licence and Python version are as setuptools writes them."""
    assert metadata(wheel)[field] == metadata(built)[field]


@pytest.mark.parametrize("field", ["Requires-Dist", "Provides-Extra", "License-File"])
def test_the_wheel_needs_what_setuptools_would_say_it_needs(wheel: Path, built: Path, field: str) -> None:
    """Dependencies, extras and licence files are as setuptools writes them, up to spaces."""
    said, expected = (
        {re.sub(r"\s", "", line) for line in metadata(each).get_all(field, [])} for each in (wheel, built)
    )
    assert said == expected


def test_every_package_is_listed_for_setuptools() -> None:
    """A folder with `__init__.py` under shared/oda or reports is a package that pyproject.toml lists."""
    folders = PROJECT["tool"]["setuptools"]["package-dir"]
    found = {
        ".".join([package, *path.parent.relative_to(ROOT / folder).parts])
        for package, folder in folders.items()
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


def test_both_builders_take_the_same_kinds_of_file() -> None:
    """The endings that hooks/vendor.py takes are those that pyproject.toml gives setuptools."""
    listed = {pattern.removeprefix("**/*") for pattern in PROJECT["tool"]["setuptools"]["package-data"]["*"]}
    assert listed | {".py"} == VENDOR["SUFFIXES"]


def test_no_file_of_the_package_is_left_out(wheel: Path) -> None:
    """Every file in shared/oda and reports reaches the wheel: one of a new kind must be added to the list of kinds."""
    for folder, package in VENDOR["SOURCES"].items():
        inner = (path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*") if path.is_file())
        wanted = {
            f"{package}/{path.as_posix()}" for path in inner if not VENDOR["hidden"](path) and path.suffix != ".pyc"
        }
        assert wanted <= names(wheel)


def test_record_lists_every_file_and_its_hash(wheel: Path) -> None:
    """The wheel's own list of hashes is complete and true."""
    with zipfile.ZipFile(wheel) as archive:
        record = next(name for name in archive.namelist() if name.endswith("/RECORD"))
        rows = [row.rsplit(",", 2) for row in archive.read(record).decode().splitlines()]
        hashes = {name: digest for name, digest, _ in rows}
        assert set(hashes) == set(archive.namelist())
        digests = {name: hashlib.sha256(archive.read(name)).digest() for name in hashes if name != record}
    made = {name: f"sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')}" for name, digest in digests.items()}
    assert hashes == {**made, record: ""}


def test_the_sums_and_the_pinned_requirement_are_true(wheel: Path) -> None:
    """SHA256SUMS and requirements/oda.txt both hold the wheel's hash."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (wheel.parent / "SHA256SUMS").read_text(encoding="utf-8") == f"{digest}  {wheel.name}\n"
    pinned = (wheel.parents[1] / "requirements" / "oda.txt").read_text(encoding="utf-8").splitlines()[-1]
    assert pinned == f"./vendor/{wheel.name} --hash=sha256:{digest}"


def test_the_wheel_installs_with_no_index(wheel: Path, bare_python: Path) -> None:
    """The wheel installs with pip, by path, its hash checked, with no network and nothing to build."""
    done = pip(bare_python, wheel, "--require-hashes", "-r", "requirements/oda.txt")
    assert done.returncode == 0, done.stdout
    code = "import importlib.metadata as m; print(m.version('oda-toolkit'), *m.files('oda-toolkit'), sep='\\n')"
    version, *files = run([str(bare_python), "-c", code], wheel.parent).stdout.splitlines()
    assert version == PROJECT["project"]["version"]
    assert "oda/presets/odas/london.yml" in files


@pytest.mark.parametrize("place", [0.001, 0.3, 0.6, 0.999])
def test_one_changed_byte_is_refused(wheel: Path, bare_python: Path, tmp_path: Path, place: float) -> None:
    """A wheel in which a single byte was changed is refused by pip and by uv, wherever the byte is."""
    copy = shutil.copytree(wheel.parents[1], tmp_path / "pilot") / "vendor" / wheel.name
    content = bytearray(copy.read_bytes())
    content[int(len(content) * place)] ^= 1
    copy.write_bytes(content)
    done = pip(bare_python, copy, "--require-hashes", "-r", "requirements/oda.txt")
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stdout
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--python",
        str(bare_python),
        "--no-index",
        "--no-deps",
        "--reinstall",
    ]
    done = run([*command, "--require-hashes", "-r", "requirements/oda.txt"], copy.parents[1])
    assert done.returncode != 0
    assert re.search("Hash mismatch|Bad CRC|Failed to", done.stdout)
