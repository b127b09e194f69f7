"""One Folder after its sidecars were read: who belongs to whom, who is there twice, what stays alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.formats import HEAD, by_extension, detect
from pef_tui.hooks import Filter, Matcher
from pef_tui.model import Folder, JsonFile, JsonOutcome, JsonRecord, Match, MediaFile, OtherRecord
from pef_tui.run.digests import OpenMedia
from pef_tui.run.documents import Documents
from pef_tui.run.exports import Digests, Exports
from pef_tui.run.proof import Claimed, newest_for
from pef_tui.takeout import system_files
from pef_tui.takeout.names import composed
from pef_tui.takeout.xmp_files import with_xmp_files

FileId = tuple[int, str]
"""Number of the source and path in it."""

NO_SIDECAR = "no sidecar"


class Gathered(Struct, frozen=True):
    """Every file of a Folder, in exactly one place."""

    folder: Folder
    matches: tuple[Match, ...]
    """Pictures before what belongs to them; otherwise by name."""
    json: tuple[JsonRecord, ...]
    other: tuple[OtherRecord, ...]
    twins: dict[FileId, MediaFile]
    """Media whose very bytes lie under the same name in another source, and the file there."""


def gather(
    folder: Folder,
    matchers: Sequence[Matcher],
    filters: Sequence[Filter],
    open_media: OpenMedia,
    exports: Exports | None = None,
) -> Gathered:
    """Match, filter and account for every file of a Folder."""
    matching = _Matching(folder, open_media, exports or Exports())
    found = matching.matched(matchers)
    documents = Documents(found.values(), folder.other, open_media) if folder.other and found else None
    other = documents.others() if documents else []
    left_out = documents.files if documents else frozenset()
    for media in folder.media:
        if _id(media) not in found:
            found[_id(media)] = Match(media, folder.path, reason=NO_SIDECAR)
    for media in folder.other:
        if _id(media) in left_out:
            found.pop(_id(media), None)
        elif _id(media) in found:
            continue
        elif _is_media(media, open_media):
            found[_id(media)] = Match(media, folder.path, reason=NO_SIDECAR)
        else:
            other.append(OtherRecord(media, system_files.other_reason(media.path)))
    other += [OtherRecord(file, system_files.reason(file.path)) for file in folder.ignored]
    album = folder.album
    matches = sorted(found.values(), key=_order)
    used = {_id(match.json) for match in matches if match.json is not None}
    one_each = len({composed(match.media.name) for match in matches}) == len(matches)
    if not one_each:
        matches = matching.agreed(matches)
        used |= {_id(match.json) for match in matches if match.json is not None}
    matches = with_xmp_files(matches, folder.other, open_media)
    if album is not None:
        matches = [replace(match, album=album) for match in matches]
    if filters:
        matches = [filtered(match, filters) for match in matches]
    of_documents = documents.json() if documents else {}
    json = tuple(of_documents.get(_id(file)) or _json_record(file, _id(file) in used) for file in folder.json)
    twins = {} if one_each else _twins(matches, matching.digests)
    return Gathered(folder, tuple(matches), json, tuple(other), twins)


def _id(file: MediaFile | JsonFile) -> FileId:
    return file.root, file.path


def _order(match: Match) -> tuple[bool, str, int, str]:
    return bool(match.main), match.media.name, match.media.root, match.media.path


class _Matching:
    """Matching of one Folder: each export that it has files of by itself."""

    def __init__(self, folder: Folder, open_media: OpenMedia, exports: Exports) -> None:
        self._folder = folder
        self._open_media = open_media
        self._exports = exports
        self.digests = Digests(open_media)

    def matched(self, matchers: Sequence[Matcher]) -> dict[FileId, Match]:
        """What the matchers say; each sees what those before it left without a partner."""
        found: dict[FileId, Match] = {}
        left = self._folder
        views = self._exports.views(left, self.digests)
        mixed = any(len(near) > 1 for _, near in views)
        for number, matcher in enumerate(matchers):
            if matcher.whole or len(views) == 1:
                said = [*_asked(matcher, left, self._open_media)]
            else:
                said = [*self._by_export(matcher, left, views)]
            if mixed and not matcher.whole:
                said = Claimed(said, self._exports, self.digests, self._open_media).proved()
            for match in said:
                found[_id(match.media)] = match
            if number + 1 < len(matchers):
                left = _left(left, found)
        return found

    def _by_export(
        self, matcher: Matcher, left: Folder, views: Sequence[tuple[frozenset[str], frozenset[str]]]
    ) -> Iterator[Match]:
        """The Matches of each export's media, among the files that they may be joined with."""
        for owners, near in views:
            for match in _asked(matcher, self._exports.only(left, near), self._open_media):
                if self._exports.key(match.media, left.path) in owners:
                    yield match

    def agreed(self, matches: list[Match]) -> list[Match]:
        """The Matches, with one sidecar for media of the same name and bytes: that of the newest export."""
        changed: dict[FileId, Match] = {}
        for group in _same_name_and_size(matches):
            if len({_id(match.json) if match.json else None for match in group}) > 1:
                for same in self._equal(group):
                    changed |= {
                        _id(match.media): match for match in newest_for(same, self._exports, self._open_media)
                    }
        if not changed:
            return matches
        changed = dict(_companions(matches, changed)) | changed
        return [changed.get(_id(match.media), match) for match in matches]

    def _equal(self, group: Sequence[Match]) -> Iterator[list[Match]]:
        """Those of a group that have the same bytes."""
        by_bytes: dict[bytes, list[Match]] = {}
        for match in group:
            if not match.media.size or (content := self.digests.of(match.media)):
                by_bytes.setdefault(content if match.media.size else b"", []).append(match)
        return (same for same in by_bytes.values() if len(same) > 1)


def _companions(matches: Sequence[Match], changed: dict[FileId, Match]) -> Iterator[tuple[FileId, Match]]:
    """Films and edited copies of pictures whose sidecar changed share the new one, as they did or would have."""
    before = {_id(match.media): match.json for match in matches}
    for match in matches:
        folder = match.media.path.rpartition("/")[0]
        main = match.media.root, f"{folder}/{match.main}" if folder else match.main
        anew = changed.get(main) if match.main else None
        if anew is not None and anew.json is not None and match.json in (None, before[main]):
            rule = match.rule or _companion_rule(match.media.name)
            yield (
                _id(match.media),
                replace(
                    match, sidecar=anew.sidecar, json=anew.json, rule=rule, reason="", doubts=anew.doubts
                ),
            )


def _companion_rule(name: str) -> str:
    format = by_extension(name)
    return "live" if format is not None and format.kind == "video" else "edited"


def _asked(matcher: Matcher, folder: Folder, open_media: OpenMedia) -> Iterable[Match]:
    match: Callable[..., Iterable[Match]] = matcher.match
    return match(folder, open_media) if matcher.reads else match(folder)


def _left(folder: Folder, found: dict[FileId, Match]) -> Folder:
    joined = {key for key, match in found.items() if match.sidecar is not None}
    used = {_id(match.json) for match in found.values() if match.json is not None}
    return replace(
        folder,
        media=tuple(media for media in folder.media if _id(media) not in joined),
        json=tuple(file for file in folder.json if _id(file) not in used),
        other=tuple(media for media in folder.other if _id(media) not in joined),
    )


def _is_media(media: MediaFile, open_media: OpenMedia) -> bool:
    """A file whose name says nothing: is it a picture or video by its content?"""
    try:
        with open_media(media) as stream:
            return detect(stream.read(HEAD)) is not None
    except OSError:
        return False


def filtered(match: Match, filters: Sequence[Filter]) -> Match:
    """The Match, with the reason of the first filter that leaves it out."""
    for candidate in filters:
        if reason := candidate.reason(match):
            return replace(match, excluded=reason)
    return match


def _json_record(file: JsonFile, used: bool) -> JsonRecord:
    if file.kind == "sidecar":
        return (
            JsonRecord(file, "used")
            if used
            else JsonRecord(file, "orphan", "no picture or video belongs to it")
        )
    outcome: JsonOutcome = file.kind if file.kind != "unread" else "invalid"
    return JsonRecord(file, outcome, file.reason)


def _twins(matches: Iterable[Match], digests: Digests) -> dict[FileId, MediaFile]:
    """Same name (composed or not) and same bytes in several sources (parts may overlap): hashed where sizes meet."""
    twins: dict[FileId, MediaFile] = {}
    for group in _same_name_and_size([match for match in matches if not match.excluded]):
        seen: dict[bytes, MediaFile] = {}
        for match in group:
            media = match.media
            content = digests.of(media)
            first = seen.setdefault(content, media) if content else media
            if first is not media:
                twins[_id(media)] = first
    return twins


def _same_name_and_size(matches: Sequence[Match]) -> Iterator[list[Match]]:
    groups: dict[tuple[str, int], list[Match]] = {}
    for match in matches:
        groups.setdefault((composed(match.media.name), match.media.size), []).append(match)
    return (group for group in groups.values() if len(group) > 1)
