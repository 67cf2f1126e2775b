"""Real reports, looked at by axe in a browser and by an independent reader of PDF: everybody can read them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import page as page_validation
import pytest
from playwright.sync_api import sync_playwright

from finished import made_up

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]  # no wcag22a: axe has no such rule
LOOK = """tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, rules: {'target-size': {enabled: true}}})
    .then(found => ({engine: found.testEngine.version, passed: found.passes.length,
                     violations: found.violations.map(one => one.id + ': ' + one.nodes[0].html)}))"""
WIDE, NARROW = 1280, 320  # pixels; 320 is what WCAG asks of a page that is enlarged four times
PAGES = ("index", "board", "redditch")

pytestmark = pytest.mark.xdist_group("run")
in_browser = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the browser that is installed; pages are files, and the network is off."""
    with sync_playwright() as player:
        started = player.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def see(browser: Any) -> Iterator[Any]:
    """Return a function that opens a file at a width and returns the open page."""
    context = browser.new_context(offline=True, bypass_csp=True)

    def open_it(path: Path, width: int) -> Any:
        opened = context.new_page()
        opened.set_viewport_size({"width": width, "height": 900})
        opened.goto(path.as_uri())
        return opened

    yield open_it
    context.close()


def look(opened: Any) -> dict[str, Any]:
    """Run axe on an open page; return its version, how many rules passed, and what it found."""
    opened.evaluate(AXE)
    return dict(opened.evaluate(LOOK, LEVELS))


def report(name: str) -> Path:
    """Return a file of the finished pilot's reports."""
    return made_up().report.index.parent / name


@in_browser
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_fault_in_a_page(see, name: str, width: int):
    """WCAG 2.0 to 2.2, levels A and AA, and good practice: no rule that a machine can check is broken."""
    found = look(see(report(f"{name}.html"), width))
    assert found["violations"] == []
    assert found["passed"] > 20


@in_browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_enlarged_four_times_needs_no_scrolling_sideways(see, name: str):
    """At 320 pixels a page is as wide as its window; a wide table scrolls in a box of its own."""
    opened = see(report(f"{name}.html"), NARROW)
    assert opened.evaluate("document.documentElement.scrollWidth") <= NARROW


@in_browser
def test_axe_finds_what_is_broken_on_purpose(see, tmp_path: Path):
    """An image without words, pale text, no language and a button too small to hit are found: the check can fail."""
    broken = tmp_path / "broken.html"
    button = "<button style='width:9px;height:9px;padding:0;border:0' aria-label='a'></button>"
    broken.write_text(
        f"<title>x</title><main><h1>x</h1><img src='x.png'><p style='color:#bbb'>pale</p>{button}{button}</main>",
        encoding="utf-8",
    )
    found = {one.split(":")[0] for one in look(see(broken, WIDE))["violations"]}
    assert {"image-alt", "color-contrast", "html-has-lang", "target-size"} <= found


@in_browser
def test_a_page_too_wide_is_noticed(see, tmp_path: Path):
    """A page with one wide line scrolls sideways at 320 pixels: the check can fail."""
    wide = tmp_path / "wide.html"
    wide.write_text("<p style='white-space:nowrap'>" + "word " * 99, encoding="utf-8")
    assert see(wide, NARROW).evaluate("document.documentElement.scrollWidth") > NARROW


@pytest.mark.parametrize("name", ["board", "redditch"])
def test_the_pdf_keeps_pdf_ua(name: str):
    """Another program than the one that wrote it finds PDF/UA-1 kept in a real report."""
    found = page_validation.validate_pdf(report(f"{name}.pdf"), profile="ua1")
    assert found.is_compliant, [one.message for one in found.failures]
