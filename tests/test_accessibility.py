"""Real reports in a real browser, and read by an independent reader of PDF: everybody can read them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import page as page_validation
import pikepdf
import pytest
from playwright.sync_api import sync_playwright

from finished import made_up
from oda.reports.linting.linting import lint_page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]  # no wcag22a: axe has no such rule
LOOK = """tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, rules: {'target-size': {enabled: true}}})
    .then(found => ({engine: found.testEngine.version, passed: found.passes.length,
                     unknown: found.incomplete.flatMap(one => one.nodes.map(node => one.id + ': ' + node.html)),
                     violations: found.violations.map(one => one.id + ': ' + one.nodes[0].html)}))"""
# Axe knows no contrast on a shade or over a letter: the shade at a table's edge, and the mark behind every page.
PLAIN = ".table-box { background: none !important } .draft-mark { visibility: hidden }"
SIGN = '<span class="symbol" aria-hidden="true">'  # a symbol beside its words, which axe takes for no text
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
# What WCAG 1.4.12 lets a reader set, and no word may be lost by it.
SPACED = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
    p { margin-bottom: 2em !important }"""
# Words that are cut: an element that hides what it does not hold, and has no bar to scroll by.
CUT = """() => [...document.querySelectorAll('body *')].filter(one => {
    const style = getComputedStyle(one), hides = side => ['hidden', 'clip'].includes(style['overflow' + side]);
    return one.textContent.trim() && (hides('X') && one.scrollWidth > one.clientWidth + 1
        || hides('Y') && one.scrollHeight > one.clientHeight + 1); }).map(one => one.outerHTML.slice(0, 80))"""
# Where the keyboard is: what, whether it is to be seen there, and whether it is in the window.
FOCUS = """() => { const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    return {tag: one.tagName, words: one.textContent.trim().slice(0, 40), href: one.getAttribute('href') || '',
        shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        inside: box.width > 0 && box.left > -1 && box.bottom > 0 && box.top < innerHeight}; }"""
STOPS = "a[href], button, input, select, textarea, summary, [tabindex='0']"
WIDE, HALF, NARROW = 1280, 640, 320  # pixels: a page as it is, enlarged twice, and four times
PAPER = 718  # pixels of A4 between margins of 10 mm

pytestmark = pytest.mark.xdist_group("run")
GATE = "ODA_GATE" in os.environ  # set by .ci/run, where no browser is a failure
in_browser = pytest.mark.skipif(BROWSER is None and not GATE, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the browser that is installed."""
    assert BROWSER, "Chromium is not installed, and the gate has to look at the reports in it. Install chromium."
    with sync_playwright() as player:
        started = player.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def see(browser: Any) -> Iterator[Any]:
    """Return a function that opens a file at a width, the network off, and returns the open page."""
    contexts = []

    def open_it(path: Path, width: int = WIDE, **how: Any) -> Any:
        context = browser.new_context(offline=True, bypass_csp=True, viewport={"width": width, "height": 900}, **how)
        contexts.append(context)
        opened = context.new_page()
        opened.goto(path.as_uri())
        return opened

    yield open_it
    for context in contexts:
        context.close()


def look(opened: Any) -> dict[str, Any]:
    """Run axe on an open page, its details unfolded; return how many rules passed, what it found and could not tell."""
    opened.add_style_tag(content=PLAIN)
    opened.evaluate(UNFOLD)
    opened.evaluate(AXE)
    return dict(opened.evaluate(LOOK, LEVELS))


def report(name: str) -> Path:
    """Return a file of the finished pilot's reports."""
    return made_up().report.index.parent / name


def pages() -> list[Path]:
    """Return every page of the finished pilot."""
    return [path for path in made_up().report.files if path.suffix == ".html"]


def one_of_each() -> list[Path]:
    """Return the pages that are not alike: one district stands for all."""
    others = {f"{district.slug}.html" for district in made_up().pilot.districts[1:]}
    return [path for path in pages() if path.name not in others]


@in_browser
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_axe_finds_no_fault_in_any_page(see, width: int):
    """WCAG 2.0 to 2.2, levels A and AA, and good practice: no rule is broken and no contrast unknown."""
    found = {path.name: look(see(path, width)) for path in pages()}
    assert {name: one["violations"] for name, one in found.items() if one["violations"]} == {}
    assert len(found) > 8
    assert min(one["passed"] for one in found.values()) > 20
    if width == WIDE:  # on a phone a wide table's last columns are out of sight
        assert {name: one["unknown"] for name, one in found.items() if set_aside(one["unknown"])} == {}


def set_aside(unknown: list[str]) -> list[str]:
    """Return what axe could not tell, less the signs that stand beside their words."""
    return [one for one in unknown if SIGN not in one]


@in_browser
@pytest.mark.parametrize("width", [HALF, NARROW])
@pytest.mark.parametrize("style", ["", SPACED], ids=["as-it-is", "spaced-out"])
def test_a_page_enlarged_or_spaced_out_needs_no_scrolling_sideways_and_loses_no_word(see, width: int, style: str):
    """At 200 and 400 per cent, and with the spacing that a reader may set, a page is as wide as its window."""
    for path in one_of_each():
        opened = see(path, width)
        opened.add_style_tag(content=style or "*{}")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width, path.name
        assert opened.evaluate(CUT) == [], path.name


@in_browser
@pytest.mark.parametrize("colours", ["none", "active"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(see, colours: str):
    """The first stop is the skip link; each stop is seen, in a reader's own colours too; the last leads on."""
    for path in one_of_each():
        opened = see(path, forced_colors=colours, reduced_motion="reduce")
        stops = opened.evaluate(
            f'[...document.querySelectorAll("{STOPS}")].filter(one => one.checkVisibility()).length'
        )
        seen = []
        for _ in range(stops):
            opened.keyboard.press("Tab")
            seen.append(opened.evaluate(FOCUS))
        assert seen[0]["href"] == "#page-main"
        assert [one for one in seen if not one["shown"] or not one["inside"]] == [], path.name
        opened.keyboard.press("Tab")
        assert opened.evaluate(FOCUS)["tag"] in ("BODY", "HTML"), path.name


@in_browser
def test_in_a_readers_own_colours_no_mark_stands_behind_the_words(see):
    """Forced colours would make the mark of a draft as strong as the words; its banner still says what it is."""
    opened = see(report("board.html"), forced_colors="active")
    assert not opened.locator(".draft-mark").is_visible()
    assert opened.locator(".draft-banner").is_visible()


@in_browser
def test_the_skip_link_leads_past_the_head(see):
    """After it, the next stop of the keyboard is within the report."""
    opened = see(report("board.html"))
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "page-main"
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.closest('main') !== null")


@in_browser
def test_a_wide_table_scrolls_by_the_arrow_keys(see):
    """On a phone the columns that do not fit are reached without a finger or a mouse."""
    opened = see(report("board.html"), NARROW, reduced_motion="reduce")
    box = next(
        one
        for one in opened.locator(".table-box").all()
        if one.evaluate("one => one.scrollWidth > one.clientWidth + 9")
    )
    box.focus()
    opened.keyboard.press("ArrowRight")
    opened.wait_for_timeout(300)
    assert box.evaluate("one => one.scrollLeft") > 0


@in_browser
def test_on_paper_nothing_is_cut_and_no_page_is_blank(see, tmp_path: Path):
    """What a browser prints holds every word within the margins, and a picture or words on each sheet."""
    for path in one_of_each():
        opened = see(path, PAPER)
        opened.emulate_media(media="print")
        wide = opened.evaluate(
            "width => [...document.querySelectorAll('main *')].filter(one => !one.closest('svg, math, [aria-hidden]')"
            " && one.getBoundingClientRect().right > width + 1).map(one => one.outerHTML.slice(0, 80))",
            PAPER,
        )
        assert wide == [], path.name
        opened.add_style_tag(content="[aria-hidden=true] { display: none }")  # the mark of a draft is on each sheet
        opened.pdf(path=tmp_path / "print.pdf", format="A4", margin=dict.fromkeys(("left", "right"), "10mm"))
        with pikepdf.open(tmp_path / "print.pdf") as made:
            assert [number for number, sheet in enumerate(made.pages, 1) if not says_something(sheet)] == [], path.name


@in_browser
def test_on_paper_a_headline_stays_with_its_chart_and_the_head_of_a_table_with_its_rows(see):
    """Neither is left at the foot of a sheet while what it is about stands on the next."""
    opened = see(report("board.html"), PAPER)
    opened.emulate_media(media="print")
    for kept in ("main h2", ".exhibit > p:first-child", "caption", "thead", "thead tr"):
        assert opened.locator(kept).first.evaluate("one => getComputedStyle(one).breakAfter") == "avoid", kept


def says_something(sheet: pikepdf.Page) -> bool:
    """Tell whether a sheet shows words or a picture, in itself or in a form that it shows."""
    return any(str(one.operator) in ("Tj", "TJ", "Do") for one in pikepdf.parse_content_stream(sheet))


@in_browser
def test_a_page_is_whole_without_scripts(see):
    """Every word of the reports is there with scripts off; only the box to search in is not."""
    words = "() => document.querySelector('main').innerText"
    for path in one_of_each():
        with_them = re.sub(r"Find a district\n+", "", see(path).evaluate(words))
        without = see(path, java_script_enabled=False).locator("main").inner_text()
        assert without.split() == with_them.split(), path.name


@in_browser
def test_nothing_moves_for_a_reader_who_asked_for_that(see):
    """With reduced motion no page scrolls smoothly, and nothing fades or turns."""
    moving = """() => [...document.querySelectorAll('*')].filter(one => { const style = getComputedStyle(one);
        return style.scrollBehavior === 'smooth' || parseFloat(style.transitionDuration) > 0
            || style.animationName !== 'none'; }).length"""
    for path in one_of_each():
        assert see(path, reduced_motion="reduce").evaluate(moving) == 0, path.name


@in_browser
def test_a_page_asks_for_nothing_but_itself(browser):
    """With the network there, a page that is opened and printed makes no request to anything."""
    for path in one_of_each():
        context = browser.new_context()
        asked: list[str] = []
        context.on("request", lambda one, asked=asked: asked.append(one.url))
        opened = context.new_page()
        opened.goto(path.as_uri())
        opened.emulate_media(media="print")
        opened.wait_for_timeout(100)
        context.close()
        assert [one for one in asked if not one.startswith("data:")] == [path.as_uri()]


# Real pages broken on purpose: what is replaced, by what, and the rule of axe or of the lint that must find it.
BROKEN = [
    ("html-has-lang", r"<html lang=\"[^\"]+\">", "<html>"),
    ("document-title", r"<title>.*?</title>", ""),
    ("color-contrast", r"(<main[^>]*>)", r"\1<p style='color: #bbb'>pale</p>"),
    ("color-contrast", r"(<td[^>]*>)", r"\1<span style='color: #ccc'>pale</span>"),
    ("heading-order", r"<(/?)h2", r"<\1h4"),
    ("landmark-one-main", r"<(/?)main", r"<\1div"),
    ("scrollable-region-focusable", r"role=\"region\" tabindex=\"0\"", ""),
    ("link-name", r"(<main[^>]*>)", r"\1<a href='board.pdf'></a>"),
    ("image-alt", r" (alt|aria-label|role)=\"[^\"]*\"", ""),
    ("alt", r"(<img[^>]*) alt=\"[^\"]*\"", r"\1"),
    ("target-size", r"(<main[^>]*>)", r"\1" + "<button style='width:9px;height:9px;padding:0;border:0'>a</button>" * 2),
    ("ids", r"(<main[^>]*>)", r"\1<p id='page-main'>twice</p>"),
    ("table-scope", r" scope=\"col\"", ""),
    ("table-caption", r"<caption>.*?</caption>", ""),
    ("table-header-cells", r"<(/?)th\b", r"<\1td"),
    ("table-cut", r"(<td[^>]*>)[^<]*</td>", r"\1...</td>"),
    ("figure-data", r"href=\"data:text/csv[^\"]*\"", "href='#page-main'"),
    ("alt-filler", r"(<img[^>]*) alt=\"[^\"]*\"", r'\1 alt="Image"'),
    ("requests", r"(<img[^>]*) src=\"data:[^\"]*\"", r'\1 src="https://example.org/a.svg"'),
    ("key-order", r"tabindex=\"0\"", 'tabindex="2"'),
    ("draft-mark", r"(?i)draft|not approved for publication", "final"),
]


@in_browser
@pytest.mark.parametrize(("rule", "before", "after"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_real_page_broken_on_purpose_fails_the_gate(see, tmp_path: Path, rule: str, before: str, after: str):
    """Axe or the lint finds what is broken in the board's own report, at the width of a phone."""
    text = report("board.html").read_text(encoding="utf-8")
    changed = re.sub(before, after, text, flags=re.DOTALL)
    assert changed != text
    broken = tmp_path / "broken.html"
    broken.write_text(changed, encoding="utf-8")
    found = {one.split(":")[0] for one in look(see(broken, NARROW))["violations"]}
    assert rule in found | {one.rule for one in lint_page(changed, name="broken.html", draft=True)}


@in_browser
def test_a_page_too_wide_cut_or_still_moving_is_noticed(see, tmp_path: Path):
    """One wide line, words behind an edge and a thing that fades are seen: these checks can fail."""
    page = tmp_path / "wide.html"
    page.write_text(
        f"<p style='white-space:nowrap'>{'word ' * 99}</p><p style='height:9px;overflow:hidden'>cut<br>off</p>",
        encoding="utf-8",
    )
    opened = see(page, NARROW)
    assert opened.evaluate("document.documentElement.scrollWidth") > NARROW
    assert len(opened.evaluate(CUT)) == 1


@pytest.mark.parametrize("name", ["board", "redditch"])
def test_the_pdf_keeps_pdf_ua(name: str):
    """Another program than the one that wrote it finds PDF/UA-1 kept in a real report."""
    found = page_validation.validate_pdf(report(f"{name}.pdf"), profile="ua1")
    assert found.is_compliant, [one.message for one in found.failures]
