"""Other projects' runners, where they are installed: Snakemake, Ploomber, jupyter-cache and DVC."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from measuring import Skip, say
from runners import CORES, HERE, Job, Way, environment
from workload import codes, write_notebook

JCACHE = "from jupyter_cache.cli.commands.cmd_main import jcache; jcache()"
ADD = """
import sys
from jupyter_cache import get_cache
cache = get_cache("cache")
for path in sys.argv[1:]:
    cache.add_nb_to_project(path)
"""


def snakemake(python: str, districts: int) -> Callable[[Path], Job]:
    """Return how to make ready a rule that calls papermill for each district."""

    def prepare(folder: Path) -> Job:
        write_notebook(folder / "timed.ipynb")
        lines = [
            f"rule all:\n    input: {[f'{code}.ipynb' for code in codes(districts)]!r}",
            "rule district:",
            "    input: 'timed.ipynb'",
            "    output: '{code}.ipynb'",
            f"    shell: {_papermill('timed.ipynb', '{wildcards.code}')!r}",
        ]
        (folder / "Snakefile").write_text("\n".join(lines), encoding="utf-8", newline="\n")
        command = [python, "-m", "snakemake", "--cores", str(CORES), "--quiet"]
        return Job(folder=folder, commands=(command,), environment=_same_kernel(folder))

    return prepare


def ploomber(python: str, districts: int) -> Callable[[Path], Job]:
    """Return how to make ready a pipeline of one task for each district, in its parallel executor."""

    def prepare(folder: Path) -> Job:
        (folder / "source").mkdir()
        source = str(write_notebook(folder / "source" / "timed.ipynb"))
        command = [python, str(HERE / "peers" / "pipeline.py"), source, str(folder), str(CORES), *codes(districts)]
        return Job(folder=folder, commands=(command,), environment=_same_kernel(folder))

    return prepare


def jupyter_cache(python: str, districts: int) -> Callable[[Path], Job]:
    """Return how to make ready a copy of the notebook for each district: it has no parameters.

    Adding them to the project is not timed.
    """

    def prepare(folder: Path) -> Job:
        (folder / "source").mkdir()
        for code in codes(districts):
            write_notebook(folder / "source" / f"{code}.ipynb", parameters=f'district = "{code}"')
        cached = {"JUPYTERCACHE": str(folder / "cache"), **_same_kernel(folder)}
        names = [str(folder / "source" / f"{code}.ipynb") for code in codes(districts)]
        _make_ready([python, "-c", ADD, *names], folder, cached)
        command = [python, "-c", JCACHE, "project", "execute", "--executor", "local-parallel"]
        return Job(folder=folder, commands=(command,), answers="cache/executed/*/*.ipynb", environment=cached)

    return prepare


def dvc(python: str, districts: int) -> Callable[[Path], Job]:
    """Return how to make ready a stage that calls papermill for each district, one after another."""

    def prepare(folder: Path) -> Job:
        write_notebook(folder / "timed.ipynb")
        stage = {"cmd": _papermill("timed.ipynb", "${item}"), "deps": ["timed.ipynb"], "outs": ["${item}.ipynb"]}
        plan = {"stages": {"district": {"foreach": codes(districts), "do": stage}}}
        (folder / "dvc.yaml").write_text(json.dumps(plan), encoding="utf-8", newline="\n")
        begin = [python, "-m", "dvc", "init", "--no-scm", "--quiet"]
        _make_ready(begin, folder, {})
        command = [python, "-m", "dvc", "repro", "--quiet"]
        return Job(folder=folder, commands=(command,), environment={"DVC_NO_ANALYTICS": "1", **_same_kernel(folder)})

    return prepare


# What each is called, what it imports, and how it is made ready.
OTHERS: dict[str, tuple[str, str, Callable[[str, int], Callable[[Path], Job]]]] = {
    "snakemake": (f"Snakemake, {CORES} cores", "snakemake", snakemake),
    "ploomber": (f"Ploomber, {CORES} processes", "ploomber", ploomber),
    "jupyter-cache": ("jupyter-cache, parallel", "jupyter_cache", jupyter_cache),
    "dvc": ("DVC, one after another", "dvc", dvc),
}


def install(folder: Path) -> str:
    """Install the other runners into an environment in a folder, unless they are there; return its interpreter."""
    python = folder.resolve() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    lock = HERE.parent / "requirements" / "bench-run.txt"
    if not python.is_file():
        say(f"Installing the other runners from {lock.name}")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)  # noqa: S603
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)  # noqa: S603
    return str(python)


def other_way(name: str, python: str, *, districts: int, of: int) -> Way:
    """Return another project's runner under its own interpreter; skip it where it is not installed.

    The cells run in a kernel of this interpreter all the same, so that all have the same libraries.
    """
    called, module, make = OTHERS[name]
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    if subprocess.run([python, "-c", code], check=False, capture_output=True).returncode:  # noqa: S603
        raise Skip(f"{called}: {module} is not installed for {python}")
    return Way(name=called, prepare=make(python, districts), districts=districts, times=of / districts)


def _make_ready(command: list[str], folder: Path, more: dict[str, str]) -> None:
    """Run a command that is not timed; skip the runner when it fails."""
    alone = environment() | more
    done = subprocess.run(command, cwd=folder, env=alone, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise Skip(done.stderr.decode("utf-8", "replace").strip()[-200:])


def _papermill(source: str, code: str) -> str:
    """Return the papermill command for a shell."""
    words = [sys.executable, "-m", "papermill", "--no-progress-bar", source]
    line = subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
    return f"{line} {code}.ipynb -p district {code}"


def _same_kernel(folder: Path) -> dict[str, str]:
    """Write a kernel specification of this interpreter, and return the environment in which it is `python3`."""
    home = folder / "jupyter" / "kernels" / "python3"
    home.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": start, "display_name": "Python 3", "language": "python"}
    (home / "kernel.json").write_text(json.dumps(about), encoding="utf-8", newline="\n")
    return {"JUPYTER_PATH": str(folder / "jupyter")}
