"""Decide whether a folder `SOURCE/.pef-tui` may be used: only if the user's own runs made it ("here").

An unpacked export may have a `.pef-tui` from elsewhere, with a manifest and undo records.

The first run in place draws a random number. It is stored in two files:

- `.pef-tui/origin`, with the inodes of this file and of its folder
- `$XDG_STATE_HOME/pef-tui/in-place`

The folder is the user's own in two cases: its number is known in `$XDG_STATE_HOME` (the disk may have been moved), or
both inodes are the recorded ones (HOME may be another one, as in a container). A folder from an unpacked archive passes
neither test.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal

import msgspec
from msgspec import Struct

from pef_tui.errors import RunError
from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.filesystem.directories import list_names, user_state_dir
from pef_tui.manifest.folder import MANIFEST_NAME, open_state_dir, sync_folder
from pef_tui.manifest.manifest import Manifest
from pef_tui.system_calls import sync_file

ORIGIN = "origin"
_NEW = "origin.new"
_ID = re.compile(r"[0-9a-f]{32}")
_MAX_SIZE = 1 << 20
_SLACK_NS = 60_000_000_000
"""Longest time in nanoseconds between the end of the last run and the last change of a manifest without origin file.

After a longer time, the manifest does not count as the user's own.
"""
_FOLLOWED_NEVER = (MANIFEST_NAME, "lock", "staging", "undo", ORIGIN, "index.sqlite", "index.sqlite-journal")
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

OriginPlace = Literal["nowhere", "here", "elsewhere"]


class StateOrigin(Struct, frozen=True):
    """The content of the file `.pef-tui/origin`."""

    id: str
    folder: int
    """Inode of the folder `.pef-tui`."""
    file: int
    """Inode of the file `.pef-tui/origin`."""
    foreign: tuple[str, ...] = ()
    """Names of runs whose undo records were in the folder when it was found to come from elsewhere."""


def check_links(dest: str) -> None:
    """Check that `.pef-tui` in DEST, and all files in it that a run uses, are not symbolic links. Raises RunError."""
    for name in ("", *_FOLLOWED_NEVER):
        path = os.path.join(dest, STATE_DIR, name).rstrip("/")
        if os.path.islink(path):
            raise RunError(
                f"{path} is a symbolic link, and none is followed there: remove it, then run again"
            )


def state_origin(source: str, environ: Mapping[str, str]) -> OriginPlace:
    """Return where `.pef-tui` in SOURCE was created: "here" or "elsewhere". Raises OSError.

    Return "nowhere" if the folder is missing, or has no origin file, manifest or undo record.
    """
    folder = open_state_dir(source, create=False)
    if folder is None:
        return "nowhere"
    try:
        origin = _read_origin(folder)
        if origin is not None:
            return "here" if _is_ours(folder, origin, environ) else "elsewhere"
        if MANIFEST_NAME not in (names := list_names(folder)) and ("undo" not in names or not _runs(folder)):
            return "nowhere"
        return "here" if _was_just_closed(source, folder) else "elsewhere"
    finally:
        os.close(folder)


def foreign_runs(source: str, environ: Mapping[str, str], runs: Sequence[str]) -> set[str]:
    """Return the `runs` in SOURCE whose undo records come from elsewhere. Raises OSError."""
    if state_origin(source, environ) == "elsewhere":
        return set(runs)
    folder = open_state_dir(source, create=False)
    if folder is None:
        return set()
    try:
        origin = _read_origin(folder)
    finally:
        os.close(folder)
    return set(runs) & set(origin.foreign) if origin is not None else set()


def adopt_state(source: str, environ: Mapping[str, str]) -> str:
    """Mark `.pef-tui` in SOURCE as created here, before a run in place uses it. Return a note for the user, or "".

    A manifest from elsewhere is renamed, so the run does not use it. Undo records from elsewhere are left in place and
    marked as foreign. The caller must hold the lock. Raises OSError.
    """
    origin_place = state_origin(source, environ)
    folder = open_state_dir(source, create=True)
    assert folder is not None
    try:
        previous = _read_origin(folder)
        if origin_place == "here" and previous is not None:
            _register(previous.id, source, environ)
            return ""
        foreign: tuple[str, ...] = ()
        if origin_place == "elsewhere":
            foreign = tuple(_runs(folder))
            _set_aside(folder)
        _write(folder, source, foreign, environ)
    finally:
        os.close(folder)
    if origin_place != "elsewhere":
        return ""
    note = (
        f"{STATE_DIR} in SOURCE was not made here (it was copied, restored, or came with the export): its manifest is "
        "set aside, and every file is looked at again"
    )
    run_names = ", ".join(foreign[:3]) + (" …" if len(foreign) > 3 else "")
    return note + (f"; --undo takes its runs by name only: {run_names}" if foreign else "")


def _is_ours(folder: int, origin: StateOrigin, environ: Mapping[str, str]) -> bool:
    state = user_state_dir(environ)
    if state is not None and _ID.fullmatch(origin.id) and os.path.isfile(state / "in-place" / origin.id):
        return True
    with suppress(OSError):
        file = os.stat(ORIGIN, dir_fd=folder, follow_symlinks=False).st_ino
        return (origin.folder, origin.file) == (os.fstat(folder).st_ino, file)
    return False


def _was_just_closed(source: str, folder: int) -> bool:
    """Return whether a manifest without an origin file was last changed when its last run ended.

    If so, it was not unpacked from an archive: an archive program cannot set the change time (ctime) of a file.
    """
    with suppress(OSError, RunError):
        changed_ns = os.stat(MANIFEST_NAME, dir_fd=folder, follow_symlinks=False).st_ctime_ns
        manifest = Manifest.open(source, read_only=True)
        closed = manifest.runs[-1][1] if manifest.runs else None
        manifest.release()
        return closed is not None and abs(closed.ended_ns - changed_ns) <= _SLACK_NS
    return False


def _read_origin(folder: int) -> StateOrigin | None:
    try:
        with os.fdopen(os.open(ORIGIN, _READ_FLAGS, dir_fd=folder), "rb") as file:
            return msgspec.json.decode(file.read(_MAX_SIZE), type=StateOrigin)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return StateOrigin("", 0, 0)


def _runs(folder: int) -> list[str]:
    """Return the names of the runs in `.pef-tui/undo`; empty if the folder is missing. Raises OSError."""
    try:
        undo = os.open("undo", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return []
    try:
        return sorted(list_names(undo))
    finally:
        os.close(undo)


def _set_aside(folder: int) -> None:
    names = set(list_names(folder))
    if MANIFEST_NAME in names:
        number = next(
            number
            for number in range(1, len(names) + 2)
            if f"{MANIFEST_NAME}.elsewhere-{number}" not in names
        )
        os.rename(MANIFEST_NAME, f"{MANIFEST_NAME}.elsewhere-{number}", src_dir_fd=folder, dst_dir_fd=folder)


def _write(folder: int, source: str, foreign: tuple[str, ...], environ: Mapping[str, str]) -> None:
    number = secrets.token_hex(16)
    _register(number, source, environ)
    with suppress(FileNotFoundError):
        os.unlink(_NEW, dir_fd=folder)
    fd = os.open(_NEW, _CREATE_FLAGS, 0o600, dir_fd=folder)
    with os.fdopen(fd, "wb") as file:
        file.write(
            msgspec.json.encode(StateOrigin(number, os.fstat(folder).st_ino, os.fstat(fd).st_ino, foreign))
        )
        file.flush()
        sync_file(fd)
    os.rename(_NEW, ORIGIN, src_dir_fd=folder, dst_dir_fd=folder)
    sync_folder(folder)


def _register(number: str, source: str, environ: Mapping[str, str]) -> None:
    """Store `number`, the random number of the folder `source`, in the user's state directory.

    Errors are ignored: without the number, later runs compare only the inodes.
    """
    state = user_state_dir(environ)
    if state is None or not _ID.fullmatch(number):
        return
    with suppress(OSError):
        os.makedirs(state / "in-place", 0o700, exist_ok=True)
        fd = os.open(state / "in-place" / number, _CREATE_FLAGS, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(os.fsencode(source) + b"\n")
