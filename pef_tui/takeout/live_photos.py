"""Find the still of a live video if the name of the video does not identify it.

A live photo is a still and a short video. Google numbers videos and stills separately. So `X(1).HEIC` may have the
video `X.MP4`; `X.HEIC` and `X.JPG` have the videos `X.MP4` and `X(1).MP4`. In these cases the time inside the video
decides, or the identifier that Apple writes into both files. Videos are read only in these cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, TypeVar

from pef_tui.formats.live_video import VideoFacts, read_still_identifier, read_video_facts
from pef_tui.hooks import OpenMedia
from pef_tui.takeout.match_state import MatchState
from pef_tui.takeout.naming import plain, split, uncount_media

LIVE_SECONDS = 3
"""Largest difference, in seconds, between the times of the video and the still of one live photo."""

Result = TypeVar("Result")


class LiveGroup:
    """Stills and videos whose names differ only in counter and extension, such as `X(1).HEIC` and `X.MP4`."""

    def __init__(self, stills: list[str], videos: list[str]) -> None:
        self.stills = stills
        self.videos = videos

    @property
    def is_plain(self) -> bool:
        """Whether the name of each video identifies its still: there is one still, and all videos have its stem."""
        return len(self.stills) == 1 and all(_stem(video) == _stem(self.stills[0]) for video in self.videos)


class LivePairs:
    """Pairs videos and stills of one Folder by their content, if names do not identify the pairs."""

    def __init__(
        self, state: MatchState, stills: frozenset[str], videos: frozenset[str], open_media: OpenMedia | None
    ) -> None:
        """`stills`, `videos`: extensions of stills and of videos. `open_media`: opens a file; None to read no files."""
        self._state = state
        self._open = open_media
        self._facts: dict[str, VideoFacts] = {}
        self._identifiers: dict[str, str] = {}
        self._groups = {key: group for key, group in _groups(state, stills, videos) if not group.is_plain}

    def group(self, video: str) -> LiveGroup | None:
        """Return the stills and videos whose names differ from `video` only in counter and extension.

        Example: `X(1).HEIC` for `X.MP4`. None if the names identify the pairs: no file must be read then.
        """
        return self._groups.get(_pair_key(video)) if self._groups else None

    def pairs(self, unmatched: Sequence[str], by_name: Callable[[str], str]) -> Iterator[tuple[str, str]]:
        """Yield each video in `unmatched` whose name does not identify its still, and the still ("" if there is none).

        `by_name`: returns the still with the stem of a video; "" if there is none. A video for which it returns "" is
        left out if no other still was found either.
        """
        waiting = set(unmatched)
        for group in self._groups.values():
            videos = [video for video in group.videos if video in waiting]
            if videos:
                yield from self._pair_group(group, videos, by_name)

    def _pair_group(
        self, group: LiveGroup, videos: list[str], by_name: Callable[[str], str]
    ) -> Iterator[tuple[str, str]]:
        possible = {video: self._candidates(video, group.stills) for video in videos}
        proven = {video: stills[0] for video in videos if (stills := self._proven(video, possible[video]))}
        matched_by_name = {
            video: still
            for video in videos
            if video not in proven
            and (still := by_name(video)) in possible[video]
            and still not in proven.values()
        }
        pairs = proven | matched_by_name
        free = [still for still in group.stills if still not in pairs.values()]
        unpaired = [video for video in videos if video not in pairs]
        if len(free) == 1 and len(unpaired) == 1 and self._must_be(unpaired[0], free[0], group):
            pairs[unpaired[0]] = free[0]
        for video in videos:
            if video in pairs or by_name(video):
                yield video, pairs.get(video, "")

    def _candidates(self, video: str, stills: list[str]) -> list[str]:
        """Return the stills that may belong to the video, by the identifier that Apple writes into both files.

        These are the stills with the video's identifier; if there are none, the stills without an identifier. If the
        video has no identifier, these are all stills.
        """
        identifier = self._video_facts(video).identifier
        if not identifier:
            return stills
        identifiers = {still: self._still_identifier(still) for still in stills}
        same = [still for still in stills if identifiers[still] == identifier]
        return same or [still for still in stills if not identifiers[still]]

    def _proven(self, video: str, stills: list[str]) -> list[str]:
        """Return the still that the identifier or the time of the video proves, in a list; [] if none is proven."""
        facts = self._video_facts(video)
        if facts.identifier and len(stills) == 1 and self._still_identifier(stills[0]) == facts.identifier:
            return stills
        fits = [still for still in stills if self._seconds_apart(video, still) <= LIVE_SECONDS]
        return fits if len(fits) == 1 else []

    def _seconds_apart(self, video: str, still: str) -> float:
        """Return the seconds between the time inside the video and the time in the still's sidecar.

        Infinity if one of the times is unknown.
        """
        created, sidecar_time = self._video_facts(video).created, self.sidecar_time(still)
        return (
            abs(created - sidecar_time) if created is not None and sidecar_time is not None else float("inf")
        )

    def _must_be(self, video: str, still: str, group: LiveGroup) -> bool:
        """Return whether the last unpaired video and the last unpaired still belong together, with different counters.

        True only if another still has the same stem, such as `X.HEIC` and `X.JPG`: Google then numbers the videos
        `X.MP4` and `X(1).MP4`. False if the times of both are known: equal times would have paired them before.
        """
        names = [name for name in group.stills if _stem(name) == _stem(still)]
        has_times = self._video_facts(video).created is not None and self.sidecar_time(still) is not None
        return len(names) > 1 and not has_times and still in self._candidates(video, group.stills)

    def sidecar_time(self, name: str) -> float | None:
        """Return the time in the sidecar of the file `name`, in seconds since 1970 (UTC); None if unknown."""
        assignment = self._state.assignments.get(name)
        return assignment.groups[0].sidecar.taken if assignment is not None else None

    def _video_facts(self, name: str) -> VideoFacts:
        if name not in self._facts:
            self._facts[name] = self._read_file(name, read_video_facts, VideoFacts())
        return self._facts[name]

    def _still_identifier(self, name: str) -> str:
        if name not in self._identifiers:
            self._identifiers[name] = self._read_file(name, read_still_identifier, "")
        return self._identifiers[name]

    def _read_file(self, name: str, parse: Callable[[BinaryIO], Result], default: Result) -> Result:
        if self._open is None:
            return default
        try:
            with self._open(self._state.media[name][0]) as stream:
                return parse(stream)
        except OSError:
            return default


def _groups(
    state: MatchState, stills: frozenset[str], videos: frozenset[str]
) -> Iterator[tuple[str, LiveGroup]]:
    """Yield each group of stills and videos whose names differ only in counter and extension, with a key.

    The key is the name without counter and extension, folded by `naming.plain`. A group has a still and a video at
    least.
    """
    by_key: dict[str, list[str]] = {}
    for name in state.media:
        if split(name)[1].lower() in videos:
            by_key.setdefault(_pair_key(name), []).append(name)
    if not by_key:
        return
    still_names: dict[str, list[str]] = {}
    for name in state.media:
        if split(name)[1].lower() in stills and (key := _pair_key(name)) in by_key:
            still_names.setdefault(key, []).append(name)
    for key, names in still_names.items():
        yield key, LiveGroup(sorted(names, key=_shortest), sorted(by_key[key], key=_shortest))


def _pair_key(name: str) -> str:
    return plain(split(uncount_media(name).title)[0])


def _stem(name: str) -> str:
    return plain(split(name)[0])


def _shortest(name: str) -> tuple[int, str]:
    return len(name), name
