"""An export as a folder, as zip parts and as tar archives: the same outputs, byte for byte, and what goes wrong."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.media import MAKERS, make

PLACES = [(48.86, 2.33), (-22.95, -43.21), (-33.86, 151.21), None]
FOLDERS = ["Photos from 2018", "Photos from 2019", "Rio \U0001f3d6", "Ausflug & mehr"]
Tree = dict[str, tuple[str, int]]
File = tuple[str, bytes, int]


def files() -> dict[str, Any]:
    """Some hundred files in several folders: every format, pairs, names that are cut, pictures without a sidecar."""
    found: dict[str, Any] = {"print-subscriptions.json": {"subscriptions": []}}
    for number in range(120):
        folder, name = FOLDERS[number % 4], f"IMG_{number:04}.jpg"
        said = sidecar(
            name,
            taken=1_500_000_000 + 86_400 * number,
            place=PLACES[number % 4],
            people=["Ann", "Zoë"][: number % 3],
        )
        found[f"{folder}/{name}"] = said if number % 10 else None
    for number, format in enumerate(MAKERS):
        said = sidecar(
            f"{format}", taken=1_400_000_000 + number, place=PLACES[number % 3], description="von Zoë"
        )
        found[f"{FOLDERS[number % 4]}/a {format} of many.{format}"] = Item(
            said | {"title": f"a {format} of many.{format}"}
        )
    long = "The whole family on the beach at Copacabana, last summer.jpg"
    found[f"{FOLDERS[2]}/{long}"] = sidecar(long, place=PLACES[1])
    found[f"{FOLDERS[2]}/metadata.json"] = {"title": "Rio", "description": "Two weeks", "access": "protected"}
    found[f"{FOLDERS[0]}/no extension"] = make("mp4", 5)
    found[f"{FOLDERS[0]}/broken.jpg"] = Item(sidecar("broken.jpg"), b"This is no picture.\n")
    return found


def listed(top: Path) -> list[File]:
    """Every file below: path, bytes, modification time in seconds."""
    return [
        (path.relative_to(top).as_posix(), path.read_bytes(), int(path.stat().st_mtime))
        for path in sorted(top.rglob("*"))
        if path.is_file()
    ]


def zipped(path: Path, content: Iterable[File], *, utc: bool = True) -> Path:
    """A zip archive; `utc`: with the field that tells modification times exactly."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, raw, mtime) in enumerate(content):
            member = zipfile.ZipInfo(name, datetime.fromtimestamp(mtime, UTC).timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            member.extra = struct.pack("<HHBl", 0x5455, 5, 1, mtime) if utc else b""
            archive.writestr(member, raw)
    return path


def tarred(path: Path, content: Iterable[File]) -> Path:
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as archive:
        for name, raw, mtime in content:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(raw), mtime
            archive.addfile(member, io.BytesIO(raw))
    return path


def run(
    sources: Sequence[Path], out: Path, *more: str, env: dict[str, str] | None = None
) -> tuple[list[dict[str, Any]], str, int]:
    """JSON lines, words and exit code of one run."""
    command = [
        sys.executable,
        "-m",
        "pef_tui",
        "--batch",
        "--json",
        "--no-config",
        *map(str, sources),
        "-o",
        str(out),
    ]
    done = subprocess.run([*command, *more], capture_output=True, check=False, env=os.environ | (env or {}))
    assert b"Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode(), done.returncode


def outputs(out: Path) -> Tree:
    return {
        path.relative_to(out).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".pef-tui" not in path.parts
    }


def told(lines: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """What was said of each file, but for which source it came from."""
    kept = (
        "type",
        "source",
        "sidecar",
        "rule",
        "outcome",
        "output",
        "writer",
        "taken",
        "zone",
        "warnings",
        "reason",
    )
    found = [
        tuple(str(line.get(key)) for key in kept)
        for line in lines
        if line["type"] in ("media", "json", "other")
    ]
    return sorted(found)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("export")
    takeout(top, files())
    return top


@pytest.fixture(scope="module")
def plain(export: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tree, list[tuple[object, ...]]]:
    """Outputs and words of a run over the folder."""
    out = tmp_path_factory.mktemp("plain") / "out"
    lines, _, _ = run([export], out)
    return outputs(out), told(lines)


def parts_of(form: str, export: Path, top: Path) -> list[Path]:
    """The export in another form; members in no order, sidecars behind their pictures and in other parts."""
    content = listed(export)
    content = content[::2] + content[1::2][::-1]
    if form == "three zips":
        return [zipped(top / f"takeout-20240102T030405Z-00{n + 1}.zip", content[n::3]) for n in range(3)]
    if form == "tgz and folder":
        tarred(top / "a.tgz", content[::2])
        for name, raw, mtime in content[1::2]:
            path = top / "extracted" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
            os.utime(path, (mtime, mtime))
        return [top / "a.tgz", top / "extracted"]
    return [tarred(top / f"a.{form}", content)]


@pytest.mark.exiftool
@pytest.mark.parametrize("form", ["three zips", "tgz", "tar", "tgz and folder"])
def test_every_form_gives_the_same_outputs(
    form: str, export: Path, plain: tuple[Tree, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    sources = parts_of(form, export, tmp_path)
    lines, _, _ = run(sources, tmp_path / "out")
    assert outputs(tmp_path / "out") == plain[0]
    assert told(lines) == plain[1]
    assert "problems" not in lines[-1]
    assert not list((tmp_path / "out" / ".pef-tui" / "staging").iterdir())
    again, _, _ = run(sources, tmp_path / "out")
    assert {line["outcome"] for line in again if line["type"] == "media"} == {"unchanged"}
