"""Keys and signatures: who is listed, what a signature says, and what is refused and why."""

from __future__ import annotations

import base64
import datetime as dt
import subprocess
from pathlib import Path

import pytest

from oda.errors import SigningError
from oda.governance import keys
from oda.governance.keys import (
    NAMESPACE,
    find_keygen,
    public_key,
    read_signers,
    sign_files,
    signature_key,
    signature_namespace,
    verify,
)

KEYGEN = find_keygen() or "ssh-keygen"
OURS = f'namespaces="{NAMESPACE}"'
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
RECORD = b'{"item":"P01"}\n'

pytestmark = pytest.mark.skipif(find_keygen() is None, reason="ssh-keygen is not on this machine")


def make(folder: Path, name: str, *words: str) -> Path:
    """Make a key with no passphrase and return its private half."""
    subprocess.run(
        [KEYGEN, "-q", "-N", "", "-C", name, "-f", name, *(words or ("-t", "ed25519"))], cwd=folder, check=True
    )
    return folder / name


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two keys, a list with both, and a record that jd signed as IG lead."""
    folder = tmp_path_factory.mktemp("keys")
    lines = [
        line(make(folder, "jd"), "jd:igl@wcc,jd:dpo@wcc"),
        line(make(folder, "ab"), "ab:cg@icb", f'{OURS},valid-after="20260401Z",valid-before="20260701"'),
    ]
    (folder / "list").write_text("\n".join(lines), encoding="utf-8", newline="\n")
    signed(folder, "jd")
    signed(folder, "ab")
    return folder


def line(key: Path, names: str, options: str = OURS) -> str:
    """Return a line of the list for a key."""
    found = public_key(key)
    return f"{names} {options} {found.kind} {found.blob} {key.name}".replace("  ", " ")


def signed(folder: Path, key: str, namespace: str = NAMESPACE) -> bytes:
    """Sign the record with a key and return the signature."""
    path = folder / f"{key}-{namespace}.json"
    if not path.exists():
        path.write_bytes(RECORD)
        words = [KEYGEN, "-q", "-Y", "sign", "-f", str(folder / key), "-n", namespace, str(path)]
        subprocess.run(words, check=True, capture_output=True)
    return path.with_name(f"{path.name}.sig").read_bytes()


def check(home: Path, signature: bytes, principal: str = "jd:igl@wcc", **change: object) -> str:
    """Check a signature of the record against the list."""
    options = {"message": RECORD, "at": NOW, "signers": home / "list"} | change
    message = options.pop("message")
    return verify(message, signature, principal=principal, **options)  # type: ignore[arg-type]


# The list


def test_a_signer_may_stand_in_several_roles_and_a_key_has_ssh_keygens_fingerprint(home: Path) -> None:
    """One line gives a signer for each name on it."""
    signers, faults = read_signers((home / "list").read_text(encoding="utf-8"))
    assert [signer.principal for signer in signers] == ["jd:igl@wcc", "jd:dpo@wcc", "ab:cg@icb"]
    assert faults == ()
    shown = subprocess.run([KEYGEN, "-l", "-f", str(home / "jd")], capture_output=True, check=True, text=True).stdout
    assert signers[0].key.fingerprint in shown


def test_a_list_saved_on_windows_reads_the_same(home: Path) -> None:
    """A byte order mark, line ends of Windows, comments and empty lines change nothing."""
    text = (home / "list").read_text(encoding="utf-8")
    other = "\ufeff# signers\r\n\r\n" + text.replace("\n", "\r\n")
    assert [s.key for s in read_signers(other)[0]] == [s.key for s in read_signers(text)[0]]
    assert read_signers(other)[1] == ()


@pytest.mark.parametrize(
    ("names", "options", "fault"),
    [
        ("jd", OURS, "'jd' is not of the form person:role@organisation"),
        ("*:igl@wcc", OURS, "has a wildcard"),
        ("jd:igl@wcc,!ab:cg@icb", OURS, "has a wildcard"),
        ("jd:igl@wc?", OURS, "has a wildcard"),
        ("JD:igl@wcc", OURS, "is not of the form"),
        ("jd:igl@wcc", "", 'namespaces="oda-ig-signoff" is missing'),
        ("jd:igl@wcc", 'namespaces="oda-ig-signoff,git"', "is not for sign-offs alone"),
        ("jd:igl@wcc", 'namespaces="*"', "is not for sign-offs alone"),
        ("jd:igl@wcc", f"cert-authority,{OURS}", "cert-authority is not taken"),
        ("jd:igl@wcc", f"{OURS},{OURS}", "stands twice"),
        ("jd:igl@wcc", f"{OURS},no-touch-required", "is not known"),
        ("jd:igl@wcc", f'{OURS},valid-before="20261399"', "'20261399' is not a time"),
        ("jd:igl@wcc", f'{OURS},valid-before="soon"', "'soon' is not a time"),
    ],
)
def test_a_line_with_a_fault_gives_no_signer(home: Path, names: str, options: str, fault: str) -> None:
    """Each fault is said with the number of its line."""
    signers, faults = read_signers(f"# one\n{line(home / 'jd', names, options)}\n")
    assert signers == ()
    assert len(faults) == 1
    assert faults[0].startswith("governance/allowed_signers, line 2: ")
    assert fault in faults[0]


@pytest.mark.parametrize("text", ["nonsense", "jd:igl@wcc", f"jd:igl@wcc {OURS}", f"jd:igl@wcc {OURS} ssh-ed25519"])
def test_a_line_that_is_not_understood_is_said(text: str) -> None:
    """A line is never passed over in silence."""
    assert "is not understood" in read_signers(text)[1][0]


def test_two_people_cannot_share_a_key(home: Path) -> None:
    """A key that two persons hold says nothing of either; both lose it."""
    signers, faults = read_signers(f"{line(home / 'jd', 'jd:igl@wcc')}\n{line(home / 'jd', 'ab:cg@icb')}\n")
    assert signers == ()
    assert "ab and jd have the same key" in faults[0]


def test_a_person_may_have_two_keys_but_not_one_twice(home: Path) -> None:
    """A new key may stand beside the old one; the same line again is a fault."""
    two = f"{line(home / 'jd', 'jd:igl@wcc')}\n{line(home / 'ab', 'jd:igl@wcc')}\n"
    assert (len(read_signers(two)[0]), read_signers(two)[1]) == (2, ())
    again = read_signers(two + line(home / "jd", "jd:igl@wcc"))
    assert len(again[0]) == 2
    assert "line 3: jd:igl@wcc stands twice" in again[1][0]


def test_a_weak_key_is_refused(tmp_path: Path) -> None:
    """Short RSA keys, DSA keys and certificates give no signer."""
    with pytest.raises(SigningError, match="1024 bits is too weak"):
        public_key(make(tmp_path, "short", "-t", "rsa", "-b", "1024"))
    for kind in ("ssh-dss", "ssh-ed25519-cert-v01@openssh.com"):
        assert "too weak, a certificate or not known" in read_signers(f"jd:igl@wcc {OURS} {kind} AAAA")[1][0]


def test_a_key_cannot_be_disguised_as_another(home: Path) -> None:
    """Bytes added, cut off, or a kind that is not the key's own, are faults and not a second key."""
    blob = base64.b64decode(public_key(home / "jd").blob)
    rsa = b"\0\0\0\x07ssh-rsa\0\0\0\x03\1\0\1" + b"\0\0\1\2\0\0" + b"\xff" * 256  # one byte of zeros too many
    for kind, data in (
        ("ssh-ed25519", blob + b"\0\0\0\0"),
        ("ssh-ed25519", blob[:-1]),
        ("ssh-ed25519", blob.replace(b"ssh-ed25519", b"ssh-ed25518")),
        ("ssh-rsa", blob),
        ("ssh-rsa", rsa),
    ):
        text = f"jd:igl@wcc {OURS} {kind} {base64.b64encode(data).decode()}"
        assert read_signers(text)[0] == ()
        assert len(read_signers(text)[1]) == 1


# Signing


def test_many_files_are_signed_in_one_go_and_verify(home: Path, tmp_path: Path) -> None:
    """One call signs all, so that a passphrase is asked once."""
    paths = [tmp_path / f"P0{n}-1.json" for n in (1, 2, 3)]
    for path in paths:
        path.write_bytes(RECORD)
    sign_files(paths, home / "jd")
    assert [check(home, Path(f"{path}.sig").read_bytes()) for path in paths] == ["", "", ""]


def test_a_signature_is_never_replaced(home: Path, tmp_path: Path) -> None:
    """Where one is there already, nothing is signed and nothing is asked."""
    (tmp_path / "a.json").write_bytes(RECORD)
    (tmp_path / "b.json").write_bytes(RECORD)
    (tmp_path / "b.json.sig").write_bytes(b"old")
    with pytest.raises(SigningError, match=r"b\.json\.sig is there already"):
        sign_files([tmp_path / "a.json", tmp_path / "b.json"], home / "jd")
    assert not (tmp_path / "a.json.sig").exists()
    assert (tmp_path / "b.json.sig").read_bytes() == b"old"


def test_a_failed_signing_leaves_no_signature(home: Path, tmp_path: Path) -> None:
    """Half of a role's records signed would be worse than none."""
    (tmp_path / "a.json").write_bytes(RECORD)
    with pytest.raises(SigningError, match=r"2 file\(s\) could not be signed"):
        sign_files([tmp_path / "a.json", tmp_path / "absent.json"], home / "jd")
    assert not list(tmp_path.glob("*.sig"))


def test_a_key_that_is_absent_is_said_with_how_to_make_one(tmp_path: Path) -> None:
    """The refusal names the command."""
    for use in (lambda path: sign_files([tmp_path], path), public_key):
        with pytest.raises(SigningError, match="ssh-keygen -t ed25519"):
            use(tmp_path / "none")


def test_a_private_key_alone_gives_its_public_half(home: Path, tmp_path: Path) -> None:
    """Without a .pub beside it, ssh-keygen works it out; the .pub may be named as well."""
    (tmp_path / "alone").write_bytes((home / "jd").read_bytes())
    (tmp_path / "alone").chmod(0o600)
    assert public_key(tmp_path / "alone") == public_key(home / "jd") == public_key(home / "jd.pub")


# Verifying


def test_a_good_signature_verifies_in_each_role_of_its_signer(home: Path) -> None:
    """Nothing is said when nothing is wrong."""
    assert check(home, signed(home, "jd")) == ""
    assert check(home, signed(home, "jd"), "jd:dpo@wcc") == ""
    assert signature_key(signed(home, "jd")) == public_key(home / "jd")
    assert signature_namespace(signed(home, "jd")) == NAMESPACE


@pytest.mark.parametrize("words", [("-t", "rsa", "-b", "2048"), ("-t", "ecdsa", "-b", "521")])
def test_keys_of_other_kinds_verify(tmp_path: Path, words: tuple[str, ...]) -> None:
    """RSA and ECDSA keys sign as well as Ed25519 ones."""
    (tmp_path / "list").write_text(line(make(tmp_path, "k", *words), "jd:igl@wcc"), encoding="utf-8")
    assert check(tmp_path, signed(tmp_path, "k")) == ""
    assert "not what was signed" in check(tmp_path, signed(tmp_path, "k"), message=b"other")


def test_changed_content_is_refused(home: Path) -> None:
    """One changed character is enough."""
    assert "not what was signed" in check(home, signed(home, "jd"), message=RECORD.replace(b"P01", b"P02"))


def test_a_key_of_another_namespace_is_refused_by_name(home: Path) -> None:
    """A signature made for a git commit cannot become a sign-off."""
    assert "made for 'git', not for sign-offs" in check(home, signed(home, "jd", "git"))


def test_a_forged_role_is_refused_with_whose_key_it_is(home: Path) -> None:
    """A key signs only in the roles for which it is listed."""
    assert "listed for ab:cg@icb only: it cannot sign as jd:igl@wcc" in check(home, signed(home, "ab"))
    assert "jd:siro@wcc is not in governance/allowed_signers" in check(home, signed(home, "jd"), "jd:siro@wcc")


def test_a_key_that_is_not_listed_is_refused(home: Path, tmp_path: Path) -> None:
    """Anyone can make a key; only the list makes a signer."""
    make(tmp_path, "mallory")
    assert "which is not on the list" in check(home, signed(tmp_path, "mallory"))


def test_no_name_matches_another_by_pattern(home: Path) -> None:
    """A wildcard asked for, or in the list, never matches."""
    assert "is not in" in check(home, signed(home, "jd"), "*")
    (home / "wild").write_text(line(home / "jd", "*:*@*"), encoding="utf-8")
    assert "is not in" in check(home, signed(home, "jd"), signers=home / "wild")


@pytest.mark.parametrize(("day", "good"), [("2026-03-31", False), ("2026-04-01", True), ("2026-07-01", False)])
def test_a_key_counts_only_within_its_dates(home: Path, day: str, good: bool) -> None:  # noqa: FBT001  a case
    """The first day counts, the last is the first on which the key is no longer valid."""
    at = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
    reason = check(home, signed(home, "ab"), "ab:cg@icb", at=at)
    assert (reason == "") is good
    assert good or "is valid from 2026-04-01" in reason


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda s: s[:-60],
        lambda s: s.replace(b"U1NI", b"U1NJ"),
        lambda s: s.replace(b"\n", b"\n" * 70_000, 1),
    ],
)
def test_what_is_no_signature_is_refused(home: Path, spoil: object) -> None:
    """An empty, cut, foreign or huge file is said to be none."""
    assert "not an SSH signature" in check(home, spoil(signed(home, "jd")))  # type: ignore[operator]


def test_without_ssh_keygen_nothing_verifies_and_the_way_to_get_it_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that cannot be made is not passed."""
    monkeypatch.setattr(keys, "find_keygen", lambda: None)
    assert "OpenSSH Client" in check(home, signed(home, "jd"))
    with pytest.raises(SigningError, match="openssh-client"):
        sign_files([home / "list"], home / "jd")


def test_any_failure_of_ssh_keygen_is_a_refusal(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that fails for another reason is quoted, and passes nothing."""
    monkeypatch.setattr(keys, "find_keygen", lambda: str(tmp_path / "none"))
    assert "could not check" in check(home, signed(home, "jd"))
    monkeypatch.setattr(keys, "NAMESPACE", "Not Known")  # the one line handed over is then for another purpose
    monkeypatch.setattr(keys, "find_keygen", lambda: KEYGEN)
    monkeypatch.setattr(keys, "signature_namespace", lambda _: "Not Known")
    assert "ssh-keygen refused the signature" in check(home, signed(home, "jd"))


def test_a_list_that_is_absent_names_nobody(home: Path) -> None:
    """No list, no signer."""
    assert "is not in governance/allowed_signers" in check(home, signed(home, "jd"), signers=home / "absent")


def test_a_program_in_the_working_folder_is_not_taken_for_ssh_keygen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows looks in the working folder first; a program in a pilot's folder is not trusted."""
    monkeypatch.setattr(keys.shutil, "which", lambda _: "./ssh-keygen.exe")
    assert find_keygen() is None or Path(str(find_keygen())).is_absolute()
