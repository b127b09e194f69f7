"""Match the media and the sidecars of one Folder: first by predicted names, then by weaker and weaker rules.

A rule assigns a sidecar to a picture only if the sidecar fits no other picture, and the picture no other sidecar. Files
that a stronger rule matched are left out. The matcher never guesses: if two sidecars fit a picture equally well, it
reports this as ambiguous. docs/matching.md explains each rule.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from pef_tui.hooks import OpenMedia
from pef_tui.model import Album, Folder, Match, MediaFile
from pef_tui.takeout import title_collisions
from pef_tui.takeout.companions import STILLS, VIDEOS, Companions
from pef_tui.takeout.match_state import Assignment, MatchState, SidecarGroup
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

Keys = Iterable[str]

VIDEO_MARK = "\ue000"
"""Prefix of keys that only videos share. Folding (lower case, NFC) keeps it: it is a private-use character."""

PREFIX_UNITS = 40
"""Shortest common beginning, in UTF-16 units, by which the rule `prefix` matches names. No tool cuts shorter."""


def match_folder(folder: Folder, open_media: OpenMedia | None = None) -> Iterator[Match]:
    """Yield a Match for each media file. Also yield one for each file of `folder.other` that a strict rule proves to be
    media.

    `open_media`: opens live videos whose names do not identify their stills; None to read no files. The result does not
    depend on the order of the files, or on which source has which file.
    """
    state = MatchState(folder)
    _apply_exact(state)
    companions = Companions(state, open_media)
    if state.unmatched or state.other_files:
        _apply_weaker(state, companions)
    companions.link_live_pairs()
    yield from _matches(state)


def _apply_exact(state: MatchState) -> None:
    """Match each sidecar that has the name that Google gives: predict its media names, and look for these files.

    Two cut names may be equal (collide). Such names are resolved first, because the prediction finds the wrong picture
    for them.
    """
    state.assign(title_collisions.RULE, title_collisions.resolve_collisions(state))
    candidates = []
    for group in state.groups:
        if group.strict and not group.is_used:
            for name in media_names(*group.reading):
                if name in state.media or name in state.other_files:
                    candidates.append((group, (name,)))
                    break
    state.assign("exact", candidates)


def _apply_weaker(state: MatchState, companions: Companions) -> None:
    """Apply the rules that are weaker than the exact prediction, in order.

    Companions (videos and edited copies) share the sidecar of their picture. So they are matched again after each group
    of rules. Rules for other extensions run after the videos: `X.MOV` may get the sidecar of `X.HEIC` as a live video
    first. The rules for cut names run last, because they compare only the beginning of names.
    """
    for rule in STRONG_RULES:
        rule.apply(state)
    companions.match_videos()
    for rule in OTHER_EXTENSION_RULES:
        rule.apply(state)
    companions.match_videos()
    companions.match_edited()
    matched_before = len(state.assignments)
    for cut_rule in CUT_NAME_RULES:
        cut_rule.apply(state)
    if len(state.assignments) > matched_before:
        companions.match_videos()
        companions.match_edited()


class MatchRule(NamedTuple):
    """A rule that matches a media file and a sidecar by a key, such as a folded name, if no other file has that key."""

    name: str
    media_keys: Callable[[str], Keys]
    group_keys: Callable[[SidecarGroup], Keys]
    includes_other: bool = False
    """Whether the rule may match a file of `folder.other`. The match proves that the file is media."""

    def apply(self, state: MatchState) -> None:
        """Match the media and sidecars that no earlier rule has used, and record the results in `state`."""
        unused = state.unused
        if not unused:
            return
        index: dict[str, list[str]] = {}
        for name in state.unmatched:
            for key in self.media_keys(name):
                index.setdefault(key, []).append(name)
        if self.includes_other:
            for name in state.other_files.keys() - state.assignments.keys():
                index.setdefault(name, []).append(name)
        state.assign(self.name, self._candidates(unused, index) if index else ())

    def _candidates(
        self, unused: list[SidecarGroup], index: dict[str, list[str]]
    ) -> Iterator[tuple[SidecarGroup, Sequence[str]]]:
        for group in unused:
            names = {name for key in self.group_keys(group) for name in index.get(key, ())}
            if names:
                yield group, _one_still(names)


def _one_still(names: set[str]) -> Sequence[str]:
    """Return only the still if `names` has one still, and otherwise only videos; else all names, sorted.

    The videos get the sidecar of the still later.
    """
    if len(names) > 1:
        stills = [name for name in names if split(name)[1].lower() not in VIDEOS]
        if len(stills) == 1:
            return stills
    return sorted(names)


def _same_name(name: str) -> Keys:
    return (name,)


def _from_json_name(group: SidecarGroup) -> Keys:
    return media_names(*group.name_reading)


def _from_title(group: SidecarGroup) -> Keys:
    return [name for reading in group.readings for name in media_names(*reading)]


def _start(name: str) -> Keys:
    """Return the first SIDECAR_UNITS units of a media name, with its counter, as a cut sidecar name has them.

    Empty for a shorter name: the name of its sidecar is not cut.
    """
    title, counter = uncount_media(name)
    return (counted(cut(title, SIDECAR_UNITS), counter),) if units(title) > SIDECAR_UNITS else ()


def _cut_base(group: SidecarGroup) -> Keys:
    return (
        (counted(*group.name_reading),)
        if units(group.name_reading.title) in (SIDECAR_UNITS, SIDECAR_UNITS + 1)
        else ()
    )


def _all_readings(group: SidecarGroup) -> Iterator[Reading]:
    """Yield the readings (title and counter) of a sidecar, also with the title in NFC and HTML-unescaped.

    Such a title has another length, so Google cuts the file name at another character.
    """
    for title, counter in group.readings:
        yield Reading(title, counter)
        if not title.isascii():
            yield Reading(composed(title), counter)
        if "&" in title:
            yield Reading(html.unescape(title), counter)


def _folding(fold: Callable[[str], str]) -> tuple[Callable[[str], Keys], Callable[[SidecarGroup], Keys]]:
    """Return `media_keys` and `group_keys` of a rule that compares names after `fold`."""

    def media_keys(name: str) -> Keys:
        return (fold(name),)

    def group_keys(group: SidecarGroup) -> Keys:
        return {fold(name) for reading in _all_readings(group) for name in media_names(*reading)}

    return media_keys, group_keys


def _stem(name: str) -> Keys:
    return (split(name)[0],)


def _plain_stem(name: str) -> Keys:
    return (plain(split(name)[0]),)


def _other_stem(name: str) -> Keys:
    """Return the keys of a media file that may have another extension than the title of its sidecar: its stem.

    A video or animation also gets the stem with VIDEO_MARK: sidecars of videos have only keys with this mark.
    """
    stem, extension = split(name)
    return (stem, VIDEO_MARK + stem) if extension.lower() in VIDEOS | {".gif"} else (stem,)


def _plain_other_stem(name: str) -> Keys:
    return map(plain, _other_stem(name))


def _whole_title(group: SidecarGroup) -> Keys:
    """Return the stems of a media file whose name is the title and an added extension.

    Examples: the title `a.jpg` of the file `a.jpg.png`, and the title `a` of the file `a.png`.
    """
    keys: set[str] = set()
    for reading in _all_readings(group):
        keys.update(stems(*reading), media_names(*reading))
    return keys


def _title_stem(group: SidecarGroup) -> Keys:
    """Return the keys of a sidecar whose media file may have another extension than its title: the stem of the title.

    The stem of a still may match a video (live photos). The stem of a video has the prefix VIDEO_MARK, and matches only
    videos and animations: a still with the same counter is another picture.
    """
    keys: set[str] = set()
    for title, counter in _all_readings(group):
        stem, extension = split(title)
        if extension.lower() in STILLS:
            keys.update(stems(stem, counter))
        elif extension.lower() in VIDEOS:
            keys.update(VIDEO_MARK + name for name in stems(stem, counter))
    return keys


def _plainly(keys: Callable[[SidecarGroup], Keys]) -> Callable[[SidecarGroup], Keys]:
    return lambda group: {plain(key) for key in keys(group)}


STRONG_RULES = (
    MatchRule("json-name", _same_name, _from_json_name, includes_other=True),
    MatchRule("json-name", _start, _cut_base),
    MatchRule("title", _same_name, _from_title, includes_other=True),
    MatchRule("unicode", *_folding(composed)),
    MatchRule("case", *_folding(folded)),
    MatchRule("characters", *_folding(plain)),
    MatchRule("extension-added", _stem, _whole_title),
    MatchRule("extension-added", _plain_stem, _plainly(_whole_title)),
)
OTHER_EXTENSION_RULES = (
    MatchRule("extension-other", _other_stem, _title_stem),
    MatchRule("extension-other", _plain_other_stem, _plainly(_title_stem)),
)


class CutNameRule(NamedTuple):
    """A rule for cut names. It compares all files of the folder, also those that are already matched."""

    name: str
    candidates: Callable[[MatchState], Iterator[tuple[SidecarGroup, Sequence[str]]]]

    def apply(self, state: MatchState) -> None:
        """Match the media and sidecars that no earlier rule has used, and record the results in `state`."""
        if state.unmatched and state.unused:
            state.assign(self.name, self.candidates(state))


def _counter_lost(state: MatchState) -> Iterator[tuple[SidecarGroup, Sequence[str]]]:
    """Yield each sidecar and its picture if only one of them has a counter, because cut names collided.

    Google cuts sidecars at 46 units and pictures at 51, and numbers them separately. There are two cases:

    - The picture has the counter. Its name has the largest length, and only one picture and one sidecar have this cut
      name.
    - The sidecar has the counter, because another title begins with the same 46 units.
    """
    pictures: dict[str, list[str]] = {}
    for name in state.media:
        pictures.setdefault(uncount_media(name).title, []).append(name)
    groups: dict[str, list[SidecarGroup]] = {}
    bases: dict[str, set[str]] = {}
    for group in state.groups:
        if group.strict and units(group.reading.title) > SIDECAR_UNITS:
            groups.setdefault(media_name(group.reading.title, 0), []).append(group)
            bases.setdefault(cut(group.reading.title, SIDECAR_UNITS), set()).add(group.reading.title)
    unmatched = set(state.unmatched)
    for title, same in groups.items():
        names = pictures.get(title, [])
        if len(same) == 1 and len(names) == 1 and not same[0].is_used and names[0] in unmatched:
            reading, counter = same[0].reading, uncount_media(names[0]).counter
            titles_collide = len(bases[cut(reading.title, SIDECAR_UNITS)]) > 1
            picture_counted = counter and not reading.counter and units(title) >= MEDIA_UNITS
            if picture_counted or (titles_collide and reading.counter and not counter):
                yield same[0], names


def _same_start(state: MatchState) -> Iterator[tuple[SidecarGroup, Sequence[str]]]:
    """Yield each sidecar and its picture if another tool than Google's has cut one of their names.

    The longer name begins with the shorter one, and no other file has the same first PREFIX_UNITS units.
    """
    pictures: dict[tuple[str, int], list[str]] = {}
    for name in state.unmatched:
        title, counter = uncount_media(name)
        if units(title) >= PREFIX_UNITS and name not in state.mains:
            pictures.setdefault((cut(plain(title), PREFIX_UNITS), counter), []).append(name)
    groups: dict[tuple[str, int], list[SidecarGroup]] = {}
    for group in state.unused if pictures else ():
        title, counter = group.reading if group.reading.title else group.name_reading
        if units(title) >= PREFIX_UNITS:
            groups.setdefault((cut(plain(title), PREFIX_UNITS), counter), []).append(group)
    for key, same in groups.items():
        names = pictures.get(key, [])
        if len(same) == 1 and len(names) == 1:
            title = plain(same[0].reading.title or same[0].name_reading.title)
            stem = plain(split(uncount_media(names[0]).title)[0])
            if title.startswith(stem) or stem.startswith(split(title)[0]):
                yield same[0], names


CUT_NAME_RULES = (CutNameRule("counter", _counter_lost), CutNameRule("prefix", _same_start))


def _matches(state: MatchState) -> Iterator[Match]:
    album = state.folder.album
    for media in state.folder.media:
        yield _match(state, media, state.assignments.get(media.path.rpartition("/")[2]), album)
    for name in sorted(state.other_files.keys() & (state.assignments.keys() | state.mains.keys())):
        for media in state.other_files[name]:
            yield _match(state, media, state.assignments.get(name), album)


def _match(state: MatchState, media: MediaFile, assignment: Assignment | None, album: Album | None) -> Match:
    path, name = state.folder.path, media.path.rpartition("/")[2]
    if assignment is None:
        reason = state.doubts.get(name, "no sidecar")
        return Match(media, path, reason=reason, main=state.mains.get(name, ""), album=album)
    file = assignment.choose_file(media)
    if file is None:
        reason = f"ambiguous: {assignment.groups[0].name} differs between sources"
        return Match(media, path, reason=reason, main=assignment.main, album=album)
    return Match(media, path, file.sidecar, file, assignment.rule, "", assignment.main, album)
