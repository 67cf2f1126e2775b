"""Start a pilot's `governance/`: what the presets know is filled in, and what people decide is marked TODO.

Read afresh by path from the hook, as `answers.py` is. The same presets and answers give the same bytes.
A file that is there already is left as it is, so nobody's work is lost when a pilot is made again over itself.
"""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Answers = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
PLAIN = re.compile(r"[a-z][A-Za-z0-9_.-]*|[A-Z]\d{8}")
QUOTED = runpy.run_path(str(ROOT / "oda_template_root.py"))["quoted"]
NAMED = runpy.run_path(str(ROOT / "hooks" / "answers.py"))["named_districts"]
IN_FULL = {
    "sro": "senior responsible owner",
    "igl": "information governance lead, one for each controller",
    "igl_police": "information governance lead of the police force",
    "dpo": "data protection officer",
    "siro": "senior information risk owner",
    "cg": "Caldicott Guardian",
    "cdo": "chief data officer",
    "iao": "information asset owner",
    "leg": "legal adviser",
    "commissioner": "commissioner: asks for the analysis",
    "analyst": "analyst: uses the data",
    "asr": "analytical assurer, never the analyst",
    "oc": "output checker: a second analyst, uses the data",
    "approver": "approver: accepts the result",
}
SCHEMAS = {  # for editors, by the file or folder in governance/
    "partners.yml": "schema/partners.json",
    "people.yml": "schema/people.json",
    "flows": "../schema/flow.json",
    "dsa": "../schema/agreement.json",
}
USERS = ("analyst", "oc")

# What partners decide about every flow, with what is commonly written; a preset's own words take its place.
FLOW: Answers = {
    "given_by": "sender",
    "purpose": "TODO: why the data move, in a line",
    "data_subjects": ["TODO: whom the data are about, such as older_people"],
    "data_items": ["TODO: what moves, by column"],
    "categories": ["TODO: such as user.contact.address or user.health_and_medical"],
    "art6": "TODO: the basis of each controller (often A6-1-e-official-authority)",
    "art9": "TODO: none, or the condition (often A9-2-h or A9-2-g)",
    "sch1": "TODO: none, or the condition of Schedule 1 to the Data Protection Act 2018",
    "policy_document": "TODO: none, or the name of the appropriate policy document",
    "art10": "none",
    "le_part3": False,
    "power": {
        "act": "TODO: the law that lets the data be given",
        "text": "TODO: what that law lets the organisation do",
    },
    "gateway": {"id": "TODO: none, or the information-sharing gateway in law", "reason": "TODO: why, in a line"},
    "confidentiality": {
        "owed": "TODO: true or false (counts about nobody: often false)",
        "route": "TODO: consent, direct_care, s251, public_interest or not_owed",
        "decided_by": "TODO: caldicott_guardian, igl or dpo",
    },
    "opt_out": {
        "national_data_opt_out": "TODO: check, applied or does_not_apply",
        "local_objection": "TODO: honoured or does_not_apply",
    },
    "transparency": {
        "privacy_notice": "TODO: https:// address of the privacy notice",
        "art14_days": 30,
        "complaints_url": "TODO: https:// address for complaints",
    },
    "frequency": "TODO: once, daily, weekly, monthly, quarterly, yearly or ad_hoc",
    "volume": "TODO: people or rows each time, a whole number",
    "method": "TODO: secure_file_transfer, physical, third_party_software, portal or api",
    "method_tested_on": "TODO: day of the test with a dummy file, such as 2027-01-31",
    "location": "UK",
    "identifiability": "TODO: identifiable, pseudonymised, anonymous or synthetic",
    "retention": {
        "until": "TODO: last day the copy is kept, such as 2028-03-31",
        "disposal": "TODO: secure_delete, return or certified_destruction",
        "source_record_untouched": True,
    },
    "incident": {"report_within_hours": 24, "to": ["TODO: who is told at each organisation, by role"]},
    "risk": {
        "likelihood": "TODO: remote, possible or probable",
        "severity": "TODO: minimal, significant or severe",
        "residual": "TODO: low, medium or high, once the safeguards are there",
    },
    "review_by": "TODO: day of the next review, such as 2027-09-30",
}
NOTES = {
    "given_by": "sender, or person: the sender tells people of the offer, and they give the data themselves.",
    "art6": "One basis for all, or one each: {organisation: basis}. A public body cannot use A6-1-ea or A6-1-f.",
    "volume": "A whole number. Of counts: rows each time, at most.",
    "clauses": (
        "Those that the signed document has, of: purpose, roles, legal_basis, data_items, use_of_data,\n"
        "security_of_transfer, protection, individual_rights, freedom_of_information, loss_reported_within_24_hours,\n"
        "retention_and_deletion, representatives, publications, disputes, termination, review.\n"
        "For one left out, add a line missing_clauses_why."
    ),
    "document": (
        "The signed document stays outside this folder. Its hash: certutil -hashfile FILE SHA256 (Windows), "
        "sha256sum FILE (Linux)."
    ),
    "assurance": "scheme: dspt, cyber_essentials, cyber_essentials_plus or iso27001.",
}
PARTNERS = """\
# The organisations that take part, and whom to write to: a shared mailbox, not a person's own.
# Names are as in 2026: check them. One with no part in a flow, an agreement or people.yml can be taken out.
# type: local_authority, combined_authority, police, fire, nhs, education, central_government, housing_association,
# charity, company or university.
"""
OTHERS = """
# Others of the area. When one joins, take the # and the space after it away.
"""
PEOPLE = """\
# The people who take part. The id stands in sign-offs, so it stays when the name is filled in.
# One person may hold several roles, as in roles: [sro, approver]; take the entry that is left over out.
# The assurer (asr) and the output checker (oc) are never the analyst.
"""
FLOWS = "# TODO marks what the partners decide. The words after it are there to help; your answer takes their place."
AGREEMENT = """\
# The data sharing agreement. Its parties are the controllers of the flows in governance/flows/: keep the two the same.
# This file says where the signed document stands, and is not that document.
"""


def write(pilot: Path, answers: Answers, oda: Answers, kind: Answers) -> list[Path]:
    """Write the files of `governance/` that are not there yet; return those written."""
    written = []
    for place, text in contents(answers, oda, kind).items():
        path = pilot / "governance" / place
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(path)
    return written


def contents(answers: Answers, oda: Answers, kind: Answers) -> dict[str, str]:
    """Return each file's text, by its path in `governance/`."""
    plan, agreement = kind["governance"], f"{answers['oda']}-sharing"
    codes = {code for code, _ in NAMED(answers["districts"], oda)}
    area = [partner for partner in oda["partners"] if codes.intersection(partner.get("districts", codes))]
    played = {
        part: [each for each in area if each["part"] == part]
        or [each for each in oda["partners"] if each["part"] == part]
        for part in plan["partners"]
    }
    files = {
        "partners.yml": partners_text([each for found in played.values() for each in found], area),
        "people.yml": people_text(plan["people"], played),
    }
    parties: dict[str, None] = {}  # in the order they are met
    for planned in plan["flows"]:
        for name, sender, receiver in ends(planned, played):
            rows = len(codes.intersection(*(org.get("districts", codes) for org in (sender, receiver))))
            files[f"flows/{name}.yml"] = flow_text(planned, name, (sender, receiver), agreement, rows)
            parties |= {sender["id"]: None, receiver["id"]: None}
    files[f"dsa/{agreement}.yml"] = agreement_text(agreement, answers["title"].strip(), list(parties))
    return {
        place: f"# yaml-language-server: $schema={SCHEMAS[place.partition('/')[0]]}\n{text}"
        for place, text in files.items()
    }


def ends(planned: Answers, played: dict[str, list[Answers]]) -> Iterator[tuple[str, Answers, Answers]]:
    """Yield a flow's name, sender and receiver; where several organisations play a part, a flow for each."""
    pairs = [(sender, receiver) for sender in played[planned["from"]] for receiver in played[planned["to"]]]
    for sender, receiver in pairs:
        several = [org["id"] for org in (sender, receiver) if len(played[org["part"]]) > 1]
        yield "-".join([planned["id"], *several]), sender, receiver


def partners_text(partners: list[Answers], area: list[Answers]) -> str:
    """Return `partners.yml`: those who take part, and as comments the others of the area."""
    entries = []
    for each in partners:
        told = {"id": each["id"], "name": each["name"], "type": each["type"]}
        todo = {
            "contact": "TODO: mailbox of the information governance lead",
            "data_protection_officer": "TODO: mailbox of the data protection officer",
        }
        entries.append(note(each.get("note", ""), 2) + entry({**told, **todo}))
    others = [each for each in area if each not in partners]
    listed = [
        f"#   - {{id: {each['id']}, name: {scalar(each['name'])}, type: {each['type']}, "
        "contact: TODO, data_protection_officer: TODO}\n"
        for each in others
    ]
    return PARTNERS + "partners:\n" + "".join(entries) + (OTHERS + "".join(listed) if listed else "")


def people_text(planned: list[Answers], played: dict[str, list[Answers]]) -> str:
    """Return `people.yml`: one person to be named for each role, at the organisation that fills it."""
    entries = []
    for row in planned:
        role = row["role"]
        places = [each["id"] for part in row["at"] for each in played[part]]
        for number, place in enumerate(places, start=1):
            person: Answers = {"id": f"{role.replace('_', '-')}-{number}", "name": "TODO: name"}
            person |= {"organisation": place, "roles": [role]}
            if role in USERS:
                person["trained_on"] = "TODO: day of the last data protection training, such as 2026-11-30"
                person["access_until"] = "TODO: last day of access, such as 2027-09-30"
            entries.append((note(IN_FULL[role], 2) if number == 1 else "") + entry(person))
    return PEOPLE + "people:\n" + "".join(entries)


def flow_text(planned: Answers, name: str, parties: tuple[Answers, Answers], agreement: str, rows: int) -> str:
    """Return one flow: what the preset knows, and TODO where partners decide."""
    sender, receiver = ({"org": each["id"], "role": "controller", "type": each["type"]} for each in parties)
    said = {  # in the order of FLOW, as the hook's JSON is sorted by name
        key: {**usual, **planned.get(key, {})} if isinstance(usual, dict) else planned.get(key, usual)
        for key, usual in FLOW.items()
    }
    if said["volume"] == "districts":  # those of the pilot that both ends serve, where the preset knows them
        said["volume"] = rows or FLOW["volume"]
    about = "\n".join([*planned["about"], FLOWS.removeprefix("# ")])
    return note(about, 0) + mapping({"id": name, "from": sender, "to": receiver, **said, "dsa": agreement})


def agreement_text(name: str, title: str, parties: list[str]) -> str:
    """Return the agreement between the controllers of the flows."""
    owner = "TODO: the role that answers for the agreement there"
    assured = {"scheme": "TODO: dspt or another", "status": "TODO: such as standards met", "year": "TODO: such as 2026"}
    return AGREEMENT + mapping(
        {
            "id": name,
            "title": f"Data sharing agreement: {title}",
            "parties": [{"org": party, "owner": owner} for party in parties],
            "starts": "TODO: first day, such as 2027-01-01",
            "ends": "TODO: last day, such as 2028-12-31",
            "review_by": "TODO: day of the next review, such as 2027-09-30",
            "clauses": ["TODO: the clauses that the document has"],
            "document": {
                "name": "TODO: name of the signed file",
                "sha256": "TODO: its hash, 64 signs in small letters",
            },
            "assurance": [{"org": party, **assured} for party in parties],
        }
    )


def mapping(content: Answers, indent: int = 0) -> str:
    """Return a mapping as lines of YAML, each key with its comment, if it has one, above it."""
    lines = []
    for key, value in content.items():
        pad = " " * indent
        lines.append(note(NOTES.get(key, ""), indent) if indent == 0 else "")
        if isinstance(value, dict):
            lines.append(f"{pad}{key}:\n{mapping(value, indent + 2)}")
        elif isinstance(value, list) and isinstance(value[0], dict):
            lines.append(f"{pad}{key}:\n{''.join(map(entry, value))}")
        else:
            lines.append(f"{pad}{key}: {scalar(value)}\n")
    return "".join(lines)


def entry(content: Answers) -> str:
    """Return one entry of a list of mappings as lines of YAML."""
    return "  - " + mapping(content, 4).lstrip()


def note(text: str, indent: int) -> str:
    """Return a comment, a line for each line of the text; nothing where there is none."""
    return "".join(f"{' ' * indent}# {line}\n" for line in text.splitlines())


def scalar(value: object) -> str:
    """Return a value as YAML on one line: text in double quotes unless it reads back as it stands."""
    if isinstance(value, list):
        return f"[{', '.join(map(scalar, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if isinstance(value, int) or (PLAIN.fullmatch(text) and yaml.safe_load(text) == text):
        return text
    return QUOTED(text)
