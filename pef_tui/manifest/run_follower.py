"""Follow a run of another process: what it has recorded in the manifest so far, and whether it holds the lock."""

from __future__ import annotations

import os
from collections import Counter
from typing import BinaryIO, Literal

from msgspec import Struct, field

from pef_tui.manifest.entry_columns import unpack_entry
from pef_tui.manifest.folder import MANIFEST_NAME, open_state_dir
from pef_tui.manifest.journal import frames, scan
from pef_tui.manifest.lock import holder
from pef_tui.manifest.records import OUTCOMES, ROW, BatchDone, InvalidRecord, RunClosed, RunOpened, decode

RunState = Literal["none", "running", "ended", "left"]
"""State of the last run. `none`: no run is recorded.

`left`: the run did not end, and no process of this machine holds the lock. So it was killed, or runs on another
machine.
"""

_OUTCOME_AT = ROW.size - 2
"""Offset of the outcome number in the row of an entry."""


class FollowedRun(Struct):
    """The last run in the manifest of DEST, according to the records that were written so far."""

    state: RunState = "none"
    holder: str = ""
    """Description of the process that holds the lock of DEST; "" if no process of this machine does."""
    started_ns: int = 0
    ended_ns: int = 0
    recorded: Counter[str] = field(default_factory=Counter)
    """Number of recorded files by outcome. Files that need no work are not recorded before the end of the run."""
    latest: str = ""
    """Path of the file that was recorded last: its Folder and name."""
    counts: dict[str, int] = {}
    """Number of all files by outcome, after the end of the run."""


class RunFollower:
    """Reads the new records of the manifest of DEST at each call of `poll`."""

    def __init__(self, dest: str) -> None:
        self._dest = dest
        self._inode = self._position = self._sequence = 0
        self._run = FollowedRun()
        self._latest: BatchDone | None = None

    def poll(self) -> FollowedRun:
        """Return the state of the last run. Raises OSError, NewerFormat."""
        holder_text = holder(self._dest)  # first: a run records its end, then releases the lock
        if (file := self._open()) is not None:
            with file:
                self._read(file)
        run = self._run
        run.holder = holder_text
        if run.started_ns:
            run.state = "ended" if run.ended_ns else "running" if holder_text else "left"
        if self._latest is not None:
            run.latest = _last_path(self._latest)
        return run

    def _open(self) -> BinaryIO | None:
        """Open the manifest; None if there is none."""
        folder = open_state_dir(self._dest, create=False)
        if folder is None:
            return None
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            return os.fdopen(os.open(MANIFEST_NAME, flags, dir_fd=folder), "rb", buffering=1 << 20)
        except FileNotFoundError:
            return None
        finally:
            os.close(folder)

    def _read(self, file: BinaryIO) -> None:
        """Read the records that were appended since the last call. If the manifest is a new one, read all its
        records.
        """
        status = os.fstat(file.fileno())
        if status.st_ino != self._inode or status.st_size < self._position:
            self._run, self._latest = FollowedRun(), None
            result = scan(file, status.st_size, self._accept)
            self._inode, self._position, self._sequence = status.st_ino, result.good, result.sequence
            return
        try:
            for start, sequence, payload in frames(file, self._position, status.st_size, self._sequence):
                self._accept(start, payload)
                self._sequence, self._position = sequence, file.tell()
        except InvalidRecord:  # a record that is being written: the next call reads it
            return

    def _accept(self, _offset: int, payload: bytes) -> None:
        """Add the record in `payload` to the state. Raises InvalidRecord."""
        match decode(payload):
            case RunOpened() as opened:
                self._run, self._latest = FollowedRun(started_ns=opened.started_ns), None
            case BatchDone() as done:
                numbers = Counter(done.rows[_OUTCOME_AT :: ROW.size])
                for number, count in numbers.items():
                    if number < len(OUTCOMES):
                        self._run.recorded[OUTCOMES[number]] += count
                self._latest = done if done.count else self._latest
            case RunClosed() as closed:
                self._run.ended_ns, self._run.counts = closed.ended_ns, closed.counts


def _last_path(record: BatchDone) -> str:
    """Return the path of the last file in a record; "" if it is damaged."""
    try:
        return os.fsdecode(unpack_entry(record, record.count - 1).key.partition(b"\0")[0])
    except InvalidRecord:
        return ""
