"""Run ExifTool: locate it, exchange commands with it, and encode values as arguments."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pef_tui.exiftool.encode import arguments
    from pef_tui.exiftool.process import CommandResult, Died, ExifToolProcess, ProcessError, Refused, TimedOut
    from pef_tui.exiftool.tables import fits, valid_tag

__all__ = [
    "CommandResult",
    "Died",
    "ExifToolProcess",
    "ProcessError",
    "Refused",
    "TimedOut",
    "arguments",
    "fits",
    "valid_tag",
]

_ROOMS = {"arguments": "encode", "fits": "tables", "valid_tag": "tables"}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a name of `__all__` on first use. A caller that needs only the table of tags does not load the driver.

        Raises AttributeError for any other name.
        """
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"{__name__}.{_ROOMS.get(name, 'process')}"), name)
        globals()[name] = value
        return value
