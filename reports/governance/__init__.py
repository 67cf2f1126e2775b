"""Exports of a pilot's governance: for the information governance group, for the public, and for others' registers."""

from oda.reports.governance.exporting import FOLDER, NAMES, export

__all__ = ["FOLDER", "NAMES", "export"]
