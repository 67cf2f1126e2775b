"""Made-up districts for the tests of comparisons: a level each, noise, and a start for some."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

NAMES = {"outcome": "y", "unit": "district", "time": "month"}


def districts(
    n: int = 6, *, starts: Mapping[int, int] | int = 2, months: int = 12, start: int = 6, seed: int = 1
) -> pd.DataFrame:
    """Return n districts by months, the first so many treated from `start` on, or each from its own.

    Columns: `district`, `month`, `y` (about 10, noise of 1), `x` (noise), `start` (missing for never), `treated`,
    `post`, `visited` (the share of the month under treatment).
    """
    rng = np.random.default_rng(seed)
    place, month = np.divmod(np.arange(n * months), months)
    own = dict.fromkeys(range(starts), start) if isinstance(starts, int) else dict(starts)
    frame = pd.DataFrame({"district": [f"d{number}" for number in place], "month": month})
    frame["y"] = rng.normal(10, 1, n)[place] + rng.normal(0, 1, n * months)
    frame["x"] = rng.normal(0, 1, n * months)
    frame["start"] = pd.Series(place).map(own).astype(float)
    frame["treated"] = frame["start"].notna().astype(int)
    frame["post"] = (month >= start).astype(int)
    frame["visited"] = (frame["month"] >= frame["start"]).astype(float)
    return frame
