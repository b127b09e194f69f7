"""Albums whose folder has a picture's sidecar and not the picture, for `--albums tag` and `link`.

A picture is planned once its own Folder is at hand; what albums say of it must be known by then. So sidecars of albums
are read beforehand: only those that by their names have no picture beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from pef_tui.model import Folder, JsonFile, Match
from pef_tui.run.exports import FileId
from pef_tui.run.opening import Opened
from pef_tui.run.told_twice import told_twice
from pef_tui.takeout.elsewhere import base_keys, gist, sidecar_bases
from pef_tui.takeout.names import SIDECAR_UNITS, plain, read_sidecar_base, uncount_media, units
from pef_tui.takeout.read_ahead import read_sidecars


class AlbumSurvey:
    """What album folders say of pictures that are in other folders. Lives in the planning thread."""

    def __init__(self, place: Opened) -> None:
        self._place = place
        self._candidates: dict[FileId, JsonFile] = {}
        self._folders: dict[FileId, str] = {}
        self._albums: dict[str, tuple[str, ...]] = {}
        """By `gist`: paths of the albums' folders."""
        self._bases: frozenset[str] = frozenset()

    def add(self, folder: Folder, album_json: Sequence[JsonFile]) -> None:
        """Read the sidecars of an album's Folder that have no picture beside them, by their names."""
        json = _without_media(folder, {(file.root, file.path) for file in album_json})
        if not json:
            return
        for read in read_sidecars(
            iter([replace(folder, json=json)]), self._place.open_json, self._place.threads
        ):
            for file in read.json:
                if file.sidecar is not None:
                    self._candidates[file.root, file.path] = file
                    self._folders[file.root, file.path] = folder.path

    def finish(self) -> None:
        """Every Folder was seen. A sidecar that fits several pictures that it does not tell apart counts for none."""
        if not self._candidates:
            return
        twice = told_twice(self._place, self._candidates)
        names: dict[str, set[tuple[str, str]]] = {}
        bases: set[str] = set()
        for key, file in self._candidates.items():
            if file.sidecar is not None:
                names.setdefault(gist(file.sidecar), set()).add((self._folders[key], file.name))
                bases |= sidecar_bases(file.sidecar)
        for what, here in names.items():
            albums = Counter(folder for folder, _ in here)
            originals = Counter(
                folder for folder, _ in {(path, file.name) for path, file in twice.get(what, ())}
            )
            most = max(originals.values(), default=1)
            found = tuple(
                folder for folder, number in albums.items() if number >= most and folder not in originals
            )
            if found:
                self._albums[what] = tuple(sorted(found))
        self._bases = frozenset(bases)
        self._candidates.clear()
        self._folders.clear()

    def folders_of(self, match: Match) -> tuple[str, ...]:
        """Paths of the albums' folders that have only the sidecar of this picture."""
        if not self._albums or match.sidecar is None:
            return ()
        return self._albums.get(gist(match.sidecar), ())

    def concerns(self, files: Sequence[JsonFile]) -> bool:
        """May one of these sidecars say the same as one of an album? By their names."""
        return bool(self._bases) and any(not self._bases.isdisjoint(base_keys(file.name)) for file in files)


def _without_media(folder: Folder, apart: set[FileId]) -> tuple[JsonFile, ...]:
    """The JSON files of a Folder that are more than the media of their title, by names alone; those cut included."""
    media = Counter(plain(uncount_media(file.name).title) for file in folder.media)
    titles = {}
    for file in folder.json:
        if (file.root, file.path) not in apart and file.kind == "unread":
            base = file.name[:-5]
            cut = units(base) >= SIDECAR_UNITS
            titles[file] = "" if cut else plain(uncount_media(read_sidecar_base(base).title).title)
    json = Counter(titles.values())
    return tuple(file for file, title in titles.items() if not title or json[title] > media[title])
