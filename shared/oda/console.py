"""How a command talks: tables, counts, and refusals in words with exit code 1."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
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


_ROOM = "Make room on this disk, then try again; what was there before is still there."
_RIGHT = "Work in a folder that you may write to, or ask whoever keeps it."
_UNWRITABLE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _ROOM),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), _RIGHT),
}


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
        except OSError as error:
            if error.errno not in _UNWRITABLE:
                raise
            where = f"{Path(error.filename).name}: " if error.filename else ""
            click.echo(f"{where}{error.strerror}. {_UNWRITABLE[error.errno]}", err=True)
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
