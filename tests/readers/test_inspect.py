"""Media files of fast and of slow devices are inspected in order, and all of them are closed."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from pef_tui.model import FileMetadata, Match, MediaFile
from pef_tui.readers import inspect as module
from pef_tui.readers.inspect import CHUNK_SIZE, inspect
from pef_tui.readers.native_readers import READERS
from pef_tui.sources.file_stream import FileStream
from pef_tui.testing.media import make

CONTENTS = {
    "native.jpg": (make("jpeg"), "jpeg", "native", ""),
    "other.jpg": (make("psd"), "psd", "exiftool", ""),
    "film.mkv": (make("mkv"), "mkv", "", ""),
    "empty.jpg": (b"", "", "", "the file is empty"),
    "text.jpg": (b"no picture", "", "", "the file is text, not a picture or video"),
    "missing.jpg": (None, "", "", "cannot be read: No such file or directory"),
    "failing.jpg": (make("jpeg"), "", "", "cannot be read: Input/output error"),
}
"""By name: content, and the expected format, reader and damage. Reading `failing.jpg` fails."""


class Failing(FileStream):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, (content, *_) in CONTENTS.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture(autouse=True)
def native_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    """JPEG is read natively; ExifTool reads all other formats."""
    monkeypatch.setattr(module, "READERS", {"jpeg": READERS["jpeg"]})


def matches(folder: Path, count: int) -> Iterator[Match]:
    names = [*CONTENTS]
    for number in range(count):
        name = names[number % len(names)]
        size = (folder / name).stat().st_size if (folder / name).exists() else 1
        yield Match(MediaFile(0, name, size, number), "")


def opener(folder: Path) -> Callable[[MediaFile], BinaryIO]:
    def open_media(media: MediaFile) -> BinaryIO:
        descriptor = os.open(folder / media.path, os.O_RDONLY)
        stream: Any = Failing(descriptor) if media.path == "failing.jpg" else FileStream(descriptor)
        return stream  # type: ignore[no-any-return]

    return open_media


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("count", [0, 1, CHUNK_SIZE, 3 * CHUNK_SIZE + 5])
def test_each_file_in_its_place(folder: Path, count: int, device: str) -> None:
    files_before = open_files()
    most_open = 0

    def read_tags(files: Sequence[tuple[str, int]]) -> list[FileMetadata]:
        nonlocal most_open
        most_open = max(most_open, open_files() - files_before)
        return [
            FileMetadata(tags={"x": len(Path(path).read_bytes())}, reader="exiftool") for path, _ in files
        ]

    inputs = list(matches(folder, count))
    actual = list(inspect(iter(inputs), opener(folder), read_tags, str(folder)))
    assert [match.media for match in actual] == [match.media for match in inputs]
    for match in actual:
        metadata = match.metadata
        assert metadata is not None
        assert (metadata.format, metadata.reader, metadata.damage) == CONTENTS[match.media.name][1:]
        if metadata.reader == "exiftool":
            assert metadata.tags == {"x": match.media.size}
    assert most_open <= CHUNK_SIZE + 1
    assert open_files() == files_before


def test_without_exiftool_no_file_stays_open(folder: Path, device: str) -> None:
    files_before = open_files()
    for match in inspect(matches(folder, 300), opener(folder), None, str(folder)):
        assert match.metadata is not None
        assert match.metadata.reader in ("", "native")
        assert open_files() - files_before <= 64
    assert open_files() == files_before


@pytest.mark.parametrize("taken", [0, 1, CHUNK_SIZE + 1])
def test_closing_early_closes_all_files(folder: Path, taken: int, device: str) -> None:
    files_before = open_files()
    stream: Any = inspect(
        matches(folder, 1000), opener(folder), lambda files: [FileMetadata()] * len(files), str(folder)
    )
    for _ in range(taken):
        next(stream)
    stream.close()
    assert open_files() == files_before


@pytest.mark.parametrize("fails", ["matches", "ExifTool"])
def test_an_error_closes_all_files(folder: Path, fails: str, device: str) -> None:
    files_before = open_files()

    def broken() -> Iterator[Match]:
        yield from matches(folder, 200)
        if fails == "matches":
            raise RuntimeError("matches")

    def read_tags(files: Sequence[tuple[str, int]]) -> list[FileMetadata]:
        if fails == "ExifTool":
            raise RuntimeError("ExifTool")
        return [FileMetadata()] * len(files)

    with pytest.raises(RuntimeError, match=fails):
        list(inspect(broken(), opener(folder), read_tags, str(folder)))
    assert open_files() == files_before


def test_a_member_of_an_archive_that_fails_while_it_is_copied(tmp_path: Path, device: str) -> None:
    class Damaged(io.BytesIO):
        def seek(self, offset: int, whence: int = 0, /) -> int:
            raise OSError("the archive is damaged")

    media = [MediaFile(0, f"{number}.psd", 100, 0) for number in range(20)]
    actual = inspect(
        [Match(file, "") for file in media],
        lambda _: Damaged(make("psd")),
        lambda files: [FileMetadata()] * len(files),
        str(tmp_path),
    )
    assert [match.metadata and match.metadata.damage for match in actual] == [
        "cannot be read: the archive is damaged"
    ] * 20
