"""Driving ExifTool: finding it, speaking to it, and saying values so that they stay values."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pef_tui.exiftool.encode import arguments
    from pef_tui.exiftool.process import Answer, Died, Process, ProcessError, Refused, TimedOut
    from pef_tui.exiftool.tables import fits, valid_tag

__all__ = [
    "Answer",
    "Died",
    "Process",
    "ProcessError",
    "Refused",
    "TimedOut",
    "arguments",
    "fits",
    "valid_tag",
]

_ROOMS = {"arguments": "encode", "fits": "tables", "valid_tag": "tables"}


def __getattr__(name: str) -> object:
    """Loaded when first asked for: whoever needs the table of tags alone starts no driver."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_ROOMS.get(name, 'process')}"), name)
    globals()[name] = found
    return found
