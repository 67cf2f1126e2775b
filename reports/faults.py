"""What stops a report, in words: a notebook that failed, a figure that did not draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from oda.errors import RenderError
from oda.runs import Outcome

MOST_NAMES = 3


@contextmanager
def gathered(faults: list[str]) -> Iterator[None]:
    """Go on after what stops a report, so that all that is wrong with it is said at once.

    Parameters
    ----------
    faults
        What was wrong so far, to which more is added.

    Yields
    ------
    None
        While it may go wrong.
    """
    try:
        yield
    except RenderError as error:
        faults.append(str(error))


def say_alike(failures: Mapping[str, str]) -> list[str]:
    """Say what went wrong, once for all reports of which the same is to be said.

    Parameters
    ----------
    failures
        What went wrong, by report.

    Returns
    -------
    list of str
        A sentence each, with the names of a few of the reports.

    Examples
    --------
    >>> say_alike({"a": "no", "b": "no", "c": "gone", "d": "no", "e": "no"})
    ['a, b, d and 1 more: no', 'c: gone']
    """
    alike: dict[str, list[str]] = {}
    for name, words in failures.items():
        alike.setdefault(words, []).append(name)
    more = {words: len(names) - MOST_NAMES for words, names in alike.items()}
    return [
        f"{', '.join(names[:MOST_NAMES])}{f' and {more[words]} more' if more[words] > 0 else ''}: {words}"
        for words, names in alike.items()
    ]


def say_absent(
    asked: Sequence[tuple[str, int]], results: Iterable[str], failed: Iterable[Outcome]
) -> list[tuple[str, int]]:
    """Say which results a document asks for and no notebook recorded.

    Parameters
    ----------
    asked
        Keys with the lines that ask for them.
    results
        Keys that there are.
    failed
        Notebooks that did not finish.

    Returns
    -------
    list of tuple
        Nothing, or the one thing to say and its line.

    Examples
    --------
    >>> say_absent([("rate", 4), ("cost", 9)], ["effect", "worth"], [])
    [("there is no result 'rate', nor 'cost' (line 9). Notebooks recorded: effect, worth", 4)]
    """
    if not asked:
        return []
    (key, line), *more = dict.fromkeys(asked)
    others = "".join(f", nor {other!r} (line {at})" for other, at in more)
    why = "".join(f"; {say_failed(one)}" for one in failed)
    there = ", ".join(sorted(results)) or "none"
    return [(f"there is no result {key!r}{others}{why}. Notebooks recorded: {there}", line)]


def say_failed(outcome: Outcome) -> str:
    """Say that a notebook failed and where; not its message, which may quote data and would stand on a page.

    Parameters
    ----------
    outcome
        What became of a task.

    Returns
    -------
    str
        Its name, the cell and the kind of the error.

    Examples
    --------
    >>> about = {"task": "30-effect", "notebook": "30-effect", "district": None, "parameters": {}, "seconds": 1.0}
    >>> say_failed(Outcome(**about, error="KeyError: 'rate'", cell=4))
    '30-effect failed in cell 5 (KeyError); run.json has the message'
    """
    cell = "" if outcome.cell is None else f" in cell {outcome.cell + 1}"
    return f"{outcome.task} failed{cell} ({outcome.error.partition(':')[0]}); run.json has the message"


def undrawn(svg: str) -> str:
    """Say what is wrong with a drawing that no reader would see.

    Parameters
    ----------
    svg
        The drawing of a figure.

    Returns
    -------
    str
        Nothing when it is a whole drawing that holds something.

    Examples
    --------
    >>> undrawn('<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9"/></svg>')
    ''
    >>> undrawn("<svg><path d=")
    'its drawing is broken off'
    """
    text = svg.strip()
    if "<svg" not in text:
        return "it holds no drawing"
    if not text.endswith("</svg>"):
        return "its drawing is broken off"
    marks = ("<path", "<use", "<rect", "<circle", "<ellipse", "<line", "<polyline", "<polygon", "<text", "<image")
    return "" if any(mark in text for mark in marks) else "its drawing is empty"
