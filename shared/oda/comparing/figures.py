"""Two numbers written so that a reader sees where they differ."""

from __future__ import annotations

FEWEST, MOST = 4, 17  # significant digits; 17 tell any two numbers apart


def figure(value: object, digits: int = FEWEST) -> str:
    """Write a number with so many significant digits, or anything else as it is.

    Parameters
    ----------
    value
        A number, a text or None.
    digits
        Significant digits; whole numbers keep all of theirs.

    Returns
    -------
    str
        Thousands with commas, no power of ten up to a million million.

    Examples
    --------
    >>> figure(0.8926874), figure(12345.678), figure(350), figure(2e-7), figure(None)
    ('0.8927', '12,346', '350', '2e-07', 'none')
    """
    if not isinstance(value, int | float):
        return "none" if value is None else str(value)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    whole = len(str(int(abs(value))))
    return f"{value:,.{max(digits, whole if whole <= 12 else 0)}g}"


def figures(old: object, new: object) -> int:
    """Return how many digits tell two values apart.

    Parameters
    ----------
    old, new
        Numbers, or anything else, which needs no digits.

    Returns
    -------
    int
        At least four; four too where they are equal.

    Examples
    --------
    >>> figures(0.85, 0.86), figures(0.85, 0.8500003)
    (4, 7)
    """
    if old == new:
        return FEWEST
    return next((digits for digits in range(FEWEST, MOST) if figure(old, digits) != figure(new, digits)), MOST)


def by_how_much(change: float) -> str:
    """Write the size of a change with its sign.

    Parameters
    ----------
    change
        New less old.

    Returns
    -------
    str
        Three significant digits.

    Examples
    --------
    >>> by_how_much(25), by_how_much(-0.012345), by_how_much(1234.5)
    ('+25', '-0.0123', '+1,234')
    """
    return f"{'-' if change < 0 else '+'}{figure(abs(change), 3)}"
