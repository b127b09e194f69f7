"""Reject uncertain Matches between files of several sources, and choose the newest of several sidecars.

A name alone does not prove that a file belongs to a sidecar of another source:

- The sidecar may have its own picture in its directory. Then it does not belong to a file that has the same name and
  other bytes.
- A video may share only the name with the still. It may be of another moment.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from datetime import timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pef_tui.formats.live_video import read_still_identifier, read_video_facts
from pef_tui.hooks import OpenMedia
from pef_tui.model import EPOCH, FileId, JsonFile, Match, MediaFile, Sidecar, Timestamp, file_id
from pef_tui.planning.exports import Exports, MediaDigests
from pef_tui.takeout.companions import LIVE_VIDEOS
from pef_tui.takeout.live_photos import LIVE_SECONDS
from pef_tui.takeout.naming import composed, split
from pef_tui.takeout.orphan_keys import content_key

LIVE = "live"
"""Rule that gives the sidecar of a still to its video."""

MOTION = "motion"
"""Rule that gives the sidecar of a motion photo to its video. The name of the video contains a time."""


class SidecarClaims:
    """Decides which Matches are certain, in a Folder with files of several sources."""

    def __init__(
        self, matches: Sequence[Match], exports: Exports, digests: MediaDigests, open_media: OpenMedia
    ) -> None:
        self._matches = matches
        self._exports = exports
        self._digests = digests
        self._open_media = open_media
        self._matches_by_json: dict[FileId, list[Match]] = {}
        for match in matches:
            if match.json is not None:
                self._matches_by_json.setdefault((match.json.root, match.json.path), []).append(match)

    def without_unproven(self) -> list[Match]:
        """Return all Matches. An uncertain one has lost its sidecar, and its `reason` states why."""
        reasons: dict[FileId, str] = {}
        for same in self._matches_by_json.values():
            for match in self._matches_of_other_pictures(same):
                name = match.json.name if match.json else ""
                reasons[file_id(match.media)] = f"{name} belongs to the other {match.media.name}"
                if not any(map(self._is_in_same_directory, same)):
                    reasons[file_id(match.media)] = f"ambiguous: {name} fits files of several sources"
            for match in same:
                if not self._is_same_export(match) and not self._is_own_video(match, same):
                    reasons[file_id(match.media)] = (
                        "the film is in another source than its still, of another moment"
                    )
        return [
            replace(match, sidecar=None, json=None, rule=None, main="", reason=reasons[file_id(match.media)])
            if file_id(match.media) in reasons
            else match
            for match in self._matches
        ]

    def _matches_of_other_pictures(self, same: Sequence[Match]) -> Iterable[Match]:
        """Return the Matches whose picture is not the picture in the sidecar's own directory.

        `same`: all Matches of one sidecar. Empty unless two pictures of the same name certainly have different bytes.
        """
        names: dict[str, list[Match]] = {}
        for match in same:
            names.setdefault(composed(match.media.name), []).append(match)
        has_different_media = any(
            self._digests.are_different(group[0].media, member.media)
            for group in names.values()
            for member in group[1:]
        )
        if not has_different_media:
            return []
        own_matches = [match for match in same if self._is_in_same_directory(match)]
        return [
            match
            for match in same
            if not any(
                claimant is match or self._digests.are_equal(claimant.media, match.media)
                for claimant in own_matches
            )
        ]

    def _is_in_same_directory(self, match: Match) -> bool:
        """Return whether the media file and its sidecar are in the same directory."""
        json, media = match.json, match.media
        return (
            json is not None
            and json.root == media.root
            and json.path.rpartition("/")[0] == media.path.rpartition("/")[0]
        )

    def _is_same_export(self, match: Match) -> bool:
        """Return whether the media file and its sidecar are from the same export.

        Only videos with the sidecar of a still are checked. For other files, return True.
        """
        if match.rule not in (LIVE, MOTION) or match.json is None:
            return True
        if match.rule == LIVE and split(match.media.name)[1].lower() not in LIVE_VIDEOS:
            return True
        exports, folder = self._exports, match.folder
        return exports.export_of(match.media, folder) == exports.export_of(match.json, folder)

    def _is_own_video(self, match: Match, same: Sequence[Match]) -> bool:
        """Return whether a video belongs to the still of its sidecar, by its identifier or its creation time.

        Also True for the video of a motion photo that has neither. False if a file cannot be read. `same`: all Matches
        with this sidecar.
        """
        try:
            with self._open_media(match.media) as stream:
                facts = read_video_facts(stream)
            for still in same:
                if facts.identifier and still.media.name == match.main:
                    with self._open_media(still.media) as stream:
                        if (identifier := read_still_identifier(stream)) and identifier != facts.identifier:
                            return False
                        if identifier:
                            return True
        except OSError:
            return False
        if match.rule == MOTION and facts.created is None:
            return True
        taken = match.sidecar.taken if match.sidecar is not None else None
        return taken is not None and facts.created is not None and abs(taken - facts.created) <= LIVE_SECONDS


# -- the same picture in several exports


class _ChangeFields(Struct, frozen=True, rename="camel"):
    """The fields that show the age of a sidecar. Later exports have more views and later changes."""

    modification_time: Timestamp | None = None
    photo_last_modified_time: Timestamp | None = None
    image_views: str | int | None = None


_decode_changes = msgspec.json.Decoder(_ChangeFields).decode


def with_newest_sidecar(
    same: Sequence[Match], weak_sidecars: Container[FileId], exports: Exports, open_media: OpenMedia
) -> list[Match]:
    """Return Matches of media with equal name and bytes. All get the sidecar of the newest export.

    A sidecar in `weak_sidecars` comes from a weak rule (its title is not the name of the media), so it may belong to
    another picture. It is used only if there is no other sidecar. The `doubts` of the Matches name older sidecars that
    differ. If there is no sidecar at all, the Matches are unchanged.
    """
    candidates = [match for match in same if match.json is not None and match.sidecar is not None]
    if not candidates:
        return list(same)
    is_weak = [match.json is not None and file_id(match.json) in weak_sidecars for match in candidates]
    if not all(is_weak):
        candidates = [match for match, weak in zip(candidates, is_weak, strict=True) if not weak]
    newest = _newest(candidates, exports, open_media)
    differences = {
        content_key(
            match.sidecar
        ): f"{match.json.path} says otherwise ({_differences(match.sidecar, newest.sidecar)})"
        for match in candidates
        if match.sidecar
        and match.json
        and newest.sidecar
        and content_key(match.sidecar) != content_key(newest.sidecar)
    }
    doubts = tuple(f"conflict between exports: the older {text}" for _, text in sorted(differences.items()))
    return [
        replace(
            match,
            sidecar=newest.sidecar,
            json=newest.json,
            rule=newest.rule,
            reason="",
            main=newest.main,
            doubts=doubts,
        )
        for match in same
    ]


def _newest(matches: list[Match], exports: Exports, open_media: OpenMedia) -> Match:
    """Return the Match with the newest sidecar.

    These criteria are compared, in this order, until one decides: the stamp of the export; changes and views in the
    sidecars; their names; their modification times; their contents.
    """

    def changes(match: Match) -> tuple[float, int]:
        return _age(match.json, open_media) if match.json else (0.0, -1)

    def naming(match: Match) -> int:
        return int(match.json is not None and ".s" in match.json.name[len(match.media.name) :])

    criteria: tuple[Callable[[Match], object], ...] = (
        lambda match: exports.stamp(match.json, match.folder) if match.json else "",
        changes,
        naming,
        lambda match: match.json.mtime_ns if match.json else 0,
        lambda match: (
            (match.sidecar.taken or 0.0, content_key(match.sidecar)) if match.sidecar else (0.0, "")
        ),
    )
    for criterion in criteria:
        if len({content_key(match.sidecar) for match in matches if match.sidecar}) == 1:
            break
        ages = [criterion(match) for match in matches]
        if not all(ages) and criterion is criteria[0]:
            continue
        latest = max(ages)  # type: ignore[type-var]
        matches = [match for match, age in zip(matches, ages, strict=True) if age == latest]
    return min(matches, key=lambda match: (match.media.root, match.media.path))


def _age(file: JsonFile, open_media: OpenMedia) -> tuple[float, int]:
    try:
        with open_media(MediaFile(file.root, file.path, file.size, file.mtime_ns)) as stream:
            record = _decode_changes(stream.read(file.size).removeprefix(b"\xef\xbb\xbf"))
        views = int(record.image_views or 0)
    except (OSError, ValueError):
        return 0.0, 0
    stamps = (record.modification_time, record.photo_last_modified_time)
    return max((stamp.seconds or 0.0) for stamp in (*stamps, Timestamp()) if stamp is not None), views


def _differences(old: Sidecar, new: Sidecar | None) -> str:
    """Return how an older sidecar differs: by its date, else by the names of the fields that differ."""
    if new is None or old.taken != new.taken:
        return f"taken {_date(old.taken)}"
    fields = [name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name)]
    return "another " + ", ".join(name.replace("_", " ") for name in fields if name != "url")


def _date(timestamp: float | None) -> str:
    if timestamp is None:
        return "at no known time"
    try:
        return (EPOCH + timedelta(seconds=timestamp)).strftime("%Y-%m-%d %H:%M:%S UTC")
    except OverflowError:
        return f"at {timestamp:.0f} s"
