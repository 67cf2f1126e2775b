"""An office's name, logo and two colours, from `reports/brand.yml`, checked so that every page can be read."""

from __future__ import annotations

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from oda.errors import SettingsError
from oda.governance import Assessment
from oda.pilot import Pilot
from oda.reports.document import escape
from oda.reports.own_pictures import no_picture
from oda.settings import InnerPath, Settings, in_words, read_yaml

FILE = "reports/brand.yml"
FOLDER = "brand"  # of a staged project
WHITE = "#ffffff"
GROUNDS = (WHITE, "#f3f2f1", "#eef3f8", "#fff1c9", "#edeff1")  # on which pages put words; last, the mark of a draft
TEXT, SHAPE = 4.5, 3.0  # contrast that WCAG 2.2 asks of words, and of what is drawn
LARGEST = 200_000  # bytes of a logo: it is put into every page
_REACHING = re.compile(r"javascript:|@import|(?:https?:)?//(?!www\.w3\.org/)", re.IGNORECASE)


def _check_colour(value: str) -> str:
    """Return a colour as six digits after a hash, or raise."""
    found = re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", value.lower())
    if not found:
        raise ValueError(f"{value!r} is not a colour; write it between quotes, as '#12436d'")
    digits = found[1]
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


Colour = Annotated[str, AfterValidator(_check_colour)]


class Logo(Settings):
    """A picture of the office, and the words for whoever does not see it."""

    file: InnerPath
    alt: str = Field(min_length=3, max_length=150)


class Brand(Settings):
    """What `reports/brand.yml` says; what it leaves out stays as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=120)
    logo: Logo | None = None
    primary: Colour = "#12436d"
    accent: Colour = "#28a197"


def load_brand(pilot: Path) -> Brand:
    """Read and check the brand of a pilot.

    Parameters
    ----------
    pilot
        The pilot's folder.

    Returns
    -------
    Brand
        The defaults where there is no `reports/brand.yml`.

    Raises
    ------
    SettingsError
        When the file cannot be read, a colour is too pale for what it is used for, or the logo cannot be shown.
    """
    path = pilot / FILE
    if not path.exists():
        return Brand()
    try:
        brand = Brand.model_validate(read_yaml(path, name=FILE))
    except ValidationError as error:
        raise SettingsError(in_words(FILE, error, path=path)) from error
    faults = [*_pale(brand), *_logo_faults(brand, path.parent)]
    if faults:
        raise SettingsError("\n".join(f"{FILE}: {fault}" for fault in faults))
    return brand


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2.2 counts it, 1 to 21.

    Parameters
    ----------
    one, other
        Colours such as `#12436d`.

    Returns
    -------
    float
        The ratio of their relative luminances.

    Examples
    --------
    >>> round(contrast("#ffffff", "#12436d"), 2)
    10.25
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour."""
    parts = [part / 255 for part in bytes.fromhex(colour[1:])]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _pale(brand: Brand) -> Iterator[str]:
    """Say which colour is too pale, for what, and which near it is not."""
    uses = (("primary", brand.primary, TEXT, "under white words"), ("accent", brand.accent, SHAPE, "as a line"))
    for name, colour, least, use in uses:
        found = contrast(colour, WHITE)
        if found < least:
            yield (
                f"{name} {colour!r} has a contrast of {int(found * 100) / 100:.2f}:1 with white, and {use} "
                f"it needs {least:g}:1. A near colour that has it: {_darker(colour, (WHITE,), least)!r}."
            )


def _darker(colour: str, grounds: tuple[str, ...], least: float) -> str:
    """Return the first colour on the way to black that has enough contrast with every ground."""
    parts = bytes.fromhex(colour[1:])
    steps = ("#" + bytes(round(part * step / 255) for part in parts).hex() for step in range(255, -1, -1))
    return next(one for one in steps if all(contrast(one, ground) >= least for ground in grounds))


def _logo_faults(brand: Brand, folder: Path) -> Iterator[str]:
    """Say why a logo cannot be shown."""
    if brand.logo is None:
        return
    name, path = brand.logo.file, folder / brand.logo.file
    if not path.is_file():
        yield f"the logo {name!r} is not in {folder.name}/. Put the file there, or take 'logo' out."
        return
    if not path.resolve().is_relative_to(folder.resolve()):
        yield f"the logo {name!r} is a link that leaves {folder.name}/. Put the file itself there."
        return
    content = path.read_bytes()
    if len(content) > LARGEST:
        yield f"the logo {name!r} has {len(content):,} bytes, and {LARGEST:,} fit. Save it smaller."
    kind = path.suffix.lower()
    if kind not in (".svg", ".png"):
        yield f"the logo {name!r} is neither SVG nor PNG. Save it as one of these."
        return
    unsafe = [f"the logo {name!r} {what}." for what in _svg_faults(content)] if kind == ".svg" else []
    yield from unsafe
    if not unsafe and (fault := no_picture(content, kind)):
        yield f"the logo {name!r} cannot be shown: {fault}. Save it again as SVG or PNG."


def _svg_faults(content: bytes) -> Iterator[str]:
    """Say what in an SVG file could run, or reach out of the page."""
    if re.search(rb"<!(?:DOCTYPE|ENTITY)|<\?xml-stylesheet", content, re.IGNORECASE):
        yield "has a DOCTYPE or style sheet of its own. Save it as plain SVG"
        return
    try:
        root = ET.fromstring(content.decode("utf-8-sig"))  # noqa: S314  without a DOCTYPE there are no entities to expand
    except (ET.ParseError, UnicodeDecodeError) as error:
        yield f"is not well-formed SVG ({error}). Save it again as plain SVG"
        return
    if _local(root.tag) != "svg":
        yield f"is not SVG but {_local(root.tag)!r}. Save it as SVG or PNG"
    for element in root.iter():
        what = _active(element)
        if what:
            yield f"holds {what}, which could run or reach out of the page. Save it as plain SVG"
            return


def _active(element: ET.Element) -> str:
    """Name what in an element could run or reach out; nothing when nothing could."""
    tag = _local(element.tag)
    if tag in {"script", "foreignobject", "iframe", "handler", "animate", "set"}:
        return f"<{tag}>"
    for key, value in element.attrib.items():
        name = _local(key)
        inside = value.startswith(("#", "data:image/png", "data:image/jpeg"))
        if name.startswith("on") or (name == "href" and not inside) or _REACHING.search(value):
            return f"{name}={value[:40]!r}"
    return "a style that fetches" if tag == "style" and re.search(r"@import|url\(", element.text or "") else ""


def _local(name: Any) -> str:  # noqa: ANN401  a comment's tag is a function
    """Return the name of an element or attribute without its namespace, in small letters."""
    return str(name).rpartition("}")[2].lower()


def mark(pilot: Pilot, assessment: Assessment) -> str:
    """Write the lines of a staged document's front matter that say whose it is, and whether it is a draft.

    Parameters
    ----------
    pilot
        Settings.
    assessment
        How the checklist stands: a document is a draft while the gate `publish` is shut.

    Returns
    -------
    str
        YAML; empty for a published document with the look as it comes.

    Raises
    ------
    SettingsError
        As `load_brand`.
    """
    draft = "" if assessment.gate("publish").is_open else "draft: true\n"
    brand = load_brand(pilot.folder)
    if brand == Brand():
        return draft
    ink = _darker(brand.primary, GROUNDS, TEXT)  # the same as `primary`, unless that only just passes on white
    fields = {"primary": brand.primary[1:], "accent": brand.accent[1:], "ink": ink[1:]}
    if brand.name:
        fields["name"] = escape(brand.name)
    if brand.logo:
        fields |= {"logo": _logo_place(brand.logo, pilot.folder), "logo-alt": escape(brand.logo.alt)}
    pairs = "".join(f"  {key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items())
    return f"{draft}oda-brand:\n{pairs}"


def stage_logo(pilot: Path, project: Path) -> None:
    """Copy the logo, where there is one, into a staged project.

    Parameters
    ----------
    pilot
        The pilot's folder.
    project
        The staged project.
    """
    logo = load_brand(pilot).logo
    if logo is None:
        return
    target = project / _logo_place(logo, pilot)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(_logo_path(logo, pilot).read_bytes())


def _logo_path(logo: Logo, pilot: Path) -> Path:
    """Return where a logo stands in a pilot."""
    return pilot / PurePosixPath(FILE).parent / logo.file


def _logo_place(logo: Logo, pilot: Path) -> str:
    """Return where a logo stands in a staged project; its hash is in its name, so a changed logo changes the pages."""
    path = _logo_path(logo, pilot)
    return f"{FOLDER}/logo-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}{path.suffix.lower()}"
