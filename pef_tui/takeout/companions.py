"""Match files that share the sidecar of a picture: edited copies, live videos, motion videos."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

from pef_tui.formats.table import extensions_of
from pef_tui.hooks import OpenMedia
from pef_tui.takeout.languages import EDITED, EFFECTS
from pef_tui.takeout.live_photos import LIVE_SECONDS, LivePairs
from pef_tui.takeout.match_state import Assignment, MatchState, SidecarGroup, summarize_names
from pef_tui.takeout.naming import (
    MEDIA_UNITS,
    SIDECAR_UNITS,
    Reading,
    composed,
    counted,
    cut,
    folded,
    media_name,
    media_names,
    plain,
    split,
    stems,
    uncount_media,
    units,
)

HEIC = frozenset((".heic", ".heif"))
"""Extensions of the still in a live photo of an iPhone (a still with a short video).

If several stills have the same stem, the one with such an extension belongs to the live photo.
"""
LIVE_STILLS = HEIC | {".jpg", ".jpeg", ".jpe", ".avif", ".dng"}
STILLS = extensions_of("photo")
LIVE_VIDEOS = frozenset((".mp4", ".mov", ".m4v", ".qt"))
VIDEOS = LIVE_VIDEOS | {
    ".3gp",
    ".3g2",
    ".avi",
    ".mkv",
    ".webm",
    ".mts",
    ".m2ts",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".mp",
    ".mv",
}
MOTION_VIDEOS = frozenset((".mp", ".mv"))
"""Extensions of the videos of motion photos. They are stored beside the stills `X.MP.jpg` and `X.MV.jpg`."""

WORD_LETTERS = 30
"""Longest suffix, in characters, that may mean "edited" in a language that `languages.EDITED` lacks."""

SUFFIXES = frozenset(folded(suffix) for suffix in EDITED + EFFECTS)
"""Suffixes of edited copies, folded (NFC, lower case). In each, the first character is the only dash."""

Item = TypeVar("Item")

_VIDEO_ENDINGS = tuple(sorted(LIVE_VIDEOS))
_MOTION = re.compile(r"\.M[PV](?:~\d+)?", re.IGNORECASE)


class EditBase(NamedTuple):
    """The picture that a video or an edited copy belongs to."""

    main: str
    """Name of the picture. "" if the folder has only the sidecar of the picture, or if the picture is ambiguous."""
    groups: tuple[SidecarGroup, ...]
    """The sidecars of the picture; empty if it has none."""
    doubt: str = ""
    """Why it is unclear which picture is meant; "" if it is clear."""


class NameIndex:
    """Finds pictures of a folder by name, and by stem (the name without its extension).

    A picture exists as a file, or it is predicted: the file is missing, but its sidecar shows its name.
    """

    def __init__(self, state: MatchState) -> None:
        self._state = state

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        return _grouped((plain(name), name) for name in sorted(self._state.media))

    @cached_property
    def _stems(self) -> dict[str, list[str]]:
        return _grouped((plain(split(name)[0]), name) for name in sorted(self._state.media))

    @cached_property
    def _groups(self) -> dict[str, list[SidecarGroup]]:
        return _grouped(
            (name, group)
            for group in self._state.groups
            for name in set(map(plain, media_names(*_title(group))))
        )

    @cached_property
    def _group_stems(self) -> dict[str, list[SidecarGroup]]:
        return _grouped((stem, group) for group in self._state.groups for stem in _predicted_stems(group))

    def by_name(self, name: str) -> EditBase | None:
        """Return the picture with this name, which exists or is predicted; None if there is none.

        If no file has exactly this name, a similar name counts. It differs only in case, Unicode form or replaced
        characters (see `naming.plain`).
        """
        names = [name] if name in self._state.media else self._names.get(plain(name))
        if names:
            return self.from_folder(names)
        return self._predicted(self._groups.get(plain(name), ()))

    def by_stem(self, stem: str, extensions: Container[str]) -> EditBase | None:
        """Return the picture with this stem and one of `extensions`; None if there is none.

        A predicted picture (known only from its sidecar) also counts if its title has no extension, or one that is not
        known as still or video.
        """
        names = [name for name in self._stems.get(plain(stem), ()) if split(name)[1].lower() in extensions]
        if len(names) > 1:
            live = [name for name in names if split(name)[1].lower() in HEIC]
            names = live if len(live) == 1 else [name for name in names if split(name)[0] == stem] or names
        if names:
            return self.from_folder(names)
        groups = self._group_stems.get(plain(stem), ())
        return self._predicted([group for group in groups if _may_be(_extension(group), extensions)])

    def has_stem(self, stem: str) -> bool:
        """Return whether a media file has exactly this stem, in the same case and Unicode form."""
        return any(split(name)[0] == stem for name in self._stems.get(plain(stem), ()))

    def is_of_a_copy(self, base: EditBase, stem: str) -> bool:
        """Return whether the file with this stem is a copy or video of `base`, and not `base` itself.

        `base`: the result of `by_stem` for `stem`.
        """
        names = self._stems.get(plain(stem), ())
        return base.main != "" and bool(names) and base.main not in names

    def unassigned(self, stem: str) -> list[str]:
        """Return the names of the media that have this stem and no sidecar yet."""
        return [name for name in self._stems.get(plain(stem), ()) if name not in self._state.assignments]

    def from_folder(self, names: Sequence[str]) -> EditBase:
        """Return the picture of the existing file in `names`: the file itself, or the picture that it belongs to.

        If `names` has several files, the result has no picture, and states the doubt.
        """
        assignments = [self._state.assignments.get(name) for name in names]
        first = assignments[0]
        if len(names) == 1:
            return EditBase((first and first.main) or names[0], first.groups if first else ())
        return EditBase("", (), f"ambiguous: belongs to one of {summarize_names(names)}")

    def _predicted(self, groups: Sequence[SidecarGroup]) -> EditBase | None:
        if not groups:
            return None
        first = groups[0]
        if all(group.sidecar == first.sidecar for group in groups):
            return EditBase(first.assigned_to, (first,))
        if all(group.name == first.name for group in groups):
            return EditBase(first.assigned_to, tuple(groups))
        return EditBase("", (), f"ambiguous: {summarize_names(sorted(group.name for group in groups))}")


def _grouped(pairs: Iterable[tuple[str, Item]]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return groups


def _title(group: SidecarGroup) -> Reading:
    return group.reading if group.reading.title else group.name_reading


def _extension(group: SidecarGroup) -> str:
    return split(_title(group).title)[1].lower()


def _may_be(extension: str, extensions: Container[str]) -> bool:
    return extension in extensions or (extension not in STILLS and extension not in VIDEOS)


def _predicted_stems(group: SidecarGroup) -> set[str]:
    title, counter = _title(group)
    stem, extension = split(title)
    is_known = extension.lower() in STILLS or extension.lower() in VIDEOS
    return {plain(name) for name in stems(stem if is_known else title, counter)}


class Companions:
    """Assigns the sidecar of a picture to its videos and edited copies, if they have no sidecar of their own."""

    def __init__(self, state: MatchState, open_media: OpenMedia | None = None) -> None:
        self._state = state
        self._index = NameIndex(state)
        self._live_pairs = LivePairs(state, LIVE_STILLS, LIVE_VIDEOS, open_media)

    def match_videos(self) -> None:
        """Match live videos (rule `live`) and motion videos (rule `motion`), even without a video extension."""
        state = self._state
        paired = set()
        for name, still in self._live_pairs.pairs(state.unmatched, self._named_still):
            paired.add(name)
            if still:
                self._share("live", name, self._index.from_folder([still]))
        for name in state.unmatched:
            extension = split(name)[1].lower()
            if extension in LIVE_VIDEOS and name not in paired:
                self._share("live", name, self._live(name))
            if extension not in STILLS and name not in state.assignments:
                self._share("motion", name, self._motion(name))
        for name in sorted(state.other_files.keys() - state.assignments.keys()):
            if not split(name)[1] or _MOTION.fullmatch(split(name)[1]):
                self._share("motion", name, self._motion(name))

    def match_edited(self) -> None:
        """Match copies that were edited in Google Photos (rules `edited`, `edited-cut`, `edited-word`)."""
        for name in self._state.unmatched:
            for rule, base in self._edits(name):
                self._share(rule, name, base)
                if base is not None:
                    break

    def link_live_pairs(self) -> None:
        """Set `Assignment.main` (here the still of a live photo) for videos that have a sidecar of their own."""
        state = self._state
        videos = [
            name for name, assignment in state.assignments.items() if not assignment.main and _is_video(name)
        ]
        for name in videos:
            base = self._index.by_stem(split(name)[0], LIVE_STILLS)
            if base is not None and base.main and self._taken_together(name, base):
                state.assignments[name] = state.assignments[name]._replace(main=base.main)

    def _taken_together(self, video: str, still: EditBase) -> bool:
        """Return whether a video with its own sidecar, and the still with the same stem, are one live photo.

        True if their times differ by at most LIVE_SECONDS. A HEIC still is from an iPhone; then also true if one of the
        times is unknown, or if the names alone identify the pair.
        """
        times = (
            self._live_pairs.sidecar_time(video),
            still.groups[0].sidecar.taken if still.groups else None,
        )
        times_known = [time for time in times if time is not None]
        if len(times_known) == 2 and abs(times_known[0] - times_known[1]) <= LIVE_SECONDS:
            return True
        is_unambiguous = self._live_pairs.group(video) is None or len(times_known) < 2
        return is_unambiguous and split(still.main)[1].lower() in HEIC

    def _named_still(self, video: str) -> str:
        """Return the still in the folder that has the stem of `video`; "" if there is none or several."""
        base = self._index.by_stem(split(video)[0], LIVE_STILLS)
        return base.main if base is not None else ""

    def _share(self, rule: str, name: str, base: EditBase | None) -> None:
        state = self._state
        if base is None:
            return
        if base.doubt:
            state.doubts[name] = base.doubt
        elif base.groups:
            state.assignments[name] = Assignment(base.groups, rule, base.main)
            for group in base.groups:
                group.is_used = True
        elif base.main:
            state.mains[name] = base.main

    def _live(self, name: str) -> EditBase | None:
        return self._one_video(split(name)[0], LIVE_STILLS)

    def _motion(self, name: str) -> EditBase | None:
        """Return the still of a Pixel's motion video; None if there is none.

        Examples: `X.MP` and `X.mp4` belong to `X.MP.jpg`; `X(1).MP` belongs to `X.MP(1).jpg`.
        """
        title, counter = uncount_media(name)
        stem, extension = split(title)
        if extension.lower() in VIDEOS - MOTION_VIDEOS:
            return self._index.by_stem(counted(stem + ".MP", counter), LIVE_STILLS) or self._index.by_stem(
                counted(stem + ".MV", counter), LIVE_STILLS
            )
        base = self._one_video(name, LIVE_STILLS) or (
            self._one_video(counted(title, counter), LIVE_STILLS) if counter else None
        )
        # A file whose name differs only in case or Unicode form is another picture, not the still.
        return None if base is not None and plain(base.main) == plain(name) else base

    def _one_video(self, stem: str, extensions: Container[str]) -> EditBase | None:
        """Return the still with this stem for a video; None if there is none.

        A predicted still (known only from its sidecar) counts only if no file other than the video has this stem.
        """
        base = self._index.by_stem(stem, extensions)
        if base is None or base.main or base.doubt:
            return base
        rivals = self._index.unassigned(stem)
        if any(group.is_used for group in base.groups) or any(not _is_video(name) for name in rivals):
            return None
        if len(rivals) > 1:
            return EditBase("", (), f"ambiguous: {base.groups[0].name} fits {summarize_names(rivals)}")
        return base

    def _edits(self, name: str) -> Iterator[tuple[str, EditBase | None]]:
        """Yield each rule by which `name` may be the name of an edited copy, and the picture that was edited.

        The most reliable rule comes first. The picture is None if the folder does not have it.
        """
        title, counter = uncount_media(composed(name))
        stem, extension = split(title)
        if counter == 1 and units(title) in (MEDIA_UNITS, MEDIA_UNITS - 1):
            yield "edited-cut", self._without_suffix(title, counter)
        base_stem, dash, word = stem.rpartition("-")
        if not dash or not base_stem:
            return
        base_stem = self._in_form_of(name, base_stem, counter)
        if folded(dash + word) in SUFFIXES:
            yield "edited", self._picture(base_stem, counter, extension)
        if MEDIA_UNITS in (units(title), units(title) - 1, units(uncount_media(name).title)):
            tail = folded(dash + word)
            if any(suffix.startswith(tail) for suffix in SUFFIXES):
                yield "edited-cut", self._picture(base_stem, counter, extension)
        if _is_word(word):
            base = self._picture(base_stem, counter, extension, other_extensions=False)
            yield "edited-word", base if base is not None and base.groups else None

    def _in_form_of(self, name: str, stem: str, counter: int) -> str:
        """Return `stem` (of a picture) in the Unicode form of `name` (of a companion of the picture).

        A folder may have two pictures whose names differ only in Unicode form. The result is in NFD if `name` is, and
        if a media file has this NFD stem. `counter`: the counter in `name`, which the media file may have too.
        """
        if name == composed(name):
            return stem
        decomposed = unicodedata.normalize("NFD", stem)
        has_picture = any(self._index.has_stem(counted(decomposed, count)) for count in (counter, 0))
        return decomposed if has_picture else stem

    def _without_suffix(self, title: str, counter: int) -> EditBase | None:
        """Return the picture of an edited copy whose suffix was cut off completely.

        `title`, `counter`: title and counter in the name of the copy. The counter is there instead of the suffix. None
        unless the title of the picture is so long that it is cut too. None if a sidecar has the counter: the file is
        then another picture with its own sidecar.
        """
        base = self._index.by_name(title)
        if base is None or base.main != title or len(base.groups) != 1:
            return None
        group = base.groups[0]
        stem, extension = split(group.reading.title)
        if not group.strict or group.reading.counter or units(stem) < MEDIA_UNITS - units(extension):
            return None
        start = cut(group.reading.title, SIDECAR_UNITS)
        alike = [
            candidate
            for candidate in self._state.groups
            if cut(candidate.reading.title, SIDECAR_UNITS) == start
        ]
        has_next = media_name(title, counter + 1) in self._state.media
        return None if has_next or alike != [group] else base

    def _picture(
        self, stem: str, counter: int, extension: str, other_extensions: bool = True
    ) -> EditBase | None:
        """Return the picture from which the copy with this stem, counter and extension was made; None if there is none.

        A picture with the counter of the copy has priority over the picture without counter. `other_extensions`:
        whether the picture may have another extension than the copy.
        """
        for count in dict.fromkeys((counter, 0)):
            base = self._index.by_name(counted(stem, count) + extension)
            if base is None and other_extensions:
                base = self._index.by_stem(counted(stem, count), STILLS | VIDEOS) if extension else None
                if base is not None and self._index.is_of_a_copy(base, counted(stem, count)):
                    # The file with this stem is itself a copy of `base`. A copy of that copy would have its extension.
                    base = None
            if base is not None:
                return base
        return None


def _is_video(name: str) -> bool:
    return name.lower().endswith(_VIDEO_ENDINGS)


def _is_word(text: str) -> bool:
    """Return whether `text` may mean "edited": it is one or two words of letters, in any script."""
    if not 0 < len(text) <= WORD_LETTERS or text != text.strip() or text.count(" ") > 1:
        return False
    return all(char.isalpha() or char == " " or unicodedata.category(char)[0] == "M" for char in text)
