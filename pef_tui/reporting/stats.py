"""Statistics of a run, updated with each record. The memory that they use does not grow with the number of files."""

from __future__ import annotations

import time
from collections import Counter
from math import floor

from pef_tui.formats import FORMATS
from pef_tui.model import GeoPoint, MediaFile, Outcome, Record, Sidecar
from pef_tui.reporting.local_time import local_time
from pef_tui.tags.places import file_point

MAX_PEOPLE = 20_000
"""Maximum number of different names of people. Further names are not counted."""
MAX_CELLS = 50_000
"""Maximum number of map cells with pictures. If there are more, each square of 2 by 2 cells becomes one cell."""
MAX_CAUSES = 200
"""Maximum number of different causes of problems. Further causes count as `OTHER_CAUSES`."""
EXAMPLES = 5
"""Maximum number of example files for each cause."""
OTHER_CAUSES = "other causes"
NO_SIDECAR = "no sidecar"
"""Cause of a file without sidecar, if no other is known."""

Month = int
"""A month as one number: year * 12 + month - 1."""


class PointCounts:
    """Counts pictures by place, in cells of a grid.

    Cells have 0.01 degrees. When more than `MAX_CELLS` cells have pictures, all cells are doubled in width and height.
    """

    def __init__(self, max_cells: int = MAX_CELLS) -> None:
        self.cells: Counter[tuple[int, int]] = Counter()
        """Number of pictures in each cell, by the latitude and longitude of its lower corner, divided by `degrees`."""
        self.degrees = 0.01
        """Width and height of a cell in degrees."""
        self._most = max_cells

    def add(self, point: GeoPoint, count: int = 1) -> None:
        """Count `count` pictures at `point`."""
        self.cells[floor(point.latitude / self.degrees), floor(point.longitude / self.degrees)] += count
        if len(self.cells) > self._most:
            self._enlarge_cells()

    def points(self) -> list[tuple[float, float, int]]:
        """Return latitude and longitude of the centre of each cell, and its number of pictures.

        Cells with few pictures come first.
        """
        size = self.degrees
        cells = sorted(self.cells.items(), key=lambda cell: cell[1])
        return [((north + 0.5) * size, (east + 0.5) * size, count) for (north, east), count in cells]

    @property
    def total(self) -> int:
        """Number of all pictures counted."""
        return self.cells.total()

    def _enlarge_cells(self) -> None:
        """Merge each square of 2 by 2 cells to one cell."""
        cells: Counter[tuple[int, int]] = Counter()
        for (north, east), count in self.cells.items():
            cells[north // 2, east // 2] += count
        self.cells, self.degrees = cells, self.degrees * 2


class Causes:
    """Counts problems by cause, and stores the first `EXAMPLES` files of each cause."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}
        """Paths of example files below their sources, by cause."""

    def add(self, cause: str, path: str) -> None:
        """Count the file at `path` (below its source) as a problem with this cause."""
        if cause not in self.counts and len(self.counts) >= MAX_CAUSES:
            cause = OTHER_CAUSES
        self.counts[cause] += 1
        examples = self.examples.setdefault(cause, [])
        if len(examples) < EXAMPLES:
            examples.append(path)


class RunStats:
    """Statistics of one run or preview. One thread adds records; any thread may read."""

    def __init__(self) -> None:
        self.file_months: Counter[Month] = Counter()
        """Number of pictures by the month of the modification time that the file has in the export."""
        self.capture_months: Counter[Month] = Counter()
        """Number of pictures by the month in which they were taken. Pictures of unknown date are not counted."""
        self.points = PointCounts()
        self.formats: Counter[str] = Counter()
        """Number of files by format."""
        self.bytes: Counter[str] = Counter()
        """Size of the files in bytes by format."""
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """Number of files by (format, outcome)."""
        self.people: Counter[str] = Counter()
        """Number of pictures of each person, by the name of the person."""
        self.zones: Counter[str] = Counter()
        """Number of pictures by the origin of their time zone (`CaptureTime.zone`)."""
        self.rules: Counter[str] = Counter()
        """Number of pictures by the rule that matched their sidecar."""
        self.conflicts: Counter[tuple[str, str]] = Counter()
        """Number of conflicts by (unit or tag, kind)."""
        self.failures = Causes()
        self.warnings = Causes()
        self.unmatched = Causes()
        self._file_month, self._capture_month = _MonthCache(), _MonthCache()

    def add(self, record: Record) -> None:
        """Count one record.

        Media with the outcome `excluded` or `duplicate` count only as problems, not as pictures. Records of JSON files
        and of other files are ignored.
        """
        if not isinstance(record, Outcome):
            return
        plan, match = record.plan, record.plan.match
        media, sidecar = match.media, match.sidecar
        self._count_problems(record, media)
        if record.outcome in ("excluded", "duplicate"):
            return
        name = format_of(record)
        self.formats[name] += 1
        self.outcomes[name, record.outcome] += 1
        self.bytes[name] += media.size
        self.file_months[self._file_month.of(media.mtime_ns // 1_000_000_000)] += 1
        seconds = local_time(record)
        if seconds is not None:
            self.capture_months[self._capture_month.of(seconds)] += 1
        if match.capture_time is not None:
            self.zones[match.capture_time.zone] += 1
        if match.rule is not None and match.json is not None:
            self.rules[match.rule] += 1
        for conflict in plan.conflicts:
            self.conflicts[conflict.unit or conflict.tag, conflict.kind] += 1
        if (point := point_of(record)) is not None:
            self.points.add(point)
        if sidecar is not None and sidecar.people:
            self._count_people(sidecar)

    def _count_people(self, sidecar: Sidecar) -> None:
        for name in sidecar.names:
            if name in self.people or len(self.people) < MAX_PEOPLE:
                self.people[name] += 1

    def _count_problems(self, outcome: Outcome, media: MediaFile) -> None:
        plan = outcome.plan
        if outcome.outcome == "failed":
            self.failures.add(outcome.reason or plan.reason or "failed", media.path)
        elif outcome.outcome == "unmatched":
            self.unmatched.add(unmatched_cause(outcome), media.path)
        for warning in dict.fromkeys((*plan.warnings, *outcome.warnings)):
            self.warnings.add(warning.partition(":")[0], media.path)


def unmatched_cause(outcome: Outcome) -> str:
    """Return why a file has no sidecar, as `RunStats.unmatched` counts it."""
    plan = outcome.plan
    return (outcome.reason or plan.reason or plan.match.reason).partition(":")[0] or NO_SIDECAR


def format_of(outcome: Outcome) -> str:
    """Return the format of a media file: by its content if it was read, else by its extension; "" if unknown."""
    match = outcome.plan.match
    if match.metadata is not None:
        return match.metadata.format
    return _BY_EXTENSION.get(match.media.name.rpartition(".")[2].lower(), "")


_BY_EXTENSION: dict[str, str] = {}
for _format in FORMATS.values():
    for _extension in _format.extensions:
        _BY_EXTENSION.setdefault(_extension[1:], _format.name)


def point_of(outcome: Outcome) -> GeoPoint | None:
    """Return where the picture was taken: the point in the sidecar, else the point in the file; None if unknown."""
    match = outcome.plan.match
    point = match.sidecar.point if match.sidecar is not None else None
    if point is None and match.metadata is not None and match.metadata.tags:
        point = file_point(match.metadata.tags)
    return point


class _MonthCache:
    """Converts times to months. It caches the month of the last day, because successive pictures often have one day."""

    def __init__(self) -> None:
        self._begin, self._end, self._month = 0, 0, 0

    def of(self, seconds: int) -> Month:
        """Return the month of a time in seconds since 1970."""
        if not self._begin <= seconds < self._end:
            self._set_day(seconds)
        return self._month

    def _set_day(self, seconds: int) -> None:
        date = time.gmtime(min(max(seconds, -62_000_000_000), 250_000_000_000))
        self._begin = seconds - seconds % 86_400
        self._end = self._begin + 86_400
        self._month = date.tm_year * 12 + date.tm_mon - 1
