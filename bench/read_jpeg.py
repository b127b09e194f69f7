"""Measure reading the tags of JPEGs: files a second on one core.

Usage: python bench/read_jpeg.py FOLDER
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pef_tui.readers.jpeg import read_jpeg

SECONDS = 3.0
NEEDED = 2500
"""Files a second that the pipeline counts on."""


def main(folder: str) -> int:
    """Read every JPEG below `folder` repeatedly and print the rate; return 1 if it is below NEEDED."""
    paths = [
        str(path) for path in sorted(Path(folder).rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg")
    ]
    if not paths:
        print(f"no JPEG below {folder}", file=sys.stderr)
        return 2
    read = unsure = 0
    began, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < SECONDS:
        for path in paths:
            with open(path, "rb", buffering=0) as stream:  # noqa: PTH123
                unsure += read_jpeg(stream) is None
        read += len(paths)
    rate = read / (time.process_time() - used)
    print(f"{len(paths)} JPEGs: {rate:,.0f} files/s and core, {unsure / read:.0%} left to ExifTool")
    return int(rate < NEEDED)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or ["."]))
