"""Before a pilot is made: refuse a bad answer in one sentence."""

import json
import runpy
import sys

ROOT = {{template_root | tojson}}  # noqa: F821 - Jinja, as are the next two
ANSWERS = json.loads({{cookiecutter | tojson | tojson}})  # noqa: F821
PRESET = json.loads({{preset("odas", cookiecutter.oda) | tojson | tojson}})  # noqa: F821

if sys.version_info < (3, 11):  # noqa: UP036 - cookiecutter itself runs on older ones
    sys.exit(f"Python 3.11 or newer is needed; cookiecutter runs on {sys.version.split()[0]}. Install it anew.")
FAULT = runpy.run_path(f"{ROOT}/hooks/answers.py")["fault"](ANSWERS, PRESET)
if FAULT:
    sys.exit(FAULT)
