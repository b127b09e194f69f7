"""A `.zip` part as a source, read in place through its central directory; nothing is ever extracted."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import IO, BinaryIO

from pef_tui.hooks import Listing
from pef_tui.model import MediaFile, Source
from pef_tui.takeout import members
from pef_tui.takeout.problems import Problems

MAX_RATIO = 200
"""How many times its packed size a member may have; JSON reaches about 20, pictures 1."""
FREE = 1 << 24
"""Bytes up to which a member may unpack whatever its ratio."""

_UNICODE_PATH = 0x7075  # Info-ZIP: version, CRC of the plain name, the name in UTF-8
_TIMESTAMP = 0x5455  # Info-ZIP: flags, modification time in UTC
_ENCRYPTED, _UTF8 = 0x1, 0x800
_EPOCH_DOS = 315_532_800  # 1980-01-01, what a time of zeros stands for
_BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
# what zipfile raises for damaged archives besides: a name that is not the UTF-8 it claims, offsets that are none
_UNREADABLE = (*_BROKEN, ValueError, struct.error, OverflowError, MemoryError)


class ZipReader:
    """Reads one zip archive; a `SourceReader`. Made without touching the archive."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._problems = Problems()
        self._loading = Lock()
        self._archive: zipfile.ZipFile | None = None
        self._found: dict[str, zipfile.ZipInfo] | None = None

    def listings(self) -> Iterator[Listing]:
        """Folders of the archive, ordered by path. An archive without a central directory has none."""
        root = self._source.root
        return members.listings(
            MediaFile(root, path, info.file_size, _mtime(info) * 1_000_000_000)
            for path, info in self._members().items()
        )

    def open(self, path: str) -> BinaryIO:
        """Open one listed member. It can be sought in, by unpacking anew. Raises OSError, also while reading."""
        info = self._members().get(path)
        if info is None or self._archive is None:
            raise FileNotFoundError(f"{path!r} is not in {self._source.path!r}")
        try:
            return io.BufferedReader(_Member(self._archive.open(info), info.file_size))
        except _UNREADABLE as error:
            raise OSError(f"damaged in the archive ({_words(error)})") from error

    def problems(self) -> Sequence[str]:
        """What was left out, one line each."""
        return self._problems.lines()

    def _members(self) -> dict[str, zipfile.ZipInfo]:
        """Members by path, read from the archive once."""
        with self._loading:
            if self._found is None:
                self._found = {}
                try:
                    self._archive = zipfile.ZipFile(self._source.path)
                    self._found = self._sort_out(self._archive.infolist())
                except OSError as error:
                    self._problems.failed(self._source.path, error)
                except _UNREADABLE as error:
                    words = f"incomplete or damaged, get this part again ({_words(error)})"
                    self._problems.tell(self._source.path, words)
            return self._found

    def _sort_out(self, infos: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        found: dict[str, zipfile.ZipInfo] = {}
        if len(infos) > members.MAX_MEMBERS:
            self._problems.tell(
                self._source.path, f"{len(infos):,} members, more than an export has; left out"
            )
            return found
        overlapping = _overlapping(infos)
        for info in infos:
            path = _path(info)
            if path.endswith("/") and not info.file_size:
                continue
            fault = members.fault(path) or _fault(info)
            if not fault and info.header_offset in overlapping:
                fault = "overlaps another member, left out"
            if not fault and path in found:
                fault = "is in the archive twice, the first is taken"
            if fault:
                self._problems.tell(f"{self._source.path}/{path}", fault)
            else:
                found[path] = info
        return found


class _Member(io.RawIOBase):
    """A member being read, whose damage is an OSError."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._size = size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            raw = self._stream.read(len(buffer))
        except _BROKEN as error:
            raise OSError(f"damaged in the archive ({_words(error)})") from error
        if not raw and len(buffer) and self._stream.tell() < self._size:
            raise OSError("damaged in the archive (shorter than it says)")
        buffer[: len(raw)] = raw
        return len(raw)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            return self._stream.seek(offset, whence)
        except _BROKEN as error:
            raise OSError(f"damaged in the archive ({_words(error)})") from error

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _fault(info: zipfile.ZipInfo) -> str:
    """Why a member is left out for what it is."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "symbolic link, left out"
    if kind not in (0, stat.S_IFREG):
        return "no regular file, left out"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted, left out"
    if info.file_size > FREE and info.file_size > MAX_RATIO * info.compress_size:
        return f"claims to unpack to {info.file_size:,} bytes from {info.compress_size:,}, left out"
    return ""


def _overlapping(infos: Sequence[zipfile.ZipInfo]) -> set[int]:
    """Where members begin inside another one, as only archives made to do harm have it."""
    found: set[int] = set()
    end = 0
    for info in sorted(infos, key=lambda info: (info.header_offset, info.compress_size)):
        if info.header_offset < end:
            found.add(info.header_offset)
        end = max(end, info.header_offset + 30 + info.compress_size)
    return found


def _path(info: zipfile.ZipInfo) -> str:
    """The member's name: UTF-8 where flagged, given in an extra field or plainly so, else code page 437."""
    name = info.orig_filename
    if info.flag_bits & _UTF8 or name.isascii():
        return name
    raw = name.encode("cp437")
    field = _extra(info.extra, _UNICODE_PATH)
    try:
        if len(field) > 5 and field[0] == 1 and struct.unpack_from("<L", field, 1)[0] == zlib.crc32(raw):
            return field[5:].decode()
        return raw.decode()
    except UnicodeDecodeError:
        return name


def _mtime(info: zipfile.ZipInfo) -> int:
    """Modification time in seconds since 1970: the UTC of the extra field, else the zone-less one read as UTC."""
    field = _extra(info.extra, _TIMESTAMP)
    if len(field) >= 5 and field[0] & 1:
        return int(struct.unpack_from("<l", field, 1)[0])
    try:
        return int(datetime(*info.date_time, tzinfo=UTC).timestamp())
    except ValueError:
        return _EPOCH_DOS


def _extra(extra: bytes, kind: int) -> bytes:
    """The content of one extra field, b"" where it is missing."""
    start = 0
    while start + 4 <= len(extra):
        found, size = struct.unpack_from("<HH", extra, start)
        if found == kind:
            return extra[start + 4 : start + 4 + size]
        start += 4 + size
    return b""


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
