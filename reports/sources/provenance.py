"""What a reader must know of a report: whether it is a draft, whether the data are made up, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from oda.console import count
from oda.datasets import CARDS
from oda.governance import Assessment
from oda.governance.classes import FREE_CLASSES
from oda.pilot import Pilot
from oda.reports import blocks
from oda.reports.document import escape
from oda.results import Table, TableColumn
from oda.runs import Run

if TYPE_CHECKING:
    from oda.reports.context import Context

TRACE = "trace.json"  # beside the reports: what `oda.reports.sources.traces` writes
MADE_UP = "These figures are not real"
SHOWN = 12  # characters of a hash
_LICENCES = {"OGL-UK-3.0": "Open Government Licence v3.0", "MIT": "MIT licence"}


def notices(pilot: Pilot, run: Run, assessment: Assessment) -> str:
    """Say at the top of a report that its data are made up, and that it is a draft.

    Parameters
    ----------
    pilot, run, assessment
        Settings, the run's record and the state of the checklist.

    Returns
    -------
    str
        Callouts; nothing when neither is so.
    """
    made_up = any(card["x-ig"]["class"] == "synthetic" for card in _cards(run))
    gate = assessment.gate("publish")
    heads, texts = [], []
    if made_up:
        heads.append("made-up data")
        texts.append(f"{MADE_UP}: they were made up to show how the pilot would be evaluated.")
    if not gate.is_open:
        heads.append("draft")
        are = "is" if len(gate.missing) == 1 else "are"
        to_do = f"{count(len(gate.missing), 'item')} of the information-governance checklist {are} still to do"
        why = to_do if gate.missing else "what people signed is the release, and this page is not of it"
        texts.append(
            f"Not approved for publication: {why}. "
            f"Questions to the {pilot.pilot.lead.role}, {pilot.pilot.lead.contact}."
        )
    if not heads:
        return ""
    head = ", ".join(heads).capitalize()
    return f"::: {{.callout-{'warning' if made_up else 'note'}}}\n## {head}\n\n{escape(' '.join(texts))}\n:::\n"


def _cards(run: Run) -> list[dict[str, Any]]:
    """Return the dataset cards of a run, as its record has them."""
    return [dataset["card"] for dataset in run.record["datasets"]]


def provenance(context: Context) -> str:
    """Say what a report was made from: document, parameters, data, code, versions, all as the run's record has them.

    Parameters
    ----------
    context
        The licence, the run's record, the document, and the district that it is about.

    Returns
    -------
    str
        A line on how to make it again, and two tables.
    """
    licence = _LICENCES.get(context.pilot.pilot.licence, context.pilot.pilot.licence)
    run = context.run
    text = (
        f"This report was made by run {run.id}. The same inputs give the same figures: start.py run makes them again. "
        f"The folder of the run holds its record: run.json says which notebooks were kept from earlier runs, {TRACE} "
        "where each number comes from and which program wrote the pages. "
        f"Licence of this report: {licence}, unless the licence of a dataset says otherwise."
    )
    tables = [blocks.table("parameters", _parameters(context)), blocks.table("datasets", _datasets(run))]
    return "\n".join(["::: {.provenance}\n", escape(text) + "\n", *tables, ":::\n"])


def _parameters(context: Context) -> Table:
    """Return the values that this report was made with."""
    run, district = context.run, context.district
    settings, inputs = run.record["settings"], run.record["inputs"]
    districts, rule = settings["districts"], settings["disclosure"]
    visits = [f"{one['name']} from {one['visits_from']}" for one in districts if one["visits_from"]]
    where = f"{district.name} ({district.code})" if district else ", ".join(one["name"] for one in districts)
    rows = [
        ("District" if district else "Districts", where),
        ("Pilot starts", settings["pilot"]["start_date"]),
        ("Visits", ", ".join(visits) or "none"),
        ("Small numbers", f"1 to {rule['hide_below'] - 1} hidden, others rounded to {rule['round_to']}"),
        *((name, str(version)) for name, version in run.record["versions"].items()),
        ("List of packages (lock)", shorten(inputs["lock"])),
        ("Code of the oda package", shorten(inputs["oda"])),
        ("Code of the notebooks", shorten(inputs["code"])),
        ("Document", f"{context.source} ({shorten(context.digest)})"),
    ]
    columns = (TableColumn(title="Parameter"), TableColumn(title="Value"))
    return Table(caption="Parameters and versions", columns=columns, rows=tuple(rows))


def fingerprint(file: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    """Return the hash of a file that may be shown: of data about people that of the card, made with a key.

    Parameters
    ----------
    file
        Its `sha256`, as a run's record has it.
    card
        The card of its dataset, with the class of the data.

    Returns
    -------
    str
        A hash that nobody can guess the data from, or that none is shown.
    """
    if card["x-ig"]["class"] in FREE_CLASSES:
        return str(file["sha256"])
    return str(card["resources"][0].get("hash", "")).partition(":")[2] or "hash not shown"


def shorten(digest: str) -> str:
    """Return the start of a hash, and words as they are.

    Parameters
    ----------
    digest
        A hash, or that none is shown.

    Returns
    -------
    str
        Twelve characters of a hash.

    Examples
    --------
    >>> shorten("299d921e2846a32de34f"), shorten("hash not shown")
    ('299d921e2846', 'hash not shown')
    """
    return digest if " " in digest else digest[:SHOWN]


def _datasets(run: Run) -> Table:
    """Return the datasets with their licence, source and hash."""
    rows = []
    for dataset in run.record["datasets"]:
        card = dataset["card"]
        files = ", ".join(f"{file['name']} ({shorten(fingerprint(file, card))})" for file in dataset["files"])
        licence = ", ".join(one["title"] or one["name"] for one in card["licenses"])
        sources = "; ".join(source["title"] for source in card["sources"])
        about = f"{card['title']} ({CARDS}/{card['name']}.yml)"
        rows.append((about, card["x-ig"]["class"], sources, licence, files))
    heads = ("Dataset (card)", "Class", "Source", "Licence", "File (start of its hash)")
    return Table(
        caption="Datasets",
        columns=tuple(TableColumn(title=head) for head in heads),
        rows=tuple(rows),
    )
