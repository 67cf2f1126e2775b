"""A pilot with personal data, every file filled in, and people with keys of their own: what tests of sign-offs share.

Nothing is baked: the files are the template's own drafts with a value at each TODO, and short ones written here. They
are made once a session and copied, so a test begins within a tenth of a second at an open `load` gate.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from checkout import TEMPLATE
from oda.governance import Assessment, assess, trust
from oda.governance.files import KINDS
from oda.governance.files.base import check
from oda.governance.files.logs import LOGS
from oda.governance.log import append
from oda.governance.preparing import Act, prepare, ready, who_signs
from oda.governance.probes import hash_key, measure
from oda.governance.signers import NAMESPACE, SIGNERS_FILE
from oda.governance.signing import sign
from oda.governance.trust import VARIABLE
from oda.pilot import Pilot, load_pilot, read_yaml

TODAY = dt.datetime.now(dt.UTC).date()
AHEAD, BEFORE = TODAY + dt.timedelta(days=300), TODAY - dt.timedelta(days=30)
ORGANISATIONS = {"icb": "nhs", "fire": "fire", "council": "local_authority"}
# Who signs, in an order in which every item comes up: one information governance lead for each controller.
SIGNERS = {
    "sam": "sro@council",
    "iris": "igl@council",
    "ivy": "igl@icb",
    "ian": "igl@fire",
    "leo": "leg@council",
    "dora": "dpo@council",
    "carl": "cdo@council",
    "sid": "siro@council",
    "olga": "iao@icb",
    "asa": "asr@council",
    "otto": "oc@council",
    "cora": "cg@icb",
}
OTHERS = {"anna": "analyst@council", "bob": "commissioner@council", "sue": "approver@council"}
SHIPPED = ("dpia", "ethics", "eqia", "confidentiality", "evaluation", "aqa/questions", "aqa/statement")
FLOWS = {"gp-to-fire": ("icb", "fire"), "fire-to-council": ("fire", "council")}
DATA = "district_code,period,visits\nE07000236,2026-01,12\nE07000237,2026-01,9\n"
IGNORED = "data/raw/*\ndata/derived/*\ndata/synthetic/*\n"

PILOT: dict[str, Any] = {
    "pilot": {
        "title": "Falls",
        "slug": "falls",
        "kind": "falls",
        "oda": "worcestershire",
        "oda_name": "Worcestershire",
        "start_date": TODAY,
        "lead": {"role": "Lead", "contact": "lead@example.org"},
        "licence": "MIT",
        "template_version": "0.1.0",
    },
    "districts": [{"code": "E07000236", "name": "Redditch"}, {"code": "E07000237", "name": "Worcester"}],
    "questions": [
        {"id": "effect", "report": "board", "question": "Did it work?", "expected": "Yes, a bit.", "evidence": "e"}
    ],
    "run": [{"notebook": "notebooks/10-data.ipynb"}],
    "reports": [{"document": "reports/board.qmd"}],
    "disclosure": {"hide_below": 8, "round_to": 5},
}
PROJECT: dict[str, Any] = {
    "purpose": "Learn whether home visits reduce falls.",
    "action": "Visits go on, change or stop.",
    "benefit": "Fewer falls among older people.",
    "why_personal_data": "Who was visited is known by address only.",
    "mode": "share",
    "review_by": AHEAD,
    "flags": {
        "special_category": True,
        "criminal_offence": False,
        "children": False,
        "health_confidential": True,
        "person_level_output": True,
        "predictive_model": False,
        "central_gov": False,
        "dea_power": False,
        "vcs_partner": False,
        "single_controller": False,
        "automated_decision": False,
        "linkage": False,
        "synthetic_from_real": False,
    },
    "environment": {"place": "Council server", "country": "UK", "encrypted": True, "access_log": True},
    "incident": {"tell": ["risk@example.org"], "partners_within_hours": 24, "regulator_within_hours": 72},
}
AGREEMENT: dict[str, Any] = {
    "id": "falls-2026",
    "title": "Sharing for fewer falls",
    "parties": [{"org": org, "owner": "Information governance lead"} for org in ORGANISATIONS],
    "starts": BEFORE,
    "ends": AHEAD,
    "review_by": AHEAD,
    "clauses": [],
    "missing_clauses_why": "They stand in the framework agreement.",
    "document": {"name": "falls.pdf", "sha256": "0" * 64},
    "assurance": [
        {"org": org, "scheme": "cyber_essentials", "status": "Certified", "year": TODAY.year} for org in ORGANISATIONS
    ],
}
CARD: dict[str, Any] = {
    "name": "gp_list",
    "title": "Visits by practice",
    "licenses": [{"name": "none"}],
    "sources": [{"title": "The practices"}],
    "resources": [
        {
            "name": "gp_list",
            "path": "data/raw/gp.csv",
            "rows": 2,
            "schema": {
                "fields": [
                    {"name": "district_code", "type": "string"},
                    {"name": "period", "type": "string"},
                    {"name": "visits", "type": "integer"},
                ]
            },
        }
    ],
    "x-ig": {
        "class": "personal",
        "controller": "icb",
        "iao": "olga",
        "flows": ["gp-to-fire"],
        "columns": {
            "district_code": {"why": "Districts are compared.", "shared": True},
            "period": {"why": "Visits began in different months."},
            "visits": {"why": "It is what is counted.", "shared": True},
        },
    },
}


def flow(name: str, sender: str, receiver: str, **other: Any) -> dict[str, Any]:
    """Return a flow between two controllers, valid in every part."""
    parties = {
        end: {"org": org, "role": "controller", "type": ORGANISATIONS[org]}
        for end, org in (("from", sender), ("to", receiver))
    }
    return {
        "id": name,
        **parties,
        "purpose": "Home safety visits",
        "data_subjects": ["older people"],
        "data_items": ["district_code", "visits"],
        "categories": ["user.health_and_medical"],
        "art6": "A6-1-e",
        "art9": "A9-2-h",
        "sch1": "health",
        "policy_document": "https://example.org/policy",
        "power": {"act": "Fire and Rescue Services Act 2004 section 6"},
        "gateway": {"id": "none", "reason": "The power alone"},
        "confidentiality": {"owed": True, "route": "consent", "decided_by": "caldicott_guardian"},
        "opt_out": {"national_data_opt_out": "applied", "local_objection": "honoured"},
        "transparency": {
            "privacy_notice": "https://example.org/privacy",
            "art14_days": 30,
            "complaints_url": "https://example.org/complain",
        },
        "frequency": "monthly",
        "volume": 1200,
        "method": "secure_file_transfer",
        "method_tested_on": BEFORE,
        "location": "UK",
        "identifiability": "identifiable",
        "retention": {"until": AHEAD, "disposal": "secure_delete", "source_record_untouched": True},
        "incident": {"report_within_hours": 24, "to": ["risk@example.org"]},
        "risk": {"likelihood": "possible", "severity": "significant", "residual": "low"},
        "review_by": AHEAD,
        "dsa": "falls-2026",
        **other,
    }


def people() -> dict[str, Any]:
    """Return the people of the pilot, each in one role."""
    rows = []
    for person, place in {**SIGNERS, **OTHERS}.items():
        role, _, organisation = place.partition("@")
        uses = {"trained_on": BEFORE, "access_until": AHEAD} if role in {"analyst", "oc"} else {}
        rows.append({"id": person, "name": person.title(), "organisation": organisation, "roles": [role], **uses})
    return {"people": rows}


def partners() -> dict[str, Any]:
    """Return the organisations of the pilot."""
    mail = "ig@example.org"
    return {
        "partners": [
            {"id": org, "name": f"The {org}", "type": kind, "contact": mail, "data_protection_officer": mail}
            for org, kind in ORGANISATIONS.items()
        ]
    }


# Writing and changing files


class _Plain(yaml.SafeDumper):
    """YAML without aliases, which no file of a pilot may hold."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  the dumper's own signature
        """Write everything out."""
        return True


def write(folder: Path | Pilot, place: str, content: object) -> Path:
    """Write a file of a pilot: text as it is, anything else as YAML."""
    path = (folder if isinstance(folder, Path) else folder.folder) / place
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (
        content if isinstance(content, str) else yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True)
    )
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def change(pilot: Pilot, place: str, edit: Callable[[dict[str, Any]], object]) -> Pilot:
    """Change what a YAML file of a pilot holds, and return the pilot as it is then."""
    content = read_yaml(pilot.folder / place)
    edit(content)
    write(pilot, place, content)
    return load_pilot(pilot.folder)


def put(content: Any, place: str, value: object) -> None:
    """Write a value at a place such as `risks.0.residual`."""
    *steps, last = (int(step) if step.isdigit() else step for step in place.split("."))
    for step in steps:
        content = content[step]
    content[last] = value


def filled(name: str) -> dict[str, Any]:
    """Return a draft of the template with a plausible value at each place that is still to do."""
    place = f"governance/{name}.yml"
    model = next(kind.model for kind in KINDS if kind.pattern == place)
    content = read_yaml(TEMPLATE / place)
    for todo in check(place, content, model).todos:
        put(content, todo, "As the steering group agreed.")
    if name == "evaluation":
        content["baseline"] |= {"from": "2023-01", "until": "2025-12"}
    if name == "aqa/questions":
        content["answers"] = dict.fromkeys(content["answers"], "yes")
    for _ in range(3):  # a wrong type hides what is wrong behind it
        try:
            model.model_validate(content)
        except ValidationError as error:
            for fault in error.errors():
                put(content, ".".join(map(str, fault["loc"])), _plausible(fault))
    return content


def _plausible(fault: Any) -> object:
    """Return a value of the type that a fault asks for; the first where there is a choice."""
    if fault["type"] == "literal_error":
        return re.findall(r"'([a-z0-9_]+)'", fault["ctx"]["expected"])[0]
    yes = fault["loc"][-1] == "approved"
    day = BEFORE if str(fault["loc"][-1]).endswith("_on") else AHEAD
    return {"bool_type": yes, "tuple_type": [], "date_from_datetime_parsing": day}[fault["type"]]


def write_files(folder: Path) -> Path:
    """Write every file of a pilot with personal data, each filled in and valid."""
    whole: dict[str, object] = {
        "pilot.yml": PILOT,
        ".gitignore": IGNORED,
        "data/raw/gp.csv": DATA,
        "governance/project.yml": PROJECT,
        "governance/people.yml": people(),
        "governance/partners.yml": partners(),
        "governance/dsa/falls-2026.yml": AGREEMENT,
        **{f"governance/{name}.yml": filled(name) for name in SHIPPED},
        **{f"governance/flows/{name}.yml": flow(name, *ends) for name, ends in FLOWS.items()},
    }
    for place, content in whole.items():
        write(folder, place, content)
    for place, columns in LOGS.items():
        row = ["2026-01-31" if "_on" in name else "green" if name in RATED else "as agreed" for name in columns]
        write(folder, place, f"{','.join(columns)}\n{','.join(row)}\n")
    hash_key(folder, create=True)
    write(folder, "governance/datasets/gp_list.yml", measured(folder, CARD))
    return folder


RATED = {"quality", "impact", "suitability"}


def measured(folder: Path, card: dict[str, Any]) -> dict[str, Any]:
    """Return a card with the hash and size of its file as they are."""
    resource = card["resources"][0]
    found = measure(folder, resource["path"], keyed=card["x-ig"]["class"] not in {"open", "synthetic"})
    return {**card, "resources": [{**resource, "hash": found.hash, "bytes": found.bytes}]}


# Keys and the list of signers


@cache
def keys_folder() -> Path:
    """Make a key for everyone, once a session, and one for a stranger."""
    folder = Path(mkdtemp(prefix="oda-keys-"))
    for person in (*SIGNERS, *OTHERS, "stranger"):
        new_key(folder / person)
    return folder


def new_key(path: Path) -> Path:
    """Make a key without a passphrase."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)], check=True)
    return path


def key(person: str) -> Path:
    """Return the private key of a person."""
    return keys_folder() / person


def listed(person: str, place: str, key_of: str = "", options: str = f'namespaces="{NAMESPACE}"') -> str:
    """Return the line of the list of signers for a person and a place such as `sro@council`."""
    kind, blob, _ = (keys_folder() / f"{key_of or person}.pub").read_text(encoding="ascii").split(maxsplit=2)
    return f"{person}:{place} {options} {kind} {blob}\n".replace("  ", " ")


def signers_list() -> str:
    """Return the partnership's list of signers; nobody who analyses is in it."""
    return "".join(listed(person, place) for person, place in SIGNERS.items())


def pin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Say outside the project that the list of signers is right as it is."""
    data = (folder / SIGNERS_FILE).read_bytes()
    monkeypatch.setenv(VARIABLE, hashlib.sha256(data).hexdigest())
    monkeypatch.setattr(trust, "MACHINE_FILE", folder.parent / "no-machine" / "trust.sha256")


# Pilots


@cache
def _unsigned() -> Path:
    """Make a pilot that nobody has signed, once a session."""
    folder = write_files(Path(mkdtemp(prefix="oda-unsigned-")) / "falls")
    write(folder, SIGNERS_FILE, signers_list())
    return folder


@cache
def _open() -> Path:
    """Make a pilot whose load gate is open, once a session."""
    with pytest.MonkeyPatch.context() as patched:
        pilot = _copy(_unsigned(), Path(mkdtemp(prefix="oda-open-")), patched)
        sign_all(pilot)
    return pilot.folder


def unsigned_pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot that is filled in and that nobody has signed."""
    return _copy(_unsigned(), tmp_path, monkeypatch)


def open_pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot whose load gate is open, signed by all."""
    return _copy(_open(), tmp_path, monkeypatch)


def _copy(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Copy a pilot, pin its list of signers, and read it."""
    folder = Path(shutil.copytree(source, tmp_path / "falls"))
    pin(folder, monkeypatch)
    return load_pilot(folder)


def sign_all(pilot: Pilot) -> Assessment:
    """Sign all that is ready, role by role, until nothing is."""
    while True:
        assessment = assess(pilot)
        waiting = [person for person, place in SIGNERS.items() if ready(assessment, *place.split("@"))]
        if not waiting:
            return assessment
        for person in waiting:
            sign(pilot, prepare(pilot, who_signs(pilot, key(person)), (), all_ready=True), key(person))


def sign_item(pilot: Pilot, item: str, person: str, **decision: Any) -> Path:
    """Have a person sign one item; a decision other than an approval is given by name."""
    prepared = prepare(pilot, who_signs(pilot, key(person)), (item,), act=Act(**decision))
    return sign(pilot, prepared, key(person))[0]


def reject(pilot: Pilot, item: str, person: str) -> Path:
    """Have a person reject an item."""
    return sign_item(pilot, item, person, decision="reject", reason="not as agreed")


def forge(pilot: Pilot, name: str, content: bytes, key_file: Path, namespace: str = NAMESPACE) -> Path:
    """Put a record in its place, signed by any key for any purpose and written to the log, as an attacker could."""
    path = pilot.folder / "governance" / "signoffs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    signature = path.with_name(f"{name}.sig")
    signature.unlink(missing_ok=True)
    words = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key_file), "-n", namespace, str(path)]
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
    item, _, number = path.stem.partition("-")
    body = {"item": item, "seq": int(number), "sha256": hashlib.sha256(content).hexdigest(), "decision": "approve"}
    append(pilot.folder, "sign", body)
    return path


def states(pilot: Pilot) -> dict[str, str]:
    """Return how every item stands, by its id."""
    return {finding.item: finding.state for finding in assess(pilot).findings}


def stale(pilot: Pilot) -> set[str]:
    """Return the items whose sign-off is no longer of what is there."""
    return {item for item, state in states(pilot).items() if state == "stale"}
