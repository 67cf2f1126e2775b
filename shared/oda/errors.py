"""Every error that this package raises on purpose.

Each message says what was found, with the value, and what to do about it.
Each class is also the built-in error that it refines, so a caller may catch either.
"""

import os

COMMAND = "py start.py" if os.name == "nt" else "python3 start.py"  # what a person types in a pilot's folder


class OdaError(Exception):
    """Base of all errors raised on purpose; its text is meant for the person at the keyboard."""


class SettingsError(OdaError, ValueError):
    """`pilot.yml`, or another file of settings, cannot be used as it is."""


class DatasetError(OdaError, ValueError):
    """A dataset's card or file cannot be used as it is."""


class DesignError(OdaError, ValueError):
    """The data cannot bear the analysis that was asked for."""


class GateError(OdaError, PermissionError):
    """The information-governance checklist refuses what was asked for."""

    def _render_traceback_(self) -> list[str]:
        """Show the refusal alone in a notebook: where in the code it was raised is of no use to anyone."""
        return [str(self)]


class SigningError(OdaError, RuntimeError):
    """A key or a signature cannot be made, read or used."""


class ResultError(OdaError, ValueError):
    """A result is missing, is recorded twice or is not of a known type."""


class RunError(OdaError, RuntimeError):
    """One or more notebooks of the plan did not finish."""


class RenderError(OdaError, RuntimeError):
    """A report could not be rendered."""
