"""What a signer is shown before signing: in plain English, within a page, with what it is worth."""

from oda.governance.telling.page import asking, tell

__all__ = ["asking", "tell"]
