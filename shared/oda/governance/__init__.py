"""Information governance: a checklist as data, states computed from files, and gates that refuse.

It gives evidence of process and no legal advice; the roles named in the checklist decide.
"""

from oda.governance.assessing import DatasetCard, assess
from oda.governance.assessment import HEADINGS, AssessedDataset, Assessment, Finding, GateState
from oda.governance.checklist import Checklist, GateName, Item, load_checklist
from oda.governance.gates import require
from oda.governance.files.project import Flags, Project, load_project
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
    "assess",
    "identifier",
    "load_checklist",
    "load_project",
    "refuse_identifiers",
    "require",
]
