"""The progress of a run: counters that one thread updates and any thread may read."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from pef_tui.model import UNREADABLE, JsonOutcome, JsonRecord, MediaOutcome, Outcome, Record
from pef_tui.timing import StageTimer

MAX_FAILURES = 20
"""Maximum number of failed files in `Progress.recent_failures`."""
MAX_SOURCE_PROBLEMS = 1000
"""Maximum number of JSON files that are listed in `Progress.source_problems`."""
DATED = frozenset({"written", "sidecar", "copied"})
"""Outcomes of media files whose dates are as the run planned them."""
PAUSE_INTERVAL = 0.1
"""Interval in seconds at which a paused writer checks whether the pause has ended."""

Phase = Literal["setup", "wait", "plan", "write"]
"""What a run does: check settings, sources and DEST; wait for another run that uses DEST; plan, in a preview; or plan
and write."""


class Notes(list[str]):
    """Notes on a run, one line each. A note is a warning if something was not read, was ignored, or is missing."""

    def __init__(self, notes: Iterable[str] = ()) -> None:
        super().__init__(notes)
        self.warnings: set[str] = set()
        """The notes that are warnings. They are shown with `--quiet` too."""
        self.has_loss = False
        """Whether a part of the export was not read, or the work of a plugin is missing. The run then ends with the
        exit code for failed files."""

    def warn(self, note: str, *, is_loss: bool = False) -> None:
        """Add a warning. `is_loss`: whether `has_loss` becomes True."""
        self.warnings.add(note)
        self.has_loss = self.has_loss or is_loss
        self.append(note)

    def add_missing(self, notes: Notes) -> None:
        """Add the notes that are not here yet. Warnings stay warnings."""
        self.warnings |= notes.warnings
        self.has_loss = self.has_loss or notes.has_loss
        self.extend([note for note in notes if note not in self])


class Progress:
    """Counters and state of one run. Only one thread calls `add`; any thread may read."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        """Start of the run, in seconds of the monotonic clock."""
        self.ended = 0.0
        """End of the run, in seconds of the monotonic clock; 0 until the run has ended."""
        self.media: Counter[MediaOutcome] = Counter()
        self.json: Counter[JsonOutcome] = Counter()
        self.other_count = 0
        self.listed = 0
        """Number of files in the Folders that the run has listed so far. The run may be ahead of `file_count`."""
        self.is_listed = False
        """True after the run has listed all Folders, so that `listed` is the number of all files."""
        self.wants_total = False
        """Set by the caller before a run: True if the run counts the files of its sources ahead, for `total`."""
        self.counted: Callable[[], int | None] = lambda: None
        """Function that returns how many files the run will find; None if that is not known yet."""
        self.show_notes: Callable[[], None] = lambda: None
        """Set by the caller: function that shows new `notes` at once. The run calls it before it waits."""
        self.has_exiftool_advice = False
        """Set by the caller: True if it has shown already what to do about an old ExifTool, so that the notes do not
        repeat it."""
        self.phase: Phase = "setup"
        """What the run does at present. Set by the run."""
        self.work_started = 0.0
        """When planning began, in seconds of the monotonic clock; 0 until then. Set by the run."""
        self.not_reached = 0
        """Number of listed files without an outcome, because the disk of a source or of DEST was gone. A later run
        continues with them."""
        self.bytes = 0
        """Total size of the outputs, in bytes."""
        self.folder = ""
        """Path of the current Folder."""
        self.recent_failures: deque[tuple[str, str]] = deque(maxlen=MAX_FAILURES)
        """The last `MAX_FAILURES` failed files: path below the source, and reason."""
        self.warnings = 0
        """Number of media files with at least one warning."""
        self.conflicts = 0
        """Number of media files with at least one value that differs from the value in the sidecar."""
        self.assumed_zones = 0
        """Number of media files that got the time zone of this machine, because nothing states theirs."""
        self.dated_by_name = 0
        """Number of media files without a sidecar that got the date in their file name (`--dates-from-names`)."""
        self.dated_only_in_name = 0
        """Number of media files without a sidecar whose only date is in the file name, and was not written."""
        self.verified = 0
        """Number of media files that were read back (`--verify`)."""
        self.verify_failures = 0
        """Number of media files that were read back and differ from what was to be written."""
        self.notes = Notes()
        """Notes on the run as a whole."""
        self.source_problems: list[str] = []
        """Parts of the sources that were not readable or were left out, one line each. Complete when the run ends."""
        self.incomplete = False
        """True if a source was not read completely, so that unknown files may be missing."""
        self.accepts_counts_only = False
        """Set by the caller before a run: True if it needs only counts, not records, when nothing changed."""
        self.counts_only = False
        """Set by the run: True if nothing changed, so that the run set the counts but yielded no records."""
        self.stop = threading.Event()
        """If set, the run ends after the batches in progress."""
        self.stop_reason = ""
        """Why the run was asked to end early, as in `--status`: the name of a signal (`SIGTERM`), `user`, `max-errors`
        or `output-closed`; "" if it was not."""
        self.stop_code = 0
        """Exit code of a run that was asked to end early."""
        self.pause = threading.Event()
        """While it is set, no writer begins another batch."""
        self.active_batches: dict[str, tuple[int, str]] = {}
        """The batch of each writer thread, by the name of the thread: number of files, and path of the first file."""
        self.timer = StageTimer()
        """Timer of the stages. It measures only with `--profile`."""
        self.sources: tuple[str, ...] = ()
        """Paths of the sources, with globs expanded. Set by the run."""
        self.output = ""
        """Path of DEST. Set by the run."""
        self.dest_identity: tuple[int, int] | None = None
        """Device and inode number of `.pef-tui` in DEST at the start of the run; None in a dry run. Set by the run."""
        self.albums_listed = (0, 0)
        """Number of albums in the list of albums in DEST, and of files in them. Set by the run at its end."""
        self.undo = ""
        """Name of the run for `--undo`, if it writes in place; else ""."""
        self.exiftool = ""
        """Version of ExifTool; "" if ExifTool cannot be used. Set by the run."""

    def add(self, record: Record) -> None:
        """Count one record."""
        if isinstance(record, Outcome):
            self.media[record.outcome] += 1
            self.bytes += record.size
            match = record.plan.match
            self.folder = match.folder
            if record.warnings or record.plan.warnings:
                self.warnings += 1
            if record.plan.conflicts:
                self.conflicts += 1
            if match.capture_time is not None and record.outcome in DATED:
                self.assumed_zones += match.capture_time.zone == "assumed"
            if record.plan.by_name:
                self.dated_by_name += record.outcome in ("written", "sidecar")
                self.dated_only_in_name += record.outcome == "unmatched"
            if record.verified is not None:
                self.verified += 1
                self.verify_failures += not record.verified
            if record.outcome == "failed":
                self.recent_failures.append((match.media.path, record.reason or record.plan.reason))
        elif isinstance(record, JsonRecord):
            self.json[record.outcome] += 1
            if record.outcome == "invalid" and record.reason.startswith(UNREADABLE):
                self._add_unread_json(record)
        else:
            self.other_count += 1

    def _add_unread_json(self, record: JsonRecord) -> None:
        """Add a problem for a JSON file that could not be read.

        The run then counts as incomplete, because the picture that belongs to the JSON file lacks its metadata.
        """
        self.incomplete = True
        if len(self.source_problems) < MAX_SOURCE_PROBLEMS:
            line = f"{record.file.path[-500:]!r}: {record.reason}"
            self.source_problems.append(line)
            self.notes.warn(line)

    @contextmanager
    def processing(self, count: int, first: str) -> Iterator[None]:
        """Return a context in which a writer thread handles one batch. Entering it waits while the run is paused.

        Inside the context, `active_batches` has the batch.

        `count`: number of files in the batch. `first`: path of the first file.
        """
        while self.pause.is_set() and not self.stop.wait(PAUSE_INTERVAL):
            pass
        name = threading.current_thread().name
        self.active_batches[name] = count, first
        try:
            yield
        finally:
            del self.active_batches[name]

    def counts(self) -> Counter[str]:
        """Return the number of files with each outcome, media and JSON files together."""
        counts: Counter[str] = Counter(self.media)
        return counts + Counter(self.json)

    @property
    def media_count(self) -> int:
        """Number of pictures and videos so far."""
        return sum(tuple(self.media.values()))

    @property
    def json_count(self) -> int:
        """Number of JSON files so far."""
        return sum(tuple(self.json.values()))

    @property
    def file_count(self) -> int:
        """Number of all files so far: media, JSON files and other files."""
        return self.media_count + self.json_count + self.other_count

    @property
    def found_count(self) -> int:
        """Number of all files that were found: files with an outcome, and files that the run did not reach."""
        return self.file_count + self.not_reached

    @property
    def total(self) -> int | None:
        """Number of files that the run will find; None if it is not known yet."""
        total = self.listed if self.is_listed else self.counted()
        return None if total is None else max(total, self.file_count)

    def begin_work(self, *, is_preview: bool) -> None:
        """Note that planning begins."""
        self.phase = "plan" if is_preview else "write"
        self.work_started = time.monotonic()

    def request_stop(self, reason: str, exit_code: int) -> None:
        """Let the run end after the batches in progress. The first call determines `stop_reason` and `stop_code`."""
        if not self.stop_reason:
            self.stop_reason, self.stop_code = reason, exit_code
        self.stop.set()

    def set_not_reached(self) -> None:
        """Set `not_reached`, at the end of a run whose source or DEST is gone."""
        self.not_reached = max(0, self.listed - self.file_count)

    @property
    def failed(self) -> int:
        """Number of media files that failed so far."""
        return self.media["failed"]

    @property
    def seconds(self) -> float:
        """Duration of the run in seconds: until now, or until its end if it has ended."""
        return (self.ended or time.monotonic()) - self.started
