"""The stage that fills `Match.taken`: the instant, and the zone of the clocks there."""

from __future__ import annotations

from bisect import bisect
from collections import deque
from collections.abc import Callable, Iterator
from itertools import groupby
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from pef_tui.model import Match, Taken
from pef_tui.settings import Settings
from pef_tui.tags.evidence import DateInName, Evidence, camera_setting, gather, own_answer
from pef_tui.tags.zones import machine_offset, zone_named

LOOK_AHEAD = 2048
"""Matches held back while one of them waits for a neighbour that tells its zone: some 2 MB."""

NEAR = 12 * 3600.0
"""Seconds within which a neighbour in the folder tells the zone."""

Held = tuple[Match, Taken | Evidence | None]


def stage(settings: Settings, date_in_name: DateInName) -> Callable[[Iterator[Match]], Iterator[Match]]:
    """The stage. `date_in_name` reads the date in a file's name.

    Raises ValueError, in one line, where `settings.timezone` is no zone.
    """
    option = zone_named(settings.timezone) if settings.timezone else None

    def fill_taken(matches: Iterator[Match]) -> Iterator[Match]:
        for _, folder in groupby(matches, key=_folder):
            yield from _fill_folder(folder, option, date_in_name)

    return fill_taken


def _folder(match: Match) -> str:
    return match.folder


def _fill_folder(
    folder: Iterator[Match], option: ZoneInfo | None, date_in_name: DateInName
) -> Iterator[Match]:
    """The Matches of one folder, in order; those after an open one wait until its neighbours were seen."""
    neighbours = Neighbours()
    held: deque[Held] = deque()
    for match in folder:
        found = gather(match, date_in_name)
        answer = own_answer(found) if found is not None else None
        if answer is not None and found is not None and not found.shared and not found.contradicted:
            neighbours.add(answer, found.camera)
        if held or (found is not None and answer is None):
            held.append((match, answer or found))
            if len(held) > LOOK_AHEAD:
                yield from _release(held, neighbours, option)
        else:
            yield replace(match, taken=answer)
    while held:
        yield from _release(held, neighbours, option)


def _release(held: deque[Held], neighbours: Neighbours, option: ZoneInfo | None) -> Iterator[Match]:
    """Settle the first that waits, and let go of all behind it that do not."""
    match, found = held.popleft()
    yield replace(match, taken=_settle(found, neighbours, option) if isinstance(found, Evidence) else found)
    while held and not isinstance(held[0][1], Evidence):
        match, answer = held.popleft()
        yield replace(match, taken=answer)


def _settle(found: Evidence, neighbours: Neighbours, option: ZoneInfo | None) -> Taken:
    """When, for a file that does not tell its zone itself."""
    offset = neighbours.nearest(found)
    if offset is not None:
        return found.taken(offset, "neighbour")
    offset = next(camera_setting(found), None)
    if offset is not None:
        return found.taken(offset, "maker")
    if option is not None:
        return found.taken(found.offset_in(option), "option")
    if found.told == "sidecar" and found.instant is not None:
        offset = machine_offset(found.instant)
        return found.taken(machine_offset(found.taken(offset, "assumed").instant), "assumed")
    return found.taken(None, "")


class Neighbours:
    """The moments of one folder whose zone is known, all of them and by camera.

    What came from other people does not belong here: they were elsewhere.
    """

    def __init__(self) -> None:
        self._new: list[tuple[Taken, str]] = []
        """What was added and is not in order yet: in most folders nobody asks for a neighbour."""
        self._all = _Moments()
        self._by_camera: dict[str, _Moments] = {}

    def add(self, taken: Taken, camera: str = "") -> None:
        """One more file whose zone is known. `camera`: its make and model, "" where they are not."""
        self._new.append((taken, camera))

    def _put_in_order(self) -> None:
        for taken, camera in self._new:
            if taken.offset is None:
                continue
            self._all.add(taken.instant, taken.offset)
            if camera:
                self._by_camera.setdefault(camera, _Moments()).add(taken.instant, taken.offset)
        self._new.clear()

    def nearest(self, found: Evidence) -> int | None:
        """The offset of the nearest within 12 hours, one of the same camera before all others."""
        self._put_in_order()
        own = self._by_camera.get(found.camera) if self._by_camera and found.camera else None
        offset = own.nearest(found) if own is not None else None
        return self._all.nearest(found) if offset is None else offset


class _Moments:
    """Moments and their offsets, in order of the instants, and of what clocks there showed."""

    def __init__(self) -> None:
        self._by_instant: list[tuple[float, int]] = []
        self._by_clock: list[tuple[float, int]] = []

    def add(self, instant: float, offset: int) -> None:
        _insert(self._by_instant, (instant, offset))
        _insert(self._by_clock, (instant + offset * 60, offset))

    def nearest(self, found: Evidence) -> int | None:
        """By instant, or by clock where that is all there is: what Google read as UTC is a clock too."""
        if found.instant is None:
            return _nearest(self._by_clock, found.seconds)
        return _nearest(self._by_clock if found.read_as_utc else self._by_instant, found.instant)


def _insert(known: list[tuple[float, int]], moment: tuple[float, int]) -> None:
    """Put it in order, once. Names sort by time nearly always, so it mostly goes to the end."""
    at = bisect(known, moment)
    if not at or known[at - 1] != moment:
        known.insert(at, moment)


def _nearest(known: list[tuple[float, int]], moment: float) -> int | None:
    at = bisect(known, (moment, 0))
    near = [
        (abs(when - moment), offset)
        for when, offset in known[max(at - 1, 0) : at + 1]
        if abs(when - moment) <= NEAR
    ]
    return min(near)[1] if near else None
