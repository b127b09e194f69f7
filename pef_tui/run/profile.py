"""What `--profile` writes: where the time of a run went, per stage, writer and format."""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.json import encode, format

from pef_tui import __version__
from pef_tui.clock import CHECK, COPY, PLACE, RECORD, SYNC, WRITE, Key, RunningClock, Spent
from pef_tui.errors import UsageError
from pef_tui.model import Outcome, Record

FRONT = ("scan", "compare listings", "read sidecars", "match", "read tags", "plan")
"""Stages of our own in the thread that plans, in their order; those of plugins come behind `read tags`."""
HAND_OVER, WAIT, TELL = "wait for writers", "wait for plans", "tell"
PARTS = (COPY, CHECK, SYNC, PLACE, RECORD)


class StageRow(Struct, frozen=True):
    """One stage."""

    stage: str
    seconds: float
    """Of the wall clock, in all threads together."""
    processor: float
    """Seconds of this program's processor time; what ExifTool used is not in it."""
    times: int


class FormatRow(Struct):
    """What one writer did with one format."""

    writer: str
    """`copy` where nothing had to be written into the file."""
    format: str
    files: int = 0
    bytes: int = 0
    """Of the outputs."""
    seconds: float = 0.0
    """That writing tags took, in all workers together; copying is not in it."""


class Told(Struct, frozen=True):
    """The whole profile; what `--profile FILE.json` holds."""

    program: str
    seconds: float
    """Of the wall clock, start of the program not included."""
    files: int
    media: int
    bytes: int
    """Of the outputs."""
    at_work: dict[str, float]
    """Which part of the time planning, writing (of all workers) and telling were at work, not waiting."""
    planning: list[StageRow]
    writing: list[StageRow]
    telling: list[StageRow]
    formats: list[FormatRow]


class Profile:
    """Takes every record of a run; tells where its time went."""

    def __init__(self, path: str, clock: RunningClock, workers: int) -> None:
        """`path`: the file to be written, JSON where it ends in `.json`. Raises UsageError where it cannot be."""
        self._path = path
        self.clock = clock
        self._workers = workers
        self._files = self._media = self._bytes = 0
        self._formats: dict[Key, FormatRow] = {}
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise UsageError(f"--profile {path}: {error.strerror or error}") from None

    def watched(self, records: Iterator[Record]) -> Iterator[Record]:
        """The same records; the time until the next is asked for is that of telling."""
        for record in records:
            self._files += 1
            if isinstance(record, Outcome):
                self._add(record)
            with self.clock.on(TELL):
                yield record

    def _add(self, outcome: Outcome) -> None:
        self._media += 1
        self._bytes += outcome.size
        if outcome.output is None or outcome.word in ("unchanged", "duplicate"):
            return
        state = outcome.plan.match.state
        key = outcome.writer or "copy", (state.format if state is not None else "") or "unknown"
        row = self._formats.setdefault(key, FormatRow(*key))
        row.files += 1
        row.bytes += outcome.size

    def write(self) -> None:
        """Write the file. Raises OSError."""
        told = self.told()
        if self._path.endswith(".json"):
            data = format(encode(told)) + b"\n"
        else:
            data = ("\n".join(words(told)) + "\n").encode("utf-8", "backslashreplace")
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as stream:
            if stat.S_ISREG(os.fstat(fd).st_mode) and not self._path.startswith("/dev/"):
                os.fchmod(fd, 0o600)  # one that was there may have been readable by all: it names files
            stream.write(data)

    def told(self) -> Told:
        """Everything measured so far."""
        spent, seconds = self.clock.spent, self.clock.seconds
        for key, row in self._formats.items():
            row.seconds = round(spent.get((WRITE, *key), Spent()).seconds, 6)
        theirs = sorted(key[0] for key in spent if key[0] not in _OURS)
        front = [*FRONT[:-1], *theirs, FRONT[-1]]
        back = [key for key in spent if key[0] in (*PARTS, WRITE)]
        busy = {
            "planning": _sum(spent, [(stage,) for stage in front]) / seconds,
            "writing": _sum(spent, back) / seconds / self._workers,
            "telling": _sum(spent, [(TELL,)]) / seconds,
        }
        return Told(
            f"pef-tui {__version__}, Python {platform.python_version()}, {os.cpu_count()} processors",
            round(seconds, 3),
            self._files,
            self._media,
            self._bytes,
            {name: round(share, 3) for name, share in busy.items()},
            _rows(spent, [(stage,) for stage in (*front, HAND_OVER)]),
            _rows(spent, sorted(back, key=lambda key: (key[0] == WRITE, key))),
            _rows(spent, [(WAIT,), (TELL,)]),
            [self._formats[key] for key in sorted(self._formats)],
        )


_OURS = {*FRONT, HAND_OVER, WAIT, TELL, WRITE, *PARTS}


def _sum(spent: Mapping[Key, Spent], keys: Sequence[Key]) -> float:
    return sum(spent[key].seconds for key in keys if key in spent)


def _rows(spent: Mapping[Key, Spent], keys: Sequence[Key]) -> list[StageRow]:
    return [
        StageRow(
            " ".join(key), round(spent[key].seconds, 6), round(spent[key].processor, 6), spent[key].times
        )
        for key in keys
        if key in spent
    ]


def words(told: Told) -> Iterator[str]:
    """The same for reading, line by line."""
    seconds = told.seconds or 0.001
    yield told.program
    yield (
        f"{told.files:,} files in {seconds:.1f} s: {told.media / seconds:,.0f} pictures and videos/s, "
        f"{told.bytes / seconds / 1e6:,.1f} MB/s"
    )
    yield "at work: " + ", ".join(f"{name} {share:.0%}" for name, share in told.at_work.items())
    for title, rows in (("planning", told.planning), ("writing", told.writing), ("telling", told.telling)):
        yield ""
        yield f"{title:32} {'seconds':>9} {'share':>6} {'processor':>10} {'times':>10}"
        for row in rows:
            share = f"{row.seconds / seconds:6.0%}"
            yield f"  {row.stage:30} {row.seconds:9.2f} {share} {row.processor:10.2f} {row.times:10,}"
    yield ""
    yield f"{'writer, format':32} {'files':>9} {'files/s':>9} {'MB':>10} {'MB/s':>8} {'ms a file':>10}"
    for each in told.formats:
        name, size = f"{each.writer}, {each.format}", each.bytes / 1e6
        speed = f"{each.files:9,} {each.files / seconds:9,.1f} {size:10,.1f} {size / seconds:8.1f}"
        yield f"  {name:30} {speed} {each.seconds / each.files * 1000:10.2f}"
