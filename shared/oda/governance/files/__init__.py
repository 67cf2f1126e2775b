"""The files of a pilot's `governance/`, as models: the one home of what each may say."""

from oda.governance.files.agreements import Agreement
from oda.governance.files.base import FileKind, Held, IgFile, check
from oda.governance.files.flows import Flow
from oda.governance.files.people import Partners, People
from oda.governance.files.project import PROJECT_FILE, Flags, Project

KINDS: tuple[FileKind, ...] = (
    FileKind(pattern=PROJECT_FILE, model=Project, title="What the pilot is for"),
    FileKind(pattern="governance/partners.yml", model=Partners, title="The organisations that take part"),
    FileKind(pattern="governance/people.yml", model=People, title="The people who take part"),
    FileKind(pattern="governance/flows/*.yml", model=Flow, title="Flow of data"),
    FileKind(pattern="governance/dsa/*.yml", model=Agreement, title="Data sharing agreement"),
)

__all__ = ["KINDS", "PROJECT_FILE", "FileKind", "Flags", "Held", "IgFile", "Project", "check"]
