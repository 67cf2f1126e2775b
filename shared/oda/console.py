"""How a command talks: tables, counts, and refusals in words with exit code 1."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import click

from oda.errors import OdaError


def console() -> Any:  # noqa: ANN401  rich is imported late, so that --help is quick
    """Return a console that keeps tables legible when it is no terminal.

    Returns
    -------
    rich.console.Console
        As wide as the terminal, or 120 characters.
    """
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def refusable(command: Callable[..., None]) -> Callable[..., None]:
    """Say an error of ours, or that it was stopped, in words and exit 1; let any other error keep its traceback.

    Parameters
    ----------
    command
        The command.

    Returns
    -------
    callable
        The same command.
    """

    @wraps(command)
    def wrapped(*args: object, **kwargs: object) -> None:
        try:
            command(*args, **kwargs)
        except OdaError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(1)

    return wrapped


def count(number: int, what: str) -> str:
    """Say how many there are of something.

    Parameters
    ----------
    number, what
        Such as 2 and `page`.

    Returns
    -------
    str
        Such as `2 pages`.

    Examples
    --------
    >>> count(1, "page")
    '1 page'
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def print_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table.

    Parameters
    ----------
    title
        What the table is about.
    heads, rows
        Its headings and cells; square brackets are printed as they are.
    """
    from rich.table import Table

    shown = Table(title=title, title_justify="left", show_lines=False)
    for head in heads:
        shown.add_column(str(head), overflow="fold")
    for row in rows:
        shown.add_row(*(str(cell).replace("[", "\\[") for cell in row))
    console().print(shown)
