"""JSON Schema for editors: equal to the models, kind to what is not filled in, strict with what is unknown."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from oda.errors import SettingsError
from oda.governance.files import KINDS
from oda.governance.files.schemas import FOLDER, schemas, write_schemas
from oda.pilot import read_yaml
from oda.presets import read_preset

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "{{cookiecutter.project}}"
SHIPPED = sorted((TEMPLATE / "governance").rglob("*.yml"))
OF_FOLDER = {"datasets": "dataset", "flows": "flow", "dsa": "agreement", "outputs": "release"}
ALL = schemas()
NAMED = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


def plain(value: Any) -> Any:
    """Return what YAML holds as JSON would, with dates as texts."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def errors(name: str, content: object) -> list[str]:
    """Return what an editor would underline."""
    found = jsonschema.Draft7Validator(ALL[name]).iter_errors(plain(content))
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message:.200}" for error in found]


def schema_of(place: str) -> str:
    """Return the name of the schema for a path in `governance/`."""
    folder, _, name = place.rpartition("/")
    return OF_FOLDER.get(folder) or name.removesuffix(".yml")


def started() -> dict[str, str]:
    """Return the files that are made for a new pilot of Worcestershire, by path in `governance/`."""
    contents = runpy.run_path(str(ROOT / "hooks" / "governance.py"))["contents"]
    answers = {"oda": "worcestershire", "title": "Falls", "districts": "E07000236"}
    made: dict[str, str] = contents(answers, read_preset("odas", "worcestershire"), read_preset("pilots", "falls"))
    return {place: text for place, text in made.items() if place.endswith(".yml")}


def test_the_schemas_of_a_pilot_are_those_of_the_models(tmp_path):
    """After a model changes, `oda schema` is run again: no schema is stale, left over or edited by hand."""
    made = {path.name: path.read_text(encoding="utf-8") for path in write_schemas(tmp_path)}
    shipped = {path.name: path.read_text(encoding="utf-8") for path in (TEMPLATE / FOLDER).iterdir()}
    assert sorted(made) == sorted(shipped)
    assert [name for name in made if made[name] != shipped[name]] == []


def test_every_kind_of_file_has_a_schema_of_its_own():
    """Two kinds never share a name, and each schema is valid itself."""
    made = schemas()
    assert len(made) == len(KINDS) + 1  # and the dataset cards
    for schema in made.values():
        jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_editor_underlines_nothing_in_a_draft(path):
    """Someone who opens a file of a new pilot sees no error before they have typed a word."""
    assert errors(schema_of(path.relative_to(TEMPLATE / "governance").as_posix()), read_yaml(path)) == []


@pytest.mark.parametrize(("place", "text"), started().items(), ids=started())
def test_an_editor_underlines_nothing_in_what_the_presets_fill_in(place, text):
    """The files made from the answers to the template's questions show no error either."""
    assert errors(schema_of(place), yaml.safe_load(text)) == []


@pytest.mark.parametrize("path", [one for one in SHIPPED if NAMED.match(one.read_text(encoding="utf-8"))], ids=str)
def test_a_draft_names_its_own_schema(path):
    """The first line leads the editor to the schema of that very file."""
    named = NAMED.match(path.read_text(encoding="utf-8"))[1]
    target = (path.parent / named).resolve()
    assert target.is_file()
    assert target.stem == schema_of(path.relative_to(TEMPLATE / "governance").as_posix())


def test_an_unknown_key_is_underlined_at_every_depth():
    """A slip in a name is seen while it is typed, not when the file is checked."""
    draft = read_yaml(TEMPLATE / "governance" / "evaluation.yml")
    assert "'ends' was unexpected" in errors("evaluation", {**draft, "ends": "2026"})[0]
    assert errors("evaluation", {**draft, "design": {**draft["design"], "stray": "x"}}) != []
    assert errors("evaluation", {**draft, "outcomes": [{**draft["outcomes"][0], "stray": "x"}]}) != []


def test_todo_stands_for_any_value_and_nothing_else_does():
    """A date, a number, a list or a whole block may wait; a wrong value may not."""
    draft = read_yaml(TEMPLATE / "governance" / "evaluation.yml")
    for key in draft:
        assert errors("evaluation", {**draft, key: "TODO: later"}) == []
        assert errors("evaluation", {**draft, key: "later"}) != [] or key == "review_by"  # a date's form is not checked
    assert errors("evaluation", {**draft, "outcomes": ["TODO"]}) == []
    assert errors("evaluation", {**draft, "outcomes": [{**draft["outcomes"][0], "primary": "TODOS"}]}) != []


@pytest.mark.parametrize("answer", ["yes", True, "no", False, "not_applicable", {"answer": "no", "note": "Not yet"}])
def test_an_answer_may_be_a_word_alone(answer):
    """Editors read yes as a word and older YAML reads it as true; both are an answer."""
    draft = read_yaml(TEMPLATE / "governance" / "aqa" / "questions.yml")
    assert errors("questions", {**draft, "answers": {**draft["answers"], "Q01": answer}}) == []
    assert errors("questions", {**draft, "answers": {**draft["answers"], "Q01": "perhaps"}}) != []


def test_an_editor_shows_the_question_behind_an_id():
    """Whoever points at Q60 reads what it asks."""
    answers = schemas()["questions"]["properties"]["answers"]["anyOf"][0]["properties"]
    assert answers["Q60"]["description"] == "Can readers tell us whether the results serve them?"
    assert len(answers) == 60


@pytest.mark.skipif(os.name == "nt", reason="links need rights that few have on Windows")
def test_no_schema_is_written_through_a_link(tmp_path):
    """A link in a pilot cannot make the command write elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "governance").mkdir()
    (tmp_path / FOLDER).symlink_to(outside)
    with pytest.raises(SettingsError, match=r"governance/schema is a link. Put a folder there"):
        write_schemas(tmp_path)
    assert list(outside.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights that few have on Windows")
def test_a_link_in_place_of_a_schema_is_replaced(tmp_path):
    """What it led to stays as it was."""
    kept = tmp_path / "kept.json"
    kept.write_text("kept", encoding="utf-8")
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "people.json").symlink_to(kept)
    write_schemas(tmp_path)
    assert kept.read_text(encoding="utf-8") == "kept"
    assert json.loads((tmp_path / FOLDER / "people.json").read_text(encoding="utf-8"))["title"]


# What no public body may rely on


def flow(art6: object, sender: dict[str, object], receiver: dict[str, object]) -> list[str]:
    """Return what an editor underlines in a flow for its Article 6 basis."""
    content = {"art6": art6, "from": {"org": "icb", **sender}, "to": {"org": "fire", **receiver}}
    return [one for one in errors("flow", content) if one.startswith("art6")]


PUBLIC, UNTYPED = {"role": "controller", "type": "nhs"}, {"role": "joint_controller"}
CHARITY, HELPER = {"role": "controller", "type": "charity"}, {"role": "processor", "type": "nhs"}
LATER = {"role": "controller", "type": "TODO: which"}


@pytest.mark.parametrize("basis", ["A6-1-ea", "A6-1-f", "A6-1-f-legitimate-interest"])
@pytest.mark.parametrize("ends", [(PUBLIC, CHARITY), (CHARITY, PUBLIC), (UNTYPED, CHARITY), (PUBLIC, HELPER)])
def test_an_editor_underlines_a_basis_that_no_public_body_has(basis, ends):
    """One basis for all, with a public body or a body of no type among those who decide, is refused while typing."""
    assert flow(basis, *ends) != []
    assert flow("A6-1-e-official-authority", *ends) == []
    assert flow("A6-1-a", *ends) == []


@pytest.mark.parametrize("ends", [(CHARITY, HELPER), (CHARITY, CHARITY), (LATER, LATER), (HELPER, CHARITY)])
def test_other_bodies_may_have_that_basis(ends):
    """A charity may rely on it, a processor decides nothing, and a type that is still to do is nobody's fault."""
    assert flow("A6-1-f", *ends) == []
    assert flow({"icb": "A6-1-f"}, *ends) == []


@pytest.mark.parametrize("ends", [(PUBLIC, PUBLIC), (PUBLIC, HELPER), (UNTYPED, PUBLIC)])
def test_a_basis_for_each_is_underlined_where_all_are_public_bodies(ends):
    """Whose basis it is a schema cannot tell: where a charity takes part, the check itself says."""
    assert flow({"icb": "A6-1-ea", "fire": "A6-1-e"}, *ends) != []
    assert flow({"icb": "A6-1-e", "fire": "A6-1-e"}, *ends) == []
    assert flow({"icb": "A6-1-e", "fire": "A6-1-f"}, PUBLIC, CHARITY) == []
