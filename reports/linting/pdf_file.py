"""A PDF file: its table of objects, followed as a reader of PDF follows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from oda.reports.linting.pdf_objects import PdfError, Reader, Reference, Stream

_BEGIN = re.compile(rb"[\x00\t\n\x0c\r ]*(\d+)[\x00\t\n\x0c\r ]+(\d+)[\x00\t\n\x0c\r ]+obj")
_LINE = re.compile(rb"[\x00\t\n\x0c\r ]*(\d{1,10}) (\d{1,5}) ([nf])")
_SECTION = re.compile(rb"[\x00\t\n\x0c\r ]*(\d+)[\x00\t\n\x0c\r ]+(\d+)(?=[\x00\t\n\x0c\r ])")
_TRAILER = re.compile(rb"[\x00\t\n\x0c\r ]*trailer")


class PdfFile:
    """A PDF whose objects can be asked for.

    Parameters
    ----------
    content
        The file's bytes.

    Raises
    ------
    PdfError
        When it is no PDF, or its table of objects cannot be read.
    """

    def __init__(self, content: bytes) -> None:
        """Read the table of objects."""
        if not content.startswith(b"%PDF-"):
            raise PdfError("it does not begin as a PDF does")
        self.content = content
        self.places: dict[int, tuple[int, int]] = {}  # number: (offset, -1), or (number of its stream, place in it)
        self.trailer: dict[str, Any] = {}
        self._kept: dict[int, Any] = {}
        self._packs: dict[int, list[Any]] = {}
        self._open: set[int] = set()
        self._tables()

    def _tables(self) -> None:
        """Read every table of objects, the newest first."""
        found = re.findall(rb"startxref[\x00\t\n\x0c\r ]+(\d+)", self.content[-2048:])
        if not found:
            raise PdfError("it has no startxref at its end")
        waiting, seen = [int(found[-1])], set()
        while waiting:
            offset = waiting.pop(0)
            if offset in seen:
                continue
            seen.add(offset)
            trailer = self._table(offset)
            self.trailer = {**trailer, **self.trailer}
            waiting += [trailer[key] for key in ("XRefStm", "Prev") if isinstance(trailer.get(key), int)]

    def _table(self, offset: int) -> dict[str, Any]:
        """Read one table, in lines or packed; return its trailer."""
        found = re.compile(rb"[\x00\t\n\x0c\r ]*xref").match(self.content, offset)
        if not found:
            return self._packed_table(offset)
        at = found.end()
        while section := _SECTION.match(self.content, at):
            at = section.end()
            for number in range(int(section[1]), int(section[1]) + int(section[2])):
                line = _LINE.match(self.content, at)
                if not line:
                    raise PdfError(f"the table of objects breaks off at byte {at}")
                at = line.end()
                if line[3] == b"n":
                    self.places.setdefault(number, (int(line[1]), -1))
        end = _TRAILER.match(self.content, at)
        trailer = Reader(self.content, end.end()).read() if end else None
        if not isinstance(trailer, dict):
            raise PdfError("the table of objects has no trailer")
        return trailer

    def _packed_table(self, offset: int) -> dict[str, Any]:
        """Read a table that is packed into a stream."""
        stream = self._at(offset)
        if not isinstance(stream, Stream) or stream.head.get("Type") != "XRef":
            raise PdfError(f"byte {offset} holds no table of objects")
        content, widths = stream.unpack(), stream.head.get("W", [])
        if len(widths) != 3 or not sum(widths) or not all(isinstance(one, int) and one >= 0 for one in widths):
            raise PdfError("the table of objects has no widths")
        index = stream.head.get("Index", [0, stream.head.get("Size", 0)])
        numbers = (n for first, many in zip(index[::2], index[1::2], strict=True) for n in range(first, first + many))
        width = sum(widths)
        for number, start in zip(numbers, range(0, len(content) - width + 1, width), strict=False):
            self._place(number, content[start : start + width], widths)
        return stream.head

    def _place(self, number: int, row: bytes, widths: list[int]) -> None:
        """Keep where an object is, unless a newer table has it already."""
        first, second = widths[0], widths[0] + widths[1]
        kind = int.from_bytes(row[:first]) if first else 1
        where, last = int.from_bytes(row[first:second]), int.from_bytes(row[second:])
        if kind == 1:
            self.places.setdefault(number, (where, -1))
        elif kind == 2:
            self.places.setdefault(number, (where, last))

    def _at(self, offset: int) -> Any:  # noqa: ANN401  any object of a PDF
        """Return the object that begins at a byte."""
        begin = _BEGIN.match(self.content, offset)
        if not begin:
            raise PdfError(f"byte {offset} holds no object")
        reader = Reader(self.content, begin.end())
        made = reader.read()
        follows = re.compile(rb"[\x00\t\n\x0c\r ]*stream(?:\r\n|\n|\r)").match(self.content, reader.at)
        if not isinstance(made, dict) or not follows:
            return made
        length = self.get(made.get("Length"))
        if not isinstance(length, int) or length < 0 or length > len(self.content):
            raise PdfError(f"the stream at byte {offset} has no length")
        return Stream(made, self.content[follows.end() : follows.end() + length])

    def get(self, wanted: Any) -> Any:  # noqa: ANN401  any object of a PDF
        """Return an object, followed where it is a reference.

        Parameters
        ----------
        wanted
            Any object.

        Returns
        -------
        object
            The object itself; None where a reference leads to nothing, which PDF allows.

        Raises
        ------
        PdfError
            When it cannot be read.
        """
        if not isinstance(wanted, Reference):
            return wanted
        number = wanted.number
        if number in self._open:
            raise PdfError(f"object {number} leads to itself")
        if number not in self._kept:
            self._open.add(number)
            try:
                self._kept[number] = self.get(self._find(number))
            finally:
                self._open.discard(number)
        return self._kept[number]

    def part(self, *names: str) -> dict[str, Any]:
        """Return the catalogue, where a PDF says what it is, or a dictionary in it.

        Parameters
        ----------
        *names
            The way to it, such as `MarkInfo`.

        Returns
        -------
        dict
            Empty where there is none.

        Raises
        ------
        PdfError
            When there is no catalogue.
        """
        found = self.get(self.trailer.get("Root"))
        if not isinstance(found, dict):
            raise PdfError("it has no catalogue")
        for name in names:
            found = self.get(found.get(name))
            if not isinstance(found, dict):
                return {}
        return found

    def whole(self) -> None:
        """Read every object and unpack every stream.

        Raises
        ------
        PdfError
            When one cannot be.
        """
        for number in sorted(self.places):
            one = self.get(Reference(number))
            if isinstance(one, Stream) and one.head.get("Filter") == "FlateDecode":
                one.unpack()

    def _find(self, number: int) -> Any:  # noqa: ANN401  any object of a PDF
        """Return an object by its number."""
        if number not in self.places:
            return None
        where, place = self.places[number]
        if place < 0:
            return self._at(where)
        if where not in self._packs:
            self._packs[where] = self._unpack(where)
        pack = self._packs[where]
        if place >= len(pack):
            raise PdfError(f"object {number} is not where the table has it")
        return pack[place]

    def _unpack(self, number: int) -> list[Any]:
        """Return the objects that are packed into a stream."""
        stream = self.get(Reference(number))
        if not isinstance(stream, Stream) or stream.head.get("Type") != "ObjStm":
            raise PdfError(f"object {number} should hold others and does not")
        content = stream.unpack()
        many, first = self.get(stream.head.get("N")), self.get(stream.head.get("First"))
        head = Reader(content)
        starts = [(head.read(), head.read())[1] for _ in range(many)]
        return [Reader(content, first + start).read() for start in starts]

    def objects(self, holding: bytes) -> Iterator[Any]:
        """Yield the objects of the file that hold some bytes; the others are not read, as most of a PDF is drawing.

        Parameters
        ----------
        holding
            Such as `/Font`.

        Yields
        ------
        object
            In order of their numbers; of packed ones, all where any of them does.
        """
        packs: dict[int, bool] = {}
        for number, (where, place) in sorted(self.places.items()):
            if place < 0:
                found = holding in self.content[where : self.content.find(b"endobj", where)]
            elif where in packs:
                found = packs[where]
            else:
                pack = self.get(Reference(where))
                found = packs[where] = isinstance(pack, Stream) and holding in pack.unpack()
            if found:
                yield self.get(Reference(number))
