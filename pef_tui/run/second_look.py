"""The second look: pictures without a sidecar, and sidecars without a picture, joined across Folders.

Memory follows what stayed alone, never the export: whatever else is needed is listed and read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import Album, Folder, JsonFile, JsonRecord, Match, MediaFile, Outcome, Record
from pef_tui.run.contested import Waiting, WeakMatches
from pef_tui.run.exports import Key
from pef_tui.run.gather import NO_SIDECAR, Gathered, gather
from pef_tui.run.joining import Alone, Joining, LookInto, identity
from pef_tui.run.opening import Opened
from pef_tui.run.resume import FileId
from pef_tui.run.told_twice import Twice, beside_their_pictures, owners
from pef_tui.tags.by_name import LOOKED_AT
from pef_tui.takeout.elsewhere import Span, gist
from pef_tui.takeout.read_ahead import read_sidecars

LOOSE = 200_000
"""Pictures, and sidecars, that are kept for the second look (about 600 bytes each); what comes then is told at once."""

LEFT = ("unchanged", "unmatched")
"""What is told of a picture without a sidecar in a Folder that is not looked into."""

KEPT_TAGS = ("EXIF:Model", *LOOKED_AT)
"""What a name may be made of, and what a date in a name must not contradict."""


def is_alone(match: Match) -> bool:
    """Has it no sidecar, for no other reason than that there was none?"""
    return match.sidecar is None and not match.excluded and match.reason == NO_SIDECAR


def span_of(matches: Iterable[Match]) -> Span | None:
    """From the first to the last moment that sidecars of a Folder tell."""
    taken = [match.sidecar.taken for match in matches if match.sidecar is not None]
    known = [moment for moment in taken if moment is not None]
    return (min(known), max(known)) if known else None


class AlbumSidecar(Struct, frozen=True):
    """A sidecar in use whose Folder is an album's and has no picture for it."""

    file: JsonFile
    folder: str
    album: Album
    gist: str


class SecondLook:
    """What stayed alone in one run, and what becomes of it. Lives in the planning thread."""

    def __init__(
        self,
        place: Opened,
        look: LookInto,
        complete: Callable[[Match], Match],
        hold: Callable[[Match, MediaFile], None],
    ) -> None:
        """`look`: fills the state alone. `complete`: adds what a Plan depends on besides, as the first look did.
        `hold`: takes a file that is the same as another, until the outcome of that one is known.
        """
        self._place = place
        self._look = look
        self._complete = complete
        self._hold = hold
        self._alone: dict[FileId, Alone] = {}
        self._orphans: dict[FileId, JsonFile] = {}
        self._exports_of: dict[FileId, Key] = {}
        self._spans: dict[str, Span | None] = {}
        self._also: dict[FileId, list[Key]] = {}
        self._skipped: dict[str, list[Record]] = {}
        self._late: dict[str, dict[FileId, Match]] = {}
        self._outputs: dict[FileId, str] = {}
        self._opened = False
        self._albums: dict[FileId, tuple[str, Album]] = {}
        """Of orphans: Folder and album."""
        self._album_folders: set[str] = set()
        self.weak = WeakMatches(place.exports)
        """Matches that other Folders may change although they have a sidecar."""
        self._joined: dict[FileId, Match] = {}
        self._by_gist: dict[str, list[Match]] = {}
        self.twice: Twice = {}
        """Sidecars in use that say the same as orphans."""
        self.album_sidecars: list[AlbumSidecar] = []
        """Filled by `results`, which leaves their records to `AlbumCopies`."""

    # -- what stays alone in the first pass

    def candidates(self, gathered: Gathered, wanted: Iterable[Match]) -> list[Match]:
        """Those of the wanted Matches of a Folder that are to be kept: without a sidecar, or by a weak rule."""
        self._opened = self._opened or bool(gathered.matches or gathered.folder.json)
        matches = [*wanted]
        weak = self.weak.among(matches)
        alone = [match for match in matches if is_alone(match)]
        if len(self._alone) + len(alone) > LOOSE:
            alone = []
        if alone or weak:
            self._spans[gathered.folder.path] = span_of(gathered.matches)
            self._note_exports(gathered)
        return [*alone, *weak]

    def _note_exports(self, gathered: Gathered) -> None:
        """Of files that are the same as others: whose they are."""
        for match in gathered.matches if gathered.twins else ():
            if (original := gathered.twins.get(identity(match.media))) is not None:
                key = self._place.exports.key(match.media, match.folder)
                self._also.setdefault(identity(original), []).append(key)

    def keep(self, match: Match, output: str) -> None:
        """Keep a candidate, with its state and time where they are filled."""
        if match.json is not None:
            self.weak.keep(match, output)
        else:
            self._keep_alone(match, output)

    def _keep_alone(self, match: Match, output: str) -> None:
        state = match.state
        bare = match
        if state is not None:
            tags = {tag: state.tags[tag] for tag in KEPT_TAGS if tag in state.tags}
            bare = replace(match, state=replace(state, tags=tags))
        span = self._spans.get(match.folder)
        key = identity(match.media)
        exports = self._place.exports.key(match.media, match.folder), *self._also.pop(key, ())
        self._alone[key] = Alone(bare, output, span, state is not None, exports)

    def postpone(self, match: Match, output: str) -> None:
        """Put a file off until all that is alone is decided: it is a copy of one of those."""
        key = identity(match.media)
        self._late.setdefault(match.folder, {})[key] = match
        self._outputs[key] = output

    def keep_json(self, folder: Folder, record: JsonRecord) -> bool:
        """Keep a sidecar without a picture, or with one by a weak rule; False where it is to be told at once."""
        if self.weak.awaits(record.file):
            return True
        if record.outcome != "orphan" or len(self._orphans) >= LOOSE:
            return False
        self._add_orphan(folder, record.file)
        return True

    def _add_orphan(self, folder: Folder, file: JsonFile) -> None:
        self._orphans[identity(file)] = file
        self._exports_of[identity(file)] = self._place.exports.key(file, folder.path)
        if folder.album is not None:
            self._albums[identity(file)] = folder.path, folder.album
            self._album_folders.add(folder.path)

    def keep_told(self, folder: Folder, records: Iterable[Record]) -> Iterator[Record]:
        """The records of a Folder that is not looked into, but for those that another Folder may change."""
        for record in self.weak.skipped(folder, records):
            if _is_loose(record):
                self._skipped.setdefault(folder.path, []).append(record)
            else:
                yield record

    # -- what becomes of it

    def results(self, look_into: LookInto) -> Iterator[Record | tuple[Match, str]]:
        """What is to be told, and Matches that are to be planned with the output each was promised."""
        again: dict[str, dict[FileId, Match]] = {}
        yield from self._take_up_skipped()
        yield from self._settle_weak(again)
        if not self._alone and not self._orphans:
            yield from self._looked_into(again, look_into)
            yield from self._looked_into(self._late, look_into)
            return
        joining = Joining(self._place, self._look, self._alone, self._orphans, self._exports_of)
        joined, reasons = joining.joined()
        self._joined, self.twice = joined, joining.twice
        back, lost = self.weak.decide(joined, lambda key, file: not joining.contradicts(key, file))
        reasons |= lost
        used = {identity(match.json) for match in joined.values() if match.json is not None}
        for key, alone in self._alone.items():
            if key in joined:
                match = self._complete(joined[key])
            else:
                match = back.get(key) or replace(alone.match, reason=reasons.get(key, alone.match.reason))
            if (outcome := self._place.memory.again(match)) is not None:
                yield outcome
            elif match.json is not None or not alone.looked:
                again.setdefault(match.folder, {})[key] = match
            else:
                yield match, alone.output
        yield from self._looked_into(again, look_into)
        yield from self._looked_into(self._late, look_into)
        given_back = {identity(match.json) for match in back.values() if match.json is not None}
        for key, file in self._orphans.items():
            if key in given_back:
                yield JsonRecord(file, "used")
            elif key in used or joining.is_copy(file) or (key in self._albums and self._fits_joined(file)):
                if key in self._albums and file.sidecar is not None:
                    self.album_sidecars.append(AlbumSidecar(file, *self._albums[key], gist(file.sidecar)))
                else:
                    yield JsonRecord(file, "used")
            else:
                yield JsonRecord(file, "orphan", "no picture or video belongs to it")

    def _settle_weak(self, again: dict[str, dict[FileId, Match]]) -> Iterator[Record | tuple[Match, str]]:
        """Matches whose sidecars nothing else claims. The others count as alone, until it is known whose they are."""
        alone = {key: (each.match, each.exports) for key, each in self._alone.items()}
        for each in self.weak.settle(alone, lambda files: owners(self._place, files)):
            if isinstance(each, Waiting):
                yield from self._settled(each, again)
                continue
            folder, file, contested = each
            if contested:
                self._add_orphan(folder, file)
            else:
                yield JsonRecord(file, "used")
        for each in self.weak.contested.values():
            match = replace(each.match, sidecar=None, json=None, rule=None, reason=NO_SIDECAR, doubts=())
            self._keep_alone(match, each.output)

    def _settled(
        self, each: Waiting, again: dict[str, dict[FileId, Match]]
    ) -> Iterator[Record | tuple[Match, str]]:
        match, key = each.match, identity(each.match.media)
        if (outcome := self._place.memory.again(match)) is not None:
            yield outcome
        elif match.state is None:
            again.setdefault(match.folder, {})[key] = match
            self._outputs[key] = each.output
        else:
            yield match, each.output

    # -- what `AlbumCopies` asks

    @property
    def has_album_folders(self) -> bool:
        """Is there any album that has sidecars without their pictures, so far?"""
        return bool(self._album_folders)

    def has_album_sidecars(self, folder: str) -> bool:
        """Is a Folder an album's that has sidecars without their pictures?"""
        return folder in self._album_folders

    def joined_match(self, match: Match) -> Match:
        """The Match of a picture, with the sidecar of another Folder where it was joined with one."""
        joined = self._joined.get(identity(match.media))
        if joined is None:
            return match
        return replace(match, sidecar=joined.sidecar, json=joined.json, rule=joined.rule, reason="")

    def joined_of(self, what: str) -> list[Match]:
        """Those joined across Folders with a sidecar that says this (`gist`)."""
        if not self._by_gist:
            for match in self._joined.values():
                if match.sidecar is not None:
                    self._by_gist.setdefault(gist(match.sidecar), []).append(match)
        return self._by_gist.get(what, [])

    def _fits_joined(self, file: JsonFile) -> bool:
        """Does an orphan say the same as what a picture of another Folder was joined with?"""
        return file.sidecar is not None and bool(self.joined_of(gist(file.sidecar)))

    # -- how it becomes known

    def _take_up_skipped(self) -> Iterator[Record]:
        """Folders that were not looked into: as before if no other changed, else what is loose of them is kept too."""
        loose_media = [
            record.plan.match.media
            for record in chain.from_iterable(self._skipped.values())
            if isinstance(record, Outcome)
        ]
        alone = chain(loose_media, (each.match.media for each in self._alone.values()))
        owned = beside_their_pictures(self._place, self.weak.skipped_bases if self._opened else ())
        for path, records, may_be_claimed in self.weak.release(alone, owned):
            if may_be_claimed and self._opened:
                self._skipped.setdefault(path, []).extend(records)
            else:
                yield from records
        if not self._opened:
            yield from chain.from_iterable(self._skipped.values())
            return
        for gathered in reread(self._place, self._skipped.keys()):
            loose = {_file_id(record): record for record in self._skipped.pop(gathered.folder.path)}
            twins = gathered.twins
            wanted = [
                self._complete(match)
                for match in gathered.matches
                if not match.excluded and identity(match.media) not in twins
            ]
            for match in gathered.matches:
                key = identity(match.media)
                if key in twins and loose.pop(key, None) is not None:
                    self._hold(match, twins[key])
            self.weak.look_at(gathered, loose.keys())
            here = {identity(match.media) for match in self.candidates(gathered, wanted)} & loose.keys()
            self._place.memory.recall(gathered.folder, wanted, here)
            for match in wanted:
                key = identity(match.media)
                if key in here:
                    self.keep(match, self._place.memory.promised(match))
                    loose.pop(key)
            for json in gathered.json:
                if identity(json.file) in loose and self.keep_json(gathered.folder, json):
                    loose.pop(identity(json.file))
            yield from loose.values()
        yield from chain.from_iterable(self._skipped.values())

    def _looked_into(
        self, again: dict[str, dict[FileId, Match]], look_into: LookInto
    ) -> Iterator[tuple[Match, str]]:
        """The Matches to be planned, with state and time: their Folders pass whole, for neighbours tell the zone."""
        for match in look_into(_with(again, reread(self._place, again.keys()))):
            key = identity(match.media)
            if again.get(match.folder, {}).pop(key, None) is not None:
                yield match, self._promised(key)
        for gone in again.values():  # since the first pass; carrying it out will say why
            for key, match in gone.items():
                yield match, self._promised(key)

    def _promised(self, key: FileId) -> str:
        return self._alone[key].output if key in self._alone else self._outputs[key]


def _is_loose(record: Record) -> bool:
    if isinstance(record, JsonRecord):
        return record.outcome == "orphan"
    return isinstance(record, Outcome) and record.plan.match.json is None and record.word in LEFT


def _file_id(record: Record) -> FileId:
    return identity(record.plan.match.media if isinstance(record, Outcome) else record.file)


def reread(place: Opened, paths: Iterable[str]) -> Iterator[Gathered]:
    """Some Folders once more, their sidecars read and matched."""
    wanted = set(paths)
    if not wanted:
        return
    found = (folder for folder in place.every_folder() if folder.path in wanted)
    for folder in read_sidecars(found, place.open_json, place.threads):
        yield gather(folder, place.matchers, place.filters, place.open_media, place.exports)


def _with(again: dict[str, dict[FileId, Match]], found: Iterator[Gathered]) -> Iterator[Match]:
    for gathered in found:
        joined = again[gathered.folder.path]
        for match in gathered.matches:
            key = identity(match.media)
            if not match.excluded and key not in gathered.twins:
                anew = joined.get(key)
                yield match if anew is None else replace(anew, state=None, taken=None, xmp=match.xmp)
