"""How far a run is: plain counters that one thread writes and anyone may read."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

from pef_tui.clock import Clock
from pef_tui.model import UNREADABLE, JsonOutcome, JsonRecord, MediaOutcome, Outcome, Record

PROBLEMS_KEPT = 20
UNREAD_KEPT = 1000
PAUSE_LOOK = 0.1
"""Seconds between two looks whether a pause is over."""


class Progress:
    """Counters of one run; `add` is called by one thread, everything may be read by any."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        """Seconds of the monotonic clock."""
        self.media: Counter[MediaOutcome] = Counter()
        self.json: Counter[JsonOutcome] = Counter()
        self.other = 0
        self.bytes = 0
        """Size of the outputs so far."""
        self.folder = ""
        """The Folder in hand."""
        self.problems: deque[tuple[str, str]] = deque(maxlen=PROBLEMS_KEPT)
        """The last failures: path below its source, reason."""
        self.warnings = 0
        """Media with at least one warning."""
        self.conflicts = 0
        """Media that say one thing where their sidecar says another."""
        self.dated_by_name = 0
        """Media without a sidecar that got the date in their name (`--dates-from-names`)."""
        self.only_named = 0
        """Media left as they are that nothing dates but their name."""
        self.verified = 0
        """Media that were read back."""
        self.verified_wrong = 0
        """Of those, how many were not as they should be."""
        self.notes: list[str] = []
        """What is to be told of the run as a whole, each in one line."""
        self.unread: list[str] = []
        """What could not be read of the sources or was left out there, each in one line; complete at the end."""
        self.incomplete = False
        """Could some source not be read to its end, so that files may be missing of which nothing is known?"""
        self.by_count = False
        """Asked for by who needs no single records: where nothing changed since the last run, counts may be all."""
        self.held = False
        """Nothing changed since the last run, and counts are all there is."""
        self.stop = threading.Event()
        """Asks the run to end after the batch in hand."""
        self.pause = threading.Event()
        """While set, no writer begins another batch."""
        self.hands: dict[str, tuple[int, str]] = {}
        """What each writer has in hand, by the name of its thread: how many files, path of the first."""
        self.clock = Clock()
        """Measures where the time goes, where that is asked for."""
        self.sources: tuple[str, ...] = ()
        """The sources as resolved (globs expanded), filled by the run."""
        self.output = ""
        """The output folder as resolved, filled by the run."""
        self.undo = ""
        """What `--undo` calls the run; "" unless it writes in place."""
        self.exiftool = ""
        """Version of the ExifTool used, filled by the run; "" without one."""

    def add(self, record: Record) -> None:
        """Count one record."""
        if isinstance(record, Outcome):
            self.media[record.word] += 1
            self.bytes += record.size
            match = record.plan.match
            self.folder = match.folder
            if record.warnings or record.plan.warnings:
                self.warnings += 1
            if record.plan.conflicts:
                self.conflicts += 1
            if record.plan.by_name:
                self.dated_by_name += record.word in ("written", "sidecar")
                self.only_named += record.word == "unmatched"
            if record.verified is not None:
                self.verified += 1
                self.verified_wrong += not record.verified
            if record.word == "failed":
                self.problems.append((match.media.path, record.reason or record.plan.reason))
        elif isinstance(record, JsonRecord):
            self.json[record.outcome] += 1
            if record.outcome == "invalid" and record.reason.startswith(UNREADABLE):
                self._without(record)
        else:
            self.other += 1

    def _without(self, record: JsonRecord) -> None:
        """A JSON file that was not to be had: its picture lacks what it says, so the run is not complete."""
        self.incomplete = True
        if len(self.unread) < UNREAD_KEPT:
            line = f"{record.file.path[-500:]!r}: {record.reason}"
            self.unread.append(line)
            self.notes.append(line)

    @contextmanager
    def in_hand(self, count: int, first: str) -> Iterator[None]:
        """Around one batch of a writer: waits while the run is paused, then tells what is in hand."""
        while self.pause.is_set() and not self.stop.wait(PAUSE_LOOK):
            pass
        name = threading.current_thread().name
        self.hands[name] = count, first
        try:
            yield
        finally:
            del self.hands[name]

    @property
    def media_count(self) -> int:
        """Pictures and videos so far."""
        return sum(tuple(self.media.values()))

    @property
    def json_count(self) -> int:
        """JSON files so far."""
        return sum(tuple(self.json.values()))

    @property
    def found(self) -> int:
        """Files so far: the sum of all counters, so that they add up."""
        return self.media_count + self.json_count + self.other

    @property
    def failed(self) -> int:
        """Media that failed so far."""
        return self.media["failed"]

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.started
