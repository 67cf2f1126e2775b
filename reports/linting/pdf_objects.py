"""The objects of a PDF: enough to find its catalogue, metadata and fonts, with the standard library alone.

What cannot be read is an error, never an empty answer: a lint that cannot see must not say that nothing is wrong.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 64_000_000  # of one stream, once unpacked
MOST_DEPTH = 100
_SPACE = b"\x00\t\n\x0c\r "
_TOKEN = re.compile(
    rb"(?:[\x00\t\n\x0c\r ]|%[^\r\n]*)*(<<|>>|\[|\]|\(|<[0-9A-Fa-f\x00\t\n\x0c\r ]*>|/[^\x00\t\n\x0c\r ()<>\[\]{}/%]*"
    rb"|[^\x00\t\n\x0c\r ()<>\[\]{}/%]+)"
)
_REFERENCE = re.compile(rb"(\d+)[\x00\t\n\x0c\r ]+(\d+)[\x00\t\n\x0c\r ]+R(?![A-Za-z0-9])")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b""}
_OPEN, _CLOSE = object(), object()


class PdfError(ValueError):
    """A file is no PDF, or is one that this reader cannot follow."""


class Name(str):
    """A PDF name, such as `/Catalog` without its slash."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to another object."""

    number: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A dictionary with the packed bytes that follow it."""

    head: dict[str, Any]
    packed: bytes

    def unpack(self) -> bytes:
        """Return the bytes unpacked.

        Returns
        -------
        bytes
            What the filter held.

        Raises
        ------
        PdfError
            When the filter is one that is not read here.
        """
        named = self.head.get("Filter")
        filters = named if isinstance(named, list) else [named] if named else []
        options = self.head.get("DecodeParms")
        options = options[0] if isinstance(options, list) and options else options
        if not filters:
            return self.packed
        if filters != ["FlateDecode"]:
            raise PdfError(f"a stream is packed with {', '.join(map(str, filters))}")
        try:
            unpacker = zlib.decompressobj()
            content = unpacker.decompress(self.packed, MOST_BYTES)
        except zlib.error as error:
            raise PdfError("a stream cannot be unpacked") from error
        if self.packed and not unpacker.eof:
            raise PdfError("a stream is broken off, or too long to be looked at")
        return _unpredict(content, options) if isinstance(options, dict) else content


def _unpredict(content: bytes, options: dict[str, Any]) -> bytes:
    """Undo the prediction of rows that a stream was packed with."""
    kind = options.get("Predictor", 1)
    if kind == 1:
        return content
    width = options.get("Columns", 1)
    if kind < 10 or options.get("Colors", 1) != 1 or options.get("BitsPerComponent", 8) != 8 or width < 1:
        raise PdfError("a stream is packed with a prediction that is not read here")
    rows, before = bytearray(), bytes(width)
    for start in range(0, len(content), width + 1):
        row = bytearray(content[start + 1 : start + 1 + width].ljust(width, b"\0"))
        for column in range(width):
            left = row[column - 1] if column else 0
            corner = before[column - 1] if column else 0
            row[column] = (row[column] + _predicted(content[start], left, before[column], corner)) & 255
        rows += row
        before = bytes(row)
    return bytes(rows)


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    """Return what a byte was predicted to be, as PNG has it."""
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda one: abs(guess - one))
    return (0, left, up, (left + up) // 2)[kind] if kind < 4 else 0


class Reader:
    """Reads objects one after another from bytes.

    Parameters
    ----------
    content
        The bytes.
    at
        Where to begin.
    """

    def __init__(self, content: bytes, at: int = 0) -> None:
        """Begin at a place."""
        self.content = content
        self.at = at

    def token(self) -> bytes:
        """Return the next token, and go past it.

        Returns
        -------
        bytes
            Such as `<<` or `/Type`.

        Raises
        ------
        PdfError
            At the end of the file, or where no token can begin.
        """
        found = _TOKEN.match(self.content, self.at)
        if not found:
            raise PdfError(f"byte {self.at} begins nothing that a PDF may hold")
        self.at = found.end()
        return found[1]

    def read(self, depth: int = 0) -> Any:  # noqa: ANN401  any object of a PDF
        """Return the next object, and go past it.

        Parameters
        ----------
        depth
            How deep it stands in others.

        Returns
        -------
        object
            A dict, list, `Name`, bytes, number, bool, `Reference` or None.

        Raises
        ------
        PdfError
            When it is none of these.
        """
        if depth > MOST_DEPTH:
            raise PdfError("objects stand too deep in one another")
        token = self.token()
        if token == b"<<":
            return self._dictionary(depth)
        if token == b"[":
            return self._until(b"]", depth)
        if token == b"(":
            return self._string()
        if token in (b">>", b"]"):
            raise PdfError(f"byte {self.at} ends what did not begin")
        return self._plain(token)

    def _until(self, end: bytes, depth: int) -> list[Any]:
        """Return the objects before a closing token."""
        items: list[Any] = []
        while True:
            place = self.at
            if self.token() == end:
                return items
            self.at = place
            items.append(self.read(depth + 1))

    def _dictionary(self, depth: int) -> dict[str, Any]:
        """Return the entries up to `>>`."""
        items = self._until(b">>", depth)
        if len(items) % 2 or not all(isinstance(key, Name) for key in items[::2]):
            raise PdfError(f"the dictionary before byte {self.at} is not of pairs")
        return {str(key): value for key, value in zip(items[::2], items[1::2], strict=True)}

    def _plain(self, token: bytes) -> Any:  # noqa: ANN401  one of several plain kinds
        """Return a name, a string in hexadecimal, a reference, a number or a word."""
        if token.startswith(b"/"):
            raw = re.sub(rb"#([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), token[1:])
            return Name(raw.decode("latin-1"))
        if token.startswith(b"<"):
            digits = token[1:-1].translate(None, _SPACE)
            return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
        found = _REFERENCE.match(self.content, self.at - len(token))
        if found:
            self.at = found.end()
            return Reference(int(found[1]))
        if token in (b"true", b"false", b"null"):
            return {b"true": True, b"false": False}.get(token)
        try:
            return float(token) if b"." in token else int(token)
        except ValueError as error:
            raise PdfError(f"{token[:20]!r} is no object of a PDF") from error

    def _string(self) -> bytes:
        """Return a string in parentheses."""
        parts, depth = [], 1
        while True:
            found = re.compile(rb"[^()\\]*([()\\])", re.DOTALL).match(self.content, self.at)
            if not found:
                raise PdfError("a string has no end")
            parts.append(found[0][:-1])
            self.at = found.end()
            if found[1] == b"\\":
                parts.append(self._escaped())
                continue
            depth += 1 if found[1] == b"(" else -1
            if not depth:
                return b"".join(parts)
            parts.append(found[1])

    def _escaped(self) -> bytes:
        """Return what stands after a backslash."""
        octal = re.compile(rb"[0-7]{1,3}").match(self.content, self.at)
        if octal:
            self.at = octal.end()
            return bytes([int(octal[0], 8) & 255])
        one = self.content[self.at : self.at + 1]
        self.at += 1
        return _ESCAPES.get(one, one)
