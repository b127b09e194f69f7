"""Find the sidecars of orphans: media files that have no sidecar in their Folder.

Two searches, one after the other:

- By bytes: a file with equal bytes in another Folder has a sidecar.
- By title and time: a sidecar in another Folder has the orphan's name as title, and its time agrees with the orphan's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import xxhash
from msgspec.structs import replace

from pef_tui.cross_folder.file_state import MatchStage, OrphanMedia, OrphanSidecar
from pef_tui.cross_folder.orphan_times import OrphanIndex, Ranges, TitleInExport
from pef_tui.cross_folder.repeated_sidecars import SidecarsByContent, find_equal_sidecars
from pef_tui.model import FileId, Folder, JsonFile, Match, MediaFile, file_id
from pef_tui.output.replaced_files import PreviousVersions
from pef_tui.planning.exports import ExportKey, MediaDigests
from pef_tui.planning.source_folders import SourceFolders
from pef_tui.resume import PreviousRun
from pef_tui.resume.entry_lookup import sidecar_digest
from pef_tui.tags.capture_evidence import collect_evidence
from pef_tui.tags.name_dates import date_in_name
from pef_tui.tags.time_zones import REAL_OFFSETS, real_offset
from pef_tui.takeout.containers import year_of
from pef_tui.takeout.match_state import summarize_names
from pef_tui.takeout.orphan_keys import (
    RULE,
    SAME_SECONDS,
    content_key,
    media_keys,
    time_spans,
    year_span,
)

BY_DATE = b"date"
"""Value of `Match.proof` if the date in the file, or the date in its name, confirmed the match."""


class OrphanMatcher:
    """Finds the sidecar of each orphan (a media file without a sidecar in its Folder).

    An orphan gets a sidecar only if exactly one sidecar fits.
    """

    def __init__(
        self,
        source_folders: SourceFolders,
        previous_run: PreviousRun,
        read_metadata: MatchStage,
        media: dict[FileId, OrphanMedia],
        sidecars: dict[FileId, OrphanSidecar],
        replaced_in: str = "",
    ) -> None:
        """`replaced_in`: for a run in place, the path of the SOURCE whose files the run replaces; else ""."""
        self._source_folders = source_folders
        self._exports = source_folders.exports
        self._previous_run = previous_run
        self._read_metadata = read_metadata
        self._media = media
        self._sidecars = sidecars
        self._joined: dict[FileId, Match] = {}
        self._reasons: dict[FileId, str] = {}
        self._digests = MediaDigests(source_folders.open_media)
        self._versions: PreviousVersions | None = None
        """For a run in place: the contents that files had before this run or an earlier run replaced them. Else None.
        """
        if replaced_in and media:
            self._versions = _previous_versions(replaced_in, media)
        self._by_name_and_size: dict[tuple[str, int], list[FileId]] = {}
        for key, state in media.items():
            for group in self._groups(state.match.media):
                self._by_name_and_size.setdefault(group, []).append(key)
        self.equal_sidecars: SidecarsByContent = {}
        """Sidecars that have a media file in their Folder, and the same content as an orphan sidecar."""

    def match_orphans(self) -> tuple[dict[FileId, Match], dict[FileId, str]]:
        """Return the Matches of orphans that get a sidecar, and the reasons why others get none. Both are by `file_id`.

        There is a reason only for orphans that at least one sidecar fits.
        """
        orphans = [sidecar.file for sidecar in self._sidecars.values()]
        self.equal_sidecars = find_equal_sidecars(self._source_folders, orphans)
        if self._media:
            self._match_by_bytes()
            self._match_by_time()
            self._match_equal_files()
            self._match_companions()
        return self._joined, self._reasons

    def is_copy(self, file: JsonFile) -> bool:
        """Return whether `file`, an orphan sidecar, has the content of a sidecar that has its media file."""
        return file.sidecar is not None and content_key(file.sidecar) in self.equal_sidecars

    def contradicts(self, key: FileId, file: JsonFile) -> bool:
        """Return whether the time in a sidecar contradicts the date of an orphan.

        If the orphan has no date, its year folder (`Photos from 2019`) is compared. `key`: the `file_id` of the orphan.
        False if the sidecar has no time.
        """
        timestamp = file.sidecar.taken if file.sidecar is not None else None
        if timestamp is None:
            return False
        orphan = self._media[key].match
        for match in self._read_metadata(iter([replace(orphan, metadata=None)])):
            evidence = collect_evidence(match, date_in_name)
            if evidence is not None:
                seconds = evidence.instant if evidence.instant is not None else evidence.seconds
                tolerance = 10.0 if evidence.source == "name" else SAME_SECONDS
                return real_offset(seconds - timestamp, tolerance) is None
        year = year_of(orphan.folder.rpartition("/")[2])
        return year is not None and not year_span(year)[0] <= timestamp <= year_span(year)[1]

    # -- equal bytes

    def _match_by_bytes(self) -> None:
        """Give each orphan the sidecar of a file in another Folder that has the same name and bytes."""
        candidates: dict[FileId, list[tuple[str, int]]] = {}

        def has_candidates(folder: Folder) -> bool:
            is_hit = False
            if self._versions is not None:
                self._versions.refresh()
            for media in folder.media:
                if not media.size or file_id(media) in self._media:
                    continue
                if groups := [group for group in self._groups(media) if group in self._by_name_and_size]:
                    candidates[file_id(media)] = groups
                    is_hit = True
            return is_hit

        equal: dict[FileId, list[Match]] = {}
        source_folders = self._source_folders
        with_candidates = (folder for folder in source_folders.list_folders() if has_candidates(folder))
        for folder in source_folders.read_sidecars(with_candidates):
            for match in source_folders.collect(folder, with_filters=False).matches:
                if match.json is not None:
                    for key in self._equal_orphans(match, candidates.get(file_id(match.media), ())):
                        if self._media[key].match.folder != folder.path:
                            equal.setdefault(key, []).append(match)
        for key, matches in equal.items():
            self._choose(key, matches)

    def _equal_orphans(self, match: Match, groups: Iterable[tuple[str, int]]) -> Iterator[FileId]:
        """Yield the `file_id` of the orphans that have the same bytes as the file of `match`.

        `groups`: the names and sizes to look for (from `_groups`).
        """
        for key in dict.fromkeys(chain.from_iterable(self._by_name_and_size[group] for group in groups)):
            orphan, proof = self._media[key].match, proof_of(match)
            was_equal = proof != b"" and proof == self._previous_run.recorded_proof(orphan)
            if was_equal or self._are_equal(orphan.media, match.media):
                yield key

    def _groups(self, media: MediaFile) -> list[tuple[str, int]]:
        """Return pairs of name and size. A file of another Folder with such a pair may be a copy of this file.

        The names are those that a copy may have. The sizes are the present size, and the sizes before runs in place
        replaced the file.
        """
        sizes = {media.size} | (self._versions.sizes(media.path) if self._versions is not None else set())
        return [(name, size) for name in media_keys(media.name) for size in sorted(sizes)]

    def _are_equal(self, one: MediaFile, other: MediaFile) -> bool:
        """Return whether two files have equal bytes, or had equal bytes before a run in place changed one of them."""
        if self._versions is None:
            return self._digests.are_equal(one, other)
        digests = self._digests.of(one), self._digests.of(other)
        self._versions.refresh()  # after hashing: workers may have replaced one of the files in the meantime
        first, second = (
            self._versions.contents(media.path, digest)
            for media, digest in zip((one, other), digests, strict=True)
        )
        return all(digests) and not first.isdisjoint(second)

    def _choose(self, key: FileId, matches: list[Match]) -> None:
        """Give an orphan the sidecar of the files with equal bytes. If their sidecars differ, store a reason instead.

        `key`: the `file_id` of the orphan. `matches`: the Matches of the files with equal bytes. If some of these may
        be from the orphan's own export, only those count.
        """
        near = [
            match
            for match in matches
            if self._is_near(self._media[key], self._exports.export_of(match.media, match.folder))
        ]
        candidates = sorted(near or matches, key=_json_order)
        contents = {content_key(match.sidecar) for match in candidates if match.sidecar is not None}
        if len(contents) == 1 and (file := candidates[0].json) is not None:
            self._join(key, file, proof_of(candidates[0]))
        elif contents:
            paths = sorted({match.json.path for match in candidates if match.json is not None})
            self._reasons[key] = f"ambiguous: {summarize_names(paths)}"

    def _join(self, key: FileId, file: JsonFile, proof: bytes = b"") -> None:
        match = self._media[key].match
        self._joined[key] = replace(match, sidecar=file.sidecar, json=file, rule=RULE, reason="", proof=proof)

    # -- title and time

    def _match_by_time(self) -> None:
        """Give each orphan the sidecar whose title is its name and whose time agrees with its time, if there is only
        one.

        The orphan gets no sidecar if that sidecar also agrees with another orphan.
        """
        index = OrphanIndex(
            (sidecar.file for sidecar in self._sidecars.values() if not self.is_copy(sidecar.file)),
            lambda file: self._sidecars[file_id(file)].export,
        )
        agreeing: dict[FileId, Ranges] = {}
        single: dict[FileId, tuple[str, bytes]] = {}
        for key, ranges, proof in self._agreeing(index):
            agreeing[key] = ranges
            contents = index.first_contents(ranges)
            if len(contents) > 1:
                self._reasons[key] = f"ambiguous: {index.describe(ranges)}"
            else:
                single[key] = contents[0], proof
        claims = index.claims(agreeing, {content for content, _ in single.values()}, self._have_same_bytes)
        for key, (content, proof) in single.items():
            claim, files = claims[content], index.files_by_content[content]
            if claim.count == 1 or claim.same_bytes:
                self._join(key, self._file_for(key, files), proof)
            else:
                paths = sorted(self._media[claimant].match.media.path for claimant in claim.claimants)
                names = summarize_names(paths, claim.count)
                self._reasons[key] = f"ambiguous: {files[0].path} fits {names}"

    def _file_for(self, key: FileId, files: list[JsonFile]) -> JsonFile:
        """Return the first of `files` that may be from an export of the orphan; without one, return the first of
        `files`.

        `key`: the `file_id` of the orphan. `files`: sidecars with equal content.
        """
        orphan = self._media[key]
        near = (file for file in files if self._is_near(orphan, self._sidecars[file_id(file)].export))
        return next(near, files[0])

    def _is_near(self, orphan: OrphanMedia, export: ExportKey) -> bool:
        """Return whether `export` may be one of the exports that contain the orphan."""
        return not all(self._exports.are_distinct(candidate, export) for candidate in orphan.exports)

    def _lists(self, orphan: OrphanMedia, index: OrphanIndex) -> list[TitleInExport]:
        """Return the lists of `index` whose title may be the name of the orphan.

        Lists of an export that certainly does not contain the orphan are left out.
        """
        names = media_keys(orphan.match.media.name)
        return index.lists_with_titles(names, lambda export: self._is_near(orphan, export))

    def _agreeing(self, index: OrphanIndex) -> Iterator[tuple[FileId, Ranges, bytes]]:
        """Yield each orphan that agrees with a sidecar: its `file_id`, all such sidecars, and the `Match.proof`.

        A sidecar agrees if its title is the name of the orphan, and its time is the orphan's time.
        """
        lists_by_orphan: dict[FileId, list[TitleInExport]] = {}
        to_read = []
        for key, orphan in self._media.items():
            if key in self._joined or key in self._reasons:
                continue
            match = orphan.match
            lists = self._lists(orphan, index)
            if not lists:
                continue
            lists_by_orphan[key] = lists
            content = index.single_sidecar(lists)
            if content is not None and self._agreed_before(match, index.files_by_content[content][0]):
                yield key, index.agreeing_ranges(lists, lambda _: True, list), BY_DATE
            else:
                to_read.append(replace(match, metadata=None))
        for match in self._read_metadata(iter(to_read)):
            key = file_id(match.media)
            ranges, proof = self._moments(match, index, lists_by_orphan[key])
            if ranges.parts:
                yield key, ranges, proof

    def _agreed_before(self, match: Match, file: JsonFile) -> bool:
        """Return whether an earlier run recorded that this sidecar agrees with the date of the file.

        False if the file or the sidecar changed since then.
        """
        if self._previous_run.recorded_proof(match) != BY_DATE:
            return False
        digest = sidecar_digest(replace(match, sidecar=file.sidecar))
        return self._previous_run.recorded_sidecar_digest(match) == digest

    def _moments(self, match: Match, index: OrphanIndex, lists: list[TitleInExport]) -> tuple[Ranges, bytes]:
        """Return the sidecars in `lists` whose time agrees with the date of a file, and the proof (`Match.proof`).

        The date is in the file, else in its name. A difference that is the offset of a time zone (such as 2 h) also
        agrees, because the zone of the date may be unknown. For a file without a date, the time must be in one of its
        `time_spans`. `lists`: the lists of `index` whose title may be the name of the file.
        """
        evidence = collect_evidence(match, date_in_name)
        if evidence is None:
            spans = time_spans(match.media, match.folder, self._media[file_id(match.media)].span)
            return index.agreeing_ranges(
                lists, lambda taken: any(first <= taken <= last for first, last in spans), lambda: spans
            ), b""
        seconds = evidence.instant if evidence.instant is not None else evidence.seconds
        tolerance = 10.0 if evidence.source == "name" else SAME_SECONDS
        return index.agreeing_ranges(
            lists,
            lambda taken: real_offset(seconds - taken, tolerance) is not None,
            lambda: [
                (seconds - minutes * 60 - tolerance, seconds - minutes * 60 + tolerance)
                for minutes in REAL_OFFSETS
            ],
        ), BY_DATE

    def _have_same_bytes(self, one: FileId, other: FileId) -> bool:
        if one == other:
            return True
        media = self._media[one].match.media
        return bool(media.size) and self._digests.are_equal(media, self._media[other].match.media)

    # -- files that belong to an orphan with a sidecar

    def _match_equal_files(self) -> None:
        """Give orphans the sidecar of another orphan that has the same name and bytes."""
        for group in self._by_name_and_size.values():
            joined = [key for key in group if key in self._joined]
            others = [key for key in group if key not in self._joined and key not in self._reasons]
            if not joined or not others or not self._media[group[0]].match.media.size:
                continue
            by_bytes = {self._digests.of(self._media[key].match.media): key for key in reversed(joined)}
            for key in others:
                equal = by_bytes.get(self._digests.of(self._media[key].match.media) or b"-")
                file = self._joined[equal].json if equal is not None else None
                if file is not None:
                    self._join(key, file)

    def _match_companions(self) -> None:
        """Give videos and edited copies the sidecar of their picture. The picture may be in another source."""
        mains = {
            (media.root, match.folder, media.name): match
            for key, match in self._joined.items()
            for media in self._media[key].equal_files
        }
        for key, orphan in self._media.items():
            match = orphan.match
            main = mains.get((match.media.root, match.folder, match.main)) if match.main else None
            if main is not None and main.json is not None and key not in self._joined:
                self._join(key, main.json)


def _previous_versions(source: str, media: dict[FileId, OrphanMedia]) -> PreviousVersions:
    """Return the earlier versions of files that runs in place replaced, from the undo records in `source`.

    Only files with the name of an orphan are included.
    """
    names = {name for orphan in media.values() for name in media_keys(orphan.match.media.name)}
    versions = PreviousVersions(source, lambda name: not names.isdisjoint(media_keys(name)))
    versions.refresh()
    return versions


def proof_of(match: Match) -> bytes:
    """Return a hash of a file, the `Match.proof` of a match by equal bytes.

    `match`: the Match of the file that has the sidecar. 8 bytes from the file's path, size, modification time and
    version. Return b"" if the file has no version, because another file may have the same path, size and time.
    """
    media = match.media
    if not media.version:
        return b""
    text = f"{match.folder}\0{media.name}\0{media.size}\0{media.mtime_ns}\0{media.version}"
    return xxhash.xxh3_64_digest(text.encode("utf-8", "surrogateescape"))


def _json_order(match: Match) -> tuple[str, int]:
    return (match.json.path, match.json.root) if match.json is not None else ("", 0)
