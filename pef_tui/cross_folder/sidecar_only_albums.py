"""Give an album that has only the sidecar of a picture a copy of the picture, or a link to it.

The copy has no source file of its own. It is reported with the album's sidecar, and its manifest entry has the name of
this sidecar. These copies are planned last, because only then it is known which picture belongs to a sidecar.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.cross_folder.album_copies import AlbumCopies
from pef_tui.cross_folder.file_state import AlbumSidecar, MatchStage
from pef_tui.cross_folder.orphans import OrphanPass
from pef_tui.filesystem.claimed_names import NameClaims
from pef_tui.manifest.manifest import Manifest
from pef_tui.model import FileId, JsonFile, JsonRecord, Match, MediaFile, Outcome, Plan, Record, file_id
from pef_tui.planning.collect import CollectedFolder, filtered
from pef_tui.planning.layout import Layout
from pef_tui.planning.output_names import fold_name
from pef_tui.planning.planner import Planner
from pef_tui.planning.source_folders import SourceFolders
from pef_tui.progress import Progress
from pef_tui.resume.entry_lookup import numbered_keys
from pef_tui.resume.previous_run import PreviousRun
from pef_tui.settings import Settings
from pef_tui.takeout.orphan_keys import content_key


class _EqualSidecars(Struct):
    """Sidecars of one album that have equal content. Each may get the copy of one picture."""

    sidecars: list[AlbumSidecar]
    reason: str = ""
    """Why the album gets no copies for these sidecars; "" if it gets them."""


class SidecarOnlyAlbums:
    """Plans the copies for albums that have only the sidecars of pictures. Used by the planning thread alone."""

    def __init__(
        self,
        settings: Settings,
        source_folders: SourceFolders,
        manifest: Manifest,
        previous_run: PreviousRun,
        layout: Layout,
        planner: Planner,
        albums: AlbumCopies,
        orphans: OrphanPass,
    ) -> None:
        self._settings = settings
        self._source_folders = source_folders
        self._manifest = manifest
        self._previous_run = previous_run
        self._layout = layout
        self._planner = planner
        self._albums = albums
        self._orphans = orphans
        self._claims: dict[str, NameClaims] = {}
        self._outputs: dict[FileId, list[str]] = {}
        self._originals: dict[FileId, str] = {}
        """For the Folder whose pictures are being copied: the path of the Folder, by the `file_id` of each picture."""
        self._recorded: dict[FileId, tuple[str, JsonFile, list[bytes]]] = {}
        """Copies that earlier runs put into DEST, by the `file_id` of the album's sidecar: path of the Folder, sidecar,
        and manifest keys of the copies.
        """

    def add_folder(self, collected: CollectedFolder) -> None:
        """Find the copies that earlier runs put into DEST for the sidecars of an album. Ignore a Folder that is not an
        album.
        """
        settings = self._settings
        if collected.folder.album is None or settings.in_place or settings.retry_failed:
            return
        if self._source_folders.filters:
            return
        for record in collected.json:
            if record.file.sidecar is not None:
                keys = self._keys_in_dest(collected.folder.path, record.file.name)
                if keys:
                    self._recorded[file_id(record.file)] = collected.folder.path, record.file, keys

    def _keys_in_dest(self, folder: str, name: str) -> list[bytes]:
        """Return the manifest keys of the copies of one sidecar in DEST, made by earlier runs.

        `folder`: path of the album. `name`: name of the sidecar.
        """
        key = os.fsencode(f"{folder}/{name}" if folder else name)
        keys, number = [], 1
        while (entry := self._manifest.get(key if number == 1 else key + b"\0%d" % number)) is not None:
            if entry.output:
                keys.append(entry.key)
            number += 1
        return keys

    def _withdrawals(self) -> Iterator[Plan]:
        """Yield Plans that remove copies of earlier runs from DEST. These are copies whose sidecar has no picture in
        this run.
        """
        for folder, file, keys in self._recorded.values():
            media = MediaFile(file.root, file.path, file.size, file.mtime_ns)
            for key in keys:
                match = Match(media, folder, reason="no picture is known for the sidecar")
                yield Plan(match, "unmatched", key=key, for_json=True, withdraws=True)

    def observe(self, item: Record | Plan) -> None:
        """Mark the output of a file as taken, if its album also has sidecars whose pictures are in other Folders.

        No copy then gets this output path. `item`: the Plan or the Record of the file.
        """
        plan = item.plan if isinstance(item, Outcome) else item
        if isinstance(plan, Plan) and self._orphans.has_album_sidecars(plan.match.folder):
            output = item.output if isinstance(item, Outcome | Plan) else None
            if output is not None:
                self._claims.setdefault(plan.match.folder, NameClaims()).add(fold_name(output))

    def results(self, look: MatchStage) -> Iterator[Record | Plan]:
        """Yield the Plans of the copies, the outcomes of copies that need no work, and the record of each sidecar.

        `look`: fills all fields of Matches that mappers read.
        """
        sidecars = self._orphans.album_sidecars
        sidecars_by_album: dict[str, dict[str, _EqualSidecars]] = {}
        if not self._settings.in_place:
            for sidecar in sidecars:
                if not self._albums.links and not self._is_recorded(sidecar):
                    continue
                albums = sidecars_by_album.setdefault(sidecar.content_key, {})
                equal = albums.setdefault(sidecar.folder, _EqualSidecars([])).sidecars
                if sidecar.file.name not in (other.file.name for other in equal):  # parts may overlap
                    equal.append(sidecar)
        sources = self._sources(sidecars_by_album)
        if sources:
            for collected in self._source_folders.collect_again({folder for folder, _ in sources.values()}):
                yield from self._of_folder(collected, sources, sidecars_by_album, look)
        yield from self._withdrawals()
        for sidecar in sidecars:
            state = sidecars_by_album.get(sidecar.content_key, {}).get(sidecar.folder)
            if state is not None and state.reason:
                yield JsonRecord(sidecar.file, "orphan", state.reason)
            else:
                outputs = tuple(self._outputs.get(file_id(sidecar.file), ()))
                yield JsonRecord(sidecar.file, "used", outputs=outputs)

    def _is_recorded(self, sidecar: AlbumSidecar) -> bool:
        """Return whether an earlier run put a copy for this sidecar into DEST.

        If this run needs no such copy, because `--albums` has another value, it must remove the copy.
        """
        [key] = numbered_keys(sidecar.folder, [sidecar.file.name])
        entry = self._manifest.get(key)
        return entry is not None and bool(entry.output)

    # -- the pictures that are copied into an album

    def _sources(
        self, sidecars_by_album: Mapping[str, Mapping[str, _EqualSidecars]]
    ) -> dict[FileId, tuple[str, int]]:
        """Return which pictures must be copied: for each, the path of its Folder and a number.

        The number distinguishes pictures with equal sidecars. The keys are the `file_id` of the pictures' sidecars; for
        a picture with the sidecar of another Folder, its own `file_id`. `sidecars_by_album`: the sidecars, by
        `content_key` and by the path of the album.
        """
        sources: dict[FileId, tuple[str, int]] = {}
        for content, albums in sidecars_by_album.items():
            by_folder: dict[str, dict[str, list[FileId]]] = {}
            for folder, file in self._orphans.equal_sidecars.get(content, ()):
                by_folder.setdefault(folder, {}).setdefault(file.name, []).append(file_id(file))
            for match in self._orphans.joined_with(content):
                if not match.main:
                    names = by_folder.setdefault(match.folder, {})
                    names.setdefault(match.media.name, []).append(file_id(match.media))
            for folder in by_folder.keys() & albums.keys():
                albums[folder].sidecars.clear()  # the picture itself is in the album
            if not by_folder:
                continue
            chosen = min(by_folder, key=lambda folder: (self._albums.is_album(folder), folder))
            for number, (_, keys) in enumerate(sorted(by_folder[chosen].items())):
                sources.update((key, (chosen, number)) for key in keys)
            for state in albums.values():
                if 0 < len(state.sidecars) < len(by_folder[chosen]):
                    state.reason = (
                        f"ambiguous: {len(by_folder[chosen])} pictures of {chosen} have a sidecar like it"
                    )
        return sources

    # -- the copies of those pictures

    def _of_folder(
        self,
        collected: CollectedFolder,
        sources: Mapping[FileId, tuple[str, int]],
        sidecars_by_album: Mapping[str, Mapping[str, _EqualSidecars]],
        look: MatchStage,
    ) -> Iterator[Record | Plan]:
        """Yield the Plans or outcomes of the copies of the pictures in one Folder, one album after the other.

        `collected`: the Folder with the pictures. `sources`: the result of `_sources`. `sidecars_by_album`: sidecars of
        albums, by `content_key` and by the path of the album. `look`: fills all fields of Matches that mappers read.
        """
        copies: dict[str, list[Match]] = {}
        self._originals = {file_id(match.media): match.folder for match in collected.matches}
        for match in collected.matches:
            if file_id(match.media) in collected.duplicates:
                continue
            match = self._orphans.joined_match(match)
            key = next((key for key in _keys(match) if key in sources), None)
            if match.sidecar is None or key is None:
                continue
            for folder, state in sidecars_by_album.get(content_key(match.sidecar), {}).items():
                number = sources[key][1]
                if not state.reason and number < len(state.sidecars):
                    copy = self._copy(match, state.sidecars[number])
                    if not copy.excluded:
                        copies.setdefault(folder, []).append(copy)
        unchanged = {
            folder: self._previous_run.unchanged_album_copies(folder, matches)
            for folder, matches in copies.items()
        }
        if any(len(unchanged[folder]) < len(copies[folder]) for folder in copies):
            pictures = self._with_metadata(collected, copies, look)
            copies = {
                folder: [_with_metadata_of(copy, pictures) for copy in matches]
                for folder, matches in copies.items()
            }
        for folder, matches in sorted(copies.items()):
            yield from self._of_album(folder, matches)

    def _copy(self, match: Match, sidecar: AlbumSidecar) -> Match:
        copy = replace(
            match,
            folder=sidecar.folder,
            album=sidecar.album,
            sidecar=sidecar.file.sidecar,
            json=sidecar.file,
            excluded="",
            copies=(),
        )
        return filtered(copy, self._source_folders.filters)

    def _with_metadata(
        self, collected: CollectedFolder, copies: Mapping[str, Sequence[Match]], look: MatchStage
    ) -> dict[FileId, Match]:
        """Return the pictures that are copied into albums, with their metadata, by `file_id`.

        `collected`: the Folder with these pictures. All its files are read, because a time zone may be taken from
        neighbours. `copies`: for each album (path of its Folder), the Matches of the pictures that it gets. `look`:
        fills all fields of Matches that mappers read.
        """
        pictures = {file_id(copy.media) for matches in copies.values() for copy in matches}
        included = (
            self._orphans.joined_match(match)
            for match in collected.matches
            if not match.excluded and file_id(match.media) not in collected.duplicates
        )
        return {file_id(match.media): match for match in look(included) if file_id(match.media) in pictures}

    def _of_album(self, folder: str, copies: Sequence[Match]) -> Iterator[Record | Plan]:
        previous_run = self._previous_run
        unchanged = previous_run.unchanged_album_copies(folder, copies)
        if len(unchanged) == len(copies):
            for copy in copies:
                yield self._as_copy_of_sidecar(copy, unchanged[file_id(copy.media)])
            return
        self._layout.begin_folder(
            folder, previous_run.take_previous_outputs(folder), self._claims.setdefault(folder, NameClaims())
        )
        for copy in copies:
            item: Plan | Outcome | None = previous_run.take_unchanged(copy)
            if item is None:
                item = previous_run.reuse_if_same(self._plan(copy))
            yield self._as_copy_of_sidecar(copy, item)

    def _as_copy_of_sidecar(self, copy: Match, item: Plan | Outcome) -> Plan | Outcome:
        """Return the Plan or outcome of a copy, changed to be reported with the album's sidecar.

        The output of the copy is stored for the record of this sidecar.
        """
        if copy.json is not None:
            self._recorded.pop(file_id(copy.json), None)
        if item.output is not None and copy.json is not None:
            self._outputs.setdefault(file_id(copy.json), []).append(item.output)
        if isinstance(item, Outcome):
            return replace(item, plan=replace(item.plan, for_json=True))
        return item

    def _plan(self, copy: Match) -> Plan:
        if not self._albums.links:
            output = self._recorded_output(copy)
            plan = Plan(copy, "duplicate", reason="albums have no folders of their own")
            return replace(self._albums.as_copy(plan, output) if output else plan, for_json=True)
        plan = replace(self._planner.plan(copy), for_json=True)
        original = self._albums.output_of(copy.media)
        return self._albums.as_copy(plan, original) if original is not None else plan

    def _recorded_output(self, copy: Match) -> str:
        """Return the output of the picture that is copied, as the manifest records it; "" if there is none."""
        source = self._originals.get(file_id(copy.media), "")
        [key] = numbered_keys(source, [copy.media.name])
        entry = self._manifest.get(key)
        return os.fsdecode(entry.output) if entry is not None and entry.size == copy.media.size else ""


def _keys(match: Match) -> Iterator[FileId]:
    """Yield the keys under which `_sources` may have a picture: the picture itself, the picture that a video or edited
    copy belongs to, and the sidecar.
    """
    root, path = file_id(match.media)
    yield root, path
    if match.main:
        yield root, path[: len(path) - len(match.media.name)] + match.main
    if match.json is not None:
        yield file_id(match.json)


def _with_metadata_of(copy: Match, pictures: Mapping[FileId, Match]) -> Match:
    picture = pictures.get(file_id(copy.media))
    if picture is None:
        return copy
    return replace(
        copy,
        metadata=picture.metadata,
        capture_time=picture.capture_time,
        xmp=picture.xmp,
        facts=picture.facts,
    )


def without_copies(records: Iterator[Record], progress: Progress) -> Iterator[Record]:
    """Yield all records except the outcomes of album copies, which are reported with the record of their sidecar.

    Each copy that failed or was removed adds a note to `progress`.
    """
    for record in records:
        if not (isinstance(record, Outcome) and record.plan.for_json):
            yield record
        elif record.outcome == "failed":
            json = record.plan.match.json
            path = json.path if json is not None else record.plan.match.media.path
            progress.notes.warn(f"{path!r}: the album's copy failed: {record.reason or record.plan.reason}")
            progress.incomplete = True
        elif record.plan.withdraws:
            path = record.plan.match.media.path
            text = "; ".join(record.warnings) or "what an earlier run put there is removed"
            progress.notes.append(f"{path!r}: {record.plan.match.reason}: {text}")
