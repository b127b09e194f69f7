"""What ends a run as a whole; each text is one line for the user: what, where, what to do."""

from __future__ import annotations


class RunError(Exception):
    """The run cannot go on (exit code 1)."""


class UsageError(RunError):
    """What was asked for cannot be meant (exit code 2)."""


class ExifToolMissing(RunError):
    """ExifTool is missing or too old, though asked for (exit code 4)."""


class DestHeld(RunError):
    """Another run holds DEST (exit code 75)."""


class DiskFull(RunError):
    """The output's disk is full (exit code 1); a later run goes on."""
