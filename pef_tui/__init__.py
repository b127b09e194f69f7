"""Puts back into photos and videos what a Google Photos export leaves in JSON files beside them.

What is exported here is the interface for plugins; it is loaded when it is first used, so that
`pef-tui --version` loads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pef_tui.hooks import (
        Check,
        Executor,
        Filter,
        Finding,
        Listing,
        Matcher,
        OpenFile,
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
        Conflict,
        Folder,
        Geo,
        JsonFile,
        JsonRecord,
        Match,
        MediaFile,
        Origin,
        OtherRecord,
        Outcome,
        Person,
        Place,
        Plan,
        Sidecar,
        Source,
        Stamp,
        State,
        TagEdit,
        Taken,
        XmpFile,
    )
    from pef_tui.settings import Settings
    from pef_tui.xmp import xmp_packet

__version__ = "0.1.0"

__all__ = [
    "Album",
    "Check",
    "Conflict",
    "Executor",
    "Filter",
    "Finding",
    "Folder",
    "Geo",
    "JsonFile",
    "JsonRecord",
    "Listing",
    "Match",
    "Matcher",
    "MediaFile",
    "OpenFile",
    "Origin",
    "OtherRecord",
    "Outcome",
    "Person",
    "Place",
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
    "Stamp",
    "State",
    "TagEdit",
    "TagMapper",
    "Taken",
    "Writer",
    "WriterSession",
    "Written",
    "XmpFile",
    "hookimpl",
    "xmp_packet",
]


def __getattr__(name: str) -> object:
    if name == "xmp_packet":  # the only one that needs a parser
        from pef_tui.xmp import xmp_packet

        return xmp_packet
    if name in __all__:
        from pef_tui import hooks, model, settings

        for module in (model, hooks, settings):
            if (found := vars(module).get(name)) is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
