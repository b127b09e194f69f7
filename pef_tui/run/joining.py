"""Joining what stayed alone: by the same bytes, and by title and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import xxhash
from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import Folder, JsonFile, Match, MediaFile
from pef_tui.name_dates import date_in_name
from pef_tui.run.by_time import Orphans, Ranges, Where
from pef_tui.run.exports import Digests, Key
from pef_tui.run.gather import gather
from pef_tui.run.identity import sidecar_digest
from pef_tui.run.opening import Opened
from pef_tui.run.resume import FileId
from pef_tui.run.told_twice import Twice, told_twice
from pef_tui.tags.evidence import gather as evidence
from pef_tui.tags.zones import REAL_OFFSETS, real_offset
from pef_tui.takeout.board import few
from pef_tui.takeout.containers import year_of
from pef_tui.takeout.elsewhere import RULE, SAME, Span, gist, media_keys, time_spans, year_span
from pef_tui.takeout.read_ahead import read_sidecars
from pef_tui.write.former_files import FormerFiles

BY_DATE = b"date"
"""Proof of a join by the file's own date or the date in its name."""

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
    exports: tuple[Key, ...]
    """The exports that it is in: its own, and those with the same file under the same path."""


def identity(file: MediaFile | JsonFile) -> FileId:
    """Number of the source and path in it."""
    return file.root, file.path


class Joining:
    """Finds for each that is alone its one sidecar."""

    def __init__(
        self,
        place: Opened,
        look: LookInto,
        alone: dict[FileId, Alone],
        orphans: dict[FileId, JsonFile],
        exports_of: dict[FileId, Key],
    ) -> None:
        """`exports_of`: the exports of the orphans."""
        self._place = place
        self._look = look
        self._alone = alone
        self._orphans = orphans
        self._exports_of = exports_of
        self._joined: dict[FileId, Match] = {}
        self._reasons: dict[FileId, str] = {}
        self._digests = Digests(place.open_media)
        self._before: FormerFiles | None = None
        """In place: what files were before this run and earlier ones replaced them."""
        if place.settings.in_place and alone:
            self._before = _before(place.output, alone)
        self._by_name: dict[tuple[str, int], list[FileId]] = {}
        for key, each in alone.items():
            for group in self._groups(each.match.media):
                self._by_name.setdefault(group, []).append(key)
        self.twice: Twice = {}
        """Sidecars in use that say the same as orphans."""

    def joined(self) -> tuple[dict[FileId, Match], dict[FileId, str]]:
        """The Matches with their sidecars, and why others have none although something fits."""
        self.twice = told_twice(self._place, self._orphans)
        if self._alone:
            self._by_bytes()
            self._by_time()
            self._like_those_joined()
            self._companions()
        return self._joined, self._reasons

    def is_copy(self, file: JsonFile) -> bool:
        """Does a sidecar without a picture say the same as one that is in use?"""
        return file.sidecar is not None and gist(file.sidecar) in self.twice

    def contradicts(self, key: FileId, file: JsonFile) -> bool:
        """Does a picture that is alone, by its own date or its year folder, belong to another moment than a sidecar?"""
        taken = file.sidecar.taken if file.sidecar is not None else None
        if taken is None:
            return False
        year = year_of(self._alone[key].match.folder.rpartition("/")[2])
        for match in self._look(iter([replace(self._alone[key].match, state=None)])):
            found = evidence(match, date_in_name)
            if found is not None:
                seconds = found.instant if found.instant is not None else found.seconds
                return real_offset(seconds - taken, 10.0 if found.told == "name" else SAME) is None
        return year is not None and not year_span(year)[0] <= taken <= year_span(year)[1]

    # -- the same bytes

    def _by_bytes(self) -> None:
        """The same picture, name and bytes, lies in another Folder and has its sidecar there."""
        near: dict[FileId, list[tuple[str, int]]] = {}

        def holding(folder: Folder) -> bool:
            hits = False
            if self._before is not None:
                self._before.refresh()
            for media in folder.media:
                if not media.size or identity(media) in self._alone:
                    continue
                if groups := [group for group in self._groups(media) if group in self._by_name]:
                    near[identity(media)] = groups
                    hits = True
            return hits

        place = self._place
        found: dict[FileId, list[Match]] = {}
        some = (folder for folder in place.every_folder() if holding(folder))
        for folder in read_sidecars(some, place.open_json, place.threads):
            gathered = gather(folder, place.matchers, (), place.open_media, place.exports)
            for match in gathered.matches:
                if match.json is not None:
                    for key in self._equal(match, near.get(identity(match.media), ())):
                        if self._alone[key].match.folder != folder.path:
                            found.setdefault(key, []).append(match)
        for key, matches in found.items():
            self._choose(key, matches)

    def _equal(self, other: Match, groups: Iterable[tuple[str, int]]) -> Iterator[FileId]:
        """Those alone that have the bytes of another, among files of its name and size."""
        for key in dict.fromkeys(chain.from_iterable(self._by_name[group] for group in groups)):
            before = self._place.memory.proof(self._alone[key].match)
            if before == proof_of(other) or self._are_equal(self._alone[key].match.media, other.media):
                yield key

    def _groups(self, media: MediaFile) -> list[tuple[str, int]]:
        """The names a file goes by in other Folders, each with every size that it has or had."""
        sizes = {media.size} | (self._before.sizes(media.path) if self._before is not None else set())
        return [(name, size) for name in media_keys(media.name) for size in sorted(sizes)]

    def _are_equal(self, one: MediaFile, other: MediaFile) -> bool:
        """Are the bytes equal, or were they before they were replaced in place?"""
        if self._before is None:
            return self._digests.same(one, other)
        now = self._digests.of(one), self._digests.of(other)
        self._before.refresh()  # behind the hashes, so that what is replaced meanwhile is known
        found, others = (
            self._before.contents(media.path, digest) for media, digest in zip((one, other), now, strict=True)
        )
        return all(now) and not found.isdisjoint(others)

    def _choose(self, key: FileId, matches: list[Match]) -> None:
        """Take the sidecar of one of them, if all say the same; those of its own export go before others."""
        exports = self._place.exports
        own = [
            each for each in matches if self._is_near(self._alone[key], exports.key(each.media, each.folder))
        ]
        joined = sorted(own or matches, key=_by_json)
        gists = {gist(match.sidecar) for match in joined if match.sidecar is not None}
        if len(gists) == 1 and (file := joined[0].json) is not None:
            self._join(key, file, proof_of(joined[0]))
        elif gists:
            paths = sorted({match.json.path for match in joined if match.json is not None})
            self._reasons[key] = f"ambiguous: {few(paths)}"

    def _join(self, key: FileId, file: JsonFile, proof: bytes = b"") -> None:
        match = self._alone[key].match
        self._joined[key] = replace(match, sidecar=file.sidecar, json=file, rule=RULE, reason="", proof=proof)

    # -- title and time

    def _by_time(self) -> None:
        """A sidecar without a picture tells title and moment of one that is alone, and of no other."""
        orphans = Orphans(
            (file for file in self._orphans.values() if not self.is_copy(file)),
            lambda file: self._exports_of[identity(file)],
        )
        agreeing: dict[FileId, Ranges] = {}
        single: dict[FileId, tuple[str, bytes]] = {}
        for key, ranges, proof in self._agreeing(orphans):
            agreeing[key] = ranges
            first = orphans.first(ranges)
            if len(first) > 1:
                self._reasons[key] = f"ambiguous: {orphans.named(ranges)}"
            else:
                single[key] = first[0], proof
        claims = orphans.claims(agreeing, {what for what, _ in single.values()}, self._same)
        for key, (what, proof) in single.items():
            claim = claims[what]
            if claim.count == 1 or claim.same:
                self._join(key, self._file_for(key, orphans.said[what]), proof)
            else:
                paths = sorted(self._alone[each].match.media.path for each in claim.shown)
                fits = few(paths, claim.count)
                self._reasons[key] = f"ambiguous: {orphans.said[what][0].path} fits {fits}"

    def _file_for(self, key: FileId, files: list[JsonFile]) -> JsonFile:
        """The first of equal sidecars that may be of the export of a picture."""
        alone = self._alone[key]
        near = (file for file in files if self._is_near(alone, self._exports_of[identity(file)]))
        return next(near, files[0])

    def _is_near(self, alone: Alone, other: Key) -> bool:
        """May files of another export be of one that a picture is in?"""
        return not all(self._place.exports.apart(mine, other) for mine in alone.exports)

    def _lists(self, alone: Alone, orphans: Orphans) -> list[Where]:
        """The sidecars of a picture's title that may be of an export that it is in."""
        names = media_keys(alone.match.media.name)
        return orphans.titled(names, lambda other: self._is_near(alone, other))

    def _agreeing(self, orphans: Orphans) -> Iterator[tuple[FileId, Ranges, bytes]]:
        """Each that is alone with the sidecars that agree with it in title and time, where there are any."""
        titled: dict[FileId, list[Where]] = {}
        unknown = []
        for key, alone in self._alone.items():
            if key in self._joined or key in self._reasons:
                continue
            match = alone.match
            lists = self._lists(alone, orphans)
            if not lists:
                continue
            titled[key] = lists
            what = orphans.only(lists)
            if what is not None and self._agreed_before(match, orphans.said[what][0]):
                yield key, orphans.agreeing(lists, lambda _: True, list), BY_DATE
            else:
                unknown.append(replace(match, state=None))
        for match in self._look(iter(unknown)):
            key = identity(match.media)
            ranges, proof = self._moments(match, orphans, titled[key])
            if ranges.parts:
                yield key, ranges, proof

    def _agreed_before(self, match: Match, file: JsonFile) -> bool:
        """Did the file's own date agree with this sidecar in an earlier run? Both are as they were then."""
        memory = self._place.memory
        return memory.proof(match) == BY_DATE and memory.before(match) == sidecar_digest(
            replace(match, sidecar=file.sidecar)
        )

    def _moments(self, match: Match, orphans: Orphans, lists: list[Where]) -> tuple[Ranges, bytes]:
        """What agrees with the file's own date, else the date in its name, else what is around it.

        A clock whose zone is not known agrees where the difference is the offset of a zone.
        """
        found = evidence(match, date_in_name)
        if found is None:
            spans = time_spans(match.media, match.folder, self._alone[identity(match.media)].span)
            return orphans.agreeing(
                lists, lambda taken: any(first <= taken <= last for first, last in spans), lambda: spans
            ), b""
        seconds = found.instant if found.instant is not None else found.seconds
        tolerance = 10.0 if found.told == "name" else SAME
        return orphans.agreeing(
            lists,
            lambda taken: real_offset(seconds - taken, tolerance) is not None,
            lambda: [
                (seconds - minutes * 60 - tolerance, seconds - minutes * 60 + tolerance)
                for minutes in REAL_OFFSETS
            ],
        ), BY_DATE

    def _same(self, one: FileId, other: FileId) -> bool:
        if one == other:
            return True
        media = self._alone[one].match.media
        return bool(media.size) and self._digests.same(media, self._alone[other].match.media)

    # -- what follows from those

    def _like_those_joined(self) -> None:
        """The same bytes under the same name as one that was joined."""
        for group in self._by_name.values():
            joined = [key for key in group if key in self._joined]
            others = [key for key in group if key not in self._joined and key not in self._reasons]
            if not joined or not others or not self._alone[group[0]].match.media.size:
                continue
            by_bytes = {self._digests.of(self._alone[key].match.media): key for key in reversed(joined)}
            for key in others:
                like = by_bytes.get(self._digests.of(self._alone[key].match.media) or b"-")
                file = self._joined[like].json if like is not None else None
                if file is not None:
                    self._join(key, file)

    def _companions(self) -> None:
        """Films and edited copies of a picture that was joined."""
        mains = {(match.media.root, match.folder, match.media.name): match for match in self._joined.values()}
        for key, alone in self._alone.items():
            match = alone.match
            main = mains.get((match.media.root, match.folder, match.main)) if match.main else None
            if main is not None and main.json is not None and key not in self._joined:
                self._join(key, main.json)


def _before(source: str, alone: dict[FileId, Alone]) -> FormerFiles:
    """What is recorded of files with the names of those that are alone."""
    names = {name for each in alone.values() for name in media_keys(each.match.media.name)}
    before = FormerFiles(source, lambda name: not names.isdisjoint(media_keys(name)))
    before.refresh()
    return before


def proof_of(other: Match) -> bytes:
    """What is remembered of a file with equal bytes: 8 bytes that change when it does."""
    media = other.media
    text = f"{other.folder}\0{media.name}\0{media.size}\0{media.mtime_ns}"
    return xxhash.xxh3_64_digest(text.encode("utf-8", "surrogateescape"))


def _by_json(match: Match) -> tuple[str, int]:
    return (match.json.path, match.json.root) if match.json is not None else ("", 0)
