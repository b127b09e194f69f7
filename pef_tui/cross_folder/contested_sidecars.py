"""Decide which media file gets a contested sidecar. This is a sidecar that may belong to media files of several
Folders.

Example: `Trip` has `a.png`, but no `a.jpg`. A weak rule matches `Trip/a.png` with the sidecar whose title is `a.jpg`.
(The rules in `WEAK_RULES` match a media file whose name is not the title.) But `Party` has an `a.jpg`. This file has no
sidecar, or a sidecar with the same content. The sidecar may belong to `Party/a.jpg`. So a match by a weak rule waits
until all Folders were listed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from pef_tui.cross_folder.file_state import OrphanMedia, WeakMatch
from pef_tui.model import FileId, Folder, JsonFile, JsonRecord, Match, MediaFile, Outcome, Record, file_id
from pef_tui.planning.collect import CONTESTED, CollectedFolder
from pef_tui.planning.exports import ExportKey, Exports
from pef_tui.takeout.match_state import WEAK_RULES, summarize_names
from pef_tui.takeout.naming import plain, sidecar_name
from pef_tui.takeout.orphan_keys import base_keys, content_key, media_keys, sidecar_keys

COMPANION_RULES = frozenset({"live", "motion", "edited"})
"""Rules by which a video or an edited copy shares the sidecar of its picture."""

MAX_WAITING = 20_000
"""Largest number of matches that wait. Each needs some 3 kB for its metadata.

Further matches do not wait: they are planned with their Folder.
"""

MediaByContent = Mapping[str, Sequence[tuple[str, MediaFile]]]
"""Media files grouped by the content of their sidecars (`content_key`): path of the Folder, and media file."""


class WeakMatches:
    """Decides which matches by weak rules keep their sidecars, after all Folders were listed.

    Used by the planning thread alone.
    """

    def __init__(self, exports: Exports) -> None:
        self._exports = exports
        self._in_folder: set[FileId] = set()
        """Media files of the current Folder that a weak rule matched."""
        self._waiting: dict[FileId, WeakMatch] = {}
        self._sidecars: dict[FileId, tuple[Folder, JsonFile]] = {}
        self._cached: dict[str, list[Record]] = {}
        """Records of unchanged Folders that are not reported yet, by the path of the Folder."""
        self._contested_sidecars: set[FileId] = set()
        self.reported: set[FileId] = set()
        """Sidecars whose record was already reported from the cache. Their matches wait, but the sidecars get no second
        record.
        """
        self.contested: dict[FileId, WeakMatch] = {}
        """Waiting matches whose sidecar may belong to another media file."""

    # -- the matches that wait for all Folders

    def begin_folder(self, collected: CollectedFolder, unreported: Container[FileId] | None = None) -> None:
        """Find the matches of a Folder that must wait until all Folders were listed, and their sidecars.

        `unreported`: for an unchanged Folder, the files whose records from the cache are not reported yet; else None.
        """
        self._in_folder.clear()
        weak = [
            match
            for match in _weak_matches(collected.matches)
            if file_id(match.media) not in collected.duplicates
        ]
        if unreported is not None:
            weak = [match for match in weak if file_id(match.media) in unreported]
        if not weak or len(self._waiting) + len(weak) > MAX_WAITING:
            return
        self._in_folder |= {file_id(match.media) for match in weak}
        sidecars = {
            file_id(match.json): (collected.folder, match.json) for match in weak if match.json is not None
        }
        self._sidecars |= sidecars
        if unreported is not None:
            self.reported |= {key for key in sidecars if key not in unreported}

    def in_folder(self, matches: Iterable[Match]) -> list[Match]:
        """Return the `matches` that must wait until all Folders were listed."""
        return [match for match in matches if file_id(match.media) in self._in_folder]

    def has_sidecar(self, file: JsonFile) -> bool:
        """Return whether `file` is the sidecar of a match that waits until all Folders were listed."""
        return file_id(file) in self._sidecars

    def add(self, match: Match, output: str) -> None:
        """Add a match that waits until all Folders were listed. `output`: the output path that was claimed for its
        file.
        """
        self._waiting[file_id(match.media)] = WeakMatch(match, output)

    # -- Folders that did not change

    def hold_cached(self, folder: Folder, records: Iterable[Record]) -> list[Record]:
        """Store the records of weak matches and their sidecars, and return the other records.

        `release_cached` yields the stored records later.
        """
        records = [*records]
        weak = _weak_records(records)
        if not weak:
            return records
        held_back = self._cached.setdefault(folder.path, [])
        others: list[Record] = []
        for record in records:
            (held_back if _record_id(record) in weak else others).append(record)
        return others

    @property
    def cached_bases(self) -> set[str]:
        """Names (as `base_keys` returns them) of the sidecars whose records `hold_cached` stored."""
        records = chain.from_iterable(self._cached.values())
        return {
            base
            for record in records
            if isinstance(record, JsonRecord)
            for base in base_keys(record.file.name)
        }

    def release_cached(
        self, orphan_media: Iterable[MediaFile], sidecars_with_media: Iterable[Folder]
    ) -> Iterator[tuple[str, list[Record], bool]]:
        """Yield the records that `hold_cached` stored: for each Folder its path, its records, and whether to match it
        again.

        A Folder must be matched again if one of its sidecars may belong to media of another Folder, judged by names.
        `orphan_media`: all media without a sidecar. `sidecars_with_media`: Folders with a sidecar and the media file
        that the title of the sidecar names.
        """
        folders: dict[str, set[str]] = {}
        for folder in sidecars_with_media:
            for file in folder.json:
                for base in base_keys(file.name):
                    folders.setdefault(base, set()).add(folder.path)
        names = frozenset(
            plain(sidecar_name(name, 0, supplemental)[:-5])
            for media in orphan_media
            for name in media_keys(media.name)
            for supplemental in (True, False)
        )
        for path, records in self._cached.items():
            json_names = (record.file.name for record in records if isinstance(record, JsonRecord))
            bases = {base for name in json_names for base in base_keys(name)}
            is_claimed = not bases.isdisjoint(names) or any(
                folders.get(base, set()) - {path} for base in bases
            )
            yield path, records, is_claimed
        self._cached.clear()

    # -- the match that gets the sidecar

    def find_contested(
        self,
        orphan_media: Mapping[FileId, OrphanMedia],
        find_media: Callable[[Iterable[JsonFile]], MediaByContent],
    ) -> Iterator[WeakMatch]:
        """Yield the waiting matches whose sidecars certainly belong to no other media file.

        Store the other waiting matches in `contested`. `orphan_media`: all media without a sidecar, by `file_id`.
        `find_media`: takes sidecars, and returns media files whose own sidecars have the same content.
        """
        by_name: dict[str, list[FileId]] = {}
        for key, orphan in orphan_media.items() if self._waiting else ():
            for name in media_keys(orphan.match.media.name):
                by_name.setdefault(name, []).append(key)
        media = find_media(file for _, file in self._sidecars.values()) if self._waiting else {}
        for key, state in self._waiting.items():
            file, folder = state.match.json, state.match.folder
            if file is None:
                continue
            export = self._exports.export_of(file, folder)
            rivals = chain.from_iterable(by_name.get(name, ()) for name in sidecar_keys(file))
            state.rivals = sorted(
                rival
                for rival in dict.fromkeys(rivals)
                if orphan_media[rival].match.folder != folder
                and self._may_share(orphan_media[rival].exports, export)
            )
            state.owner_path = self._owner_path(file, folder, media)
            if state.rivals or state.owner_path:
                self.contested[key] = state
                self._contested_sidecars.add(file_id(file))
            else:
                yield state
        self._waiting.clear()

    def sidecars(self) -> Iterator[tuple[Folder, JsonFile, bool]]:
        """Yield the sidecar of each match that waited: its Folder, the sidecar, and whether it is contested."""
        for key, (folder, file) in self._sidecars.items():
            yield folder, file, key in self._contested_sidecars

    def _may_share(self, exports: Iterable[ExportKey], export: ExportKey) -> bool:
        """Return whether `export` may be the same export as one of `exports`."""
        return not all(self._exports.are_distinct(candidate, export) for candidate in exports)

    def _owner_path(self, file: JsonFile, folder: str, media_by_content: MediaByContent) -> str:
        """Return the path of a media file in another Folder whose own sidecar has the same content as `file`.

        Return "" if there is no such media file.
        """
        export = self._exports.export_of(file, folder)
        candidates = media_by_content.get(content_key(file.sidecar), ()) if file.sidecar is not None else ()
        paths = (
            media.path
            for path, media in candidates
            if path != folder and not self._exports.are_distinct(self._exports.export_of(media, path), export)
        )
        return min(paths, default="")

    def decide(
        self, joined: Mapping[FileId, Match], may_claim: Callable[[FileId, JsonFile], bool]
    ) -> tuple[dict[FileId, Match], dict[FileId, str]]:
        """Return the contested matches that keep their sidecars, and the reasons why the others lose them.

        Both are keyed by the `file_id` of the media file. A match keeps its sidecar if the sidecar can belong to no
        other file. `joined`: matches of media files with sidecars of other Folders. `may_claim`: returns whether a
        sidecar may belong to a media file.
        """
        confirmed: dict[FileId, Match] = {}
        reasons: dict[FileId, str] = {}
        owners = {file_id(match.json): match for match in joined.values() if match.json is not None}
        for key, state in self.contested.items():
            file = state.match.json
            if file is None or key in joined:
                continue
            owner = owners.get(file_id(file))
            rivals = [rival for rival in state.rivals if rival not in joined and may_claim(rival, file)]
            paths = [owner.media.path] if owner is not None else sorted(path for _, path in rivals)
            paths = [state.owner_path] if state.owner_path else paths
            if paths:
                reasons[key] = f"{CONTESTED}{summarize_names(paths)}"
            else:
                confirmed[key] = state.match
        return confirmed, reasons


def _weak_matches(matches: Sequence[Match]) -> list[Match]:
    """Return the matches by weak rules. Include the videos and edited copies that share the sidecar of such a match.

    An edited copy is left out if its picture has the sidecar by its own name. No other file can have that sidecar.
    """
    weak = {
        (match.media.root, match.media.name): match.json
        for match in matches
        if match.rule in WEAK_RULES and match.json is not None
    }
    own = _own_sidecars(matches) if weak else frozenset()
    return [
        match
        for match in (matches if weak else ())
        if match.json is not None
        and not match.excluded
        and file_id(match.json) not in own
        and (match.rule in WEAK_RULES or weak.get((match.media.root, match.main)) == match.json)
    ]


def _own_sidecars(matches: Iterable[Match]) -> frozenset[FileId]:
    """Return the `file_id` of each sidecar that a file has by its own name, and not through its picture."""
    return frozenset(
        file_id(match.json)
        for match in matches
        if match.json is not None and match.rule not in WEAK_RULES and match.rule not in COMPANION_RULES
    )


def _weak_records(records: Sequence[Record]) -> set[FileId]:
    """Return the `file_id` of each sidecar that a weak rule matched, and of all media that have such a sidecar."""
    matches = [record.plan.match for record in records if isinstance(record, Outcome)]
    json = {file_id(match.json) for match in matches if match.json is not None and match.rule in WEAK_RULES}
    json -= _own_sidecars(matches)
    media = {
        file_id(match.media) for match in matches if match.json is not None and file_id(match.json) in json
    }
    return media | json


def _record_id(record: Record) -> FileId:
    return file_id(record.plan.match.media if isinstance(record, Outcome) else record.file)
