"""The canonical form: laid out anew, content has the same hash; with one value changed, another."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from oda.governance.canonical import canonical, digest, select
from oda.pilot import read_yaml
from signers import write

PLAIN = "a: 1\nb:\n  - {c: yes, d: 2026-01-31}\n  - text\ne: null\n"
SAME = {
    "comments and blank lines": "# why\na: 1   # one\n\nb:\n  - {c: yes, d: 2026-01-31}\n  - text\ne: null\n",
    "another order of names": "e: null\nb:\n  - {d: 2026-01-31, c: yes}\n  - text\na: 1\n",
    "line ends of Windows": PLAIN.replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + PLAIN,
    "block instead of flow": "a: 1\nb:\n- c: true\n  d: 2026-01-31\n- 'text'\ne: ~\n",
}
OTHER = {
    "a value": PLAIN.replace("a: 1", "a: 2"),
    "a number as text": PLAIN.replace("a: 1", "a: '1'"),
    "a whole number as a fraction": PLAIN.replace("a: 1", "a: 1.0"),
    "a no for a yes": PLAIN.replace("yes", "no"),
    "a name more": PLAIN + "f: null\n",
    "a name less": PLAIN.replace("e: null\n", ""),
    "another order of a list": "a: 1\nb:\n  - text\n  - {c: yes, d: 2026-01-31}\ne: null\n",
    "a blank in a text": PLAIN.replace("- text", '- "text "'),
}


def content(folder: Path, text: str) -> dict[str, Any]:
    """Read a text as a file of a pilot is read."""
    return read_yaml(write(folder, "file.yml", text))


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_another_layout_of_the_same_content_has_the_same_hash(tmp_path: Path, text: str) -> None:
    """Comments, order of names, line ends and quotation marks reopen no sign-off."""
    (tmp_path / "other.yml").write_bytes(text.encode())
    assert digest(read_yaml(tmp_path / "other.yml")) == digest(content(tmp_path, PLAIN))


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_a_changed_value_has_another_hash(tmp_path: Path, text: str) -> None:
    """No change of what a file says goes unseen."""
    assert digest(content(tmp_path, text)) != digest(content(tmp_path, PLAIN))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1: a\nb: c\n", "1: b\nb: c\n"),
        ("2026-01-31: a\nb: c\n", "2026-02-28: a\nb: c\n"),
        (f"a: 1{'0' * 49}\n", f"a: 1{'0' * 48}1\n"),
        ("a: .inf\n", "a: -.inf\n"),
    ],
    ids=["names of two types", "dates as names", "numbers of fifty digits", "infinities"],
)
def test_any_yaml_that_is_read_has_a_hash(tmp_path: Path, one: str, other: str) -> None:
    """A file with odd names or numbers stops no check, and a change in it is seen."""
    assert digest(content(tmp_path, one)) == digest(content(tmp_path, one))
    assert digest(content(tmp_path, one)) != digest(content(tmp_path, other))


def test_what_is_no_plain_content_is_refused() -> None:
    """Nothing is hashed by the accident of how a program writes it."""
    with pytest.raises(TypeError, match="set has no canonical form"):
        canonical({"a": {1, 2}})


def test_the_form_is_fixed() -> None:
    """These bytes are what sign-offs of years ago hold; a change of the form would make them all stale."""
    assert (
        canonical({"é": dt.date(2026, 1, 31), "a": [1, 2.5, True, None]})
        == '{"a":[1,2.5,true,null],"é":"2026-01-31"}'.encode()
    )
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_parts_are_found_through_lists_and_are_nothing_where_absent() -> None:
    """A part that appears later changes the hash as one that changes does."""
    card = {"name": "a", "resources": [{"schema": {"fields": [{"name": "x"}]}, "rows": 2}]}
    parts = ("name", "resources.schema.fields", "x-ig.columns")
    assert select(card, parts) == {
        "name": "a",
        "resources.schema.fields": [[{"name": "x"}]],
        "x-ig.columns": None,
    }
    assert select(card, ("name", "rows")) == {"name": "a", "rows": None}
    assert select(card, ()) is card
