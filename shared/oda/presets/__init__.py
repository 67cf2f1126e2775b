"""Presets: one file for each Office of Data Analytics (`odas/`) and each kind of pilot (`pilots/`)."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Literal

import yaml


def read_preset(kind: Literal["odas", "pilots"], name: str) -> dict[str, Any]:
    """Read one preset.

    Parameters
    ----------
    kind
        `odas` or `pilots`.
    name
        The file's name without its ending, such as `worcestershire`.

    Returns
    -------
    dict
        Its content; empty when there is no preset of that name.
    """
    path = files("oda.presets") / kind / f"{name}.yml"
    if not name.replace("-", "").isalnum() or not path.is_file():
        return {}
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
