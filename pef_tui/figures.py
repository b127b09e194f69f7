"""What a run tells as a whole, added up record by record: its memory does not follow the number of files."""

from __future__ import annotations

import time
from collections import Counter
from math import floor

from pef_tui.formats import FORMATS
from pef_tui.model import MediaFile, Outcome, Place, Record, Sidecar
from pef_tui.tags.places import file_place

PEOPLE = 20_000
"""Different names that are counted; later ones are left out."""
CELLS = 50_000
"""Different places told apart; when there are more, neighbours are put together."""
CAUSES = 200
"""Different causes of problems told apart."""
EXAMPLES = 5
"""Files named for each cause."""
OTHER_CAUSES = "other causes"

Month = int
"""Year * 12 + month - 1."""


class Places:
    """How many pictures where, in cells of a hundredth of a degree, or of more where there are too many."""

    def __init__(self, most: int = CELLS) -> None:
        self.cells: Counter[tuple[int, int]] = Counter()
        """By (north, east) in steps of `degrees`."""
        self.degrees = 0.01
        self._most = most

    def add(self, place: Place, count: int = 1) -> None:
        """Count pictures at a place."""
        self.cells[floor(place.latitude / self.degrees), floor(place.longitude / self.degrees)] += count
        if len(self.cells) > self._most:
            self._coarser()

    def points(self) -> list[tuple[float, float, int]]:
        """Latitude and longitude of each cell's middle, and how many are in it; the fullest last."""
        size = self.degrees
        cells = sorted(self.cells.items(), key=lambda cell: cell[1])
        return [((north + 0.5) * size, (east + 0.5) * size, count) for (north, east), count in cells]

    @property
    def total(self) -> int:
        """Pictures with a place."""
        return self.cells.total()

    def _coarser(self) -> None:
        cells: Counter[tuple[int, int]] = Counter()
        for (north, east), count in self.cells.items():
            cells[north // 2, east // 2] += count
        self.cells, self.degrees = cells, self.degrees * 2


class Causes:
    """What went wrong or is doubtful, by cause, each with how many and the first of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}
        """Paths below their sources."""

    def add(self, cause: str, path: str) -> None:
        """One more file."""
        if cause not in self.counts and len(self.counts) >= CAUSES:
            cause = OTHER_CAUSES
        self.counts[cause] += 1
        examples = self.examples.setdefault(cause, [])
        if len(examples) < EXAMPLES:
            examples.append(path)


class Figures:
    """Counts of one run or preview; one thread adds, any may read."""

    def __init__(self) -> None:
        self.before: Counter[Month] = Counter()
        """Pictures by the month of their file's date, as the export has it."""
        self.after: Counter[Month] = Counter()
        """Pictures by the month they were taken in; those of which it is not known are left out."""
        self.places = Places()
        self.formats: Counter[str] = Counter()
        """Files by format."""
        self.bytes: Counter[str] = Counter()
        """Bytes by format."""
        self.people: Counter[str] = Counter()
        self.zones: Counter[str] = Counter()
        """What told the zone."""
        self.rules: Counter[str] = Counter()
        """What joined pictures with their sidecars."""
        self.conflicts: Counter[tuple[str, str]] = Counter()
        """By unit (or tag) and kind."""
        self.failures = Causes()
        self.warnings = Causes()
        self.unmatched = Causes()
        self._month_before, self._month_after = _Months(), _Months()

    def add(self, record: Record) -> None:
        """Count one record; what was left out by a filter is no picture of this run."""
        if not isinstance(record, Outcome):
            return
        plan, match = record.plan, record.plan.match
        media, sidecar = match.media, match.sidecar
        self._problems(record, media)
        if record.word in ("excluded", "duplicate"):
            return
        name = format_of(record)
        self.formats[name] += 1
        self.bytes[name] += media.size
        self.before[self._month_before.of(media.mtime_ns // 1_000_000_000)] += 1
        seconds = taken_local(record)
        if seconds is not None:
            self.after[self._month_after.of(seconds)] += 1
        if match.taken is not None:
            self.zones[match.taken.zone] += 1
        if match.rule is not None and match.json is not None:
            self.rules[match.rule] += 1
        for conflict in plan.conflicts:
            self.conflicts[conflict.unit or conflict.tag, conflict.kind] += 1
        if (place := place_of(record)) is not None:
            self.places.add(place)
        if sidecar is not None and sidecar.people:
            self._count_people(sidecar)

    def _count_people(self, sidecar: Sidecar) -> None:
        for name in sidecar.names:
            if name in self.people or len(self.people) < PEOPLE:
                self.people[name] += 1

    def _problems(self, outcome: Outcome, media: MediaFile) -> None:
        plan = outcome.plan
        if outcome.word == "failed":
            self.failures.add(outcome.reason or plan.reason or "failed", media.path)
        elif outcome.word == "unmatched":
            cause = (outcome.reason or plan.reason or plan.match.reason).partition(":")[0]
            self.unmatched.add(cause or "no sidecar", media.path)
        for warning in dict.fromkeys((*plan.warnings, *outcome.warnings)):
            self.warnings.add(warning.partition(":")[0], media.path)


def format_of(outcome: Outcome) -> str:
    """The format by content where the file was looked into, else by its extension; "" where neither says."""
    match = outcome.plan.match
    if match.state is not None:
        return match.state.format
    return _BY_EXTENSION.get(match.media.name.rpartition(".")[2].lower(), "")


_BY_EXTENSION: dict[str, str] = {}
for _format in FORMATS.values():
    for _extension in _format.extensions:
        _BY_EXTENSION.setdefault(_extension[1:], _format.name)


def place_of(outcome: Outcome) -> Place | None:
    """Where it was taken: what Google shows, else what the file says."""
    match = outcome.plan.match
    place = match.sidecar.place if match.sidecar is not None else None
    if place is None and match.state is not None and match.state.tags:
        place = file_place(match.state.tags)
    return place


def taken_local(outcome: Outcome) -> int | None:
    """When, on the clock there: seconds since 1970 as if it were UTC.

    What an earlier run did tells the instant alone, by its sidecar or the time that was given to the output.
    """
    match = outcome.plan.match
    if match.taken is not None:
        return floor(match.taken.instant) + (match.taken.offset or 0) * 60
    if match.sidecar is not None and (instant := match.sidecar.taken) is not None:
        return floor(instant)
    if outcome.word == "unchanged" and match.json is not None and outcome.mtime_ns:
        return outcome.mtime_ns // 1_000_000_000
    return None


class _Months:
    """The month of a moment: most pictures lie in the month of the one before."""

    def __init__(self) -> None:
        self._begin, self._end, self._month = 0, 0, 0

    def of(self, seconds: int) -> Month:
        if not self._begin <= seconds < self._end:
            self._look(seconds)
        return self._month

    def _look(self, seconds: int) -> None:
        there = time.gmtime(min(max(seconds, -62_000_000_000), 250_000_000_000))
        self._begin = seconds - seconds % 86_400
        self._end = self._begin + 86_400
        self._month = there.tm_year * 12 + there.tm_mon - 1
