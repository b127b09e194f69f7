"""Measure listing an export, joining it into Folders, and reading its sidecars: `python bench/scan.py [FILES]`.

Makes an export of FILES files (half of them sidecars, 40 folders) in a temporary folder, with a warm disk cache. First
it measures the processor time for detecting changes, with `statx`, and with `os.scandir` for systems without it.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pef_tui.filesystem.parallel_io import io_queue
from pef_tui.model import Folder, JsonFile, Source
from pef_tui.sources import dir_entries as entries
from pef_tui.sources.directory import DirectoryReader
from pef_tui.sources.folders import folders
from pef_tui.sources.sidecar_reader import read_sidecars

FOLDERS = 40
ROUNDS = 3
ANSWER = 0.001
"""Seconds that a slow disk or server takes to open a file."""


def sidecar(title: str, second: int) -> bytes:
    place = {
        "latitude": 48.2,
        "longitude": 16.3,
        "altitude": 171.0,
        "latitudeSpan": 0.0,
        "longitudeSpan": 0.0,
    }
    return json.dumps(
        {
            "title": title,
            "description": "",
            "imageViews": "12",
            "creationTime": {
                "timestamp": str(1_600_000_000 + second),
                "formatted": "Sep 13, 2020, 12:26:40 PM UTC",
            },
            "photoTakenTime": {
                "timestamp": str(1_500_000_000 + second),
                "formatted": "Jul 14, 2017, 2:40:00 AM UTC",
            },
            "geoData": place,
            "geoDataExif": place,
            "people": [{"name": "Ada Lovelace"}],
            "url": "https://photos.google.com/photo/AF1QipOeAWhkuRjJvhlb9FTySKTAm0Vtp4mmkSPMbwFM",
            "googlePhotosOrigin": {
                "mobileUpload": {"deviceFolder": {"localFolderName": ""}, "deviceType": "ANDROID_PHONE"}
            },
        },
        indent=2,
    ).encode()


def make(top: str, files: int) -> None:
    for number in range(FOLDERS):
        folder = Path(top, "Takeout", "Google Photos", f"Photos from {1980 + number}")
        folder.mkdir(parents=True)
        for picture in range(files // 2 // FOLDERS):
            name = f"IMG_{picture:05}.jpg"
            (folder / name).touch()
            (folder / f"{name}.supplemental-metadata.json").write_bytes(sidecar(name, picture))


def measure(what: str, stream: Iterable[Folder]) -> None:
    start, first, files = time.perf_counter(), 0.0, 0
    for folder in stream:
        first = first or time.perf_counter() - start
        files += len(folder.media) + len(folder.json) + len(folder.other)
        del folder
    seconds = time.perf_counter() - start
    speed = f"{files / seconds:9,.0f} files/s  {seconds / files * 1e6:5.1f} us/file"
    print(f"{what:32} {speed}  first after {first * 1e3:5.1f} ms")


def look(reader: DirectoryReader, files: int) -> None:
    """Measure both ways; return the minimum of some rounds."""
    ways = {"statx": entries._STATX, "os.scandir": None}
    for name, way in ways.items():
        entries._STATX, least = way, float("inf")
        for _ in range(2 * ROUNDS):
            start = time.process_time()
            reader.current_state()
            least = min(least, time.process_time() - start)
        print(f"{'look, by ' + name:32} {files / least:9,.0f} files/s  {least / files * 1e6:5.1f} us/file")
    entries._STATX = ways["statx"]


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as top:
        make(top, files)
        reader = DirectoryReader(Source(0, top))

        def opened(file: JsonFile) -> BinaryIO:
            return reader.open(file.path)

        def far_away(file: JsonFile) -> BinaryIO:
            time.sleep(ANSWER)
            return reader.open(file.path)

        look(DirectoryReader(Source(0, top)), files)
        for _ in range(ROUNDS):
            measure("scan, join", folders([reader]))
            measure("scan, join, sidecars", read_sidecars(folders([reader]), opened, io_queue()))
        few = islice(folders([reader]), 2)
        measure(f"same, {ANSWER * 1e3:.0f} ms an open", read_sidecars(few, far_away, io_queue()))
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
