"""Compare complete runs with threads and with processes: elapsed time, processor time, files a second.

    python bench/executors.py KIND [FILES] [ROUNDS] [WAY ...]

KIND is `small` (JPEGs of 40 kB), `large` (JPEGs of 2 MB), `heic` or `mp4` (small ones; `--writer exiftool` has ExifTool
write them, to show the effect of workers). WAY is a value of `--executor`, followed by a number of workers; the default
is `threads:2 processes:1 processes:2`. The ways alternate, so that other load on the machine affects all of
them; each figure is the median of its rounds. The files are in TMPDIR.
"""

from __future__ import annotations

import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

from pef_tui.model import GeoPoint
from pef_tui.testing.exif import Exif
from pef_tui.testing.export import sidecar
from pef_tui.testing.jpeg import jpeg
from pef_tui.testing.media import make

SIZES = {"small": 40_000, "large": 2_000_000}
FILES = {"small": 20_000, "large": 1_000, "heic": 300, "mp4": 300}
BY_EXIFTOOL = ("heic", "mp4")
FOLDER = 1000
"""Pictures in one folder."""


def build(root: Path, kind: str, files: int) -> None:
    """Make an export of `files` pictures with their sidecars."""
    chance = random.Random(1)
    for number in range(files):
        folder = root / "Takeout" / "Google Photos" / f"Photos from {1950 + number // FOLDER}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"IMG_{number:08}.{'jpg' if kind in SIZES else kind}"
        place = GeoPoint(48.85 + number % 90 / 100, 2.35, 35.0)
        said = sidecar(name, taken=1_500_000_000 + number * 60, place=place, people=["Ana", "Zoë"])
        (folder / name).write_bytes(picture(kind, chance, number))
        (folder / f"{name}.supplemental-metadata.json").write_bytes(orjson.dumps(said))


def picture(kind: str, chance: random.Random, number: int) -> bytes:
    """Return a picture with a camera's tags, without date and place; its scan is noise of the required size."""
    if kind not in SIZES:
        return make(kind, number)
    head = jpeg(number, exif=Exif(make="Maker", model="Camera", maker_note=bytes(500)))[:-2]
    noise = chance.randbytes(SIZES[kind] - len(head) - 2).replace(b"\xff", b"\xfe")
    return head + noise + b"\xff\xd9"


def run(root: Path, out: Path, way: str, kind: str) -> tuple[float, float]:
    """Return elapsed seconds and processor seconds."""
    name, _, workers = way.partition(":")
    command = [sys.executable, "-m", "pef_tui", "--batch", "--no-config", "-q", "--executor", name]
    command += ["--workers", workers or "0", "--writer", "exiftool" if kind in BY_EXIFTOOL else "auto"]
    command += [str(root), "-o", str(out)]
    before, began = os.times(), time.monotonic()
    subprocess.run(command, check=True)
    seconds, after = time.monotonic() - began, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    shutil.rmtree(out)
    os.sync()
    return seconds, used


def main() -> None:
    kind = sys.argv[1]
    files = int(sys.argv[2]) if len(sys.argv) > 2 else FILES[kind]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    ways = sys.argv[4:] or ["threads:2", "processes:1", "processes:2"]
    root = Path(tempfile.mkdtemp(prefix="pef-executors-"))
    try:
        build(root / "export", kind, files)
        run(root / "export", root / "out", ways[0], kind)
        took: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way in ways:
                took[way].append(run(root / "export", root / "out", way, kind))
        machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
        print(f"{machine}: {files:,} {kind}")
        for way, times in took.items():
            seconds, used = (statistics.median(each) for each in zip(*times, strict=True))
            print(
                f"{way:<14}{seconds:7.1f} s {files / seconds:9,.0f} files/s, {used:6.1f} s of the processors"
            )
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
