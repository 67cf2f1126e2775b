"""Numbers typed by hand: none gets into a report's prose, however it is written, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from finished import made_up
from oda.errors import RenderError
from oda.reports.proofreading.number_words import find_numbers
from oda.reports.proofreading.typed_numbers import names_of, refuse_typed_numbers, typed_numbers

FRONT = "---\ntitle: T\n---\n\n"


def found(body: str, *names: str) -> list[str]:
    """Return the numbers found in the body of a document."""
    return [number for _, number in typed_numbers(FRONT + body, "a.qmd", names)]


@pytest.mark.parametrize(
    "words",
    [
        *(
            "12%",
            "£3.5m",
            "1,917",
            "65+",
            "aged 65-74",
            "Covid-20",
            "Table 1",
            "½ of them",
            "n=12",
            "0.3",
            "12:30",
            "5 a day",
        ),
        *(
            "twelve per cent",
            "three times",
            "threefold",
            "two other districts",
            "a dozen homes",
            "four of the districts",
        ),
        *("two thirds", "three-quarters", "a third of homes", "half of the visits", "one in five", "nine out of ten"),
        *(
            "two hundred",
            "a million pounds",
            "nought point five per cent",
            "twenty-five percent",
            "one percentage point",
        ),
        *(
            "there were 2024 admissions",
            "2024%",
            "1500 people",
            "2024.5",
            "£2024",
            "rose to 2024 per cent",
            "fell to 1950",
            "exactly 2024",
            "1650",
            "XII%",
            "twelve pct",
            "twelve-per-cent",
            "20245",
        ),
        *("falling from 2065 to 1917", "falling from 2041 to 1995", "2024", "a mean of 1995", "1917-2065", "5 may"),
        *("down by a third", "half of homes", "half homes, half of wards", "£ten", "€ twelve", "cut by half"),
        *("one that fell by twelve", "a fall of twelve", "five lives", "a third lower", "Step 1 per cent"),
        *("ten hospital admissions", "level three of five", "a fall by a dozen", "rate: 2031", "admissions: 1917"),
        *("GBP500", "A1,917", "Figure 2", "type 12%", "NHS 112"),
    ],
)
def test_a_number_is_found_as_people_write_it(words):
    """Digits, number words that count something, shares, and years that are none."""
    assert find_numbers(f"It was {words} here.")


@pytest.mark.parametrize(
    "words",
    [
        *(
            "2024",
            "April 2024",
            "1 April 2024",
            "1st of April",
            "1 to 30 June 2024",
            "2024/25",
            "2019-20",
            "2019\u201320",
        ),
        *(
            "Q1 2024/25",
            "2024-04-01",
            "01/04/2024",
            "the 1990s",
            "mid-2024",
            "April-June 2024",
            "(Bayes, 1763)",
            "fell from 2015 to 2024",
            "(Bell and McCaffrey, 2002)",
            "Bell (2002a; 2004)",
        ),
        *(
            "one district",
            "one or two districts on a side",
            "two degrees of freedom",
            "a third party",
            "the one in charge",
        ),
        *(
            "In 2024 admissions fell",
            "since 2024 visits are free",
            "the 2024 admissions",
            "km²",
            "people often",
            "at times",
        ),
        *("(Smith, 2002, p. 45)", "(Smith et al., 1987)", "Bell (1972)", "01.04.2024", "FY2024/25", "FY 24/25"),
        *(
            "Covid-19",
            "Step 1",
            "Annex 2",
            "Census 2021",
            "April 1948",
            "it fell to one",
            "between 2015 and 2024",
            "2019, 2020 and 2021",
            "for 2019",
        ),
        *("Article 6(1)(e)", "section 75", "Type 1 A&E", "NHS 111", "ICD-10", "WR5 2NP", "CO2", "24/7", "9am", "PM2.5"),
        *("the A12", "10.30 pm", "Source: 2021 Census", "one of three", "Schedule 3A"),
        *("the first half of the year", "by a third party", "by a quarter bed", "data for the year 2024", "'2024'"),
    ],
)
def test_dates_years_and_ordinary_words_are_no_numbers(words):
    """What an analyst must be able to write freely."""
    assert find_numbers(f"{words} as they were") == []


@pytest.mark.parametrize(
    "body",
    [
        *(
            "**12**%",
            "1**2**%",
            "*twelve* per cent",
            "12\u00a0%",
            "twelve\u00a0per\u00a0cent",
            "\uff11\uff12%",
            "&#49;2%",
            "&#x31;2",
        ),
        *(
            "1\\\n2",
            "1&shy;2",
            "1\u200b2",
            "\\12",
            "twelve\nper cent",
            "tw\u00adelve per cent",
            "١٢٪",
            "¹²%",
            "^12^%",
            "^9^%",
        ),
        *(
            "\U0001d7cf\U0001d7d0%",
            "①",
            "1<!-- x -->2",
            "<b>12</b>",
            "[12](x.html)",
            "[12](12)",
            "[@12]",
            "1\ufe0f\u20e32\ufe0f\u20e3",
            "~~12~~",
            "[12]{.smallcaps}",
            "'12'",
            "1\u03322",
        ),
        *(
            "`0.88`",
            "`12` homes",
            "`12 homes`",
            "`twelve homes`",
            "`12`%",
            "`12` per cent",
            "`12 per cent`",
            "`£12`",
            "$12\\%$",
            "$p = 0.03$",
            "$12$",
            "$\\text{12}$",
            "$n = 5$",
            "$n \\geq 5$",
            "$\\text{twelve per cent}$",
            "`1,917 admissions a year;`",
            "[see 12, @bell]",
            "[@bell, p. 3, 1,917]",
        ),
        *(
            "# 12",
            "- a\n- 12",
            "1. 12",
            "> 12",
            "| 12",
            "Term 12\n:   x",
            "x[^1]\n\n[^1]: 12",
            "x^[12]",
            "35. People fell.",
        ),
        *("| A | B |\n|---|---|\n| 12 | b |\n\n: C {#tbl-x}", "| 12 A | B |\n|---|---|\n| a | b |\n\n: C {#tbl-x}"),
        *("| A | B |\n|---|---|\n| a | b |\n\n: C 12 {#tbl-x}", "![C 12](x.svg){#fig-x fig-alt='a'}"),
        *(
            '![C](x.svg){#fig-x fig-alt="12 people"}',
            '::: {.callout-note title="12"}\nx\n:::',
            "::: {.answer}\n12\n:::",
        ),
        *("::: {.callout-note}\n## 12\nx\n:::", '[x](y.html "12 people")', "{{< oda say x >}}0", "12{{< oda say x >}}"),
        *(
            "```\n12% of homes\n```",
            "```{=html}\n<p>12</p>\n```",
            '[$x^2$]{alt="twelve per cent"}',
            "<div>\n12\n</div>",
        ),
    ],
)
def test_nothing_hides_a_number(body):
    """Marks, entities, other digits, code, formulas, tables, captions, footnotes and titles are all looked at."""
    assert found(body)


@pytest.mark.parametrize(
    "body",
    [
        *(
            "{{< oda say effect-2 >}} and {{< oda constant 65 >}}",
            "`x = 12`",
            "`effect-2`, `10-data.ipynb`, `f(2)`, `a_2` and `python --level 2`",
            "```python\nx = f(12)\n```",
            "<!-- 12 -->",
            "$x^2 + y_1$",
        ),
        *(
            "[a](http://x/12)",
            "<https://e.org/2/12>",
            "[b](a12.html#s-3)",
            "## A {#a12}",
            "@fig-a12 and @tbl-2",
            "1. a\n2. b",
        ),
        *("4. a\n5. b", "km^2^", "CO~2~", "![C](x12.svg){#fig-12 fig-alt='a line'}", '[x](y){download="y12.csv"}'),
    ],
)
def test_what_no_reader_reads_as_prose_is_let_through(body):
    """Shortcodes, code, formulas, addresses, labels, marks of lists and units."""
    assert found(body) == []


@pytest.mark.parametrize("key", ["title", "subtitle", "description", "keywords"])
def test_the_front_matter_is_prose_too(key):
    """A number in a title is as much a claim as one in a paragraph; the date is none."""
    text = f'---\ndate: 2024-04-01\n{key}: "Falls fell by 12%"\n---\n\nWords.\n'
    assert typed_numbers(text, "a.qmd") == ((3, "12%"),)


def test_each_number_is_named_with_its_line():
    """An analyst finds every place at once, a footnote and a broken line too."""
    assert typed_numbers(FRONT + "Two <!-- 3\n-->\n1<!-- -->2 and `x1` 1<b>3</b>.\n", "a.qmd") == ((7, "12"), (7, "13"))
    body = (
        "Falls in 2012\nfell by **12**%[^1] and &#49;3.\n\n| A | B |\n|---|---|\n| 12 | b |\n\n[^1]: Or two\nthirds.\n"
    )
    numbers = typed_numbers(FRONT + body, "a.qmd")
    assert numbers == ((6, "12%"), (6, "13"), (10, "12"), (12, "two thirds"))


def test_names_of_the_pilot_may_have_digits():
    """The office, the pilot and its districts are called what they are called; their words with digits too."""
    pilot = made_up().pilot
    about = pilot.pilot.model_copy(update={"title": "Over-65s at home 24", "oda_name": "Region 9 Office"})
    changed = pilot.model_copy(update={"pilot": about})
    names = names_of(changed)
    assert find_numbers("Over-65s at home 24, by the Region 9 Office, for over-65s in E07000236", names) == []
    assert [number for _, number in find_numbers("24 of Region 9", names)] == ["24", "9"]


def test_a_district_is_no_author():
    """A number in brackets after its name is no year of a work; a year is one."""
    names = names_of(made_up().pilot)
    assert [number for _, number in find_numbers("Worcester (1917), Wyre Forest (1948)", names)] == ["1917", "1948"]
    assert find_numbers("Worcester (2024), Worcester 2024 and Student (1908)", names) == []


def test_the_refusal_names_the_document_the_lines_and_the_way_out():
    """What was found, where, and what to write instead."""
    with pytest.raises(RenderError) as refused:
        refuse_typed_numbers(FRONT + "By 12%.\n\nIn two thirds.\n", "reports/board.qmd", made_up().pilot)
    assert str(refused.value).startswith(
        "reports/board.qmd: 2 numbers are typed by hand. line 5: '12%'; line 7: 'two thirds'. "
    )
    assert "{{< oda say KEY >}}" in str(refused.value)
    assert "{{< oda constant 65 >}}" in str(refused.value)


def test_a_typed_number_stops_its_report_and_no_other(tmp_path):
    """The build says so and fails; the other reports are there."""
    from dataclasses import replace

    from finished import baked
    from oda.pilot import load_pilot
    from oda.reports.build import build_reports

    folder = baked(tmp_path)
    board = folder / "reports" / "board.qmd"
    board.write_text(board.read_text(encoding="utf-8") + "\nFalls fell by 12%.\n", encoding="utf-8")
    made = build_reports(load_pilot(folder), replace(made_up().run, folder=tmp_path / "run"), renderer="builtin")
    assert [one for one in made.failures if "'12%'" in one and "reports/board.qmd" in one] == list(made.failures)
    assert not (made.index.parent / "board.html").exists()
    assert (made.index.parent / "redditch.pdf").is_file()
