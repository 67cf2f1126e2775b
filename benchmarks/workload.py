"""The notebook that every runner is given, a pilot made of it, and the numbers that must come out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = 'district = "E07000001"'
CELLS = (
    "import numpy as np\nimport pandas as pd\nimport statsmodels.formula.api as smf",
    "\n".join(
        (
            "draws = np.random.default_rng(int(district[1:]))",
            "rows = pd.DataFrame({'age': draws.normal(75, 7, 25_000), 'area': draws.choice(list('abcdef'), 25_000)})",
            "rows['falls'] = 0.03 * rows['age'] + rows['area'].map(ord) / 50 + draws.normal(0, 1, 25_000)",
        )
    ),
    "fit = smf.ols('falls ~ age + area', rows).fit()\nprint('answer', district, f\"{fit.params['age']:.12f}\")",
)
ANSWER = re.compile(r"answer (E\d{8}) (-?\d+\.\d+)")
WITHIN = 1e-9  # of a slope; libraries of another version may sum in another order


def codes(count: int) -> list[str]:
    """Return made-up district codes, the same ones for each count."""
    return [f"E07{number:06d}" for number in range(1, count + 1)]


def write_notebook(path: Path, *, parameters: str = PARAMETERS) -> Path:
    """Write the notebook: a cell of parameters and three of code; about 0.05 s of work once pandas is there."""
    cells = [_cell(0, parameters, ["parameters"]), *(_cell(place, code, []) for place, code in enumerate(CELLS, 1))]
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook = {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8", newline="\n")
    return path


def _cell(place: int, source: str, tags: list[str]) -> dict[str, Any]:
    """Return a code cell."""
    about = {"tags": tags} if tags else {}
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"cell-{place}",
        "metadata": about,
        "outputs": [],
        "source": source,
    }


def bake_pilot(into: Path, *, districts: int, notebooks: int = 1) -> Path:
    """Bake a pilot from the template as a person would, and give it the notebook and made-up districts."""
    command = [sys.executable, "-m", "cookiecutter", str(ROOT), "--no-input", "--default-config"]
    command += ["--output-dir", str(into), "project=timed"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    folder = into / "timed"
    settings = yaml.safe_load((folder / "pilot.yml").read_text(encoding="utf-8"))
    settings["districts"] = [{"code": code, "name": f"District {int(code[3:])}"} for code in codes(districts)]
    names = [f"notebooks/{number}0-timed.ipynb" for number in range(1, notebooks + 1)]
    settings["run"] = [{"notebook": name, "for_each": "district"} for name in names]
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    (folder / "pilot.yml").write_text(text, encoding="utf-8", newline="\n")
    for name in names:
        write_notebook(folder / name)
    return folder


def read_answers(folder: Path, pattern: str) -> dict[str, float]:
    """Return the number of each district as it stands in executed notebooks, or in logs of bare Python.

    Only what was printed counts: the notebook's own code holds no answer.
    """
    found: dict[str, float] = {}
    for path in folder.glob(pattern):
        for code, number in ANSWER.findall(path.read_text(encoding="utf-8")):
            if found.setdefault(code, float(number)) != float(number):
                raise ValueError(f"{path.name} gives {number} for {code}, another file {found[code]}.")
    return found


def differences(ours: dict[str, float], theirs: dict[str, float]) -> str:
    """Return how their answers differ from ours, for the districts that they were given; empty when they agree."""
    absent = [code for code in theirs if code not in ours]
    apart = [code for code in theirs if code in ours and abs(ours[code] - theirs[code]) > WITHIN]
    if not theirs:
        return "no answers found"
    if absent:
        return f"{len(absent)} districts that ours has not"
    return f"{len(apart)} of {len(theirs)} answers differ" if apart else ""
