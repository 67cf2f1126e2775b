"""Execute the cells of a notebook for some districts as plain Python: `bare.py NOTEBOOK DISTRICT...`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

cells = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["cells"]
for district in sys.argv[2:]:
    names: dict[str, object] = {"__name__": "__main__"}
    for place, cell in enumerate(cells):
        exec(compile(cell["source"], f"cell-{place}", "exec"), names)  # noqa: S102  that is what it is for
        if place == 0:
            names["district"] = district
