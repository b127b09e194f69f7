"""The second look: pictures without a sidecar, and sidecars without a picture, joined across Folders.

Memory follows what stayed alone, never the export: whatever else is needed is listed and read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.gather import NO_SIDECAR, Gathered, gather
from pef_tui.model import Folder, JsonFile, JsonRecord, Match, MediaFile, Outcome, Record, State
from pef_tui.name_dates import date_in_name
from pef_tui.opening import Opened
from pef_tui.resume import FileId, content_digest, sidecar_digest
from pef_tui.tags.evidence import gather as evidence
from pef_tui.tags.zones import real_offset
from pef_tui.takeout.elsewhere import RULE, SAME, Span, gist, may_be_time, media_keys, sidecar_keys
from pef_tui.takeout.join import folders
from pef_tui.takeout.read_ahead import read_sidecars

LOOSE = 200_000
"""Pictures, and sidecars, that are kept for the second look (about 600 bytes each); what comes then is told at once."""

LEFT = ("unchanged", "unmatched")
"""What is told of a picture without a sidecar in a Folder that is not looked into."""

KEPT_TAGS = ("EXIF:Model",)
"""What a name may be made of."""

LookInto = Callable[[Iterator[Match]], Iterator[Match]]
"""Fills state and time of Matches, in order."""


class Alone(Struct):
    """A picture or film without a sidecar, kept until every Folder was seen."""

    match: Match
    output: str
    """Where it will be; "" where its name is to be found when it is planned."""
    span: Span | None
    looked: bool
    """State (with `KEPT_TAGS` alone) and time are filled."""


def identity(file: MediaFile | JsonFile) -> FileId:
    """Number of the source and path in it."""
    return file.root, file.path


def is_alone(match: Match) -> bool:
    """Has it no sidecar, for no other reason than that there was none?"""
    return match.sidecar is None and not match.excluded and match.reason == NO_SIDECAR


def span_of(matches: Iterable[Match]) -> Span | None:
    """From the first to the last moment that sidecars of a Folder tell."""
    taken = [match.sidecar.taken for match in matches if match.sidecar is not None]
    known = [moment for moment in taken if moment is not None]
    return (min(known), max(known)) if known else None


class SecondLook:
    """What stayed alone in one run, and what becomes of it. Lives in the planning thread."""

    def __init__(self, place: Opened, look: LookInto) -> None:
        """`look`: fills the state alone."""
        self._place = place
        self._look = look
        self._alone: dict[FileId, Alone] = {}
        self._orphans: dict[FileId, JsonFile] = {}
        self._spans: dict[str, Span | None] = {}
        self._skipped: dict[str, list[Record]] = {}
        self._late: dict[str, dict[FileId, Match]] = {}
        self._outputs: dict[FileId, str] = {}
        self._opened = False

    # -- what stays alone in the first pass

    def candidates(self, gathered: Gathered, wanted: Iterable[Match]) -> list[Match]:
        """Those of the wanted Matches of a Folder that are to be kept."""
        self._opened = True
        alone = [match for match in wanted if is_alone(match)]
        if not alone or len(self._alone) + len(alone) > LOOSE:
            return []
        self._spans[gathered.folder.path] = span_of(gathered.matches)
        return alone

    def keep(self, match: Match, output: str) -> None:
        """Keep a candidate, with its state and time where they are filled."""
        state = match.state
        bare = match
        if state is not None:
            tags = {tag: state.tags[tag] for tag in KEPT_TAGS if tag in state.tags}
            bare = replace(match, state=State(state.format, tags, state.reader, state.damage))
        span = self._spans.get(match.folder)
        self._alone[identity(match.media)] = Alone(bare, output, span, state is not None)

    def postpone(self, match: Match, output: str) -> None:
        """Put a file off until all that is alone is decided: it is a copy of one of those."""
        key = identity(match.media)
        self._late.setdefault(match.folder, {})[key] = match
        self._outputs[key] = output

    def keep_json(self, record: JsonRecord) -> bool:
        """Keep a sidecar without a picture; False where it is to be told at once."""
        if record.outcome != "orphan" or len(self._orphans) >= LOOSE:
            return False
        self._orphans[identity(record.file)] = record.file
        return True

    def keep_told(self, folder: Folder, records: Iterable[Record]) -> Iterator[Record]:
        """The records of a Folder that is not looked into, but for those that another Folder may change."""
        for record in records:
            if _is_loose(record):
                self._skipped.setdefault(folder.path, []).append(record)
            else:
                yield record

    # -- what becomes of it

    def results(self, look_into: LookInto) -> Iterator[Record | tuple[Match, str]]:
        """What is to be told, and Matches that are to be planned with the output each was promised."""
        yield from self._take_up_skipped()
        if not self._alone and not self._orphans:
            return
        joined, reasons = _Joining(self._place, self._look, self._alone, self._orphans).joined()
        used = {identity(match.json) for match in joined.values() if match.json is not None}
        again: dict[str, dict[FileId, Match]] = {}
        for key, alone in self._alone.items():
            match = joined.get(key) or replace(alone.match, reason=reasons.get(key, alone.match.reason))
            if (outcome := self._place.memory.again(match)) is not None:
                yield outcome
            elif key in joined or not alone.looked:
                again.setdefault(match.folder, {})[key] = match
            else:
                yield match, alone.output
        yield from self._looked_into(again, look_into)
        yield from self._looked_into(self._late, look_into)
        for key, file in self._orphans.items():
            reason = "" if key in used else "no picture or video belongs to it"
            yield JsonRecord(file, "used" if key in used else "orphan", reason)

    def _take_up_skipped(self) -> Iterator[Record]:
        """Folders that were not looked into: as before if no other changed, else what is loose of them is kept too."""
        if not self._opened:
            yield from chain.from_iterable(self._skipped.values())
            return
        for gathered in _reread(self._place, self._skipped.keys()):
            loose = {_file_id(record): record for record in self._skipped.pop(gathered.folder.path)}
            wanted = [match for match in gathered.matches if identity(match.media) not in gathered.twins]
            here = {identity(match.media) for match in self.candidates(gathered, wanted)} & loose.keys()
            self._place.memory.recall(gathered.folder, wanted, here)
            for match in wanted:
                key = identity(match.media)
                if key in here:
                    self.keep(match, self._place.memory.promised(match))
                    loose.pop(key)
            for json in gathered.json:
                if identity(json.file) in loose and self.keep_json(json):
                    loose.pop(identity(json.file))
            yield from loose.values()
        yield from chain.from_iterable(self._skipped.values())

    def _looked_into(
        self, again: dict[str, dict[FileId, Match]], look_into: LookInto
    ) -> Iterator[tuple[Match, str]]:
        """The Matches to be planned, with state and time: their Folders pass whole, for neighbours tell the zone."""
        for match in look_into(_with(again, _reread(self._place, again.keys()))):
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


def _reread(place: Opened, paths: Iterable[str]) -> Iterator[Gathered]:
    """Some Folders once more."""
    wanted = set(paths)
    if not wanted:
        return
    found = (folder for folder in folders(place.readers) if folder.path in wanted)
    for folder in read_sidecars(found, place.open_json, place.threads):
        yield gather(folder, place.matchers, place.filters, place.open_media)


def _with(again: dict[str, dict[FileId, Match]], found: Iterator[Gathered]) -> Iterator[Match]:
    for gathered in found:
        joined = again[gathered.folder.path]
        for match in gathered.matches:
            key = identity(match.media)
            if not match.excluded and key not in gathered.twins:
                anew = joined.get(key)
                yield match if anew is None else replace(anew, state=None, taken=None, xmp=match.xmp)


class _Joining:
    """Finds for each that is alone its one sidecar."""

    def __init__(
        self,
        place: Opened,
        look: LookInto,
        alone: dict[FileId, Alone],
        orphans: dict[FileId, JsonFile],
    ) -> None:
        self._place = place
        self._look = look
        self._alone = alone
        self._orphans = orphans
        self._joined: dict[FileId, Match] = {}
        self._reasons: dict[FileId, str] = {}
        self._digests: dict[FileId, bytes] = {}
        self._by_key: dict[str, list[FileId]] = {}
        for key, each in alone.items():
            for name in media_keys(each.match.media.name):
                self._by_key.setdefault(name, []).append(key)

    def joined(self) -> tuple[dict[FileId, Match], dict[FileId, str]]:
        """The Matches with their sidecars, and why others have none although something fits."""
        if self._alone:
            self._by_bytes()
            self._by_time()
            self._like_those_joined()
            self._companions()
        return self._joined, self._reasons

    # -- the same bytes

    def _by_bytes(self) -> None:
        """The same picture, name and bytes, lies in another Folder and has its sidecar there."""
        found: dict[FileId, list[Match]] = {}
        near: dict[FileId, list[FileId]] = {}
        sizes = {each.match.media.size for each in self._alone.values()}

        def holding(folder: Folder) -> bool:
            hits = False
            for media in folder.media:
                if media.size and media.size in sizes and identity(media) not in self._alone:
                    for key in self._same_name(media):
                        if self._alone[key].match.folder != folder.path:
                            near.setdefault(identity(media), []).append(key)
                            hits = True
            return hits

        place = self._place
        some = (folder for folder in folders(place.readers) if holding(folder))
        for folder in read_sidecars(some, place.open_json, place.threads):
            for match in gather(folder, place.matchers, (), place.open_media).matches:
                if match.json is not None:
                    for key in near.get(identity(match.media), ()):
                        found.setdefault(key, []).append(match)
        for key, matches in found.items():
            self._choose(key, [match for match in matches if self._is_same(key, match)])

    def _same_name(self, media: MediaFile) -> set[FileId]:
        keys = chain.from_iterable(self._by_key.get(name, ()) for name in media_keys(media.name))
        return {key for key in keys if self._alone[key].match.media.size == media.size}

    def _is_same(self, key: FileId, other: Match) -> bool:
        """Are the bytes the same? What an earlier run found out about unchanged files is believed."""
        alone = self._alone[key].match
        if self._place.memory.before(alone) == sidecar_digest(replace(alone, sidecar=other.sidecar)):
            return True
        mine = self._digest(alone.media)
        return bool(mine) and mine == self._digest(other.media)

    def _digest(self, media: MediaFile) -> bytes:
        key = identity(media)
        if key not in self._digests:
            self._digests[key] = content_digest(media, self._place.open_media)
        return self._digests[key]

    def _choose(self, key: FileId, matches: list[Match]) -> None:
        """Take the sidecar of one of them, if all say the same."""
        files = sorted((match.json for match in matches if match.json is not None), key=_by_path)
        gists = {gist(file.sidecar) for file in files if file.sidecar is not None}
        if len(gists) == 1:
            self._join(key, files[0])
        elif gists:
            self._reasons[key] = f"ambiguous: {', '.join(sorted({file.path for file in files}))}"

    def _join(self, key: FileId, file: JsonFile) -> None:
        match = self._alone[key].match
        self._joined[key] = replace(match, sidecar=file.sidecar, json=file, rule=RULE, reason="")

    # -- title and time

    def _by_time(self) -> None:
        """A sidecar without a picture tells title and moment of one that is alone, and of no other."""
        said = self._orphans_by_gist()
        claims: dict[str, list[FileId]] = {}
        for key, sure in self._agreeing(said):
            if len(sure) > 1:
                names = sorted({file.path for each in sure for file in said[each]})
                self._reasons[key] = f"ambiguous: {', '.join(names)}"
            for each in sure:
                claims.setdefault(each, []).append(key)
        for each, keys in claims.items():
            keys = [key for key in keys if key not in self._reasons]
            if len(keys) == 1 or self._all_same(keys):
                for key in keys:
                    self._join(key, said[each][0])
                continue
            paths = ", ".join(sorted(self._alone[key].match.media.path for key in keys))
            for key in keys:
                self._reasons[key] = f"ambiguous: {said[each][0].path} fits {paths}"

    def _orphans_by_gist(self) -> dict[str, list[JsonFile]]:
        said: dict[str, list[JsonFile]] = {}
        for file in sorted(self._orphans.values(), key=_by_path):
            if file.sidecar is not None:
                said.setdefault(gist(file.sidecar), []).append(file)
        return said

    def _agreeing(self, said: dict[str, list[JsonFile]]) -> Iterator[tuple[FileId, list[str]]]:
        """Each that is alone with the sidecars that agree with it in title and time; only sure ones where there are."""
        titles: dict[FileId, list[str]] = {}
        for each, files in said.items():
            for key in {
                key for file in files for name in sidecar_keys(file) for key in self._by_key.get(name, ())
            }:
                if key not in self._joined and key not in self._reasons:
                    titles.setdefault(key, []).append(each)
        unknown = []
        for key, fitting in titles.items():
            match = self._alone[key].match
            before = self._place.memory.before(match)
            if len(fitting) == 1 and before == sidecar_digest(
                replace(match, sidecar=said[fitting[0]][0].sidecar)
            ):
                yield key, fitting
            else:
                unknown.append(replace(match, state=None))
        for match in self._look(iter(unknown)):
            key = identity(match.media)
            agreeing = [each for each in titles[key] if self._agrees(match, _taken(said[each][0]))]
            if agreeing:
                yield key, agreeing

    def _agrees(self, match: Match, taken: float | None) -> bool:
        """Does the file's own date, else the date in its name, else what is around it, mean that moment?

        A clock whose zone is not known agrees where the difference is the offset of a zone.
        """
        if taken is None:
            return False
        found = evidence(match, date_in_name)
        if found is None:
            alone = self._alone[identity(match.media)]
            return may_be_time(match.media, match.folder, alone.span, taken)
        seconds = found.instant if found.instant is not None else found.seconds
        return real_offset(seconds - taken, 10 if found.told == "name" else SAME) is not None

    def _all_same(self, keys: list[FileId]) -> bool:
        media = [self._alone[key].match.media for key in keys]
        if len({each.size for each in media}) > 1 or not media[0].size:
            return False
        digests = {self._digest(each) for each in media}
        return len(digests) == 1 and b"" not in digests

    # -- what follows from those

    def _like_those_joined(self) -> None:
        """The same bytes under the same name as one that was joined."""
        for key, match in list(self._joined.items()):
            for other in self._same_name(match.media) - self._joined.keys() - self._reasons.keys():
                if match.json is not None and self._all_same([key, other]):
                    self._join(other, match.json)

    def _companions(self) -> None:
        """Films and edited copies of a picture that was joined."""
        mains = {(match.media.root, match.folder, match.media.name): match for match in self._joined.values()}
        for key, alone in self._alone.items():
            match = alone.match
            main = mains.get((match.media.root, match.folder, match.main)) if match.main else None
            if main is not None and main.json is not None and key not in self._joined:
                self._join(key, main.json)


def _taken(file: JsonFile) -> float | None:
    return file.sidecar.taken if file.sidecar is not None else None


def _by_path(file: JsonFile) -> tuple[str, int]:
    return file.path, file.root
