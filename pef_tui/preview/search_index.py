"""What a search finds in addition to names: people, cameras, descriptions and album titles of planned files."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from pef_tui.model import Outcome
from pef_tui.preview.names import NameTable, fold
from pef_tui.tags.decisions import album_title
from pef_tui.tags.tag_lists import tags_of

MAX_DESCRIPTION = 4096
"""Number of characters of a description that are searched."""
_CAMERA_TAGS = ("EXIF:Make", "EXIF:Model")


class RowsByText:
    """The rows that have a text, such as the name of a person. A row may have several texts."""

    def __init__(self) -> None:
        self._rows: dict[bytes, array[int]] = {}

    def add(self, text: str, row: int) -> None:
        """Add a row that has `text`."""
        self._rows.setdefault(fold(text), array("I")).append(row)

    def mask(self, needle: bytes, count: int) -> bytearray:
        """Return the mask of the first `count` rows with a text that contains the case-folded text `needle`."""
        mask = bytearray(count)
        for text, rows in tuple(self._rows.items()):
            if needle in text:
                _set(mask, rows)
        return mask


class SearchIndex:
    """The texts of all rows. Only one thread calls `add`; any thread may search.

    A file that an earlier run has done is reported without its sidecar and tags, so it has no texts here.
    """

    def __init__(self) -> None:
        self.people = RowsByText()
        self.cameras = RowsByText()
        self._descriptions = NameTable()
        self._described = array("I")
        """Row of each description."""
        self.titles: dict[bytes, set[int]] = {}
        """Numbers of the Folders with an album title, by the case-folded title."""
        self._titled = -1

    def add(self, row: int, folder: int, outcome: Outcome) -> None:
        """Add the texts of a row, which is in the Folder with the number `folder`."""
        match = outcome.plan.match
        if folder != self._titled:  # the files of a Folder follow each other, and have the same album
            self._titled = folder
            if title := album_title(match):
                self.titles.setdefault(fold(title), set()).add(folder)
        tags = tags_of(match)
        if camera := " ".join(str(tags[tag]) for tag in _CAMERA_TAGS if tag in tags):
            self.cameras.add(camera, row)
        if match.sidecar is None:
            return
        for name in match.sidecar.names:
            self.people.add(name, row)
        if match.sidecar.description:
            self._described.append(row)
            self._descriptions.append(" ".join(match.sidecar.description[:MAX_DESCRIPTION].split()))

    def described(self, needle: bytes, count: int) -> bytearray:
        """Return the mask of the first `count` rows whose description contains the case-folded text `needle`."""
        mask = bytearray(count)
        hits = self._descriptions.containing(needle)
        _set(mask, (self._described[index] for index, hit in enumerate(hits) if hit))
        return mask

    def folders_titled(self, needle: bytes) -> set[int]:
        """Return the numbers of the Folders whose album title contains the case-folded text `needle`."""
        return {
            number for title, numbers in tuple(self.titles.items()) if needle in title for number in numbers
        }


def _set(mask: bytearray, rows: Iterable[int]) -> None:
    for row in rows:
        if row < len(mask):
            mask[row] = 1
