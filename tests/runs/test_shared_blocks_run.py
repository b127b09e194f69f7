"""Runs on file systems whose files can share blocks. They are mounted from an image file, if that is permitted."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here

from pef_tui.formats.chunks import png_chunk
from pef_tui.testing.export import sidecar, takeout
from pef_tui.testing.films import box
from pef_tui.testing.heif import heic
from pef_tui.testing.jpeg import jpeg
from pef_tui.testing.phone_films import PhoneFilm, phone_film
from pef_tui.testing.pictures import png

MB = 1 << 20
MAKERS = {"xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"], "btrfs": ["mkfs.btrfs", "-q"]}
ADMIN = os.environ["PATH"] + ":/usr/sbin:/sbin"
"""PATH with the directories of these programs, which may be missing in the PATH of a user."""


@contextmanager
def disk(kind: str, place: Path) -> Iterator[Path]:
    maker = shutil.which(MAKERS[kind][0], path=ADMIN)
    if maker is None:
        assert not os.environ.get("CI"), f"{MAKERS[kind][0]} is missing"
        pytest.skip(f"{MAKERS[kind][0]} is not installed")
    image, folder = place / "image", place / "disk"
    with image.open("wb") as file:
        file.truncate(400 * MB)
    subprocess.run([maker, *MAKERS[kind][1:], str(image)], check=True, capture_output=True)
    folder.mkdir()
    command = ["mount", "-o", "loop", str(image), str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def used_space(folder: Path) -> int:
    os.sync()
    result = os.statvfs(folder)
    return (result.f_blocks - result.f_bfree) * result.f_frsize


def large() -> dict[str, bytes]:
    """Return pictures and a video with 8 MB of data that no program reads, in a place that their formats have for
    it.
    """
    remainder = os.urandom(8 * MB)
    drawn = png(3)
    return {
        "a.jpg": jpeg(1) + remainder,
        "b.jpg": jpeg(2) + remainder,
        "c.png": drawn[:-12] + png_chunk(b"prVt", remainder) + drawn[-12:],
        "d.heic": heic(4) + box(b"mdat", remainder),
        "e.mp4": phone_film(PhoneFilm(order=("ftyp", "moov", "mdat"))) + box(b"mdat", remainder),
        "f.jpg": jpeg(5) + remainder,
    }


@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.timeout(120)
def test_fixed_copies_share_their_image_data_with_the_export(tmp_path: Path, kind: str) -> None:
    folder = "Photos from 2019"
    with disk(kind, tmp_path) as place:
        files: dict[str, Any] = {f"{folder}/{name}": data for name, data in large().items()}
        people = {"a.jpg": ("Ann",), "c.png": ("Ann",), "e.mp4": ("Ann", "Bob")}
        answer = {
            f"{name}.json": sidecar(name.rpartition("/")[2], people=people.get(name.rpartition("/")[2], ()))
            for name in files
            if not name.endswith("f.jpg")
        }
        export = takeout(place / "export", files | answer)
        used_before = used_space(place)
        report = media(run_here(export, place / "out"))
        capture_time = used_space(place) - used_before
        actual = {name.rpartition("/")[2]: (line["outcome"], line["writer"]) for name, line in report.items()}
        assert actual.pop("f.jpg")[0] == "unmatched" and set(actual.values()) == {("written", "native")}
        assert 0 <= capture_time < 4 * MB
        for name, data in files.items():
            assert data[-4 * MB :] == (place / "out" / name).read_bytes()[-4 * MB :]
        assert set(media(run_here(export, place / "out"))) == set(report)
        run_here(export, place / "out", "--verify")
