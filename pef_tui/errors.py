"""Errors that end a run. The message of each error is one line for the user: what failed, where, and what to do."""

from __future__ import annotations


class RunError(Exception):
    """Raised if the run cannot begin or continue (exit code 1)."""


class UsageError(RunError):
    """Raised if the arguments or settings are invalid (exit code 2)."""


class ExifToolMissing(RunError):
    """Raised if ExifTool is required, but is missing or too old (exit code 4)."""


class DestLocked(RunError):
    """Raised if another run has locked DEST (exit code 75)."""


class DiskGone(RunError):
    """Raised if the disk of DEST or of a source was unmounted or does not answer (exit code 1).

    A later run continues.
    """


class DiskFull(RunError):
    """Raised if the disk of DEST is full, or has too little room for the run (exit code 1).

    A later run continues.
    """
