"""What a join needs to prove where the files of a Folder come from several sources.

A sidecar that is beside its own picture belongs to nothing else of another source: not to other bytes of that name, and
not to a film that merely has the still's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pef_tui.formats.moments import film_facts, still_identifier
from pef_tui.model import EPOCH, JsonFile, Match, MediaFile, Sidecar, Stamp
from pef_tui.run.digests import OpenMedia
from pef_tui.run.exports import Digests, Exports, FileId
from pef_tui.takeout.companions import LIVE_FILMS
from pef_tui.takeout.elsewhere import gist
from pef_tui.takeout.live import LIVE_SECONDS
from pef_tui.takeout.names import composed, split

LIVE = "live"
"""Rule that joins a film with the sidecar of its still."""

MOTION = "motion"
"""The same for the film of a motion photo, whose name tells a moment by itself."""


class Claimed:
    """The Matches of a Folder whose files come from several sources, and which of them hold."""

    def __init__(
        self, matches: Sequence[Match], exports: Exports, digests: Digests, open_media: OpenMedia
    ) -> None:
        self._matches = matches
        self._exports = exports
        self._digests = digests
        self._open_media = open_media
        self._of_json: dict[FileId, list[Match]] = {}
        for match in matches:
            if match.json is not None:
                self._of_json.setdefault((match.json.root, match.json.path), []).append(match)

    def proved(self) -> list[Match]:
        """The Matches, without the sidecars of those that cannot be shown to have them."""
        lost: dict[FileId, str] = {}
        for same in self._of_json.values():
            for match in self._of_others(same):
                name = match.json.name if match.json else ""
                lost[_id(match.media)] = f"{name} belongs to the other {match.media.name}"
                if not any(map(self._beside, same)):
                    lost[_id(match.media)] = f"ambiguous: {name} fits files of several sources"
            for match in same:
                if not self._is_near(match) and not self._is_its_film(match, same):
                    lost[_id(match.media)] = "the film is in another source than its still, of another moment"
        return [
            replace(match, sidecar=None, json=None, rule=None, main="", reason=lost[_id(match.media)])
            if _id(match.media) in lost
            else match
            for match in self._matches
        ]

    def _of_others(self, same: Sequence[Match]) -> Iterable[Match]:
        """Of those joined with one sidecar, what is of another picture than the one beside it."""
        names: dict[str, list[Match]] = {}
        for match in same:
            names.setdefault(composed(match.media.name), []).append(match)
        mixed = any(
            self._digests.differ(group[0].media, other.media)
            for group in names.values()
            for other in group[1:]
        )
        if not mixed:
            return []
        own = [match for match in same if self._beside(match)]
        return [
            match
            for match in same
            if not any(one is match or self._digests.same(one.media, match.media) for one in own)
        ]

    def _beside(self, match: Match) -> bool:
        """Is the sidecar in the directory of the file?"""
        json, media = match.json, match.media
        return (
            json is not None
            and json.root == media.root
            and json.path.rpartition("/")[0] == media.path.rpartition("/")[0]
        )

    def _is_near(self, match: Match) -> bool:
        """Are file and sidecar of one export for sure, or is it no film?"""
        if match.rule not in (LIVE, MOTION) or match.json is None:
            return True
        if match.rule == LIVE and split(match.media.name)[1].lower() not in LIVE_FILMS:
            return True
        exports, folder = self._exports, match.folder
        return exports.key(match.media, folder) == exports.key(match.json, folder)

    def _is_its_film(self, match: Match, same: Sequence[Match]) -> bool:
        """Does a film say that it belongs to the still of its sidecar?"""
        try:
            with self._open_media(match.media) as stream:
                facts = film_facts(stream)
            for still in same:
                if facts.identifier and still.media.name == match.main:
                    with self._open_media(still.media) as stream:
                        if (identifier := still_identifier(stream)) and identifier != facts.identifier:
                            return False
                        if identifier:
                            return True
        except OSError:
            return False
        if match.rule == MOTION and facts.created is None:
            return True
        taken = match.sidecar.taken if match.sidecar is not None else None
        return taken is not None and facts.created is not None and abs(taken - facts.created) <= LIVE_SECONDS


# -- one picture in several exports


class _Changed(Struct, frozen=True, rename="camel"):
    """What tells the age of a sidecar: later exports count more views and later changes."""

    modification_time: Stamp | None = None
    photo_last_modified_time: Stamp | None = None
    image_views: str | int | None = None


_changed = msgspec.json.Decoder(_Changed)


def newest_for(same: Sequence[Match], exports: Exports, open_media: OpenMedia) -> list[Match]:
    """Media of equal name and bytes, all with the sidecar of the newest export; told where older ones differ."""
    joined = [match for match in same if match.json is not None and match.sidecar is not None]
    if not joined:
        return list(same)
    best = _newest(joined, exports, open_media)
    others = {
        gist(match.sidecar): f"{match.json.path} says otherwise ({_differences(match.sidecar, best.sidecar)})"
        for match in joined
        if match.sidecar and match.json and best.sidecar and gist(match.sidecar) != gist(best.sidecar)
    }
    doubts = tuple(f"conflict between exports: the older {text}" for _, text in sorted(others.items()))
    return [
        replace(
            match,
            sidecar=best.sidecar,
            json=best.json,
            rule=best.rule,
            reason="",
            main=best.main,
            doubts=doubts,
        )
        for match in same
    ]


def _newest(matches: list[Match], exports: Exports, open_media: OpenMedia) -> Match:
    """By the stamps of the exports; else by what the sidecars say of changes and views, by naming, by file time."""

    def of_content(match: Match) -> tuple[float, int]:
        return _age(match.json, open_media) if match.json else (0.0, -1)

    def naming(match: Match) -> int:
        return int(match.json is not None and ".s" in match.json.name[len(match.media.name) :])

    ways: tuple[Callable[[Match], object], ...] = (
        lambda match: exports.stamp(match.json, match.folder) if match.json else "",
        of_content,
        naming,
        lambda match: match.json.mtime_ns if match.json else 0,
        lambda match: (match.sidecar.taken or 0.0, gist(match.sidecar)) if match.sidecar else (0.0, ""),
    )
    for way in ways:
        if len({gist(match.sidecar) for match in matches if match.sidecar}) == 1:
            break
        ages = [way(match) for match in matches]
        if not all(ages) and way is ways[0]:
            continue
        latest = max(ages)  # type: ignore[type-var]
        matches = [match for match, age in zip(matches, ages, strict=True) if age == latest]
    return min(matches, key=lambda match: (match.media.root, match.media.path))


def _age(file: JsonFile, open_media: OpenMedia) -> tuple[float, int]:
    try:
        with open_media(MediaFile(file.root, file.path, file.size, file.mtime_ns)) as stream:
            said = _changed.decode(stream.read(file.size).removeprefix(b"\xef\xbb\xbf"))
        views = int(said.image_views or 0)
    except (OSError, ValueError):
        return 0.0, 0
    stamps = (said.modification_time, said.photo_last_modified_time)
    return max((stamp.seconds or 0.0) for stamp in (*stamps, Stamp()) if stamp is not None), views


def _differences(old: Sidecar, new: Sidecar | None) -> str:
    """What an older sidecar says: the date where that differs, else the names of the fields that do."""
    if new is None or old.taken != new.taken:
        return f"taken {_date(old.taken)}"
    fields = [name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name)]
    return "another " + ", ".join(name.replace("_", " ") for name in fields if name != "url")


def _date(taken: float | None) -> str:
    if taken is None:
        return "at no known time"
    try:
        return (EPOCH + timedelta(seconds=taken)).strftime("%Y-%m-%d %H:%M:%S UTC")
    except OverflowError:
        return f"at {taken:.0f} s"


def _id(media: MediaFile) -> FileId:
    return media.root, media.path
