"""Directories as sources, on real trees."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from pef_tui.hooks import Listing
from pef_tui.model import Source
from pef_tui.sources.archive_problems import MAX_LINES
from pef_tui.sources.dir_entries import FINE_NS
from pef_tui.sources.directory import DirectoryReader

pytestmark = pytest.mark.usefixtures("device")


def make(top: Path, *files: str) -> Path:
    for file in files:
        path = top / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.encode("utf-8", "surrogateescape"))
    return top


def reader(top: Path, *skip: Path) -> DirectoryReader:
    return DirectoryReader(Source(0, str(top)), [str(path) for path in skip])


def names(listings: list[Listing]) -> dict[str, list[str]]:
    return {listing.path: [file.path for file in listing.files] for listing in listings if listing.files}


def scan(top: Path, *skip: Path) -> dict[str, list[str]]:
    return names(list(reader(top, *skip).listings()))


def deep(top: Path, name: str, count: int, *files: str) -> None:
    """Make nested folders, deeper than any path that the kernel accepts, with files in the last one."""
    descriptor = os.open(top, os.O_RDONLY)
    for _ in range(count):
        os.mkdir(name, dir_fd=descriptor)
        below = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    for file in files:
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)


def test_files_with_their_facts(tmp_path: Path) -> None:
    make(tmp_path, "b.jpg", "a.jpg", "Trip/c.jpg")
    os.utime(tmp_path / "a.jpg", ns=(0, -1_234_567_890))
    top, trip = reader(tmp_path).listings()
    assert (top.path, [file.path for file in top.files]) == ("", ["a.jpg", "b.jpg"])
    assert (top.files[0].root, top.files[0].size, top.files[0].mtime_ns) == (0, 5, -1_234_567_890)
    assert (trip.path, trip.files[0].path, trip.files[0].name) == ("Trip", "Trip/c.jpg", "c.jpg")


def test_paths_begin_below_the_container(tmp_path: Path) -> None:
    make(
        tmp_path,
        "part1/Takeout/Google Photos/Photos from 2019/a.jpg",
        "part2/Takeout/Google Photos/Photos from 2019/a.jpg.json",
        "part2/Takeout/Google Photos/print-subscriptions.json",
        "part2/Takeout/archive_browser.html",
        "notes/a.txt",
    )
    listings = list(reader(tmp_path).listings())
    assert [
        (listing.path, [file.path for file in listing.files]) for listing in listings if listing.files
    ] == [
        ("", ["part2/Takeout/Google Photos/print-subscriptions.json"]),
        ("Photos from 2019", ["part1/Takeout/Google Photos/Photos from 2019/a.jpg"]),
        ("Photos from 2019", ["part2/Takeout/Google Photos/Photos from 2019/a.jpg.json"]),
        ("notes", ["notes/a.txt"]),
        ("part2/Takeout", ["part2/Takeout/archive_browser.html"]),
    ]


def test_a_folder_of_an_export_as_source(tmp_path: Path) -> None:
    make(tmp_path, "Takeout/Google Photos/Photos from 2019/a.jpg")
    assert scan(tmp_path / "Takeout/Google Photos/Photos from 2019") == {"Photos from 2019": ["a.jpg"]}
    assert scan(tmp_path / "Takeout/Google Photos") == {"Photos from 2019": ["Photos from 2019/a.jpg"]}
    assert scan(tmp_path / "Takeout") == {"Photos from 2019": ["Google Photos/Photos from 2019/a.jpg"]}


def test_order_is_that_of_path_components(tmp_path: Path) -> None:
    folders = ["a", "a b", "a!", "a/b", "a/b c", "a b/c", "ä", "z/a", "Z", "a/\U0001f600", "a/~"]
    make(tmp_path, *(f"{folder}/{name}.jpg" for folder in folders for name in ("2", "10", "B", "a")))
    listings = list(reader(tmp_path).listings())
    paths = [listing.path.split("/") if listing.path else [] for listing in listings]
    assert paths == sorted(paths)
    assert len(paths) == len(folders) + 2
    assert [file.name for file in listings[1].files] == ["10.jpg", "2.jpg", "B.jpg", "a.jpg"]


def test_links_are_never_followed(tmp_path: Path) -> None:
    top = make(tmp_path / "in", "a.jpg", "Trip/b.jpg")
    make(tmp_path / "out", "secret.jpg")
    (top / "Trip/loop").symlink_to(top)
    (top / "link.jpg").symlink_to(tmp_path / "out/secret.jpg")
    (top / "dangling.jpg").symlink_to("nowhere")
    (top / "folder").symlink_to(tmp_path / "out")
    source = reader(top)
    assert names(list(source.listings())) == {"": ["a.jpg"], "Trip": ["Trip/b.jpg"]}
    assert sorted(source.problems()) == [
        f"{path!r}: symbolic link, not followed"
        for path in ("Trip/loop", "dangling.jpg", "folder", "link.jpg")
    ]
    with pytest.raises(OSError):
        source.open("link.jpg")


def test_the_source_itself_may_be_a_link(tmp_path: Path) -> None:
    make(tmp_path / "in", "a.jpg", "Trip/b.jpg")
    (tmp_path / "link").symlink_to("in")
    source = reader(tmp_path / "link")
    assert names(list(source.listings())) == {"": ["a.jpg"], "Trip": ["Trip/b.jpg"]}
    with source.open("Trip/b.jpg") as stream:
        assert stream.read() == b"Trip/b.jpg"


def test_only_regular_files(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "x.jpg/inside.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    home = Path.cwd()
    os.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.jpg")
    os.chdir(home)
    source = reader(tmp_path)
    assert names(list(source.listings())) == {"": ["a.jpg"], "x.jpg": ["x.jpg/inside.jpg"]}
    assert sorted(source.problems()) == ["'pipe.jpg': named pipe, left out", "'socket.jpg': socket, left out"]
    for path in ("pipe.jpg", "socket.jpg", "x.jpg", "gone.jpg"):
        with pytest.raises(OSError):
            source.open(path)


def test_names_of_any_bytes(tmp_path: Path) -> None:
    strange = [
        "\udcff.jpg",
        "line\nbreak.jpg",
        "\U0001f600.jpg",
        "-rf.jpg",
        " .jpg",
        "a\x1b[31m.jpg",
        "e\u0301.jpg",
    ]
    make(tmp_path, *strange, *(f"\udcfe\n{name}/{name}" for name in strange))
    (tmp_path / "\udcff\nlink").symlink_to("x")
    source = reader(tmp_path)
    actual = names(list(source.listings()))
    assert actual[""] == sorted(strange)
    assert len(actual) == 1 + len(strange)
    for paths in actual.values():
        for path in paths:
            with source.open(path) as stream:
                assert stream.read() == os.fsencode(path)
    (line,) = source.problems()
    assert line.isprintable()


def test_own_folders_and_the_output_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", ".pef-tui/b.jpg", "Trip/.pef-tui/c.jpg", "Trip/out/d.jpg", "out/e.jpg")
    (tmp_path / "linked").symlink_to(tmp_path)
    assert scan(tmp_path, tmp_path / "Trip" / "out") == {"": ["a.jpg"], "out": ["out/e.jpg"]}
    assert scan(tmp_path, tmp_path / "linked" / "out") == {"": ["a.jpg"], "Trip/out": ["Trip/out/d.jpg"]}
    assert len(scan(tmp_path, tmp_path, tmp_path.parent, tmp_path.parent / "elsewhere")) == 3


def test_an_output_made_during_the_walk_is_left_out(tmp_path: Path) -> None:
    listings = reader(make(tmp_path, "a/a.jpg", "b/b.jpg"), tmp_path / "c").listings()
    first = [next(listings), next(listings)]
    make(tmp_path, "c/a/a.jpg")
    assert names([*first, *listings]) == {"a": ["a/a.jpg"], "b": ["b/b.jpg"]}


def test_the_walk_streams(tmp_path: Path) -> None:
    make(tmp_path, *(f"Takeout/Google Photos/Photos from {year}/a.jpg" for year in range(1900, 2020)))
    listings = reader(tmp_path).listings()
    assert [next(listings).path for _ in range(3)] == ["", "", "Photos from 1900"]
    make(tmp_path / "Takeout/Google Photos", "Photos from 2019/late.jpg")
    assert [file.name for file in list(listings)[-2].files] == ["a.jpg", "late.jpg"]


def test_what_vanishes_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pef_tui.sources.listed_ahead.MAX_NAMES", 0)
    source = reader(make(tmp_path, "a/a.jpg", "b/b.jpg", "c/c.jpg"))
    listings = source.listings()
    assert [next(listings).path, next(listings).path] == ["", "a"]
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "c" / "c.jpg").unlink()
    (tmp_path / "c").rmdir()
    (tmp_path / "c").symlink_to("a")
    assert names(list(listings)) == {}
    assert source.problems() == (
        "'b': cannot be read: No such file or directory",
        "'c': cannot be read: Not a directory",
    )


@pytest.mark.parametrize("missing", ["nowhere", "file"])
def test_a_source_that_cannot_be_listed_is_reported(tmp_path: Path, missing: str) -> None:
    make(tmp_path, "file")
    source = reader(tmp_path / missing)
    assert names(list(source.listings())) == {}
    assert len(source.problems()) == 1


def test_many_problems_stay_few_lines(tmp_path: Path) -> None:
    for number in range(MAX_LINES + 5):
        (tmp_path / str(number)).symlink_to("x")
    source = reader(tmp_path)
    assert names(list(source.listings())) == {}
    assert len(source.problems()) == MAX_LINES + 1
    assert source.problems()[-1] == "and 5 more"


@pytest.mark.parametrize(("name", "count"), [("d", 2_000), ("\U0001f600" * 60, 300)], ids=["many", "long"])
def test_folders_deeper_than_a_path_may_be_long(tmp_path: Path, name: str, count: int) -> None:
    deep(tmp_path, name, count, "a.jpg", "b.jpg.json")
    source = reader(tmp_path)
    path = "/".join([name] * count)
    listings = list(source.listings())
    try:
        assert len(listings) == count + 1
        assert names(listings) == {path: [f"{path}/a.jpg", f"{path}/b.jpg.json"]}
        assert source.problems() == ()
        source.open(f"{path}/a.jpg").close()
        with pytest.raises(OSError):
            source.open(f"{path}/c.jpg")
        with pytest.raises(OSError):
            source.open("x" * 5_000)
    finally:
        subprocess.run(["rm", "-rf", tmp_path / name], check=True)  # pytest cannot remove such deep folders


def test_shuffled_creation_changes_nothing(tmp_path: Path) -> None:
    files = [f"{folder}/{number}.jpg" for folder in ("a", "b/c", "b") for number in range(30)]
    results = []
    for seed in (1, 2):
        random.Random(seed).shuffle(files)
        results.append(scan(make(tmp_path / str(seed), *files)))
    assert results[0] == results[1]


def test_twenty_thousand_files_in_a_folder(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for number in range(20_000):
        os.close(os.open(f"IMG_{number}.jpg", os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)
    (listing,) = reader(tmp_path).listings()
    assert len(listing.files) == 20_000
    assert [file.name for file in listing.files] == sorted(file.name for file in listing.files)


def test_what_was_seen_is_what_a_look_states_until_something_changes(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "Trip/b.jpg", "out/c.jpg", ".pef-tui/manifest")
    time.sleep(2 * FINE_NS / 1e9)
    source = reader(tmp_path, tmp_path / "out")
    assert source.listed_state() == b""
    passes = source.listings(), source.listings()
    next(passes[0])
    assert source.listed_state() == b""  # not listed completely yet
    list(passes[0])
    records = source.listed_state()
    assert (
        records
        and records
        == source.current_state()
        == reader(tmp_path, tmp_path / "out").current_state()
        != reader(tmp_path).current_state()
    )
    make(tmp_path, "out/d.jpg", ".pef-tui/lock")
    assert source.current_state() == records
    make(tmp_path, "Trip/new.jpg")
    list(passes[1])
    assert source.listed_state() == records != source.current_state()


@pytest.mark.parametrize("mode", ["young", "unreadable", "links", "moved"])
def test_what_may_have_changed_unseen_is_not_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    make(tmp_path, "a.jpg", "Trip/b.jpg")
    time.sleep(2 * FINE_NS / 1e9)
    if mode == "young":
        monkeypatch.setattr("pef_tui.sources.dir_entries.FINE_NS", 10**12)
        monkeypatch.setattr("pef_tui.sources.dir_entries.COARSE_NS", 10**12)
    elif mode == "unreadable":
        real = DirectoryReader._open_folder

        def refused(self: DirectoryReader, path: str) -> int:
            if path:
                raise OSError(5, "Input/output error")
            return real(self, path)

        monkeypatch.setattr(DirectoryReader, "_open_folder", refused)
    source = DirectoryReader(Source(0, str(tmp_path)), links=mode == "links")
    source.top_folders()
    if mode == "moved":  # move the containers after the program has searched for them
        make(tmp_path, "Takeout/Google Photos/Photos from 2019/a.jpg")
        time.sleep(2 * FINE_NS / 1e9)
    list(source.listings())
    if mode == "moved":  # the move was noticed, or all listings are from before it
        assert source.listed_state() != reader(tmp_path).current_state()
    else:
        assert source.listed_state() == b""


@pytest.mark.parametrize(
    "added", ["Takeout/Google Photos/Photos from 2019/a.jpg", "Photos from 2018/a.jpg.json"]
)
def test_containers_that_appear_behind_the_listing_make_its_digest_invalid(
    tmp_path: Path, added: str
) -> None:
    make(tmp_path, "Photos from 2019/a.jpg", "Trip/b.jpg")
    time.sleep(2 * FINE_NS / 1e9)
    source = reader(tmp_path)
    listings = source.listings()
    next(listings)
    make(tmp_path, added)
    time.sleep(2 * FINE_NS / 1e9)
    list(listings)
    assert source.listed_state() != reader(tmp_path).current_state()
