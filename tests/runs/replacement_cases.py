"""Histories of runs: steps that write or remove exports and files, and what each run must leave in DEST."""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from commands import Line
from commands import run_here as run_one

from pef_tui.testing.export import sidecar
from pef_tui.testing.jpeg import jpeg

JULY = 1_561_977_296


OLD = 1_500_000_000


YEAR = "Photos from 2019"


def picture(mark: str, padding: int = 0) -> bytes:
    """Make a JPEG with a comment that identifies it. Pictures with marks of equal length have equal size.

    `padding`: number of comments of 60,000 bytes after the first one.
    """
    plain, comments = jpeg(3), [f"PIC-{mark};".encode(), *[b"-" * 60_000] * padding]
    segments = [b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment for comment in comments]
    return plain[:2] + b"".join(segments) + plain[2:]


@dataclass
class PutExport:
    """Step: write the pictures of one export (mark by path)."""

    root: str
    files: dict[str, str]
    url: str = ""
    taken: float = JULY
    bare: bool = False
    """Whether the pictures have no sidecars."""
    padding: int = 0
    """The `padding` of each picture."""


@dataclass
class Drop:
    """Step: remove an export, or a file of DEST."""

    path: str


@dataclass
class PutUserFile:
    """Step: write a file of the user into DEST."""

    path: str
    mtime: float = OLD


@dataclass
class Run:
    """Step: run over some exports. `after`: what must then be in DEST (mark by path)."""

    roots: str
    after: dict[str, str]
    more: tuple[str, ...] = ()
    outcomes: set[str] = field(default_factory=set)


Step = PutExport | Drop | PutUserFile | Run


def write_export(top: Path, step: PutExport) -> None:
    files: dict[str, bytes] = {}
    for path, mark in step.files.items():
        files[path] = picture(mark, step.padding)
        if not step.bare:
            fields: dict[str, Any] = sidecar(path.rpartition("/")[2], taken=step.taken, url=step.url or None)
            files[path + ".json"] = orjson.dumps(fields)
    place = top / step.root
    if place.suffix == ".zip":
        with zipfile.ZipFile(place, "w") as archive:
            for path, data in files.items():
                archive.writestr(zipfile.ZipInfo(path, (2020, 1, 2, 3, 4, 6)), data)
        return
    for path, data in files.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        os.utime(target, (OLD, OLD))


def marks(dest: Path) -> dict[str, str]:
    entries = {}
    for path in sorted(dest.rglob("*")):
        if path.is_file() and ".pef-tui" not in path.parts and path.suffix != ".xmp":
            data = path.read_bytes()
            at = data.find(b"PIC-")
            entries[str(path.relative_to(dest))] = (
                data[at + 4 : data.index(b";", at)].decode() if at >= 0 else "?"
            )
    return entries


def results(lines: list[Line]) -> list[tuple[Any, ...]]:
    report = [line for line in lines if line["type"] == "media"]
    return sorted((line["source"], line["root"], line["outcome"], line["output"]) for line in report)


def outcomes_of(lines: list[Line]) -> set[str]:
    return {line["outcome"] for line in lines if line["type"] == "media"}


def play(top: Path, steps: list[Step]) -> None:
    dest = top / "out"
    for number, step in enumerate(steps):
        if isinstance(step, PutExport):
            write_export(top, step)
        elif isinstance(step, PutUserFile):
            (dest / step.path).parent.mkdir(parents=True, exist_ok=True)
            (dest / step.path).write_bytes(b"PIC-mine;")
            os.utime(dest / step.path, (step.mtime, step.mtime))
        elif isinstance(step, Drop):
            path = top / step.path
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        else:
            first, *other_roots = [top / root for root in step.roots.split()]
            options = (*map(str, other_roots), *step.more)
            previewed = run_one(first, dest, *options, "-n")
            lines = run_one(first, dest, *options)
            assert marks(dest) == step.after, f"step {number}"
            assert results(lines) == results(previewed), f"step {number}: preview"
            if step.outcomes:
                assert outcomes_of(lines) == step.outcomes, f"step {number}"
