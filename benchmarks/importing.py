"""Task on import: what `oda.evaluate` takes beyond pandas and statsmodels, each time in a fresh process."""

from __future__ import annotations

import statistics
import subprocess
import sys

from measuring import Row, say

LIMIT = 0.5  # seconds
TIMES = 9
BASES = {
    "`import pandas, statsmodels.api`": "import pandas, statsmodels.api",
    "`import pandas, statsmodels`": "import pandas, statsmodels",
}
CODE = """
import time
start = time.perf_counter()
{base}
middle = time.perf_counter()
import oda.evaluate
print(middle - start, time.perf_counter() - middle)
"""


def importing() -> list[Row]:
    """Import what an analyst has anyway, then ours; the ratio is the other's share, not a gain."""
    rows = []
    for name, base in BASES.items():
        say(f"  import after {name}")
        times = [_once(base) for _ in range(TIMES + 1)][1:]  # the first fills the disk's cache
        theirs, ours = (statistics.median(column) for column in zip(*times, strict=True))
        words = f"{ours:.2f} s of {LIMIT} s allowed: {'kept' if ours < LIMIT else 'NOT KEPT'}; {ours / theirs:.0%} more"
        rows.append(
            Row(
                task="import of `oda.evaluate`",
                ours=ours * 1e3,
                other=name,
                theirs=theirs * 1e3,
                ratio=theirs / ours,
                difference=words,
            )
        )
    return rows


def _once(base: str) -> tuple[float, float]:
    """Return the seconds of both imports in a fresh process."""
    code = CODE.format(base=base)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)  # noqa: S603
    first, then = done.stdout.split()
    return float(first), float(then)
