"""The index of an archive's members, stored on disk."""

from __future__ import annotations

import threading
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from source_contents import content
from zip_cases import reader

from pef_tui.errors import DiskFull
from pef_tui.sources import zip_directory
from pef_tui.sources.member_index import ArchiveMember, MemberIndex


def test_members_by_path_and_by_folder() -> None:
    value = MemberIndex()
    members = [
        ArchiveMember("b/é.jpg", 5, 7, 3, 4, 2**32 - 1, 8),
        ArchiveMember("b/a.JSON", 1, -1, small=b"{"),
        ArchiveMember("top.jpg", 0, 0, fault="bad"),
        ArchiveMember("b/c/\udcff.jpg", 2**62, 0, raw=b"b/c/\xff.jpg"),
    ]
    assert [value.add(member) for member in members] == [True] * 4
    assert [value.get(member.path) for member in members] == members
    assert value.folders() == [("", False), ("b", True), ("b/c", False)]
    assert value.in_folder("b") == [("b/a.JSON", 1, -1, 0, 0), ("b/é.jpg", 5, 7, 2**32 - 1, 3)]
    assert value.in_folder("") == [("top.jpg", 0, 0, 0, 0)]
    assert value.in_folder("nowhere") == [] and value.get("nowhere") is None


def test_the_first_of_a_path_stays_unless_it_is_put() -> None:
    value = MemberIndex()
    assert value.add(ArchiveMember("a", 1, 0)) and not value.add(ArchiveMember("a", 2, 0))
    value.add_or_replace(ArchiveMember("a", 3, 0))
    value.add_or_replace(ArchiveMember("b", 4, 0))
    assert value.in_folder("") == [("a", 3, 0, 0, 0), ("b", 4, 0, 0, 0)]


def test_by_where_they_lie_and_why_one_is_not_read() -> None:
    value = MemberIndex()
    for path, start in (("x/b", 30), ("a", 10), ("x/c", 20)):
        value.add(ArchiveMember(path, 1, 0, start, 5))
    assert [(member.path, member.start) for member in value.by_start()] == [
        ("a", 10),
        ("x/c", 20),
        ("x/b", 30),
    ]
    value.set_fault("a", "first")
    value.set_fault("a", "second")
    assert value.get("a") == ArchiveMember("a", 1, 0, 10, 5, fault="first")


def test_nothing_is_asked_of_a_closed_one() -> None:
    value = MemberIndex()
    value.add(ArchiveMember("a", 1, 0))
    value.close()
    value.close()
    with pytest.raises(OSError, match="closed"):
        value.get("a")
    with pytest.raises(OSError):
        value.folders()


def test_a_full_disk_is_reported_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/some/where")
    value = MemberIndex()
    value._database.execute("pragma max_page_count = 8")
    with pytest.raises(DiskFull, match=r"the disk of /some/where is full.*TMPDIR"):
        for number in range(10_000):
            value.add(ArchiveMember(f"f/{number}", 1, 0, small=b"x" * 1000))


def test_threads_ask_at_the_same_time() -> None:
    value = MemberIndex()
    for number in range(2_000):
        value.add(ArchiveMember(f"f/{number}", number, 0))
    wrong: list[int] = []

    def ask(first: int) -> None:
        for number in range(first, 2_000, 4):
            member = value.get(f"f/{number}")
            if member is None or member.size != number:
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.long
def test_memory_does_not_follow_the_members(tmp_path: Path) -> None:
    """Memory of Python objects. Of the database, at most CACHE kB are in memory."""

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(count):
                archive.writestr(f"Takeout/Google Photos/F {number // 500}/IMG_{number:06}.jpg", b"")
        source = reader(path)
        tracemalloc.start()
        assert sum(len(listing.files) for listing in source.listings()) == count
        value = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return value

    assert peak(20_000) < peak(2_000) + (1 << 20) + zip_directory.PIECE


def test_the_directory_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"F/{number:05}{'x' * (number % 90)}.jpg" for number in range(300)]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in names:
            archive.writestr(name, name.encode())
    complete = content(reader(tmp_path / "a.zip"))
    monkeypatch.setattr(zip_directory, "PIECE", 500)
    monkeypatch.setattr(zip_directory, "_LONGEST_ENTRY", 200)
    assert content(reader(tmp_path / "a.zip")) == complete == {name: name.encode() for name in names}
