"""Measure the speed of `oda.evaluate` as ratios to other packages: `python benchmarks/run.py [task ...]`.

The task `runner` is `oda run`, measured by `running.py` with its own defaults; it runs by itself.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import importlib.util
import os
import platform
import sys
import warnings

INSTALL = """
Install them into an environment of their own, from the root of the repository:
  python -m pip install --require-hashes -r requirements/bench.txt
  python -m pip install --no-deps -e ."""
PACKAGES = {
    "two-by-two": ("pyfixest", "diff-diff"),
    "two-way": ("pyfixest", "diff-diff"),
    "bootstrap": ("wildboottest",),
    "synthetic": ("pysyncon", "diff-diff"),
    "staggered": ("csdid", "diff-diff"),
    "import": (),
}
RUNNER = "runner"
SHOWN = ("numpy", "pandas", "scipy", "statsmodels")


def main() -> int:
    """Run the tasks asked for, one after another, and print their table."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = f"{', '.join(PACKAGES)}; or {RUNNER}"
    parser.add_argument("task", nargs="*", help=f"one or more of {names}; all but the last when none is named")
    asked = parser.parse_args().task or list(PACKAGES)
    unknown = [name for name in asked if name not in (*PACKAGES, RUNNER)]
    if unknown:
        parser.error(f"no task {', '.join(unknown)}; there is {names}")
    if asked == [RUNNER]:
        import running

        return running.main([])
    if RUNNER in asked:
        parser.error(f"{RUNNER} takes the whole machine; run it by itself")
    needed = list(dict.fromkeys(package for name in asked for package in PACKAGES[name]))
    absent = [name for name in ("oda", *needed) if importlib.util.find_spec(name.replace("-", "_")) is None]
    if absent:
        print(f"Not installed: {', '.join(absent)}.{INSTALL}", file=sys.stderr)
        return 2
    _measure(asked, needed)
    return 0


def _measure(asked: list[str], needed: list[str]) -> None:
    """Run the tasks and print the table, the date and the versions."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy; on a shared machine waking threads takes longest
    import importing
    import panels
    import regressions
    from measuring import Row, Skip, say, table

    warnings.simplefilter("ignore")  # those of the other packages
    tasks = {
        "two-by-two": regressions.two_by_two,
        "two-way": regressions.two_way,
        "bootstrap": regressions.bootstrap,
        "synthetic": panels.synthetic_controls,
        "staggered": panels.staggered,
        "import": importing.importing,
    }
    rows: list[Row] = []
    for place, name in enumerate(asked, 1):
        say(f"{place} of {len(asked)}: {name}")
        try:
            rows += tasks[name]()
        except Skip as reason:
            say(f"  skipped: {reason}")
    print(table(rows))
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in (*SHOWN, *needed))
    today = dt.datetime.now(tz=dt.UTC).date()
    print(f"\n{today}; {platform.system()}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}.")


if __name__ == "__main__":
    raise SystemExit(main())
