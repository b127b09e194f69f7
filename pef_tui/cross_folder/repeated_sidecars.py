"""Find orphan sidecars that have the same content as a sidecar with a media file, in another Folder.

Google writes a sidecar into each album that contains a picture. These sidecars belong to this one picture.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from pef_tui.model import FileId, Folder, JsonFile, MediaFile, file_id
from pef_tui.planning.source_folders import SourceFolders
from pef_tui.takeout.matcher import PREFIX_UNITS
from pef_tui.takeout.naming import plain, read_sidecar_base, units
from pef_tui.takeout.orphan_keys import base_keys, content_key, media_keys, sidecar_bases, sidecar_keys

SidecarsByContent = dict[str, list[tuple[str, JsonFile]]]
"""Sidecars grouped by content (`content_key`): path of the Folder, and sidecar."""

MediaByContent = dict[str, list[tuple[str, MediaFile]]]
"""Media files grouped by the content of their sidecars (`content_key`): path of the Folder, and media file."""


def sidecars_with_media(source_folders: SourceFolders, bases: Collection[str]) -> Iterator[Folder]:
    """Yield Folders that have a JSON file whose name is in `bases`, and the media file that its title names.

    The yielded Folders have only these JSON files and media. If a title is cut, they have all media. `bases`: names as
    `base_keys` returns them.
    """
    for folder in source_folders.list_folders() if bases else ():
        json = [file for file in folder.json if not base_keys(file.name).isdisjoint(bases)]
        if not json:
            continue
        media = [(file, media_keys(file.name)) for file in folder.media]
        titles = {plain(read_sidecar_base(file.name[:-5]).title): file for file in json}
        is_cut = any(units(title) >= PREFIX_UNITS for title in titles)
        with_title = tuple(file for file, names in media if is_cut or not names.isdisjoint(titles))
        if with_title:
            yield Folder(folder.path, media=with_title, json=tuple(json))


def find_media(source_folders: SourceFolders, sidecars: Iterable[JsonFile]) -> MediaByContent:
    """Return the media files whose own sidecar has the same content as one of `sidecars`.

    The own sidecar of a media file is in the same Folder, and its title is the name of the media file.
    """
    keys: set[str] = set()
    bases: set[str] = set()
    for file in sidecars:
        if file.sidecar is not None:
            keys.add(content_key(file.sidecar))
            bases |= sidecar_bases(file.sidecar)
    media_by_content: MediaByContent = {}
    for folder in source_folders.read_sidecars(sidecars_with_media(source_folders, bases)):
        for file in folder.json:
            if file.sidecar is None or (key := content_key(file.sidecar)) not in keys:
                continue
            names = sidecar_keys(file)
            for media in folder.media:
                if not names.isdisjoint(media_keys(media.name)):
                    media_by_content.setdefault(key, []).append((folder.path, media))
    return media_by_content


def find_equal_sidecars(source_folders: SourceFolders, orphans: Collection[JsonFile]) -> SidecarsByContent:
    """Return the sidecars that have the same content as one of `orphans`. `orphans` themselves are left out.

    Only JSON files whose names fit the title of one of `orphans` are read.
    """
    keys = {content_key(file.sidecar) for file in orphans if file.sidecar is not None}
    bases = frozenset(
        base for file in orphans if file.sidecar is not None for base in sidecar_bases(file.sidecar)
    )
    orphan_ids: set[FileId] = {file_id(file) for file in orphans}

    def candidates() -> Iterator[Folder]:
        for folder in source_folders.list_folders():
            json = tuple(
                file
                for file in folder.json
                if file_id(file) not in orphan_ids and not bases.isdisjoint(base_keys(file.name))
            )
            if json:
                yield Folder(folder.path, json=json)

    equal: SidecarsByContent = {}
    if not keys:
        return equal
    for folder in source_folders.read_sidecars(candidates()):
        for file in folder.json:
            if file.sidecar is not None and (key := content_key(file.sidecar)) in keys:
                equal.setdefault(key, []).append((folder.path, file))
    return equal
