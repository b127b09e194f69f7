"""Pictures that lie in the folder of their year and in albums too: which are the same, and which one is the original.

For `--albums link`, `tag` and `none`. Two passes over the listings find files of one name (counters apart) and size in
several Folders; only those are hashed, each once, when its turn comes. Kept are some 20 bytes a file while the sources
are surveyed, then only what is there more than once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import xxhash
from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import Folder, JsonFile, Match, MediaFile, Outcome, Plan, Record
from pef_tui.run.album_survey import AlbumSurvey
from pef_tui.run.claims import Claims
from pef_tui.run.digests import content_digest
from pef_tui.run.opening import Opened
from pef_tui.run.resume import FileId
from pef_tui.takeout.containers import year_of, years_in
from pef_tui.takeout.elsewhere import year_span
from pef_tui.takeout.names import plain, uncount, uncount_media
from pef_tui.takeout.read_ahead import read_sidecars
from pef_tui.write.links import NO_LINK

SAMPLE = 50
"""Sidecars of a Folder that are read to see whether it is one of a year."""
LINKABLE = ("written", "sidecar", "copied", "unmatched")
"""Outcomes of which a link to the same bytes says as much."""


class Member(Struct, frozen=True, gc=False):
    """One file of a group of equal name and size."""

    rank: tuple[bool, str, str, int, str]
    """The original comes first: year folders before others, then by path."""
    media: MediaFile
    folder: str


class Undecided(Exception):
    """The original has no sidecar; the second look is to decide on it first."""


class Albums:
    """Which files of a run are copies of which. Lives in the planning thread."""

    def __init__(self, place: Opened) -> None:
        self._place = place
        self._mode = place.settings.albums
        self._albums: set[str] = set()
        self._years: set[str] = set()
        """Year folders by the moments of their pictures, where the shape of the name does not show it."""
        self._titles: dict[str, str] = {}
        self._groups: dict[int, list[Member]] = {}
        self._digests: dict[FileId, bytes] = {}
        self._outputs: dict[FileId, str] = {}
        self._undecided: set[FileId] = set()
        self._sidecars = AlbumSurvey(place)

    def folders(self) -> Iterator[Folder]:
        """Every Folder of the sources: those that hold originals before those that hold copies."""
        if self._mode == "folder":
            yield from self._place.folders()
            return
        self._survey()
        yield from (folder for folder in self._place.every_folder() if not self.is_album(folder.path))
        yield from (folder for folder in self._place.folders() if self.is_album(folder.path))

    def is_album(self, path: str) -> bool:
        """Is this the path of an album's Folder, as far as it was looked at, rather than that of a year's?"""
        if path in self._albums:
            return True
        return year_of(path.rpartition("/")[2]) is None and path not in self._years

    # -- the survey

    def _survey(self) -> None:
        seen, repeated = Claims(), Claims()
        for folder in self._place.every_folder():
            self._look_for_album(folder)
            for media in folder.media:
                name = _name_and_size(media)
                (repeated if name in seen else seen).add(name)
        del seen
        if self._mode in ("link", "tag"):
            self._sidecars.finish()
        if len(repeated):
            self._collect(repeated)

    def _look_for_album(self, folder: Folder) -> None:
        """Read the JSON that may be an album's: it is called `metadata`, in some language, not like a picture."""
        few = tuple(file for file in folder.json if "." not in _base(file))
        for read in read_sidecars(iter([replace(folder, json=few)]), self._place.open_json, 1) if few else ():
            if read.album is not None:
                self._albums.add(folder.path)
                self._titles[folder.path] = read.album.title
                if self._mode in ("link", "tag"):
                    self._sidecars.add(folder, few)
        name = folder.path.rpartition("/")[2]
        if folder.path in self._albums or year_of(name) is not None:
            return
        if (years := years_in(name)) and self._is_of_year(folder, years):
            self._years.add(folder.path)

    def _is_of_year(self, folder: Folder, years: frozenset[int]) -> bool:
        """Were the pictures of a Folder all taken in one of the years of its name? Reads a sample of sidecars."""
        files = [file for file in folder.json if "." in _base(file)]
        sample = tuple(files[:: len(files) // SAMPLE + 1])
        (read,) = read_sidecars(iter([replace(folder, json=sample)]), self._place.open_json, 1)
        taken = [file.sidecar.taken for file in read.json if file.sidecar is not None]
        moments = [moment for moment in taken if moment is not None]
        spans = map(year_span, years)
        return bool(moments) and any(first <= min(moments) and max(moments) <= last for first, last in spans)

    def _collect(self, repeated: Claims) -> None:
        for folder in self._place.every_folder():
            album = self.is_album(folder.path)
            for media in folder.media:
                name = _name_and_size(media)
                if media.size and name in repeated and not self._left_out(media, folder):
                    rank = (album, folder.path.replace("/", "\0"), media.name, media.root, media.path)
                    self._groups.setdefault(_key(name), []).append(Member(rank, media, folder.path))
        for key, members in list(self._groups.items()):
            if len({member.folder for member in members}) < 2:
                del self._groups[key]
            else:
                members.sort(key=lambda member: member.rank)

    def _left_out(self, media: MediaFile, folder: Folder) -> bool:
        """By a filter that needs no sidecar; the others judge all copies alike."""
        match = Match(media, folder.path)
        return any(each.reason(match) for each in self._place.filters)

    def _group(self, media: MediaFile) -> list[Member]:
        return self._groups.get(_key(_name_and_size(media)), []) if self._groups else []

    # -- questions

    def concerns(self, folder: Folder) -> bool:
        """May a file of the Folder be a copy, or have one?"""
        if self._mode == "tag" and self._sidecars.concerns(folder.json):
            return True
        return bool(self._groups) and any(self._group(media) for media in folder.media)

    def with_copies(self, match: Match) -> Match:
        """The Match with what its Plan depends on besides itself: where files of its name and size lie."""
        others = [member for member in self._group(match.media) if member.folder != match.folder]
        copies = tuple(
            dict.fromkeys(f"{each.folder}\0{self._titles.get(each.folder, '')}" for each in others)
        )
        if self._mode == "tag":
            copies += tuple(
                f"{folder}\0{self._titles.get(folder, '')}" for folder in self._sidecars.folders_of(match)
            )
            copies = (match.album.title, *copies) if match.album is not None else copies
        return replace(match, copies=copies) if copies else match

    def with_titles(self, match: Match) -> Match:
        """With `tag`: the Match with the titles of all albums that hold it."""
        if self._mode != "tag":
            return match
        own = [match.album.title] if match.album is not None else []
        same = [self._titles.get(member.folder, "") for member in self._equal(match)]
        more = [self._titles.get(folder, "") for folder in self._sidecars.folders_of(match)]
        return replace(match, albums=tuple(dict.fromkeys(title for title in (*own, *same, *more) if title)))

    def original(self, match: Match) -> str | None:
        """The output of the file that this one is a copy of; None where it is no copy. Raises Undecided."""
        for member in self._equal(match):
            if member.rank >= self._rank(match):
                return None
            key = member.media.root, member.media.path
            if key in self._undecided:
                raise Undecided
            if key in self._outputs:
                return self._outputs[key]
        return None

    def _rank(self, match: Match) -> tuple[bool, str, str, int, str]:
        media = match.media
        folder = match.folder.replace("/", "\0")
        return self.is_album(match.folder), folder, media.name, media.root, media.path

    def _equal(self, match: Match) -> Iterator[Member]:
        """The same bytes in other Folders, the original first."""
        members = self._group(match.media)
        if not members or not (mine := self._digest(match.media)):
            return
        for member in members:
            if member.folder != match.folder and self._digest(member.media) == mine:
                yield member

    def _digest(self, media: MediaFile) -> bytes:
        key = media.root, media.path
        if key not in self._digests:
            self._digests[key] = content_digest(media, self._place.open_media)
        return self._digests[key]

    # -- what becomes known

    def undecided(self, match: Match) -> None:
        """The second look decides on this file."""
        if self._group(match.media):
            self._undecided.add((match.media.root, match.media.path))

    def all_decided(self) -> None:
        """The second look is over."""
        self._undecided.clear()

    def forget(self, outputs: Collection[str]) -> None:
        """Nothing stands at these outputs, so no file is a copy of what was to be put there."""
        self._outputs = {key: output for key, output in self._outputs.items() if output not in outputs}

    def told(self, item: Record | Plan) -> None:
        """Take note of what becomes of a file."""
        plan = item.plan if isinstance(item, Outcome) else item
        if not isinstance(plan, Plan) or plan.for_json or not self._is_asked_for(plan.match):
            return
        key = plan.match.media.root, plan.match.media.path
        self._undecided.discard(key)
        output = item.output if isinstance(item, Outcome) else plan.output
        if output is not None and not plan.link:
            self._outputs[key] = output

    def _is_asked_for(self, match: Match) -> bool:
        """May the output of a file be asked for later?"""
        if self._groups and self._group(match.media):
            return True
        return self._mode == "link" and match.json is not None and self._sidecars.concerns((match.json,))

    def output_of(self, media: MediaFile) -> str | None:
        """With `link`: where a picture is put that albums have sidecars of; None with any other mode."""
        return self._outputs.get((media.root, media.path)) if self._mode == "link" else None

    def as_copy(self, plan: Plan, original: str) -> Plan:
        """The Plan of a file whose bytes are put at `original` already."""
        reason = f"the same bytes are at {original}"
        if self._mode != "link":
            return Plan(plan.match, "duplicate", link=original, reason=reason)
        if plan.outcome not in LINKABLE or plan.output is None:
            return plan
        if self._place.names.no_links:
            return replace(plan, reason=NO_LINK.format(original))
        return replace(plan, outcome="duplicate", link=original, reason=reason)

    @property
    def links(self) -> bool:
        """Is something put where a copy would lie?"""
        return self._mode in ("folder", "link")


def _base(file: JsonFile) -> str:
    return uncount(file.name[:-5])[0]


def _name_and_size(media: MediaFile) -> str:
    return f"{plain(uncount_media(media.name).title)}\0{media.size}"


def _key(name: str) -> int:
    return xxhash.xxh3_64_intdigest(name.encode("utf-8", "surrogatepass"))
