"""What a preview told, a million files in about 100 MB: columns for the list, the whole Outcome packed away."""

from __future__ import annotations

from array import array
from typing import Literal

import msgspec

from pef_tui.figures import Figures, format_of, taken_local
from pef_tui.model import JsonRecord, Outcome, Record
from pef_tui.planned.columns import Coded
from pef_tui.planned.groups import Groups
from pef_tui.planned.names import Names
from pef_tui.planned.spill import Spill
from pef_tui.scratch import scratch_folder

WORDS = ("written", "sidecar", "copied", "unmatched", "duplicate", "unchanged", "excluded", "failed")
JSON_WORDS = ("orphan", "invalid")
"""Rows that are JSON files: a sidecar whose picture is missing, and what is no JSON."""
UNKNOWN = -(1 << 62)
"""In `Planned.taken`: not known."""

Flag = Literal["conflict", "warning", "ambiguous"]
FLAGS: dict[Flag, int] = {"conflict": 1, "warning": 2, "ambiguous": 4}

_outcome = msgspec.msgpack.Decoder(Outcome)
_json = msgspec.msgpack.Decoder(JsonRecord)


class Planned:
    """Rows in the order they were told. `add` is called by one thread; any may read the rows there are."""

    def __init__(self, scratch: str | None = None) -> None:
        """`scratch`: folder of the unnamed file for Outcomes (default as for dry runs: TMPDIR, else /var/tmp)."""
        self.words = Coded((*WORDS, *JSON_WORDS))
        self.formats = Coded()
        self.rules = Coded()
        self.zones = Coded()
        self.flags = bytearray()
        """Bits of `FLAGS`."""
        self.folders: list[str] = []
        """By their numbers."""
        self.folder = array("I")
        self.taken = array("q")
        """Seconds since 1970 of the clock on the wall there, or `UNKNOWN`."""
        self.size = array("Q")
        """Bytes of the source file."""
        self.names = Names()
        self.groups = Groups()
        self.figures = Figures()
        self._spill = Spill(scratch_folder("", True) if scratch is None else scratch)
        self._numbers: dict[str, int] = {}
        self._of_directory: dict[tuple[int, str], str] = {}
        self._homeless: list[tuple[int, int, str]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, record: Record) -> None:
        """One record of the run. JSON files that did their part, and files that are neither, make no row."""
        if isinstance(record, Outcome):
            self.figures.add(record)
            self._add_outcome(record)
        elif isinstance(record, JsonRecord) and record.outcome in JSON_WORDS:
            self._add_json(record)

    def finish(self) -> None:
        """Every record was told: JSON files go to the Folders that their neighbours are in."""
        for row, root, directory in self._homeless:
            self.folder[row] = self._number(self._home(root, directory))
        self._homeless.clear()

    def outcome(self, row: int) -> Outcome | None:
        """Everything about a row; None for a JSON file. Raises OSError."""
        return None if self.is_json(row) else _outcome.decode(self._spill.get(row))

    def json_record(self, row: int) -> JsonRecord | None:
        """Everything about the JSON file of a row; None for media. Raises OSError."""
        return _json.decode(self._spill.get(row)) if self.is_json(row) else None

    def is_json(self, row: int) -> bool:
        """Is it a JSON file?"""
        return self.words.codes[row] >= len(WORDS)

    def path(self, row: int) -> str:
        """Folder and name, as the Google Photos folder has them."""
        folder = self.folders[self.folder[row]]
        return f"{folder}/{self.names[row]}" if folder else self.names[row]

    def folder_number(self, folder: str) -> int:
        """The number of a Folder; -1 where no row is in it."""
        return self._numbers.get(folder, -1)

    def close(self) -> None:
        """Let the unnamed file go."""
        self._spill.close()

    # -- in the thread of the run

    def _add_outcome(self, outcome: Outcome) -> None:
        plan = outcome.plan
        match = plan.match
        media = match.media
        directory, _, name = media.path.rpartition("/")
        self._of_directory.setdefault((media.root, directory), match.folder)
        taken = taken_local(outcome)
        flags = FLAGS["conflict"] if plan.conflicts else 0
        if plan.warnings or outcome.warnings:
            flags |= FLAGS["warning"]
        if match.reason.startswith("ambiguous"):
            flags |= FLAGS["ambiguous"]
        if plan.conflicts:
            self.groups.add(self._count, plan.conflicts)
        rule = match.rule if match.json is not None and match.rule is not None else ""
        zone = match.taken.zone if match.taken is not None else ""
        self._append(
            outcome.word, format_of(outcome), rule, zone, flags, match.folder, name, media.size, taken
        )
        self._spill.append(outcome)
        self._count += 1

    def _add_json(self, record: JsonRecord) -> None:
        file = record.file
        directory, _, name = file.path.rpartition("/")
        sidecar = file.sidecar
        taken = sidecar.taken if sidecar is not None else None
        known = self._of_directory.get((file.root, directory))
        if known is None:
            self._homeless.append((self._count, file.root, directory))
        seconds = None if taken is None else int(taken)
        self._append(record.outcome, "", "", "", 0, known or "", name, file.size, seconds)
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
        taken: int | None,
    ) -> None:
        self.words.append(word)
        self.formats.append(format)
        self.rules.append(rule)
        self.zones.append(zone)
        self.flags.append(flags)
        self.folder.append(self._number(folder))
        self.taken.append(UNKNOWN if taken is None else taken)
        self.size.append(size)
        self.names.append(name)

    def _number(self, folder: str) -> int:
        number = self._numbers.get(folder)
        if number is None:
            self.folders.append(folder)
            number = self._numbers[folder] = len(self.folders) - 1
        return number

    def _home(self, root: int, directory: str) -> str:
        """The Folder of a directory of a source: as its media say, else the one whose path it ends with."""
        if (known := self._of_directory.get((root, directory))) is not None:
            return known
        parts = directory.split("/")
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((end for end in ends if end in self._numbers), directory)
