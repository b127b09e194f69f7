"""Measure scanning, matching and planning: `pef-tui --batch --dry-run --json` over a generated export.

    python bench/front.py [FILES] [FOLDERS]

Half of FILES are JPEGs of a few hundred bytes, half their sidecars. Prints files a second, seconds until the first
outcome, and the peak memory of the process; then files a second of processor time for matching, and with planning,
without opening a picture (each counts as a JPEG without tags).
"""

from __future__ import annotations

import gc
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
from msgspec.structs import replace

from pef_tui.__main__ import GC_THRESHOLD
from pef_tui.model import FileMetadata, GeoPoint, Plan, Record
from pef_tui.pipeline.context import open_run
from pef_tui.pipeline.setup import set_up
from pef_tui.pipeline.stages import Planning
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.testing.export import sidecar
from pef_tui.testing.media import make
from pef_tui.testing.running import plugin_host


def build(root: Path, files: int, folders: int) -> None:
    """Make an export of `files` files in `folders` folders, every second picture with a place."""
    picture = make("jpeg")
    pairs = files // 2
    for number in range(pairs):
        folder = root / "Takeout" / "Google Photos" / f"Photos from {1900 + number * folders // pairs}"
        if number * folders % pairs < folders:
            folder.mkdir(parents=True, exist_ok=True)
        name = f"IMG_{number:08}.jpg"
        place = GeoPoint(48.85 + number % 90 / 100, 2.35, 35.0) if number % 2 else None
        said = sidecar(
            name, taken=1_500_000_000 + number * 60, place=place, people=["Ana"] if number % 3 else []
        )
        (folder / name).write_bytes(picture)
        (folder / f"{name}.supplemental-metadata.json").write_bytes(orjson.dumps(said))


def measure(root: Path) -> tuple[float, float, int, int]:
    """Return the total seconds, seconds to the first outcome, peak memory in kB, and number of planned media files."""
    command = [sys.executable, "-m", "pef_tui", "--batch", "--dry-run", "--json", "--no-config", str(root)]
    began = time.monotonic()
    first, count = 0.0, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if line.startswith(b'{"v":1,"type":"media"'):
                count += 1
                first = first or time.monotonic() - began
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - began, first, usage.ru_maxrss, count


class NullQueue:
    """A PlanQueue that drops what it gets."""

    def put(self, item: Record | Plan) -> None:
        """Drop it."""


def unopened(root: Path, planned: bool) -> float:
    """Return the processor time from listing to Matches, or to Plans, without opening a picture."""
    gc.set_threshold(GC_THRESHOLD)
    output = str(root / "out")
    given: dict[str, Any] = {"sources": (str(root / "Takeout"),), "output": output}
    settings, host = Settings(dry_run=True, **given), plugin_host(dry_run=True, **given)
    with ExitStack() as stack:
        place = open_run(set_up(settings, host, Progress(), stack), stack)
        began = time.process_time()
        if planned:
            planning = Planning(place)
            bare = FileMetadata("jpeg", {}, reader="native")
            without_reading = lambda matches: (replace(match, metadata=bare) for match in matches)  # noqa: E731
            setattr(planning.parts, "read_metadata", without_reading)  # noqa: B010
            planning.run(NullQueue())
        else:
            folders = place.source_folders
            for folder in folders.read_sidecars(folders.list_folders(report_problems=True)):
                folders.collect(folder)
        return time.process_time() - began


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    folders = int(sys.argv[2]) if len(sys.argv) > 2 else max(1, files // 2500)
    root = Path(tempfile.mkdtemp(prefix="pef-front-"))
    try:
        build(root, files, folders)
        measure(root)
        seconds, first, memory, count = measure(root)
        print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
        print(f"{files:,} files in {folders:,} folders, {count:,} media planned")
        speed = f"{seconds:.1f} s, {files / seconds:,.0f} files/s"
        print(f"{speed}, first outcome after {first:.2f} s, {memory / 1024:.0f} MB")
        for what, planned in (("listing to match", False), ("listing to plan", True)):
            used = min(unopened(root, planned) for _ in range(3))
            print(f"{what}, nothing opened: {used:.2f} s of a processor, {files / used:,.0f} files/s")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
