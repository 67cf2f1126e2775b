"""Presets: a file for each Office of Data Analytics (`odas/`), each kind of pilot (`pilots/`), each table of rates."""

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


def read_rates(name: Literal["discount_rates", "optimism_bias"]) -> dict[str, Any]:
    """Read a table of rates that public bodies set, with its source and date.

    Parameters
    ----------
    name
        The file's name without its ending.

    Returns
    -------
    dict
        Its content; every rate in per cent.
    """
    path = files("oda.presets") / f"{name}.yml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
