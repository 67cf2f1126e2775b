"""The four rules of Making Data Count by which a point of an XmR chart is marked as special cause."""

from __future__ import annotations

import numpy as np

REACH = 2.66  # mean moving ranges from the mean to a limit: 3 / 1.128, as Making Data Count rounds it
RUN = 7  # points of a shift or a trend
FLAGS = ("beyond_limits", "trend", "two_of_three", "shift")  # the first that holds names the rule


def mark_points(values: np.ndarray, *, side: np.ndarray, far: np.ndarray) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the marks of the four rules, and the first that holds of each point in words.

    Parameters
    ----------
    values
        In order of time, shape (points,).
    side
        1 above the mean, -1 below, 0 on it; shape (points,).
    far
        Distance from the mean in mean moving ranges, shape (points,).

    Returns
    -------
    flags : dict
        Truth values by rule, each of shape (points,): `beyond_limits`, `trend`, `two_of_three`, `shift`.
    rules : list of str
        The first rule that holds of each point; empty where none does.
    """
    n = len(values)
    steps = np.sign(np.diff(values)).astype(int)
    beyond = far > REACH
    near = (far > REACH * 2 / 3) & ~beyond
    pairs = (_windows(near, 3).sum(axis=1) >= 2) & (np.abs(_windows(side, 3).sum(axis=1)) == 3)
    flags = {
        "beyond_limits": beyond,
        "trend": _cover(_same(_windows(steps, RUN - 1)), RUN, n),
        "two_of_three": _cover(pairs, 3, n) & near,
        "shift": _cover(_same(_windows(side, RUN)), RUN, n),
    }
    before, after = np.concatenate([[0], steps]), np.concatenate([steps, [0]])
    within = np.concatenate([flags["trend"][1:], [False]])  # the turn between two trends belongs to the later one
    course = np.where(within, after, before)
    rules = [""] * n
    for place in range(n):
        held = [name for name in FLAGS if flags[name][place]]
        if held:
            rules[place] = _say_rule(held[0], up=(course if held[0] == "trend" else side)[place] > 0)
    return flags, rules


def _windows(marks: np.ndarray, width: int) -> np.ndarray:
    """Return every run of so many neighbours, shape (runs, width)."""
    if len(marks) < width:
        return np.zeros((0, width), dtype=marks.dtype)
    return np.lib.stride_tricks.sliding_window_view(marks, width)


def _same(windows: np.ndarray) -> np.ndarray:
    """Tell in which runs all marks are the same and none is 0."""
    return np.asarray((windows == windows[:, :1]).all(axis=1) & (windows[:, 0] != 0))


def _cover(hits: np.ndarray, width: int, n: int) -> np.ndarray:
    """Mark every one of n points that belongs to a run of so many points that holds."""
    return np.convolve(hits, np.ones(width))[:n] > 0 if len(hits) else np.zeros(n, dtype=bool)


def _say_rule(name: str, *, up: bool) -> str:
    """Say what marked a point."""
    return {
        "beyond_limits": f"{'above the upper' if up else 'below the lower'} limit",
        "trend": f"part of {RUN} or more points {'rising' if up else 'falling'}",
        "two_of_three": f"one of 2 in 3 points near the {'upper' if up else 'lower'} limit",
        "shift": f"part of {RUN} or more points {'above' if up else 'below'} the mean",
    }[name]
