"""Compare the cost of alternatives for parts of the work: `python bench/eighteen.py [FILES]`.

JSON libraries, ways of listing and of reading many small files, forms of small objects, caches and indexes. Prints
microseconds of processor time (and elapsed time, if they differ) a file; medians of five.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson

from pef_tui.model import GeoPoint, Sidecar
from pef_tui.testing.export import sidecar

PLACE: dict[str, Any] = {
    "place": GeoPoint(48.85, 2.35, 35.0),
    "people": ["Ana", "Bo"],
    "description": "At sea",
}


def told(what: str, count: int, work: Callable[[], object]) -> None:
    """Print a line with the time for one of `count`."""
    used, took = [], []
    for _ in range(5):
        began, began_used = time.perf_counter(), time.process_time()
        work()
        took.append(time.perf_counter() - began)
        used.append(time.process_time() - began_used)
    numbers = [statistics.median(times) / count * 1e6 for times in (used, took)]
    print(f"  {what:58} {numbers[0]:9.2f} us {numbers[1]:9.2f} us of the clock")


def libraries(count: int) -> None:
    print("1  JSON: one sidecar")
    raw = orjson.dumps(sidecar("IMG_0001.jpg", taken=1.5e9, **PLACE))
    typed = msgspec.json.Decoder(Sidecar).decode
    told("json", count, lambda: [json.loads(raw) for _ in range(count)])
    told("orjson, to a dict", count, lambda: [orjson.loads(raw) for _ in range(count)])
    told("msgspec, to a Struct (chosen)", count, lambda: [typed(raw) for _ in range(count)])


def patterns(count: int) -> None:
    print("3  patterns: is it `name(12).json`?")
    words, names = r"\(([1-9][0-9]{0,3})\)\.json$", [f"IMG_{n:05}({n % 30}).json" for n in range(count)]
    compiled = re.compile(words)
    told("re.search of a text", count, lambda: [re.search(words, name) for name in names])
    told("compiled (chosen)", count, lambda: [compiled.search(name) for name in names])


def listing(folder: str, count: int) -> None:
    print("4, 5  listing with size and time")

    def walked() -> int:
        return sum(
            os.lstat(os.path.join(at, name)).st_size for at, _, names in os.walk(folder) for name in names
        )

    def scanned() -> int:
        with os.scandir(folder) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)

    def twice() -> int:
        return sum(1 for _ in os.walk(folder)) + walked()

    told("os.walk, once to count and once to look", count, twice)
    told("os.walk, lstat by path", count, walked)
    told("os.scandir (chosen)", count, scanned)


def reading(folder: str, count: int) -> None:
    print("9, 14  reading small files from a warm cache")
    paths = [entry.path for entry in os.scandir(folder)]

    def read(path: str) -> bytes:
        with open(path, "rb", 0) as stream:  # noqa: PTH123
            return stream.read()

    def pooled() -> list[bytes]:
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(read, paths))

    async def gathered() -> list[bytes]:
        return list(await asyncio.gather(*(asyncio.to_thread(read, path) for path in paths)))

    told("one after another (chosen)", count, lambda: [read(path) for path in paths])
    told("four threads", count, pooled)
    told("asyncio, which has threads for files too", count, lambda: asyncio.run(gathered()))


class Named(NamedTuple):
    root: int
    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Plain:
    root: int
    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Slotted:
    root: int
    path: str
    size: int
    mtime_ns: int


class Row(msgspec.Struct, frozen=True, gc=False):
    root: int
    path: str
    size: int
    mtime_ns: int


def _make_many(kind: Callable[[int, str, int, int], object], count: int) -> list[object]:
    return [kind(0, "p", number, number) for number in range(count)]


def objects(count: int) -> None:
    print("11  small objects: made, and bytes each")
    for kind in (Plain, Slotted, Named, Row):
        tracemalloc.start()
        held = [kind(0, "p", number, number) for number in range(1000)]
        size = tracemalloc.get_traced_memory()[0] / 1000
        tracemalloc.stop()
        del held
        chosen = " (chosen)" if kind is Row else ""
        told(
            f"{kind.__name__}, {size:.0f} bytes{chosen}",
            count,
            partial(_make_many, kind, count),
        )


def caches(count: int) -> None:
    print("8  the folder of a path")
    paths = [f"Photos from 2019/IMG_{number:06}.jpg" for number in range(count)]

    @lru_cache(maxsize=10_000)
    def cached(path: str) -> str:
        return path.rpartition("/")[0]

    told("lru_cache", count, lambda: [cached(path) for path in paths])
    told("os.path.dirname", count, lambda: [os.path.dirname(path) for path in paths])
    told("rpartition (chosen; a Folder knows its path)", count, lambda: [p.rpartition("/")[0] for p in paths])


def indexes(count: int) -> None:
    print("15  finding a file by its name")
    names = [f"IMG_{number:06}.jpg" for number in range(count)]

    def by_dict() -> int:
        known = {name: number for number, name in enumerate(names)}
        return sum(known[name] for name in names)

    def by_sqlite() -> int:
        base = sqlite3.connect(":memory:")
        base.execute("create table file (name text primary key, number int) without rowid")
        base.executemany("insert into file values (?, ?)", zip(names, range(count), strict=True))
        asked = "select number from file where name = ?"
        return sum(base.execute(asked, (name,)).fetchone()[0] for name in names)

    told("dict, one Folder at a time (chosen)", count, by_dict)
    told("SQLite in memory", count, by_sqlite)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            raw = orjson.dumps(sidecar(f"IMG_{number:05}.jpg", taken=1.5e9 + number, **PLACE))
            Path(folder, f"IMG_{number:05}.jpg.json").write_bytes(raw)
        print(f"{count:,} files, {os.cpu_count()} processors, Python {sys.version.split()[0]}")
        libraries(count)
        patterns(count)
        listing(folder, count)
        caches(count)
        reading(folder, count)
        objects(count)
        indexes(count)


if __name__ == "__main__":
    main()
