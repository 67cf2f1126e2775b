"""Labels: each stands once, and what refers to one finds it; both lines of a fault are named."""

from __future__ import annotations

import pytest

from oda.errors import RenderError
from oda.reports.proofreading.labels import check_labels


def check(text: str) -> None:
    """Check a document whose lines are those of its source."""
    check_labels(text, source="a.qmd", origins=range(1, text.count("\n") + 2))


FIGURE = '![C](x.svg){#fig-x fig-alt="Rank #1, see {x}"}\n'
TABLE = "| A |\n|---|\n| a |\n\n: C {#tbl-x}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"{FIGURE}\n{FIGURE}",
            r"a\.qmd: the figure 'x' stands twice, in line 1 and line 3\..*refer to it with @fig-x",
        ),
        (f"{TABLE}\n{TABLE}\n{TABLE}", r"the table 'x' stands 3 times, in line 5, line 11 and line 17"),
        ("## A {#a}\n\n## B {.unnumbered #a}\n", r"the label 'a' stands twice, in line 1 and line 3"),
        ("## Found it\n\n[x]{#found-it}\n", r"the label 'found-it' stands twice, in line 1 and line 3"),
        ("::: {#a .answer}\nx\n:::\n\n[y]{#a}\n", r"the label 'a' stands twice, in line 1 and line 5"),
        ("## A {#page-main}\n", r"the label 'page-main', in line 1, is the page's own"),
        (f"See @fig-y.\n\n{FIGURE}", r"line 1: @fig-y refers to no figure or table.*it shows: @fig-x\."),
        ("See [it](#there).\n", r"line 1: the link to #there leads nowhere"),
    ],
)
def test_a_label_that_stands_twice_or_nowhere_is_refused_with_its_lines(text, message):
    """Figures, tables, headings, boxes and words; in whichever way the label is written."""
    with pytest.raises(RenderError, match=message):
        check(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{FIGURE}\n```\n{{#fig-x}} @fig-none\n```\n\n`{{#fig-x}}` <!-- {{#fig-x}} @tbl-no --> see @fig-x.\n",
        "## Same\n\n## Same\n\n[a](#same-1) [b](#page-main)\n",
        "## What it's worth: £ & more\n\n[a](#what-its-worth-more)\n",
        "Write to a@fig-x.org, or \\@fig-y.\n",
        f"{FIGURE}\n{TABLE}\nSee @fig-x, @tbl-x; and [x](#fig-x).\n",
    ],
)
def test_code_comments_and_what_pandoc_labels_itself_are_no_faults(text):
    """Nothing is refused that would have worked."""
    check(text)


def test_lines_are_those_of_the_analyst_s_own_document():
    """A table of thirty lines that a shortcode stands for is one line of the source."""
    text = f"{TABLE}\n{TABLE}"
    with pytest.raises(RenderError, match=r"in line 7 and line 9"):
        check_labels(text, source="a.qmd", origins=[7] * 6 + [9] * 7)
