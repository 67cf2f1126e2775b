"""Information governance: a checklist as data, states computed from files, and gates that refuse.

It gives evidence of process and no legal advice; the roles named in the checklist decide.
"""

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
