"""Album folders that have only a picture's sidecar: the album's copy of the picture, or the link to it.

The copy has no file of its own in the sources, so it is reported with the album's sidecar, and recorded under its name.
Everything here comes behind all other files of the run, for which pictures sidecars are is known only then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import JsonFile, JsonRecord, Match, MediaFile, Outcome, Plan, Record
from pef_tui.progress import Progress
from pef_tui.run.albums import Albums
from pef_tui.run.claims import Claims
from pef_tui.run.exports import FileId
from pef_tui.run.gather import Gathered, filtered
from pef_tui.run.identity import numbered_keys
from pef_tui.run.joining import identity
from pef_tui.run.layout import Layout
from pef_tui.run.opening import Opened
from pef_tui.run.paths import folded
from pef_tui.run.plan import Planner
from pef_tui.run.second_look import AlbumSidecar, SecondLook, reread
from pef_tui.takeout.elsewhere import gist

LookInto = Callable[[Iterator[Match]], Iterator[Match]]


class _Wanted(Struct):
    """The sidecars of one album that say the same, and how far they are used up."""

    sidecars: list[AlbumSidecar]
    reason: str = ""
    """Why there is no copy."""


class AlbumCopies:
    """Plans the copies of one run. Lives in the planning thread."""

    def __init__(
        self, place: Opened, layout: Layout, planner: Planner, albums: Albums, second: SecondLook
    ) -> None:
        self._place = place
        self._layout = layout
        self._planner = planner
        self._albums = albums
        self._second = second
        self._claims: dict[str, Claims] = {}
        self._outputs: dict[FileId, list[str]] = {}
        self._originals: dict[FileId, str] = {}
        """The Folder that each picture in hand is in."""
        self._former: dict[FileId, tuple[str, JsonFile, list[bytes]]] = {}

    def seen(self, gathered: Gathered) -> None:
        """Remember what earlier runs put into an album for sidecars of it."""
        settings = self._place.settings
        if gathered.folder.album is None or self._place.filters or settings.in_place or settings.retry_failed:
            return
        for record in gathered.json:
            if record.file.sidecar is not None:
                keys = self._keys_in_dest(gathered.folder.path, record.file.name)
                if keys:
                    self._former[identity(record.file)] = gathered.folder.path, record.file, keys

    def _keys_in_dest(self, folder: str, name: str) -> list[bytes]:
        """The keys of what is recorded as put into DEST for a sidecar of an album."""
        key = os.fsencode(f"{folder}/{name}" if folder else name)
        found, number = [], 1
        while (entry := self._place.ledger.get(key if number == 1 else key + b"\0%d" % number)) is not None:
            if entry.output:
                found.append(entry.key)
            number += 1
        return found

    def _withdrawn(self) -> Iterator[Plan]:
        """What earlier runs put into albums for sidecars of which no picture is known any more."""
        for folder, file, keys in self._former.values():
            media = MediaFile(file.root, file.path, file.size, file.mtime_ns)
            for key in keys:
                match = Match(media, folder, reason="no picture is known for the sidecar")
                yield Plan(match, "unmatched", key=key, for_json=True, withdraws=True)

    def note(self, item: Record | Plan) -> None:
        """Remember the output names of the album folders that sidecars without a picture are in."""
        plan = item.plan if isinstance(item, Outcome) else item
        if isinstance(plan, Plan) and self._second.has_album_sidecars(plan.match.folder):
            output = item.output if isinstance(item, Outcome | Plan) else None
            if output is not None:
                self._claims.setdefault(plan.match.folder, Claims()).add(folded(output))

    def results(self, look_into: LookInto) -> Iterator[Record | Plan]:
        """The Plans of the copies, the outcomes of those that are there, and the record of each sidecar."""
        sidecars = self._second.album_sidecars
        wanted: dict[str, dict[str, _Wanted]] = {}
        if not self._place.settings.in_place:
            for each in sidecars:
                if not self._albums.links and not self._is_recorded(each):
                    continue
                albums = wanted.setdefault(each.gist, {})
                known = albums.setdefault(each.folder, _Wanted([])).sidecars
                if each.file.name not in (other.file.name for other in known):  # parts may overlap
                    known.append(each)
        sources = self._sources(wanted)
        if sources:
            for gathered in reread(self._place, {folder for folder, _ in sources.values()}):
                yield from self._of_folder(gathered, sources, wanted, look_into)
        yield from self._withdrawn()
        for each in sidecars:
            state = wanted.get(each.gist, {}).get(each.folder)
            if state is not None and state.reason:
                yield JsonRecord(each.file, "orphan", state.reason)
            else:
                outputs = tuple(self._outputs.get(identity(each.file), ()))
                yield JsonRecord(each.file, "used", outputs=outputs)

    def _is_recorded(self, sidecar: AlbumSidecar) -> bool:
        """Did an earlier run, with another `--albums`, put a copy there? Then it is to go."""
        [key] = numbered_keys(sidecar.folder, [sidecar.file.name])
        entry = self._place.ledger.get(key)
        return entry is not None and bool(entry.output)

    # -- which pictures

    def _sources(self, wanted: Mapping[str, Mapping[str, _Wanted]]) -> dict[FileId, tuple[str, int]]:
        """The sidecars in use (of pictures in hand, the media) that albums ask for: their Folder, and which it is of
        those that say the same.
        """
        found: dict[FileId, tuple[str, int]] = {}
        for what, albums in wanted.items():
            by_folder: dict[str, dict[str, list[FileId]]] = {}
            for folder, file in self._second.twice.get(what, ()):
                by_folder.setdefault(folder, {}).setdefault(file.name, []).append(identity(file))
            for match in self._second.joined_of(what):
                if not match.main:
                    names = by_folder.setdefault(match.folder, {})
                    names.setdefault(match.media.name, []).append(identity(match.media))
            for folder in by_folder.keys() & albums.keys():
                albums[folder].sidecars.clear()  # the picture itself is in the album
            if not by_folder:
                continue
            chosen = min(by_folder, key=lambda folder: (self._albums.is_album(folder), folder))
            for number, (_, keys) in enumerate(sorted(by_folder[chosen].items())):
                found.update((key, (chosen, number)) for key in keys)
            for state in albums.values():
                if 0 < len(state.sidecars) < len(by_folder[chosen]):
                    state.reason = (
                        f"ambiguous: {len(by_folder[chosen])} pictures of {chosen} have a sidecar like it"
                    )
        return found

    # -- their copies

    def _of_folder(
        self,
        gathered: Gathered,
        sources: Mapping[FileId, tuple[str, int]],
        wanted: Mapping[str, Mapping[str, _Wanted]],
        look_into: LookInto,
    ) -> Iterator[Record | Plan]:
        """The copies of the pictures of one Folder, album by album."""
        copies: dict[str, list[Match]] = {}
        self._originals = {identity(match.media): match.folder for match in gathered.matches}
        for match in gathered.matches:
            if identity(match.media) in gathered.twins:
                continue
            match = self._second.joined_match(match)
            key = next((key for key in _keys(match) if key in sources), None)
            if match.sidecar is None or key is None:
                continue
            for folder, state in wanted.get(gist(match.sidecar), {}).items():
                number = sources[key][1]
                if not state.reason and number < len(state.sidecars):
                    copy = self._copy(match, state.sidecars[number])
                    if not copy.excluded:
                        copies.setdefault(folder, []).append(copy)
        done = {folder: self._place.memory.recall_copies(folder, each) for folder, each in copies.items()}
        if any(len(done[folder]) < len(copies[folder]) for folder in copies):
            looked = self._looked_into(gathered, copies, look_into)
            copies = {folder: [_with_state(copy, looked) for copy in each] for folder, each in copies.items()}
        for folder, each in sorted(copies.items()):
            yield from self._of_album(folder, each)

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
        return filtered(copy, self._place.filters)

    def _looked_into(
        self, gathered: Gathered, copies: Mapping[str, Sequence[Match]], look_into: LookInto
    ) -> dict[FileId, Match]:
        """State and time of the pictures, seen among all of their Folder, as neighbours tell the zone."""
        asked = {identity(copy.media) for each in copies.values() for copy in each}
        whole = (self._second.joined_match(match) for match in gathered.matches if not match.excluded)
        some = (match for match in whole if identity(match.media) not in gathered.twins)
        return {identity(match.media): match for match in look_into(some) if identity(match.media) in asked}

    def _of_album(self, folder: str, copies: Sequence[Match]) -> Iterator[Record | Plan]:
        memory = self._place.memory
        done = memory.recall_copies(folder, copies)
        if len(done) == len(copies):
            for copy in copies:
                yield self._told(copy, done[identity(copy.media)])
            return
        self._layout.begin(folder, memory.outputs(folder), self._claims.setdefault(folder, Claims()))
        for copy in copies:
            item: Plan | Outcome | None = memory.recalled(copy)
            if item is None:
                item = memory.settled(self._plan(copy))
            yield self._told(copy, item)

    def _told(self, copy: Match, item: Plan | Outcome) -> Plan | Outcome:
        """The Plan or outcome as that of a copy; its output goes into the record of the sidecar."""
        if copy.json is not None:
            self._former.pop(identity(copy.json), None)
        if item.output is not None and copy.json is not None:
            self._outputs.setdefault(identity(copy.json), []).append(item.output)
        if isinstance(item, Outcome):
            return replace(item, plan=replace(item.plan, for_json=True))
        return item

    def _plan(self, copy: Match) -> Plan:
        if not self._albums.links:
            there = self._recorded_output(copy)
            gone = Plan(copy, "duplicate", reason="albums have no folders of their own")
            return replace(self._albums.as_copy(gone, there) if there else gone, for_json=True)
        plan = replace(self._planner.plan(copy), for_json=True)
        original = self._albums.output_of(copy.media)
        return self._albums.as_copy(plan, original) if original is not None else plan

    def _recorded_output(self, copy: Match) -> str:
        """Where the picture itself is, as far as it is recorded already; "" where that is not known."""
        source = self._originals.get(identity(copy.media), "")
        [key] = numbered_keys(source, [copy.media.name])
        entry = self._place.ledger.get(key)
        return os.fsdecode(entry.output) if entry is not None and entry.size == copy.media.size else ""


def _keys(match: Match) -> Iterator[FileId]:
    """What may stand for a picture among the sources: itself, the picture it belongs to, its sidecar."""
    root, path = identity(match.media)
    yield root, path
    if match.main:
        yield root, path[: len(path) - len(match.media.name)] + match.main
    if match.json is not None:
        yield identity(match.json)


def _with_state(copy: Match, looked: Mapping[FileId, Match]) -> Match:
    found = looked.get(identity(copy.media))
    return (
        copy
        if found is None
        else replace(copy, state=found.state, taken=found.taken, xmp=found.xmp, facts=found.facts)
    )


def without_copies(records: Iterator[Record], progress: Progress) -> Iterator[Record]:
    """The records of a run but for those of copies, which are reported with their sidecars; a failure is a note."""
    for record in records:
        if not (isinstance(record, Outcome) and record.plan.for_json):
            yield record
        elif record.word == "failed":
            json = record.plan.match.json
            path = json.path if json is not None else record.plan.match.media.path
            progress.notes.append(f"{path!r}: the album's copy failed: {record.reason or record.plan.reason}")
            progress.incomplete = True
        elif record.plan.withdraws:
            path = record.plan.match.media.path
            text = "; ".join(record.warnings) or "what an earlier run put there is removed"
            progress.notes.append(f"{path!r}: {record.plan.match.reason}: {text}")
