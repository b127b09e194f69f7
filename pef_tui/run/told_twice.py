"""Sidecars without a picture that say the same as one that a picture of another Folder has.

Google writes a sidecar into every album that a picture is in: such a copy is of that picture and of no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pef_tui.model import Folder, JsonFile
from pef_tui.run.exports import FileId
from pef_tui.run.opening import Opened
from pef_tui.takeout.elsewhere import base_keys, gist, sidecar_bases
from pef_tui.takeout.read_ahead import read_sidecars

Twice = dict[str, list[tuple[str, JsonFile]]]
"""By `gist`: the sidecars in use that say the same, each with the path of its Folder."""


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
