"""Messages before a run starts. Each message describes a problem, and what the user can do about the problem."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from pef_tui.errors import RunError
from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.pipeline.source_args import source_paths
from pef_tui.planning.in_place import single_source
from pef_tui.sanitize import safe
from pef_tui.settings import Settings

Level = Literal["stop", "warning", "note"]
SPACE_FACTOR = 1.02
"""Estimated size of the output relative to the size of the media. Tags, XMP files and the manifest are small."""

IN_PLACE = "in place: the files in the source itself are changed; undo restores them"
"""Text that is shown instead of an output folder for a run in place."""


class PreflightMessage(Struct, frozen=True):
    """One message. If its level is `stop`, a run cannot start."""

    level: Level
    text: str
    """The message, with control characters escaped."""


def free_space(output: str) -> int | None:
    """Return the free bytes on the disk of DEST (`output`), even if DEST does not exist yet; None if unknown."""
    try:
        return shutil.disk_usage(_existing_path(output)).free
    except (OSError, ValueError):
        return None


def _existing_path(path: str) -> str:
    """Return the longest part of `path` that exists: `path` itself, or a directory or file above it."""
    path = os.path.abspath(path)
    while not os.path.lexists(path) and path != "/":
        path = os.path.dirname(path)
    return path


def write_problem(output: str) -> str:
    """Return why DEST (`output`) cannot be created or written, as one line; "" if no reason is known."""
    existing = _existing_path(output)
    if not os.path.isdir(existing):
        return safe(f"{existing} is not a folder, so the output cannot be written there")
    try:
        is_read_only = bool(os.statvfs(existing).f_flag & os.ST_RDONLY)
    except OSError as error:
        return safe(f"{existing} cannot be used: {error.strerror or error}")
    if is_read_only:
        return safe(f"the disk of {existing} is read-only, so the output cannot be written there")
    if not os.access(existing, os.W_OK | os.X_OK):
        return safe(f"you have no permission to write into {existing}")
    return ""


def about_exiftool(settings: Settings) -> Iterator[PreflightMessage]:
    """Yield a message if ExifTool is missing, too old or broken. It runs `exiftool -ver`, which takes 0.1 s."""
    from pef_tui.exiftool.locate import locate

    exiftool = locate(settings.exiftool)
    if not exiftool.usable:
        is_required = bool(settings.exiftool) or settings.writer == "exiftool"
        without = "" if is_required else "; without it raw pictures and unusual files get XMP files only"
        yield PreflightMessage(
            "stop" if is_required else "warning", safe(f"{exiftool.problem}{without}. {exiftool.advice}")
        )
    elif exiftool.warning and not settings.no_exiftool_advice:
        text = f"{exiftool.warning}: {exiftool.advice}. The setting no_exiftool_advice silences this"
        yield PreflightMessage("note", safe(text))


def about_in_place(settings: Settings) -> Iterator[PreflightMessage]:
    """Yield a message if the sources cannot be written in place, which requires exactly one source, a directory."""
    try:
        paths = source_paths(settings)
    except RunError:  # the survey reports it
        return
    try:
        single_source(paths)
    except RunError as error:
        yield PreflightMessage("stop", safe(str(error)))


def about_output(output: str, in_place: bool = False) -> Iterator[PreflightMessage]:
    """Yield messages about what is in DEST (`output`).

    DEST may not be writable. It can have a run in progress, a run that did not finish, the files of earlier runs, or
    files of other programs.
    """
    from pef_tui.manifest import RunHistory, holder

    if problem := write_problem(output):
        yield PreflightMessage("stop", problem)
        return
    try:
        if lock_holder := holder(output):
            yield PreflightMessage("stop", safe(f"another run is writing there: {lock_holder}"))
            return
        history = RunHistory.open(output) if os.path.isdir(output) else None
    except (OSError, RunError) as error:
        yield PreflightMessage("warning", safe(f"the manifest there cannot be read: {error}"))
        return
    if history is None:
        if not in_place and os.path.isdir(output) and any(os.scandir(output)):
            yield PreflightMessage("note", "it already contains files; they are kept, none is overwritten")
        return
    try:
        last = next(iter(history.runs(1)), None)
        files = history.totals().files
    finally:
        history.close()
    if last is None:
        return
    started = datetime.fromtimestamp(last.started_ns / 1e9).astimezone()
    if last.ended_ns is None or last.stopped == "error":
        yield PreflightMessage(
            "note", f"the run of {started:%Y-%m-%d %H:%M} did not finish; this one continues it"
        )
    else:
        yield PreflightMessage(
            "note",
            f"{files:,} files are complete from earlier runs, the last on {started:%Y-%m-%d}; only changes are written",
        )


def about_disk_space(output: str, media_bytes: int, free: int | None) -> Iterator[PreflightMessage]:
    """Yield a message if the disk of DEST has too little room for a copy of all media.

    `output`: path of DEST. `media_bytes`: size of all media. `free`: free bytes on the disk; None if unknown. Yield
    nothing if `free` is unknown, or if DEST already has files of earlier runs.
    """
    if free is None or media_bytes * SPACE_FACTOR <= free or os.path.isdir(os.path.join(output, STATE_DIR)):
        return
    missing = media_bytes * SPACE_FACTOR - free
    yield PreflightMessage(
        "warning",
        f"too little space in the output folder: {size(free)} free, {size(missing)} more needed "
        "(none if the disk can share blocks)",
    )


def size(count: float) -> str:
    """Return a number of bytes as text with a unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
