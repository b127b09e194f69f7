"""Driving ExifTool: finding it, speaking to it, and saying values so that they stay values."""

from pef_tui.exiftool.encode import arguments
from pef_tui.exiftool.locate import Found, locate
from pef_tui.exiftool.process import Answer, Died, Process, ProcessError, Refused, TimedOut
from pef_tui.exiftool.tables import fits, valid_tag

__all__ = [
    "Answer",
    "Died",
    "Found",
    "Process",
    "ProcessError",
    "Refused",
    "TimedOut",
    "arguments",
    "fits",
    "locate",
    "valid_tag",
]
