"""Sidecars that a person gave to pictures (`--decisions`): they go before every rule."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.display import utf8
from pef_tui.hooks import Matcher
from pef_tui.model import Folder, JsonFile, Match, MediaFile
from pef_tui.tags.decisions import Decisions

RULE = "by-hand"


def by_hand(decisions: Decisions) -> list[Matcher]:
    """The matcher that joins what was decided; none where nothing was."""
    if not decisions.sidecars:
        return []
    return [Matcher(RULE, lambda folder: _matches(folder, decisions.sidecars), -1000, whole=True)]


def _matches(folder: Folder, sidecars: dict[str, str]) -> Iterator[Match]:
    for media in (*folder.media, *folder.other):
        wanted = _wanted(media, folder.path, sidecars)
        file = _file(folder, media, wanted) if wanted else None
        if file is not None:
            yield Match(media, folder.path, file.sidecar, file, RULE)


def _wanted(media: MediaFile, folder: str, sidecars: dict[str, str]) -> str:
    paths = media.path, f"{folder}/{media.name}".lstrip("/")
    return next((found for path in paths if (found := sidecars.get(path) or sidecars.get(utf8(path)))), "")


def _file(folder: Folder, media: MediaFile, wanted: str) -> JsonFile | None:
    """The sidecar of that name or path; of several of that name the one beside the picture."""
    fitting = [
        file
        for file in folder.json
        if file.sidecar is not None
        and wanted
        in (file.path, utf8(file.path), file.name, utf8(file.name), f"{folder.path}/{utf8(file.name)}")
    ]
    return min(fitting, key=lambda file: (file.root != media.root, file.root, file.path), default=None)
