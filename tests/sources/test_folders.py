"""Folders are combined over sources of any kind."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from folder_files import files_of
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.hooks import Listing, SourceReader
from pef_tui.model import Folder, MediaFile, Source
from pef_tui.sources.directory import DirectoryReader, listing_order
from pef_tui.sources.folders import folders


class ListedSource:
    """A source that consists of a list of paths."""

    def __init__(self, root: int, files: dict[str, list[str]], below: str = "") -> None:
        self.given = sorted(
            (
                Listing(
                    path,
                    tuple(
                        MediaFile(root, f"{below}{path}/{name}".lstrip("/"), 1, 0) for name in sorted(names)
                    ),
                )
                for path, names in files.items()
            ),
            key=listing_order,
        )
        self.taken = 0

    def listings(self) -> Iterator[Listing]:
        for listing in self.given:
            self.taken += 1
            yield listing

    def open(self, path: str) -> BinaryIO:
        raise FileNotFoundError(path)

    def problems(self) -> Sequence[str]:
        return ()

    def whole(self) -> bool:
        return True

    def close(self) -> None:
        pass


def joined_folders(*readers: SourceReader) -> list[Folder]:
    return list(folders(readers))


def names(files: Sequence[MediaFile]) -> list[tuple[int, str]]:
    return [(file.root, file.name) for file in files]


def test_files_are_sorted_out_by_extension() -> None:
    media = ["a.JPG", "b.heic", "c.Mp4", "d.cr2", ".jpg"]
    json = ["a.JPG.json", "B.JSON", "c.supplemental-metadata(1).Json", ".json"]
    second = ["a", "b.txt", "archive.html", "x.json.bak", "jpg", "a.jpg "]
    (folder,) = joined_folders(ListedSource(0, {"x.jpg/Trip.jpg": media + json + second}))
    assert folder.path == "x.jpg/Trip.jpg"
    assert [file.name for file in folder.media] == sorted(media)
    assert [file.name for file in folder.json] == sorted(json)
    assert {file.kind for file in folder.json} == {"unread"}
    assert [file.name for file in folder.other] == sorted(second)


def test_equal_folders_are_one() -> None:
    (first, second) = joined_folders(
        ListedSource(0, {"Trip": ["b.jpg", "a.jpg"], "Trip/x": ["c.jpg"]}),
        ListedSource(1, {"Trip": ["a.jpg.json", "b.jpg"]}),
        ListedSource(2, {}),
    )
    assert (first.path, names(first.media)) == ("Trip", [(0, "a.jpg"), (0, "b.jpg"), (1, "b.jpg")])
    assert [(file.root, file.name) for file in first.json] == [(1, "a.jpg.json")]
    assert second.path == "Trip/x"


def test_parts_in_one_source_and_in_several_are_joined(tmp_path: Path) -> None:
    for file in (
        "one/part1/Takeout/Google Fotos/Fotos von 2019/a.jpg",
        "one/part2/Takeout/Google Fotos/Fotos von 2019/a.jpg.json",
        "two/Takeout/Google Fotos/Fotos von 2019/a.jpg",
        "two/Takeout/Google Fotos/Fotos von 2019/b.jpg",
        "Fotos von 2019/c.jpg",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    sources = [
        Source(root, str(tmp_path / name)) for root, name in enumerate(("one", "two", "Fotos von 2019"))
    ]
    (folder,) = joined_folders(*map(DirectoryReader, sources))
    assert folder.path == "Fotos von 2019"
    assert names(folder.media) == [(0, "a.jpg"), (1, "a.jpg"), (1, "b.jpg"), (2, "c.jpg")]
    assert [file.path for file in folder.json] == ["part2/Takeout/Google Fotos/Fotos von 2019/a.jpg.json"]


def test_spellings_are_kept_apart() -> None:
    paths = ["Trip", "trip", "caf\u00e9", "cafe\u0301", "\udcff"]
    assert {
        folder.path for folder in joined_folders(ListedSource(0, {path: ["a"] for path in paths}))
    } == set(paths)


def test_empty_folders_are_none() -> None:
    assert joined_folders() == []
    assert [
        folder.path
        for folder in joined_folders(
            ListedSource(0, {"": [], "a": [], "b": ["c"]}), ListedSource(1, {"a": []})
        )
    ] == ["b"]


def test_the_first_folder_comes_before_the_walk_ends() -> None:
    readers = [ListedSource(root, {f"{number:03}": ["a.jpg"] for number in range(100)}) for root in (0, 1)]
    assert next(folders(readers)).path == "000"
    assert all(reader.taken <= 2 for reader in readers)


def test_the_first_folder_comes_before_a_directory_is_walked(tmp_path: Path) -> None:
    container = tmp_path / "Takeout" / "Google Photos"
    for year in range(2000, 2010):
        (container / f"Photos from {year}").mkdir(parents=True)
        (container / f"Photos from {year}" / "a.jpg").touch()
    stream = folders([DirectoryReader(Source(0, str(tmp_path)))])
    assert next(stream).path == "Photos from 2000"
    (container / "Photos from 2009" / "late.jpg").touch()
    assert names(list(stream)[-1].media) == [(0, "a.jpg"), (0, "late.jpg")]


name = st.text(st.sampled_from("ab/ .j!é\u0301\U0001f600\udcff"), min_size=1, max_size=4).filter(
    lambda text: all(text.split("/"))
)


@given(st.sets(st.tuples(name, name.filter(lambda text: "/" not in text)), max_size=20), st.randoms())
def test_splitting_over_sources_changes_only_roots(
    files: set[tuple[str, str]], random: random.Random
) -> None:
    parts: list[dict[str, list[str]]] = [{}, {}, {}]
    complete: dict[str, list[str]] = {}
    for path, file in sorted(files):
        random.choice(parts).setdefault(path, []).append(file)
        complete.setdefault(path, []).append(file)
    first = joined_folders(ListedSource(0, complete))
    items = joined_folders(*(ListedSource(root, part) for root, part in enumerate(parts)))
    assert [folder.path.split("/") for folder in first] == sorted(path.split("/") for path in complete)
    assert [(folder.path, [file.name for file in files_of(folder)]) for folder in first] == [
        (folder.path, [file.name for file in files_of(folder)]) for folder in items
    ]
