"""Jinja extension of the template: where its folder is, what its presets say, text safe for YAML.

Frozen: during `cruft update` the old version of this module renders the new version of the template.
So nothing may be added here: what can change belongs in a file that `template_call` reads, as `hooks/answers.py`.
"""

import json
import re
import runpy
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment
from jinja2.ext import Extension

ROOT = Path(__file__).resolve().parent
NOT_FOR_YAML = re.compile("[\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]")


class TemplateRoot(Extension):
    """Give templates and hooks `template_root`, `preset`, `template_call` and the filter `quoted`."""

    def __init__(self, environment: Environment) -> None:
        """Add the names to the environment."""
        super().__init__(environment)
        environment.globals["template_root"] = ROOT.as_posix()
        environment.globals["preset"] = preset
        environment.globals["template_call"] = template_call
        environment.filters["quoted"] = quoted


def preset(folder: str, name: str) -> dict[str, Any]:
    """Return what `shared/oda/presets/<folder>/<name>.yml` says."""
    for part in (folder, name):
        if not re.fullmatch(r"[a-z0-9-]+", part):
            message = f"{part!r} is not the name of a preset. Use small letters, digits and hyphens."
            raise ValueError(message)
    path = ROOT / "shared" / "oda" / "presets" / folder / f"{name}.yml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def template_call(file: str, function: str, *values: Any) -> Any:  # noqa: ANN401 - as that function has it
    """Call a function of a file of the template, read afresh on each call."""
    return runpy.run_path(str(ROOT / file))[function](*values)


def quoted(value: object) -> str:
    """Return text as a double-quoted string that YAML and JSON read back exactly, and people can read."""
    text = json.dumps(str(value), ensure_ascii=False)
    return NOT_FOR_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
