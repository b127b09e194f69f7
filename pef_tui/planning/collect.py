"""Match the media files of a Folder with its sidecars, classify its other files, and find duplicates.

The sidecars of the Folder were read before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.formats import HEAD, by_extension, detect
from pef_tui.hooks import Filter, Matcher, OpenFile
from pef_tui.model import (
    FileId,
    Folder,
    JsonFile,
    JsonOutcome,
    JsonRecord,
    Match,
    MediaFile,
    OtherRecord,
    Sidecar,
    file_id,
)
from pef_tui.planning.documents import Documents
from pef_tui.planning.exports import Exports, MediaDigests
from pef_tui.planning.join_proof import SidecarClaims, with_newest_sidecar
from pef_tui.takeout import system_files
from pef_tui.takeout.match_state import WEAK_RULES
from pef_tui.takeout.naming import composed
from pef_tui.takeout.orphan_keys import content_key
from pef_tui.takeout.xmp_files import with_xmp_files

NO_SIDECAR = "no sidecar"
CONTESTED = "its sidecar may be of another picture: "
"""Start of the reason of a Match that lost its sidecar to another picture.

Only a weak rule had matched it: the title in the sidecar is not the name of the picture.
"""


class CollectedFolder(Struct, frozen=True):
    """All files of a Folder. Each file is in exactly one of `matches`, `json` and `other_records`."""

    folder: Folder
    matches: tuple[Match, ...]
    """Matches of main files, then Matches of their companions (videos of live photos, edited copies).

    Both parts are sorted by name.
    """
    json: tuple[JsonRecord, ...]
    other_records: tuple[OtherRecord, ...]
    duplicates: dict[FileId, MediaFile]
    """The original of each duplicate, by the `file_id` of the duplicate.

    A duplicate has the name and the bytes of its original, but is in another source.
    """


def collect_folder(
    folder: Folder,
    matchers: Sequence[Matcher],
    filters: Sequence[Filter],
    open_media: OpenFile,
    exports: Exports | None = None,
) -> CollectedFolder:
    """Match and filter the media of a Folder, and classify its other files.

    `filters`: the first one that excludes a file gives the reason. `exports`: the exports of the run; None if all files
    are from one export.
    """
    matching = _Matching(folder, open_media, exports or Exports())
    matches_by_file = matching.match_files(matchers)
    documents = (
        Documents(matches_by_file.values(), folder.other, open_media)
        if folder.other and matches_by_file
        else None
    )
    other_records = documents.other_records() if documents else []
    document_files = documents.files if documents else frozenset()
    for media in folder.media:
        if file_id(media) not in matches_by_file:
            matches_by_file[file_id(media)] = Match(media, folder.path, reason=NO_SIDECAR)
    for media in folder.other:
        if file_id(media) in document_files:
            matches_by_file.pop(file_id(media), None)
        elif file_id(media) in matches_by_file:
            continue
        elif _is_media(media, open_media):
            matches_by_file[file_id(media)] = Match(media, folder.path, reason=NO_SIDECAR)
        else:
            other_records.append(OtherRecord(media, system_files.other_reason(media.path)))
    other_records += [OtherRecord(file, system_files.system_reason(file.path)) for file in folder.ignored]
    album = folder.album
    matches = sorted(matches_by_file.values(), key=_sort_key)
    used_json = {file_id(match.json) for match in matches if match.json is not None}
    is_each_name_unique = len({composed(match.media.name) for match in matches}) == len(matches)
    if not is_each_name_unique:
        matches, displaced = matching.with_newest_sidecars(matches)
        used_json = used_json - displaced
        used_json |= {file_id(match.json) for match in matches if match.json is not None}
    matches = with_xmp_files(matches, folder.other, open_media)
    if album is not None:
        matches = [replace(match, album=album) for match in matches]
    if filters:
        matches = [filtered(match, filters) for match in matches]
    document_sidecars = documents.sidecar_records() if documents else {}
    json_records = tuple(
        document_sidecars.get(file_id(file)) or _json_record(file, file_id(file) in used_json)
        for file in folder.json
    )
    duplicates = {} if is_each_name_unique else _find_duplicates(matches, matching.digests)
    return CollectedFolder(folder, tuple(matches), json_records, tuple(other_records), duplicates)


def _sort_key(match: Match) -> tuple[bool, str, int, str]:
    return bool(match.main), match.media.name, match.media.root, match.media.path


class _Matching:
    """Matches the files of one Folder, separately for each export."""

    def __init__(self, folder: Folder, open_media: OpenFile, exports: Exports) -> None:
        self._folder = folder
        self._open_media = open_media
        self._exports = exports
        self.digests = MediaDigests(open_media)

    def match_files(self, matchers: Sequence[Matcher]) -> dict[FileId, Match]:
        """Return the Matches of all matchers, by the `file_id` of the media file.

        Each matcher gets only files that no earlier matcher matched.
        """
        matches_by_file: dict[FileId, Match] = {}
        unmatched = self._folder
        views = self._exports.views(unmatched, self.digests)
        needs_proof = any(len(compatible) > 1 for _, compatible in views) or _has_name_twice(unmatched)
        for number, matcher in enumerate(matchers):
            if matcher.whole or len(views) == 1:
                matches = [*_run_matcher(matcher, unmatched, self._open_media)]
            else:
                matches = [*self._match_by_export(matcher, unmatched, views)]
            if needs_proof and not matcher.whole:
                matches = SidecarClaims(
                    matches, self._exports, self.digests, self._open_media
                ).without_unproven()
            for match in matches:
                matches_by_file[file_id(match.media)] = match
            if number + 1 < len(matchers):
                unmatched = _without_matched(unmatched, matches_by_file)
        return matches_by_file

    def _match_by_export(
        self, matcher: Matcher, folder: Folder, views: Sequence[tuple[frozenset[str], frozenset[str]]]
    ) -> Iterator[Match]:
        """Yield the Matches of media files, one group of exports after the other.

        A media file gets a sidecar only from its own export, or from one that may be the same export (a compatible
        export). `views`: each group of exports, with all exports that are compatible with the group.
        """
        for owners, compatible in views:
            for match in _run_matcher(matcher, self._exports.restrict(folder, compatible), self._open_media):
                if self._exports.export_of(match.media, folder.path) in owners:
                    yield match

    def with_newest_sidecars(self, matches: list[Match]) -> tuple[list[Match], set[FileId]]:
        """Return the Matches with the newest sidecars, and the `file_id` of sidecars that belong to other pictures.

        Media files with equal names and bytes all get the sidecar of the newest export. Before that, they may have
        different sidecars: one by a weak rule (its title is not the name of the picture), and one by another rule. Then
        the sidecar of the weak rule belongs to another picture.
        """
        weak_sidecars = {
            file_id(match.json) for match in matches if match.rule in WEAK_RULES and match.json is not None
        }
        new_matches: dict[FileId, Match] = {}
        for group in _same_name_and_size(matches):
            if len({file_id(match.json) if match.json else None for match in group}) > 1:
                for duplicates in self._groups_of_equal(group):
                    new_matches |= {
                        file_id(match.media): match
                        for match in with_newest_sidecar(
                            duplicates, weak_sidecars, self._exports, self._open_media
                        )
                    }
        if not new_matches:
            return matches, set()
        new_matches = dict(_updated_companions(matches, new_matches)) | new_matches
        displaced = {
            file_id(match.json)
            for match in matches
            if match.json is not None
            and file_id(match.json) in weak_sidecars
            and (new := new_matches.get(file_id(match.media))) is not None
            and new.json is not None
            and file_id(new.json) not in weak_sidecars
            and _differ(new.sidecar, match.sidecar)
        }
        return [new_matches.get(file_id(match.media), match) for match in matches], displaced

    def _groups_of_equal(self, group: Sequence[Match]) -> Iterator[list[Match]]:
        """Yield each group of two or more Matches whose files have equal bytes.

        Files that cannot be read are left out.
        """
        by_bytes: dict[bytes, list[Match]] = {}
        for match in group:
            if not match.media.size or (content := self.digests.of(match.media)):
                by_bytes.setdefault(content if match.media.size else b"", []).append(match)
        return (duplicates for duplicates in by_bytes.values() if len(duplicates) > 1)


def _differ(first: Sidecar | None, second: Sidecar | None) -> bool:
    return first is not None and second is not None and content_key(first) != content_key(second)


def _updated_companions(
    matches: Sequence[Match], new_matches: dict[FileId, Match]
) -> Iterator[tuple[FileId, Match]]:
    """Yield new Matches for videos and edited copies whose picture got another sidecar. They get that sidecar, too.

    A video or edited copy that has a sidecar of its own keeps it. `new_matches`: the new Matches of the pictures, by
    `file_id`.
    """
    sidecars = {file_id(match.media): match.json for match in matches}
    for match in matches:
        folder = match.media.path.rpartition("/")[0]
        main_id = match.media.root, f"{folder}/{match.main}" if folder else match.main
        main_match = new_matches.get(main_id) if match.main else None
        if main_match is not None and main_match.json is not None and match.json in (None, sidecars[main_id]):
            rule = match.rule or _companion_rule(match.media.name)
            yield (
                file_id(match.media),
                replace(
                    match,
                    sidecar=main_match.sidecar,
                    json=main_match.json,
                    rule=rule,
                    reason="",
                    doubts=main_match.doubts,
                ),
            )


def _companion_rule(name: str) -> str:
    format = by_extension(name)
    return "live" if format is not None and format.kind == "video" else "edited"


def _has_name_twice(folder: Folder) -> bool:
    """Return whether several sources have a media file of the same name. (Within one export, names are unique.)"""
    if len({media.root for media in folder.media}) < 2:
        return False
    return len({composed(media.name) for media in folder.media}) < len(folder.media)


def _run_matcher(matcher: Matcher, folder: Folder, open_media: OpenFile) -> Iterable[Match]:
    match: Callable[..., Iterable[Match]] = matcher.match
    return match(folder, open_media) if matcher.reads else match(folder)


def _without_matched(folder: Folder, matches_by_file: dict[FileId, Match]) -> Folder:
    matched_media = {key for key, match in matches_by_file.items() if match.sidecar is not None}
    used_json = {file_id(match.json) for match in matches_by_file.values() if match.json is not None}
    return replace(
        folder,
        media=tuple(media for media in folder.media if file_id(media) not in matched_media),
        json=tuple(file for file in folder.json if file_id(file) not in used_json),
        other=tuple(media for media in folder.other if file_id(media) not in matched_media),
    )


def _is_media(media: MediaFile, open_media: OpenFile) -> bool:
    """Return whether a file is a picture or video, judged by its content. False if it cannot be read."""
    try:
        with open_media(media) as stream:
            return detect(stream.read(HEAD)) is not None
    except OSError:
        return False


def filtered(match: Match, filters: Sequence[Filter]) -> Match:
    """Return the Match. If a filter excludes it, set `excluded` to the reason that the first such filter gives."""
    for candidate in filters:
        if reason := candidate.reason(match):
            return replace(match, excluded=reason)
    return match


def _json_record(file: JsonFile, is_used: bool) -> JsonRecord:
    """Return the record of a JSON file.

    `is_used`: whether a Match has the file as its sidecar. Such a file may also come from another service than Google.
    """
    if is_used:
        return JsonRecord(file, "used")
    if file.kind == "sidecar":
        return JsonRecord(file, "orphan", "no picture or video belongs to it")
    outcome: JsonOutcome = file.kind if file.kind != "unread" else "invalid"
    return JsonRecord(file, outcome, file.reason)


def _find_duplicates(matches: Iterable[Match], digests: MediaDigests) -> dict[FileId, MediaFile]:
    """Return the original of each duplicate, by the `file_id` of the duplicate.

    A duplicate has the name and bytes of a file in another source: parts of an export may overlap. Names are compared
    in NFC (Unicode's composed form). Only files of equal size are hashed.
    """
    duplicates: dict[FileId, MediaFile] = {}
    for group in _same_name_and_size([match for match in matches if not match.excluded]):
        originals: dict[bytes, MediaFile] = {}
        for match in sorted(group, key=_time_of_undated):
            media = match.media
            content = digests.of(media)
            original = originals.setdefault(content, media) if content else media
            if original is not media:
                duplicates[file_id(media)] = original
    return duplicates


def _time_of_undated(match: Match) -> int:
    """Return a sort key for files with equal bytes. The file with the smallest key is the original.

    The key is 0 for a file with a sidecar, else the modification time in nanoseconds. The output of a file without a
    sidecar gets this time. So the choice must not depend on the order of the sources.
    """
    return match.media.mtime_ns if match.sidecar is None else 0


def _same_name_and_size(matches: Sequence[Match]) -> Iterator[list[Match]]:
    groups: dict[tuple[str, int], list[Match]] = {}
    for match in matches:
        groups.setdefault((composed(match.media.name), match.media.size), []).append(match)
    return (group for group in groups.values() if len(group) > 1)
