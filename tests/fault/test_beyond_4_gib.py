"""Test a video of more than 4 GiB, and an archive with one: sizes and offsets need more than 32 bits."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_counts import tries
from forked_runs import Run, arguments

from pef_tui.testing.export import sidecar, takeout
from pef_tui.testing.films import box, film

HOLE = (1 << 32) + (64 << 20)
"""Number of zero bytes before the video's only frame. They are a hole, and need no space before they are copied."""
ROOM = 4 * HOLE
SECONDS = 500.0
_BLOCK = 1 << 22
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk that has room for the video."""
    if (free := shutil.disk_usage(tmp_path).free) < ROOM:
        pytest.skip(f"{ROOM / 1e9:.0f} GB are needed in {tmp_path}, {free / 1e9:.0f} GB are free")
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def huge(path: Path) -> None:
    """Make a video whose frame is after the first 4 GiB, with a 64-bit `mdat` and a `co64` that has its offset."""
    small = film("mp4", 7)
    start = small.index(b"mdat") - 4
    size = int.from_bytes(small[start : start + 4], "big")
    frame, index = small[start + 8 : start + size], small[start + size :]
    with path.open("wb") as out:
        out.write(small[:start])
        out.write(struct.pack(">I4sQ", 1, b"mdat", 16 + HOLE + len(frame)))
        out.seek(HOLE, os.SEEK_CUR)
        at = out.tell()
        out.write(frame)
        out.write(_wide(index, at))
    os.utime(path, (1.6e9, 1.6e9))


def _wide(boxes: bytes, at: int) -> bytes:
    """Return the boxes with a 64-bit chunk offset in place of a 32-bit one."""
    results = []
    while boxes:
        size, name = struct.unpack(">I4s", boxes[:8])
        content, boxes = boxes[8:size], boxes[size:]
        if name == b"stco":
            name, content = b"co64", struct.pack(">2IQ", 0, 1, at)
        results.append(box(name, _wide(content, at) if name in _CONTAINERS else content))
    return b"".join(results)


def digest(path: Path, start: int, size: int) -> str:
    results = hashlib.blake2b()
    with path.open("rb") as file:
        file.seek(start)
        while size and (data := file.read(min(_BLOCK, size))):
            results.update(data)
            size -= len(data)
    assert not size
    return results.hexdigest()


def boxes(path: Path) -> dict[bytes, tuple[int, int]]:
    """Return where the content of each top-level box begins, and its length in bytes."""
    entries, at, end = {}, 0, path.stat().st_size
    with path.open("rb") as file:
        while at < end:
            file.seek(at)
            size, name, wide = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
            head, size = (16, wide) if size == 1 else (8, size)
            entries[name] = at + head, size - head
            at += size
    assert at == end
    return entries


def run(*argv: str) -> None:
    running = Run(list(argv))
    try:
        assert running.wait(SECONDS) == 0, running.words()
    finally:
        running.close()


@pytest.mark.timeout(2 * SECONDS)
@tries("fault", "a video of more than 4 GiB, copied and written")
def test_a_film(disk: Path, tried: Callable[[int], None], tool: Callable[[str], None]) -> None:
    tool("exiftool")
    source = takeout(disk / "export", {"Trip/a.mp4": sidecar("a.mp4", taken=1.5e9, place=(48.85, 2.35))})
    state_before = source / "Google Photos" / "Trip" / "a.mp4"
    huge(state_before)
    argv = arguments(source, disk / "out")
    run(*argv)
    state_after = disk / "out" / "Trip" / "a.mp4"
    assert state_after.stat().st_size > 1 << 32 and state_after.stat().st_mtime == 1.5e9
    old, new = boxes(state_before)[b"mdat"], boxes(state_after)[b"mdat"]
    assert old[1] == new[1] > 1 << 32
    assert digest(state_after, *new) == digest(state_before, *old)
    say = ["exiftool", "-api", "LargeFileSupport=1", "-s3", "-QuickTime:CreateDate", "-Keys:GPSCoordinates"]
    answer = subprocess.run([*say, str(state_after)], capture_output=True, text=True, check=True).stdout
    assert answer.startswith("2017:07:14 02:40:00\n") and "48 deg 51' 0.00" in answer
    with state_after.open("rb") as file:  # the index leads to the frame
        start, size = boxes(state_after)[b"moov"]
        file.seek(start)
        index = file.read(size)
        report = struct.unpack(">Q", index[(at := index.index(b"co64") + 12) : at + 8])[0]
        file.seek(report)
        assert report > 1 << 32 and file.read(3) == b"\xff\xd8\xff"
    stamp = state_after.stat().st_ino, state_after.stat().st_ctime_ns
    run(*argv)
    assert (state_after.stat().st_ino, state_after.stat().st_ctime_ns) == stamp
    tried(1)


def member(name: bytes, crc: int, size: int, at: int) -> tuple[bytes, bytes]:
    """Return local header and directory entry of a stored member of any size (APPNOTE 4.3.7, 4.3.12, 4.5.3)."""
    moment = 0, (2020 - 1980) << 9 | 1 << 5 | 1
    full = 0xFFFFFFFF
    wide = struct.pack("<HH2Q", 1, 16, size, size)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 45, 0, 0, *moment, crc, full, full, len(name), len(wide))
    extra = struct.pack("<HH3Q", 1, 24, size, size, at)
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 45, 45, 0, 0, *moment, crc, full, full, len(name), len(extra), 0, 0, 0, 0, full
    )  # fmt: skip
    return local + name + wide, entry + name + extra


def archive(path: Path, members: dict[str, Path]) -> None:
    """Make a zip64 archive of stored members. Holes in the files stay holes."""
    directory = b""
    with path.open("wb") as out:
        for name, file in members.items():
            size, crc = file.stat().st_size, 0
            with file.open("rb") as content:
                while data := content.read(_BLOCK):
                    crc = zlib.crc32(data, crc)
                local, entry = member(name.encode(), crc, size, out.tell())
                directory += entry
                out.write(local)
                content.seek(0)
                while data := content.read(_BLOCK):
                    if data.count(0) == len(data):
                        out.seek(len(data), os.SEEK_CUR)
                    else:
                        out.write(data)
        start, count = out.tell(), len(members)
        out.write(directory)
        end = out.tell()
        out.write(struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), start))
        out.write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
        out.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, 0xFFFFFFFF, 0xFFFFFFFF, 0))


@pytest.mark.timeout(2 * SECONDS)
@tries("fault", "a zip64 archive with a video of more than 4 GiB, and a picture after it")
def test_a_zip64_archive(disk: Path, tried: Callable[[int], None]) -> None:
    source = takeout(disk / "export", {"Trip/a.mp4": None, "Trip/b.jpg": sidecar("b.jpg", taken=1.4e9)})
    folder = source / "Google Photos" / "Trip"
    huge(folder / "a.mp4")
    files = sorted(folder.iterdir())
    archive(disk / "takeout-001.zip", {f"Takeout/Google Photos/Trip/{file.name}": file for file in files})
    run(*arguments(disk / "takeout-001.zip", disk / "out"))
    state_after = disk / "out" / "Trip" / "a.mp4"
    size = state_after.stat().st_size
    assert size == (folder / "a.mp4").stat().st_size > 1 << 32
    assert digest(state_after, 0, size) == digest(folder / "a.mp4", 0, size)
    assert (disk / "out" / "Trip" / "b.jpg").stat().st_mtime == 1.4e9
    tried(1)
