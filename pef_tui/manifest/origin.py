"""Was `SOURCE/.pef-tui` made here? An unpacked export may bring one of its own, with a manifest and undo records in it.

The first run in place draws a random number. It is in `.pef-tui/origin`, with the inodes of that file and of its
folder, and among the user's own in `$XDG_STATE_HOME/pef-tui/in-place`. The folder is ours where the number is known
there (a moved or mounted disk), or where both inodes are as recorded (another HOME, as in a container). An archive can
have neither.
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
from pef_tui.folders import names_in, state_folder
from pef_tui.manifest.folder import NAME, OWN, open_folder, sync_folder
from pef_tui.manifest.ledger import Ledger

ORIGIN = "origin"
_NEW = "origin.new"
_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST = 1 << 20
_SLACK_NS = 60_000_000_000
"""A manifest without an origin file is ours where its last change is this near to the end of its last run."""
_FOLLOWED_NEVER = (NAME, "lock", "staging", "undo", ORIGIN, "index.sqlite", "index.sqlite-journal")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Made = Literal["nowhere", "here", "elsewhere"]


class Origin(Struct, frozen=True):
    """What `.pef-tui/origin` says."""

    id: str
    folder: int
    """Inode of `.pef-tui`."""
    file: int
    """Inode of the file itself."""
    foreign: tuple[str, ...] = ()
    """Runs whose undo records were there before, made elsewhere."""


def check_links(dest: str) -> None:
    """Raises RunError where anything that a run uses in DEST's `.pef-tui`, or the folder itself, is a symbolic link."""
    for name in ("", *_FOLLOWED_NEVER):
        path = os.path.join(dest, OWN, name).rstrip("/")
        if os.path.islink(path):
            raise RunError(
                f"{path} is a symbolic link, and none is followed there: remove it, then run again"
            )


def made(source: str, environ: Mapping[str, str]) -> Made:
    """Where the state in SOURCE was made; nowhere if there is none. Raises OSError."""
    folder = open_folder(source, create=False)
    if folder is None:
        return "nowhere"
    try:
        origin = _read(folder)
        if origin is not None:
            return "here" if _is_ours(folder, origin, environ) else "elsewhere"
        if NAME not in (names := names_in(folder)) and ("undo" not in names or not _runs(folder)):
            return "nowhere"
        return "here" if _was_just_closed(source, folder) else "elsewhere"
    finally:
        os.close(folder)


def foreign_runs(source: str, environ: Mapping[str, str], runs: Sequence[str]) -> set[str]:
    """Those of the runs in SOURCE whose undo records were made elsewhere. Raises OSError."""
    if made(source, environ) == "elsewhere":
        return set(runs)
    folder = open_folder(source, create=False)
    if folder is None:
        return set()
    try:
        origin = _read(folder)
    finally:
        os.close(folder)
    return set(runs) & set(origin.foreign) if origin is not None else set()


def settle(source: str, environ: Mapping[str, str]) -> str:
    """Make the state in SOURCE ours, before a run in place uses it; what there is to say, in a line.

    A manifest that was made elsewhere is set aside; undo records that were made elsewhere stay and are noted. The
    caller holds the lock. Raises OSError.
    """
    where = made(source, environ)
    folder = open_folder(source, create=True)
    assert folder is not None
    try:
        before = _read(folder)
        if where == "here" and before is not None:
            _register(before.id, source, environ)
            return ""
        foreign: tuple[str, ...] = ()
        if where == "elsewhere":
            foreign = tuple(_runs(folder))
            _set_aside(folder)
        _write(folder, source, foreign, environ)
    finally:
        os.close(folder)
    if where != "elsewhere":
        return ""
    note = (
        f"{OWN} in SOURCE was not made here (it was copied, restored, or came with the export): its manifest is set "
        "aside, and every file is looked at again"
    )
    named = ", ".join(foreign[:3]) + (" …" if len(foreign) > 3 else "")
    return note + (f"; --undo takes its runs by name only: {named}" if foreign else "")


def _is_ours(folder: int, origin: Origin, environ: Mapping[str, str]) -> bool:
    state = state_folder(environ)
    if state is not None and _ID.fullmatch(origin.id) and os.path.isfile(state / "in-place" / origin.id):
        return True
    with suppress(OSError):
        file = os.stat(ORIGIN, dir_fd=folder, follow_symlinks=False).st_ino
        return (origin.folder, origin.file) == (os.fstat(folder).st_ino, file)
    return False


def _was_just_closed(source: str, folder: int) -> bool:
    """Was a manifest of an earlier build last changed when its last run ended? That time nobody can set back."""
    with suppress(OSError, RunError):
        changed_ns = os.stat(NAME, dir_fd=folder, follow_symlinks=False).st_ctime_ns
        ledger = Ledger.open(source, read_only=True)
        closed = ledger.runs[-1][1] if ledger.runs else None
        ledger.release()
        return closed is not None and abs(closed.ended_ns - changed_ns) <= _SLACK_NS
    return False


def _read(folder: int) -> Origin | None:
    try:
        with os.fdopen(os.open(ORIGIN, _READ, dir_fd=folder), "rb") as file:
            return msgspec.json.decode(file.read(_LONGEST), type=Origin)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Origin("", 0, 0)


def _runs(folder: int) -> list[str]:
    """The names in `.pef-tui/undo`. Raises OSError."""
    try:
        undo = os.open("undo", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return []
    try:
        return sorted(names_in(undo))
    finally:
        os.close(undo)


def _set_aside(folder: int) -> None:
    names = set(names_in(folder))
    if NAME in names:
        number = next(
            number for number in range(1, len(names) + 2) if f"{NAME}.elsewhere-{number}" not in names
        )
        os.rename(NAME, f"{NAME}.elsewhere-{number}", src_dir_fd=folder, dst_dir_fd=folder)


def _write(folder: int, source: str, foreign: tuple[str, ...], environ: Mapping[str, str]) -> None:
    number = secrets.token_hex(16)
    _register(number, source, environ)
    with suppress(FileNotFoundError):
        os.unlink(_NEW, dir_fd=folder)
    fd = os.open(_NEW, _CREATE, 0o600, dir_fd=folder)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(Origin(number, os.fstat(folder).st_ino, os.fstat(fd).st_ino, foreign)))
        file.flush()
        os.fsync(fd)
    os.rename(_NEW, ORIGIN, src_dir_fd=folder, dst_dir_fd=folder)
    sync_folder(folder)


def _register(number: str, source: str, environ: Mapping[str, str]) -> None:
    """Remember the number as one of ours; without a HOME, or where it cannot be written, the inodes must do."""
    state = state_folder(environ)
    if state is None or not _ID.fullmatch(number):
        return
    with suppress(OSError):
        os.makedirs(state / "in-place", 0o700, exist_ok=True)
        fd = os.open(state / "in-place" / number, _CREATE, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(os.fsencode(source) + b"\n")
