"""The report of `--profile`: how much time a run spent in each stage, and with each writer and format."""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.json import encode, format

from pef_tui import __version__
from pef_tui.errors import UsageError
from pef_tui.filesystem.dest_check import device_of
from pef_tui.model import Outcome, Record
from pef_tui.timing import CHECK, COPY, PLACE, RECORD, SYNC, WRITE, Key, RunningTimer, StageTime

FRONT = ("scan", "compare listings", "read sidecars", "match", "read tags", "plan")
"""Built-in stages in the planning thread, in their order. Stages of plugins come after `read tags`."""
HAND_OVER, WAIT, TELL = "wait for writers", "wait for plans", "tell"
PARTS = (COPY, CHECK, SYNC, PLACE, RECORD)


class StageRow(Struct, frozen=True):
    """The times of one stage."""

    stage: str
    seconds: float
    """Wall-clock time in seconds: the sum of all threads."""
    processor: float
    """Processor time of this program in seconds, without the processor time of ExifTool."""
    times: int
    """Number of times that the stage was measured."""


class FormatRow(Struct):
    """The files of one format that one writer wrote."""

    writer: str
    """Name of the writer; `copy` for files that no writer changed."""
    format: str
    files: int = 0
    bytes: int = 0
    """Size of the outputs in bytes."""
    seconds: float = 0.0
    """Time for writing tags in seconds, without copying: the sum of all workers."""


class ProfileReport(Struct, frozen=True):
    """The whole profile: the content of the file that `--profile FILE.json` writes."""

    program: str
    seconds: float
    """Wall-clock time of the run in seconds, without the start of the program."""
    files: int
    media: int
    bytes: int
    """Size of the outputs in bytes."""
    at_work: dict[str, float]
    """Share of the run's time in which a part did not wait, from 0 to 1.

    The parts are `planning`, `writing` (mean of all workers) and `telling` (reporting).
    """
    planning: list[StageRow]
    writing: list[StageRow]
    telling: list[StageRow]
    formats: list[FormatRow]


class Profile:
    """Counts the records of a run, and reports how much time its stages took."""

    def __init__(self, path: str, clock: RunningTimer, workers: int) -> None:
        """`path`: the file to write, as JSON if its name ends in `.json`. Raises UsageError if it cannot be written."""
        self._path = path
        self._device = device_of(path)
        self.clock = clock
        self._workers = workers
        self._files = self._media = self._bytes = 0
        self._formats: dict[Key, FormatRow] = {}
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise UsageError(f"--profile {path}: {error.strerror or error}") from None

    def observe(self, records: Iterator[Record]) -> Iterator[Record]:
        """Yield the records, and count them. The time that the caller spends on a record counts as reporting
        (`TELL`).
        """
        for record in records:
            self._files += 1
            if isinstance(record, Outcome):
                self._add(record)
            with self.clock.time_block(TELL):
                yield record

    def _add(self, outcome: Outcome) -> None:
        """Count a picture or video. If this run wrote it, also add it to the row of its writer and format."""
        self._media += 1
        self._bytes += outcome.size
        if outcome.output is None or outcome.outcome in ("unchanged", "duplicate"):
            return
        state = outcome.plan.match.metadata
        key = outcome.writer or "copy", (state.format if state is not None else "") or "unknown"
        row = self._formats.setdefault(key, FormatRow(*key))
        row.files += 1
        row.bytes += outcome.size

    def write(self) -> None:
        """Write the profile to its file; do nothing if the disk of the file was unmounted. Raises OSError."""
        if device_of(self._path) != self._device:
            return
        report = self.report()
        if self._path.endswith(".json"):
            data = format(encode(report)) + b"\n"
        else:
            data = ("\n".join(words(report)) + "\n").encode("utf-8", "backslashreplace")
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as stream:
            if stat.S_ISREG(os.fstat(fd).st_mode) and not self._path.startswith("/dev/"):
                os.fchmod(fd, 0o600)  # it names files, and an existing file may be readable by all users
            stream.write(data)

    def report(self) -> ProfileReport:
        """Return the profile of everything that was measured so far."""
        spent, seconds = self.clock.times, self.clock.seconds
        for key, row in self._formats.items():
            row.seconds = round(spent.get((WRITE, *key), StageTime()).seconds, 6)
        plugin_stages = sorted(key[0] for key in spent if key[0] not in _OURS)
        front = [*FRONT[:-1], *plugin_stages, FRONT[-1]]
        write_keys = [key for key in spent if key[0] in (*PARTS, WRITE)]
        busy = {
            "planning": _sum(spent, [(stage,) for stage in front]) / seconds,
            "writing": _sum(spent, write_keys) / seconds / self._workers,
            "telling": _sum(spent, [(TELL,)]) / seconds,
        }
        return ProfileReport(
            f"pef-tui {__version__}, Python {platform.python_version()}, {os.cpu_count()} processors",
            round(seconds, 3),
            self._files,
            self._media,
            self._bytes,
            {name: round(share, 3) for name, share in busy.items()},
            _rows(spent, [(stage,) for stage in (*front, HAND_OVER)]),
            _rows(spent, sorted(write_keys, key=lambda key: (key[0] == WRITE, key))),
            _rows(spent, [(WAIT,), (TELL,)]),
            [self._formats[key] for key in sorted(self._formats)],
        )


_OURS = {*FRONT, HAND_OVER, WAIT, TELL, WRITE, *PARTS}


def _sum(spent: Mapping[Key, StageTime], keys: Sequence[Key]) -> float:
    """Return the time of the stages in `keys` in seconds, as a sum."""
    return sum(spent[key].seconds for key in keys if key in spent)


def _rows(spent: Mapping[Key, StageTime], keys: Sequence[Key]) -> list[StageRow]:
    """Return a row for each stage in `keys` that was timed, in the order of `keys`."""
    return [
        StageRow(
            " ".join(key), round(spent[key].seconds, 6), round(spent[key].cpu_seconds, 6), spent[key].calls
        )
        for key in keys
        if key in spent
    ]


def words(report: ProfileReport) -> Iterator[str]:
    """Yield the lines of `report` as text."""
    seconds = report.seconds or 0.001
    yield report.program
    yield (
        f"{report.files:,} files in {seconds:.1f} s: {report.media / seconds:,.0f} pictures and videos/s, "
        f"{report.bytes / seconds / 1e6:,.1f} MB/s"
    )
    yield "at work: " + ", ".join(f"{name} {share:.0%}" for name, share in report.at_work.items())
    for title, rows in (
        ("planning", report.planning),
        ("writing", report.writing),
        ("telling", report.telling),
    ):
        yield ""
        yield f"{title:32} {'seconds':>9} {'share':>6} {'processor':>10} {'times':>10}"
        for row in rows:
            share = f"{row.seconds / seconds:6.0%}"
            yield f"  {row.stage:30} {row.seconds:9.2f} {share} {row.processor:10.2f} {row.times:10,}"
    yield ""
    yield f"{'writer, format':32} {'files':>9} {'files/s':>9} {'MB':>10} {'MB/s':>8} {'ms a file':>10}"
    for each in report.formats:
        name, size = f"{each.writer}, {each.format}", each.bytes / 1e6
        speed = f"{each.files:9,} {each.files / seconds:9,.1f} {size:10,.1f} {size / seconds:8.1f}"
        yield f"  {name:30} {speed} {each.seconds / each.files * 1000:10.2f}"
