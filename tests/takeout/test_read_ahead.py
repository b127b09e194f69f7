"""Reading sidecars a Folder ahead."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from pef_tui.model import Folder, JsonFile, Source
from pef_tui.takeout import sidecar
from pef_tui.takeout.join import folders
from pef_tui.takeout.read_ahead import SLOW, read_sidecars
from pef_tui.takeout.scan import DirectoryReader

RAW = b'{"title": "a.jpg", "photoTakenTime": {"timestamp": "1"}}'


def some(count: int, files: int = 40) -> Iterator[Folder]:
    for number in range(count):
        yield Folder(
            f"{number:03}",
            json=tuple(JsonFile(0, f"{number:03}/{file:03}.json", len(RAW), 0) for file in range(files)),
        )


def titled(file: JsonFile) -> BinaryIO:
    return io.BytesIO(RAW.replace(b"a.jpg", file.path.encode()))


def slowly(file: JsonFile) -> BinaryIO:
    time.sleep(SLOW * 3)
    return titled(file)


def own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sidecars")]


@pytest.mark.parametrize("opened", [titled, slowly])
@pytest.mark.parametrize("threads", [0, 1, 3])
def test_every_file_is_read_in_order(opened: Callable[[JsonFile], BinaryIO], threads: int) -> None:
    given = [*some(4), Folder("empty"), *some(2, files=1), *some(1, files=100)]
    found = list(read_sidecars(iter(given), opened, threads))
    assert [folder.path for folder in found] == [folder.path for folder in given]
    for before, after in zip(given, found, strict=True):
        assert [file.path for file in after.json] == [file.path for file in before.json]
        assert [file.sidecar and file.sidecar.title for file in after.json] == [
            file.path for file in before.json
        ]
    assert own_threads() == []


def test_a_fast_disk_needs_no_threads() -> None:
    names = set()

    def opened(file: JsonFile) -> BinaryIO:
        names.add(threading.current_thread().name)
        return titled(file)

    assert len(list(read_sidecars(some(20), opened, 4))) == 20
    assert names == {threading.current_thread().name}


def test_a_slow_disk_is_read_by_threads_one_folder_ahead() -> None:
    begun: set[str] = set()
    names = set()

    def opened(file: JsonFile) -> BinaryIO:
        begun.add(file.path.partition("/")[0])
        names.add(threading.current_thread().name)
        return slowly(file)

    stream = read_sidecars(some(20), opened, 4)
    assert next(stream).path == "000"
    assert next(stream).path == "001"
    time.sleep(40 * SLOW * 3 + 0.2)
    assert begun == {"000", "001", "002"}
    assert len(names) > 2
    stream.close()
    assert own_threads() == []


def test_closing_early_leaves_no_thread_and_reads_no_more() -> None:
    count = 0

    def opened(file: JsonFile) -> BinaryIO:
        nonlocal count
        count += 1
        return slowly(file)

    stream = read_sidecars(some(3, files=400), opened, 2)
    next(stream)
    next(stream)
    stream.close()
    assert own_threads() == []
    assert count < 900


def test_an_error_of_the_scan_arrives_and_leaves_no_thread() -> None:
    def broken() -> Iterator[Folder]:
        yield from some(2)
        raise RuntimeError("scan")

    with pytest.raises(RuntimeError, match="scan"):
        list(read_sidecars(broken(), slowly, 2))
    assert own_threads() == []


@pytest.mark.parametrize("pause", [0, SLOW * 3])
def test_what_cannot_be_read_is_invalid(pause: float) -> None:
    def opened(file: JsonFile) -> BinaryIO:
        time.sleep(pause)
        if file.path.endswith("7.json"):
            raise OSError(5, "Input/output error")
        if file.path.endswith("8.json"):
            raise OSError("archive is damaged")
        return titled(file)

    files = [file for folder in read_sidecars(some(3), opened, 2) for file in folder.json]
    wrong = {file.name: (file.kind, file.reason) for file in files if file.kind != "sidecar"}
    assert wrong == {
        **{f"0{ten}7.json": ("invalid", "cannot be read: Input/output error") for ten in range(4)},
        **{f"0{ten}8.json": ("invalid", "cannot be read: archive is damaged") for ten in range(4)},
    }


def test_size_is_capped_before_and_while_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar, "MAX_JSON", 100)
    asked: list[int] = []

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(size or 0)
            return b" " * (size or 0)

    files = (JsonFile(0, "large.json", 101, 0), JsonFile(0, "growing.json", 10, 0))
    (folder,) = read_sidecars(iter([Folder("", json=files)]), lambda file: Endless(), 1)
    assert [file.kind for file in folder.json] == ["invalid", "invalid"]
    assert asked == [11, 90]


def test_a_file_that_grew_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.jpg.json").write_bytes(b"{")
    reader = DirectoryReader(Source(0, str(tmp_path)))
    listed = list(folders([reader]))
    (tmp_path / "a.jpg.json").write_bytes(RAW)
    (folder,) = read_sidecars(iter(listed), lambda file: reader.open(file.path), 2)
    assert folder.json[0].kind == "sidecar"
