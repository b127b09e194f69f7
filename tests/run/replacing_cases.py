"""Histories of runs: files that are put, dropped or edited, and what each run must leave."""

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


def picture(mark: str) -> bytes:
    """A JPEG with a comment that tells it from others, of the same size for marks of the same length."""
    plain, comment = jpeg(3), f"PIC-{mark};".encode()
    return plain[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + plain[2:]


@dataclass
class Put:
    """Pictures of one export, written anew: path to mark."""

    root: str
    files: dict[str, str]
    url: str = ""
    taken: float = JULY
    bare: bool = False
    """Without sidecars."""


@dataclass
class Drop:
    """An export, or a file of DEST, that goes."""

    path: str


@dataclass
class Own:
    """A file that the user puts into DEST."""

    path: str
    mtime: float = OLD


@dataclass
class Run:
    """A run over some exports, and what is in DEST then: path to mark."""

    roots: str
    after: dict[str, str]
    more: tuple[str, ...] = ()
    outcomes: set[str] = field(default_factory=set)


Step = Put | Drop | Own | Run


def put(top: Path, step: Put) -> None:
    files: dict[str, bytes] = {}
    for path, mark in step.files.items():
        files[path] = picture(mark)
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
    found = {}
    for path in sorted(dest.rglob("*")):
        if path.is_file() and ".pef-tui" not in path.parts and path.suffix != ".xmp":
            data = path.read_bytes()
            at = data.find(b"PIC-")
            found[str(path.relative_to(dest))] = (
                data[at + 4 : data.index(b";", at)].decode() if at >= 0 else "?"
            )
    return found


def results(lines: list[Line]) -> list[tuple[Any, ...]]:
    told = [line for line in lines if line["type"] == "media"]
    return sorted((line["source"], line["root"], line["outcome"], line["output"]) for line in told)


def outcomes_of(lines: list[Line]) -> set[str]:
    return {line["outcome"] for line in lines if line["type"] == "media"}


def play(top: Path, steps: list[Step]) -> None:
    dest = top / "out"
    for number, step in enumerate(steps):
        if isinstance(step, Put):
            put(top, step)
        elif isinstance(step, Own):
            (dest / step.path).parent.mkdir(parents=True, exist_ok=True)
            (dest / step.path).write_bytes(b"PIC-mine;")
            os.utime(dest / step.path, (step.mtime, step.mtime))
        elif isinstance(step, Drop):
            path = top / step.path
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        else:
            first, *others = [top / root for root in step.roots.split()]
            more = (*map(str, others), *step.more)
            previewed = run_one(first, dest, *more, "-n")
            lines = run_one(first, dest, *more)
            assert marks(dest) == step.after, f"step {number}"
            assert results(lines) == results(previewed), f"step {number}: preview"
            if step.outcomes:
                assert outcomes_of(lines) == step.outcomes, f"step {number}"
