"""One run of the command in a forked process: what it says, and what lies on the disk around it."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from msgspec import Struct

sys.path.append(str(Path(__file__).parents[1] / "fault"))

from injecting import WRITING, Act, fail_at, injected, no_exiftool, signal_at
from running import Run

__all__ = [
    "Act",
    "FileId",
    "Line",
    "Lying",
    "Ran",
    "Tree",
    "exact",
    "fail_at",
    "run",
    "signal_at",
    "source_of",
    "tree",
]

Line = dict[str, Any]
FileId = tuple[int, bytes]
"""Number of the SOURCE, path below it."""


class Ran(Struct, frozen=True):
    """One run."""

    status: int
    words: str
    lines: list[Line]

    @property
    def summary(self) -> Line:
        """The last line."""
        return self.lines[-1] if self.lines else {}

    def of(self, kind: str) -> dict[FileId, Line]:
        """The lines about files of this kind."""
        return {source_of(line): line for line in self.lines if line["type"] == kind}


def source_of(line: Line) -> FileId:
    """The file that a line is about."""
    return line["root"], exact(line, "source")


def exact(line: Line, field: str) -> bytes:
    """A path of a line, byte for byte."""
    coded = line.get(f"{field}_bytes")
    return base64.b64decode(coded) if coded else str(line[field] or "").encode()


def run(argv: list[str], *, act: Act | None = None, exiftool: bool = False) -> Ran:
    """Run the command; `act` is called with its number before each of its writing calls."""

    def before() -> None:
        os.environ["TZ"] = "UTC"
        if not exiftool:
            no_exiftool()
        if act is not None:
            injected(WRITING, act)

    process = Run(["--batch", "--json", "--no-config", *argv], before)
    try:
        status = process.wait()
        lines = [line for line in map(_parsed, process.lines().splitlines()) if line is not None]
        return Ran(status, process.words(), lines)
    finally:
        process.close()


def _parsed(line: bytes) -> Line | None:
    """A killed run leaves half a line."""
    try:
        parsed: Line = json.loads(line)
    except ValueError:
        return None
    return parsed


class Lying(Struct, frozen=True):
    """One file on a disk."""

    data: bytes
    mtime_ns: int
    stat: tuple[int, int, int]
    """Inode, time of change, size."""
    link: bool = False


Tree = dict[bytes, Lying]


def tree(root: str | Path, *, own: bool = False) -> Tree:
    """All files below a folder; with `own`, those in `.pef-tui` too."""
    top = os.fsencode(root)
    found: Tree = {}
    for folder, folders, names in os.walk(top):
        if not own and b".pef-tui" in folders:
            folders.remove(b".pef-tui")
        for name in names:
            path = os.path.join(folder, name)
            at = os.lstat(path)
            link = os.path.islink(path)
            with open(path, "rb") as stream:  # noqa: PTH123 - a name of any bytes
                data = stream.read()
            shown = os.stat(path).st_mtime_ns if link else at.st_mtime_ns
            found[os.path.relpath(path, top)] = Lying(
                data, shown, (at.st_ino, at.st_ctime_ns, at.st_size), link
            )
    return found
