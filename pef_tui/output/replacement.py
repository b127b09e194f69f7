"""The rule for what may be replaced in DEST ("What may be replaced" in docs/safety.md).

An output is replaced only under two conditions: the new output is of the same picture, and the old one still has the
bytes that the program recorded. `same_picture` checks the first condition, `target_state` the second.

`pef_tui.resume.entry_lookup` uses the first one, for keys of the manifest. `pef_tui.planning.occupied_names` uses both,
for names. `publish`, `links` and `stale_outputs` use the second one, for renames, links and removals.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple, Protocol

import xxhash

from pef_tui.filesystem.constants import MTIME_TOLERANCE_NS
from pef_tui.filesystem.fingerprint import WHOLE, fingerprint_descriptor
from pef_tui.model import Match, MediaFile

_CHUNK = 1 << 20
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

TargetState = Literal["free", "ours", "changed", "foreign"]
"""The state of a name in DEST.

`free`: nothing has this name. `ours`: the recorded output, unchanged. `changed`: there is a record, but a user changed
the file. `foreign`: something that the program did not put there.
"""
RecordComparison = Literal["same", "similar", "changed"]
"""Result of comparing a file with its record: equal (`same`), perhaps equal (`similar`), or different (`changed`).

`similar`: size and fingerprint are equal, the modification time is not, and the fingerprint covers only both ends of
the file. Such a file may be reported as unchanged. But it is no proof for replacing, renaming or removing anything. Its
new modification time must not be recorded: a later run would take an edited file for the output.
"""


class FileFacts(NamedTuple):
    """Size, modification time and fingerprint of a file, as recorded when it was put into DEST."""

    size: int
    mtime_ns: int
    digest: bytes = b""
    """Fingerprint of the file; empty in records before 2026-12 and for links."""


class PictureIdentity(Protocol):
    """The recorded identity of the picture from which an output was made."""

    @property
    def source(self) -> bytes:
        """Fingerprint of the source file; empty if unknown."""

    @property
    def photo(self) -> bytes:
        """`photo_digest` of the sidecar of the picture; empty without sidecar, or without `url` in it."""


def photo_digest(match: Match) -> bytes:
    """Return 8 bytes that identify the photo in Google Photos: a digest of the sidecar's `url`. b"" without `url`."""
    url = match.sidecar.url if match.sidecar is not None else None
    return xxhash.xxh3_64_digest(url.encode("utf-8", "backslashreplace")) if url else b""


def same_picture(match: Match, recorded: PictureIdentity, fingerprint: Callable[[MediaFile], bytes]) -> bool:
    """Return whether the file in `match` is the recorded picture: the same photo in Google Photos, or the same bytes.

    False if `recorded` has no digest to compare. `fingerprint` reads the file, so it is called only if the digests of
    the photos are not equal.
    """
    if recorded.photo and recorded.photo == photo_digest(match):
        return True
    return bool(recorded.source) and fingerprint(match.media) == recorded.source


def target_state(
    fd: int,
    name: str,
    recorded: FileFacts | None,
    intended: Sequence[FileFacts] = (),
    *,
    follow: bool = False,
) -> TargetState:
    """Return the state of `name` in the folder with the descriptor `fd`.

    `recorded`: the facts that the manifest has of this output; None without a record. `intended`: the facts of outputs
    that stopped runs intended to put there, for the same picture. `follow`: if `name` is a symbolic link, check its
    target, as runs in place do.
    """
    try:
        present = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return "free"
    if follow and stat.S_ISLNK(present.st_mode):
        with suppress(OSError):
            present = os.stat(name, dir_fd=fd)
    if not stat.S_ISREG(present.st_mode) and not stat.S_ISLNK(present.st_mode):
        return "foreign"
    expected = (*intended, recorded) if recorded is not None else intended
    if any(_is_recorded_file(fd, name, present, facts) for facts in expected):
        return "ours"
    return "changed" if recorded is not None else "foreign"


def compare_with_record(path: bytes, present: os.stat_result, facts: FileFacts) -> RecordComparison:
    """Compare the file at `path` with its recorded `facts`. `present`: the `lstat` of the file.

    The file is read only if its size is the recorded one and its modification time is not. Example: `cp -r` of DEST
    sets all times to the present.
    """
    if present.st_size != facts.size:
        return "changed"
    if same_time(present.st_mtime_ns, facts.mtime_ns):
        return "same"
    if not facts.digest or not stat.S_ISREG(present.st_mode) or not _has_digest(None, path, facts):
        return "changed"
    return "same" if covers_all(facts) else "similar"


def covers_all(facts: FileFacts) -> bool:
    """Return whether the recorded fingerprint covers every byte of the file.

    If it covers only both ends, an edit in the middle of the file shows only in the modification time. Examples:
    rotation of a video, XMP in a DNG.
    """
    return facts.digest != b"" and facts.size <= WHOLE


def same_time(first_ns: int, second_ns: int) -> bool:
    """Return whether two modification times are equal within the precision of all disks (`MTIME_TOLERANCE_NS`)."""
    return abs(first_ns - second_ns) <= MTIME_TOLERANCE_NS


def _is_recorded_file(fd: int, name: str, present: os.stat_result, facts: FileFacts) -> bool:
    """Return whether the file `name` is, byte for byte, the recorded file. `present`: the `stat` of the file.

    If the fingerprint does not cover the whole file, the modification times must be equal too. Size and time are
    compared first: they are in `present`, while a fingerprint is computed from the file.
    """
    if present.st_size != facts.size:
        return False
    is_regular = stat.S_ISREG(present.st_mode)
    if not same_time(present.st_mtime_ns, facts.mtime_ns) and not (is_regular and covers_all(facts)):
        return False
    return not is_regular or not facts.digest or _has_digest(fd, name, facts)


def _has_digest(fd: int | None, name: str | bytes, facts: FileFacts) -> bool:
    try:
        descriptor = os.open(name, _READ_FLAGS, dir_fd=fd)
    except OSError:  # an unreadable file is not proven to be the program's own
        return False
    try:
        return fingerprint_descriptor(descriptor, facts.size) == facts.digest
    except OSError:
        return False
    finally:
        os.close(descriptor)


def same_bytes(first: int, first_name: str, second: int, second_name: str) -> bool:
    """Return whether two files have the same bytes. False if a file cannot be read.

    `first`, `second`: descriptors of the folders of `first_name` and `second_name`. Used after a loss of the manifest:
    a file in DEST with the bytes of an output, but without record, counts as the program's own.
    """
    try:
        with (
            os.fdopen(os.open(first_name, _READ_FLAGS, dir_fd=first), "rb") as first_file,
            os.fdopen(os.open(second_name, _READ_FLAGS, dir_fd=second), "rb") as second_file,
        ):
            if os.fstat(first_file.fileno()).st_size != os.fstat(second_file.fileno()).st_size:
                return False
            while block := first_file.read(_CHUNK):
                if second_file.read(_CHUNK) != block:
                    return False
            return True
    except OSError:
        return False
