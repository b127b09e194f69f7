"""The state after a step, which the checks examine: a run, the sources, and the files around them."""

from __future__ import annotations

import os
import unicodedata

from export_model import File, Root
from msgspec import Struct
from program import FileId, Ran, Tree


class Fault(AssertionError):
    """Raised if a rule was broken: name of the rule, and the details."""

    def __init__(self, rule: str, records: str) -> None:
        super().__init__(f"{rule}: {records}")
        self.rule = rule
        self.seen = records


class After(Struct):
    """A completed run, and the files around it."""

    ran: Ran
    roots: list[Root]
    before: Tree
    """Files in DEST before the run."""
    dest: Tree
    user: dict[bytes, bytes]
    """Files in DEST that belong to the user, with their bytes."""
    touched: set[int]
    """Numbers of the pictures whose outputs the user changed, or whose source got other bytes."""
    xmp: str = "auto"
    mixed: bool = False
    """Whether outputs and manifest are from different times. Outputs of a run may then count as changed."""
    twice: set[str] | None = None

    def beside(self, output: bytes) -> list[bytes]:
        """Return the names that the XMP file of an output may have; without the short name if several files share
        it.
        """
        short = os.path.splitext(output)[0]
        sharing = [
            name for name in self.dest if os.path.splitext(name)[0] == short and not name.endswith(b".xmp")
        ]
        return [output + b".xmp", *([short + b".xmp"] if len(sharing) < 2 else [])]

    @property
    def files(self) -> dict[FileId, File]:
        """Return all files of all SOURCEs."""
        return {
            (number, os.fsencode(path)): file
            for number, root in enumerate(self.roots)
            for path, file in root.files.items()
        }

    def account(self, root: int) -> str:
        """Return the account whose export a SOURCE is."""
        return self.roots[root].account

    def place(self, identity: FileId) -> tuple[str, str]:
        """Return account and folder of a file. If one SOURCE has the folder in two Unicode forms, these are two
        folders.
        """
        folder, spelled = folder_of(identity[1]), os.fsdecode(os.path.dirname(identity[1]))
        return self.account(identity[0]), spelled if folder in self._twice() else folder

    def _twice(self) -> set[str]:
        """Return the folders that some SOURCE has in two Unicode forms."""
        if self.twice is None:
            self.twice = set()
            for root in self.roots:
                forms = {path.rpartition("/")[0] for path in root.files}
                names = [unicodedata.normalize("NFC", form) for form in forms]
                self.twice |= {form for form in names if names.count(form) > 1}
        return self.twice


def folder_of(path: bytes) -> str:
    """Return the folder of a path. It is the same for composed and decomposed letters."""
    return unicodedata.normalize("NFC", os.fsdecode(os.path.dirname(path)))
