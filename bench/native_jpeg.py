"""Measure writing tags into JPEGs: the writer `native` alone, and complete runs compared with ExifTool and `cp -r`.

    python bench/native_jpeg.py [COUNT] [KILOBYTES] [FOLDER] [--exiftool N]

Uses COUNT pictures of KILOBYTES each (2,000 of 40), with dates, places and people, below FOLDER (a temporary one).
ExifTool is measured on the first N of them (200), complete runs on all, directly one after the other on the same
disk.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import orjson

from pef_tui.hooks import Staged
from pef_tui.model import CaptureTime, FileMetadata, Geo, Match, MediaFile, Person, Plan, Sidecar
from pef_tui.native.writer import NativeSession, compose
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.staging import stage
from pef_tui.readers.jpeg import read_jpeg
from pef_tui.tags.dates import dates
from pef_tui.tags.gps import gps
from pef_tui.tags.keywords import people
from pef_tui.tags.policy import decide
from pef_tui.tags.text import text
from pef_tui.testing.exif import Exif
from pef_tui.testing.export import sidecar
from pef_tui.testing.jpeg import jpeg

TAKEN = 1_561_977_296
CAMERA = Exif(
    date="2019:07:01 12:34:56", subsec="12", make="Kamera", model="5", maker_note=bytes(range(256)) * 16
)


def build(root: Path, count: int, kilobytes: int) -> Path:
    """Make an export of this number of pictures; every second one has EXIF of a camera."""
    folder = root / "export" / "Takeout" / "Google Photos" / "Photos from 2019"
    folder.mkdir(parents=True)
    for number in range(count):
        data = jpeg(number, exif=CAMERA if number % 2 else None)
        filler = os.urandom(max(0, kilobytes * 1000 - len(data)))
        data = data[:-2] + filler.replace(b"\xff", b"\xfe") + data[-2:]
        name = f"IMG_{number:05}.jpg"
        (folder / name).write_bytes(data)
        said = sidecar(
            name, taken=TAKEN + number, place=(48.85, 2.35), people=["Ann", "Bob"], description="At sea"
        )
        (folder / f"{name}.json").write_bytes(orjson.dumps(said))
    return folder


def planned(path: Path) -> Plan:
    with path.open("rb") as stream:
        state = read_jpeg(stream) or FileMetadata()
    found = path.stat()
    said = Sidecar(
        title=path.name,
        description="At sea",
        geo_data=Geo(48.85, 2.35),
        people=(Person("Ann"), Person("Bob")),
    )
    media = MediaFile(0, str(path), found.st_size, found.st_mtime_ns)
    match = Match(media, "", sidecar=said, metadata=state, capture_time=CaptureTime(TAKEN, 120, "gps"))
    edits = decide(
        match, [edit for mapper in (dates, gps, people, text) for edit in mapper(match)], "overwrite"
    ).edits
    return Plan(match, "written", edits, writer="native")


@contextmanager
def measured(what: str, count: int) -> Iterator[None]:
    os.sync()
    began, used = time.perf_counter(), time.process_time()
    yield
    seconds, used = time.perf_counter() - began, time.process_time() - used
    print(f"{what:48} {count / seconds:8,.0f} files/s {used / count * 1e6:8,.0f} us of processor a file")


def writer_alone(plans: list[Plan], root: Path) -> None:
    """Measure each step of the writer separately, in one process."""
    dest = OutputDir(str(root / "alone"))
    count = len(plans)
    with measured("copy into staging", count):
        for number, plan in enumerate(plans):
            media = plan.match.media
            with open(media.path, "rb") as source:  # noqa: PTH123
                stage(dest, f"c{number}.jpg", source, media.size, media.mtime_ns)
    staged = [Staged(plan, os.path.join(dest.staging, f"c{number}.jpg")) for number, plan in enumerate(plans)]
    with measured("native, into a staged copy", count):
        for _ in NativeSession().write(staged):
            pass
    with measured("native, composing only", count):
        for plan in plans:
            with open(plan.match.media.path, "rb") as source:  # noqa: PTH123
                assert isinstance(compose(plan, source), tuple)
    with measured("native, straight from the source", count):
        straight(dest, plans, "d")
    half = len(plans) // 2
    threads = [
        threading.Thread(target=straight, args=(dest, part, mark))
        for part, mark in ((plans[:half], "e"), (plans[half:], "f"))
    ]
    with measured("the same in two threads", count):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with measured("the same in two processes", count):
        children = [
            fork(partial(straight, dest, part, mark))
            for part, mark in ((plans[:half], "g"), (plans[half:], "h"))
        ]
        for child in children:
            os.waitpid(child, 0)
    dest.close()


def fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    work()
    os._exit(0)


def straight(dest: OutputDir, plans: list[Plan], mark: str) -> None:
    for number, plan in enumerate(plans):
        media = plan.match.media
        with open(media.path, "rb") as source:  # noqa: PTH123
            pieces = compose(plan, source)
            assert isinstance(pieces, tuple)
            stage(dest, f"{mark}{number}.jpg", source, media.size, media.mtime_ns, pieces)


def run(export: Path, out: Path, *more: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pef_tui",
        "--batch",
        "-q",
        "--no-config",
        str(export),
        "-o",
        str(out),
        *more,
    ]
    subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("count", nargs="?", type=int, default=2000)
    parser.add_argument("kilobytes", nargs="?", type=int, default=40)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--exiftool", type=int, default=200, metavar="N")
    parser.add_argument("--profile", action="store_true", help="where the writer's time goes")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="pef-native-", dir=given.folder))
    try:
        folder = build(root, given.count, given.kilobytes)
        paths = sorted(folder.glob("*.jpg"))
        print(f"{given.count:,} JPEGs of {given.kilobytes} kB, {os.cpu_count()} processors")
        plans = [planned(path) for path in paths]
        if given.profile:
            profile = cProfile.Profile()
            profile.runcall(lambda: straight(OutputDir(str(root / "profile")), plans, "p"))
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
            return
        writer_alone(plans, root)
        with measured("cp -r", given.count):
            subprocess.run(["cp", "-r", str(root / "export"), str(root / "cp")], check=True)
            subprocess.run(["sync", "-f", str(root / "cp")], check=True)
        with measured("pef-tui --batch", given.count):
            run(root / "export", root / "native")
        with measured("pef-tui --batch, nothing to do", given.count):
            run(root / "export", root / "native")
        if given.exiftool:
            few = root / "few" / "Takeout" / "Google Photos" / folder.name
            few.mkdir(parents=True)
            for path in paths[: given.exiftool]:
                for name in (path.name, f"{path.name}.json"):
                    shutil.copy2(folder / name, few / name)
            with measured(f"pef-tui --batch --writer exiftool, {given.exiftool}", given.exiftool):
                run(root / "few", root / "exiftool", "--writer", "exiftool")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
