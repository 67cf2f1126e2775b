"""What the exports are made from: a pilot's governance as plain types, and where its checklist stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oda.governance import Assessment, Finding
from oda.governance.files.folder import Holdings, read_folder
from oda.governance.log import Entry as Line
from oda.governance.log import read_log
from oda.pilot import Pilot
from oda.reports.governance.said import date, part, parts, said

Entry = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """All that an export may say.

    Attributes
    ----------
    title, owner, contact
        The pilot, the office that runs it and the shared mailbox to write to.
    today
        The day the states were computed for.
    assessment
        How every item and every gate stands.
    project, dpia, atrs
        The content of these files; empty where one is absent.
    partners, people, flows, datasets, agreements
        One entry each, in order of the files.
    log
        The log of gates.
    faults
        What is wrong with the files, a sentence each.
    """

    title: str
    owner: str
    contact: str
    today: dt.date
    assessment: Assessment
    project: Entry
    dpia: Entry
    atrs: Entry
    partners: tuple[Entry, ...]
    people: tuple[Entry, ...]
    flows: tuple[Entry, ...]
    datasets: tuple[Entry, ...]
    agreements: tuple[Entry, ...]
    log: tuple[Line, ...] = ()
    faults: tuple[str, ...] = ()

    def partner(self, org: str) -> Entry:
        """Return the entry of an organisation in `partners.yml`.

        Parameters
        ----------
        org
            Its id.

        Returns
        -------
        Mapping
            Empty where it has no entry.
        """
        return next((one for one in self.partners if said(one, "id") == org), {})

    def organisation(self, org: str) -> str:
        """Return the name of an organisation.

        Parameters
        ----------
        org
            Its id.

        Returns
        -------
        str
            The name in `partners.yml`, or else the id as words.
        """
        return said(self.partner(org), "name", otherwise=org.replace("-", " "))

    def agreement(self, flow: Entry) -> Entry:
        """Return the data sharing agreement that a flow names.

        Parameters
        ----------
        flow
            The flow.

        Returns
        -------
        Mapping
            Empty where it names none, or there is no such file.
        """
        wanted = part(flow, "dsa")
        return next((one for one in self.agreements if wanted and part(one, "id") == wanted), {})

    def is_over(self, flow: Entry) -> bool:
        """Tell whether the agreement of a flow has ended.

        Parameters
        ----------
        flow
            The flow.

        Returns
        -------
        bool
            False where no end is stated.
        """
        ends = date(self.agreement(flow), "ends")
        return ends is not None and ends < self.today


def gather(pilot: Pilot, assessment: Assessment, *, today: dt.date) -> Content:
    """Read a pilot's governance for the exports.

    Parameters
    ----------
    pilot
        The pilot whose `governance` folder is read.
    assessment
        How its checklist stands.
    today
        The day the states were computed for.

    Returns
    -------
    Content
        Everything as plain types; a file that is not there or cannot be read is left out and its fault kept.
    """
    holdings, log = read_folder(pilot.folder), read_log(pilot.folder)
    faults = [fault for held in holdings.held.values() for fault in held.faults]
    about = pilot.pilot
    return Content(
        title=about.title,
        owner=about.oda_name,
        contact=about.lead.contact,
        today=today,
        assessment=assessment,
        project=_one(holdings, "governance/project.yml"),
        dpia=_one(holdings, "governance/dpia.yml"),
        atrs=_one(holdings, "governance/model/atrs.yml"),
        partners=parts(_one(holdings, "governance/partners.yml"), "partners"),
        people=parts(_one(holdings, "governance/people.yml"), "people"),
        flows=_many(holdings, "governance/flows/*.yml"),
        datasets=_many(holdings, "governance/datasets/*.yml"),
        agreements=_many(holdings, "governance/dsa/*.yml"),
        log=log.entries,
        faults=(*log.faults, *faults),
    )


def _one(holdings: Holdings, place: str) -> Entry:
    """Return the content of one file; empty where there is none."""
    return next(iter(_many(holdings, place)), {})


def _many(holdings: Holdings, pattern: str) -> tuple[Entry, ...]:
    """Return the content of the files that a pattern names, without those that could not be read."""
    return tuple(held.raw for held in holdings.matching(pattern) if isinstance(held.raw, Mapping) and held.raw)


def minutes(findings: Sequence[Finding]) -> int:
    """Return how long it takes to read and sign items.

    Parameters
    ----------
    findings
        Items of the checklist.

    Returns
    -------
    int
        Minutes.
    """
    return sum(finding.minutes for finding in findings)
