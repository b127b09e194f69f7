"""Sidecars that a weak rule gives to a picture beside them, while another Folder has the picture of their title.

What one Folder shows is not enough for a weak rule: the picture whose name is the sidecar's title may be in another
Folder of the export, without a sidecar, or with one that says the same. Such a match waits until every Folder was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct

from pef_tui.model import Folder, JsonFile, JsonRecord, Match, MediaFile, Outcome, Record
from pef_tui.run.exports import Exports, FileId, Key
from pef_tui.run.gather import Gathered
from pef_tui.takeout.board import few
from pef_tui.takeout.elsewhere import base_keys, gist, media_keys, sidecar_keys
from pef_tui.takeout.names import plain, sidecar_name

WEAK = frozenset({"extension-added", "extension-other", "edited-cut", "edited-word", "counter", "prefix"})
"""Rules by which a picture gets a sidecar whose title is another name than its own."""

CONTESTED = "its sidecar may be of another picture: "
"""Begins the reason of a picture that lost what a weak rule gave it."""

WAITING = 20_000
"""Matches that wait, with what is known of them (some 3 kB each); what comes then is planned at once."""


Owners = Mapping[str, Sequence[tuple[str, MediaFile]]]


class Waiting(Struct):
    """A match by a weak rule."""

    match: Match
    output: str
    """Where it will be; "" where its name is to be found when it is planned."""
    rivals: list[FileId] = []
    """Pictures without a sidecar that its sidecar may be of."""
    owner: str = ""
    """Path of the picture that its sidecar is of: it is a copy of that one's own."""


class WeakMatches:
    """The matches by weak rules of one run, and their sidecars. Lives in the planning thread."""

    def __init__(self, exports: Exports) -> None:
        self._exports = exports
        self._here: set[FileId] = set()
        """Of the Folder in hand."""
        self._waiting: dict[FileId, Waiting] = {}
        self._json: dict[FileId, tuple[Folder, JsonFile]] = {}
        self._skipped: dict[str, list[Record]] = {}
        """Of Folders that are not looked into."""
        self.contested: dict[FileId, Waiting] = {}
        """Those whose sidecar another picture may claim."""

    # -- what waits

    def look_at(self, gathered: Gathered, untold: Container[FileId] | None = None) -> None:
        """A Folder is at hand: which of its matches and sidecars are to wait?

        `untold`: the files that nothing was told of yet; None where that is all.
        """
        self._here.clear()
        weak = [match for match in _weak_matches(gathered.matches) if _id(match.media) not in gathered.twins]
        if untold is not None:
            weak = [match for match in weak if _id(match.media) in untold]
        if not weak or len(self._waiting) + len(weak) > WAITING:
            return
        self._here |= {_id(match.media) for match in weak}
        self._json |= {
            _id(match.json): (gathered.folder, match.json) for match in weak if match.json is not None
        }

    def among(self, matches: Iterable[Match]) -> list[Match]:
        """Those of the Folder in hand that are to wait."""
        return [match for match in matches if _id(match.media) in self._here]

    def awaits(self, file: JsonFile) -> bool:
        """Is this the sidecar of one that waits?"""
        return _id(file) in self._json

    def keep(self, match: Match, output: str) -> None:
        """Keep one of them."""
        self._waiting[_id(match.media)] = Waiting(match, output)

    # -- Folders that are not looked into

    def skipped(self, folder: Folder, records: Iterable[Record]) -> list[Record]:
        """Keep the records of weak matches and their sidecars; the others."""
        told = [*records]
        weak = _weak_records(told)
        if not weak:
            return told
        kept = self._skipped.setdefault(folder.path, [])
        rest: list[Record] = []
        for record in told:
            (kept if _subject(record) in weak else rest).append(record)
        return rest

    @property
    def skipped_bases(self) -> set[str]:
        """What the sidecars in records that were kept are called (`base_keys`)."""
        records = chain.from_iterable(self._skipped.values())
        return {
            base
            for record in records
            if isinstance(record, JsonRecord)
            for base in base_keys(record.file.name)
        }

    def release(
        self, alone: Iterable[MediaFile], owned: Iterable[Folder]
    ) -> Iterator[tuple[str, list[Record], bool]]:
        """What was kept of each Folder; and whether a picture of another may be that of a sidecar, by their names.

        `alone`: pictures without a sidecar. `owned`: sidecars beside pictures of their titles.
        """
        places: dict[str, set[str]] = {}
        for folder in owned:
            for file in folder.json:
                for base in base_keys(file.name):
                    places.setdefault(base, set()).add(folder.path)
        names = frozenset(
            plain(sidecar_name(name, 0, supplemental)[:-5])
            for media in alone
            for name in media_keys(media.name)
            for supplemental in (True, False)
        )
        for path, records in self._skipped.items():
            json = (record.file.name for record in records if isinstance(record, JsonRecord))
            bases = {base for name in json for base in base_keys(name)}
            claimed = not bases.isdisjoint(names) or any(places.get(base, set()) - {path} for base in bases)
            yield path, records, claimed
        self._skipped.clear()

    # -- what becomes of it

    def settle(
        self,
        alone: Mapping[FileId, tuple[Match, Sequence[Key]]],
        owners: Callable[[Iterable[JsonFile]], Owners],
    ) -> Iterator[Waiting | tuple[Folder, JsonFile, bool]]:
        """Matches whose sidecars no picture without one may claim; and all sidecars, and whether any may.

        `alone`: the pictures without a sidecar, and the exports that each is in. `owners`: by `gist`, the pictures with
        sidecars that say the same, and their Folders.
        """
        by_name: dict[str, list[FileId]] = {}
        for key, (match, _) in alone.items() if self._waiting else ():
            for name in media_keys(match.media.name):
                by_name.setdefault(name, []).append(key)
        owned = owners(file for _, file in self._json.values()) if self._waiting else {}
        taken: set[FileId] = set()
        for key, waiting in self._waiting.items():
            file, folder = waiting.match.json, waiting.match.folder
            if file is None:
                continue
            export = self._exports.key(file, folder)
            named = dict.fromkeys(chain.from_iterable(by_name.get(name, ()) for name in sidecar_keys(file)))
            waiting.rivals = sorted(
                rival
                for rival in named
                if alone[rival][0].folder != folder
                and not all(self._exports.apart(mine, export) for mine in alone[rival][1])
            )
            waiting.owner = self._owner(file, folder, owned)
            if waiting.rivals or waiting.owner:
                self.contested[key] = waiting
                taken.add(_id(file))
            else:
                yield waiting
        self._waiting.clear()
        for key, (place, sidecar) in self._json.items():
            yield place, sidecar, key in taken

    def _owner(self, file: JsonFile, folder: str, owned: Owners) -> str:
        export = self._exports.key(file, folder)
        near = (
            media.path
            for path, media in (owned.get(gist(file.sidecar), ()) if file.sidecar is not None else ())
            if path != folder and not self._exports.apart(self._exports.key(media, path), export)
        )
        return min(near, default="")

    def decide(
        self, joined: Mapping[FileId, Match], claims: Callable[[FileId, JsonFile], bool]
    ) -> tuple[dict[FileId, Match], dict[FileId, str]]:
        """Those of the contested that get their sidecars back, as nothing else can claim them; why others do not.

        `joined`: what the second look joined. `claims`: may this picture be that of the sidecar?
        """
        back: dict[FileId, Match] = {}
        reasons: dict[FileId, str] = {}
        owners = {_id(match.json): match for match in joined.values() if match.json is not None}
        for key, waiting in self.contested.items():
            file = waiting.match.json
            if file is None or key in joined:
                continue
            owner = owners.get(_id(file))
            left = [rival for rival in waiting.rivals if rival not in joined and claims(rival, file)]
            paths = [owner.media.path] if owner is not None else sorted(path for _, path in left)
            paths = [waiting.owner] if waiting.owner else paths
            if paths:
                reasons[key] = f"{CONTESTED}{few(paths)}"
            else:
                back[key] = waiting.match
        return back, reasons


def _weak_matches(matches: Sequence[Match]) -> list[Match]:
    """Those by weak rules, and films and edited copies that share the sidecar of one."""
    weak = {
        (match.media.root, match.media.name): match.json
        for match in matches
        if match.rule in WEAK and match.json is not None
    }
    return [
        match
        for match in (matches if weak else ())
        if match.json is not None
        and not match.excluded
        and (match.rule in WEAK or weak.get((match.media.root, match.main)) == match.json)
    ]


def _weak_records(records: Sequence[Record]) -> set[FileId]:
    """The media of `_weak_matches`, and their sidecars."""
    matches = [record.plan.match for record in records if isinstance(record, Outcome)]
    json = {_id(match.json) for match in matches if match.json is not None and match.rule in WEAK}
    media = {_id(match.media) for match in matches if match.json is not None and _id(match.json) in json}
    return media | json


def _subject(record: Record) -> FileId:
    return _id(record.plan.match.media if isinstance(record, Outcome) else record.file)


def _id(file: MediaFile | JsonFile) -> FileId:
    return file.root, file.path
