"""Which of the files given together are of one export, and which are certainly not.

An export is known by the stamp in the names of its parts (`takeout-20260115T102030Z-001.zip`, or a folder of that
name). Without a stamp each container is taken for a part of the same export as every other, until two of them hold
files of one path with different bytes: an export holds each path once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations

from msgspec.structs import replace

from pef_tui.model import Folder, JsonFile, MediaFile, Source
from pef_tui.run.digests import OpenMedia, content_digest
from pef_tui.takeout.names import composed

FileId = tuple[int, str]
Key = str
"""Of an export: its stamp, or the source and the container where no name has one."""
Pair = tuple[Key, Key]
View = tuple[frozenset[Key], frozenset[Key]]
"""Some exports, and all those whose files theirs may belong to."""

SAMPLE = 16 << 20
"""Bytes of files of equal path and size that are compared for each pair of containers before anything is matched."""

_STAMP = re.compile(r"(?i)takeout-([0-9]{8}t[0-9]{6}z)")


class Digests:
    """Hashes of media files, each computed once."""

    def __init__(self, open_media: OpenMedia) -> None:
        self._open_media = open_media
        self._known: dict[FileId, bytes] = {}

    def of(self, media: MediaFile) -> bytes:
        """The hash; empty where the file cannot be read."""
        identity = media.root, media.path
        if identity not in self._known:
            self._known[identity] = content_digest(media, self._open_media)
        return self._known[identity]

    def same(self, one: MediaFile, other: MediaFile) -> bool:
        """Are the bytes equal? Read only where the sizes are."""
        if one.size != other.size:
            return False
        return not one.size or (self.of(one) == self.of(other) != b"")

    def differ(self, one: MediaFile, other: MediaFile) -> bool:
        """Are the bytes certainly different? Files that cannot be read are not."""
        if one.size != other.size:
            return True
        return bool(one.size) and bool(self.of(one)) and bool(self.of(other)) and not self.same(one, other)


class Exports:
    """The exports of one run. Without sources everything is of one export."""

    def __init__(self, sources: Sequence[Source] = ()) -> None:
        self._paths = {source.root: source.path for source in sources}
        self._keys: dict[tuple[int, str, int], Key] = {}
        self._stamped: set[Key] = set()
        self._apart: set[Pair] = set()
        self._only_one = False

    # -- whose a file is

    def key(self, file: MediaFile | JsonFile, folder: str) -> Key:
        """The export of a file that is in the Folder of this path."""
        place = file.root, file.path.rpartition("/")[0], folder.count("/") + 1 if folder else 0
        known = self._keys.get(place)
        if known is None:
            known = self._keys[place] = self._key(*place)
        return known

    def _key(self, root: int, directory: str, depth: int) -> Key:
        container = "/".join(directory.split("/")[: -depth or None]) if directory else ""
        stamps = _STAMP.findall(f"{self._paths.get(root, '')}/{container}")
        if not stamps:
            return f"{root}\0{container}"
        stamp: str = stamps[-1].upper()
        self._stamped.add(stamp)
        return stamp

    def stamp(self, file: JsonFile, folder: str) -> str:
        """When the export of a file was made, in a form that sorts; "" where no name says it."""
        key = self.key(file, folder)
        return key if key in self._stamped else ""

    def apart(self, one: Key, other: Key) -> bool:
        """Are these certainly two exports?"""
        if one == other:
            return False
        if one in self._stamped and other in self._stamped:
            return True
        return _pair(one, other) in self._apart

    def believe_one(self) -> None:
        """There is one container, so everything is of one export: no file is looked at to learn whose it is."""
        self._only_one = True

    # -- what the listings say

    def survey(self, found: Iterable[Folder], open_media: OpenMedia) -> None:
        """Find containers that hold different files of one path, in one pass over all Folders."""
        left: dict[Pair, int] = {}
        digests = Digests(open_media)
        for folder in found:
            for one, other, pair in self._meeting(folder, self._apart):
                if one.size != other.size:
                    self._apart.add(pair)
                elif one.size and (room := left.get(pair, SAMPLE)) > 0:
                    left[pair] = room - one.size
                    if digests.differ(one, other):
                        self._apart.add(pair)

    def _meeting(self, folder: Folder, apart: set[Pair]) -> Iterator[tuple[MediaFile, MediaFile, Pair]]:
        """Media of one name in containers that are not known to be apart."""
        for same in _same_names(folder.media):
            for one, other in combinations(same, 2):
                keys = self.key(one, folder.path), self.key(other, folder.path)
                if keys[0] != keys[1] and not self.apart(*keys) and (pair := _pair(*keys)) not in apart:
                    yield one, other, pair

    # -- one Folder

    def relation(self, folder: Folder) -> bytes:
        """Changes with what is known of the exports that a Folder holds files of; empty where all may be one."""
        keys = self._keys_of(folder)
        numbers = [
            f"{first},{second}"
            for (first, one), (second, other) in combinations(enumerate(keys), 2)
            if self.apart(one, other)
        ]
        return " ".join(numbers).encode()

    def _keys_of(self, folder: Folder) -> list[Key]:
        """The exports of a Folder's files, each once; empty where there may be only one."""
        if self._only_one:
            return []
        files: Iterable[MediaFile | JsonFile] = chain(folder.media, folder.json, folder.other)
        places = {(file.root, file.path.rpartition("/")[0]): file for file in files}
        if len(places) < 2:
            return []
        return sorted({self.key(file, folder.path) for file in places.values()})

    def views(self, folder: Folder, digests: Digests) -> list[View]:
        """What may belong together: for each group of exports all those whose files it may be joined with.

        Usually one. The groups are disjoint; the views of two exports that are apart may both hold a third.
        """
        keys = self._keys_of(folder)
        if len(keys) < 2:
            return [(frozenset(keys), frozenset(keys))]
        here: set[Pair] = set()
        for one, other, pair in self._meeting(folder, here):
            if digests.differ(one, other):
                here.add(pair)
        groups: dict[frozenset[Key], list[Key]] = {}
        for key in keys:
            near = (other for other in keys if not (self.apart(key, other) or _pair(key, other) in here))
            groups.setdefault(frozenset(near), []).append(key)
        return [(frozenset(group), near) for near, group in groups.items()]

    def only(self, folder: Folder, keys: frozenset[Key]) -> Folder:
        """The Folder with the files of these exports alone."""
        return replace(
            folder,
            media=tuple(file for file in folder.media if self.key(file, folder.path) in keys),
            json=tuple(file for file in folder.json if self.key(file, folder.path) in keys),
            other=tuple(file for file in folder.other if self.key(file, folder.path) in keys),
        )


def is_one(containers: Sequence[int]) -> bool:
    """Is there one source with one container, or with none?"""
    return len(containers) == 1 and containers[0] in (0, 1)


def needs_survey(sources: Sequence[Source], containers: Sequence[int]) -> bool:
    """May there be two exports that no name tells apart? `containers`: how many each source holds, -1 if unknown."""
    if is_one(containers):
        return False
    return any(not _STAMP.search(source.path) for source in sources)


def _pair(one: Key, other: Key) -> Pair:
    return (one, other) if one < other else (other, one)


def _same_names(media: Sequence[MediaFile]) -> Iterator[list[MediaFile]]:
    """Groups of files of one name, composed or not."""
    groups: dict[str, list[MediaFile]] = {}
    for file in media:
        groups.setdefault(composed(file.name), []).append(file)
    return (group for group in groups.values() if len(group) > 1)
