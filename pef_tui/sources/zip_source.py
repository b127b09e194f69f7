"""Read a `.zip` part as a source, in place, through its central directory. The archive is never extracted."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from pef_tui.filesystem.fingerprint import version
from pef_tui.formats import MEDIA_EXTENSIONS
from pef_tui.hooks import Listing
from pef_tui.model import Source
from pef_tui.sources import archive_members as members
from pef_tui.sources import archive_streams as unpack
from pef_tui.sources.archive_problems import ReadProblems
from pef_tui.sources.dir_entries import digest_before_read
from pef_tui.sources.member_index import ArchiveMember, MemberIndex
from pef_tui.sources.member_location import ArchiveFile, MemberLocation
from pef_tui.sources.unpack_limits import UnpackLimits
from pef_tui.sources.zip_directory import (
    LOCAL,
    Bounds,
    DamagedDirectory,
    NoDirectory,
    TooManyMembers,
    ZipEntry,
    directory_bounds,
    zip_entries,
)
from pef_tui.sources.zip_recovery import ZipRecovery, name_mismatch
from pef_tui.sources.zip_scan import header_at

MIN_DENSE_BYTES = 4096
"""Size in bytes. In an archive bomb of many small members, larger dense (strongly compressed) ones are refused."""

_CHECKSUM = 1 << 40
"""Number that `version` combines with the checksum of a member. It is the same for all archives: members with the same
checksum have the same version in any archive.
"""
_HEADER = 30
_ENCRYPTED_BYTE = 6
_LONGEST_LINK = 4096
_READ_EXTENSIONS = frozenset((*MEDIA_EXTENSIONS, ".json"))


class ZipReader(members.ArchiveReader):
    """Reads one zip archive in place."""

    def __init__(self, source: Source, limits: UnpackLimits | None = None) -> None:
        """`limits`: the limits that all archives of the run share; None for limits of this archive alone."""
        super().__init__(source, limits)
        self._archive: unpack.SharedDescriptor | None = None
        self._listed_file: ArchiveFile | None = None
        """The archive when it was listed; None before that."""

    def listings(self) -> Iterator[Listing]:
        """Return the Listings of the archive, ordered by path."""
        return members.listings(
            self._members(), self._source.root, lambda crc, start: version(_CHECKSUM, crc)
        )

    def open(self, path: str) -> BinaryIO:
        """Open the listed member with the path `path` as a seekable stream. Raises OSError, also while reading."""
        member, archive = self._members().get(path), self._archive
        if member is None or archive is None:
            raise FileNotFoundError(f"{path!r} is not in {self._source.path!r}")
        return open_member(archive, member)

    def location(self, path: str) -> MemberLocation | None:
        """Return the location of the listed member `path`; None if the archive is closed. Raises OSError."""
        member, archive = self._members().get(path), self._listed_file
        return MemberLocation(archive, member) if member is not None and archive is not None else None

    def close(self) -> None:
        """Release the archive. It stays open until all open streams are closed."""
        with self._loading:
            self._archive = self._listed_file = None
            if self._index is not None:
                self._index.close()

    def _members(self) -> MemberIndex:
        """Return the index of the members. The first call reads them from the archive."""
        with self._loading:
            if self._index is None:
                self._listed_state = digest_before_read(self._source.path)
                attempt = 1
                while (error := self._try_loading(index := MemberIndex())) is not None:
                    if self.watch is None or not self.watch.recovers(error, attempt):
                        self._problems.add_error(self._source.path, error)
                        break
                    index.close()
                    attempt += 1
                self._index = index
            return self._index

    def _try_loading(self, index: MemberIndex) -> OSError | None:
        """Open the archive and fill the index. Return the error if this fails; the index then has some members."""
        try:
            self._archive = unpack.SharedDescriptor(self._source.path, self.watch)
            path, (size, mtime_ns, _) = os.path.abspath(self._source.path), self._archive.stamp()
            self._listed_file = ArchiveFile(path, "zip", size, mtime_ns)
            self._load(self._archive.fd, index)
            self._apply_limits(index)
        except OSError as error:
            return error
        return None

    def _load(self, descriptor: int, index: MemberIndex) -> None:
        """Fill the index from the central directory. If that is damaged, use the local headers too. Raises OSError."""
        try:
            if not self._by_directory(descriptor, index):
                self._recover(
                    descriptor, index, "members lie inside one another", directory_bounds(descriptor)
                )
        except TooManyMembers as error:
            self._problems.add_loss(self._source.path, f"{error}, those behind are left out")
        except NoDirectory as error:
            bounds = error.bounds if isinstance(error, DamagedDirectory) else None
            self._recover(descriptor, index, str(error), bounds)

    def _by_directory(self, descriptor: int, index: MemberIndex) -> bool:
        """Fill the index from the central directory. Return False if members overlap. Raises NoDirectory, OSError."""
        end, in_order = 0, True
        for entry in zip_entries(descriptor):
            if entry.path[entry.path.rfind(".") :].lower() not in _READ_EXTENSIONS:
                entry = self._check_name(descriptor, entry)
            if not entry.path.endswith("/") or entry.size:
                self._add(entry, index)
            in_order = in_order and entry.start >= end
            end = entry.start + _HEADER + entry.packed
        return in_order or not any(_nested_members(index))

    def _check_name(self, descriptor: int, entry: ZipEntry) -> ZipEntry:
        """Compare the names of a member in the central directory and in its local header. Return its entry.

        If they differ, the returned entry has the name in the header, and a fault. Only members that are neither media
        nor JSON are compared here: the others are compared when they are opened.
        """
        header = header_at(descriptor, entry.start)
        if header is None or header.raw == entry.raw:
            return entry
        self._problems.add_loss(f"{self._source.path}/{entry.path}", name_mismatch(header.path))
        return entry._replace(path=header.path, fault=name_mismatch(entry.path))

    def _recover(self, descriptor: int, index: MemberIndex, reason: str, bounds: Bounds | None) -> None:
        self._problems, number = ReadProblems(), 0
        index.clear()

        def add(entry: ZipEntry) -> None:
            nonlocal number
            if not entry.path.endswith("/") or entry.size:
                number += 1
                self._add(entry, index)

        recovery = ZipRecovery(descriptor, bounds)
        recovery.run(add, lambda path: index.get(path) is not None)
        problem = (
            f"{number:,} members are taken by their own headers" if number else "nothing in it is readable"
        )
        self._problems.add_loss(
            self._source.path, f"incomplete or damaged, get this part again ({reason}); {problem}"
        )
        for gap in recovery.gaps if number else ():
            problem = (
                f"{gap.end - gap.start:,} bytes from {gap.start:,} on belong to no member that is readable"
            )
            self._problems.add_loss(self._source.path, problem)

    def _apply_limits(self, index: MemberIndex) -> None:
        """Refuse the dense members (compressed above the ratio) if all together exceed the limits."""
        limits = self._limits
        if not limits.allows(self._source.path, index.excess()):
            index.set_dense_faults(MIN_DENSE_BYTES, limits.fault())

    def _add(self, entry: ZipEntry, index: MemberIndex) -> None:
        path, shown_path = entry.path, f"{self._source.path}/{entry.path}"
        if fault := members.path_fault(path):
            self._problems.add_loss(shown_path, fault)
        elif stat.S_ISLNK(entry.mode) and self._is_link(entry):
            self._problems.add(shown_path, "symbolic link, left out")
        elif not entry.size and entry.mode not in (0, stat.S_IFREG, stat.S_IFLNK):
            self._problems.add(shown_path, "no regular file, left out")
        else:
            member = _as_member(entry, self._fault(entry), self._limits.excess(entry.size, entry.packed))
            if not index.add(member):
                self._resolve_duplicate(member, index, shown_path)

    def _is_link(self, entry: ZipEntry) -> bool:
        """Return whether a member with the file type of a symbolic link is one: its content is a path.

        Otherwise the content is a picture or JSON, and the file type is wrong.
        """
        if entry.size > _LONGEST_LINK or self._archive is None:
            return False
        try:
            with open_member(self._archive, _as_member(entry)) as stream:
                target = stream.read().decode()
        except (OSError, UnicodeDecodeError):
            return False
        return target.isprintable() and not target.startswith("{")

    def _resolve_duplicate(self, member: ArchiveMember, index: MemberIndex, shown_path: str) -> None:
        """Keep the later of two members with the same path, as unzip and 7z do; but prefer a readable member.

        Report the path if the two differ in size or checksum.
        """
        existing = index.get(member.path)
        if existing is None or not member.fault or existing.fault:
            index.add_or_replace(member)
        if existing is None or (existing.size, existing.crc) != (member.size, member.crc):
            self._problems.add_loss(shown_path, members.DUPLICATE)

    def _fault(self, entry: ZipEntry) -> str:
        """Return why the data of a member is not read; "" if it is read."""
        if entry.fault:
            return entry.fault
        if entry.encrypted:
            return "encrypted in the archive"
        if entry.method not in unpack.METHODS:
            way = unpack.METHOD_NAMES.get(entry.method, f"number {entry.method}")
            return f"packed in a way not read here ({way}): unpack the archive and give its folder"
        if entry.method == unpack.STORED and entry.size != entry.packed:
            return "damaged in the archive (it says two sizes)"
        if entry.crc and not entry.size:
            return "damaged in the archive (a checksum of nothing)"
        if self._limits.too_dense(entry.path, entry.size, entry.packed):
            return self._limits.member_fault(entry.size, entry.packed)
        return ""


def open_member(archive: unpack.SharedDescriptor, member: ArchiveMember) -> io.BufferedReader:
    """Open a member of `archive` as a seekable stream that checks the CRC. Raises OSError, also while reading."""
    if member.fault:
        raise OSError(member.fault)
    start = _content_start(archive, member.start, member.raw or member.path.encode())
    if member.method == unpack.STORED:
        stream: io.RawIOBase = unpack.StoredMember(archive, start, member.size, member.crc)
    else:
        stream = unpack.UnpackedMember(archive, start, member.packed, member.size, member.method, member.crc)
    return io.BufferedReader(stream, unpack.PIECE)


def _content_start(archive: unpack.SharedDescriptor, at: int, raw: bytes) -> int:
    """Return the offset of a member's data, after its local header at the offset `at`.

    Raises OSError if there is no header, if it has another name than `raw`, or if the member is encrypted.
    """
    header = archive.pread(_HEADER + len(raw), at)
    if header[:4] != LOCAL:
        raise unpack.damaged("its header is not where the directory says")
    if header[_HEADER:] != raw:
        found_header = header_at(archive.fd, at)
        raise OSError(name_mismatch(found_header.path if found_header is not None else ""))
    if header[_ENCRYPTED_BYTE] & 1:
        raise OSError("encrypted in the archive")
    return at + len(header) + int.from_bytes(header[28:30], "little")


def _as_member(entry: ZipEntry, fault: str = "", excess: int = 0) -> ArchiveMember:
    raw = entry.raw if entry.raw != entry.path.encode("utf-8", "replace") else None
    numbers = (entry.size, entry.mtime_ns, entry.start, entry.packed, entry.crc, entry.method)
    return ArchiveMember(entry.path, *numbers, raw, None, fault, 0, excess)


def _nested_members(index: MemberIndex) -> Iterator[str]:
    """Yield the path of each member that begins inside another one. Only harmful archives have such members."""
    end = 0
    for member in index.by_start():
        if member.start < end:
            yield member.path
        end = max(end, member.start + _HEADER + member.packed)
