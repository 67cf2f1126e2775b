"""The files of a pilot's `governance/`, as models: the one home of what each may say."""

from oda.governance.files.agreements import Agreement
from oda.governance.files.atrs import TransparencyRecord
from oda.governance.files.base import FileKind, Held, IgFile, check
from oda.governance.files.closing import Closing
from oda.governance.files.confidentiality import ConfidentialityReview
from oda.governance.files.equality import Equality
from oda.governance.files.ethics import Ethics
from oda.governance.files.evaluation import EvaluationPlan
from oda.governance.files.flows import Flow
from oda.governance.files.impact import Dpia
from oda.governance.files.linkage import Linkage
from oda.governance.files.model import ModelCard, ModelPlan
from oda.governance.files.outputs import Release
from oda.governance.files.people import Partners, People
from oda.governance.files.project import PROJECT_FILE, Flags, Project
from oda.governance.files.quality import AssuranceStatement, QualityAnswers
from oda.governance.files.synthetic import SyntheticReview

KINDS: tuple[FileKind, ...] = (
    FileKind(pattern=PROJECT_FILE, model=Project, title="What the pilot is for"),
    FileKind(pattern="governance/partners.yml", model=Partners, title="The organisations that take part"),
    FileKind(pattern="governance/people.yml", model=People, title="The people who take part"),
    FileKind(pattern="governance/flows/*.yml", model=Flow, title="Flow of data"),
    FileKind(pattern="governance/dsa/*.yml", model=Agreement, title="Data sharing agreement"),
    FileKind(pattern="governance/dpia.yml", model=Dpia, title="Data protection impact assessment"),
    FileKind(pattern="governance/ethics.yml", model=Ethics, title="Ethics self-assessment"),
    FileKind(pattern="governance/eqia.yml", model=Equality, title="Equality impact assessment"),
    FileKind(
        pattern="governance/confidentiality.yml",
        model=ConfidentialityReview,
        title="Confidentiality and Caldicott review",
    ),
    FileKind(pattern="governance/linkage.yml", model=Linkage, title="Plan of the linkage"),
    FileKind(
        pattern="governance/synth/report.yml",
        model=SyntheticReview,
        title="Review of synthetic data made from real rows",
    ),
    FileKind(pattern="governance/outputs/*.yml", model=Release, title="Release"),
    FileKind(pattern="governance/close.yml", model=Closing, title="Close of the pilot"),
    FileKind(pattern="governance/aqa/questions.yml", model=QualityAnswers, title="Answers to the 60 quality questions"),
    FileKind(pattern="governance/aqa/statement.yml", model=AssuranceStatement, title="Assurance statement"),
    FileKind(pattern="governance/evaluation.yml", model=EvaluationPlan, title="Evaluation plan"),
    FileKind(pattern="governance/model/plan.yml", model=ModelPlan, title="Plan of the model"),
    FileKind(pattern="governance/model/card.yml", model=ModelCard, title="Results of the model"),
    FileKind(pattern="governance/model/atrs.yml", model=TransparencyRecord, title="Algorithmic transparency record"),
)

__all__ = ["KINDS", "PROJECT_FILE", "FileKind", "Flags", "Held", "IgFile", "Project", "check"]
