"""Directories of a slow device are listed ahead: with the same entries, and within limits."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pef_tui.filesystem.parallel_io import IoQueue
from pef_tui.sources import dir_entries, listed_ahead
from pef_tui.sources.listed_ahead import MAX_FOLDERS, ListedAhead


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IoQueue, "is_slow", True)


@pytest.fixture
def top(tmp_path: Path) -> Iterator[Path]:
    """Make directories 00 to 39 of different sizes. After the test, check that all descriptors are closed."""
    for number in range(40):
        folder = tmp_path / f"{number:02}"
        (folder / "below").mkdir(parents=True)
        for name in range(number % 11):
            (folder / f"{name}.jpg").write_bytes(b"x" * number)
    count_before = len(os.listdir("/proc/self/fd"))
    yield tmp_path
    assert len(os.listdir("/proc/self/fd")) == count_before


def opened(top: Path) -> ListedAhead:
    return ListedAhead(lambda path: os.open(top / path, os.O_RDONLY | os.O_DIRECTORY), str(top))


NAMES = [f"{number:02}" for number in range(40)]


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("by_statx", [True, False])
def test_the_entries_are_those_of_a_listing_at_once(
    top: Path, monkeypatch: pytest.MonkeyPatch, by_statx: bool
) -> None:
    if not by_statx:
        monkeypatch.setattr(dir_entries, "_STATX", None)
    ahead = opened(top)
    ahead.prepare(NAMES[0], NAMES[1:])
    listed = [name for name in NAMES if ahead.get(name) is not None]
    assert listed == NAMES[:MAX_FOLDERS]
    for name in listed:
        result = ahead.take(name)
        assert result is not None
        _, expected = ahead.list_now(name)
        assert (result[1].digest(), result[1].folders) == (expected.digest(), ["below"])
        assert sorted(result[1].names) == sorted(f"{file}.jpg" for file in range(int(name) % 11))
        assert ahead.take(name) is None


def test_nothing_is_listed_ahead_on_a_fast_device(top: Path) -> None:
    ahead = opened(top)
    ahead.prepare(NAMES[0], NAMES[1:])
    assert not any(map(ahead.get, NAMES))


@pytest.mark.usefixtures("slow")
def test_a_large_directory_is_only_listed_in_its_turn(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed_ahead, "MAX_NAMES", 9)  # 08 has 9 entries with `below`; 09 and 10 have more
    ahead = opened(top)
    ahead.prepare("09", ["10", "01", "08"])
    assert [name for name in NAMES if ahead.get(name)] == ["09"]
    assert ahead.take("09") is not None
    ahead.prepare("10", ["01"])
    assert ahead.take("10") is not None
    ahead.prepare("01", ["09", "10", "02", "03", "04"])
    assert [name for name in NAMES if ahead.get(name)] == ["01", "02", "03"]


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("room", [3, 12, 40, 100])
def test_a_directory_without_room_is_not_opened_again_and_again(
    top: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(listed_ahead, "MAX_NAMES", room)
    opens: Counter[str] = Counter()

    def open_folder(path: str) -> int:
        opens[path] += 1
        return os.open(top / path, os.O_RDONLY | os.O_DIRECTORY)

    ahead = ListedAhead(open_folder, str(top))
    for index, name in enumerate(NAMES):
        ahead.prepare(name, NAMES[index + 1 :])
        assert (listed := ahead.take(name)) is not None and len(listed[1].names) == int(name) % 11
    assert set(opens) == set(NAMES) and max(opens.values()) <= 2


@pytest.mark.usefixtures("slow")
def test_directories_that_cannot_be_opened_are_left_to_their_turn(top: Path) -> None:
    ahead = opened(top)
    ahead.prepare("missing", ["01", "00/../missing too", "02/0.jpg", "03"])
    assert [name for name in NAMES if ahead.get(name)] == ["01", "03"]
    assert ahead.take("missing") is None
    with pytest.raises(FileNotFoundError):
        ahead.list_now("missing")


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("by_statx", [True, False])
def test_a_file_that_vanishes_meanwhile_is_unreadable(
    top: Path, monkeypatch: pytest.MonkeyPatch, by_statx: bool
) -> None:
    if not by_statx:
        monkeypatch.setattr(dir_entries, "_STATX", None)
    real = dir_entries.read_named

    def late(folders: list[tuple[int, list[str]]], queue: IoQueue) -> list[dir_entries.DirEntries]:
        (top / "05" / "3.jpg").unlink()
        return real(folders, queue)

    monkeypatch.setattr(listed_ahead, "read_named", late)
    ahead = opened(top)
    ahead.prepare("04", ["05", "06"])
    results = {name: ahead.take(name) for name in ("04", "05", "06")}
    assert [
        (name, [unreadable[0] for unreadable in result[1].unreadable], len(result[1].names))
        for name, result in results.items()
        if result is not None
    ] == [("04", [], 4), ("05", ["3.jpg"], 4), ("06", [], 6)]
    assert ahead.has_room


def test_a_device_that_turns_out_to_be_slow_in_mid_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in range(50):
        (tmp_path / f"{name}.jpg").touch()
        (tmp_path / f"{name}").mkdir()
    ahead = ListedAhead(lambda path: os.open(path, os.O_RDONLY), str(tmp_path))
    _, expected = ahead.list_now(str(tmp_path))
    assert not ahead.is_slow
    monkeypatch.setattr(
        IoQueue,
        "add_times",
        lambda queue, _: monkeypatch.setattr(IoQueue, "is_slow", property(lambda _: True)),
    )
    _, actual = ahead.list_now(str(tmp_path))
    assert ahead.is_slow
    assert (actual.names, actual.columns) == (expected.names, expected.columns)
    assert actual.folders == expected.folders
    assert len(actual.folders) == len(actual.names) == 50
