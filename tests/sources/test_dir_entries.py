"""Directory entries in columns: each way of reading gives the same content; and which changes are noticed."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pef_tui.sources import dir_entries as room
from pef_tui.sources.dir_entries import (
    COARSE_NS,
    FINE_NS,
    STEP_NS,
    DirEntries,
    file_entry,
    read_entries,
    tree_digest,
)

SECOND = 10**9


def entries_of(folder: Path) -> DirEntries:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return read_entries(descriptor)
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
    first = entries_of(folder)
    monkeypatch.setattr(room, "_STATX", None)
    second = entries_of(folder)
    assert (first.names, first.columns, first.digest()) == (second.names, second.columns, second.digest())
    facts = {name: folder.joinpath(name).lstat() for name in first.names}
    assert sorted(facts) == sorted(("a.jpg", "b.json", "\udcff\n.jpg", "link", "pipe"))
    assert list(first.mtimes_ns()) == [fact.st_mtime_ns for fact in facts.values()]
    assert list(first.sizes) == [fact.st_size for fact in facts.values()]
    assert list(first.modes) == [fact.st_mode for fact in facts.values()]
    assert first.folders == ["below"] and not first.only_files() and not first.unreadable


def test_what_cannot_be_reported_at_once_is_reported_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path / "x")
    complete = entries_of(folder).digest()
    monkeypatch.setattr(room, "_STATX", lambda *_: -1)
    assert entries_of(folder).digest() == complete


def test_many_files_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "x")
    complete = entries_of(folder)
    monkeypatch.setattr(room, "CHUNK", 2)
    assert entries_of(folder).columns == complete.columns


def replaced(path: Path) -> None:
    data, facts = path.read_bytes(), path.stat()
    path.unlink()
    path.write_bytes(data)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def edited(path: Path) -> None:
    """Keep size and modification time. Only the change time differs."""
    facts = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def exchanged(path: Path, created: Callable[[Path], object]) -> None:
    path.unlink()
    created(path)


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
    state_before = entries_of(folder).digest()
    assert entries_of(folder).digest() == state_before
    time.sleep(2 * STEP_NS / SECOND)  # the clock for file times advances in steps
    change(folder)
    assert entries_of(folder).digest() != state_before


def test_what_changes_in_a_folder_shows_there_alone(tmp_path: Path) -> None:
    folder = make(tmp_path / "x")
    state_before = entries_of(folder).digest()
    (folder / "below" / "d").touch()
    assert entries_of(folder).digest() == state_before
    digests = {"": b"1", "a": b"2"}
    assert tree_digest(digests) == tree_digest(dict(reversed(digests.items())))
    assert (
        len({tree_digest(digest) for digest in (digests, {"": b"2", "a": b"1"}, {"": b"1"}, {}, {"b": b"2"})})
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
        (NOW - 123 - SECOND, NOW - 100 * SECOND, False, False),  # whole seconds: the times may be coarse
        (NOW - 123 - 3 * SECOND, NOW - 100 * SECOND, True, True),
        (NOW - COARSE_NS - 1, NOW + SECOND, False, True),
        (NOW - COARSE_NS - 1, NOW + 1000 * SECOND, False, True),
        (NOW + SECOND, NOW - 100 * SECOND, False, False),
        (NOW + 1000 * SECOND, NOW - 100 * SECOND, True, True),  # an edit would set the present time
    ],
)
def test_only_what_is_old_enough_shows_every_change(
    mtime: int, ctime: int, old: bool, old_by_mtime: bool
) -> None:
    actual = DirEntries()
    for column, moment in ((actual.mtimes, mtime), (actual.ctimes, ctime)):
        for part, item in zip(divmod(moment, SECOND), column, strict=True):
            item.append(part)
    assert actual.would_show_change(NOW) == old
    assert actual.would_show_change(NOW, modified=True) == old_by_mtime
    assert DirEntries().would_show_change(NOW)


def test_a_folder_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    with socket.socket() as no_folder:
        actual = read_entries(no_folder.fileno())
    assert [name for name, _ in actual.unreadable] == [""] and not actual.names
    with pytest.raises(OSError):
        file_entry(str(tmp_path / "gone"))
