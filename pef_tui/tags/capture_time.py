"""Find out when each media file was taken: the stage that fills `Match.capture_time`.

A capture time consists of the instant and the UTC offset of local time.
"""

from __future__ import annotations

from bisect import bisect
from collections import deque
from collections.abc import Callable, Iterator
from itertools import groupby
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from pef_tui.model import CaptureTime, Match
from pef_tui.settings import Settings
from pef_tui.tags.capture_evidence import (
    DateInName,
    Evidence,
    camera_setting,
    collect_evidence,
    resolve_from_file,
)
from pef_tui.tags.time_zones import machine_offset, zone_by_name

LOOK_AHEAD = 2048
"""Largest number of Matches (some 2 MB) that wait because one of them needs the zone of a neighbour."""

NEAR = 12 * 3600.0
"""Longest time in seconds between a file of unknown zone and the neighbour whose zone it gets."""

PendingMatch = tuple[Match, CaptureTime | Evidence | None]


def stage(settings: Settings, date_in_name: DateInName) -> Callable[[Iterator[Match]], Iterator[Match]]:
    """Return the stage that fills `Match.capture_time`. `date_in_name`: reads the date in a file's name.

    Raises ValueError, with a message of one line, if `settings.timezone` is no zone.
    """
    option = zone_by_name(settings.timezone) if settings.timezone else None

    def fill_capture_time(matches: Iterator[Match]) -> Iterator[Match]:
        for _, folder in groupby(matches, key=_folder):
            yield from _fill_folder(folder, option, date_in_name)

    return fill_capture_time


def _folder(match: Match) -> str:
    return match.folder


def _fill_folder(
    folder: Iterator[Match], option: ZoneInfo | None, date_in_name: DateInName
) -> Iterator[Match]:
    """Yield the Matches of one folder in order, with their capture times.

    A Match without evidence of its zone waits: it may get the zone of a later Match. The following Matches wait too,
    until the rest of the folder was seen, or until more than `LOOK_AHEAD` Matches wait. `option`: zone of `--timezone`;
    None if not set.
    """
    neighbours = NearbyTimes()
    pending: deque[PendingMatch] = deque()
    for match in folder:
        evidence = collect_evidence(match, date_in_name)
        answer = resolve_from_file(evidence) if evidence is not None else None
        if answer is not None and evidence is not None and not evidence.shared and not evidence.contradicted:
            neighbours.add(answer, evidence.camera)
        if pending or (evidence is not None and answer is None):
            pending.append((match, answer or evidence))
            if len(pending) > LOOK_AHEAD:
                yield from _release(pending, neighbours, option)
        else:
            yield replace(match, capture_time=answer)
    while pending:
        yield from _release(pending, neighbours, option)


def _release(
    pending: deque[PendingMatch], neighbours: NearbyTimes, option: ZoneInfo | None
) -> Iterator[Match]:
    """Remove the first Matches from `pending`, and yield them with their capture times.

    The first one gets its zone from its context (`_resolve_by_context`). The following ones are yielded up to the next
    Match of unknown zone.
    """
    match, evidence = pending.popleft()
    yield replace(
        match,
        capture_time=_resolve_by_context(evidence, neighbours, option)
        if isinstance(evidence, Evidence)
        else evidence,
    )
    while pending and not isinstance(pending[0][1], Evidence):
        match, answer = pending.popleft()
        yield replace(match, capture_time=answer)


def _resolve_by_context(evidence: Evidence, neighbours: NearbyTimes, option: ZoneInfo | None) -> CaptureTime:
    """Return the capture time of a file without evidence of its zone.

    The first known zone counts. Order: zone of a neighbour (a file of the folder, taken within 12 hours), the camera's
    setting, `option` (`--timezone`), the machine's zone. The machine's zone is used only with Google's time. Otherwise
    the offset stays unknown.
    """
    offset = neighbours.nearest(evidence)
    if offset is not None:
        return evidence.to_capture_time(offset, "neighbour")
    offset = next(camera_setting(evidence), None)
    if offset is not None:
        return evidence.to_capture_time(offset, "maker")
    if option is not None:
        return evidence.to_capture_time(evidence.offset_in(option), "option")
    if evidence.source == "sidecar" and evidence.instant is not None:
        offset = machine_offset(evidence.instant)
        return evidence.to_capture_time(
            machine_offset(evidence.to_capture_time(offset, "assumed").instant), "assumed"
        )
    return evidence.to_capture_time(None, "")


class NearbyTimes:
    """The capture times with known zones in one folder: for all files, and for each camera.

    Files from other people are left out: they were taken somewhere else.
    """

    def __init__(self) -> None:
        self._unsorted: list[tuple[CaptureTime, str]] = []
        """Times that are not sorted yet. In most folders no file needs them, so they are sorted on first use."""
        self._all_times = _SortedTimes()
        self._by_camera: dict[str, _SortedTimes] = {}

    def add(self, capture_time: CaptureTime, camera: str = "") -> None:
        """Add the capture time of a file. `camera`: make and model of its camera; "" if unknown."""
        self._unsorted.append((capture_time, camera))

    def _sort_new(self) -> None:
        for capture_time, camera in self._unsorted:
            if capture_time.offset is None:
                continue
            self._all_times.add(capture_time.instant, capture_time.offset)
            if camera:
                self._by_camera.setdefault(camera, _SortedTimes()).add(
                    capture_time.instant, capture_time.offset
                )
        self._unsorted.clear()

    def nearest(self, evidence: Evidence) -> int | None:
        """Return the offset in minutes of the file taken nearest in time to `evidence`; None if unknown.

        Files of the same camera have priority. Files taken more than 12 hours before or after are ignored.
        """
        self._sort_new()
        same_camera = self._by_camera.get(evidence.camera) if self._by_camera and evidence.camera else None
        offset = same_camera.nearest(evidence) if same_camera is not None else None
        return self._all_times.nearest(evidence) if offset is None else offset


class _SortedTimes:
    """Capture times with their offsets in minutes: one list sorted by instant, and one by local clock time."""

    def __init__(self) -> None:
        self._by_instant: list[tuple[float, int]] = []
        self._by_clock: list[tuple[float, int]] = []

    def add(self, instant: float, offset: int) -> None:
        _insert(self._by_instant, (instant, offset))
        _insert(self._by_clock, (instant + offset * 60, offset))

    def nearest(self, evidence: Evidence) -> int | None:
        """Return the offset in minutes of the time nearest to the time of `evidence`; None if none is within 12 hours.

        Times are compared by instant. If the instant of `evidence` is unknown, or if Google read the clock as UTC, they
        are compared by local clock time.
        """
        if evidence.instant is None:
            return _nearest(self._by_clock, evidence.seconds)
        return _nearest(self._by_clock if evidence.read_as_utc else self._by_instant, evidence.instant)


def _insert(times: list[tuple[float, int]], moment: tuple[float, int]) -> None:
    """Insert `moment` into the sorted list `times`, unless the list has it.

    Most moments are appended: sorted by name, files are nearly always in the order of their times.
    """
    at = bisect(times, moment)
    if not at or times[at - 1] != moment:
        times.insert(at, moment)


def _nearest(times: list[tuple[float, int]], moment: float) -> int | None:
    at = bisect(times, (moment, 0))
    near = [
        (abs(time - moment), offset)
        for time, offset in times[max(at - 1, 0) : at + 1]
        if abs(time - moment) <= NEAR
    ]
    return min(near)[1] if near else None
