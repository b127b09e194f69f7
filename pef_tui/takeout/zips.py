"""A `.zip` part as a source, read in place through its central directory; nothing is ever extracted."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from struct import Struct
from threading import Lock
from typing import BinaryIO

from pef_tui.hooks import Listing
from pef_tui.model import MediaFile, Source
from pef_tui.takeout import members, unpack
from pef_tui.takeout.problems import Problems
from pef_tui.takeout.zip_directory import Entry, NoDirectory, entries

MAX_RATIO = 200
"""How many times its packed size a member may have; JSON reaches about 20, pictures 1."""
FREE = 1 << 24
"""Bytes up to which a member may unpack whatever its ratio."""

_HEADER = 30
_ENCRYPTED_BYTE = 6


_FACTS = Struct("<QQQLHq")
"""What is kept of a member, in 38 bytes for there are many: start, packed, size, CRC, method, modification time."""


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
        self._found: dict[str, bytes] | None = None
        self._faults: dict[str, str] = {}
        """Why members are not read, by path."""
        self._raw: dict[str, bytes] = {}
        """Names as they are written, where they are not plain UTF-8."""

    def listings(self) -> Iterator[Listing]:
        """Folders of the archive, ordered by path. An archive without a central directory has none."""
        return members.listings(self._files())

    def _files(self) -> Iterator[MediaFile]:
        for path, facts in self._members().items():
            _, _, size, _, _, mtime_ns = _FACTS.unpack(facts)
            yield MediaFile(self._source.root, path, size, mtime_ns)

    def open(self, path: str) -> BinaryIO:
        """Open one listed member. It can be sought in, by unpacking anew. Raises OSError, also while reading."""
        facts, held = self._members().get(path), self._held
        if facts is None or held is None:
            raise FileNotFoundError(f"{path!r} is not in {self._source.path!r}")
        if fault := self._faults.get(path):
            raise OSError(fault)
        header, packed, size, crc, method, _ = _FACTS.unpack(facts)
        start = _content(held, header, self._raw.get(path) or path.encode())
        if method == unpack.STORED:
            stream: io.RawIOBase = unpack.Stored(held, start, size, crc)
        else:
            stream = unpack.Unpacked(held, start, packed, size, method, crc)
        return io.BufferedReader(stream, unpack.PIECE)

    def problems(self) -> Sequence[str]:
        """What was left out, one line each."""
        return self._problems.lines()

    def whole(self) -> bool:
        """Was everything in it found?"""
        return not self._problems.lost

    def close(self) -> None:
        """Let go of the archive; streams that are open hold it on."""
        self._held = None

    def _members(self) -> dict[str, bytes]:
        """Facts of members by path, read from the archive once."""
        with self._loading:
            if self._found is None:
                self._found = {}
                try:
                    self._held = unpack.Held(self._source.path)
                    self._load(self._held.fd, self._found)
                except NoDirectory as error:
                    words = f"incomplete or damaged, get this part again ({error})"
                    self._problems.lose(self._source.path, words)
                except OSError as error:
                    self._problems.failed(self._source.path, error)
            return self._found

    def _load(self, descriptor: int, found: dict[str, bytes]) -> None:
        try:
            for entry in entries(descriptor):
                if not entry.path.endswith("/") or entry.size:
                    self._add(entry, found)
        finally:
            for path in _inside_others(found):
                self._faults.setdefault(path, "lies inside another member of the archive")

    def _add(self, entry: Entry, found: dict[str, bytes]) -> None:
        path = entry.path
        fault = members.fault(path) or _no_file(entry.mode) or (path in found and members.TWICE)
        if fault:
            self._problems.tell(f"{self._source.path}/{path}", fault)
            return
        if fault := _fault(entry):
            self._faults[path] = fault
        if entry.raw != path.encode("utf-8", "replace"):
            self._raw[path] = entry.raw
        found[path] = _FACTS.pack(
            entry.start, entry.packed, entry.size, entry.crc, entry.method, entry.mtime_ns
        )


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


def _inside_others(found: Mapping[str, bytes]) -> Iterator[str]:
    """Members that begin inside another one, as only archives made to do harm have it."""
    end = 0
    for start, packed, path in sorted((*_FACTS.unpack(facts)[:2], path) for path, facts in found.items()):
        if start < end:
            yield path
        end = max(end, start + _HEADER + packed)
