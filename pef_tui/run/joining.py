"""Joining what stayed alone: by the same bytes, and by title and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import Folder, JsonFile, Match, MediaFile
from pef_tui.name_dates import date_in_name
from pef_tui.run.digests import content_digest
from pef_tui.run.gather import gather
from pef_tui.run.opening import Opened
from pef_tui.run.resume import FileId, sidecar_digest
from pef_tui.tags.evidence import gather as evidence
from pef_tui.tags.zones import real_offset
from pef_tui.takeout.elsewhere import RULE, SAME, Span, gist, may_be_time, media_keys, sidecar_keys
from pef_tui.takeout.read_ahead import read_sidecars

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


class Joining:
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
        some = (folder for folder in place.every_folder() if holding(folder))
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
            if len(keys) == 1 or self._all_same(keys):
                for key in keys:
                    if key not in self._reasons:
                        self._join(key, said[each][0])
                continue
            paths = ", ".join(sorted(self._alone[key].match.media.path for key in keys))
            for key in keys:
                self._joined.pop(key, None)
                self._reasons.setdefault(key, f"ambiguous: {said[each][0].path} fits {paths}")

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
