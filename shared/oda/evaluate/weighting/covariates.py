"""What was measured before a treatment, made ready: who is treated, and covariates as columns of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import linalg

from oda.errors import DesignError
from oda.evaluate.columns import numbers
from oda.evaluate.words import listed

MOST_LEVELS = 30  # of a category, so that few clusters can stand among covariates; more name rows, not describe them
ROWS_A_LEVEL = 5  # on average; a category of fewer rows a level names its rows too
FEW_LEVELS = 5  # so many levels are a category in any data
SAME = 1e-9  # of a standardised column; what is left of it after the others, when it is made of them


def groups(column: pd.Series, name: str) -> np.ndarray:
    """Return who is treated, or refuse a column that does not tell two groups apart.

    Parameters
    ----------
    column
        Shape (rows,), truth values or 1 and 0, none missing.
    name
        The caller's column, for the message.

    Returns
    -------
    ndarray
        Shape (rows,), truth values.

    Raises
    ------
    DesignError
        When there are other values, or a group is empty.
    """
    values = sorted(map(str, column.unique()))
    if not column.isin([True, False]).all():  # the values are not said: they may name people
        message = f"{name!r} holds {len(values)} values, not True and False alone. Give True and False, or 1 and 0."
        raise DesignError(message)
    who = column.to_numpy(dtype=bool)
    if who.all() or not who.any():
        message = f"{name!r} is {values[0]} in all {len(who)} rows. Both treated and comparison rows are needed."
        raise DesignError(message)
    return who


def check_covariates(covariates: Sequence[str], *taken: str | None) -> list[str]:
    """Return the covariates' names, or refuse a list that is none.

    Parameters
    ----------
    covariates
        The caller's list of columns.
    *taken
        Columns with another part, such as the treatment.

    Returns
    -------
    list of str
        The names, in the caller's order.

    Raises
    ------
    DesignError
        When it is one text, empty, names a column twice, or names one that has another part.
    """
    if isinstance(covariates, str) or not len(covariates):
        message = f"covariates is {covariates!r}. Give a list of columns, such as ['age', 'ward']."
        raise DesignError(message)
    names = list(covariates)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1 or name in taken]
    if twice:
        message = (
            f"{len(twice)} of the covariates have two parts: {', '.join(map(repr, twice))}. Name each once, and none "
            "that is the outcome, the treatment, the weights or the cluster."
        )
        raise DesignError(message)
    return names


def parts(column: pd.Series, name: str) -> list[tuple[str, np.ndarray, bool]]:
    """Return a covariate as numbers: itself, or a truth value for each level of a category.

    Parameters
    ----------
    column
        Shape (rows,), missing values allowed.
    name
        The caller's column, for the message.

    Returns
    -------
    list of tuple
        Level (empty for a number), values of shape (rows,) with NaN where missing, and whether they are 0 or 1 only.

    Raises
    ------
    DesignError
        When the column is of neither numbers, truth values, text nor categories; or of text or categories with so many
        values (above 30, or above 5 and one for fewer than 5 rows) that it looks like an identifier. No value is said.
    """
    if column.isna().all():
        message = f"{name!r} is missing in all {len(column)} rows. Leave it out of the covariates."
        raise DesignError(message)
    known = column.notna().to_numpy()
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = [level for level in column.cat.categories if (column == level).any()]
    elif column[known].map(lambda value: isinstance(value, str)).all():
        levels = sorted(column[known].unique())
    else:
        values = numbers(column, name)
        return [("", values, bool(np.isin(values[known], (0, 1)).all()))]
    if len(levels) > min(MOST_LEVELS, max(FEW_LEVELS, int(known.sum()) // ROWS_A_LEVEL)):
        message = (
            f"{name!r} has {len(levels)} values in {len(column)} rows; it looks like an identifier. Leave it out, or "
            f"join its values into at most {MOST_LEVELS} larger groups."
        )
        raise DesignError(message)
    return [
        (str(level), np.where(known, (column == level).to_numpy(bool, na_value=False), np.nan), True)
        for level in levels
    ]


def effective_size(weights: np.ndarray) -> float:
    """Return how many rows of equal weight would be as precise as rows of these weights.

    Parameters
    ----------
    weights
        Shape (rows,), not negative, not all zero.

    Returns
    -------
    float
        In rows.
    """
    return float(weights.sum() ** 2 / (weights**2).sum())


def model_columns(frame: pd.DataFrame, names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Return covariates as the standardised columns of a regression, with a constant.

    Parameters
    ----------
    frame
        Shape (rows, covariates), nothing missing.
    names
        The caller's names of the covariates, in the frame's order.

    Returns
    -------
    columns : ndarray
        Shape (rows, 1 + coefficients): the constant, then each column less its mean over its standard deviation; of a
        category all levels but the first.
    labels : list of str
        Names of the columns after the constant, such as `age` or `ward: north`.

    Raises
    ------
    DesignError
        When a covariate has one value only, or a column is made of the others.
    """
    columns, labels = [np.ones(len(frame))], []
    for place, name in enumerate(names):
        found = parts(frame.iloc[:, place], name)
        for level, values, _ in found[1:] if found[0][0] else found:
            columns.append(values)
            labels.append(f"{name}: {level}" if level else str(name))
        if len(found) == 1 and (found[0][0] or np.ptp(found[0][1]) == 0):
            message = f"{name!r} has one value in all {len(frame)} rows. Leave it out of the covariates."
            raise DesignError(message)
    matrix = np.column_stack(columns)
    matrix[:, 1:] = (matrix[:, 1:] - matrix[:, 1:].mean(axis=0)) / matrix[:, 1:].std(axis=0)
    left, order = linalg.qr(matrix, mode="r", pivoting=True)[-2:]
    depth = np.abs(np.diag(left))
    made = [labels[order[i] - 1] for i in range(matrix.shape[1]) if i >= len(depth) or depth[i] < SAME * depth[0]]
    if made:
        message = (
            f"{len(made)} of {len(labels)} columns follow from others: {listed(sorted(made))}. Leave them "
            "out of the covariates."
        )
        raise DesignError(message)
    return matrix, labels
