"""What a new pilot's `governance/` holds: facts from the presets, TODO where people decide, and no fault."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cookiecutter.main import cookiecutter

from checkout import ROOT, TEMPLATE
from oda.datasets import read_card
from oda.governance.checklist import load_checklist
from oda.governance.files import KINDS, Flags, Held, check
from oda.governance.files.base import OrganisationType
from oda.governance.files.people import Partners
from oda.pilot import read_yaml
from oda.presets import read_preset

ODAS = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))["oda"]
LONGEST_PATH = 120  # as test_template.py has it
HOSTILE = 'It\'s the "first": pilot # no, 50% of £5 — {a}: [b] \\u0041 🚒'


def bake(to: Path, **answers: str) -> Path:
    """Bake a pilot with its hooks and return its folder."""
    made = cookiecutter(
        str(ROOT), no_input=True, output_dir=str(to), accept_hooks=True, default_config=True, extra_context=answers
    )
    return Path(made)


@pytest.fixture(scope="module", params=ODAS)
def pilot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pilot of each Office of Data Analytics."""
    return bake(tmp_path_factory.mktemp(request.param), oda=request.param)


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the default pilot; no test writes to it."""
    return bake(tmp_path_factory.mktemp("default"))


def contents(pilot: Path) -> dict[str, str]:
    """Return what the hook writes for a pilot's folder, by path in `governance/`."""
    made = yaml.safe_load((pilot / "pilot.yml").read_text(encoding="utf-8"))["pilot"]
    districts = ", ".join(d["code"] for d in read_preset("odas", made["oda"])["districts"])
    return written(oda=made["oda"], title=made["title"], districts=districts)


def written(*, oda: str = "worcestershire", title: str = "Falls", districts: str = "E07000236") -> dict[str, str]:
    """Return what the hook writes for some answers, by path in `governance/`."""
    hook = runpy.run_path(str(ROOT / "hooks" / "governance.py"))["contents"]
    answers = {"oda": oda, "title": title, "districts": districts}
    files: dict[str, str] = hook(answers, read_preset("odas", oda), read_preset("pilots", "falls"))
    return files


def held(pilot: Path) -> Iterator[Held]:
    """Yield every file of `governance/` that has a model, checked."""
    for kind in KINDS:
        for path in sorted(pilot.glob(kind.pattern)):
            yield check(path.relative_to(pilot).as_posix(), read_yaml(path), kind.model)


def raw(pilot: Path, pattern: str) -> list[dict[str, Any]]:
    """Return the content of the files of a pattern in `governance/`."""
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((pilot / "governance").glob(pattern))]


def orgs(pilot: Path) -> set[str]:
    """Return the ids in `partners.yml`."""
    return {partner["id"] for partner in raw(pilot, "partners.yml")[0]["partners"]}


def test_every_file_waits_for_people_and_none_has_a_fault(pilot: Path) -> None:
    """What a pilot starts with is right as far as it goes, and each file says what is still to do."""
    files = list(held(pilot))
    assert [fault for one in files for fault in one.faults] == []
    made = {one.place: one for one in files if one.place.removeprefix("governance/") in contents(pilot)}
    assert len(made) == len(contents(pilot))
    assert [place for place, one in made.items() if not one.todos] == []


def test_organisations_agree_in_every_file(pilot: Path) -> None:
    """Flows, people and the agreement name organisations of `partners.yml`, and none that is not there."""
    flows = raw(pilot, "flows/*.yml")
    controllers = {flow[end]["org"] for flow in flows for end in ("from", "to")}
    people = raw(pilot, "people.yml")[0]["people"]
    agreement = raw(pilot, "dsa/*.yml")[0]
    assert controllers == orgs(pilot)
    assert {person["organisation"] for person in people} <= orgs(pilot)
    assert {party["org"] for party in agreement["parties"]} == controllers
    assert {flow["dsa"] for flow in flows} == {agreement["id"]}


def test_each_controller_has_an_information_governance_lead(pilot: Path) -> None:
    """The agreement is signed for every controller, so each has a person to name for it."""
    people = raw(pilot, "people.yml")[0]["people"]
    assert {person["organisation"] for person in people if "igl" in person["roles"]} == orgs(pilot)
    assert len({person["id"] for person in people}) == len(people)


def test_each_file_is_named_by_its_id_and_is_short_enough(pilot: Path) -> None:
    """A flow and an agreement have the name of their file, and no path or file is too long to use."""
    for pattern in ("flows/*.yml", "dsa/*.yml"):
        for path in (pilot / "governance").glob(pattern):
            assert yaml.safe_load(path.read_text(encoding="utf-8"))["id"] == path.stem
            assert len(path.relative_to(pilot.parent).as_posix()) <= LONGEST_PATH
    assert max(text.count("\n") for text in contents(pilot).values()) < 100


def test_each_file_names_a_schema_that_is_there(pilot: Path) -> None:
    """An editor finds the schema of each file that is to be filled in, and so helps with what it may say."""
    for place in (*contents(pilot), "project.yml", "datasets/falls.yml"):
        path = pilot / "governance" / place
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert (path.parent / first.removeprefix("# yaml-language-server: $schema=")).is_file()


def test_no_law_is_decided_by_the_template(pilot: Path) -> None:
    """The basis, the power, the confidentiality route and every date wait for those who decide them."""
    for flow in raw(pilot, "flows/*.yml"):
        legal = [flow["art6"], flow["art9"], flow["sch1"], *flow["power"].values(), flow["gateway"]["id"]]
        legal += [flow["confidentiality"]["owed"], flow["confidentiality"]["route"], *flow["opt_out"].values()]
        legal += [flow["retention"]["until"], *flow["risk"].values(), flow["review_by"]]
        assert [value for value in legal if not value.startswith("TODO: ")] == []


def test_nobody_is_named(pilot: Path) -> None:
    """People and mailboxes are for the partners to give; a template knows none."""
    assert {person["name"] for person in raw(pilot, "people.yml")[0]["people"]} == {"TODO: name"}
    assert "@" not in "".join(contents(pilot).values())


def test_others_of_the_area_can_be_taken_in_by_uncommenting(pilot: Path) -> None:
    """With the # and a space taken away, the other organisations are valid partners, one council for each district."""
    text = (pilot / "governance" / "partners.yml").read_text(encoding="utf-8")
    whole = yaml.safe_load(text.replace("#   - {", "  - {"))
    one = check("partners.yml", whole, Partners)
    assert one.faults == ()
    pilot_yml = yaml.safe_load((pilot / "pilot.yml").read_text(encoding="utf-8"))
    listed = [partner["name"] for partner in whole["partners"] if partner["id"] not in orgs(pilot)]
    named = [name for name in listed if not name.endswith(("Police", "Constabulary", "Service"))]
    assert len(named) == len(pilot_yml["districts"])


def test_the_same_presets_give_the_same_bytes(pilot: Path) -> None:
    """What was written is what the presets give again, byte for byte, in UTF-8 with Linux line ends."""
    for place, text in contents(pilot).items():
        assert (pilot / "governance" / place).read_bytes() == text.encode()
        assert "\r" not in text


def test_a_second_bake_gives_the_same_bytes(default: Path, tmp_path: Path) -> None:
    """The same answers give the same files in a pilot made anew."""
    again = bake(tmp_path)
    for place in contents(default):
        assert (default / "governance" / place).read_bytes() == (again / "governance" / place).read_bytes()


def test_hostile_answers_do_not_break_a_file(tmp_path: Path) -> None:
    """Quotes, colons, hashes and Welsh letters in answers reach the agreement as they were typed."""
    pilot = bake(tmp_path, title=HOSTILE, districts='W06000001 Ynys Môn; E07000999 King\'s: "Lynn" #1')
    assert [fault for one in held(pilot) for fault in one.faults] == []
    assert raw(pilot, "dsa/*.yml")[0]["title"] == f"Data sharing agreement: {HOSTILE}"


def test_a_file_that_is_there_is_never_written_over(default: Path, tmp_path: Path) -> None:
    """Made again over itself, a pilot keeps what people wrote, and gets back what they took out."""
    write = runpy.run_path(str(ROOT / "hooks" / "governance.py"))["write"]
    answers = {"oda": "worcestershire", "title": "Falls", "districts": "Redditch"}
    presets = (read_preset("odas", "worcestershire"), read_preset("pilots", "falls"))
    assert len(write(tmp_path, answers, *presets)) == len(contents(default))
    people = tmp_path / "governance" / "people.yml"
    people.write_text("mine", encoding="utf-8")
    (tmp_path / "governance" / "partners.yml").unlink()
    assert [path.name for path in write(tmp_path, answers, *presets)] == ["partners.yml"]
    assert people.read_text(encoding="utf-8") == "mine"


def test_a_pilot_in_a_few_districts_meets_only_the_boards_that_serve_them() -> None:
    """A London pilot in two boroughs of one integrated care board has four partners, and 2 councils to add."""
    files = written(oda="london", districts="Bexley, Bromley")
    assert [place for place in files if "flows" in place] == [
        "flows/visit-offers.yml",
        "flows/visit-counts.yml",
        "flows/admission-counts.yml",
    ]
    text = files["partners.yml"]
    assert [each["id"] for each in yaml.safe_load(text)["partners"]][-1] == "nhs-south-east-london-icb"
    assert text.count("#   - {id: london-borough-of-") == 2


def test_several_boards_give_a_flow_each() -> None:
    """Where several integrated care boards serve the districts, each has its own flow of counts."""
    names = [place for place in written(oda="west-midlands", districts="Coventry, Dudley") if "admission" in place]
    assert names == [
        "flows/admission-counts-nhs-black-country-icb.yml",
        "flows/admission-counts-nhs-coventry-and-warwickshire-icb.yml",
    ]


@pytest.mark.parametrize("name", ODAS)
def test_a_preset_has_each_part_and_one_council_for_each_district(name: str) -> None:
    """Every area has its host, fire service, practices, boards and police, and every district its council."""
    oda = read_preset("odas", name)
    partners, codes = oda["partners"], [district["code"] for district in oda["districts"]]
    councils = [code for each in partners if each["part"] == "council" for code in each["districts"]]
    assert sorted(councils) == sorted(codes)
    boards = [code for each in partners if each["part"] == "icb" for code in each.get("districts", codes)]
    assert sorted(boards) == sorted(codes)
    parts = [each["part"] for each in partners]
    assert [part for part in ("host", "fire", "general_practice") if parts.count(part) != 1] == []
    assert "police" in parts
    assert {each["type"] for each in partners} <= set(OrganisationType.__args__)


def test_a_new_pilot_answers_every_flag_of_its_kind() -> None:
    """A falls pilot starts in the mode "invite" with each flag answered, so that no item is needed by mistake."""
    project = yaml.safe_load((TEMPLATE / "governance" / "project.yml").read_text(encoding="utf-8"))
    flags = Flags.model_validate(project["flags"])
    assert project["mode"] == "invite"
    answers = {flag: flags.answer(flag) for flag in Flags.model_fields}
    assert None not in answers.values()
    assert {flag for flag, yes in answers.items() if yes} == {
        "special_category",
        "health_confidential",
        "person_level_output",
    }


@pytest.mark.parametrize(("oda", "rows"), [("london", [8, 6, 6, 13]), ("west-midlands", [2, 4, 1])])
def test_each_board_counts_its_own_districts(oda: str, rows: list[int]) -> None:
    """A care board sends a row for each district that it serves, not for those of the whole area."""
    districts = ", ".join(each["code"] for each in read_preset("odas", oda)["districts"])
    files = written(oda=oda, districts=districts)
    counts = [yaml.safe_load(text)["volume"] for place, text in files.items() if "admission-counts" in place]
    assert counts == rows
    assert yaml.safe_load(files["flows/visit-counts.yml"])["volume"] == sum(rows)


def test_people_who_answer_an_offer_give_their_own_data() -> None:
    """The offer of a visit is no list handed over: the flow says that the person gives the data."""
    files = written()
    given = {place: yaml.safe_load(text)["given_by"] for place, text in files.items() if place.startswith("flows/")}
    assert [place for place, by in given.items() if by == "person"] == ["flows/visit-offers.yml"]


def test_the_readme_of_governance_is_short_and_names_every_file() -> None:
    """Whoever opens the folder finds each file that the checklist is about in one table."""
    text = (TEMPLATE / "governance" / "README.md").read_text(encoding="utf-8")
    subjects = {subject.path for item in load_checklist().items for subject in item.subjects}
    places = {path.split("/")[1] for path in subjects if path.startswith("governance/")}
    assert [place for place in sorted(places) if f"`{place}" not in text] == []
    assert text.count("\n") < 120


def test_the_falls_card_says_why_each_column_is_there() -> None:
    """Each column of the card has its reason, and no reason is about a column that is not there."""
    card = read_card(TEMPLATE / "governance" / "datasets" / "falls.yml")
    assert list(card.custody.columns) == [column.name for column in card.columns]
    assert card.custody.iao == "iao-1"
