"""Signatures and keys of people who sign: made and checked by OpenSSH, without a network.

The program `ssh-keygen` does the cryptography alone. Who is listed, for what and for how long is decided
here, so that it is the same with every version of OpenSSH: the option `-Overify-time` came with 8.8, and
only since 9.1 does a time ending in Z mean UTC; before, such a time is refused, and any other is local.
OpenSSH for Windows is 8.1 on many machines. So each check hands over one line, with the key in question.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from oda.errors import SigningError
from oda.governance.signers import NAMESPACE, SIGNERS_FILE, Key, Signer, parse_key, read_signers, split

__all__ = [
    "NAMESPACE",
    "SIGNERS_FILE",
    "Key",
    "Signer",
    "find_keygen",
    "public_key",
    "read_signers",
    "sign_files",
    "signature_key",
    "signature_namespace",
    "verify",
]

SECONDS = 20
LONGEST_SIGNATURE = 64 * 1024  # bytes; the longest that OpenSSH makes is some 4,000
SYSTEM_KEYGEN = (  # before the path, on which anyone can put a program of that name
    (Path("C:/Windows/System32/OpenSSH/ssh-keygen.exe"),) if os.name == "nt" else (Path("/usr/bin/ssh-keygen"),)
)
NO_KEYGEN = (
    "ssh-keygen is not on this machine. Get it: on Windows it is an optional feature, 'OpenSSH Client'; "
    "on Debian and Ubuntu it is the package openssh-client."
)
BEGIN, END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
MAGIC = b"SSHSIG\x00\x00\x00\x01"  # and version 1
KEPT = {"PATH", "SYSTEMROOT", "WINDIR", "SYSTEMDRIVE", "TEMP", "TMP", "TMPDIR"}


def public_key(path: Path) -> Key:
    """Return the public key of a key file.

    Parameters
    ----------
    path
        A private key, or its `.pub`.

    Returns
    -------
    Key
        Read from the `.pub` beside it where there is one; else `ssh-keygen` may ask for the passphrase.

    Raises
    ------
    SigningError
        When there is no such file, or it holds no key that may sign.
    """
    beside = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    try:
        if beside.is_file():
            text = beside.read_text(encoding="utf-8-sig")
        elif path.is_file():
            words = [_keygen(), "-y", "-f", str(path.absolute())]
            done = subprocess.run(words, stdout=subprocess.PIPE, check=True)  # noqa: S603  fixed words, no shell
            text = done.stdout.decode("utf-8", "replace")
        else:
            raise SigningError(f"There is no key at {str(path)!r}. Make one: ssh-keygen -t ed25519 -f {path.name}")
        kind, blob, *_ = (*text.split(maxsplit=2), "", "")
        return parse_key(kind, blob)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise SigningError(f"The key {str(path)!r} cannot be used: {error}. Name a private key or its .pub.") from error


def make_key(path: Path) -> None:
    """Make a key for signing; `ssh-keygen` itself asks for a passphrase at the keyboard.

    Parameters
    ----------
    path
        Where the private key is to lie; the public part gets the ending .pub.

    Raises
    ------
    SigningError
        When there is a file already, or no key could be made.
    """
    if path.exists() or path.with_name(f"{path.name}.pub").exists():
        raise SigningError(f"{path.name} is there already. A key is never replaced: name another file.")
    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    words = [_keygen(), "-q", "-t", "ed25519", "-C", "", "-f", str(path.absolute())]
    done = subprocess.run(words, check=False)  # noqa: S603  fixed words, no shell; its questions reach the keyboard
    if done.returncode != 0 or not path.is_file():
        raise SigningError(f"No key was made in {path.name}; ssh-keygen says why above.")


def sign_files(paths: Sequence[Path], key: Path) -> None:
    """Sign files; each gets its signature beside it, named as the file and `.sig`.

    A passphrase is asked once for all, by `ssh-keygen` itself at the keyboard.

    Parameters
    ----------
    paths
        The files, none of them signed yet.
    key
        The private key; or its `.pub`, when an agent holds the private one.

    Raises
    ------
    SigningError
        When a signature is there already or could not be made; then none of this call is left.
    """
    signatures = [path.with_name(f"{path.name}.sig") for path in paths]
    there = [path.name for path in signatures if path.exists()]
    if there:
        raise SigningError(f"{', '.join(there)} is there already. A signature is never replaced: sign a new record.")
    if not key.is_file():
        raise SigningError(f"There is no key at {str(key)!r}. Make one: ssh-keygen -t ed25519 -f {key.name}")
    if not paths:  # without a file ssh-keygen would sign what is typed
        return
    files = [str(path.absolute()) for path in paths]
    words = [_keygen(), "-q", "-Y", "sign", "-f", str(key.absolute()), "-n", NAMESPACE, *files]
    try:
        done = subprocess.run(words, check=False)  # noqa: S603  fixed words, no shell; its questions reach the keyboard
        failed = done.returncode != 0 or not all(path.is_file() for path in signatures)
    except OSError:
        failed = True
    if failed:
        for path in signatures:
            path.unlink(missing_ok=True)
        raise SigningError(
            f"{len(paths)} file(s) could not be signed with the key {str(key)!r}; ssh-keygen says why above. "
            "Check the passphrase, and that only you may read the key's file."
        )


def signature_key(signature: bytes) -> Key:
    """Return the public key with which a signature says it was made.

    Parameters
    ----------
    signature
        The content of a `.sig` file.

    Returns
    -------
    Key
        The key; that the signature is good is for `verify` to say.

    Raises
    ------
    SigningError
        When this is no SSH signature, or its key is of a kind that may not sign.
    """
    data = _signature_parts(signature)[0]
    try:
        kind = split(data)[0].decode("ascii")
        return parse_key(kind, base64.b64encode(data).decode("ascii"))
    except (ValueError, IndexError) as error:
        raise SigningError(f"The key in the signature cannot be used: {error}.") from error


def signature_namespace(signature: bytes) -> str:
    """Return the purpose for which a signature says it was made.

    Parameters
    ----------
    signature
        The content of a `.sig` file.

    Returns
    -------
    str
        Such as `oda-ig-signoff`, or `git` for a commit.

    Raises
    ------
    SigningError
        When this is no SSH signature.
    """
    return _signature_parts(signature)[1].decode("utf-8", "replace")


def _signature_parts(signature: bytes) -> list[bytes]:
    """Return public key, namespace, reserved, hash algorithm and raw signature of an armoured signature."""
    text = signature.strip()
    armoured = len(text) <= LONGEST_SIGNATURE and text.startswith(BEGIN) and text.endswith(END)
    try:
        data = base64.b64decode(b"".join(text[len(BEGIN) : -len(END)].split()), validate=True)
        parts = split(data[len(MAGIC) :])
    except ValueError:
        parts = []
    if not armoured or len(parts) != 5 or not data.startswith(MAGIC):
        raise SigningError("This is not an SSH signature, or it was cut short. The signer signs again with oda sign.")
    return parts


def verify(message: bytes, signature: bytes, *, signers: Path, principal: str, at: dt.datetime) -> str:
    """Check that a listed key of a signer signed a message for a sign-off.

    Parameters
    ----------
    message
        The exact bytes that were signed.
    signature
        The content of the `.sig` file.
    signers
        The list of signers.
    principal
        Who is said to have signed, such as `jd:igl@wcc`.
    at
        When; the key must have been valid then. With a time zone.

    Returns
    -------
    str
        Nothing when the signature is good, else why it is not.
    """
    try:
        key, namespace = signature_key(signature), signature_namespace(signature)
        listed, _ = read_signers(signers.read_text(encoding="utf-8") if signers.is_file() else "")
    except SigningError as error:
        return str(error)
    except (OSError, UnicodeDecodeError):
        return f"{SIGNERS_FILE} cannot be read, so nobody is known to sign."
    if namespace != NAMESPACE:
        return f"The signature was made for {namespace!r}, not for sign-offs. The signer signs again with oda sign."
    return _unlisted(listed, key, principal, at) or _checked(message, signature, key, principal)


def _unlisted(listed: Sequence[Signer], key: Key, principal: str, at: dt.datetime) -> str:
    """Say why a key is not one of a signer's at a time; nothing when it is."""
    own = [signer for signer in listed if signer.principal == principal]
    if not own:
        return f"{principal} is not in {SIGNERS_FILE}, so cannot sign."
    match = [signer for signer in own if signer.key == key]
    if not match:
        others = sorted({signer.principal for signer in listed if signer.key == key})
        whose = f"is listed for {', '.join(others)} only" if others else "is not on the list"
        return f"The signature is by the key {key.fingerprint}, which {whose}: it cannot sign as {principal}."
    after, before = match[0].valid_after, match[0].valid_before
    if (after is not None and at < after) or (before is not None and at >= before):
        span = f"from {after or 'the start'} to {before or 'no set end'}"
        return f"The key {key.fingerprint} of {principal} is valid {span}, and the record says {at}."
    return ""


def _checked(message: bytes, signature: bytes, key: Key, principal: str) -> str:
    """Let `ssh-keygen` check a signature by one key; say why it is not good, or nothing."""
    program = find_keygen()
    if program is None:
        return NO_KEYGEN
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        listed, made = Path(place, "allowed_signers"), Path(place, "signature")
        line = f'{principal} namespaces="{NAMESPACE}" {key.kind} {key.blob}\n'
        listed.write_text(line, encoding="ascii", newline="\n")
        made.write_bytes(signature)
        who = ["-I", principal, "-n", NAMESPACE, "-f", str(listed), "-s", str(made)]
        own = {name: value for name, value in os.environ.items() if name.upper() in KEPT}
        try:
            done = subprocess.run(  # noqa: S603  fixed words, no shell
                [program, "-Y", "verify", *who],
                input=message,
                capture_output=True,
                timeout=SECONDS,
                env=own,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return f"ssh-keygen could not check the signature: {error}."
    if done.returncode == 0:
        return ""
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    if "incorrect signature" in said:
        return "The content is not what was signed: it was changed since, or the signature was."
    return f"ssh-keygen refused the signature ({' '.join(said.split())[:200]}). It must be OpenSSH 8.1 or later: ssh -V"


def find_keygen() -> str | None:
    """Return where the program `ssh-keygen` is: that of the system before any other on the path.

    Returns
    -------
    str or None
        A full path; a program in the working folder, where Windows would look first, does not count.
    """
    for place in SYSTEM_KEYGEN:
        if place.is_file():
            return str(place)
    found = shutil.which("ssh-keygen")
    return found if found is not None and Path(found).is_absolute() else None


def _keygen() -> str:
    """Return where `ssh-keygen` is, or raise."""
    program = find_keygen()
    if program is None:
        raise SigningError(NO_KEYGEN)
    return program
