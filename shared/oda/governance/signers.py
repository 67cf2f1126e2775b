"""The list of who may sign as what, by which key: `governance/allowed_signers`, in OpenSSH's own form."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

NAMESPACE = "oda-ig-signoff"
SIGNERS_FILE = "governance/allowed_signers"
WEAKEST_RSA = 2048  # bits

# What follows the kind in a key's data: the length of each part in bytes, 0 where any will do.
SHAPES: dict[str, tuple[int, ...]] = {
    "ssh-ed25519": (32,),
    "sk-ssh-ed25519@openssh.com": (32, 0),
    "ecdsa-sha2-nistp256": (8, 65),
    "ecdsa-sha2-nistp384": (8, 97),
    "ecdsa-sha2-nistp521": (8, 133),
    "sk-ecdsa-sha2-nistp256@openssh.com": (8, 65, 0),
    "ssh-rsa": (0, 0),
}
_PRINCIPAL = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*):([a-z][a-z0-9_-]*)@([a-z0-9]+(?:-[a-z0-9]+)*)")
_OPTION = r'[A-Za-z-]+(?:="[^"\\]*")?'
_LINE = re.compile(
    rf"(?P<principals>\S+)[ \t]+(?:(?P<options>{_OPTION}(?:,{_OPTION})*)[ \t]+)??"
    r"(?P<kind>(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+)[ \t]+(?P<blob>[A-Za-z0-9+/=]+)(?:[ \t].*)?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A public key: its kind, and its data in base64."""

    kind: str
    blob: str

    @property
    def fingerprint(self) -> str:
        """The key's short name, as `ssh-keygen -l` prints it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """One person who may sign in one role for one organisation, by one key, within dates."""

    person: str
    role: str
    organisation: str
    key: Key
    namespaces: tuple[str, ...]
    valid_after: dt.datetime | None
    valid_before: dt.datetime | None
    line: int

    @property
    def principal(self) -> str:
        """The name under which the signer stands in the list, such as `jd:igl@wcc`."""
        return f"{self.person}:{self.role}@{self.organisation}"


def read_signers(text: str) -> tuple[tuple[Signer, ...], tuple[str, ...]]:
    """Read the list of signers; a line with a fault gives no signer.

    Times without a Z are read as UTC as well, so that a list means the same on every machine.

    Parameters
    ----------
    text
        The text of `governance/allowed_signers`.

    Returns
    -------
    tuple
        The signers, one for each name on each line; and the faults, one sentence each, with the line's number.

    Examples
    --------
    >>> read_signers("* ssh-ed25519 AAAA")[1][0]
    'governance/allowed_signers, line 1: the option namespaces="oda-ig-signoff" is missing. Write it before the key.'
    """
    signers: list[Signer] = []
    faults: list[str] = []
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = raw.strip(" \t\r")
        if line and not line.startswith("#"):
            try:
                signers += _of_line(number, line)
            except ValueError as error:
                faults.append(f"{SIGNERS_FILE}, line {number}: {error}.")
    kept, doubled = _without_doubles(signers)
    return kept, (*faults, *doubled)


def _of_line(number: int, line: str) -> list[Signer]:
    """Return the signers of one line, or raise ValueError in words."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(
            f"{line[:40]!r} is not understood. Write: "
            f'person:role@organisation namespaces="{NAMESPACE}" ssh-ed25519 AAAA... comment'
        )
    options = _options(match["options"] or "")
    key = parse_key(match["kind"], match["blob"])
    return [
        Signer(
            person=person,
            role=role,
            organisation=organisation,
            key=key,
            namespaces=(NAMESPACE,),
            valid_after=_time(options.get("valid-after")),
            valid_before=_time(options.get("valid-before")),
            line=number,
        )
        for person, role, organisation in map(_name, match["principals"].split(","))
    ]


def _name(principal: str) -> tuple[str, str, str]:
    """Return person, role and organisation of a name in the list."""
    match = _PRINCIPAL.fullmatch(principal)
    if match is None:
        wild = "has a wildcard" if set(principal) & set("*?!") else "is not of the form person:role@organisation"
        raise ValueError(f"{principal!r} {wild}. Write each name out, such as jd:igl@wcc, in small letters")
    return match[1], match[2], match[3]


def _options(text: str) -> dict[str, str]:
    """Return the options of a line, each known and given once, and the namespace ours."""
    pairs = [(name.lower(), value) for name, value in re.findall(r'([A-Za-z-]+)(?:="([^"]*)")?', text)]
    options = dict(pairs)
    if "cert-authority" in options:
        raise ValueError("cert-authority is not taken: it would let someone else name signers. List each key")
    unknown = set(options) - {"namespaces", "valid-after", "valid-before"}
    if unknown or len(options) < len(pairs):
        raise ValueError(f"the options {text!r} have one that is not known or stands twice. Take it out")
    if "namespaces" not in options:
        raise ValueError(f'the option namespaces="{NAMESPACE}" is missing. Write it before the key')
    if options["namespaces"] != NAMESPACE:
        raise ValueError(f'namespaces="{options["namespaces"]}" is not for sign-offs alone. Write "{NAMESPACE}"')
    return options


def _time(text: str | None) -> dt.datetime | None:
    """Return a time of the list, written as 20260401, 202604010930 or 20260401093000, in UTC."""
    if text is None:
        return None
    if not re.fullmatch(r"([0-9]{8}|[0-9]{12}|[0-9]{14})Z?", text):
        raise ValueError(f"{text!r} is not a time. Write it as 20260401Z")
    try:
        return dt.datetime.strptime(text.rstrip("Z").ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time. Write it as 20260401Z") from error


def _without_doubles(signers: Sequence[Signer]) -> tuple[tuple[Signer, ...], list[str]]:
    """Leave out keys that two persons share, and a name that stands twice with one key."""
    people: dict[str, set[str]] = {}
    for signer in signers:
        people.setdefault(signer.key.blob, set()).add(signer.person)
    kept: dict[tuple[str, str], Signer] = {}
    faults = []
    for signer in signers:
        place = f"{SIGNERS_FILE}, line {signer.line}: "
        sharing = people[signer.key.blob]
        if len(sharing) > 1:
            who = " and ".join(sorted(sharing))
            faults.append(
                f"{place}{who} have the same key {signer.key.fingerprint}. Give each person a key of their own."
            )
        elif (signer.principal, signer.key.blob) in kept:
            faults.append(f"{place}{signer.principal} stands twice with the same key. Keep one of the lines.")
        else:
            kept[signer.principal, signer.key.blob] = signer
    return tuple(kept.values()), list(dict.fromkeys(faults))


def split(data: bytes) -> list[bytes]:
    r"""Split a key's or a signature's data into the strings they are made of.

    Parameters
    ----------
    data
        Strings, each led by its length in four bytes.

    Returns
    -------
    list of bytes
        The strings, with nothing left over.

    Raises
    ------
    ValueError
        When the data end within a string.

    Examples
    --------
    >>> split(b"\x00\x00\x00\x02hi")
    [b'hi']
    """
    parts, start = [], 0
    while start < len(data):
        end = start + 4 + int.from_bytes(data[start : start + 4], "big")
        if len(data) < end or len(data) < start + 4:
            raise ValueError("its data are cut short. Copy it again")
        parts.append(data[start + 4 : end])
        start = end
    return parts


def parse_key(kind: str, text: str) -> Key:
    """Read a public key of a known kind and fair strength.

    Parameters
    ----------
    kind
        Such as `ssh-ed25519`.
    text
        The key's data in base64.

    Returns
    -------
    Key
        The key, its data written in the one right way, so that equal keys are equal.

    Raises
    ------
    ValueError
        In words, when the key is weak, a certificate, or not what its kind says.
    """
    if kind not in SHAPES:
        raise ValueError(f"a key of the kind {kind} is too weak, a certificate or not known. Use ssh-ed25519")
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("the key's data are not base64. Copy the line of the .pub file again") from error
    name, *parts = split(data) or [b""]
    wanted = [length or len(part) for length, part in zip(SHAPES[kind], parts, strict=False)]
    fits = len(parts) == len(SHAPES[kind]) and wanted == [len(part) for part in parts]
    if name != kind.encode("ascii") or not fits:
        raise ValueError(f"the key's data are not those of {kind}. Copy the line of the .pub file again")
    if kind == "ssh-rsa":
        _check_rsa(*parts)
    return Key(kind=kind, blob=base64.b64encode(data).decode("ascii"))


def _check_rsa(*numbers: bytes) -> None:
    """Refuse a short RSA key, and one whose numbers are not written in the one right way."""
    for number in numbers:
        value = int.from_bytes(number, "big")
        if number != value.to_bytes(value.bit_length() // 8 + 1, "big"):
            raise ValueError("the key's numbers are not written as OpenSSH writes them. Copy the .pub file again")
    bits = int.from_bytes(numbers[1], "big").bit_length()
    if bits < WEAKEST_RSA:
        raise ValueError(f"an RSA key of {bits} bits is too weak. Use ssh-ed25519, or RSA of 3072 bits or more")
