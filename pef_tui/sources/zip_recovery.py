"""Recover the members of a zip archive with a damaged central directory: from local headers and legible entries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from pef_tui.sources.member_index import ArchiveMember, MemberIndex
from pef_tui.sources.zip_directory import Bounds, ZipEntry, legible_entries
from pef_tui.sources.zip_scan import ScanGap, ZipScan, header_at

MIN_GAP_BYTES = 32
"""Smallest gap between members that is reported, in bytes. A lost member leaves a larger gap: its header and name."""

MAX_GAPS = 100
"""Largest number of damaged ranges that are reported. Members of the central directory are accepted in these ranges."""

NOT_AT_OFFSET = "its bytes are not where the directory says"


def name_mismatch(other_name: str) -> str:
    """Return why a member is not read if its local header has another name than the central directory.

    Its data may belong to another picture. The member is reported under one of the two names. `other_name`: the other
    name, which the reason mentions.
    """
    return f"damaged in the archive (another place calls it {other_name[:200]!r})"


class ZipRecovery:
    """Recovers the members of one archive. Memory does not grow with the number of members."""

    def __init__(self, descriptor: int, bounds: Bounds | None) -> None:
        """`bounds`: the bounds of the damaged central directory; None if there is no central directory."""
        self._fd = descriptor
        self._bounds = bounds
        self._nested = False
        """Whether the central directory belongs to an archive that is a member of this one."""
        self._doubtful: list[ScanGap] = []
        """Ranges of bytes of members whose length is uncertain."""
        self.gaps: list[ScanGap] = []
        """Ranges of bytes that may have contained members: the first MAX_GAPS."""

    def run(self, add: Callable[[ZipEntry], None], is_known: Callable[[str], bool]) -> None:
        """Pass every member to `add`. Raises OSError.

        `is_known`: takes the path of a member, and returns whether a member with this path was already passed to `add`.
        """
        with closing(MemberIndex()) as directory:
            if self._bounds is not None:
                for entry in legible_entries(self._fd, self._bounds):
                    directory.add_or_replace(_member(entry))
            self._scan(add, directory)
            if self._nested:
                return
            for member in directory.by_start():
                if not member.fault and not is_known(member.path):
                    add(self._unscanned_member(_entry(member)))

    def _scan(self, add: Callable[[ZipEntry], None], directory: MemberIndex) -> None:
        def entry_at(start: int) -> ZipEntry | None:
            member = directory.starting_at(start)
            return _entry(member) if member is not None else None

        for item in ZipScan(self._fd, entry_at).members():
            if isinstance(item, ScanGap):
                if item.end - item.start >= MIN_GAP_BYTES and len(self.gaps) < MAX_GAPS:
                    self.gaps.append(item)
                continue
            end = item.start + item.packed
            entry = entry_at(item.start)
            if entry is None and self._bounds is not None and item.start < self._bounds[0] < end:
                self._nested = True
            if item.fault and len(self._doubtful) < MAX_GAPS:
                self._doubtful.append(ScanGap(item.start, end))
            if entry is None:
                add(item)
                continue
            directory.remove(entry.path)
            add(_merge(item, entry))

    def _unscanned_member(self, entry: ZipEntry) -> ZipEntry:
        """Return a member that is only in the central directory (`entry`): the scan found no member at its offset.

        It has no fault only if its offset is in a damaged range and a local header with its name is there.
        """
        header = header_at(self._fd, entry.start)
        is_in_damage = any(gap.start < entry.start < gap.end for gap in (*self.gaps, *self._doubtful))
        if is_in_damage and header is not None and header.raw == entry.raw:
            return entry
        return entry._replace(fault=f"damaged in the archive ({NOT_AT_OFFSET})")


def _merge(member: ZipEntry, entry: ZipEntry) -> ZipEntry:
    """Combine the local header of a member (`member`) with its entry in the central directory (`entry`)."""
    if entry.fault:  # its lengths are damaged, so its name may be damaged too
        return member
    if entry.raw != member.raw:
        return member._replace(fault=name_mismatch(entry.path))
    return member._replace(path=entry.path, mode=entry.mode, mtime_ns=entry.mtime_ns)


def _member(entry: ZipEntry) -> ArchiveMember:
    return ArchiveMember(
        entry.path,
        entry.size,
        entry.mtime_ns,
        entry.start,
        entry.packed,
        entry.crc,
        entry.method,
        entry.raw,
        fault=entry.fault,
        mode=entry.mode,
    )


def _entry(member: ArchiveMember) -> ZipEntry:
    raw = member.raw or b""
    return ZipEntry(
        member.path,
        raw,
        member.start,
        member.packed,
        member.size,
        member.crc,
        member.method,
        False,
        member.mode,
        member.mtime_ns,
        member.fault,
    )
