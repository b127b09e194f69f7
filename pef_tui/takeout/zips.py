"""A `.zip` part as a source, read in place through its central directory; nothing is ever extracted."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import BinaryIO

from pef_tui.fingerprint import version
from pef_tui.formats import MEDIA_EXTENSIONS
from pef_tui.hooks import Listing
from pef_tui.model import Source
from pef_tui.takeout import members, unpack
from pef_tui.takeout.catalogue import Catalogue, Member
from pef_tui.takeout.entries import first_look, one_file
from pef_tui.takeout.problems import Problems
from pef_tui.takeout.unpack_limits import UnpackLimits
from pef_tui.takeout.zip_directory import (
    LOCAL,
    Bounds,
    DamagedDirectory,
    Entry,
    NoDirectory,
    TooManyMembers,
    directory,
    entries,
)
from pef_tui.takeout.zip_recovery import Recovery, other_name
from pef_tui.takeout.zip_scan import header_at

DENSE = 4096
"""Bytes from which a member is refused where the archive is a bomb in pieces."""

_CHECKSUM = 1 << 40
"""Tells versions that are checksums from others: a member with the same checksum is the same wherever it lies."""
_HEADER = 30
_ENCRYPTED_BYTE = 6
_LONGEST_LINK = 4096
_OPENED = frozenset((*MEDIA_EXTENSIONS, ".json"))


class ZipReader:
    """Reads one zip archive; a `SourceReader`. Made without touching the archive.

    A member that may not or cannot be read is listed all the same, and opening it raises why: so it is accounted
    for. Only what has no proper name, or is no file, is left out.
    """

    def __init__(self, source: Source, limits: UnpackLimits | None = None) -> None:
        """`limits`: those of the run, which its archives share."""
        self._source = source
        self._limits = limits if limits is not None else UnpackLimits()
        self._limits.register(source.path)
        self._problems = Problems()
        self._loading = Lock()
        self._held: unpack.Held | None = None
        self._found: Catalogue | None = None
        self._seen = b""

    def listings(self) -> Iterator[Listing]:
        """Folders of the archive, ordered by path. An archive without a central directory has none."""
        return members.listings(
            self._members(), self._source.root, lambda crc, start: version(_CHECKSUM, crc)
        )

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
        return self._stream(held, member, member.raw or path.encode())

    @staticmethod
    def _stream(held: unpack.Held, member: Member, raw: bytes) -> io.BufferedReader:
        start = _content(held, member.start, raw)
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
                    self._limit(self._found)
                except OSError as error:
                    self._problems.failed(self._source.path, error)
            return self._found

    def _load(self, descriptor: int, found: Catalogue) -> None:
        """Fill the list from the directory, or where that is damaged from the members' own headers. Raises OSError."""
        try:
            if not self._by_directory(descriptor, found):
                self._recover(descriptor, found, "members lie inside one another", directory(descriptor))
        except TooManyMembers as error:
            self._problems.lose(self._source.path, f"{error}, those behind are left out")
        except NoDirectory as error:
            bounds = error.bounds if isinstance(error, DamagedDirectory) else None
            self._recover(descriptor, found, str(error), bounds)

    def _by_directory(self, descriptor: int, found: Catalogue) -> bool:
        """Read the directory; False where members lie inside one another. Raises NoDirectory, OSError."""
        end, in_order = 0, True
        for entry in entries(descriptor):
            if entry.path[entry.path.rfind(".") :].lower() not in _OPENED:
                entry = self._by_its_header(descriptor, entry)
            if not entry.path.endswith("/") or entry.size:
                self._add(entry, found)
            in_order = in_order and entry.start >= end
            end = entry.start + _HEADER + entry.packed
        return in_order or not any(_inside_others(found))

    def _by_its_header(self, descriptor: int, entry: Entry) -> Entry:
        """What is neither media nor JSON, if its own header says so too: nobody opens it and notices a damaged name."""
        header = header_at(descriptor, entry.start)
        if header is None or header.raw == entry.raw:
            return entry
        self._problems.lose(f"{self._source.path}/{entry.path}", other_name(header.path))
        return entry._replace(path=header.path, fault=other_name(entry.path))

    def _recover(self, descriptor: int, found: Catalogue, why: str, bounds: Bounds | None) -> None:
        self._problems, number = Problems(), 0
        found.clear()

        def keep(entry: Entry) -> None:
            nonlocal number
            if not entry.path.endswith("/") or entry.size:
                number += 1
                self._add(entry, found)

        recovery = Recovery(descriptor, bounds)
        recovery.run(keep, lambda path: found.get(path) is not None)
        words = (
            f"{number:,} members are taken by their own headers" if number else "nothing in it is readable"
        )
        self._problems.lose(self._source.path, f"incomplete or damaged, get this part again ({why}); {words}")
        for gap in recovery.gaps if number else ():
            words = (
                f"{gap.end - gap.start:,} bytes from {gap.start:,} on belong to no member that is readable"
            )
            self._problems.lose(self._source.path, words)

    def _limit(self, found: Catalogue) -> None:
        """Refuse what is a bomb in many pieces."""
        limits = self._limits
        if not limits.allows(self._source.path, found.excess()):
            found.fail_dense(DENSE, limits.fault())

    def _add(self, entry: Entry, found: Catalogue) -> None:
        path, told = entry.path, f"{self._source.path}/{entry.path}"
        if fault := members.fault(path):
            self._problems.lose(told, fault)
        elif stat.S_ISLNK(entry.mode) and self._leads_somewhere(entry):
            self._problems.tell(told, "symbolic link, left out")
        elif not entry.size and entry.mode not in (0, stat.S_IFREG, stat.S_IFLNK):
            self._problems.tell(told, "no regular file, left out")
        else:
            member = _as_member(entry, self._fault(entry), self._limits.excess(entry.size, entry.packed))
            if not found.add(member):
                self._take_last(member, found, told)

    def _leads_somewhere(self, entry: Entry) -> bool:
        """Are the bytes of what should be a link the path that those of a link are, rather than a picture or JSON?"""
        if entry.size > _LONGEST_LINK or self._held is None:
            return False
        try:
            with self._stream(self._held, _as_member(entry), entry.raw) as stream:
                target = stream.read().decode()
        except (OSError, UnicodeDecodeError):
            return False
        return target.isprintable() and not target.startswith("{")

    def _take_last(self, member: Member, found: Catalogue, told: str) -> None:
        """Of two members of one name the last one counts, as for unzip and 7z; but a readable one goes before."""
        before = found.get(member.path)
        if before is None or not member.fault or before.fault:
            found.put(member)
        if before is None or (before.size, before.crc) != (member.size, member.crc):
            self._problems.lose(told, members.TWICE)

    def _fault(self, entry: Entry) -> str:
        """Why the bytes of a member are not read."""
        if entry.fault:
            return entry.fault
        if entry.encrypted:
            return "encrypted in the archive"
        if entry.method not in unpack.METHODS:
            way = unpack.NAMES.get(entry.method, f"number {entry.method}")
            return f"packed in a way not read here ({way}): unpack the archive and give its folder"
        if entry.method == unpack.STORED and entry.size != entry.packed:
            return "damaged in the archive (it says two sizes)"
        if entry.crc and not entry.size:
            return "damaged in the archive (a checksum of nothing)"
        if self._limits.too_dense(entry.path, entry.size, entry.packed):
            return self._limits.member_fault(entry.size, entry.packed)
        return ""


def _content(held: unpack.Held, at: int, raw: bytes) -> int:
    """Where the bytes of a member of this name begin, behind its local header. Raises OSError."""
    header = os.pread(held.fd, _HEADER + len(raw), at)
    if header[:4] != LOCAL:
        raise unpack.damaged("its header is not where the directory says")
    if header[_HEADER:] != raw:
        there = header_at(held.fd, at)
        raise OSError(other_name(there.path if there is not None else ""))
    if header[_ENCRYPTED_BYTE] & 1:
        raise OSError("encrypted in the archive")
    return at + len(header) + int.from_bytes(header[28:30], "little")


def _as_member(entry: Entry, fault: str = "", excess: int = 0) -> Member:
    raw = entry.raw if entry.raw != entry.path.encode("utf-8", "replace") else None
    numbers = (entry.size, entry.mtime_ns, entry.start, entry.packed, entry.crc, entry.method)
    return Member(entry.path, *numbers, raw, None, fault, 0, excess)


def _inside_others(found: Catalogue) -> Iterator[str]:
    """Members that begin inside another one, as only archives made to do harm have it."""
    end = 0
    for member in found.by_start():
        if member.start < end:
            yield member.path
        end = max(end, member.start + _HEADER + member.packed)
