"""What is said before a run begins: each problem with what to do about it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from pef_tui.display import safe
from pef_tui.errors import RunError
from pef_tui.run.inplace import source_in_place
from pef_tui.run.sources import given_paths
from pef_tui.settings import Settings

Level = Literal["stop", "warning", "note"]
ROOM = 1.02
"""Part of the size of the media that an output needs: tags, XMP files and the manifest are small."""

IN_PLACE = "in place: the files in the sources themselves are changed; undo puts them back"
"""Where the output is, without an output folder."""


class Word(Struct, frozen=True):
    """One thing to know. `stop`: a run would not begin."""

    level: Level
    text: str
    """Safe to show."""


def free_space(output: str) -> int | None:
    """Bytes free where DEST is or would be made; None where that cannot be told."""
    place = os.path.abspath(output)
    while not os.path.isdir(place) and place != "/":
        place = os.path.dirname(place)
    try:
        return shutil.disk_usage(place).free
    except (OSError, ValueError):
        return None


def about_tool(settings: Settings) -> Iterator[Word]:
    """ExifTool: missing, too old, or not well. Asks its version (0.1 s)."""
    from pef_tui.exiftool.locate import locate

    found = locate(settings.exiftool)
    if not found.usable:
        asked = bool(settings.exiftool) or settings.writer == "exiftool"
        without = "" if asked else "; without it raw pictures and odd files get XMP files only"
        yield Word("stop" if asked else "warning", safe(f"{found.problem}{without}. {found.advice}"))
    elif found.warning:
        yield Word("note", safe(f"{found.warning}: {found.advice}"))


def about_place(settings: Settings) -> Iterator[Word]:
    """In place there is one source, a folder."""
    try:
        paths = given_paths(settings)
    except RunError:  # that is told of the sources
        return
    try:
        source_in_place(settings, paths)
    except RunError as error:
        yield Word("stop", safe(str(error)))


def about_output(output: str, in_place: bool = False) -> Iterator[Word]:
    """What lies in DEST: another run at work, one that did not come to its end, runs before."""
    from pef_tui.manifest import Catalog, holder

    try:
        if who := holder(output):
            yield Word("stop", safe(f"another run is at work there: {who}"))
            return
        catalog = Catalog.open(output) if os.path.isdir(output) else None
    except (OSError, RunError) as error:
        yield Word("warning", safe(f"the manifest there cannot be read: {error}"))
        return
    if catalog is None:
        if not in_place and os.path.isdir(output) and any(os.scandir(output)):
            yield Word("note", "there are files in it; they stay, none is written over")
        return
    try:
        last = next(iter(catalog.runs(1)), None)
        files = catalog.totals().files
    finally:
        catalog.close()
    if last is None:
        return
    when = datetime.fromtimestamp(last.started_ns / 1e9).astimezone()
    if last.ended_ns is None:
        yield Word(
            "note", f"the run of {when:%Y-%m-%d %H:%M} did not come to its end; this one goes on from there"
        )
    else:
        yield Word(
            "note",
            f"{files:,} files are done by earlier runs, the last on {when:%Y-%m-%d}; only what changed is done",
        )


def about_room(output: str, media_bytes: int, free: int | None) -> Iterator[Word]:
    """Is there room for a copy of everything? Files that are there from earlier runs are not counted."""
    if free is None or media_bytes * ROOM <= free or os.path.isdir(os.path.join(output, ".pef-tui")):
        return
    missing = media_bytes * ROOM - free
    yield Word(
        "warning",
        f"too little room in the output folder: {size(free)} free, {size(missing)} more are needed "
        "(none where the disk can share blocks)",
    )


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
