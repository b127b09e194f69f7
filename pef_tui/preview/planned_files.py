"""The records of a preview. Memory has only columns for the lists; a temporary file has the complete records.

A million files need 100 MB of memory.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Literal

import msgspec

from pef_tui.filesystem.record_store import RecordStore
from pef_tui.filesystem.temp_files import temp_dir
from pef_tui.model import JsonRecord, Outcome, Record
from pef_tui.preview.columns import CodedColumn
from pef_tui.preview.groups import CHOICES, ConflictGroup, ConflictGroups
from pef_tui.preview.names import NameTable
from pef_tui.preview.search_index import SearchIndex
from pef_tui.reporting.local_time import capture_time, kept_time
from pef_tui.reporting.stats import RunStats, format_of
from pef_tui.sanitize import utf8
from pef_tui.tags.dates import UNIT as DATE
from pef_tui.tags.decisions import Scope, album_title

MEDIA_OUTCOMES = ("written", "sidecar", "copied", "unmatched", "duplicate", "unchanged", "excluded", "failed")
JSON_OUTCOMES = ("orphan", "invalid")
"""Outcomes of the JSON files that get a row: sidecars without a picture (`orphan`), and `invalid` files."""
_PREVIEW_WORDS = {"written": "to write", "copied": "to copy"}
UNKNOWN = -(1 << 62)
"""Value in `PlannedFiles.taken` for an unknown time."""

Flag = Literal["conflict", "warning", "ambiguous"]
FLAGS: dict[Flag, int] = {"conflict": 1, "warning": 2, "ambiguous": 4}
"""Bit of each flag in `PlannedFiles.flags`. `ambiguous`: several sidecars fit the file."""

_outcome = msgspec.msgpack.Decoder(Outcome)
_json = msgspec.msgpack.Decoder(JsonRecord)


class PlannedFiles:
    """The files of a preview: one row for each file, in the order of the records.

    Only one thread calls `add`; any thread may read rows.
    """

    def __init__(self, scratch: str | None = None) -> None:
        """`scratch`: directory of the temporary file; None for the directory of dry runs (TMPDIR, else /var/tmp)."""
        self.outcomes = CodedColumn((*MEDIA_OUTCOMES, *JSON_OUTCOMES))
        self.formats = CodedColumn()
        self.rules = CodedColumn()
        self.zones = CodedColumn()
        self.flags = bytearray()
        """Flags of each row, as bits of `FLAGS`."""
        self.folders: list[str] = []
        """Paths of the Folders. The index is the number of the Folder."""
        self.folder = array("I")
        """Number of the Folder of each row."""
        self.taken = array("q")
        """Local time at which each file was taken, in seconds since 1970, or `UNKNOWN`.

        In a conflict of dates, it is the time that the file has after the run: see `update_times`."""
        self.size = array("Q")
        """Size of each source file in bytes."""
        self.names = NameTable()
        self.groups = ConflictGroups()
        self.search_index = SearchIndex()
        self.figures = RunStats()
        self._spill = RecordStore(temp_dir("", True) if scratch is None else scratch)
        self._folder_numbers: dict[str, int] = {}
        self._folder_by_directory: dict[tuple[int, str], str] = {}
        self._titles: dict[str, set[int]] = {}
        """Numbers of the Folders that have conflicts, by the title of their album."""
        self._without_folder: list[tuple[int, int, str]] = []
        """Row, number of the source, and directory of the JSON files whose Folder is not known yet."""
        self._date_rows = array("I")
        """Rows with a conflict of dates, ascending; the two times of each row are in the next two arrays."""
        self._kept_times = array("q")
        self._google_times = array("q")
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, record: Record) -> None:
        """Add a record. Only media and the JSON files with an outcome in `JSON_OUTCOMES` get a row."""
        if isinstance(record, Outcome):
            self.figures.add(record)
            self._add_outcome(record)
        elif isinstance(record, JsonRecord) and record.outcome in JSON_OUTCOMES:
            self._add_json(record)

    def finish(self) -> None:
        """Determine the Folder of each JSON file whose Folder is not known yet. Call it after the last record.

        A JSON file gets the Folder of the media beside it, whose records may come after the record of the JSON file.
        """
        for row, root, directory in self._without_folder:
            self.folder[row] = self._number_of_folder(self._folder_of_directory(root, directory))
        self._without_folder.clear()

    def outcome(self, row: int) -> Outcome | None:
        """Return the Outcome of a row; None if the row is a JSON file. Raises OSError."""
        return None if self.is_json(row) else _outcome.decode(self._spill.get(row))

    def json_record(self, row: int) -> JsonRecord | None:
        """Return the record of a row that is a JSON file; None if the row is a media file. Raises OSError."""
        return _json.decode(self._spill.get(row)) if self.is_json(row) else None

    def is_json(self, row: int) -> bool:
        """Return whether the row is a JSON file."""
        return self.outcomes.codes[row] >= len(MEDIA_OUTCOMES)

    def path(self, row: int) -> str:
        """Return the path of a row: its Folder, `/`, and its name."""
        folder = self.folders[self.folder[row]]
        return f"{folder}/{self.names[row]}" if folder else self.names[row]

    def folder_number(self, folder: str) -> int:
        """Return the number of the Folder at path `folder`; -1 if no row is in it."""
        return self._folder_numbers.get(folder, -1)

    def folders_named(self, scope: Scope, name: str) -> set[int]:
        """Return the numbers of the Folders that a decision means if it names the folder `name`.

        With the scope `title`, `name` is an album title (only Folders with conflicts are found); with the scope
        `directory`, a directory in the sources; with all other scopes, the path of a Folder.
        """
        if scope == "title":
            matching = (title for title in (*self._titles,) if name in (title, utf8(title)))
            return {number for title in matching for number in self._titles[title]}
        if scope == "directory":
            return {
                self._folder_numbers[folder]
                for (_, directory), folder in self._folder_by_directory.items()
                if name in (directory, utf8(directory)) and folder in self._folder_numbers
            }
        return {number for number, folder in enumerate(self.folders) if name in (folder, utf8(folder))}

    def has_one_directory(self, folders: set[int]) -> bool:
        """Return whether each Folder of `folders` has all its files in one directory (one path in all sources)."""
        directories = {
            (folder, directory)
            for (_, directory), folder in self._folder_by_directory.items()
            if self._folder_numbers.get(folder, -1) in folders
        }
        return len(directories) == len(folders)

    def update_times(self, group: ConflictGroup) -> None:
        """Set the times of the rows of a group to those that follow from its current choices."""
        if group.unit != DATE:
            return
        google = CHOICES.index("google")
        for row, choice in zip(group.rows, group.choices, strict=True):
            index = bisect_left(self._date_rows, row)
            if index < len(self._date_rows) and self._date_rows[index] == row:
                self.taken[row] = (self._google_times if choice == google else self._kept_times)[index]

    def close(self) -> None:
        """Close the temporary file."""
        self._spill.close()

    # -- called only in the thread of the run

    def _add_outcome(self, outcome: Outcome) -> None:
        plan = outcome.plan
        match = plan.match
        media = match.media
        directory, _, name = media.path.rpartition("/")
        self._folder_by_directory.setdefault((media.root, directory), match.folder)
        kept, google = kept_time(outcome), capture_time(outcome)
        seconds = google if kept is None else kept
        flags = FLAGS["conflict"] if plan.conflicts else 0
        if plan.warnings or outcome.warnings:
            flags |= FLAGS["warning"]
        if match.reason.startswith("ambiguous"):
            flags |= FLAGS["ambiguous"]
        if plan.conflicts:
            self.groups.add(self._count, plan.conflicts)
            if kept is not None and google is not None:
                self._date_rows.append(self._count)
                self._kept_times.append(kept)
                self._google_times.append(google)
            if title := album_title(match):
                self._titles.setdefault(title, set()).add(self._number_of_folder(match.folder))
        rule = match.rule if match.json is not None and match.rule is not None else ""
        zone = match.capture_time.zone if match.capture_time is not None else ""
        self._append(
            outcome.outcome, format_of(outcome), rule, zone, flags, match.folder, name, media.size, seconds
        )
        self.search_index.add(self._count, self.folder[-1], outcome)
        self._spill.append(outcome)
        self._count += 1

    def _add_json(self, record: JsonRecord) -> None:
        file = record.file
        directory, _, name = file.path.rpartition("/")
        sidecar = file.sidecar
        taken = sidecar.taken if sidecar is not None else None
        folder = self._folder_by_directory.get((file.root, directory))
        if folder is None:
            self._without_folder.append((self._count, file.root, directory))
        seconds = None if taken is None else int(taken)
        self._append(record.outcome, "", "", "", 0, folder or "", name, file.size, seconds)
        self._spill.append(record)
        self._count += 1

    def _append(
        self,
        word: str,
        format: str,
        rule: str,
        zone: str,
        flags: int,
        folder: str,
        name: str,
        size: int,
        seconds: int | None,
    ) -> None:
        self.outcomes.append(word)
        self.formats.append(format)
        self.rules.append(rule)
        self.zones.append(zone)
        self.flags.append(flags)
        self.folder.append(self._number_of_folder(folder))
        self.taken.append(UNKNOWN if seconds is None else seconds)
        self.size.append(size)
        self.names.append(name)

    def _number_of_folder(self, folder: str) -> int:
        """Return the number of the Folder at path `folder`. A new Folder gets the next number."""
        number = self._folder_numbers.get(folder)
        if number is None:
            self.folders.append(folder)
            number = self._folder_numbers[folder] = len(self.folders) - 1
        return number

    def _folder_of_directory(self, root: int, directory: str) -> str:
        """Return the path of the Folder to which the media in `directory` of the source `root` belong.

        If the directory has no media, return the longest part at the end of its path that is a Folder (`Trip` for
        `Takeout/Google Photos/Trip`); if no part is, return `directory`.
        """
        if (folder := self._folder_by_directory.get((root, directory))) is not None:
            return folder
        parts = directory.split("/")
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((end for end in ends if end in self._folder_numbers), directory)


def preview_word(outcome: str) -> str:
    """Return the word for an outcome in a preview, which has not written anything yet: `to write` for `written`."""
    return _PREVIEW_WORDS.get(outcome, outcome)
