"""After a pilot is made: add the wheel, `start.py`, the locks, Quarto's extension and what governance starts with.

Runs again on `cruft update`, twice and in temporary folders.
So it must give the same files for the same template, with no network.
"""

import json
import runpy
import shutil
from pathlib import Path

ROOT = Path({{template_root | tojson}})  # noqa: F821 - Jinja
PILOT = Path.cwd()
ANSWERS = json.loads({{cookiecutter | tojson | tojson}})  # noqa: F821 - Jinja, as are the next two
ODA = json.loads({{preset("odas", cookiecutter.oda) | tojson | tojson}})  # noqa: F821
KIND = json.loads({{preset("pilots", cookiecutter.kind) | tojson | tojson}})  # noqa: F821
PRODUCTS = {".git", ".venv", "data", "published", "runs", "wheelhouse"}

for folder in [each for each in PILOT.iterdir() if each.is_dir() and each.name not in PRODUCTS]:
    for name in ("__pycache__", ".ipynb_checkpoints"):
        for stray in [folder, *folder.rglob(name)]:
            if stray.name == name:
                shutil.rmtree(stray)

shutil.copyfile(ROOT / "start.py", PILOT / "start.py")
(PILOT / "requirements").mkdir(exist_ok=True)
for name in ("run.txt", "lab.txt", "dask.txt", "pilot-test.txt"):
    shutil.copyfile(ROOT / "requirements" / name, PILOT / "requirements" / name)
runpy.run_path(str(ROOT / "hooks" / "vendor.py"))["vendor"](ROOT, PILOT)
runpy.run_path(str(ROOT / "hooks" / "governance.py"))["write"](PILOT, ANSWERS, ODA, KIND)
runpy.run_path(str(ROOT / "reports" / "extension.py"))["write"](PILOT / "reports")
