"""Files of the sources are counted before a run: the number is that of the listing."""

from __future__ import annotations

import os
import tarfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest

from pef_tui.hooks import SourceReader
from pef_tui.model import Source
from pef_tui.sources.directory import DirectoryReader
from pef_tui.sources.file_count import FileCounter
from pef_tui.sources.tar_source import TarReader
from pef_tui.sources.zip_source import ZipReader

NAMES = ["a.jpg", "b.json", "Trip/c.mp4", "Trip/deep/d.jpg", "Trip/deep/e.txt"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make five files, and entries that are no files of the source."""
    top = tmp_path / "Takeout"
    for name in NAMES:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"x")
    for name in (".pef-tui/manifest", "out/f.jpg"):
        (top / name).parent.mkdir(parents=True)
        (top / name).write_bytes(b"x")
    (top / "part.zip").write_bytes(b"x")
    (top / "link.jpg").symlink_to("a.jpg")
    (tmp_path / "outside.jpg").write_bytes(b"x")
    (top / "link out.jpg").symlink_to("../outside.jpg")
    (top / "loop").symlink_to(".")
    os.mkfifo(top / "pipe")
    return top


def counted(readers: Sequence[SourceReader], seconds: float = 60.0) -> int | None:
    """Return the number that a FileCounter finds within `seconds`."""
    with FileCounter(readers) as counter:
        deadline = time.monotonic() + seconds
        while counter.total is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return counter.total


def listed(reader: SourceReader) -> int:
    return sum(len(listing.files) for listing in reader.listings())


def directory(folder: Path, *, links: bool = False) -> DirectoryReader:
    source = Source(0, str(folder), inside=("part.zip",))
    return DirectoryReader(source, skip=(str(folder / "out"),), links=links)


def archives(folder: Path) -> list[SourceReader]:
    zip_path, tar_path = folder.parent / "a.zip", folder.parent / "a.tgz"
    with zipfile.ZipFile(zip_path, "w") as archive, tarfile.open(tar_path, "w:gz") as tar:
        for name in NAMES:
            archive.write(folder / name, f"Takeout/{name}")
            tar.add(folder / name, f"Takeout/{name}")
    return [
        ZipReader(Source(1, str(zip_path))),
        TarReader(Source(2, str(tar_path), "tar"), str(folder.parent)),
    ]


@pytest.mark.parametrize("links", [False, True])
def test_a_directory_has_as_many_files_as_are_listed(folder: Path, links: bool) -> None:
    reader = directory(folder, links=links)
    assert counted([reader]) == listed(reader)
    assert listed(directory(folder, links=links)) == len(NAMES) + links


def test_archives_are_counted_as_soon_as_they_are_listed(folder: Path) -> None:
    readers = [directory(folder), *archives(folder)]
    with FileCounter(readers) as counter:
        time.sleep(0.5)
        assert counter.total is None  # the count does not open archives
        assert all(listed(reader) == len(NAMES) for reader in readers)
        deadline = time.monotonic() + 60
        while counter.total is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert counter.total == 3 * len(NAMES)
    for reader in readers:
        reader.close()


class PluginReader:
    """A reader that cannot count."""

    def listings(self) -> Sequence[object]:
        return ()


def test_a_source_that_cannot_be_counted_leaves_the_total_unknown(folder: Path) -> None:
    assert counted([directory(folder), PluginReader()], 0.5) is None  # type: ignore[list-item]
    assert counted([directory(folder / "missing")], 0.5) is None
    stop = Event()
    stop.set()
    assert directory(folder).count_files(stop) is None
