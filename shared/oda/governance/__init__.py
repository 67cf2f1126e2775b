"""Information governance: a checklist as data, states computed from files, and gates that refuse.

It gives evidence of process and no legal advice; the roles named in the checklist decide.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oda.governance.assessing import assess
    from oda.governance.assessment import HEADINGS, AssessedDataset, Assessment, Finding, GateState, Signature
    from oda.governance.checklist import Checklist, GateName, Item, load_checklist
    from oda.governance.files.project import Flags, Project
    from oda.governance.gates import pass_gate, require
    from oda.governance.gathering import DatasetCard
    from oda.governance.identifiers import identifier, refuse_identifiers

__all__ = [
    "HEADINGS",
    "AssessedDataset",
    "Assessment",
    "Checklist",
    "DatasetCard",
    "Finding",
    "Flags",
    "GateName",
    "GateState",
    "Item",
    "Project",
    "Signature",
    "assess",
    "identifier",
    "load_checklist",
    "pass_gate",
    "refuse_identifiers",
    "require",
]

_HOMES = {
    "assessing": ("assess",),
    "assessment": ("HEADINGS", "AssessedDataset", "Assessment", "Finding", "GateState", "Signature"),
    "checklist": ("Checklist", "GateName", "Item", "load_checklist"),
    "files.project": ("Flags", "Project"),
    "gates": ("pass_gate", "require"),
    "gathering": ("DatasetCard",),
    "identifiers": ("identifier", "refuse_identifiers"),
}


def __getattr__(name: str) -> object:
    """Return a name of `__all__` from its module, loaded when first asked for: who hashes a file needs no checklist."""
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        message = f"module 'oda.governance' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"oda.governance.{home}"), name)
