"""Measure whether time per file and memory depend on the number of files.

    python bench/growth.py [--in FOLDER] [--kilobytes 2] [--export FOLDER ...] [COUNT ...]

Uses exports of COUNT small JPEGs (default 10,000 and 1,000,000), 10,000 in a folder, or existing exports named by
--export. Each is fixed, and then run again with nothing to do. A million files need some 15 GB and three million
files on the disk.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from exports import Spec, build

FOLDER = 10_000
"""Pictures in one folder."""


class Run:
    """The measurement of one run."""

    def __init__(self, export: Path, out: Path) -> None:
        os.sync()
        began = time.perf_counter()
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
        ]
        _, status, used = os.wait4(subprocess.Popen(command).pid, 0)
        if status:
            raise SystemExit(f"pef-tui ended with {os.waitstatus_to_exitcode(status)}")
        self.seconds = time.perf_counter() - began
        self.processor = used.ru_utime + used.ru_stime
        self.megabytes = used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--in", dest="folder", help="where to work (default: a temporary folder)")
    parser.add_argument("--kilobytes", type=int, default=2)
    parser.add_argument("--export", type=Path, action="append", default=[], help="one made before")
    parser.add_argument("counts", type=int, nargs="*")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="pef-growth-", dir=given.folder))
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}\n")
    print("| files | run s | us a file | processor us a file | MB | again s | us a file | MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    try:
        for number, count in enumerate(given.counts or ([] if given.export else [10_000, 1_000_000])):
            made = root / f"export{number}"
            build(made, Spec(count, given.kilobytes, folders=max(1, count // FOLDER)))
            measure(made, root / f"out{number}")
            shutil.rmtree(made)
        for number, export in enumerate(given.export):
            measure(export, root / f"of{number}")
    finally:
        shutil.rmtree(root)


def measure(export: Path, out: Path) -> None:
    """Print the row of one export."""
    count = sum(name.endswith(".jpg") for _, _, names in os.walk(export) for name in names)
    first, again = Run(export, out), Run(export, out)
    print(
        f"| {count:,} | {first.seconds:.1f} | {first.seconds / count * 1e6:,.0f} | "
        f"{first.processor / count * 1e6:,.0f} | {first.megabytes:.0f} | "
        f"{again.seconds:.1f} | {again.seconds / count * 1e6:,.1f} | {again.megabytes:.0f} |",
        flush=True,
    )
    shutil.rmtree(out)


if __name__ == "__main__":
    main()
