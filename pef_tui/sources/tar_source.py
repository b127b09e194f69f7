"""Read a part `.tgz`, `.tar.gz` or `.tar` as a source, in one pass.

A compressed archive has no random access, and sidecars may come after their pictures. So its members are decompressed
into one unnamed temporary file, and small JSON files into the member index. A plain `.tar` is read in place.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import BinaryIO

from msgspec.structs import replace

from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.filesystem.fingerprint import version, version_base
from pef_tui.filesystem.temp_files import descriptor_path, disk_full_error, named_file, unnamed_file, write_at
from pef_tui.hooks import Listing
from pef_tui.model import Source
from pef_tui.sources import archive_members as members
from pef_tui.sources.archive_streams import SharedDescriptor, StoredMember, damaged
from pef_tui.sources.dir_entries import digest_before_read
from pef_tui.sources.member_index import ArchiveMember, MemberIndex
from pef_tui.sources.member_location import ArchiveFile, MemberLocation
from pef_tui.sources.tar_decompression import PIECE, SLICE, TarStream, TruncatedArchive
from pef_tui.sources.tar_sparse import SparseStream
from pef_tui.sources.tar_stream import SkippedBytes, TarEntry, tar_entries
from pef_tui.sources.unpack_limits import UnpackLimits
from pef_tui.system_calls import sync_file

MAX_INDEXED_BYTES = 1 << 16
"""Largest JSON file, in bytes, that the member index stores. The unnamed file stores larger ones. (A sidecar has about
1,000 bytes.)
"""
MIN_DENSE_BYTES = 4096
"""Size in bytes. In an archive bomb, larger members with an `excess` (see `unpack_limits`) are refused."""
MAX_SIZE = 1 << 62
"""Largest size in bytes that is stored for a member. It replaces a larger stated size: such a member is incomplete."""
MAX_EXCESS_FACTOR = 16
"""Factor of the allowed excess (see `unpack_limits`) at which the reading of an archive ends, to save time."""

TRUNCATED = "incomplete, get this part again: it ends in the middle, what comes before is used"
ARCHIVE_CHANGED = "the archive changed while the run was on"


class _Closed(Exception):
    """Raised if the reader was closed while it read the archive."""


class TarReader(members.ArchiveReader):
    """Reads one tar archive in place, or decompresses it into an unnamed file."""

    def __init__(self, source: Source, folder: str, limits: UnpackLimits | None = None) -> None:
        """`folder`: directory of the unnamed file, which is created when the first byte is stored.

        `limits`: the limits that all archives of the run share; None for limits of this archive alone.
        """
        super().__init__(source, limits)
        self._stamp: tuple[int, int, int] | None = None
        """For an uncompressed archive: its size and times when it was listed (`SharedDescriptor.stamp`). Else None."""
        self._folder = folder
        self._closed = False
        self._bytes: SharedDescriptor | None = None
        """The file with the data of the members: an uncompressed archive itself, or the unnamed file.

        None after `close`, and while no data is stored.
        """
        self._is_shared = False
        self._spool_path = ""
        """Path of the file that replaces the unnamed file, if other machines read the members; else ""."""
        self._is_located = False
        self._data_file: ArchiveFile | None = None
        """Where other processes find the file of `_bytes`. None before `location` is called, or if they cannot open
        it.
        """
        self._end = 0
        """Size of the unnamed file in bytes."""
        self._base = 0
        """Number from which the `MediaFile.version` of each member is computed. It changes with the archive."""

    def listings(self) -> Iterator[Listing]:
        """Return the Listings of the archive, ordered by path.

        Raises DiskFull if the disk has no space for the decompressed archive.
        """
        index = self._members()
        return members.listings(index, self._source.root, lambda crc, start: version(self._base, start))

    def open(self, path: str) -> BinaryIO:
        """Open the listed member with the path `path`. Raises OSError."""
        member, archive = self._members().get(path), self._bytes
        if member is None:
            raise FileNotFoundError(f"{path!r} is not in {self._source.path!r}")
        return open_member(archive, member, self._stamp)

    def share_members(self) -> None:
        """Allow other machines to read the members too: decompress the archive into a file with a name."""
        self._is_shared = True

    def location(self, path: str) -> MemberLocation | None:
        """Return the location of the listed member `path`; None if only this process can read it.

        Without `share_members`, only processes of this machine can read members of a compressed archive. Raises
        OSError.
        """
        member = self._members().get(path)
        with self._loading:
            if not self._is_located and self._bytes is not None:
                self._is_located = True  # never tried again: a second sync would report success
                self._data_file = self._shared_file(self._bytes.fd)
            data_file = self._data_file
        return MemberLocation(data_file, member) if member is not None and data_file is not None else None

    def _shared_file(self, descriptor: int) -> ArchiveFile | None:
        """Return the file of `_bytes` for other processes; None if they cannot open it. Raises OSError."""
        if self._stamp is not None:
            return ArchiveFile(os.path.abspath(self._source.path), "tar", *self._stamp)
        if self._spool_path:
            sync_file(descriptor)  # another machine reads what is on the server
            return ArchiveFile(self._spool_path, "tar", os.fstat(descriptor).st_size)
        path = descriptor_path(descriptor)
        if not path:
            return None
        status = os.fstat(descriptor)
        return ArchiveFile(path, "tar", status.st_size, device=status.st_dev, inode=status.st_ino)

    def close(self) -> None:
        """Stop reading the archive. The unpacked data is deleted when all streams of members are closed too."""
        self._closed = True
        with self._loading:
            self._bytes = self._data_file = None
            path, self._spool_path = self._spool_path, ""
            if path:
                with suppress(OSError):
                    os.unlink(path)
            if self._index is not None:
                self._index.close()

    def _members(self) -> MemberIndex:
        with self._loading:
            if self._index is None:
                self._listed_state = digest_before_read(self._source.path)
                self._base = self._version_base()
                self._index = MemberIndex()
                try:
                    self._load(self._index)
                except _Closed:
                    pass
                except TruncatedArchive:
                    self._problems.add_loss(self._source.path, TRUNCATED)
                except OSError as error:
                    problem = f"cannot be read further, get this part again: {error.strerror or error}"
                    self._problems.add_loss(self._source.path, problem)
            return self._index

    def _version_base(self) -> int:
        try:
            return version_base(os.path.realpath(self._source.path), self.current_state())
        except OSError:  # a missing archive is reported when it is opened
            return 0

    def _open_archive(self) -> SharedDescriptor:
        if self.watch is None:
            return SharedDescriptor(self._source.path)
        return self.watch.repeat(lambda: SharedDescriptor(self._source.path, self.watch))

    def _load(self, index: MemberIndex) -> None:
        """Read the archive into the index.

        Raises TruncatedArchive or OSError. The index then has the members that were read before the error.
        """
        archive = self._open_archive()
        stream = TarStream(archive, self._limits.ratio)
        if not stream.packed:
            self._bytes, self._stamp = archive, archive.stamp()
        try:
            for number, entry in enumerate(tar_entries(stream)):
                if self._closed:
                    raise _Closed
                if number >= members.MAX_MEMBERS:
                    raise OSError(f"more than {members.MAX_MEMBERS:,} members")
                if isinstance(entry, SkippedBytes):
                    self._report_skipped(entry)
                elif not entry.is_folder:
                    self._add_entry(index, entry, stream)
        finally:
            self._resolve_links(index)
            if not self._limits.allows(self._source.path, index.excess()):
                index.set_dense_faults(MIN_DENSE_BYTES, self._limits.fault())

    def _report_skipped(self, skipped: SkippedBytes) -> None:
        count = skipped.end - skipped.start
        problem = f"{count:,} bytes from {skipped.start:,} on are damaged, and what they hold is lost"
        path = self._source.path
        self._problems.add_loss(
            f"{path}/{skipped.name}" if skipped.name else path, f"{problem}: get this part again"
        )

    def _add_entry(self, index: MemberIndex, entry: TarEntry, stream: TarStream) -> None:
        """Add a member to the index, or report why it is left out."""
        shown_path = f"{self._source.path}/{entry.path}"
        if fault := members.path_fault(entry.path):
            self._problems.add_loss(shown_path, fault)
        elif entry.skip_reason:
            (self._problems.add_loss if entry.stored else self._problems.add)(shown_path, entry.skip_reason)
        elif entry.link:
            self._resolve_duplicate(index, self._hard_link(index, entry), entry, shown_path)
        else:
            self._add_file(index, entry, stream, shown_path)

    def _resolve_duplicate(
        self, index: MemberIndex, member: ArchiveMember, entry: TarEntry, shown_path: str
    ) -> None:
        """Keep the later of two members with the same path, as tar does; but prefer a readable member.

        A member after the end mark of the archive replaces no other one. Report `shown_path` if the contents differ.
        """
        existing = index.get(member.path)
        if existing is None or not (
            entry.link == member.path or entry.after_end or (member.fault and not existing.fault)
        ):
            index.add_or_replace(member)
        if existing is not None and not self._has_same_content(existing, member):
            self._problems.add_loss(shown_path, members.DUPLICATE)

    def _has_same_content(self, existing: ArchiveMember, member: ArchiveMember) -> bool:
        """Return whether two members have the same content; False if one of them is unreadable."""
        archive = self._bytes
        if existing.size != member.size or existing.fault or member.fault:
            return False
        try:
            if archive is None:
                return existing.small == member.small
            with (
                open_member(archive, existing, self._stamp) as first,
                open_member(archive, member, self._stamp) as second,
            ):
                while (data := first.read(PIECE)) == second.read(PIECE):
                    if not data:
                        return True
        except OSError:
            pass
        return False

    def _add_file(self, index: MemberIndex, entry: TarEntry, stream: TarStream, shown_path: str) -> None:
        """Add a member with its data, which is next in the stream. A truncated or damaged member gets a fault.

        The member is added as truncated first, and replaced after its data was read. So it is listed even if the
        archive ends inside it.
        """
        limits, size = self._limits, min(entry.size, MAX_SIZE)
        member = ArchiveMember(
            entry.path,
            size,
            entry.mtime_ns,
            self._end,
            min(entry.stored, MAX_SIZE),
            fault="cut off: the archive ends in the middle of it",
            excess=limits.excess(size, entry.stored),
            sparse_map=entry.sparse_map,
        )
        is_new = index.add(member)
        is_dense = limits.too_dense(entry.path, size, entry.stored)
        fault = entry.fault or (limits.member_fault(entry.size, entry.stored) if is_dense else "")
        fetched = self._fetch(replace(member, fault=fault), entry, stream)
        if is_new:
            index.add_or_replace(fetched)
        else:
            self._resolve_duplicate(index, fetched, entry, shown_path)

    def _fetch(self, member: ArchiveMember, entry: TarEntry, stream: TarStream) -> ArchiveMember:
        """Store or skip the data of a member, which is next in the stream.

        Return the member with the offset or the content of its data, or with a fault if the data is refused. Raises
        TruncatedArchive, OSError.
        """
        if not stream.packed:
            start = stream.at
            stream.skip_to(start + entry.stored)
            return replace(member, start=start)
        if member.fault or not entry.size:
            return member if member.fault else replace(member, small=b"")
        excess_before, content = stream.excess, None
        if _is_small(entry):
            content = stream.read_exactly(entry.stored)
            fault = self._limit_fault(entry, stream, excess_before)
        else:
            fault = self._spool(entry, stream)
        excess = max(member.excess, self._excess_since(stream, excess_before, entry.stored))
        self._end += 0 if fault or content is not None else entry.stored
        return replace(member, fault=fault, small=None if fault else content, excess=excess)

    def _hard_link(self, index: MemberIndex, entry: TarEntry) -> ArchiveMember:
        """Return a hard link as a member with the data of its target. If the target is not known yet, it gets a fault.

        If a later member of the archive replaces the target, the hard link still names the earlier data.
        """
        target = index.get(entry.link)
        if target is None or (target.link and target.fault):
            fault = f"another name of {entry.link[:200]!r}, which is not in the archive"
            return ArchiveMember(entry.path, 0, entry.mtime_ns, fault=fault, link=entry.link)
        return replace(target, path=entry.path, link="")

    def _resolve_links(self, index: MemberIndex) -> None:
        """Give each hard link the data of its target, if the target came later in the archive."""
        for path, link in list(islice(index.links(), members.MAX_MEMBERS)):
            target = index.get(link)
            if target is not None and not target.link:
                index.add_or_replace(replace(target, path=path))

    def _spool(self, entry: TarEntry, stream: TarStream) -> str:
        """Append the data of a member to the unnamed file. Return "", or why the member is refused."""
        offset, consumed, excess = 0, stream.consumed, stream.excess
        while offset < entry.stored:
            if self._closed:
                raise _Closed
            data = stream.read(min(PIECE, entry.stored - offset))
            if not data:
                raise TruncatedArchive
            self._write(data, self._end + offset)
            offset += len(data)
            fault = self._limit_fault(entry, stream, excess)
            if not fault and self._limits.too_dense(entry.path, offset, stream.consumed - consumed + SLICE):
                fault = self._limits.member_fault(entry.size, None)
            if fault:
                assert self._bytes is not None
                os.ftruncate(self._bytes.fd, self._end)
                return fault
        return ""

    def _limit_fault(self, entry: TarEntry, stream: TarStream, excess_before: int) -> str:
        """Return why a member exceeds the limits of unpacked bytes; "" if it does not.

        `excess_before`: the `excess` of the stream at the beginning of the member. Small members get no reason here:
        one slice of the archive contains many of them. `_load` checks them when all members were read. Raises OSError
        if the archive far exceeds the limits.
        """
        limits, path = self._limits, self._source.path
        if not self._excess_since(stream, excess_before, entry.stored) or limits.allows(path, stream.excess):
            return ""
        if not limits.allows(path, stream.excess / MAX_EXCESS_FACTOR):
            raise damaged("it unpacks to far more than any export does")
        return limits.fault() if entry.stored > MAX_INDEXED_BYTES else ""

    @staticmethod
    def _excess_since(stream: TarStream, excess_before: int, size: int) -> int:
        """Return by how many bytes the excess of the stream has grown since the beginning of the member.

        0 if that is at most half of the member's `size`: another member in the same slice may be the cause.
        """
        excess = stream.excess - excess_before
        return excess if 2 * excess > size else 0

    def _new_spool(self) -> int:
        """Return the descriptor of a new file for decompressed data. It has a name only if other machines read it."""
        if not self._is_shared:
            return unnamed_file(os.path.abspath(self._folder))
        descriptor, self._spool_path = named_file(os.path.abspath(self._folder))
        return descriptor

    def _write(self, data: bytes, at: int) -> None:
        try:
            if self._bytes is None:
                self._bytes = SharedDescriptor.from_descriptor(self._new_spool())
            write_at(self._bytes.fd, data, at)
        except OSError as error:
            if error.errno in DISK_FULL:
                raise disk_full_error(self._folder, self._source.path) from None
            raise


def open_member(
    archive: SharedDescriptor | None, member: ArchiveMember, stamp: tuple[int, int, int] | None
) -> BinaryIO:
    """Open a member as a seekable stream. Raises OSError, also while reading.

    `archive`: the file with the data; None if the reader is closed. `stamp`: stamp of an uncompressed archive when it
    was listed; else None.
    """
    if member.fault:
        raise OSError(member.fault)
    if member.small is not None:
        return io.BytesIO(member.small)
    if archive is None:
        raise OSError("the archive is closed")
    if stamp is not None and archive.stamp() != stamp:
        raise OSError(ARCHIVE_CHANGED)
    stored = StoredMember(archive, member.start, member.packed, stamp=stamp)
    if member.sparse_map is None:
        return io.BufferedReader(stored)
    return io.BufferedReader(SparseStream(stored, member.sparse_map, member.size))


def _is_small(entry: TarEntry) -> bool:
    return entry.path[-5:].lower() == ".json" and entry.size <= MAX_INDEXED_BYTES
