"""What an Office of Data Analytics pilot runs on: governance, notebooks, evaluation, reports."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oda.disclosure import protect_counts
    from oda.governance.gates import pass_gate
    from oda.governance.showing import check
    from oda.loading import Loaded, load
    from oda.making import picture, table
    from oda.outputs import output
    from oda.pilot import load_pilot
    from oda.results import CannotSay, Estimated, Fact, TableColumn, record

__all__ = [
    "CannotSay",
    "Estimated",
    "Fact",
    "Loaded",
    "TableColumn",
    "check",
    "load",
    "load_pilot",
    "output",
    "pass_gate",
    "picture",
    "protect_counts",
    "record",
    "table",
]

_HOMES = {
    "Loaded": "loading",
    "check": "governance.showing",
    "load": "loading",
    "load_pilot": "pilot",
    "output": "outputs",
    "pass_gate": "governance.gates",
    "picture": "making",
    "protect_counts": "disclosure",
    "table": "making",
}


def __getattr__(name: str) -> object:
    """Return a name of `__all__` from its module, loaded when first asked for: `oda.evaluate` needs none of them."""
    if name not in __all__:
        message = f"module 'oda' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"oda.{_HOMES.get(name, 'results')}"), name)


def __dir__() -> list[str]:
    """Name what a person at the keyboard may type, loaded or not."""
    return sorted({*globals(), *__all__})
