"""D03: each dataset's file is the one its card was written for, measured so that nobody can guess what it holds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from oda.errors import DatasetError
from oda.governance.probes import Check, hash_key, measure, probe, write_measured
from oda.governance.probes.measuring import KEY_FILE

CARD = """\
# The GP list.
name: {name}
resources:
  - name: {name}
    path: {path}  # as it came
    schema: {{fields: []}}  # none yet
x-ig: {{class: {data_class}}}
"""


@dataclass(frozen=True)
class Card:
    """A dataset as a probe asks for it."""

    name: str
    data_class: str
    card_path: Path
    title: str = ""


Make = Callable[..., Card]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that writes a file and its card, measured unless told otherwise."""

    def write(
        name: str = "gp", data_class: str = "personal", *, path: str = "", text: str = "a\n1\n", **words: bool
    ) -> Card:
        place = tmp_path / (path or f"data/raw/{name}.csv")
        place.parent.mkdir(parents=True, exist_ok=True)
        if "*" not in place.name:
            place.write_text(text, encoding="utf-8", newline="\n")
        hash_key(tmp_path, create=True)
        card = tmp_path / f"governance/datasets/{name}.yml"
        card.parent.mkdir(parents=True, exist_ok=True)
        inner = path or f"data/raw/{name}.csv"
        card.write_text(CARD.format(name=name, path=inner, data_class=data_class), encoding="utf-8", newline="\n")
        if words.get("measured", True):
            keyed = words.get("keyed", data_class not in {"open", "synthetic"})
            write_measured(card, measure(tmp_path, inner, keyed=keyed), rows=1)
        return Card(name, data_class, card)

    return write


def look(folder: Path, *cards: Card) -> list[Check]:
    """Return what D03 finds that does not pass."""
    return [check for check in probe("D03", folder, cards) if not check.passed]


def one(folder: Path, *cards: Card) -> str:
    """Return the one thing that D03 finds wrong."""
    (check,) = look(folder, *cards)
    assert check.passed is False
    assert check.mend
    return check.finding


@pytest.mark.parametrize("data_class", ["personal", "pseudonymised", "open", "unheard of"])
def test_a_file_that_was_measured_passes(tmp_path: Path, make: Make, data_class: str) -> None:
    """Of whatever class."""
    assert look(tmp_path, make(data_class=data_class)) == []


def test_a_swapped_file_of_the_same_size_and_rows_fails(tmp_path: Path, make: Make) -> None:
    """One digit changed is another file."""
    card = make()
    (tmp_path / "data/raw/gp.csv").write_text("a\n2\n", encoding="utf-8", newline="\n")
    assert one(tmp_path, card) == (
        "1 file of gp (data/raw/gp.csv): the content is not the one that its card was written for"
    )


def test_a_file_of_another_size_fails_with_both_sizes(tmp_path: Path, make: Make) -> None:
    """The reader sees how far they are apart."""
    card = make()
    (tmp_path / "data/raw/gp.csv").write_text("a\n1\n2\n", encoding="utf-8", newline="\n")
    assert "6 bytes, and 4 in its card" in one(tmp_path, card)


def test_a_file_that_is_gone_fails(tmp_path: Path, make: Make) -> None:
    """No file equals no card."""
    card = make()
    (tmp_path / "data/raw/gp.csv").unlink()
    assert one(tmp_path, card) == "data/raw/gp.csv does not exist"


@pytest.mark.parametrize("data_class", ["personal", "open"])
def test_a_card_without_a_hash_fails_and_says_how_to_get_one(tmp_path: Path, make: Make, data_class: str) -> None:
    """Nothing is compared with nothing."""
    (check,) = look(tmp_path, make(data_class=data_class, measured=False))
    assert (check.passed, check.mend[-7:]) == (False, "card gp")


def test_a_plain_hash_of_personal_data_fails(tmp_path: Path, make: Make) -> None:
    """A small file can be guessed by trying what it may hold."""
    assert "by which data about people could be guessed" in one(tmp_path, make(keyed=False))


@pytest.mark.parametrize("text", ["md5:0123", "sha256:xyz", "0" * 63])
def test_a_hash_in_another_form_fails(tmp_path: Path, make: Make, text: str) -> None:
    """It is told, not passed over."""
    card = make(data_class="open")
    written = yaml.safe_load(card.card_path.read_text(encoding="utf-8"))
    written["resources"][0]["hash"] = text
    card.card_path.write_text(yaml.safe_dump(written), encoding="utf-8")
    assert "in another form" in one(tmp_path, card)


def test_a_hash_without_its_kind_is_sha_256(tmp_path: Path, make: Make) -> None:
    """As the Data Package standard allows for other kinds, ours is taken."""
    card = make(data_class="open")
    card.card_path.write_text(card.card_path.read_text(encoding="utf-8").replace("sha256:", ""), encoding="utf-8")
    assert look(tmp_path, card) == []


def test_without_the_key_the_file_is_not_known(tmp_path: Path, make: Make) -> None:
    """It is no failure of the file, and no pass."""
    card = make()
    (tmp_path / KEY_FILE).unlink()
    (check,) = look(tmp_path, card)
    assert check.passed is None
    assert "data/raw/.hash-key is not there" in check.finding


def test_another_key_gives_another_hash(tmp_path: Path, make: Make) -> None:
    """Who has no key cannot confirm a guess."""
    card = make()
    (tmp_path / KEY_FILE).write_text("0" * 64, encoding="ascii")
    assert "the content is not the one" in one(tmp_path, card)


@pytest.mark.parametrize("text", ["", "abc", "g" * 64])
def test_a_key_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """Half a key protects nothing."""
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / KEY_FILE).write_text(text, encoding="ascii")
    with pytest.raises(DatasetError, match="not 64 hexadecimal digits"):
        hash_key(tmp_path, create=True)


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """The second call reads it."""
    with pytest.raises(DatasetError, match="is not there"):
        hash_key(tmp_path)
    assert len(hash_key(tmp_path, create=True)) == 32
    assert hash_key(tmp_path) == hash_key(tmp_path, create=True)


# Links


@pytest.mark.parametrize("what", ["file", "folder", "hard"])
def test_a_link_fails_whatever_it_leads_to(tmp_path: Path, make: Make, what: str) -> None:
    """Even to a file with the right content: it can be changed from elsewhere."""
    card, place = make(path="data/raw/in/gp.csv"), tmp_path / "data/raw/in/gp.csv"
    other = tmp_path / "elsewhere"
    if what == "hard":
        os.link(place, other)
    else:
        linked = place if what == "file" else place.parent
        linked.rename(other)
        linked.symlink_to(other)
    assert ("with 1 other name" if what == "hard" else "is a link to another place") in one(tmp_path, card)


def test_a_key_behind_a_link_is_refused(tmp_path: Path) -> None:
    """A key that anyone can swap is none."""
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "key").write_text("0" * 64, encoding="ascii")
    (tmp_path / KEY_FILE).symlink_to(tmp_path / "key")
    with pytest.raises(DatasetError, match="is a link"):
        hash_key(tmp_path)


@pytest.mark.parametrize(
    "path", ["../gp.csv", "/etc/passwd", "data\\raw\\gp.csv", "C:/gp.csv", "data/../../gp.csv", ""]
)
def test_a_path_out_of_the_pilot_is_refused(tmp_path: Path, path: str) -> None:
    """Nothing outside the pilot is measured."""
    with pytest.raises(DatasetError, match="leaves the pilot's folder"):
        measure(tmp_path, path, keyed=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """Reading one would hang."""
    os.mkfifo(tmp_path / "gp.csv")
    with pytest.raises(DatasetError, match="no plain file"):
        measure(tmp_path, "gp.csv", keyed=False)


# Several files


def test_several_files_are_hashed_one_after_the_other_in_order_of_name(tmp_path: Path) -> None:
    """As the Data Package standard has it for a file in parts."""
    for name in ("b", "a", "~$a"):
        (tmp_path / f"{name}.csv").write_text(name, encoding="utf-8")
    measured = measure(tmp_path, "*.csv", keyed=False)
    assert measured.files == ("a.csv", "b.csv")
    assert (measured.hash, measured.bytes) == (f"sha256:{hashlib.sha256(b'ab').hexdigest()}", 2)


def test_a_file_more_fails(tmp_path: Path, make: Make) -> None:
    """A part that came later was not agreed."""
    make("one", path="data/raw/gp-1.csv")
    card = make(path="data/raw/gp-*.csv")
    assert look(tmp_path, card) == []
    (tmp_path / "data/raw/gp-2.csv").write_text("a\n", encoding="utf-8")
    assert "2 files of gp (data/raw/gp-*.csv)" in one(tmp_path, card)


# Two datasets


@pytest.mark.parametrize("path", ["data/raw/gp.csv", "data/raw/*.csv", "data/raw/GP.csv"])
def test_a_file_under_two_classes_fails(tmp_path: Path, make: Make, path: str) -> None:
    """An open card for the file of a personal dataset would open the gate."""
    held = make()
    free = make("census", "open", path=path, measured=False)
    assert any("is the file of gp (personal) and of census (open)" in c.finding for c in look(tmp_path, free, held))


def test_an_open_dataset_that_is_a_copy_of_a_personal_one_fails(tmp_path: Path, make: Make) -> None:
    """Its name and place are new, its content is not."""
    held, free = make(), make("census", "open")
    assert one(tmp_path, held, free) == "the file of open dataset census is that of personal dataset gp"
    (tmp_path / "data/raw/gp.csv").unlink()
    assert any("is that of personal dataset gp" in check.finding for check in look(tmp_path, free, held))


def test_an_open_dataset_of_the_same_size_passes(tmp_path: Path, make: Make) -> None:
    """Only the same content counts."""
    assert look(tmp_path, make(), make("census", "open", text="a\n9\n")) == []


# Made-up data


def synthetic(tmp_path: Path, make: Make) -> Card:
    """Write the card of a made-up dataset, its file not made yet."""
    card = make("falls", "synthetic", path="data/synthetic/falls.csv", measured=False)
    (tmp_path / "data/synthetic/falls.csv").unlink()
    with card.card_path.open("a", encoding="utf-8") as stream:
        stream.write("x-synthetic: {seed: 1}\n")
    return card


def test_a_made_up_file_passes_before_it_is_made_and_as_it_was_sealed(tmp_path: Path, make: Make) -> None:
    """The generator leaves a seal beside it."""
    card, place = synthetic(tmp_path, make), tmp_path / "data/synthetic/falls.csv"
    assert [check.finding for check in probe("D03", tmp_path, [card])] == ["the made-up file of falls is not made yet"]
    place.write_bytes(b"a\n")
    digest = hashlib.sha256(b"a\n").hexdigest()
    Path(f"{place}.sha256").write_text(f"{digest}\n", encoding="ascii")
    assert look(tmp_path, card) == []


@pytest.mark.parametrize("seal", [None, "0" * 64])
def test_a_made_up_file_with_another_seal_fails(tmp_path: Path, make: Make, seal: str | None) -> None:
    """Real rows under a synthetic card are found."""
    card, place = synthetic(tmp_path, make), tmp_path / "data/synthetic/falls.csv"
    place.write_bytes(b"a\n")
    if seal:
        Path(f"{place}.sha256").write_text(seal, encoding="ascii")
    assert "is not what the generator of falls wrote" in one(tmp_path, card)


def test_a_made_up_file_behind_a_link_fails(tmp_path: Path, make: Make) -> None:
    """A link to personal data is not made up."""
    card = synthetic(tmp_path, make)
    (tmp_path / "data/synthetic/falls.csv").symlink_to(tmp_path / "data/raw/gp.csv")
    assert "is a link" in one(tmp_path, card)


# Cards


@pytest.mark.parametrize("text", ["resources: []", "[", "resources: [{}]", "resources: 3", "a: &a [*a]"])
def test_a_card_that_cannot_be_read_fails(tmp_path: Path, make: Make, text: str) -> None:
    """It is told by name, and nothing crashes."""
    card = make()
    card.card_path.write_text(text, encoding="utf-8")
    assert "the card of dataset gp cannot be read" in one(tmp_path, card)


def test_a_measurement_keeps_all_else_of_a_card(tmp_path: Path, make: Make) -> None:
    """Three lines are added after the path; comments stay."""
    card = make(measured=False)
    before = card.card_path.read_text(encoding="utf-8")
    write_measured(card.card_path, measure(tmp_path, "data/raw/gp.csv", keyed=False), rows=1234)
    after = card.card_path.read_text(encoding="utf-8")
    digest = hashlib.sha256(b"a\n1\n").hexdigest()
    added = f"    hash: sha256:{digest}\n    bytes: 4\n    rows: 1234\n"
    assert after == before.replace("# as it came\n", f"# as it came\n{added}")


def test_a_second_measurement_takes_the_place_of_the_first(tmp_path: Path, make: Make) -> None:
    """Only the values change; Windows line ends and the comments beside them stay."""
    card = make("gp", "open")
    text = card.card_path.read_bytes().replace(b"bytes: 4", b"bytes: 4  # small").replace(b"\n", b"\r\n")
    card.card_path.write_bytes(text)
    write_measured(card.card_path, measure(tmp_path, "data/raw/gp.csv", keyed=False), rows=9)
    assert card.card_path.read_bytes() == text.replace(b"rows: 1", b"rows: 9")


def test_a_card_without_a_last_line_end_is_edited(tmp_path: Path, make: Make) -> None:
    """As some editors leave it."""
    card = make(measured=False)
    card.card_path.write_bytes(b"resources:\n- name: gp\n  path: data/raw/gp.csv")
    write_measured(card.card_path, measure(tmp_path, "data/raw/gp.csv", keyed=False), rows=9)
    assert card.card_path.read_bytes().startswith(b"resources:\n- name: gp\n  path: data/raw/gp.csv\n  hash: sha256:")


@pytest.mark.parametrize(
    "text", ["resources: [{path: data/raw/gp.csv}]\n", "a: 1\n", "resources: 3\n", "[\n", "a: &a [*a]\n"]
)
def test_a_card_in_another_form_is_left_alone(tmp_path: Path, make: Make, text: str) -> None:
    """The person gets the lines to paste, and the card stays as it is."""
    card = make(measured=False)
    card.card_path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match="    bytes: 4\n    rows: 9"):
        write_measured(card.card_path, measure(tmp_path, "data/raw/gp.csv", keyed=False), rows=9)
    assert card.card_path.read_text(encoding="utf-8") == text
    assert [path.name for path in card.card_path.parent.iterdir()] == ["gp.yml"]
