"""What an Office of Data Analytics pilot runs on: governance, notebooks, evaluation, reports."""

from oda.disclosure import protect_counts
from oda.loading import Loaded, load
from oda.pilot import load_pilot
from oda.results import CannotSay, Estimated, Fact, TableColumn, picture, record, table

__all__ = [
    "CannotSay",
    "Estimated",
    "Fact",
    "Loaded",
    "TableColumn",
    "load",
    "load_pilot",
    "picture",
    "protect_counts",
    "record",
    "table",
]
