"""What a signer reads of the analysis: questions, plans, quality, models, linkage, made-up data, release and close."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from oda.governance.files.quality import quality_questions
from oda.governance.telling.project import fields
from oda.governance.telling.reading import Reading, Told, ended, words
from oda.governance.wording import DISPOSALS

REPLIES = {"yes": "yes", "no": "no", "not_applicable": "not applicable"}
PLAN = ("decision_rule", "design", "baseline", "sample", "theory_of_change")


def tell_questions(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:  # noqa: ARG001  as all are called
    """Tell each question of the pilot with the answer expected.

    Parameters
    ----------
    reading
        `pilot.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        An entry a question.
    """
    asked = reading.entries("questions")
    for number, one in enumerate(asked, start=1):
        where = f"[{one.say('id')}, report: {one.say('report')}, evidence: {words(one.value('evidence'))}]"
        one.say("evidence")
        text = f"{number}. {one.say('question')} EXPECTED: {ended(one.say('expected'))} {where}"
        yield Told(about="questions", text=text, heading=f"Questions ({len(asked)}), each with the answer expected:")
    districts = [_district(one) for one in reading.entries("districts")]
    if districts:
        yield Told(about="districts", text=f"Districts ({len(districts)}): {'; '.join(districts)}")


def _district(one: Reading) -> str:
    """Say one district, with the month in which visits began."""
    since = f", visits from {one.say('visits_from')}" if one.value("visits_from") is not None else ""
    return f"{one.say('name')} ({one.say('code')}){since}"


def tell_evaluation(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:  # noqa: ARG001  as above
    """Tell the evaluation plan: what is done at which result first.

    Parameters
    ----------
    reading
        `governance/evaluation.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        The rule of decision, the outcomes, then the rest.
    """
    yield from fields(reading, "what will be done at which result", PLAN[0])
    for one in reading.entries("outcomes"):
        primary = {"yes": "the decision turns on it", "no": "the decision does not turn on it"}
        turns = one.say("primary")
        unit = f"in {one.say('unit')}, from {one.say('dataset')}; {primary.get(turns, turns)}"
        yield Told(about="outcomes", text=f"- {one.say('name')}, {unit}", heading="What is measured:")
    for part in PLAN[1:]:
        yield from fields(reading, words(part), part)
    for one in reading.entries("risks"):
        text = f"- {ended(one.say('risk'))} What is done: {one.say('response')}"
        yield Told(about="risks", text=text, heading="Risks to the evaluation:")
    yield Told(about="review", text=f"Looked at again by: {reading.say('review_by')}")


def tell_quality(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:
    """Tell the answers to the quality questions: counts, then every no with its note.

    Parameters
    ----------
    reading
        `governance/aqa/questions.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        A yes is named only where more stands with it.
    """
    texts = {key: text for stage in quality_questions().values() for key, text in stage.questions.items()}
    found: dict[str, list[str]] = {}
    for name, inner in reading.named("answers"):
        whole = isinstance(inner.content, Mapping)
        answer = inner.say("answer", names=REPLIES) if whole else inner.say(names=REPLIES)
        more = "; ".join(f"{where.rpartition(', ')[2]}: {value}" for where, value in inner.rest()) if whole else ""
        inner.say()
        known = answer if answer in REPLIES.values() else "not yes, no or not applicable"
        said = "" if known == answer else f" {answer}"
        found.setdefault(known, []).append(f"{words(texts.get(name, name))}{said}{f' {more}' if more else ''}")
        if known == "yes" and not more:
            found["yes"][-1] = ""
    silent = len(texts) - sum(map(len, found.values()))
    counts = "; ".join(f"{answer}: {len(each)}" for answer, each in found.items())
    who = f"answered by the {reading.say('answered_by', names=roles)} on {reading.say('answered_on')}"
    missing = f"; not answered: {silent}" if silent > 0 else ""
    yield Told(about="quality questions", text=f"Of {len(texts)} quality questions, {who}: {counts}{missing}.")
    for answer in ("no", "not yes, no or not applicable", "not applicable", "yes"):
        for text in filter(None, found.get(answer, [])):
            yield Told(about="quality questions", text=f"- {text}", heading=f"Answered {answer}:")


def tell_statement(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:
    """Tell the assurer's statement, its limits and what is not resolved.

    Parameters
    ----------
    reading
        `governance/aqa/statement.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        The statement first.
    """
    who = f"by the {reading.say('assured_by', names=roles)} on {reading.say('assured_on')}"
    yield Told(about="statement", text=f"Statement, assured {who}: {reading.say('statement')}")
    if reading.value("unresolved") == []:
        yield Told(about="not resolved", text=f"Not resolved: {reading.say('unresolved')}")
    for one in reading.entries("unresolved"):
        effect = f"Effect: {ended(one.say('effect'))} Dealt with by: {one.say('owner', names=roles)}"
        text = f"- {ended(one.say('issue'))} {effect}"
        yield Told(about="not resolved", text=text, heading="Not resolved:")
    yield Told(about="limits", text=f"Limits: {reading.say('limits')}")
    yield Told(about="assurance", text=f"What was assured: {reading.say('assured')}")
    yield Told(about="assurance", text=f"How: {reading.say('how')}")
    enough = f"{reading.say('proportionate')}: {reading.say('proportionate_why')}"
    yield Told(about="assurance", text=f"In proportion to what hangs on it, {enough}")


def tell_release(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:  # noqa: ARG001  as above
    """Tell what is released: the findings with their reasons, the rule, the pages and where the figures come from.

    Parameters
    ----------
    reading
        `governance/outputs/<date>-<name>.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        What a person must judge comes first.
    """
    name = f"{reading.say('name')}, {reading.say('title')}, prepared on {reading.say('prepared')}"
    yield Told(about="release", text=f"Release {name}, of run {reading.say('run')}")
    at = "disclosure"
    rule = f"counts below {reading.say(at, 'hide_below')} hidden, others rounded to {reading.say(at, 'round_to')}"
    done = f"counts shown: {reading.say(at, 'counts_shown')}; cells hidden: {reading.say(at, 'cells_hidden')}"
    laxer = f"; laxer because: {reading.say(at, 'laxer_because')}" if reading.value(at, "laxer_because") else ""
    yield Told(about="rule", text=f"Rule: {rule}; {done}{laxer}")
    findings = reading.entries(at, "findings")
    for one in findings:
        what = f"{one.say('where')}, {one.say('what')}: {one.say('numbers')} numbers, such as {one.say('such_as')}"
        heading = f"Small or unrounded numbers that may stand ({len(findings)}), each with why:"
        yield Told(about="findings", text=f"- {what}. Why: {one.say('why')}", heading=heading)
    files = reading.entries("files")
    for one in files:
        text = f"- {one.say('path')} ({one.say('kind')}, {one.say('bytes')} bytes) {_hash(one, 'sha256')}"
        yield Told(about="files", text=text, heading=f"What is published ({len(files)} files):")
    for one in reading.entries("data"):
        text = f"- {one.say('dataset')} ({one.say('class')}), {one.say('path')}{_hash(one, 'sha256', before=' ')}"
        yield Told(about="data", text=text, heading="The figures come from:")
    for part in ("run_record", "results"):
        yield Told(about="hashes", text=f"{words(part).capitalize()}: {_hash(reading, part)}")
    if reading.asks("schema"):
        yield Told(about="form", text=f"Form of this file: {reading.say('schema')}")


def _hash(reading: Reading, name: str, before: str = "") -> str:
    """Say a hash; nothing where there is none and it comes after other words."""
    return "" if before and not reading.value(name) else f"{before}SHA-256 {reading.say(name)}"


def tell_close(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:
    """Tell what was deleted, what is kept and the end in the register.

    Parameters
    ----------
    reading
        `governance/close.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        An entry a copy that was deleted.
    """
    untouched = reading.say("source_record_untouched")
    yield Told(about="close", text=f"Closed on {reading.say('closed_on')}; source records stay untouched: {untouched}")
    for one in reading.entries("deletions"):
        who = f"certified by the {one.say('certified_by', names=roles)}{_hash(one, 'certificate_sha256', before=', ')}"
        text = f"{one.say('dataset')} at {one.say('partner')}: {one.say('method', names=DISPOSALS)} on"
        yield Told(about="deletions", text=f"- {text} {one.say('deleted_on')}, {who}", heading="Copies deleted:")
    if reading.value("nothing_to_delete_why"):
        yield Told(about="deletions", text=f"Why nothing is deleted: {reading.say('nothing_to_delete_why')}")
    for one in reading.entries("kept"):
        text = f"- {one.say('what')}, until {one.say('until')}, by the {one.say('by', names=roles)}: {one.say('why')}"
        yield Told(about="kept", text=text, heading="Kept:")
    yield Told(about="register", text=f"End date in the public register: {reading.say('dea_register_end')}")
    yield Told(about="lessons", text=f"The lessons are in: {reading.say('lessons')}")


def tell_sections(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:
    """Tell a file section by section, each value under its own name; lists of entries a line an entry.

    Parameters
    ----------
    reading
        A file without words of its own.
    roles
        The titles of roles.

    Yields
    ------
    Told
        In the order of the file.
    """
    for name, inner in reading.named():
        label = words(name).capitalize()
        rows = inner.entries()
        for one in rows:
            yield Told(about=words(name), text=f"- {_values(one, roles)}", heading=f"{label} ({len(rows)}):")
        if isinstance(inner.content, Mapping) and inner.content:
            yield Told(about=words(name), text=f"{label}: {_values(inner, roles)}")
        elif not rows:
            yield Told(about=words(name), text=f"{label}: {inner.say(names=roles)}")


def _values(reading: Reading, roles: Mapping[str, str]) -> str:
    """Say the values of an entry one after the other."""
    return "; ".join(f"{words(name)}: {inner.say(names=roles)}" for name, inner in reading.named())
