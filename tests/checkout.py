"""Copies of the template, and pilots baked from them: what the tests of the template share."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "{{cookiecutter.project}}"
START = runpy.run_path(str(ROOT / "start.py"))
LEFT_BEHIND: set[str] = START["LEFT_BEHIND"]
PRODUCTS = {"runs", "published", ".venv", ".quarto", ".ruff_cache", ".mypy_cache"}


def copy_template(to: Path) -> Path:
    """Copy what a pilot is made from, as it stands in the working tree, and return the copy."""
    unwanted = shutil.ignore_patterns(*LEFT_BEHIND, *PRODUCTS, "*.pyc", "*.egg-info")
    for folder in START["TEMPLATE_FOLDERS"]:
        shutil.copytree(ROOT / folder, to / folder, ignore=unwanted)
    for name in (*START["TEMPLATE"], ".gitattributes", ".gitignore", "README.md"):
        if (ROOT / name).is_file():
            shutil.copyfile(ROOT / name, to / name)
    return to


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment whose home is empty, so that nothing of this machine decides the outcome."""
    home.mkdir(exist_ok=True)
    who = {f"GIT_{role}_{what}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    alone = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**os.environ, **who, **alone, **more}


def run(command: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder and return what it printed, both streams as one."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(folder.parent / "home", **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it printed."""
    done = run(["git", "-c", "init.defaultBranch=main", *arguments], folder)
    assert done.returncode == 0, done.stdout
    return done.stdout


def commit(folder: Path, message: str) -> None:
    """Make a git repository of a folder, unless it is one, and commit everything in it."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def bake(template: str, out: Path, *answers: str, folder: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    """Bake a pilot as a person would, with no questions asked."""
    out.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "cookiecutter",
        template,
        "--no-input",
        "--default-config",
        "--output-dir",
        str(out),
    ]
    return run([*command, *answers], folder, **more)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, by its path, save git's own."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    inner = ((path.relative_to(folder), path) for path in files)
    return {short.as_posix(): path.read_bytes() for short, path in inner if short.parts[0] != ".git"}
