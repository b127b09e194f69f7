"""Find albums that have the sidecar of a picture but not the picture, for `--albums` other than `folder`.

The albums of a picture must be known before the picture is planned. So this survey reads sidecars of albums in advance.
It reads only sidecars that have no picture of their name in the album.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from pef_tui.cross_folder.repeated_sidecars import find_equal_sidecars
from pef_tui.model import FileId, Folder, JsonFile, Match
from pef_tui.planning.source_folders import SourceFolders
from pef_tui.takeout.naming import SIDECAR_UNITS, plain, read_sidecar_base, uncount_media, units
from pef_tui.takeout.orphan_keys import base_keys, content_key, sidecar_bases


class AlbumSurvey:
    """Finds the albums that have only the sidecar of a picture. Used by the planning thread alone."""

    def __init__(self, source_folders: SourceFolders) -> None:
        self._source_folders = source_folders
        self._candidates: dict[FileId, JsonFile] = {}
        self._folders: dict[FileId, str] = {}
        self._albums: dict[str, tuple[str, ...]] = {}
        """Paths of the albums that have only the sidecar of a picture, by the `content_key` of the sidecar."""
        self._bases: frozenset[str] = frozenset()

    def add(self, folder: Folder, album_json: Sequence[JsonFile]) -> None:
        """Read the sidecars of an album that have no picture in this album, judged by names alone.

        `album_json`: JSON files that describe the album itself; they are not read here.
        """
        json = _without_media(folder, {(file.root, file.path) for file in album_json})
        if not json:
            return
        for read in self._source_folders.read_sidecars([replace(folder, json=json)]):
            for file in read.json:
                if file.sidecar is not None:
                    self._candidates[file.root, file.path] = file
                    self._folders[file.root, file.path] = folder.path

    def finish(self) -> None:
        """Assign the albums to their pictures. Call it once, after `add` was called for all Folders.

        A sidecar that fits several pictures assigns its album to none of them.
        """
        if not self._candidates:
            return
        equal_sidecars = find_equal_sidecars(self._source_folders, self._candidates.values())
        names: dict[str, set[tuple[str, str]]] = {}
        bases: set[str] = set()
        for key, file in self._candidates.items():
            if file.sidecar is not None:
                names.setdefault(content_key(file.sidecar), set()).add((self._folders[key], file.name))
                bases |= sidecar_bases(file.sidecar)
        for content, files in names.items():
            albums = Counter(folder for folder, _ in files)
            originals = Counter(
                folder for folder, _ in {(path, file.name) for path, file in equal_sidecars.get(content, ())}
            )
            count = max(originals.values(), default=1)
            folders = [
                folder for folder, number in albums.items() if number >= count and folder not in originals
            ]
            if folders:
                self._albums[content] = tuple(sorted(folders))
        self._bases = frozenset(bases)
        self._candidates.clear()
        self._folders.clear()

    def folders_of(self, match: Match) -> tuple[str, ...]:
        """Return the paths of the albums that have the sidecar of this picture but not the picture; empty if there are
        none.
        """
        if not self._albums or match.sidecar is None:
            return ()
        return self._albums.get(content_key(match.sidecar), ())

    def concerns(self, files: Sequence[JsonFile]) -> bool:
        """Return whether a sidecar in an album may have the same content as one of `files`, judged by names."""
        return bool(self._bases) and any(not self._bases.isdisjoint(base_keys(file.name)) for file in files)


def _without_media(folder: Folder, album_json: set[FileId]) -> tuple[JsonFile, ...]:
    """Return the JSON files of pictures that are not in `folder`, judged by names: `a.jpg.json` if there is no `a.jpg`.

    If a name has more JSON files than pictures, all its JSON files are returned. A JSON file with a cut name is always
    returned. `album_json`: JSON files that describe the album itself; they are never returned.
    """
    media = Counter(plain(uncount_media(file.name).title) for file in folder.media)
    titles = {}
    for file in folder.json:
        if (file.root, file.path) not in album_json and file.kind == "unread":
            base = file.name[:-5]
            is_cut = units(base) >= SIDECAR_UNITS
            titles[file] = "" if is_cut else plain(uncount_media(read_sidecar_base(base).title).title)
    json = Counter(titles.values())
    return tuple(file for file, title in titles.items() if not title or json[title] > media[title])
