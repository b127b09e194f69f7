"""List the files of a Folder."""

from __future__ import annotations

from pef_tui.model import Folder, JsonFile, MediaFile


def files_of(folder: Folder) -> list[MediaFile | JsonFile]:
    """Return all files of a Folder: media, JSON and others."""
    return [*folder.media, *folder.json, *folder.other]
