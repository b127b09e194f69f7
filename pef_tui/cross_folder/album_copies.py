"""Find pictures that are both in a year folder (`Photos from 2019`) and in albums, and decide which file is the
original.

Used for `--albums link`, `tag` and `none`. Two passes over the listings find files that have the same name and size in
several Folders. The counter of a name does not count: `a(1).jpg` counts as `a.jpg`. Only these files are hashed, each
once, when it is planned.

Memory: some 20 bytes for each file during the survey of the sources. Later, only files that exist more than once need
memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator

import xxhash
from msgspec import Struct
from msgspec.structs import replace

from pef_tui.cross_folder.album_survey import AlbumSurvey
from pef_tui.filesystem.claimed_names import NameClaims
from pef_tui.model import FileId, Folder, JsonFile, Match, MediaFile, Outcome, Plan, Record, file_id
from pef_tui.output.links import NO_LINK
from pef_tui.planning.digests import content_digest
from pef_tui.planning.source_folders import SourceFolders
from pef_tui.takeout.containers import year_of, years_in
from pef_tui.takeout.naming import plain, uncount, uncount_media
from pef_tui.takeout.orphan_keys import year_span

SAMPLE = 50
"""Largest number of sidecars that are read to decide whether a Folder is a year folder."""
LINKABLE = ("written", "sidecar", "copied", "unmatched")
"""Outcomes of a copy that allow a link to the original in place of its output."""


class AlbumMember(Struct, frozen=True, gc=False):
    """One file of a group of files with equal name and size."""

    rank: tuple[bool, str, str, int, str]
    """Sort key: the original comes first. Files of year folders come before files of albums. Within each group, files
    are sorted by path.
    """
    media: MediaFile
    folder: str


class CopyState(Struct, gc=False):
    """What is known about a file that has copies, or that is a copy."""

    digest: bytes | None = None
    """Hash of the file's bytes; empty if the file cannot be read; None before it was read."""
    output: str | None = None
    """Output path of the file; None if it has none, or if it is not known yet."""
    is_undecided: bool = False
    """Whether the file is an orphan (it has no sidecar in its Folder) and has no Plan yet."""


class OriginalUndecided(Exception):
    """Raised for a copy whose original must be planned first, because the original is an orphan without a Plan."""


class AlbumCopies:
    """Finds files with the same bytes in several Folders, and decides which of these files is the original.

    Used by the planning thread alone.
    """

    def __init__(self, mode: str, source_folders: SourceFolders, *, no_links: bool) -> None:
        """`mode`: the value of `--albums`. `no_links`: True if neither hard links nor symbolic links can be created on
        the disk of DEST.
        """
        self._mode = mode
        self._source_folders = source_folders
        self._no_links = no_links
        self._albums: set[str] = set()
        self._years: set[str] = set()
        """Paths of year folders whose names do not have Google's form (`Photos from 2019`), for example `Holiday 2019`.
        The dates in their sidecars prove the year.
        """
        self._titles: dict[str, str] = {}
        self._groups: dict[int, list[AlbumMember]] = {}
        self._states: dict[FileId, CopyState] = {}
        self._survey_of_sidecars = AlbumSurvey(source_folders)

    def folders(self) -> Iterator[Folder]:
        """Yield every Folder of the sources: first the year folders, which have the originals, then the albums, which
        have copies.
        """
        if self._mode == "folder":
            yield from self._source_folders.list_folders(report_problems=True)
            return
        self._survey()
        yield from (
            folder for folder in self._source_folders.list_folders() if not self.is_album(folder.path)
        )
        yield from (
            folder
            for folder in self._source_folders.list_folders(report_problems=True)
            if self.is_album(folder.path)
        )

    def is_album(self, path: str) -> bool:
        """Return whether `path` is the path of an album. False for a year folder."""
        if path in self._albums:
            return True
        return year_of(path.rpartition("/")[2]) is None and path not in self._years

    # -- the survey

    def _survey(self) -> None:
        first_names, repeated = NameClaims(), NameClaims()
        for folder, read in self._with_album_json():
            self._look_for_album(folder, read)
            for media in folder.media:
                name = _name_and_size(media)
                (repeated if name in first_names else first_names).add(name)
        del first_names
        self._survey_of_sidecars.finish()
        if len(repeated):
            self._collect(repeated)

    def _with_album_json(self) -> Iterator[tuple[Folder, Folder]]:
        """Yield pairs for the Folders of the sources: the Folder as listed, and a copy of it whose JSON files are read.

        The copy has only the JSON files that may describe an album, such as `metadata.json` (in any language). Their
        names have no dot before `.json`; the name of a sidecar has one (`a.jpg.json`).
        """
        listed: deque[Folder] = deque()

        def folders() -> Iterator[Folder]:
            for folder in self._source_folders.list_folders():
                listed.append(folder)
                yield replace(folder, json=tuple(file for file in folder.json if "." not in _base(file)))

        for read in self._source_folders.read_sidecars(folders()):
            yield listed.popleft(), read

    def _look_for_album(self, folder: Folder, read: Folder) -> None:
        """Decide whether a Folder is an album or a year folder, and store the result.

        `read`: a copy of the Folder with only the JSON files that may describe an album. These files are read.
        """
        if read.album is not None:
            self._albums.add(folder.path)
            self._titles[folder.path] = read.album.title
            if self._mode != "folder":
                self._survey_of_sidecars.add(folder, read.json)
        name = folder.path.rpartition("/")[2]
        if folder.path in self._albums or year_of(name) is not None:
            return
        if (years := years_in(name)) and self._is_of_year(folder, years):
            self._years.add(folder.path)

    def _is_of_year(self, folder: Folder, years: frozenset[int]) -> bool:
        """Return whether all pictures of a Folder were taken in one of `years`. `years`: the years in the Folder's
        name.

        Only a sample of the sidecars is read (`SAMPLE`). False if the sample has no date.
        """
        files = [file for file in folder.json if "." in _base(file)]
        sample = tuple(files[:: len(files) // SAMPLE + 1])
        (read,) = self._source_folders.read_sidecars([replace(folder, json=sample)])
        timestamps = [file.sidecar.taken for file in read.json if file.sidecar is not None]
        moments = [moment for moment in timestamps if moment is not None]
        spans = map(year_span, years)
        return bool(moments) and any(first <= min(moments) and max(moments) <= last for first, last in spans)

    def _collect(self, repeated: NameClaims) -> None:
        for folder in self._source_folders.list_folders():
            album = self.is_album(folder.path)
            for media in folder.media:
                name = _name_and_size(media)
                if media.size and name in repeated and not self._left_out(media, folder):
                    rank = (album, folder.path.replace("/", "\0"), media.name, media.root, media.path)
                    self._groups.setdefault(_key(name), []).append(AlbumMember(rank, media, folder.path))
        for key, members in list(self._groups.items()):
            if len({member.folder for member in members}) < 2:
                del self._groups[key]
            else:
                members.sort(key=lambda member: member.rank)

    def _left_out(self, media: MediaFile, folder: Folder) -> bool:
        """Return whether a filter excludes a file by its name and Folder alone.

        Filters that need the sidecar are not applied: they exclude all copies of a file, or none.
        """
        match = Match(media, folder.path)
        return any(rule.reason(match) for rule in self._source_folders.filters)

    def _group(self, media: MediaFile) -> list[AlbumMember]:
        return self._groups.get(_key(_name_and_size(media)), []) if self._groups else []

    # -- the copies of a file in other Folders

    def concerns(self, folder: Folder) -> bool:
        """Return whether a file of the Folder may be a copy, or may have copies in other Folders.

        With `--albums tag` and `none`, also return True if an album may have the sidecar of one of these files without
        the picture.
        """
        if self._mode in ("tag", "none") and self._survey_of_sidecars.concerns(folder.json):
            return True
        return bool(self._groups) and any(self._group(media) for media in folder.media)

    def with_copies(self, match: Match) -> Match:
        """Return the Match with the field `copies` set to the Folders that have files of the same name and size.

        The Plan of the Match depends on these Folders. If they change, a later run plans the file again.
        """
        folders = [member.folder for member in self._group(match.media) if member.folder != match.folder]
        copies = tuple(dict.fromkeys(f"{folder}\0{self._titles.get(folder, '')}" for folder in folders))
        if self._mode == "tag":
            copies += tuple(
                f"{folder}\0{self._titles.get(folder, '')}"
                for folder in self._survey_of_sidecars.folders_of(match)
            )
            titles = (match.album.title, *match.albums) if match.album is not None else match.albums
            copies = (*titles, *copies)
        return replace(match, copies=copies) if copies else match

    def with_titles(self, match: Match) -> Match:
        """Return the Match with the titles of all albums that contain its picture.

        They include the titles that a matcher has set. Without `--albums tag`, return it without titles.
        """
        if self._mode != "tag":
            return replace(match, albums=()) if match.albums else match
        album = [match.album.title] if match.album is not None else []
        equal = [self._titles.get(member.folder, "") for member in self._equal(match)]
        by_sidecar = [self._titles.get(folder, "") for folder in self._survey_of_sidecars.folders_of(match)]
        return replace(
            match,
            albums=tuple(
                dict.fromkeys(title for title in (*album, *match.albums, *equal, *by_sidecar) if title)
            ),
        )

    def folders_by_sidecar(self, match: Match) -> tuple[str, ...]:
        """Return the paths of the albums that have only the sidecar of a picture, and get no copy or link of it.

        Empty for `--albums folder` and `link`. May be called by any thread after the survey.
        """
        return self._survey_of_sidecars.folders_of(match) if self._mode in ("tag", "none") else ()

    def original(self, match: Match) -> str | None:
        """Return the output path of the original of a copy; None if the file of this Match is not a copy.

        Raises OriginalUndecided if the original has no Plan yet.
        """
        for member in self._equal(match):
            if member.rank >= self._rank(match):
                return None
            state = self._state(member.media)
            if state.is_undecided:
                raise OriginalUndecided
            if state.output is not None:
                return state.output
        return None

    def _rank(self, match: Match) -> tuple[bool, str, str, int, str]:
        media = match.media
        folder = match.folder.replace("/", "\0")
        return self.is_album(match.folder), folder, media.name, media.root, media.path

    def _equal(self, match: Match) -> Iterator[AlbumMember]:
        """Yield the files in other Folders that have the same bytes as the file of the Match, the original first."""
        members = self._group(match.media)
        if not members or not (digest := self._digest(match.media)):
            return
        for member in members:
            if member.folder != match.folder and self._digest(member.media) == digest:
                yield member

    def _state(self, media: MediaFile) -> CopyState:
        state = self._states.get(file_id(media))
        if state is None:
            state = self._states[file_id(media)] = CopyState()
        return state

    def _digest(self, media: MediaFile) -> bytes:
        state = self._state(media)
        if state.digest is None:
            state.digest = content_digest(media, self._source_folders.open_media)
        return state.digest

    # -- the Plans and outputs of these files

    def set_undecided(self, match: Match) -> None:
        """Mark the file of this Match as an orphan (no sidecar in its Folder) that has no Plan yet."""
        if self._group(match.media):
            self._state(match.media).is_undecided = True

    def set_all_decided(self) -> None:
        """Mark all orphans as planned."""
        for state in self._states.values():
            state.is_undecided = False

    def forget_outputs(self, outputs: Collection[str]) -> None:
        """Forget outputs that could not be written. No file is then planned as a copy of one of them."""
        for state in self._states.values():
            if state.output in outputs:
                state.output = None

    def observe(self, item: Record | Plan) -> None:
        """Store the output of a file, if the file has copies."""
        if not self._groups and self._mode != "link":
            return
        plan = item.plan if isinstance(item, Outcome) else item
        if not isinstance(plan, Plan) or plan.for_json or not self._may_have_copies(plan.match):
            return
        state = self._state(plan.match.media)
        state.is_undecided = False
        output = item.output if isinstance(item, Outcome) else plan.output
        if output is not None and not plan.link:
            state.output = output

    def _may_have_copies(self, match: Match) -> bool:
        """Return whether a copy of the file may be planned later. If so, the output of the file must be stored."""
        if self._groups and self._group(match.media):
            return True
        return (
            self._mode == "link"
            and match.json is not None
            and self._survey_of_sidecars.concerns((match.json,))
        )

    def output_of(self, media: MediaFile) -> str | None:
        """Return the output path of `media`. An album that has only the sidecar of `media` gets a link to this output.

        None if `--albums` is not `link`, or if the output is not known.
        """
        state = self._states.get(file_id(media))
        return state.output if state is not None and self._mode == "link" else None

    def as_copy(self, plan: Plan, original: str) -> Plan:
        """Return the Plan of a copy whose bytes are already at the output path `original`.

        The copy becomes a link to `original`, or gets no output. It stays a separate file if its outcome allows no
        link, or if the disk cannot have links.
        """
        reason = f"the same bytes are at {original}"
        if self._mode != "link":
            return Plan(plan.match, "duplicate", link=original, reason=reason)
        if plan.outcome not in LINKABLE or plan.output is None:
            return plan
        if self._no_links:
            return replace(plan, reason=NO_LINK.format(original))
        return replace(plan, outcome="duplicate", link=original, reason=reason)

    @property
    def links(self) -> bool:
        """Whether a copy gets its own output in its album: a file or a link."""
        return self._mode in ("folder", "link")


def _base(file: JsonFile) -> str:
    return uncount(file.name[:-5])[0]


def _name_and_size(media: MediaFile) -> str:
    return f"{plain(uncount_media(media.name).title)}\0{media.size}"


def _key(name: str) -> int:
    return xxhash.xxh3_64_intdigest(name.encode("utf-8", "surrogatepass"))
