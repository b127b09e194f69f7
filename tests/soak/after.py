"""What is looked at after a step: a run, the sources, and the disk around them."""

from __future__ import annotations

import os
import unicodedata

from export_model import File, Root
from msgspec import Struct
from program import FileId, Ran, Tree


class Fault(AssertionError):
    """A rule that was broken: its name, and what was seen."""

    def __init__(self, rule: str, seen: str) -> None:
        super().__init__(f"{rule}: {seen}")
        self.rule = rule
        self.seen = seen


class After(Struct):
    """A run that came to its end, and the disk around it."""

    ran: Ran
    roots: list[Root]
    before: Tree
    """DEST before the run."""
    dest: Tree
    user: dict[bytes, bytes]
    """Files in DEST that are the user's, with their bytes."""
    touched: set[int]
    """Numbers of pictures whose outputs the user changed, or whose source got other bytes."""
    xmp: str = "auto"
    mixed: bool = False
    """Outputs and manifest are of different times: what a run left may count as changed."""
    twice: set[str] | None = None

    def beside(self, output: bytes) -> list[bytes]:
        """Names that the XMP file of an output may have; not the short one where several files share it."""
        short = os.path.splitext(output)[0]
        sharing = [
            name for name in self.dest if os.path.splitext(name)[0] == short and not name.endswith(b".xmp")
        ]
        return [output + b".xmp", *([short + b".xmp"] if len(sharing) < 2 else [])]

    @property
    def files(self) -> dict[FileId, File]:
        """All files of all SOURCEs."""
        return {
            (number, os.fsencode(path)): file
            for number, root in enumerate(self.roots)
            for path, file in root.files.items()
        }

    def account(self, root: int) -> str:
        """Whose export a SOURCE is of."""
        return self.roots[root].account

    def place(self, identity: FileId) -> tuple[str, str]:
        """Account and folder of a file; in two Unicode forms that one SOURCE has, two folders."""
        folder, spelled = folder_of(identity[1]), os.fsdecode(os.path.dirname(identity[1]))
        return self.account(identity[0]), spelled if folder in self._twice() else folder

    def _twice(self) -> set[str]:
        """Folders that some SOURCE has in two Unicode forms."""
        if self.twice is None:
            self.twice = set()
            for root in self.roots:
                forms = {path.rpartition("/")[0] for path in root.files}
                names = [unicodedata.normalize("NFC", each) for each in forms]
                self.twice |= {each for each in names if names.count(each) > 1}
        return self.twice


def folder_of(path: bytes) -> str:
    """The folder of a path, the same for composed and decomposed letters."""
    return unicodedata.normalize("NFC", os.fsdecode(os.path.dirname(path)))
