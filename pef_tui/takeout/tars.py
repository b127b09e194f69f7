"""A `.tgz`, `.tar.gz` or `.tar` part as a source, read in one pass.

A packed one cannot be read here and there, and sidecars may come after their pictures: what it holds is unpacked
into one unnamed file, small JSON files into the catalogue. A plain one is read in place.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import BinaryIO

from msgspec.structs import replace

from pef_tui.fingerprint import version, version_base
from pef_tui.hooks import Listing
from pef_tui.model import Source
from pef_tui.scratch import FULL, no_room, unnamed_file, write_at
from pef_tui.takeout import members
from pef_tui.takeout.catalogue import Catalogue, Member
from pef_tui.takeout.entries import first_look, one_file
from pef_tui.takeout.problems import Problems
from pef_tui.takeout.sparse import Holes
from pef_tui.takeout.tape import Entry, Skipped, entries
from pef_tui.takeout.tar_stream import PIECE, SLICE, Cut, Tape
from pef_tui.takeout.unpack import Held, Stored, damaged
from pef_tui.takeout.unpack_limits import UnpackLimits

SMALL = 1 << 16
"""Bytes of a JSON file that lies in the catalogue, not in the unnamed file; sidecars have about a thousand."""
DENSE = 4096
"""Bytes from which a member is refused where the archive is a bomb in pieces."""
MOST = 1 << 62
"""A size beyond which a member cannot be told from any other that is never whole."""
MOST_TIMES = 16
"""So many times what archives may unpack to beyond the ratio ends the pass, for it takes time for nothing."""

CUT = "incomplete, get this part again: it ends in the middle, what comes before is used"
CHANGED = "the archive changed while the run was on"


class _Closed(Exception):
    """Nothing more of the archive is wanted."""


class TarReader:
    """Reads one tar archive; a `SourceReader`. Made without touching the archive.

    A member that cannot be read is listed all the same, and opening it raises why: so it is accounted for. Only
    what has no proper name, or is no file, is left out.
    """

    def __init__(self, source: Source, folder: str, limits: UnpackLimits | None = None) -> None:
        """`folder`: where the unnamed file lies; it is made when the first byte must be kept.

        `limits`: those of the run, which its archives share.
        """
        self._limits = limits if limits is not None else UnpackLimits()
        self._limits.register(source.path)
        self._stamp: tuple[int, int, int] | None = None
        """Of an archive that is read in place, size and times when it was listed."""
        self._source = source
        self._folder = folder
        self._problems = Problems()
        self._loading = Lock()
        self._closed = False
        self._bytes: Held | None = None
        """The archive itself, or the unnamed file."""
        self._end = 0
        self._found: Catalogue | None = None
        self._seen = b""
        self._base = 0
        """Number of the archive as it is now, for the versions of its members."""

    def listings(self) -> Iterator[Listing]:
        """Folders of the archive, ordered by path. Raises DiskFull where there is no room to unpack it."""
        found = self._members()
        return members.listings(found, self._source.root, lambda crc, start: version(self._base, start))

    def top_folders(self) -> Sequence[Sequence[str]]:
        """The names directly in each container of the archive."""
        return members.top_folders(self._members())

    def open(self, path: str) -> BinaryIO:
        """Open one listed member. Raises OSError."""
        member, held = self._members().get(path), self._bytes
        if member is None:
            raise FileNotFoundError(f"{path!r} is not in {self._source.path!r}")
        if member.fault:
            raise OSError(member.fault)
        if member.small is not None:
            return io.BytesIO(member.small)
        if held is None:
            raise OSError("the archive is closed")
        if self._stamp is not None and held.stamp() != self._stamp:
            raise OSError(CHANGED)
        return self._stream(held, member)

    def _stream(self, held: Held, member: Member) -> BinaryIO:
        if member.small is not None:
            return io.BytesIO(member.small)
        stored = Stored(held, member.start, member.packed, stamp=self._stamp)
        if member.holes is None:
            return io.BufferedReader(stored)
        return io.BufferedReader(Holes(stored, member.holes, member.size))

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
        """End a pass under way and let go of what was unpacked; streams that are open hold it on."""
        self._closed = True
        with self._loading:
            self._bytes = None
            if self._found is not None:
                self._found.close()

    def _members(self) -> Catalogue:
        with self._loading:
            if self._found is None:
                self._seen = first_look(self._source.path)
                self._base = self._version_base()
                self._found = Catalogue()
                try:
                    self._load(self._found)
                except _Closed:
                    pass
                except Cut:
                    self._problems.lose(self._source.path, CUT)
                except OSError as error:
                    words = f"cannot be read further, get this part again: {error.strerror or error}"
                    self._problems.lose(self._source.path, words)
            return self._found

    def _version_base(self) -> int:
        try:
            return version_base(os.path.realpath(self._source.path), self.look())
        except OSError:  # gone: opening it reports that
            return 0

    def _load(self, found: Catalogue) -> None:
        """The pass. Raises Cut, OSError, after having kept what came before."""
        archive = Held(self._source.path)
        tape = Tape(archive, self._limits.ratio)
        if not tape.packed:
            self._bytes, self._stamp = archive, archive.stamp()
        try:
            for number, entry in enumerate(entries(tape)):
                if self._closed:
                    raise _Closed
                if number >= members.MAX_MEMBERS:
                    raise OSError(f"more than {members.MAX_MEMBERS:,} members")
                if isinstance(entry, Skipped):
                    self._tell_skipped(entry)
                elif not entry.folder:
                    self._take(found, entry, tape)
        finally:
            self._link(found)
            if not self._limits.allows(self._source.path, found.excess()):
                found.fail_dense(DENSE, self._limits.fault())

    def _tell_skipped(self, place: Skipped) -> None:
        words = f"{place.end - place.start:,} bytes from {place.start:,} on are damaged, and what they hold is lost"
        path = self._source.path
        self._problems.lose(f"{path}/{place.name}" if place.name else path, f"{words}: get this part again")

    def _take(self, found: Catalogue, entry: Entry, tape: Tape) -> None:
        """Put a member into the list, or tell why it is left out."""
        told = f"{self._source.path}/{entry.path}"
        if fault := members.fault(entry.path):
            self._problems.lose(told, fault)
        elif entry.left_out:
            (self._problems.lose if entry.stored else self._problems.tell)(told, entry.left_out)
        elif entry.link:
            self._take_again(found, self._linked(found, entry), entry, told)
        else:
            self._keep(found, entry, tape, told)

    def _take_again(self, found: Catalogue, after: Member, entry: Entry, told: str) -> None:
        """Of two members of one name the last one counts, as for tar; but a readable one goes before."""
        before = found.get(after.path)
        if before is None or not (
            entry.link == after.path or entry.behind or (after.fault and not before.fault)
        ):
            found.put(after)
        if before is not None and not self._same(before, after):
            self._problems.lose(told, members.TWICE)

    def _same(self, one: Member, other: Member) -> bool:
        """Have two members the same bytes?"""
        held = self._bytes
        if one.size != other.size or one.fault or other.fault:
            return False
        try:
            if held is None:
                return one.small == other.small
            with self._stream(held, one) as first, self._stream(held, other) as second:
                while (data := first.read(PIECE)) == second.read(PIECE):
                    if not data:
                        return True
        except OSError:
            pass
        return False

    def _keep(self, found: Catalogue, entry: Entry, tape: Tape, told: str) -> None:
        """Take a member's bytes from the tape; one that is cut off or damaged is listed as that."""
        limits, size = self._limits, min(entry.size, MOST)
        member = Member(
            entry.path,
            size,
            entry.mtime_ns,
            self._end,
            min(entry.stored, MOST),
            fault="cut off: the archive ends in the middle of it",
            excess=limits.excess(size, entry.stored),
            holes=entry.holes,
        )
        new = found.add(member)
        dense = limits.too_dense(entry.path, size, entry.stored)
        fault = entry.fault or (limits.member_fault(entry.size, entry.stored) if dense else "")
        after = self._fetched(replace(member, fault=fault), entry, tape)
        if new:
            found.put(after)
        else:
            self._take_again(found, after, entry, told)

    def _fetched(self, member: Member, entry: Entry, tape: Tape) -> Member:
        """The member with its bytes, which are the next of the tape. Raises Cut, OSError."""
        if not tape.packed:
            start = tape.at
            tape.skip_to(start + entry.stored)
            return replace(member, start=start)
        if member.fault or not entry.size:
            return member if member.fault else replace(member, small=b"")
        before, small = tape.excess, None
        if _is_small(entry):
            small = tape.exactly(entry.stored)
            fault = self._beyond(entry, tape, before)
        else:
            fault = self._spool(entry, tape)
        excess = max(member.excess, self._beyond_ratio(tape, before, entry.stored))
        self._end += 0 if fault or small is not None else entry.stored
        return replace(member, fault=fault, small=None if fault else small, excess=excess)

    def _linked(self, found: Catalogue, entry: Entry) -> Member:
        """Another name of a member of the archive, as that is now: it may be replaced later."""
        there = found.get(entry.link)
        if there is None or (there.link and there.fault):
            fault = f"another name of {entry.link[:200]!r}, which is not in the archive"
            return Member(entry.path, 0, entry.mtime_ns, fault=fault, link=entry.link)
        return replace(there, path=entry.path, link="")

    def _link(self, found: Catalogue) -> None:
        """Other names of members that came later in the archive."""
        for path, link in list(islice(found.links(), members.MAX_MEMBERS)):
            there = found.get(link)
            if there is not None and not there.link:
                found.put(replace(there, path=path))

    def _spool(self, entry: Entry, tape: Tape) -> str:
        """Put a member's bytes behind those of the others; why that was not done."""
        done, taken, excess = 0, tape.taken, tape.excess
        while done < entry.stored:
            if self._closed:
                raise _Closed
            data = tape.read(min(PIECE, entry.stored - done))
            if not data:
                raise Cut
            self._write(data, self._end + done)
            done += len(data)
            fault = self._beyond(entry, tape, excess)
            if not fault and self._limits.too_dense(entry.path, done, tape.taken - taken + SLICE):
                fault = self._limits.member_fault(entry.size, None)
            if fault:
                assert self._bytes is not None
                os.ftruncate(self._bytes.fd, self._end)
                return fault
        return ""

    def _beyond(self, entry: Entry, tape: Tape, before: int) -> str:
        """Why a member is not kept that came out of the archive since its `excess` was that before. Raises OSError.

        Small ones are judged when the pass is over: many of them come out of one slice of the archive.
        """
        limits, path = self._limits, self._source.path
        if not self._beyond_ratio(tape, before, entry.stored) or limits.allows(path, tape.excess):
            return ""
        if not limits.allows(path, tape.excess / MOST_TIMES):
            raise damaged("it unpacks to far more than any export does")
        return limits.fault() if entry.stored > SMALL else ""

    @staticmethod
    def _beyond_ratio(tape: Tape, before: int, size: int) -> int:
        """How much of a member came out beyond the ratio; 0 where that is less than half, which may be another one."""
        excess = tape.excess - before
        return excess if 2 * excess > size else 0

    def _write(self, data: bytes, at: int) -> None:
        try:
            if self._bytes is None:
                self._bytes = Held.of(unnamed_file(self._folder))
            write_at(self._bytes.fd, data, at)
        except OSError as error:
            if error.errno in FULL:
                raise no_room(self._folder, self._source.path) from None
            raise


def _is_small(entry: Entry) -> bool:
    return entry.path[-5:].lower() == ".json" and entry.size <= SMALL
