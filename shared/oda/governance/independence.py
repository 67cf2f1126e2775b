"""Who may not sign: an analyst as the one who checks the analysis, and a witness who is not one."""

from __future__ import annotations

from collections.abc import Iterator

from oda.governance.evidence import Evidence
from oda.governance.signoffs import PullRequest

INDEPENDENT = frozenset({"asr", "oc"})  # they check what an analyst did, so no analyst can be one
WITNESSES = frozenset({"igl", "dpo", "siro", "cdo"})


def independence_faults(
    role: str, person: str, organisation: str, seen: PullRequest | None, evidence: Evidence
) -> Iterator[str]:
    """Say why a signer, or the witness of a pull request, does not stand where they must.

    Parameters
    ----------
    role, person, organisation
        Who decides, in which role, for which organisation.
    seen
        The pull request, where the person has no key.
    evidence
        The people of the pilot, and the list of signers.

    Yields
    ------
    str
        Each reason, in words.
    """
    if role in INDEPENDENT and (why := _dependent(person, evidence)):
        yield f"{why}; a person who did not do the work signs it"
    if seen is not None:
        yield from _witness_faults(role, person, organisation, seen, evidence)


def _dependent(person: str, evidence: Evidence) -> str:
    """Say why a person does not stand apart from the analysis; nothing where the person does."""
    if evidence.people is None:
        return "governance/people.yml does not say who the analysts are"
    analysts = evidence.people.holding("analyst")
    if person in analysts:
        return f"{person} is an analyst of this pilot"
    keys = {one.key.fingerprint for one in evidence.trust.signers if one.person == person}
    shared = sorted({o.person for o in evidence.trust.signers if o.person in analysts and o.key.fingerprint in keys})
    return f"{person} signs with the key of {shared[0]}, an analyst of this pilot" if shared else ""


def _witness_faults(role: str, person: str, organisation: str, seen: PullRequest, evidence: Evidence) -> Iterator[str]:
    """Say why a sign-off by pull request does not count."""
    people = evidence.people.people if evidence.people else ()
    if seen.witness_role not in WITNESSES:
        yield f"a pull request is witnessed by one of {', '.join(sorted(WITNESSES))}"
    if seen.witness == person:
        yield f"{person} cannot be the witness of their own approval"
    if why := _dependent(seen.witness, evidence):
        yield f"the witness does not count, since {why}"
    if not any((one.id, one.organisation) == (person, organisation) and role in one.roles for one in people):
        yield f"governance/people.yml has no {person} as {role} of {organisation}"
