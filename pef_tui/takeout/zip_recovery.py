"""The members of a zip archive whose directory is damaged: what local headers and the legible entries say together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from pef_tui.takeout.catalogue import Catalogue, Member
from pef_tui.takeout.zip_directory import Bounds, Entry, legible_entries
from pef_tui.takeout.zip_scan import Gap, Scan, header_at

SMALLEST_GAP = 32
"""Bytes between members that are told; a local header with a name has more."""

MOST_PLACES = 100
"""Places of damage that are told, and searched for members that only the directory knows."""

ASTRAY = "its bytes are not where the directory says"


def other_name(said: str) -> str:
    """Why a member is not read to which the directory and its own header give two names: another picture's data would
    come under it.
    """
    return f"damaged in the archive (another place calls it {said[:200]!r})"


class Recovery:
    """What is recovered of one archive. Memory does not follow the number of members."""

    def __init__(self, descriptor: int, bounds: Bounds | None) -> None:
        """`bounds`: of the directory, where there is one."""
        self._fd = descriptor
        self._bounds = bounds
        self._nested = False
        """Is the directory that of an archive within this one?"""
        self._doubtful: list[Gap] = []
        """Members whose length is not sure."""
        self.gaps: list[Gap] = []
        """Places that may have held members; the first ones."""

    def run(self, keep: Callable[[Entry], None], known: Callable[[str], bool]) -> None:
        """Hand every member to `keep`; `known` says whether a path was among them. Raises OSError."""
        with closing(Catalogue()) as listed:
            if self._bounds is not None:
                for entry in legible_entries(self._fd, self._bounds):
                    listed.put(_member(entry))
            self._scan(keep, listed)
            if self._nested:
                return
            for member in listed.by_start():
                if not member.fault and not known(member.path):
                    keep(self._missed(_entry(member)))

    def _scan(self, keep: Callable[[Entry], None], listed: Catalogue) -> None:
        def entry_at(start: int) -> Entry | None:
            member = listed.at(start)
            return _entry(member) if member is not None else None

        for found in Scan(self._fd, entry_at).members():
            if isinstance(found, Gap):
                if found.end - found.start >= SMALLEST_GAP and len(self.gaps) < MOST_PLACES:
                    self.gaps.append(found)
                continue
            end = found.start + found.packed
            there = entry_at(found.start)
            if there is None and self._bounds is not None and found.start < self._bounds[0] < end:
                self._nested = True
            if found.fault and len(self._doubtful) < MOST_PLACES:
                self._doubtful.append(Gap(found.start, end))
            if there is None:
                keep(found)
                continue
            listed.remove(there.path)
            keep(_joined(found, there))

    def _missed(self, there: Entry) -> Entry:
        """A member that the directory alone knows; it is readable where its header is among damaged bytes."""
        header = header_at(self._fd, there.start)
        unsure = any(place.start < there.start < place.end for place in (*self.gaps, *self._doubtful))
        if unsure and header is not None and header.raw == there.raw:
            return there
        return there._replace(fault=f"damaged in the archive ({ASTRAY})")


def _joined(found: Entry, there: Entry) -> Entry:
    """What the header and the entry of one member say together."""
    if there.fault:  # its lengths are damaged, so its name may be
        return found
    if there.raw != found.raw:
        return found._replace(fault=other_name(there.path))
    return found._replace(path=there.path, mode=there.mode, mtime_ns=there.mtime_ns)


def _member(entry: Entry) -> Member:
    return Member(
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


def _entry(member: Member) -> Entry:
    raw = member.raw or b""
    return Entry(
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
