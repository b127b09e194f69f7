"""A `.tgz`, `.tar.gz` or `.tar` part as a source, read in one pass.

A packed one cannot be read here and there, and sidecars may come after their pictures: what it holds is unpacked
into one unnamed file, small JSON files into the catalogue. A plain one is read in place.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import BinaryIO

from pef_tui.fingerprint import version, version_base
from pef_tui.hooks import Listing
from pef_tui.model import Source
from pef_tui.scratch import FULL, no_room, unnamed_file, write_at
from pef_tui.takeout import members
from pef_tui.takeout.catalogue import Catalogue, Member
from pef_tui.takeout.entries import first_look, one_file
from pef_tui.takeout.problems import Problems
from pef_tui.takeout.tape import PIECE, Cut, Entry, Tape, entries
from pef_tui.takeout.unpack import Held, Stored

SMALL = 1 << 16
"""Bytes of a JSON file that lies in the catalogue, not in the unnamed file; sidecars have about a thousand."""
FREE = 1 << 24
"""Bytes up to which a member may unpack whatever its ratio."""
MAX_RATIO = 200
"""How many times its packed size a member may have; JSON reaches about 20, pictures 1."""
MOST = 1 << 62
"""A size beyond which a member cannot be told from any other that is never whole."""
REST = 1 << 20
"""Bytes behind the mark of the end that are looked at, for the checksum of the whole."""

CUT = "incomplete, get this part again: it ends in the middle, what comes before is used"


class _Closed(Exception):
    """Nothing more of the archive is wanted."""


class TarReader:
    """Reads one tar archive; a `SourceReader`. Made without touching the archive.

    A member that cannot be read is listed all the same, and opening it raises why: so it is accounted for. Only
    what has no proper name, or is no file, is left out.
    """

    def __init__(self, source: Source, folder: str) -> None:
        """`folder`: where the unnamed file lies; it is made when the first byte must be kept."""
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
        return io.BufferedReader(Stored(held, member.start, member.size))

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
        tape = Tape(archive)
        if not tape.packed:
            self._bytes = archive
        for number, entry in enumerate(entries(tape)):
            if self._closed:
                raise _Closed
            if number >= members.MAX_MEMBERS:
                raise OSError(f"more than {members.MAX_MEMBERS:,} members")
            if entry.folder:
                continue
            fault = members.fault(entry.path) or entry.fault
            if not fault and not self._keep(found, entry, tape):
                fault = members.TWICE
            if fault:
                self._problems.tell(f"{self._source.path}/{entry.path}", fault)
        limit = tape.at + REST
        while tape.packed and tape.at < limit and tape.read(PIECE):
            pass

    def _keep(self, found: Catalogue, entry: Entry, tape: Tape) -> bool:
        """Take a member's bytes from the tape; one that is cut off or damaged is listed as that. False where there is
        one of its name already.
        """
        size = min(entry.size, MOST)
        cut = "cut off: the archive ends in the middle of it"
        if not found.add(Member(entry.path, size, entry.mtime_ns, fault=cut)):
            return False
        if not tape.packed:
            start = tape.at
            tape.skip_to(start + entry.size)
            found.put(Member(entry.path, size, entry.mtime_ns, start))
        elif not entry.size or _is_small(entry):
            found.put(Member(entry.path, size, entry.mtime_ns, small=tape.exactly(entry.size)))
        else:
            fault = self._spool(entry, tape)
            found.put(Member(entry.path, size, entry.mtime_ns, self._end, fault=fault))
            self._end += 0 if fault else entry.size
        return True

    def _spool(self, entry: Entry, tape: Tape) -> str:
        """Put a member's bytes behind those of the others; why that was not done."""
        done, taken = 0, tape.taken
        while done < entry.size:
            if self._closed:
                raise _Closed
            data = tape.read(min(PIECE, entry.size - done))
            if not data:
                raise Cut
            self._write(data, self._end + done)
            done += len(data)
            if done > FREE and done > MAX_RATIO * (tape.taken - taken + PIECE):
                assert self._bytes is not None
                os.ftruncate(self._bytes.fd, self._end)
                return f"claims to unpack to {entry.size:,} bytes from few, as only harmful archives do"
        return ""

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
