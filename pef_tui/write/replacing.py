"""The one rule of what may be replaced under a name in DEST ("What may be replaced" in docs/safety.md).

An output is replaced only by the same picture, and only while it is, byte for byte, what the program recorded of it.
`same_picture` decides the first half, `standing_of` the second. Every way in which a name is taken asks both: keys are
assigned by the first (`pef_tui.run.identity`), names are given (`pef_tui.run.occupied`) and files are renamed, linked
and removed (`place`, `links`, `former`, `unfinished`) by the second.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple, Protocol

import xxhash

from pef_tui.fingerprint import of_descriptor
from pef_tui.model import Match, MediaFile

FAT_NS = 2_000_000_000
"""FAT keeps times in steps of two seconds: an output copied to such a disk is still the same output."""
_CHUNK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Standing = Literal["free", "ours", "changed", "foreign"]
"""What is at a name: nothing; what we put there; the same, changed by somebody; somebody else's."""


class FileFacts(NamedTuple):
    """What was recorded of a file when it was put into DEST."""

    size: int
    mtime_ns: int
    digest: bytes = b""
    """Its fingerprint; empty in records before 2026-12 and for links."""


class Picture(Protocol):
    """What is recorded of the picture that an output was made from."""

    @property
    def source(self) -> bytes:
        """Fingerprint of the source file; empty where unknown."""

    @property
    def photo(self) -> bytes:
        """`photo_digest` of its sidecar; empty where it has no `url`."""


def photo_digest(match: Match) -> bytes:
    """8 bytes for the photo in Google Photos that a sidecar is of; empty where it does not name one."""
    url = match.sidecar.url if match.sidecar is not None else None
    return xxhash.xxh3_64_digest(url.encode("utf-8", "backslashreplace")) if url else b""


def same_picture(match: Match, recorded: Picture, fingerprint: Callable[[MediaFile], bytes]) -> bool:
    """Is the file the picture of this record: the same photo, or the same bytes?

    `fingerprint` reads the file, so it is asked last. A record of neither is of no picture.
    """
    if recorded.photo and recorded.photo == photo_digest(match):
        return True
    return bool(recorded.source) and fingerprint(match.media) == recorded.source


def standing_of(
    fd: int,
    name: str,
    recorded: FileFacts | None,
    intended: Sequence[FileFacts] = (),
    *,
    follow: bool = False,
) -> Standing:
    """What is at a name, in a folder given by its descriptor.

    `recorded`: what the manifest says of the output of the same picture there. `intended`: what runs that came to no
    end meant to put there for the same picture. `follow`: judge what a symbolic link leads to, as in place, where that
    counts as the file.
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
    known = (*intended, recorded) if recorded is not None else intended
    if any(_is(fd, name, present, facts) for facts in known):
        return "ours"
    return "changed" if recorded is not None else "foreign"


def _is(fd: int, name: str, present: os.stat_result, facts: FileFacts) -> bool:
    """Is a file what was recorded? Size and time first: they cost nothing more."""
    if present.st_size != facts.size or abs(present.st_mtime_ns - facts.mtime_ns) > FAT_NS:
        return False
    if not facts.digest or not stat.S_ISREG(present.st_mode):
        return True
    try:
        descriptor = os.open(name, _READ, dir_fd=fd)
    except OSError:  # unreadable, so nobody can say that it is ours
        return False
    try:
        return of_descriptor(descriptor, facts.size) == facts.digest
    except OSError:
        return False
    finally:
        os.close(descriptor)


def same_bytes(first: int, first_name: str, second: int, second_name: str) -> bool:
    """Are two files, named by folder and name, equal? This is how a lost manifest is mended."""
    try:
        with (
            os.fdopen(os.open(first_name, _READ, dir_fd=first), "rb") as one,
            os.fdopen(os.open(second_name, _READ, dir_fd=second), "rb") as two,
        ):
            if os.fstat(one.fileno()).st_size != os.fstat(two.fileno()).st_size:
                return False
            while block := one.read(_CHUNK):
                if two.read(_CHUNK) != block:
                    return False
            return True
    except OSError:
        return False
