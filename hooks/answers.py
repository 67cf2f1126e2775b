"""The answers to the template's questions: checked, and turned into the districts of `pilot.yml`.

Read afresh by path, from the hooks and from `pilot.yml`, so it can change between versions of the template.
"""

import datetime as dt
import re
from typing import Any

Answers = dict[str, Any]

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
CODE_AND_NAME = re.compile(r"([A-Z]\d{8})\s+(\S.*)")
ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
NOT_TEXT = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")
RESERVED = {
    "aux",
    "con",
    "nul",
    "prn",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)),
}  # by Windows
LONGEST_FOLDER = 40
TEXTS = {"title": (1, 120), "lead_role": (1, 120), "lead_contact": (3, 254)}


def refuse(answers: Answers, preset: Answers) -> str:
    """Stop with one sentence when an answer is bad; called after the last question, before any folder is made.

    A hook would come too late, as the folder is made before it runs, and cookiecutter adds a traceback to what it says.
    """
    from cookiecutter.exceptions import FailedHookException

    sentence = fault(answers, preset)
    if sentence:
        raise FailedHookException(sentence)
    return "yes"


def folder_fault(project: str) -> str:
    """Say what is wrong with the name of the pilot's folder, or nothing."""
    if len(project) <= LONGEST_FOLDER and SLUG.fullmatch(project) and project not in RESERVED:
        return ""
    return (
        f"project: {project!r} cannot be the name of a folder. "
        f"Use at most {LONGEST_FOLDER} small letters, digits and single hyphens, "
        "beginning with a letter, such as falls-and-frailty."
    )


def fault(answers: Answers, preset: Answers) -> str:
    """Say in one sentence what is wrong with the first bad answer, or nothing."""
    found = [
        folder_fault(answers["project"]),
        *(text_fault(name, answers[name], *size) for name, size in TEXTS.items()),
        contact_fault(answers["lead_contact"]),
        date_fault(answers["start_date"]),
        districts_fault(answers["districts"], preset),
    ]
    return next((sentence for sentence in found if sentence), "")


def text_fault(name: str, value: str, shortest: int, longest: int) -> str:
    """Say whether a text is too short, too long or holds what no one can read."""
    if NOT_TEXT.search(value):
        return f"{name}: {value!r} holds a control character. Type it on one line, as plain text."
    if not shortest <= len(value.strip()) <= longest:
        return f"{name}: {value!r} has {len(value.strip())} characters. Use {shortest} to {longest}."
    return ""


def contact_fault(value: str) -> str:
    """Say whether the contact is not an e-mail address."""
    if ADDRESS.fullmatch(value):
        return ""
    return f"lead_contact: {value!r} is not an e-mail address. Give a shared mailbox, such as oda-lead@example.org."


def date_fault(value: str) -> str:
    """Say whether the start is not a day of the calendar."""
    try:
        written = dt.date.fromisoformat(value).isoformat()
    except ValueError:
        written = ""
    if written == value:
        return ""
    return f"start_date: {value!r} is not a date. Write it as year-month-day, such as 2025-04-01."


def districts_fault(value: str, preset: Answers) -> str:
    """Say which districts are unknown, or stand twice, or that there are none."""
    pairs = named_districts(value, preset)
    unknown = [name for code, name in pairs if not code]
    if not pairs:
        return "districts: none given. Name at least one, with commas between them."
    if unknown:
        known = ", ".join(district["name"] for district in preset["districts"])
        return (
            f"districts: {', '.join(map(repr, unknown))} not found in {preset['area']}. Its districts are {known}; "
            "write any other as its ONS code and name, such as E07000234 Bromsgrove."
        )
    for values in ([code for code, _ in pairs], [file_name(name) or code for code, name in pairs]):
        twice = sorted({each for each in values if values.count(each) > 1})
        if twice:
            return f"districts: {', '.join(twice)} stands more than once. Name each district once."
    return next((sentence for _, name in pairs if (sentence := text_fault("districts", name, 1, 120))), "")


def file_name(name: str) -> str:
    """Return a district's name as it stands in file names."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def named_districts(value: str, preset: Answers) -> list[tuple[str, str]]:
    """Return (code, name) of each district named; the code is empty when it is unknown.

    Commas stand between districts, or semicolons when a name itself holds a comma.
    """
    known = {}
    for district in preset["districts"]:
        pair = (district["code"], district["name"])
        known[district["code"]] = known[district["name"].casefold()] = pair
    pairs = []
    for entry in filter(None, map(str.strip, value.split(";" if ";" in value else ","))):
        written = CODE_AND_NAME.fullmatch(entry)
        own = (written[1], written[2]) if written else ("", entry)
        pairs.append(known.get(entry) or known.get(entry.casefold()) or own)
    return pairs


def districts(answers: Answers, preset: Answers, rollout: Answers) -> list[Answers]:
    """Return the pilot's districts: code, name and, where visits begin, their first month."""
    start = dt.date.fromisoformat(answers["start_date"])
    planned = []
    for place, (code, name) in enumerate(named_districts(answers["districts"], preset)):
        visited, wave = place % rollout["every"] == 0, place // rollout["every"] % rollout["waves"]
        month = months_after(start, wave * rollout["months_between_waves"]) if visited else ""
        planned.append({"code": code, "name": name, "visits_from": month})
    return planned


def months_after(start: dt.date, months: int) -> str:
    """Return the month that many months after the start, as 2025-04."""
    years, month = divmod(start.month - 1 + months, 12)
    return f"{start.year + years:04d}-{month + 1:02d}"
