"""Measure the cost of archives: `python bench/archives.py [PICTURES]` fixes it as folder, three zips and one tgz.

Makes an export of PICTURES pictures (default 50,000: JPEGs of 3 to 40 KB, 40 folders, every tenth without a sidecar)
in TMPDIR and runs the command over each form. Prints the time, the peak memory of the program and its children, and
the peak disk space in addition to the outputs. Bytes, names and times of the outputs must be the same for all forms.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pef_tui.testing.export import sidecar
from pef_tui.testing.media import make

FOLDERS = 40
EXPORTED = 1_730_799_000
Member = tuple[str, bytes]


def members(pictures: int) -> Iterator[Member]:
    """Yield pictures before their sidecars, folder by folder."""
    chance = random.Random(7)
    noise = chance.randbytes(40_000)
    for number in range(pictures):
        folder = f"Takeout/Google Photos/Photos from {1980 + number % FOLDERS}"
        name = f"IMG_{number:06}.jpg"
        yield f"{folder}/{name}", make("jpeg", number) + noise[: chance.randrange(3_000, 40_000)]
    for number in range(pictures):
        if number % 10:
            folder = f"Takeout/Google Photos/Photos from {1980 + number % FOLDERS}"
            name = f"IMG_{number:06}.jpg"
            said = sidecar(name, taken=1_000_000_000 + 60 * number, place=(48.8, 2.3), people=["Ann"])
            yield f"{folder}/{name}.supplemental-metadata.json", json.dumps(said).encode()


def make_forms(top: Path, pictures: int) -> dict[str, list[Path]]:
    zips = [top / f"takeout-20240102T030405Z-00{number}.zip" for number in (1, 2, 3)]
    stamp = datetime.fromtimestamp(EXPORTED, UTC).timetuple()[:6]
    opened = [zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) for path in zips]
    with tarfile.open(top / "takeout.tgz", "w:gz", compresslevel=1) as tar:
        for number, (name, raw) in enumerate(members(pictures)):
            path = top / "folder" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
            os.utime(path, (EXPORTED, EXPORTED))
            info = zipfile.ZipInfo(name, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            opened[number % 3].writestr(info, raw)
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(raw), EXPORTED
            tar.addfile(member, io.BytesIO(raw))
    for archive in opened:
        archive.close()
    return {"folder": [top / "folder"], "three zips": zips, "one tgz": [top / "takeout.tgz"]}


class Watch(threading.Thread):
    """Sample ten times a second the memory of a process and its children, and its temporary disk space:
    unnamed files, staging folder and manifest.
    """

    def __init__(self, pid: int, out: Path) -> None:
        super().__init__(daemon=True)
        self._pid, self._own = pid, out / ".pef-tui"
        self.memory = self.disk = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.1):
            self.memory = max(self.memory, sum(map(_resident, _family(self._pid))))
            self.disk = max(self.disk, _unnamed(self._pid) + _below(self._own))


def _unnamed(pid: int) -> int:
    """Return the bytes of open files without a name, in memory or on a disk."""
    found: dict[tuple[int, int], int] = {}
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                here = os.stat(f"/proc/{pid}/fd/{name}")
                if stat.S_ISREG(here.st_mode) and not here.st_nlink:
                    found[here.st_dev, here.st_ino] = here.st_blocks * 512
    except OSError:
        pass
    return sum(found.values())


def _below(folder: Path) -> int:
    total = 0
    for above, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(above, name)).st_blocks * 512
    return total


def _family(pid: int) -> list[int]:
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for task in os.listdir(f"/proc/{pid}/task"):
            below += Path(f"/proc/{pid}/task/{task}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(each for child in set(below) for each in _family(int(child)))]


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def digest(out: Path) -> tuple[str, int]:
    """Return a digest of names, bytes and times of all outputs, and their size on the disk."""
    total, size = hashlib.sha256(), 0
    for path in sorted(out.rglob("*")):
        if path.is_file() and ".pef-tui" not in path.parts:
            found = path.stat()
            size += found.st_blocks * 512
            total.update(f"{path.relative_to(out)}\0{found.st_mtime_ns}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12], size


def fix(form: str, sources: list[Path], out: Path, *more: str) -> None:
    start = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "pef_tui",
        "--batch",
        "--no-config",
        *map(str, sources),
        "-o",
        str(out),
        *more,
    ]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    watch = Watch(child.pid, out)
    watch.start()
    _, words = child.communicate()
    watch.done.set()
    seconds = time.perf_counter() - start
    if child.returncode:
        print(words.decode())
    same, size = digest(out)
    print(
        f"{form:22} {seconds:7.1f} s  memory {watch.memory / 2**20:6.0f} MB  "
        f"disk except outputs {watch.disk / 2**20:7.1f} MB  outputs {size / 2**20:.0f} MB {same}"
    )


def main() -> None:
    pictures = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        forms = make_forms(top, pictures)
        for form, sources in forms.items():
            fix(form, sources, top / f"out of {form}")
            fix(f"  again, {form}", sources, top / f"out of {form}")


if __name__ == "__main__":
    main()
