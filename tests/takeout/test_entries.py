"""Folders in columns: what is told of them, by whichever way, and what shows."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pef_tui.takeout import entries as room
from pef_tui.takeout.entries import COARSE_NS, FINE_NS, STEP_NS, Entries, entries, one_file, tree_digest

SECOND = 10**9


def listed(folder: Path) -> Entries:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return entries(descriptor)
    finally:
        os.close(descriptor)


def make(folder: Path) -> Path:
    folder.mkdir()
    for name in ("a.jpg", "b.json", "\udcff\n.jpg"):
        (folder / name).write_bytes(name.encode("utf-8", "surrogateescape"))
    (folder / "below").mkdir()
    (folder / "below" / "c").touch()
    (folder / "link").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    return folder


def test_both_ways_tell_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "x")
    for name, moment in (("a.jpg", -1_234_567_890), ("b.json", 20_000_000_000 * SECOND + 1)):
        os.utime(folder / name, ns=(0, moment))
    first = listed(folder)
    monkeypatch.setattr(room, "_STATX", None)
    second = listed(folder)
    assert (first.names, first.columns, first.digest()) == (second.names, second.columns, second.digest())
    facts = {name: folder.joinpath(name).lstat() for name in first.names}
    assert sorted(facts) == sorted(("a.jpg", "b.json", "\udcff\n.jpg", "link", "pipe"))
    assert list(first.mtimes_ns()) == [each.st_mtime_ns for each in facts.values()]
    assert list(first.sizes) == [each.st_size for each in facts.values()]
    assert list(first.modes) == [each.st_mode for each in facts.values()]
    assert first.folders == ["below"] and not first.only_files() and not first.lost


def test_what_cannot_be_told_at_once_is_told_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path / "x")
    whole = listed(folder).digest()
    monkeypatch.setattr(room, "_STATX", lambda *_: -1)
    assert listed(folder).digest() == whole


def test_many_files_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "x")
    whole = listed(folder)
    monkeypatch.setattr(room, "CHUNK", 2)
    assert listed(folder).columns == whole.columns


def replaced(path: Path) -> None:
    data, facts = path.read_bytes(), path.stat()
    path.unlink()
    path.write_bytes(data)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def edited(path: Path) -> None:
    """As many bytes, the same modification time: only the time of the change tells."""
    facts = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def exchanged(path: Path, made: Callable[[Path], object]) -> None:
    path.unlink()
    made(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "added": lambda folder: (folder / "new").touch(),
    "removed": lambda folder: (folder / "a.jpg").unlink(),
    "renamed": lambda folder: (folder / "a.jpg").rename(folder / "A.jpg"),
    "longer": lambda folder: (folder / "a.jpg").write_bytes(b"longer than it was"),
    "edited": lambda folder: edited(folder / "a.jpg"),
    "replaced": lambda folder: replaced(folder / "a.jpg"),
    "touched": lambda folder: os.utime(folder / "b.json"),
    "now a link": lambda folder: exchanged(folder / "a.jpg", lambda path: path.symlink_to("b.json")),
    "now a folder": lambda folder: exchanged(folder / "a.jpg", Path.mkdir),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_shows(tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder = make(tmp_path / "x")
    before = listed(folder).digest()
    assert listed(folder).digest() == before
    time.sleep(2 * STEP_NS / SECOND)  # the clock for files goes in steps
    change(folder)
    assert listed(folder).digest() != before


def test_what_changes_in_a_folder_shows_there_alone(tmp_path: Path) -> None:
    folder = make(tmp_path / "x")
    before = listed(folder).digest()
    (folder / "below" / "d").touch()
    assert listed(folder).digest() == before
    digests = {"": b"1", "a": b"2"}
    assert tree_digest(digests) == tree_digest(dict(reversed(digests.items())))
    assert (
        len({tree_digest(each) for each in (digests, {"": b"2", "a": b"1"}, {"": b"1"}, {}, {"b": b"2"})})
        == 5
    )


NOW = 1_700_000_000 * SECOND + 123


@pytest.mark.parametrize(
    ("mtime", "ctime", "old", "old_by_mtime"),
    [
        (NOW - 100 * SECOND, NOW - 100 * SECOND, True, True),
        (NOW - FINE_NS - 2, NOW - FINE_NS - 2, True, True),
        (NOW - FINE_NS + 1, NOW - 100 * SECOND, False, False),
        (NOW - 100 * SECOND, NOW - FINE_NS + 1, False, True),
        (NOW - 123 - SECOND, NOW - 100 * SECOND, False, False),  # whole seconds: the clock may be as coarse
        (NOW - 123 - 3 * SECOND, NOW - 100 * SECOND, True, True),
        (NOW - COARSE_NS - 1, NOW + SECOND, False, True),
        (NOW - COARSE_NS - 1, NOW + 1000 * SECOND, False, True),
        (NOW + SECOND, NOW - 100 * SECOND, False, False),
        (NOW + 1000 * SECOND, NOW - 100 * SECOND, True, True),  # edited, it would be of today
    ],
)
def test_only_what_is_old_enough_shows_every_change(
    mtime: int, ctime: int, old: bool, old_by_mtime: bool
) -> None:
    found = Entries()
    for column, moment in ((found.mtimes, mtime), (found.ctimes, ctime)):
        for part, each in zip(divmod(moment, SECOND), column, strict=True):
            each.append(part)
    assert found.settled(NOW) == old
    assert found.settled(NOW, modified=True) == old_by_mtime
    assert Entries().settled(NOW)


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with socket.socket() as no_folder:
        found = entries(no_folder.fileno())
    assert [name for name, _ in found.lost] == [""] and not found.names
    with pytest.raises(OSError):
        one_file(str(tmp_path / "gone"))
