"""Sidecars without a picture that say the same as one that a picture of another Folder has.

Google writes a sidecar into every album that a picture is in: such a copy is of that picture and of no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from pef_tui.model import Folder, JsonFile, MediaFile
from pef_tui.run.exports import FileId
from pef_tui.run.opening import Opened
from pef_tui.takeout.elsewhere import base_keys, gist, media_keys, sidecar_bases, sidecar_keys
from pef_tui.takeout.match import PREFIX_UNITS
from pef_tui.takeout.names import plain, read_sidecar_base, units
from pef_tui.takeout.read_ahead import read_sidecars

Twice = dict[str, list[tuple[str, JsonFile]]]
"""By `gist`: the sidecars in use that say the same, each with the path of its Folder."""

Owners = dict[str, list[tuple[str, MediaFile]]]
"""By `gist`: pictures, each with the path of its Folder."""


def beside_their_pictures(place: Opened, bases: Collection[str]) -> Iterator[Folder]:
    """JSON files of these names (`base_keys`) with the media beside them that are named as their titles, by names."""
    for folder in place.every_folder() if bases else ():
        json = [file for file in folder.json if not base_keys(file.name).isdisjoint(bases)]
        if not json:
            continue
        media = [(file, media_keys(file.name)) for file in folder.media]
        titles = {plain(read_sidecar_base(file.name[:-5]).title): file for file in json}
        cut = any(units(title) >= PREFIX_UNITS for title in titles)
        named = tuple(file for file, names in media if cut or not names.isdisjoint(titles))
        if named:
            yield Folder(folder.path, media=named, json=tuple(json))


def owners(place: Opened, sidecars: Iterable[JsonFile]) -> Owners:
    """The pictures of each title with a sidecar beside them that says the same as one of these."""
    asked: set[str] = set()
    bases: set[str] = set()
    for file in sidecars:
        if file.sidecar is not None:
            asked.add(gist(file.sidecar))
            bases |= sidecar_bases(file.sidecar)
    found: Owners = {}
    for folder in read_sidecars(beside_their_pictures(place, bases), place.open_json, place.threads):
        for file in folder.json:
            if file.sidecar is None or (what := gist(file.sidecar)) not in asked:
                continue
            names = sidecar_keys(file)
            for media in folder.media:
                if not names.isdisjoint(media_keys(media.name)):
                    found.setdefault(what, []).append((folder.path, media))
    return found


def told_twice(place: Opened, orphans: Mapping[FileId, JsonFile]) -> Twice:
    """The sidecars in use that say the same as orphans. Reads only JSON files that are named alike."""
    asked = {gist(file.sidecar) for file in orphans.values() if file.sidecar is not None}
    bases = frozenset(
        base for file in orphans.values() if file.sidecar is not None for base in sidecar_bases(file.sidecar)
    )

    def alike() -> Iterator[Folder]:
        for folder in place.every_folder():
            json = tuple(
                file
                for file in folder.json
                if (file.root, file.path) not in orphans and not bases.isdisjoint(base_keys(file.name))
            )
            if json:
                yield Folder(folder.path, json=json)

    used: Twice = {}
    if not asked:
        return used
    for folder in read_sidecars(alike(), place.open_json, place.threads):
        for file in folder.json:
            if file.sidecar is not None and (what := gist(file.sidecar)) in asked:
                used.setdefault(what, []).append((folder.path, file))
    return used
