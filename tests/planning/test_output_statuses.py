"""The status of outputs is that of the disk. On a slow disk, outputs of several Folders are queried together."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pef_tui.filesystem.parallel_io import IoQueue
from pef_tui.manifest.records import Entry
from pef_tui.model import Folder, MediaFile
from pef_tui.resume.output_statuses import MAX_FOLDERS, MEASURED, OutputStatuses

FOLDERS = [f"F{number:02}" for number in range(50)]


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
        for name in ("a", "b", "link"):
            (tmp_path / folder / name).write_bytes(folder.encode())
        (tmp_path / folder / "link").unlink()
        (tmp_path / folder / "link").symlink_to("a")
    return tmp_path


@pytest.fixture
def queried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of paths for which the system was called."""
    paths: list[str] = []
    real = os.lstat

    def lstat(path: bytes) -> os.stat_result:
        if isinstance(path, bytes):
            paths.append(os.fsdecode(path))
        return real(path)

    monkeypatch.setattr("pef_tui.resume.output_statuses.os.lstat", lstat)
    return paths


def entry(output: bytes) -> Entry:
    return Entry(b"key", 1, 1, b"", b"", b"", "written", output=output)


def entries(folder: bytes) -> list[Entry]:
    outputs = [folder + b"/" + name for name in (b"a", b"b", b"link", b"missing")]
    return [*map(entry, outputs), entry(b"")]


def some_folders(listed: list[str], files: int = 1) -> Iterator[Folder]:
    for path in FOLDERS:
        listed.append(path)
        yield Folder(path, tuple(MediaFile(0, f"{path}/{number}", 1, 1) for number in range(files)))


def check_statuses(statuses: OutputStatuses, dest: Path, folder: str) -> None:
    for name in ("b", "a", "link"):
        status = statuses.lstat(os.fsencode(f"{folder}/{name}"))
        assert (status.st_ino, status.st_mode) == (
            (dest / folder / name).lstat().st_ino,
            (dest / folder / name).lstat().st_mode,
        )
    with pytest.raises(FileNotFoundError):
        statuses.lstat(os.fsencode(f"{folder}/missing"))


def test_each_status_is_that_of_the_disk_and_queried_once(
    dest: Path, queried: list[str], device: str
) -> None:
    statuses = OutputStatuses(str(dest))
    for folder in statuses.query_ahead(some_folders([]), entries):
        check_statuses(statuses, dest, folder.path)
    relative = [os.path.relpath(path, dest) for path in queried if isinstance(path, str)]
    assert sorted(relative) == sorted(
        f"{folder}/{name}" for folder in FOLDERS for name in ("a", "b", "link", "missing")
    )


@pytest.mark.parametrize(("files", "expected"), [(1, MAX_FOLDERS), (2000, 3), (5000, 1)])
def test_few_folders_are_listed_ahead(dest: Path, device: str, files: int, expected: int) -> None:
    statuses, listed = OutputStatuses(str(dest)), list[str]()
    folders = statuses.query_ahead(some_folders(listed, files), entries)
    assert next(folders).path == FOLDERS[0]
    assert len(listed) == (expected if device == "slow device" else 1)
    assert [folder.path for folder in folders] == FOLDERS[1:]


def test_a_status_is_used_once_and_only_until_its_end(dest: Path, device: str) -> None:
    statuses = OutputStatuses(str(dest))
    output, second = b"F00/a", b"F00/b"
    with statuses.queried([entry(output), None, entry(second), entry(b"")]):
        statuses.lstat(output)
        (dest / "F00" / "a").unlink()
        (dest / "F00" / "b").unlink()
        with pytest.raises(FileNotFoundError):
            statuses.lstat(output)
    with pytest.raises(FileNotFoundError):
        statuses.lstat(second)


def test_other_threads_get_the_present_status(dest: Path, device: str) -> None:
    statuses = OutputStatuses(str(dest))
    errors = []

    def query() -> None:
        try:
            statuses.lstat(b"F00/a")
        except OSError as error:
            errors.append(error)

    with statuses.queried([entry(b"F00/a")]):
        (dest / "F00" / "a").unlink()
        thread = threading.Thread(target=query)
        thread.start()
        thread.join()
    assert len(errors) == 1


def test_single_queries_show_whether_the_device_is_slow(dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[float] = []
    monkeypatch.setattr(IoQueue, "add_times", lambda _, added: times.extend(added))
    statuses = OutputStatuses(str(dest))
    for _ in range(2 * MEASURED + 1):
        statuses.lstat(b"F00/a")
    assert len(times) == 2 * MEASURED
    assert all(seconds > 0 for seconds in times)
