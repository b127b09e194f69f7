"""Match orphans: media without a sidecar, and sidecars without a media file, in their own Folder.

Partners are searched in all Folders. Only orphans are kept in memory; other files are listed and read again if needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec.structs import replace

from pef_tui.cross_folder.album_copies import AlbumCopies
from pef_tui.cross_folder.contested_sidecars import WeakMatches
from pef_tui.cross_folder.file_state import (
    AlbumSidecar,
    FilePlanState,
    MatchStage,
    OrphanMedia,
    OrphanSidecar,
    PlansByFolder,
)
from pef_tui.cross_folder.orphan_matching import OrphanMatcher
from pef_tui.cross_folder.repeated_sidecars import SidecarsByContent, find_media, sidecars_with_media
from pef_tui.model import (
    FileId,
    Folder,
    JsonFile,
    JsonRecord,
    Match,
    MediaFile,
    Outcome,
    Record,
    file_id,
)
from pef_tui.planning.collect import NO_SIDECAR, CollectedFolder
from pef_tui.planning.repeated_files import RepeatedFiles
from pef_tui.planning.source_folders import SourceFolders
from pef_tui.resume import PreviousRun
from pef_tui.tags.dates_from_names import TAGS_READ
from pef_tui.takeout.orphan_keys import Span, content_key

MAX_ORPHANS = 200_000
"""Largest number of stored orphan media, and of orphan sidecars (600 bytes each). Further ones do not wait."""

ORPHAN_OUTCOMES = ("unchanged", "unmatched")
"""Outcomes that a media file without a sidecar may have in an unchanged Folder. Such a file is matched again."""

KEPT_TAGS = ("EXIF:Model", *TAGS_READ)
"""Tags of orphans that are stored: the name of an output may contain them, or they may contradict a date in a name."""


def is_orphan(match: Match) -> bool:
    """Return whether a Match lacks a sidecar for one reason: its Folder has none for the media file."""
    return match.sidecar is None and not match.excluded and match.reason == NO_SIDECAR


def span_of(matches: Iterable[Match]) -> Span | None:
    """Return the first and the last moment in the sidecars of a Folder (seconds since 1970); None without dates."""
    timestamps = [match.sidecar.taken for match in matches if match.sidecar is not None]
    moments = [moment for moment in timestamps if moment is not None]
    return (min(moments), max(moments)) if moments else None


class OrphanPass:
    """Finds the partners of orphans in other Folders. Used by the planning thread alone."""

    def __init__(
        self,
        source_folders: SourceFolders,
        previous_run: PreviousRun,
        read_metadata: MatchStage,
        albums: AlbumCopies,
        same_files: RepeatedFiles,
        *,
        replaced_in: str = "",
    ) -> None:
        """`read_metadata`: fills the field `metadata` of Matches. `same_files`: receives files that have the bytes of
        another file. `replaced_in`: for a run in place, the SOURCE whose files are replaced; else "".
        """
        self._source_folders = source_folders
        self._previous_run = previous_run
        self._read_metadata = read_metadata
        self._albums = albums
        self._same_files = same_files
        self._replaced_in = replaced_in
        self._awaited: set[FileId] = set()
        self._media: dict[FileId, OrphanMedia] = {}
        self._sidecars: dict[FileId, OrphanSidecar] = {}
        self._postponed: PlansByFolder = {}
        """Copies of orphans. They are planned after the orphans, because a copy needs the output of its original."""
        self._spans: dict[str, Span | None] = {}
        self._equal_files: dict[FileId, list[MediaFile]] = {}
        """Files with the name and bytes of a file in another source, by the `file_id` of that other file."""
        self._cached: dict[str, list[Record]] = {}
        """Records of orphans in unchanged Folders, by the path of the Folder, until all Folders were listed."""
        self._has_changes = False
        """Whether any Folder changed since the last run."""
        self._album_folders: set[str] = set()
        self.weak = WeakMatches(source_folders.exports)
        """Matches by a weak rule (their sidecar has another title). The sidecar may belong to another file."""
        self._joined: dict[FileId, Match] = {}
        self._joined_by_content: dict[str, list[Match]] = {}
        self.equal_sidecars: SidecarsByContent = {}
        """Sidecars that have a media file in their Folder, and the same content as an orphan sidecar."""
        self.album_sidecars: list[AlbumSidecar] = []
        """Sidecars in albums that do not have the picture. `results` fills the list; `SidecarOnlyAlbums` reports it."""

    # -- the orphans of one Folder

    def candidates(self, collected: CollectedFolder, matches: Iterable[Match]) -> list[Match]:
        """Return the `matches` that must wait until all Folders were listed: orphans, and matches by a weak rule.

        A weak rule matches a media file with a sidecar whose title is not its name.
        """
        self._has_changes = self._has_changes or bool(collected.matches or collected.folder.json)
        matches = [*matches]
        weak = self.weak.in_folder(matches)
        orphans = [match for match in matches if is_orphan(match)]
        if len(self._media) + len(orphans) > MAX_ORPHANS:
            orphans = []
        if orphans or weak:
            self._spans[collected.folder.path] = span_of(collected.matches)
            self._add_equal_files(collected)
        return [*orphans, *weak]

    def _add_equal_files(self, collected: CollectedFolder) -> None:
        for match in collected.matches if collected.duplicates else ():
            if (original := collected.duplicates.get(file_id(match.media))) is not None:
                self._equal_files.setdefault(file_id(original), []).append(match.media)

    def await_metadata(self, candidates: Iterable[FileId]) -> None:
        """Store the `file_id` of files that wait until their metadata is read. `keep` then stores their Matches."""
        self._awaited.update(candidates)

    def has_awaited(self, match: Match) -> bool:
        """Return whether the file of `match` waits for its metadata (`await_metadata`). A second call returns False."""
        key = file_id(match.media)
        if key not in self._awaited:
            return False
        self._awaited.discard(key)
        return True

    def keep(self, match: Match, output: str) -> None:
        """Store a Match until all Folders were listed. `output`: the output path that was claimed for its file."""
        if match.json is not None:
            self.weak.add(match, output)
        else:
            self._keep_media(match, output)

    def _keep_media(self, match: Match, output: str) -> None:
        metadata = match.metadata
        small = match
        if metadata is not None:
            tags = {tag: metadata.tags[tag] for tag in KEPT_TAGS if tag in metadata.tags}
            small = replace(match, metadata=replace(metadata, tags=tags))
        key = file_id(match.media)
        equal = (match.media, *self._equal_files.pop(key, ()))
        exports = tuple(self._source_folders.exports.export_of(media, match.folder) for media in equal)
        span = self._spans.get(match.folder)
        self._media[key] = OrphanMedia(small, output, span, metadata is not None, exports, equal)

    def postpone(self, match: Match, output: str) -> None:
        """Store a copy of an orphan until all orphans were planned. `output`: the output path claimed for the copy."""
        self._postponed.setdefault(match.folder, {})[file_id(match.media)] = FilePlanState(match, output)

    def keep_json(self, folder: Folder, record: JsonRecord) -> bool:
        """Store an orphan sidecar, or the sidecar of a match by a weak rule, until all Folders were listed.

        Return whether it was stored. If False, the caller reports `record` now.
        """
        if self.weak.has_sidecar(record.file):
            return True
        if record.outcome != "orphan" or len(self._sidecars) >= MAX_ORPHANS:
            return False
        self._add_sidecar(folder, record.file)
        return True

    def _add_sidecar(self, folder: Folder, file: JsonFile) -> None:
        export = self._source_folders.exports.export_of(file, folder.path)
        self._sidecars[file_id(file)] = OrphanSidecar(file, export, folder.path, folder.album)
        if folder.album is not None:
            self._album_folders.add(folder.path)

    def keep_cached(self, folder: Folder, records: Iterable[Record]) -> Iterator[Record]:
        """Store the records of an unchanged Folder that files of other Folders may affect. Yield the other records."""
        for record in self.weak.hold_cached(folder, records):
            if _is_of_orphan(record):
                self._cached.setdefault(folder.path, []).append(record)
            else:
                yield record

    # -- the results, after all Folders were listed

    def results(self, look: MatchStage) -> Iterator[Record | FilePlanState]:
        """Yield the records of orphans that need no work. Yield the other orphans with their metadata, to be planned.

        `look`: fills all fields of Matches that mappers read.
        """
        to_read: PlansByFolder = {}
        yield from self._reopen_cached()
        yield from self._find_contested(to_read)
        if not self._media and not self._sidecars:
            yield from self._read_again(to_read, look)
            yield from self._read_again(self._postponed, look)
            return
        matcher = OrphanMatcher(
            self._source_folders,
            self._previous_run,
            self._read_metadata,
            self._media,
            self._sidecars,
            self._replaced_in,
        )
        self._joined, reasons = matcher.match_orphans()
        self.equal_sidecars = matcher.equal_sidecars
        confirmed, contested = self.weak.decide(
            self._joined, lambda key, file: not matcher.contradicts(key, file)
        )
        reasons |= contested
        for key, state in self._media.items():
            if key in self._joined:
                match = self._albums.with_copies(self._joined[key])
            else:
                match = confirmed.get(key) or replace(
                    state.match, reason=reasons.get(key, state.match.reason)
                )
            must_read = match.json is not None or not state.has_metadata
            yield from self._decide(FilePlanState(match, state.output), must_read, to_read)
        yield from self._read_again(to_read, look)
        yield from self._read_again(self._postponed, look)
        yield from self._sidecar_records(matcher, confirmed.values())

    def _decide(
        self, state: FilePlanState, must_read: bool, to_read: PlansByFolder
    ) -> Iterator[Record | FilePlanState]:
        """Yield the outcome of a file that needs no work, else `state`. `must_read`: add it to `to_read` instead."""
        match = state.match
        if (outcome := self._previous_run.recheck(match)) is not None:
            yield outcome
        elif must_read:
            to_read.setdefault(match.folder, {})[file_id(match.media)] = state
        else:
            yield state

    def _sidecar_records(self, matcher: OrphanMatcher, confirmed: Iterable[Match]) -> Iterator[JsonRecord]:
        """Yield the records of orphan sidecars. Store the sidecars of albums whose picture is in another Folder."""
        used_files = {file_id(match.json) for match in self._joined.values() if match.json is not None}
        returned = {file_id(match.json) for match in confirmed if match.json is not None}
        for key, sidecar in self._sidecars.items():
            file, album = sidecar.file, sidecar.album
            if key in self.weak.reported:
                continue
            if key in returned:
                yield JsonRecord(file, "used")
            elif (
                key in used_files or matcher.is_copy(file) or (album is not None and self._fits_joined(file))
            ):
                if album is not None and file.sidecar is not None:
                    self.album_sidecars.append(
                        AlbumSidecar(file, sidecar.folder, album, content_key(file.sidecar))
                    )
                else:
                    yield JsonRecord(file, "used")
            else:
                yield JsonRecord(file, "orphan", "no picture or video belongs to it")

    def _find_contested(self, to_read: PlansByFolder) -> Iterator[Record | FilePlanState]:
        """Yield the weak matches that keep their sidecars. Make orphans of the contested ones."""
        find = self.weak.find_contested(self._media, lambda files: find_media(self._source_folders, files))
        for state in find:
            yield from self._decide(state, state.match.metadata is None, to_read)
        for folder, file, is_contested in self.weak.sidecars():
            if is_contested:
                self._add_sidecar(folder, file)
            elif file_id(file) not in self.weak.reported:
                yield JsonRecord(file, "used")
        for state in self.weak.contested.values():
            match = replace(state.match, sidecar=None, json=None, rule=None, reason=NO_SIDECAR, doubts=())
            self._keep_media(match, state.output)

    # -- used by `SidecarOnlyAlbums`

    @property
    def has_album_folders(self) -> bool:
        """Whether any sidecar without a media file was found in an album."""
        return bool(self._album_folders)

    def has_album_sidecars(self, folder: str) -> bool:
        """Return whether `folder` is an album that has a sidecar without a media file."""
        return folder in self._album_folders

    def joined_match(self, match: Match) -> Match:
        """Return the Match with the sidecar that was found in another Folder; unchanged if none was found."""
        joined = self._joined.get(file_id(match.media))
        if joined is None:
            return match
        return replace(match, sidecar=joined.sidecar, json=joined.json, rule=joined.rule, reason="")

    def joined_with(self, content: str) -> list[Match]:
        """Return the Matches that got a sidecar of another Folder. `content`: the `content_key` of the sidecar."""
        if not self._joined_by_content:
            for match in self._joined.values():
                if match.sidecar is not None:
                    self._joined_by_content.setdefault(content_key(match.sidecar), []).append(match)
        return self._joined_by_content.get(content, [])

    def _fits_joined(self, file: JsonFile) -> bool:
        """Return whether a media file got a sidecar of another Folder that has the same content as `file`."""
        return file.sidecar is not None and bool(self.joined_with(content_key(file.sidecar)))

    # -- Folders that are read again

    def _reopen_cached(self) -> Iterator[Record]:
        """Yield the stored records of unchanged Folders. If any Folder changed, match the orphans among them again."""
        orphan_media = chain(
            (
                record.plan.match.media
                for record in chain.from_iterable([*self._cached.values()])
                if isinstance(record, Outcome)
            ),
            (state.match.media for state in self._media.values()),
        )
        with_media = sidecars_with_media(
            self._source_folders, self.weak.cached_bases if self._has_changes else ()
        )
        for path, records, is_claimed in self.weak.release_cached(orphan_media, with_media):
            if is_claimed and self._has_changes:
                self._cached.setdefault(path, []).extend(records)
            else:
                yield from records
        if self._has_changes:
            for collected in self._source_folders.collect_again(self._cached.keys()):
                yield from self._keep_orphans_of(collected, self._cached.pop(collected.folder.path))
        yield from chain.from_iterable(self._cached.values())

    def _keep_orphans_of(self, collected: CollectedFolder, records: Iterable[Record]) -> Iterator[Record]:
        """Store the orphans of an unchanged Folder, to match them again. Yield the other records of `records`."""
        unreported = {_record_id(record): record for record in records}
        duplicates = collected.duplicates
        matches = [
            self._albums.with_copies(match)
            for match in collected.matches
            if not match.excluded and file_id(match.media) not in duplicates
        ]
        for match in collected.matches:
            key = file_id(match.media)
            if key in duplicates and unreported.pop(key, None) is not None:
                self._same_files.add(match, duplicates[key])
        self.weak.begin_folder(collected, unreported.keys())
        candidates = {file_id(match.media) for match in self.candidates(collected, matches)}
        orphan_ids = candidates & unreported.keys()
        self._previous_run.unchanged_outcomes(collected.folder, matches, orphan_ids)
        for match in matches:
            key = file_id(match.media)
            if key in orphan_ids:
                self.keep(match, self._previous_run.planned_output(match))
                unreported.pop(key)
        for json in collected.json:
            if file_id(json.file) in unreported and self.keep_json(collected.folder, json):
                unreported.pop(file_id(json.file))
        yield from unreported.values()

    def _read_again(self, states: PlansByFolder, look: MatchStage) -> Iterator[FilePlanState]:
        """Yield the files in `states` with metadata. All files of their Folders are read, for their time zones."""
        collected = self._source_folders.collect_again(states.keys())
        for match in look(_matches_of(collected, states)):
            state = states.get(match.folder, {}).pop(file_id(match.media), None)
            if state is not None:
                yield FilePlanState(match, state.output)
        for removed in states.values():  # removed since the listing: opening them gives the reason
            yield from removed.values()


def _is_of_orphan(record: Record) -> bool:
    if isinstance(record, JsonRecord):
        return record.outcome == "orphan"
    return (
        isinstance(record, Outcome) and record.plan.match.json is None and record.outcome in ORPHAN_OUTCOMES
    )


def _record_id(record: Record) -> FileId:
    return file_id(record.plan.match.media if isinstance(record, Outcome) else record.file)


def _matches_of(collected_folders: Iterator[CollectedFolder], states: PlansByFolder) -> Iterator[Match]:
    """Yield the Match of each file of the Folders: from `states` if the file is planned now, else from its Folder."""
    for collected in collected_folders:
        to_plan = states[collected.folder.path]
        for match in collected.matches:
            key = file_id(match.media)
            if match.excluded or key in collected.duplicates:
                continue
            state = to_plan.get(key)
            if state is None:
                yield match
            else:
                yield replace(state.match, metadata=None, capture_time=None, xmp=match.xmp)
