"""Find out which files of the sources belong to the same export, and which certainly belong to different exports.

The stamp in the names of its parts identifies an export: `takeout-20260115T102030Z-001.zip`, or a folder of that name.
A container is a folder `Takeout/Google Photos` in a source. Containers without a stamp count as one export, until two
of them have different bytes at one path. An export has each path only once, so such containers are different exports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations

from msgspec.structs import replace

from pef_tui.hooks import OpenMedia
from pef_tui.model import FileId, Folder, JsonFile, MediaFile, Source
from pef_tui.planning.digests import content_digest
from pef_tui.takeout.naming import composed

ExportKey = str
"""Key of an export: the stamp in its name. Without a stamp: number of the source, and path of the container."""
Pair = tuple[ExportKey, ExportKey]
View = tuple[frozenset[ExportKey], frozenset[ExportKey]]
"""A group of exports, and all exports whose files may match files of the group. The second set includes the group."""

SAMPLE = 16 << 20
"""Limit of bytes to read for each pair of containers (`Exports.survey`), to compare files with equal paths."""

_STAMP = re.compile(r"(?i)takeout-([0-9]{8}t[0-9]{6}z)")


class MediaDigests:
    """Hashes of media files, each computed once."""

    def __init__(self, open_media: OpenMedia) -> None:
        self._open_media = open_media
        self._digests: dict[FileId, bytes] = {}

    def of(self, media: MediaFile) -> bytes:
        """Return the hash of a file; empty if the file cannot be read."""
        identity = media.root, media.path
        if identity not in self._digests:
            self._digests[identity] = content_digest(media, self._open_media)
        return self._digests[identity]

    def are_equal(self, first: MediaFile, second: MediaFile) -> bool:
        """Return whether two files have equal bytes. Files are read only if their sizes are equal.

        False if reading fails.
        """
        if first.size != second.size:
            return False
        return not first.size or (self.of(first) == self.of(second) != b"")

    def are_different(self, first: MediaFile, second: MediaFile) -> bool:
        """Return whether two files certainly have different bytes. False if files of equal size cannot be read."""
        if first.size != second.size:
            return True
        return (
            bool(first.size)
            and bool(self.of(first))
            and bool(self.of(second))
            and not self.are_equal(first, second)
        )


class Exports:
    """Assigns the files of one run to exports. Without `sources`, all files belong to one export."""

    def __init__(self, sources: Sequence[Source] = ()) -> None:
        self._paths = {source.root: source.path for source in sources}
        self._keys: dict[tuple[int, str, int], ExportKey] = {}
        self._stamped: set[ExportKey] = set()
        self._apart: set[Pair] = set()
        self._only_one = False

    # -- the export of a file

    def export_of(self, file: MediaFile | JsonFile, folder: str) -> ExportKey:
        """Return the key of the export of `file`. `folder`: the path of the Folder that contains the file."""
        directory = file.root, file.path.rpartition("/")[0], folder.count("/") + 1 if folder else 0
        key = self._keys.get(directory)
        if key is None:
            key = self._keys[directory] = self._key(*directory)
        return key

    def _key(self, root: int, directory: str, depth: int) -> ExportKey:
        container = "/".join(directory.split("/")[: -depth or None]) if directory else ""
        stamps = _STAMP.findall(f"{self._paths.get(root, '')}/{container}")
        if not stamps:
            return f"{root}\0{container}"
        stamp: str = stamps[-1].upper()
        self._stamped.add(stamp)
        return stamp

    def stamp(self, file: JsonFile, folder: str) -> str:
        """Return the stamp of the export of a file: its creation time as a text that sorts by time.

        Return "" if no name has a stamp. Example: `20260115T102030Z`.
        """
        key = self.export_of(file, folder)
        return key if key in self._stamped else ""

    def are_distinct(self, first: ExportKey, second: ExportKey) -> bool:
        """Return whether two keys certainly belong to different exports."""
        if first == second:
            return False
        if first in self._stamped and second in self._stamped:
            return True
        return _pair(first, second) in self._apart

    def assume_single_export(self) -> None:
        """Treat all files as files of one export, without examining them: there is only one container."""
        self._only_one = True

    # -- the listings of all Folders

    def survey(self, folders: Iterable[Folder], open_media: OpenMedia) -> None:
        """Find containers that have different files at the same path, in one pass over all Folders.

        Such containers belong to different exports. `SAMPLE` limits the bytes that are read for each pair of
        containers. Later, `views` compares all files of a Folder when the Folder is matched.
        """
        bytes_left: dict[Pair, int] = {}
        digests = MediaDigests(open_media)
        for folder in folders:
            for first, second, pair in self._meeting(folder, self._apart):
                if first.size != second.size:
                    self._apart.add(pair)
                elif first.size and (room := bytes_left.get(pair, SAMPLE)) > 0:
                    bytes_left[pair] = room - first.size
                    if digests.are_different(first, second):
                        self._apart.add(pair)

    def _meeting(
        self, folder: Folder, known_distinct: set[Pair]
    ) -> Iterator[tuple[MediaFile, MediaFile, Pair]]:
        """Yield pairs of media files that have the same name in two containers, and the pair of their exports.

        Pairs of exports that are already known to be different are left out. `known_distinct`: more such pairs.
        """
        for same in _same_names(folder.media):
            for first, second in combinations(same, 2):
                keys = self.export_of(first, folder.path), self.export_of(second, folder.path)
                if (
                    keys[0] != keys[1]
                    and not self.are_distinct(*keys)
                    and (pair := _pair(*keys)) not in known_distinct
                ):
                    yield first, second, pair

    # -- one Folder

    def relation_digest(self, folder: Folder) -> bytes:
        """Return bytes that change when two more exports of the Folder prove to be certainly different.

        If the bytes change, an unchanged Folder must be matched again. Empty if no two of its exports are certainly
        different.
        """
        keys = self._keys_of(folder)
        numbers = [
            f"{first_number},{second_number}"
            for (first_number, first_key), (second_number, second_key) in combinations(enumerate(keys), 2)
            if self.are_distinct(first_key, second_key)
        ]
        return " ".join(numbers).encode()

    def _keys_of(self, folder: Folder) -> list[ExportKey]:
        """Return the keys of the exports that have files in a Folder, sorted.

        Empty if all files are in one directory: they then belong to one export.
        """
        if self._only_one:
            return []
        files: Iterable[MediaFile | JsonFile] = chain(folder.media, folder.json, folder.other)
        places = {(file.root, file.path.rpartition("/")[0]): file for file in files}
        if len(places) < 2:
            return []
        return sorted({self.export_of(file, folder.path) for file in places.values()})

    def views(self, folder: Folder, digests: MediaDigests) -> list[View]:
        """Return the exports of a Folder in groups. Each group comes with all exports that are compatible with it.

        Two exports are compatible if they may be the same export. Usually there is only one group. There are several if
        two exports are certainly different; a third export may be compatible with both.
        """
        keys = self._keys_of(folder)
        if len(keys) < 2:
            return [(frozenset(keys), frozenset(keys))]
        distinct_here: set[Pair] = set()
        for first, second, pair in self._meeting(folder, distinct_here):
            if digests.are_different(first, second):
                distinct_here.add(pair)
        groups: dict[frozenset[ExportKey], list[ExportKey]] = {}
        for key in keys:
            compatible = (
                second
                for second in keys
                if not (self.are_distinct(key, second) or _pair(key, second) in distinct_here)
            )
            groups.setdefault(frozenset(compatible), []).append(key)
        return [(frozenset(group), compatible) for compatible, group in groups.items()]

    def restrict(self, folder: Folder, keys: frozenset[ExportKey]) -> Folder:
        """Return the Folder with only the files of the exports in `keys`."""
        return replace(
            folder,
            media=tuple(file for file in folder.media if self.export_of(file, folder.path) in keys),
            json=tuple(file for file in folder.json if self.export_of(file, folder.path) in keys),
            other=tuple(file for file in folder.other if self.export_of(file, folder.path) in keys),
        )


def is_single_container(containers: Sequence[int]) -> bool:
    """Return whether there is one source, with at most one container (a folder `Takeout/Google Photos`).

    `containers`: number of containers of each source; -1 if unknown.
    """
    return len(containers) == 1 and containers[0] in (0, 1)


def needs_survey(sources: Sequence[Source], containers: Sequence[int]) -> bool:
    """Return whether there may be two exports that the stamps in their names do not distinguish.

    `containers`: number of containers (folders `Takeout/Google Photos`) of each source; -1 if unknown.
    """
    if is_single_container(containers):
        return False
    return any(not _STAMP.search(source.path) for source in sources)


def _pair(first: ExportKey, second: ExportKey) -> Pair:
    return (first, second) if first < second else (second, first)


def _same_names(media: Sequence[MediaFile]) -> Iterator[list[MediaFile]]:
    """Return groups of two or more files whose names are equal in NFC (Unicode's composed form)."""
    groups: dict[str, list[MediaFile]] = {}
    for file in media:
        groups.setdefault(composed(file.name), []).append(file)
    return (group for group in groups.values() if len(group) > 1)
