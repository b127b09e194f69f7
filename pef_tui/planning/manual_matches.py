"""Match pictures with the sidecars that a person assigned to them (`--decisions`).

Such a sidecar has priority over every rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.hooks import Matcher
from pef_tui.model import Folder, JsonFile, Match, MediaFile
from pef_tui.sanitize import utf8
from pef_tui.tags.decisions import Decisions

RULE = "by-hand"


def manual_matcher(decisions: Decisions) -> list[Matcher]:
    """Return a list with the matcher for `decisions`; an empty list if they assign no sidecar."""
    if not decisions.sidecars:
        return []
    return [Matcher(RULE, lambda folder: _matches(folder, decisions.sidecars), -1000, whole=True)]


def _matches(folder: Folder, sidecars: dict[str, str]) -> Iterator[Match]:
    for media in (*folder.media, *folder.other):
        sidecar = _decided_sidecar(media, folder.path, sidecars)
        file = _find_sidecar(folder, media, sidecar) if sidecar else None
        if file is not None:
            yield Match(media, folder.path, file.sidecar, file, RULE)


def _decided_sidecar(media: MediaFile, folder: str, sidecars: dict[str, str]) -> str:
    """Return the name or path of the sidecar that a person assigned to `media`; "" if there is none.

    `folder`: path of the Folder. `sidecars`: the assigned sidecar of each file, by the path of the file.
    """
    paths = media.path, f"{folder}/{media.name}".lstrip("/")
    return next(
        (sidecar for path in paths if (sidecar := sidecars.get(path) or sidecars.get(utf8(path)))), ""
    )


def _find_sidecar(folder: Folder, media: MediaFile, sidecar: str) -> JsonFile | None:
    """Return the JSON file of the Folder whose name or path is `sidecar`; None if there is none.

    If several have this name, return the one from the source of `media`.
    """
    candidates = [
        file
        for file in folder.json
        if file.sidecar is not None
        and sidecar
        in (file.path, utf8(file.path), file.name, utf8(file.name), f"{folder.path}/{utf8(file.name)}")
    ]
    return min(candidates, key=lambda file: (file.root != media.root, file.root, file.path), default=None)
