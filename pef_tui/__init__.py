"""Writes the metadata of a Google Photos export, which is in JSON files, back into its pictures and videos.

The names in `__all__` are the interface for plugins. They are imported on first use, so that `pef-tui --version`
starts without further imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pef_tui.hooks import (
        Check,
        Compose,
        Executor,
        Filter,
        Finding,
        Listing,
        Matcher,
        OpenFile,
        Piece,
        Scanner,
        SettingsTable,
        SourceReader,
        Span,
        Stage,
        Staged,
        TagMapper,
        Writer,
        WriterSession,
        Written,
        hookimpl,
    )
    from pef_tui.model import (
        Album,
        CaptureTime,
        Choice,
        Conflict,
        FileMetadata,
        Folder,
        Geo,
        GeoPoint,
        JsonFile,
        JsonKind,
        JsonOutcome,
        JsonRecord,
        Match,
        MediaFile,
        MediaOutcome,
        Origin,
        OtherRecord,
        Outcome,
        Person,
        Plan,
        Sidecar,
        Source,
        TagEdit,
        Timestamp,
        Value,
        When,
        XmpFile,
    )
    from pef_tui.settings import Existing, Settings
    from pef_tui.xmp import xmp_packet

__version__ = "0.1.0"

__all__ = [
    "Album",
    "CaptureTime",
    "Check",
    "Choice",
    "Compose",
    "Conflict",
    "Executor",
    "Existing",
    "FileMetadata",
    "Filter",
    "Finding",
    "Folder",
    "Geo",
    "GeoPoint",
    "JsonFile",
    "JsonKind",
    "JsonOutcome",
    "JsonRecord",
    "Listing",
    "Match",
    "Matcher",
    "MediaFile",
    "MediaOutcome",
    "OpenFile",
    "Origin",
    "OtherRecord",
    "Outcome",
    "Person",
    "Piece",
    "Plan",
    "Scanner",
    "Settings",
    "SettingsTable",
    "Sidecar",
    "Source",
    "SourceReader",
    "Span",
    "Stage",
    "Staged",
    "TagEdit",
    "TagMapper",
    "Timestamp",
    "Value",
    "When",
    "Writer",
    "WriterSession",
    "Written",
    "XmpFile",
    "hookimpl",
    "xmp_packet",
]


if not TYPE_CHECKING:  # to type checkers, names that are not imported above are errors

    def __getattr__(name: str) -> object:
        if name == "xmp_packet":  # the only name that imports the XML parser
            from pef_tui.xmp import xmp_packet

            return xmp_packet
        if name in __all__:
            from pef_tui import hooks, model, settings

            for module in (model, hooks, settings):
                if (value := vars(module).get(name)) is not None:
                    globals()[name] = value
                    return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
