"""Store the names of all JSON files of a run. They show whether the sidecar of an earlier run may still exist."""

from __future__ import annotations

import unicodedata
from array import array

from pef_tui.filesystem.claimed_names import NameClaims, hash_name
from pef_tui.model import Folder

LONGEST = 40
"""Number of characters of a stem (the name before its first dot) that are compared. Google cuts longer names."""


class SidecarNames:
    """The stems (names before the first dot) of all JSON files of a run. Each stem needs 13 to 27 bytes of memory."""

    def __init__(self, *, is_used: bool) -> None:
        """`is_used`: False in the first run of an output folder. Such a run looks up no names, so none are stored."""
        self._is_used = is_used
        self._stems = NameClaims()
        self._new_hashes = array("Q")
        """Hashes of stems that are not in `_stems` yet. `_stems` is filled at the first look-up; most runs need
        none.
        """

    def add_folder(self, folder: Folder) -> None:
        """Add the names of the JSON files of a listed Folder."""
        if self._is_used:
            self._new_hashes.extend(hash_name(_stem(file.path)) for file in folder.json)

    def may_include(self, path: str) -> bool:
        """Return whether a JSON file of any Folder may be about the media file at `path`, judged by names.

        True if the stem of a JSON file is the beginning of the media file's stem. Example: `IMG_1.jpg.json` may be
        about `IMG_1(2).jpg`, `IMG_1-edited.jpg` and `IMG_1.MP4`. Always True if no names are stored.
        """
        if not self._is_used:
            return True
        for key in self._new_hashes:
            self._stems.add_hash(key)
        self._new_hashes = array("Q")
        stem = _stem(path)
        return any(stem[:length] in self._stems for length in range(len(stem) + 1))


def _stem(path: str) -> str:
    name = path.rpartition("/")[2].partition(".")[0]
    return unicodedata.normalize("NFC", name).casefold()[:LONGEST]
