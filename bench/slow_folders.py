"""Measure which calls the system carries out side by side on a slow line, in one folder and in many:

    python bench/slow_folders.py [--files 192] [--threads 32] [--delay-ms 2]

Prints the elapsed milliseconds for a file, with the files in one folder and distributed over as many folders as there
are threads.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slow_commands import MountFailed, mounted

Work = Callable[[str, int], object]
"""Called with the path of a folder and the number of a file."""
EXPIRES = 1.2
"""Seconds after which the kernel does not trust what it knows."""


def works() -> dict[str, Work]:
    """Return what is measured, in an order in which each finds its files."""
    return {
        "create and write": _create,
        "look up a name that does not exist": lambda folder, number: os.path.lexists(f"{folder}/no{number}"),
        "look up a name": lambda folder, number: os.lstat(f"{folder}/below{number}"),
        "look up a name again": lambda folder, number: os.lstat(f"{folder}/below{number}"),
        "open and read": lambda folder, number: Path(f"{folder}/below{number}").read_bytes(),
        "set times": lambda folder, number: os.utime(f"{folder}/{number}", (1, 1)),
        "rename in the same folder": lambda folder, number: os.rename(
            f"{folder}/{number}", f"{folder}/r{number}"
        ),
        "rename to another folder": lambda folder, number: os.rename(
            f"{folder}/r{number}", f"{folder}.new/r{number}"
        ),
        "remove": lambda folder, number: os.unlink(f"{folder}.new/r{number}"),
    }


def _create(folder: str, number: int) -> None:
    descriptor = os.open(f"{folder}/{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    os.write(descriptor, bytes(4000))
    os.close(descriptor)


def measure(place: Path, files: int, folders: int, threads: int, delay_ms: float) -> dict[str, float]:
    """Return the elapsed milliseconds for a file, by what was measured, with the files in this number of folders."""
    below = place / "slow.below"
    for folder in range(folders):
        (below / f"{folder}.new").mkdir(parents=True)
        (below / str(folder)).mkdir()
    for number in range(files):
        (below / str(number % folders) / f"below{number}").write_bytes(bytes(4000))
    results = {}
    with mounted(place, delay_ms=delay_ms) as mount, ThreadPoolExecutor(threads) as pool:
        for name, work in works().items():
            time.sleep(EXPIRES)
            began = time.perf_counter()
            calls = [pool.submit(work, f"{mount.path}/{number % folders}", number) for number in range(files)]
            for call in calls:
                call.result()
            results[name] = (time.perf_counter() - began) / files * 1000
    return results


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=192)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--delay-ms", type=float, default=2.0)
    given = parser.parse_args()
    results = []
    for folders in (1, given.threads):
        place = Path(tempfile.mkdtemp(prefix="pef-slow-"))
        try:
            results.append(measure(place, given.files, folders, given.threads, given.delay_ms))
        except MountFailed as error:
            raise SystemExit(str(error)) from None
        finally:
            shutil.rmtree(place)
    print(f"| ms for a file | in one folder | in {given.threads} folders |")
    print("| --- | --- | --- |")
    for name, one in results[0].items():
        print(f"| {name} | {one:.1f} | {results[1][name]:.1f} |")


if __name__ == "__main__":
    main()
