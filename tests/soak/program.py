"""Run the command in a forked process: its output, and the files on the disk."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from msgspec import Struct

sys.path.append(str(Path(__file__).parents[1] / "support"))

from fault_injection import WRITING, Act, fail_at, injected, no_exiftool, signal_at
from forked_runs import Run

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
    """The result of one run."""

    status: int
    words: str
    lines: list[Line]

    @property
    def summary(self) -> Line:
        """The last line."""
        return self.lines[-1] if self.lines else {}

    def of(self, kind: str) -> dict[FileId, Line]:
        """Return the lines about files of this kind."""
        return {source_of(line): line for line in self.lines if line["type"] == kind}


def source_of(line: Line) -> FileId:
    """Return the file that a line is about."""
    return line["root"], exact(line, "source")


def exact(line: Line, field: str) -> bytes:
    """Return a path in a line, byte for byte."""
    coded = line.get(f"{field}_bytes")
    return base64.b64decode(coded) if coded else str(line[field] or "").encode()


def run(argv: list[str], *, act: Act | None = None, exiftool: bool = False) -> Ran:
    """Run the command. `act`: called before each of its writing calls, with the number of the call."""

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
    """Parse one line. None for the incomplete line of a killed run."""
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
    """Inode, change time, size."""
    link: bool = False


Tree = dict[bytes, Lying]


def tree(root: str | Path, *, own_value: bool = False) -> Tree:
    """Return all files below a folder. With `own_value`, also those in `.pef-tui`."""
    top = os.fsencode(root)
    entries: Tree = {}
    for folder, folders, names in os.walk(top):
        if not own_value and b".pef-tui" in folders:
            folders.remove(b".pef-tui")
        for name in names:
            path = os.path.join(folder, name)
            at = os.lstat(path)
            link = os.path.islink(path)
            with open(path, "rb") as stream:  # noqa: PTH123 - a name may have any bytes
                data = stream.read()
            text = os.stat(path).st_mtime_ns if link else at.st_mtime_ns
            entries[os.path.relpath(path, top)] = Lying(
                data, text, (at.st_ino, at.st_ctime_ns, at.st_size), link
            )
    return entries
