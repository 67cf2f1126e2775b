"""Why an item does not hold, whatever was signed: what every check of files against each other hands back."""

from __future__ import annotations

from dataclasses import dataclass

from oda.governance.assessment import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Why an item does not hold whatever was signed.

    Attributes
    ----------
    state
        How the item stands because of it, such as `invalid`.
    reason
        What was found, with the names in it.
    mend
        What to do.
    """

    state: State
    reason: str
    mend: str
