"""The run plan of `pilot.yml`: which notebooks, for what, with which parameters, after which others."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from oda.settings import InnerPath, Settings, near

Value = bool | int | float | str
Level = Literal["record", "aggregate", "public"]

LONGEST_NAME = 40  # characters of a notebook's file name without its ending
LONGEST_TASK = 64  # of a notebook's and a value's name together, so that the path of a run stays short on Windows
_UNSAFE = re.compile(r'[<>:"|?*\x00-\x1f\x7f]|^[. ]|[. ]$')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no file may be called so on Windows


def _check_value(value: object) -> Value:
    """Return a value as YAML typed it, or refuse what is no plain value."""
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    said = "an empty value" if value is None else f"{value!s:.60}"
    message = f"{said} is no number, text, true or false; write it between quotes"
    raise ValueError(message)  # pydantic takes no TypeError


def _check_plain(value: Any) -> Any:  # noqa: ANN401  whatever YAML holds
    """Return a parameter as YAML typed it: a plain value, nothing, or a list or mapping of such."""
    if isinstance(value, list):
        return [_check_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _check_plain(one) for name, one in value.items()}
    return value if value is None else _check_value(value)


def _check_each(value: object) -> object:
    """Refuse a `for_each` that is neither `district` nor one name with a list of values that differ."""
    if value is None or value == "district":
        return value
    if not isinstance(value, dict) or len(value) != 1:
        message = f"{value!s:.60} is not known; write district, or one name and its values, such as {{ward: [Abbey]}}"
        raise ValueError(message)
    ((name, values),) = value.items()
    if not isinstance(name, str) or not name.isidentifier():
        message = f"{name!r} is no name that Python takes; use letters, digits and underscores"
        raise ValueError(message)
    if not isinstance(values, list | tuple) or not values:
        message = f"{name} has no list of values; write them as [one, two]"
        raise ValueError(message)
    slugs = [slug(_check_value(one)) for one in values]
    if twice := [one for one, its in zip(values, slugs, strict=True) if slugs.count(its) > 1]:
        message = f"{' and '.join(repr(one) for one in twice)} would share one file name; write values that differ"
        raise ValueError(message)
    return value


def _check_notebook(value: str) -> str:
    """Refuse a notebook whose name cannot be that of files on every machine."""
    name = PurePosixPath(value).stem
    if PurePosixPath(value).suffix != ".ipynb":
        message = f"{value!r} is no notebook; name a file that ends in .ipynb"
    elif _UNSAFE.search(name) or _RESERVED.fullmatch(name):
        message = f"{name!r} cannot be a file name on Windows; use letters, digits and hyphens"
    elif len(name) > LONGEST_NAME:
        message = f"{name!r} has {len(name)} characters; give the notebook a name of at most {LONGEST_NAME}"
    else:
        return value
    raise ValueError(message)


def _check_pattern(value: str) -> str:
    """Refuse a pattern of output files that is empty or leaves the notebook's own folder."""
    path = PurePosixPath(value)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in value or ":" in value:
        message = f"{value!r} is no file of the notebook's own folder; write its name, such as rates-*.csv"
        raise ValueError(message)
    return value


def slug(value: Value) -> str:
    """Return a value as it stands in file names.

    Parameters
    ----------
    value
        One of the values of `for_each`.

    Returns
    -------
    str
        Small letters, digits and hyphens.

    Examples
    --------
    >>> slug("Wyre Forest"), slug("Ynys Môn"), slug(-0.5), slug(True)
    ('wyre-forest', 'ynys-mon', 'minus-0-5', 'true')
    """
    text = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "-", text).strip("-")
    if not isinstance(value, str) and str(value).startswith("-"):
        return f"minus-{plain}"
    return plain or _digits(str(value))


def _digits(text: str) -> str:
    """Return eight digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]


class PlannedNotebook(Settings):
    """A notebook of the run plan: run once, for each district or for each of some values."""

    notebook: Annotated[InnerPath, AfterValidator(_check_notebook)]
    for_each: Annotated[Any, BeforeValidator(_check_each)] = None
    parameters: dict[str, Annotated[Any, BeforeValidator(_check_plain)]] = Field(default_factory=dict)
    after: tuple[str, ...] = ()
    outputs: dict[Annotated[str, AfterValidator(_check_pattern)], Level] = Field(default_factory=dict)
    time_limit_minutes: float = Field(default=30, gt=0, allow_inf_nan=False, strict=True)
    memory_limit_mb: int | None = Field(default=None, ge=1, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _check_names(cls, given: Any) -> Any:  # noqa: ANN401  whatever YAML holds
        """Refuse a name that is much like one that is known; of others the model itself tells."""
        names = [str(name) for name in given if name not in cls.model_fields] if isinstance(given, dict) else []
        if meant := [
            f"{name!r} is not known{near(name, cls.model_fields)}" for name in names if near(name, cls.model_fields)
        ]:
            raise ValueError("; ".join(meant))
        return given

    @field_validator("after", mode="before")
    @classmethod
    def _take_one(cls, value: object) -> object:
        """Take the name of one notebook for a list of one."""
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_once(self) -> PlannedNotebook:
        """Refuse a parameter that `for_each` gives too."""
        if self.varies in self.parameters:
            message = f"parameter {self.varies} is given by for_each and by parameters; keep one of the two"
            raise ValueError(message)
        return self

    @property
    def name(self) -> str:
        """The notebook's file name without its ending, such as `20-district`."""
        return PurePosixPath(self.notebook).stem

    @property
    def varies(self) -> str:
        """The name of the parameter that differs from task to task; empty when the notebook runs once."""
        return "" if self.for_each is None else next(iter(self.for_each)) if self._lists else "district"

    @property
    def values(self) -> tuple[Value, ...] | None:
        """The values of that parameter as they are listed; None when there is no list."""
        return tuple(self.for_each[self.varies]) if self._lists else None

    @property
    def _lists(self) -> bool:
        """Whether `for_each` lists its values."""
        return isinstance(self.for_each, dict)

    def task(self, part: str) -> str:
        """Return the name of one task in file names and messages.

        Parameters
        ----------
        part
            The slug of its district or value; empty when the notebook runs once.

        Returns
        -------
        str
            Such as `20-district-redditch`, of at most 64 characters.
        """
        room = LONGEST_TASK - len(self.name) - 1
        if len(part) > room:
            part = f"{part[: room - 9].strip('-')}-{_digits(part)}"
        return f"{self.name}-{part}" if part else self.name


def check_order(run: Sequence[PlannedNotebook]) -> None:
    """Refuse a plan in which a notebook comes after one that is not there, or after itself.

    Parameters
    ----------
    run
        The planned notebooks.

    Raises
    ------
    ValueError
        Naming every such notebook.
    """
    names = [planned.name for planned in run]
    faults = [
        f"{planned.name} comes after {other!r}, which is no notebook of the plan (there are {', '.join(names)})"
        for planned in run
        for other in planned.after
        if other not in names
    ]
    left = {planned.name: set(planned.after) for planned in run}
    while free := [name for name, others in left.items() if not others & set(left)]:
        for name in free:
            del left[name]
    if left and not faults:
        faults = [f"{' and '.join(left)} wait for each other; take one of them out of 'after'"]
    if len(left) == 1 and (alone := next(iter(left))) in left[alone]:
        faults = [f"{alone} comes after itself; take it out of its own 'after'"]
    if faults:
        raise ValueError("; ".join(faults))


def as_text(value: Any) -> str:  # noqa: ANN401  whatever YAML holds
    """Return a parameter as pilot.yml would hold it.

    Parameters
    ----------
    value
        A plain value.

    Returns
    -------
    str
        Texts between quotes, true and false in small letters.

    Examples
    --------
    >>> as_text("007"), as_text(7), as_text(True)
    ('"007"', '7', 'true')
    """
    return json.dumps(value, ensure_ascii=False)
