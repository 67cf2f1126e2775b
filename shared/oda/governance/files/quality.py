"""Quality assurance, `governance/aqa/`: the answers to the 60 quality questions, and the assurance statement."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, StrictBool, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from oda.governance.files.base import IgFile, Role, Text
from oda.governance.files.logs import LOGS, read_log
from oda.pilot import Settings, read_yaml

__all__ = ["LOGS", "Answer", "AssuranceStatement", "QualityAnswers", "Stage", "quality_questions", "read_log"]

QUESTIONS_FILE = Path(__file__).parents[1] / "quality_questions.yml"
WORDS = {True: "yes", False: "no"}  # what YAML makes of a plain yes or no


def _as_word(value: object) -> object:
    """Return yes or no where YAML made true or false of it."""
    return WORDS[value] if isinstance(value, bool) else value


Reply = Annotated[Literal["yes", "no", "not_applicable"], BeforeValidator(_as_word)]


class Stage(Settings):
    """One stage of an analysis and its quality questions, by id."""

    title: Text
    questions: dict[str, Text]


@cache
def quality_questions() -> dict[str, Stage]:
    """Return the 60 quality questions, by stage of the work.

    Returns
    -------
    dict of str to Stage
        In the order in which they are asked.

    Examples
    --------
    >>> {name: len(stage.questions) for name, stage in quality_questions().items()}
    {'scoping': 19, 'design': 6, 'doing': 26, 'delivery': 9}
    """
    return {name: Stage.model_validate(stage) for name, stage in read_yaml(QUESTIONS_FILE).items()}


def _texts() -> dict[str, str]:
    """Return every quality question by its id."""
    return {key: text for stage in quality_questions().values() for key, text in stage.questions.items()}


class Answer(Settings):
    """An answer: `yes` alone is enough; another one needs a note. Who and when, where they differ from the rest."""

    answer: Reply
    note: str = ""
    answered_by: Role | None = None
    answered_on: dt.date | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: object) -> object:
        """Take a word alone as the answer."""
        return {"answer": value} if isinstance(value, str | bool) else value

    @model_validator(mode="after")
    def _check_note(self) -> Self:
        """Refuse a no, or a question put aside, without a reason."""
        if self.answer != "yes" and not self.note.strip():
            message = f"the answer is {self.answer}, so a note must say why: {{answer: {self.answer}, note: ...}}"
            raise ValueError(message)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Let editors take a word alone, as YAML of either age reads it."""
        whole = handler.resolve_ref_schema(handler(schema))
        words = {"enum": ["yes", "no", "not_applicable", True, False]}
        whole["properties"]["answer"] = {"title": "Answer", **words}
        return {"anyOf": [words, whole]}


def _name_each(schema: dict[str, Any]) -> None:
    """Show editors each question by its id, with its text."""
    answer = schema.pop("additionalProperties")
    texts = _texts()
    schema["properties"] = {key: {"description": text, "anyOf": [answer]} for key, text in texts.items()}
    schema.update(required=list(texts), additionalProperties=False)


class QualityAnswers(IgFile):
    """Everything in `governance/aqa/questions.yml`."""

    answered_by: Role
    answered_on: dt.date
    answers: dict[str, Answer] = Field(json_schema_extra=_name_each)

    @model_validator(mode="after")
    def _check_all(self) -> Self:
        """Refuse a question left out, and an answer to none."""
        asked = _texts()
        faults = [f"question {key} is not answered ({text})" for key, text in asked.items() if key not in self.answers]
        faults += [f"{key!r} is not one of the {len(asked)} questions" for key in self.answers if key not in asked]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def replies(self, answer: Literal["yes", "no", "not_applicable"]) -> dict[str, Answer]:
        """Return the questions that have one answer.

        Parameters
        ----------
        answer
            Such as `no`.

        Returns
        -------
        dict of str to Answer
            By id, in the order of the file.
        """
        return {key: given for key, given in self.answers.items() if given.answer == answer}


class Issue(Settings):
    """Something not resolved: what it is, what it does to the results, and which role deals with it."""

    issue: Text
    effect: Text
    owner: Role


class AssuranceStatement(IgFile):
    """Everything in `governance/aqa/statement.yml`: what the assurer stands for, and its limits."""

    assured: tuple[Text, ...] = Field(min_length=1)
    assured_by: Role
    assured_on: dt.date
    how: tuple[Text, ...] = Field(min_length=1)
    proportionate: StrictBool
    proportionate_why: Text
    limits: tuple[Text, ...] = Field(min_length=1)
    unresolved: tuple[Issue, ...]
    statement: str = Field(min_length=20)

    @model_validator(mode="after")
    def _check_assurer(self) -> Self:
        """Refuse an analyst's assurance of the analysis."""
        if self.assured_by == "analyst":
            message = "an analyst cannot assure the analysis; the assurer (asr) is another person"
            raise ValueError(message)
        return self
