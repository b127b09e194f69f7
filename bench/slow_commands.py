"""The commands that `slow_lines.py` compares, each run on a new mount of a slow file system."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

from exports import Spec, build
from msgspec import Struct

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from fuse_mount import MountFailed as MountFailed
from slow_mount import mounted as mounted

CP, COPIER, RUN, LOCAL = "cp -r", "copier with 32 threads", "pef-tui", "pef-tui, slow to local"
FIND, AGAIN, PREVIEW = "find", "pef-tui again", "pef-tui preview"
PARTS = 2
"""Zip parts of an export."""
BLOCK = 1 << 20


class Conditions(Struct, frozen=True):
    """The line, and the export at its other end."""

    files: int = 600
    """Pictures; each has a sidecar."""
    folders: int = 10
    kilobytes: int = 4
    """Of each picture."""
    zipped: bool = False
    """True if pef-tui reads the export from zip parts."""
    delay_ms: float = 2.0
    mb_s: float = 100.0
    cache_seconds: float = 1.0
    """How long the kernel remembers names and attributes."""


class Row(Struct, frozen=True):
    """One command: what it took each time, and what reached the server the last time."""

    name: str
    seconds: list[float]
    calls: dict[str, int]
    bytes: dict[str, int]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def per_picture(self, files: int) -> float:
        """Return the calls for each picture of the export, including those that a run makes once."""
        return sum(self.calls.values()) / files


class SlowExport:
    """An export behind a slow line, and the commands over it. All files are in `place`."""

    def __init__(self, place: Path, conditions: Conditions, log: Path | None = None) -> None:
        """Make the export. `log`: file that gets a line for each call of the last command."""
        self._place, self._conditions, self._log = place, conditions, log
        self._below = place / "slow.below"
        spec = Spec(conditions.files, conditions.kilobytes, folders=conditions.folders)
        build(self._below / "export", spec)
        self._sources = ["export"]
        if conditions.zipped:
            self._sources = pack(self._below / "export", self._below / "zips", PARTS)

    def commands(self) -> dict[str, Callable[[Path], None]]:
        """Return the commands by their names, in their order. Each is called with the mount."""
        return {
            CP: lambda mount: call("cp", "-r", mount / "export", mount / "cp"),
            COPIER: lambda mount: copy_in_threads(mount / "export", mount / "copier", 32),
            RUN: lambda mount: self._pef_tui(mount, mount / "out"),
            FIND: lambda mount: find([*self._inputs(mount), mount / "out"]),
            AGAIN: lambda mount: self._pef_tui(mount, mount / "out"),
            PREVIEW: lambda mount: self._pef_tui(mount, mount / "preview", "--dry-run"),
            LOCAL: lambda mount: self._pef_tui(mount, self._place / "local"),
        }

    def measure(self, name: str) -> Row:
        """Carry out a command on a new mount, whose names the kernel does not know yet."""
        work, line = self.commands()[name], self._conditions
        with mounted(
            self._place,
            delay_ms=line.delay_ms,
            mb_s=line.mb_s,
            cache_seconds=line.cache_seconds,
            log=self._log,
        ) as mount:
            began = time.perf_counter()
            work(mount.path)
            seconds = time.perf_counter() - began
            return Row(name, [seconds], dict(mount.calls()), dict(mount.bytes()))

    def clear(self) -> None:
        """Remove what the commands made, so that they can be measured again."""
        for path in (
            *(self._below / name for name in ("cp", "copier", "out", "preview")),
            self._place / "local",
        ):
            shutil.rmtree(path, ignore_errors=True)

    def _inputs(self, mount: Path) -> list[Path]:
        return [mount / source for source in self._sources]

    def _pef_tui(self, mount: Path, out: Path, *more: str) -> None:
        command = [sys.executable, "-m", "pef_tui", "--batch", "-q", "--no-config"]
        call(*command, *self._inputs(mount), "-o", out, *more, state=self._place / "state")


def joined(rows: Sequence[Row]) -> Row:
    """Return the rows of one command, measured several times, as one. The calls are those of the last."""
    last = rows[-1]
    return Row(last.name, [second for row in rows for second in row.seconds], last.calls, last.bytes)


def call(*command: str | Path, state: Path | None = None) -> None:
    """Run a command. `state`: folder for logs of pef-tui. Raises SystemExit, with its last lines, if it fails."""
    environment = {**os.environ, "XDG_STATE_HOME": str(state)} if state else None
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    if result.returncode:
        raise SystemExit(f"{command[0]} ended with {result.returncode}: {result.stderr[-500:]}")


def find(folders: Sequence[Path]) -> None:
    """Read names, sizes and times of all files, as `find` does."""
    call("find", *folders, "-printf", "%p %s %T@\\n")


def copy_in_threads(source: Path, target: Path, threads: int) -> None:
    """Copy a tree: first list it and make the folders, then copy this number of files at the same time."""
    by_folder: list[list[tuple[str, str]]] = []
    for folder, _, names in os.walk(source):
        copy = f"{target}{folder.removeprefix(str(source))}"
        os.mkdir(copy)
        by_folder.append([(f"{folder}/{name}", f"{copy}/{name}") for name in names])
    # The system creates the files of one folder one after the other, so the folders take turns.
    files = [paths for turn in zip_longest(*by_folder) for paths in turn if paths is not None]
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(_copy, files):
            pass


def _copy(paths: tuple[str, str]) -> None:
    source, target = os.open(paths[0], os.O_RDONLY), os.open(paths[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        while block := os.read(source, BLOCK):
            os.write(target, block)
    finally:
        os.close(source)
        os.close(target)


def pack(export: Path, folder: Path, parts: int) -> list[str]:
    """Pack the files of an export into zip parts in `folder`; return the paths of the parts below its parent."""
    folder.mkdir()
    paths = [folder / f"takeout-20240101T000000Z-{part + 1:03}.zip" for part in range(parts)]
    files = sorted(path for path in export.rglob("*") if path.is_file())
    for part, path in enumerate(paths):
        with zipfile.ZipFile(path, "w") as archive:
            for file in files[part * len(files) // parts : (part + 1) * len(files) // parts]:
                archive.write(file, file.relative_to(export))
    return [str(path.relative_to(folder.parent)) for path in paths]


def kinds(calls: dict[str, int]) -> str:
    """Return the calls by kind, the most frequent first: `getattr 787, open 201`."""
    return ", ".join(f"{kind} {count}" for kind, count in Counter(calls).most_common())
