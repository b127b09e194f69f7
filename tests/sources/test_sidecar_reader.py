"""Sidecars of a slow device are read ahead, those of several Folders together."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from pef_tui.filesystem import parallel_io
from pef_tui.filesystem.parallel_io import MAX_DEPTH, SLOW_SECONDS, io_queue
from pef_tui.model import Folder, JsonFile, MediaFile, Source
from pef_tui.sources.directory import DirectoryReader
from pef_tui.sources.folders import folders
from pef_tui.sources.sidecar_reader import FILES_PER_ITEM, read_sidecars
from pef_tui.takeout import sidecar

RAW = b'{"title": "a.jpg", "photoTakenTime": {"timestamp": "1"}}'

pytestmark = pytest.mark.measures


def some_folders(count: int, files: int = 40) -> Iterator[Folder]:
    for number in range(count):
        yield Folder(
            f"{number:03}",
            json=tuple(JsonFile(0, f"{number:03}/{file:03}.json", len(RAW), 0) for file in range(files)),
        )


def titled(file: JsonFile) -> BinaryIO:
    return io.BytesIO(RAW.replace(b"a.jpg", file.path.encode()))


def slowly(file: JsonFile) -> BinaryIO:
    time.sleep(SLOW_SECONDS * 3)
    return titled(file)


@pytest.mark.parametrize("opener", [titled, slowly])
def test_every_file_is_read_in_order(opener: Callable[[JsonFile], BinaryIO], device: str) -> None:
    media = tuple(MediaFile(0, f"{number:04}.jpg", 1, 0) for number in range(1000))
    inputs = [
        Folder("empty at first"),
        *some_folders(4),
        Folder("empty"),
        Folder("empty too", media),
        *some_folders(30, files=1),
        Folder("few", media, (JsonFile(0, "few.json", len(RAW), 0),)),
        *some_folders(1, files=100),
        Folder("empty at last"),
    ]
    actual = list(read_sidecars(iter(inputs), opener, io_queue()))
    assert [folder.path for folder in actual] == [folder.path for folder in inputs]
    for state_before, state_after in zip(inputs, actual, strict=True):
        assert state_after.media == state_before.media
        assert [file.path for file in state_after.json] == [file.path for file in state_before.json]
        assert [file.sidecar and file.sidecar.title for file in state_after.json] == [
            file.path for file in state_before.json
        ]


def test_a_fast_disk_needs_no_threads() -> None:
    names = set()

    def opened(file: JsonFile) -> BinaryIO:
        names.add(threading.current_thread().name)
        return titled(file)

    assert len(list(read_sidecars(some_folders(20), opened, io_queue()))) == 20
    assert names == {threading.current_thread().name}


def test_small_folders_of_a_slow_disk_are_read_together() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def opened(file: JsonFile) -> BinaryIO:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(SLOW_SECONDS * 3)
        with lock:
            running -= 1
        return titled(file)

    assert len(list(read_sidecars(some_folders(60, files=2), opened, io_queue()))) == 60
    assert most > 2


@pytest.mark.parametrize(
    ("files", "folders_ahead"), [(0, MAX_DEPTH), (10, MAX_DEPTH), (2 * FILES_PER_ITEM, MAX_DEPTH // 2)]
)
def test_few_folders_are_listed_ahead(
    files: int, folders_ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_io, "START_DEPTH", MAX_DEPTH)
    media = tuple(MediaFile(0, f"{number:04}.jpg", 1, 0) for number in range(files))
    listed = 0

    def many_folders() -> Iterator[Folder]:
        nonlocal listed
        for listed in range(1, 1000):
            yield Folder(f"{listed:03}", media)

    queue = io_queue()
    queue.add_times([1.0] * 8)
    stream: Any = read_sidecars(many_folders(), titled, queue)
    for number in range(1, 200):
        assert next(stream).path == f"{number:03}"
        assert listed <= number + folders_ahead
    stream.close()


def test_closing_early_reads_no_more() -> None:
    count = 0

    def opened(file: JsonFile) -> BinaryIO:
        nonlocal count
        count += 1
        return slowly(file)

    stream: Any = read_sidecars(some_folders(3, files=400), opened, io_queue())
    next(stream)
    next(stream)
    stream.close()
    count_at_close = count
    time.sleep(SLOW_SECONDS * 10)
    assert count == count_at_close < 900


def test_an_error_of_the_scan_arrives(device: str) -> None:
    def broken() -> Iterator[Folder]:
        yield from some_folders(2)
        raise RuntimeError("scan")

    with pytest.raises(RuntimeError, match="scan"):
        list(read_sidecars(broken(), slowly, io_queue()))


def test_what_cannot_be_read_is_invalid(device: str) -> None:
    def opened(file: JsonFile) -> BinaryIO:
        if file.path.endswith("7.json"):
            raise OSError(5, "Input/output error")
        if file.path.endswith("8.json"):
            raise OSError("archive is damaged")
        return titled(file)

    files = [file for folder in read_sidecars(some_folders(3), opened, io_queue()) for file in folder.json]
    wrong = {file.name: (file.kind, file.reason) for file in files if file.kind != "sidecar"}
    assert wrong == {
        **{f"0{ten}7.json": ("invalid", "cannot be read: Input/output error") for ten in range(4)},
        **{f"0{ten}8.json": ("invalid", "cannot be read: archive is damaged") for ten in range(4)},
    }


def test_size_is_capped_before_and_while_reading(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar, "MAX_JSON", 100)
    requests: list[int] = []

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            requests.append(size or 0)
            return b" " * (size or 0)

    files = (JsonFile(0, "large.json", 101, 0), JsonFile(0, "growing.json", 10, 0))
    (folder,) = read_sidecars(iter([Folder("", json=files)]), lambda file: Endless(), io_queue())
    assert [file.kind for file in folder.json] == ["invalid", "invalid"]
    assert requests == [11, 90]


def test_a_file_that_grew_is_read_whole(tmp_path: Path, device: str) -> None:
    (tmp_path / "a.jpg.json").write_bytes(b"{")
    reader = DirectoryReader(Source(0, str(tmp_path)))
    listing = list(folders([reader]))
    (tmp_path / "a.jpg.json").write_bytes(RAW)
    (folder,) = read_sidecars(iter(listing), lambda file: reader.open(file.path), io_queue())
    assert folder.json[0].kind == "sidecar"
