"""The one command: makes `.venv` beside this file from a lock, then does what was asked.

In the template's folder: `python3 start.py demo`, `test` or `new`.
In a pilot's folder: `run`, `lab`, `dask`, `test`, or any command of `oda`; with no word it lists them.
It uses the standard library only, with `uv` when there is one, and says what it does.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older one must get this far: no newer syntax anywhere below
    sys.exit(
        f"Python 3.11 or newer is needed, and this is Python {sys.version_info[0]}.{sys.version_info[1]} "
        f"({sys.executable}). "
        "Install a newer one, from python.org or your organisation's software list, and start again with it."
    )

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
UNFINISHED = VENV / "oda-unfinished"
PLACE = VENV / "oda-place"  # where .venv was made: scripts in it hold that path, so it cannot be moved
WHEELHOUSE, DEMO = HERE / "wheelhouse", HERE / "demo"
ME = "py start.py" if os.name == "nt" else "python3 start.py"
NEEDED_GB = 2
PROGRAMS = {"dask": ("dask", "dask"), "lab": ("lab", "jupyterlab"), "test": ("pilot-test", "pytest")}  # lock, module
TEMPLATE = ("cookiecutter.json", "oda_template_root.py", "pyproject.toml", "LICENSE", "start.py")
TEMPLATE_FOLDERS = ("hooks", "reports", "requirements", "shared", "{{cookiecutter.project}}")
LEFT_BEHIND = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache"}
REPO_HELP = f"""In this folder, the template:
  {ME} demo    make the example pilot in demo/, run it, and make its reports
  {ME} test    install what the tests need, and run them (what follows goes to pytest)
  {ME} new     start a pilot of your own, beside this folder (what follows goes to cookiecutter)"""
PILOT_HELP = f"""In this folder, a pilot:
  {ME} run      run what has changed, for every district, then make the reports (run --help: one district, and more)
  {ME} status   which notebooks are fresh, and why the others must run
  {ME} doctor   what this machine has and lacks
  {ME} lab      open JupyterLab on the notebooks
  {ME} dask     start a Dask scheduler or worker, to run on several machines
  {ME} test     test this pilot
  {ME} check    what the information-governance checklist still needs, and who signs it
  {ME} sign     sign an item of it; governance/README.md says how
  {ME} data     load each dataset, and say what was read, left out, or is wrong
  {ME} report   make the reports of the latest run again
Also: act, card, close, diff, draft, export, keys, publish, release, scan, schema, site, trust, verify; see --help."""
# What went wrong, by what uv and pip print; the first that is found is told.
CAUSES = (
    ("No space left|not enough space|os error 28|os error 112", "The disk is full. Free {gb} GB and start again."),
    (
        "MATCH THE HASHES|[Hh]ash mismatch",
        "A package is not the one in {lock}: its hash differs, so it was not used. Ask whoever runs your mirror.",
    ),
    (
        "Failed to fetch|sending|NewConnection|NameResolution|Retrying|Timeout|timed out|SSLError|ProxyError",
        "The registry of Python packages cannot be reached. Connect to the internet, or set PIP_INDEX_URL "
        "(and UV_DEFAULT_INDEX) to your organisation's mirror, or put the packages in {wheelhouse} (see README.md).",
    ),
    (
        "No matching distribution|No solution found|no wheels",
        "A package in {lock} has no ready-made file for Python {python} here. Use Python 3.11 to 3.14, 64 bit.",
    ),
)


class Stop(Exception):  # noqa: N818 - what is missing is no error of this program
    """What is missing, in one sentence; the last thing the person sees."""


def say(text: str) -> None:
    """Print at once, so that the order with a child's output is kept."""
    print(text, flush=True)


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def environment() -> dict[str, str]:
    """Return the environment of every child: UTF-8, nothing of another Python, no module of a pilot's folder."""
    foreign = {"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"}
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    ours = {"PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1", "VIRTUAL_ENV": str(VENV), "JUPYTER_PREFER_ENV_PATH": "1"}
    return {**kept, **ours, **({"PYTHONSAFEPATH": "1"} if (HERE / "pilot.yml").is_file() else {})}


def python(*arguments: str, folder: Path = HERE) -> int:
    """Run the Python of `.venv`, its output passed through; return its exit code."""
    child = subprocess.Popen([str(PYTHON), *arguments], cwd=folder, env=environment())
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the child has it too, and decides
            return child.wait()


def quietly(command: list[str], lock: str, folder: Path = HERE) -> None:
    """Run one step of an installation, or stop with its cause in a sentence."""
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode == 0:
        return
    printed, version = done.stdout + done.stderr, ".".join(map(str, sys.version_info[:2]))
    words = {"gb": NEEDED_GB, "lock": lock, "wheelhouse": WHEELHOUSE.name + os.sep, "python": version}
    for pattern, sentence in CAUSES:
        if re.search(pattern, printed):
            raise Stop(sentence.format(**words))
    last = " / ".join([line.strip() for line in printed.splitlines() if line.strip()][-5:])
    raise Stop(f"Installing from {lock} failed: {last or f'exit code {done.returncode}'}")


def fault() -> str:
    """Return why a `.venv` that is there cannot be used, or nothing."""
    if UNFINISHED.exists():
        return "The last installation did not finish"
    place = Path(PLACE.read_text(encoding="utf-8")) if PLACE.is_file() else VENV
    if not (place.exists() and place.samefile(VENV)):
        return "This folder was moved or copied"
    with contextlib.suppress(OSError):
        command = [str(PYTHON), "-c", "pass"]
        if subprocess.run(command, env=environment(), capture_output=True, check=False).returncode == 0:
            return ""
    return "The Python in .venv does not start (another was installed, or the old one removed)"


def clear_venv() -> None:
    """Empty `.venv`, marked until the end, so that the next call knows if this one is broken off."""
    UNFINISHED.touch()
    for path in VENV.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != UNFINISHED:
            path.unlink()


def make_venv() -> None:
    """Make `.venv`, afresh when the one that is there cannot be used."""
    if VENV.exists():
        why = fault()
        if not why:
            return
        say(f"  {why}: .venv is made afresh.")
        clear_venv()
    if sys.maxsize < 2**32:
        raise Stop("This Python is 32 bit, and the packages are for 64 bit. Start again with a 64-bit Python.")
    free = shutil.disk_usage(HERE).free / 1e9
    if free < NEEDED_GB:
        raise Stop(f"The disk of {HERE} has {free:.1f} GB free, and {NEEDED_GB} GB are needed. Free some first.")
    say(f"  Making .venv with Python {sys.version.split()[0]}.")
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    PLACE.write_text(str(VENV), encoding="utf-8")
    command = [sys.executable, "-m", "venv", *(["--without-pip"] if shutil.which("uv") else []), str(VENV)]
    if subprocess.run(command, env=environment(), capture_output=True, check=False).returncode:
        raise Stop(
            "Python cannot make .venv. On Debian and Ubuntu install python3-venv; elsewhere install Python anew."
        )


def install(lock: str, *arguments: str, folder: Path = HERE) -> None:
    """Install into `.venv` with `uv` when there is one, else (or when uv fails) with pip, and compile."""
    if WHEELHOUSE.is_dir() and "--no-index" not in arguments:
        arguments = ("--no-index", "--find-links", str(WHEELHOUSE), *arguments)
    uv = shutil.which("uv")
    if uv:
        try:
            quietly([uv, "pip", "install", "--python", str(PYTHON), "--compile-bytecode", *arguments], lock, folder)
        except Stop:
            say("  uv could not install; trying pip.")
            quietly([str(PYTHON), "-m", "ensurepip"], "pip")
        else:
            return
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--no-compile", "--retries", "2"]
    quietly([*pip, *arguments], lock, folder)
    compiling = [str(PYTHON), "-m", "compileall", "-qq", "-j", "0", "-x", r"[\\/]tests?[\\/]", str(VENV)]
    subprocess.run(compiling, env=environment(), check=False)  # a file that cannot be compiled is not an error


def once(name: str, what: str, lock: str, *arguments: str, folder: Path = HERE) -> None:
    """Install unless the stamp in `.venv` says that exactly this is there."""
    stamp = VENV / f"oda-{name}"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == what:
        return
    say(f"  Installing from {lock}" + (f" and {WHEELHOUSE.name}." if WHEELHOUSE.is_dir() else "."))
    UNFINISHED.touch()
    stamp.unlink(missing_ok=True)
    install(lock, *arguments, folder=folder)
    stamp.write_text(what, encoding="utf-8")
    UNFINISHED.unlink()


def install_lock(name: str) -> None:
    """Install the packages of one lock, ready-made files only, each with its hash checked."""
    make_venv()
    lock = f"requirements/{name}.txt"
    once(name, sha256(HERE / lock), lock, "--require-hashes", "--only-binary", ":all:", "-r", lock)


def install_oda(pilot: Path) -> None:
    """Install the wheel of `oda` in a pilot's `vendor/`, its hash checked twice: here and by the installer."""
    wanted, name = (pilot / "vendor" / "SHA256SUMS").read_text(encoding="utf-8").split()
    wheel = pilot / "vendor" / name
    shown = wheel.relative_to(HERE).as_posix()
    if not wheel.is_file() or sha256(wheel) != wanted:
        raise Stop(
            f"{shown} is not the file this pilot was made with: its hash differs. "
            "Restore it from where the pilot came from."
        )
    arguments = ("--no-deps", "--no-index", "--force-reinstall", "--require-hashes", "-r", "requirements/oda.txt")
    once("toolkit", wanted, shown, *arguments, folder=pilot)


def install_editable() -> None:
    """Install `oda` from the template's own sources, so that the tests see every edit."""
    what = sha256(HERE / "pyproject.toml")
    once("toolkit", f"editable {what}", "pyproject.toml", "--no-deps", "--no-index", "--no-build-isolation", "-e", ".")


def template_hash() -> str:
    """Return one hash of all that decides what is baked."""
    digest = hashlib.sha256()
    paths = [HERE / name for name in TEMPLATE]
    for folder in TEMPLATE_FOLDERS:
        paths += sorted(path for path in (HERE / folder).rglob("*") if not LEFT_BEHIND & set(path.parts))
    for path in filter(Path.is_file, paths):
        digest.update(f"{path.relative_to(HERE).as_posix()} {sha256(path)}\n".encode())
    return digest.hexdigest()


def bake() -> Path:
    """Make the default pilot in `demo/`, or find that it is there; return its folder."""
    stamp, what = DEMO / ".template-sha256", template_hash()
    before, name = stamp.read_text(encoding="utf-8").split() if stamp.is_file() else ("", "")
    if before == what and (DEMO / name / "pilot.yml").is_file():
        say(f"  demo/{name} is there and the template is the same: kept as it is.")
        return DEMO / name
    if before:
        say("  The template has changed: baking again. Its files in demo/ are replaced; runs/ is kept.")
    DEMO.mkdir(exist_ok=True)
    stamp.unlink(missing_ok=True)
    options = "no_input=True, overwrite_if_exists=True, default_config=True"
    code = f"import sys, cookiecutter.main as c; print(c.cookiecutter(sys.argv[1], output_dir=sys.argv[2], {options}))"
    command = [str(PYTHON), "-B", "-c", code, str(HERE), str(DEMO)]
    done = subprocess.run(command, cwd=HERE, env=environment(), stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if done.returncode:
        raise Stop("The pilot could not be made from the template; the lines above say why.")
    pilot = Path(done.stdout.strip().splitlines()[-1])
    stamp.write_text(f"{what} {pilot.name}\n", encoding="utf-8")
    say(f"  Made demo/{pilot.name}.")
    return pilot


@contextlib.contextmanager
def stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Say a stage's name, and keep how long it took."""
    say(f"{name} ...")
    begin = time.monotonic()
    yield
    seconds[name] = time.monotonic() - begin


def run_and_report(pilot: Path, seconds: dict[str, float], *arguments: str) -> int:
    """Run the notebooks and make the reports; end with the seconds of each stage and the file to open.

    When some notebooks failed, the reports of the others are made all the same, and the exit code says it.
    """
    before = {path: path.stat().st_mtime_ns for path in pilot.glob("runs/*/run.json")}
    with stage("run", seconds):
        code = python("-m", "oda", "run", *arguments, folder=pilot)
    after = {path: path.stat().st_mtime_ns for path in pilot.glob("runs/*/run.json")}
    if code and before == after:
        return code  # refused, and it has said why: there is nothing new to report
    with stage("report", seconds):
        code = max(code, python("-m", "oda", "report", folder=pilot))
    made = max(pilot.glob("runs/*/reports/index.html"), key=lambda path: path.stat().st_mtime_ns, default=None)
    if made is None:
        raise Stop("No index page was made in runs/; the lines above say what was.")
    say(", ".join(f"{name} {taken:.0f} s" for name, taken in seconds.items()) + ".")
    say(f"Open {made}")
    return code


def demo() -> int:
    """Make the example pilot, run it and report."""
    seconds: dict[str, float] = {}
    with stage("install", seconds):
        install_lock("run")
    with stage("bake", seconds):
        pilot = bake()
        install_oda(pilot)
    return run_and_report(pilot, seconds)


def in_template(command: str, arguments: list[str]) -> int:
    """Do a command of the template's folder."""
    if command == "demo":
        return demo()
    if command == "test":
        install_lock("test")
        install_editable()
        return python("-m", "pytest", *arguments)
    if command == "new":
        install_lock("run")
        beside = HERE.parent if Path.cwd() == HERE else Path.cwd()
        return python("-B", "-m", "cookiecutter", str(HERE), "--output-dir", str(beside), *arguments)
    say(REPO_HELP)
    return 2


def in_pilot(command: str, arguments: list[str]) -> int:
    """Do a command of a pilot's folder."""
    seconds: dict[str, float] = {}
    lock, *words = PROGRAMS.get(command, ("dask" if "--scheduler" in " ".join(arguments) else "run", "oda", command))
    words += ["--LabApp.default_url=/lab/tree/notebooks"] if command == "lab" else []
    with stage("install", seconds):
        install_lock(lock)
        install_oda(HERE)
    if command == "run" and not {"-h", "--help", "--dry-run", "--json", "--only"} & set(arguments):
        return run_and_report(HERE, seconds, *arguments)
    return python("-m", *words, *arguments)


def main(arguments: list[str]) -> int:
    """Do what was asked; on failure end with one sentence."""
    template = (HERE / "cookiecutter.json").is_file()
    try:
        if not arguments or arguments[0] in {"-h", "--help", "help"}:
            say(REPO_HELP if template else PILOT_HELP)
            return 0
        return (in_template if template else in_pilot)(arguments[0], arguments[1:])
    except Stop as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        place = f"{error.filename or HERE}: {error.strerror}"
        sys.stderr.write(f"{place}. Close what uses it (JupyterLab, an editor), and see that you may write there.\n")
    except KeyboardInterrupt:
        sys.stderr.write("Stopped, as you asked.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
