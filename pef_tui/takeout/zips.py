"""A `.zip` part as a source, read in place through its central directory; nothing is ever extracted."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import BinaryIO

from pef_tui.hooks import Listing
from pef_tui.model import Source
from pef_tui.takeout import members, unpack
from pef_tui.takeout.catalogue import Catalogue, Member
from pef_tui.takeout.entries import first_look, one_file
from pef_tui.takeout.problems import Problems
from pef_tui.takeout.zip_directory import Entry, NoDirectory, entries

MAX_RATIO = 200
"""How many times its packed size a member may have; JSON reaches about 20, pictures 1."""
FREE = 1 << 24
"""Bytes up to which a member may unpack whatever its ratio."""

_HEADER = 30
_ENCRYPTED_BYTE = 6


class ZipReader:
    """Reads one zip archive; a `SourceReader`. Made without touching the archive.

    A member that may not or cannot be read is listed all the same, and opening it raises why: so it is accounted
    for. Only what has no proper name, or is no file, is left out.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._problems = Problems()
        self._loading = Lock()
        self._held: unpack.Held | None = None
        self._found: Catalogue | None = None
        self._seen = b""

    def listings(self) -> Iterator[Listing]:
        """Folders of the archive, ordered by path. An archive without a central directory has none."""
        return members.listings(self._members(), self._source.root)

    def top_folders(self) -> Sequence[Sequence[str]]:
        """The names directly in each container of the archive."""
        return members.top_folders(self._members())

    def open(self, path: str) -> BinaryIO:
        """Open one listed member. It can be sought in, by unpacking anew. Raises OSError, also while reading."""
        member, held = self._members().get(path), self._held
        if member is None or held is None:
            raise FileNotFoundError(f"{path!r} is not in {self._source.path!r}")
        if member.fault:
            raise OSError(member.fault)
        start = _content(held, member.start, member.raw or path.encode())
        if member.method == unpack.STORED:
            stream: io.RawIOBase = unpack.Stored(held, start, member.size, member.crc)
        else:
            stream = unpack.Unpacked(held, start, member.packed, member.size, member.method, member.crc)
        return io.BufferedReader(stream, unpack.PIECE)

    def problems(self) -> Sequence[str]:
        """What was left out, one line each."""
        return self._problems.lines()

    def whole(self) -> bool:
        """Was everything in it found?"""
        return not self._problems.lost

    def seen(self) -> bytes:
        """What `look` told before the archive was opened; empty where it was so young that a change may not show."""
        return self._seen

    def look(self) -> bytes:
        """16 bytes that change with the archive. Raises OSError."""
        return one_file(self._source.path).digest()

    def close(self) -> None:
        """Let go of the archive; streams that are open hold it on."""
        with self._loading:
            self._held = None
            if self._found is not None:
                self._found.close()

    def _members(self) -> Catalogue:
        """The members, read from the archive once."""
        with self._loading:
            if self._found is None:
                self._seen = first_look(self._source.path)
                self._found = Catalogue()
                try:
                    self._held = unpack.Held(self._source.path)
                    self._load(self._held.fd, self._found)
                except NoDirectory as error:
                    words = f"incomplete or damaged, get this part again ({error})"
                    self._problems.lose(self._source.path, words)
                except OSError as error:
                    self._problems.failed(self._source.path, error)
            return self._found

    def _load(self, descriptor: int, found: Catalogue) -> None:
        end, in_order = 0, True
        try:
            for entry in entries(descriptor):
                if not entry.path.endswith("/") or entry.size:
                    self._add(entry, found)
                    in_order = in_order and entry.start >= end
                    end = entry.start + _HEADER + entry.packed
        finally:
            if not in_order:
                for path in list(_inside_others(found)):
                    found.fail(path, "lies inside another member of the archive")

    def _add(self, entry: Entry, found: Catalogue) -> None:
        path = entry.path
        fault = members.fault(path) or _no_file(entry.mode)
        if not fault:
            raw = entry.raw if entry.raw != path.encode("utf-8", "replace") else None
            numbers = (entry.size, entry.mtime_ns, entry.start, entry.packed, entry.crc, entry.method)
            fault = "" if found.add(Member(path, *numbers, raw, fault=_fault(entry))) else members.TWICE
        if fault:
            self._problems.tell(f"{self._source.path}/{path}", fault)


def _content(held: unpack.Held, at: int, raw: bytes) -> int:
    """Where the bytes of a member of this name begin, behind its local header. Raises OSError."""
    header = os.pread(held.fd, _HEADER + len(raw), at)
    if header[:4] != b"PK\x03\x04" or header[_HEADER:] != raw:
        raise unpack.damaged("its header is that of another one")
    if header[_ENCRYPTED_BYTE] & 1:
        raise OSError("encrypted in the archive")
    return at + len(header) + int.from_bytes(header[28:30], "little")


def _no_file(kind: int) -> str:
    """Why a member is left out for the kind it is of."""
    if kind == stat.S_IFLNK:
        return "symbolic link, left out"
    return "" if kind in (0, stat.S_IFREG) else "no regular file, left out"


def _fault(entry: Entry) -> str:
    """Why the bytes of a member are not read."""
    if entry.fault:
        return f"damaged in the archive ({entry.fault})"
    if entry.encrypted:
        return "encrypted in the archive"
    if entry.method not in unpack.METHODS:
        return (
            f"packed in a way not read here (number {entry.method}): unpack the archive and give its folder"
        )
    if entry.method == unpack.STORED and entry.size != entry.packed:
        return "damaged in the archive (it says two sizes)"
    if entry.crc and not entry.size:
        return "damaged in the archive (a checksum of nothing)"
    if entry.size > FREE and entry.size > MAX_RATIO * entry.packed:
        return f"claims to unpack to {entry.size:,} bytes from {entry.packed:,}, as only harmful archives do"
    return ""


def _inside_others(found: Catalogue) -> Iterator[str]:
    """Members that begin inside another one, as only archives made to do harm have it."""
    end = 0
    for member in found.by_start():
        if member.start < end:
            yield member.path
        end = max(end, member.start + _HEADER + member.packed)
