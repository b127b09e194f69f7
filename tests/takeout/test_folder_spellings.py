"""Test which spellings of a folder name mean one Folder."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.hooks import Listing
from pef_tui.model import MediaFile
from pef_tui.sources.directory import listing_order
from pef_tui.sources.folders import folders
from pef_tui.takeout.folder_spellings import apply_spelling, common_spellings

NFC = "Été à Nice"
NFD = unicodedata.normalize("NFD", NFC)


class Part:
    """A source with one file in each of its folders."""

    def __init__(self, root: int, *names: str) -> None:
        self.root, self.names = root, names

    def top_folders(self) -> Sequence[Sequence[str]]:
        return [sorted({name.partition("/")[0] for name in self.names})]

    def listings(self) -> Iterator[Listing]:
        actual = (
            Listing(name, (MediaFile(self.root, f"{name}/{self.root}.jpg", 1, 0),)) for name in self.names
        )
        yield from sorted(actual, key=listing_order)

    def open(self, path: str) -> BinaryIO:
        raise FileNotFoundError(path)

    def problems(self) -> Sequence[str]:
        return ()

    def whole(self) -> bool:
        return True

    def close(self) -> None:
        pass


def chosen(*parts: Sequence[str], known_values: str = "") -> dict[str, str]:
    readers = [Part(root, *names) for root, names in enumerate(parts)]
    return common_spellings(readers, lambda name: name == known_values)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([[NFC], [NFD]], {NFD: NFC}),
        ([[NFD], [NFD]], {}),
        ([["Oslo etc."], ["Oslo etc"]], {"Oslo etc": "Oslo etc."}),
        ([["Oslo etc"], ["Oslo etc."]], {"Oslo etc": "Oslo etc."}),
        ([["Oslo etc."], ["Oslo etc_"]], {"Oslo etc_": "Oslo etc."}),
        (
            [["Oslo etc. "], ["Oslo etc"], ["Oslo etc__"]],
            {"Oslo etc": "Oslo etc. ", "Oslo etc__": "Oslo etc. "},
        ),
        ([["Why?"], ["Why_"]], {"Why_": "Why?"}),
        ([["a: b*"], ["a_ b_"]], {"a_ b_": "a: b*"}),
        ([["Été?"], [unicodedata.normalize("NFD", "Été_")]], {unicodedata.normalize("NFD", "Été_"): "Été?"}),
        # two names in one part are two folders
        ([["Why?", "Why_"], ["Why_"]], {}),
        ([["Why?", "Why_"], ["Why?"]], {}),
        ([[NFC, NFD], [NFC]], {}),
        # neither was made from the other
        ([["Why_"], ["Why"]], {}),
        ([["Why?"], ["Why*"]], {}),
        ([["Why?"], ["Why*"], ["Why_"]], {}),
        ([["Oslo"], ["oslo"]], {}),
        ([["Oslo etc."], ["Oslo etc"], ["Oslo etc.", "Oslo etc"]], {}),
        ([["Cafe"], ["Café"]], {}),
    ],
)
def test_spellings(parts: list[list[str]], expected: dict[str, str]) -> None:
    assert chosen(*parts) == expected
    assert chosen(*reversed(parts)) == expected


def test_what_an_earlier_run_recorded_stands_for_the_others() -> None:
    assert chosen([NFC], [NFD], known_values=NFD) == {NFC: NFD}
    assert chosen(["Why?"], ["Why_"], known_values="Why_") == {"Why?": "Why_"}


def test_one_source_with_several_parts_in_it() -> None:
    class Two(Part):
        def top_folders(self) -> Sequence[Sequence[str]]:
            return [[name] for name in self.names]

    assert common_spellings([Two(0, NFC, NFD)], lambda name: False) == {NFD: NFC}


@given(
    st.lists(st.lists(st.sampled_from([NFC, NFD, "E", "Why?", "Why_", "Z/a", "A"]), unique=True), max_size=4)
)
def test_folders_are_joined_in_order_and_lose_nothing(parts: list[list[str]]) -> None:
    readers = [Part(root, *names) for root, names in enumerate(parts)]
    same = common_spellings(readers, lambda name: False)
    actual = list(folders(readers, same))
    paths = [folder.path.replace("/", "\0") for folder in actual]
    assert paths == sorted(set(paths))
    files = sorted((file.root, file.path) for folder in actual for file in folder.media)
    assert files == sorted((root, f"{name}/{root}.jpg") for root, names in enumerate(parts) for name in names)
    for folder in actual:
        assert all(apply_spelling(file.path.rpartition("/")[0], same) == folder.path for file in folder.media)
