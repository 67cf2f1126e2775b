"""The ethics self-assessment, `governance/ethics.yml`, after the Data and AI Ethics Framework of government (2025).

Twelve of the questions take up, in our words, those of the Government Digital Service's own proof of concept; the one
on the environment is ours, so that all seven principles are asked about. As there, an answer scores 0, 1 or 2. Ours are
turned so that a higher score always means more cause for care. The threshold is this checklist's own, too.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Generic, Literal, Self, TypeVar, get_args

from pydantic import Field, model_validator

from oda.governance.files.base import IgFile, Text
from oda.pilot import Settings

LEVEL_TWO_FROM = 8  # of 26: a third of the way; four answers that ask for care, or eight that are unsure

Choice = TypeVar("Choice", bound=str)


class Answer(Settings, Generic[Choice]):
    """An answer and its reason; the choices score 0, 1 and 2 in their order."""

    answer: Choice
    reason: Text

    @property
    def score(self) -> int:
        """The points of this answer."""
        choices: tuple[str, ...] = get_args(type(self).model_fields["answer"].annotation)
        return choices.index(self.answer)


class Answers(Settings):
    """The questions of the first level, each with the principle of the framework that it is about."""

    many_affected: Answer[Literal["few", "unclear", "many"]] = Field(
        title="Are many people or organisations affected?", description="societal impact"
    )
    effect_on_people: Answer[Literal["little", "unclear", "material"]] = Field(
        title="Does it change what people get, may do or have to do?", description="societal impact"
    )
    modelling: Answer[Literal["absent", "unclear", "informs_decisions"]] = Field(
        title="Do a model, a score or automation inform decisions about people?", description="fairness"
    )
    public_trust: Answer[Literal["unlikely_to_harm", "unclear", "could_harm"]] = Field(
        title="Could it harm the public's trust?", description="transparency"
    )
    communication: Answer[Literal["planned", "partly", "not_planned"]] = Field(
        title="Is it planned how its purpose, methods and results are made known?", description="transparency"
    )
    explainable: Answer[Literal["explainable", "partly", "not_explainable"]] = Field(
        title="Can its decisions and results be explained to those affected?", description="transparency"
    )
    redress: Answer[Literal["in_place", "partly", "absent"]] = Field(
        title="Can people challenge what is decided about them and have it put right?", description="accountability"
    )
    accountable: Answer[Literal["named", "partly", "not_named"]] = Field(
        title="Is it clear who answers for the decisions?", description="accountability"
    )
    left_out_groups: Answer[Literal["unlikely", "unclear", "likely"]] = Field(
        title="Could groups who are already at a disadvantage lose out?", description="fairness"
    )
    bias: Answer[Literal["unlikely", "unclear", "likely"]] = Field(
        title="Could the data or the method carry on a bias of society?", description="fairness"
    )
    personal_data: Answer[Literal["absent", "ordinary", "sensitive"]] = Field(
        title="Are personal data used, and are they sensitive?", description="privacy"
    )
    misuse: Answer[Literal["unlikely", "possible", "likely"]] = Field(
        title="Could someone do harm with the data or the results?", description="safety"
    )
    environment: Answer[Literal["small", "unclear", "large"]] = Field(
        title="How large is its burden on the environment?", description="environmental sustainability"
    )


QUESTIONS = MappingProxyType({name: field.title or "" for name, field in Answers.model_fields.items()})


class LevelTwo(Settings):
    """The second level: questions answered in a sentence or two."""

    problem: Text = Field(title="Which problem does it solve, in words that are not technical?")
    purpose: Text = Field(title="What is it for, and who needs it?")
    personal_data: Text = Field(title="How are personal data protected?")
    dpo_consulted: Text = Field(title="Has the data protection officer been consulted, and with what result?")
    impact_assessment: Text = Field(title="Is there an impact assessment, and which risks did it find?")
    agreements: Text = Field(title="Are sharing agreements in place with all who share data?")
    oversight: Text = Field(title="Which group or board oversees it?")
    responsibility: Text = Field(title="Who answers for the outcome, and can they change or stop it?")
    safety: Text = Field(title="How are those who take part and those who work on it kept safe?")
    diversity: Text = Field(title="Whose perspectives are missing from the team, and how are they heard?")


LEVEL_TWO_QUESTIONS = MappingProxyType({name: field.title or "" for name, field in LevelTwo.model_fields.items()})


class Ethics(IgFile):
    """Everything in `governance/ethics.yml`."""

    answers: Answers
    level_two: LevelTwo | None = None

    @property
    def score(self) -> int:
        """The points of all answers, from 0 to 26; more points, more cause for care."""
        return sum(getattr(self.answers, name).score for name in QUESTIONS)

    @model_validator(mode="after")
    def _check_level_two(self) -> Self:
        """Refuse a score that asks for the second level where it is not answered."""
        if self.score >= LEVEL_TWO_FROM and self.level_two is None:
            message = (
                f"the answers score {self.score} of {2 * len(QUESTIONS)}, and from {LEVEL_TWO_FROM} the second level "
                f"is needed; answer the {len(LEVEL_TWO_QUESTIONS)} questions of level_two"
            )
            raise ValueError(message)
        return self
