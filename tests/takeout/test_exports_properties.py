"""Two exports given together: each file gets what it gets where its export is given alone."""

from __future__ import annotations

import io
import random
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_match_properties import Shot, shots

from pef_tui.hooks import Matcher
from pef_tui.model import Folder, JsonFile, Match, MediaFile, Sidecar, Source, Stamp
from pef_tui.run.by_time import FEW, Orphans
from pef_tui.run.exports import Digests, Exports, needs_survey
from pef_tui.run.gather import gather
from pef_tui.takeout.match import match_folder

MATCHER = Matcher("takeout", match_folder, reads=True)
ANN, BEN = "takeout-20260101T000000Z", "takeout-20260205T111111Z"
Facts = dict[tuple[str, str], tuple[str, str, str]]


def files(made: list[Shot], owner: str, roots: list[int], chance: random.Random) -> Folder:
    """The Folder of one export, its files in any of some parts; every sidecar may be missing."""
    size = len(owner)
    media = [
        MediaFile(chance.choice(roots), f"Takeout/Google Photos/F/{name}", size, 0)
        for shot in made
        for name in shot.files
    ]
    cards = [
        JsonFile(
            chance.choice(roots),
            f"Takeout/Google Photos/F/{shot.json}",
            1,
            0,
            "sidecar",
            Sidecar(title=shot.title, description=owner, photo_taken_time=Stamp(str(10_000 * number + 1))),
        )
        for number, shot in enumerate(made)
        if chance.random() < 0.7
    ]
    return Folder("F", tuple(media), tuple(cards))


def facts(matches: tuple[Match, ...], owners: dict[int, str]) -> Facts:
    """Per owner and name: whose sidecar it has, the sidecar's name, and the picture it belongs to."""
    return {
        (owners[match.media.root], match.media.name): (
            (match.sidecar.description or "") if match.sidecar else "",
            match.json.name if match.json else "",
            match.main,
        )
        for match in matches
    }


def together(one: Folder, other: Folder, chance: random.Random) -> Folder:
    media, json = [*one.media, *other.media], [*one.json, *other.json]
    chance.shuffle(media)
    chance.shuffle(json)
    return Folder("F", tuple(media), tuple(json))


def opened(owners: dict[int, str], file: MediaFile) -> BinaryIO:
    return io.BytesIO(f"{owners[file.root]}{file.name}".encode("utf-8", "surrogatepass"))


@given(shots(), shots(), st.randoms(use_true_random=False))
def test_exports_with_stamps_in_parts(one: list[Shot], two: list[Shot], chance: random.Random) -> None:
    names = [(ANN, 0), (ANN, 1), (BEN, 2), (BEN, 3)]
    owners = {root: owner for owner, root in names}
    exports = Exports([Source(root, f"/x/{owner}-00{root + 1}.zip") for owner, root in names])
    mine, theirs = files(one, ANN, [0, 1], chance), files(two, BEN, [2, 3], chance)

    def read(file: MediaFile) -> BinaryIO:
        return opened(owners, file)

    alone = facts(gather(mine, [MATCHER], (), read, exports).matches, owners)
    alone |= facts(gather(theirs, [MATCHER], (), read, exports).matches, owners)
    both = gather(together(mine, theirs, chance), [MATCHER], (), read, exports)
    assert facts(both.matches, owners) == alone
    assert not both.twins
    for match in both.matches:
        assert match.sidecar is None or match.sidecar.description == owners[match.media.root]


@given(shots(), shots(), st.randoms(use_true_random=False))
def test_folders_that_hold_one_name_with_other_bytes(
    one: list[Shot], two: list[Shot], chance: random.Random
) -> None:
    owners = {0: "Ann", 1: "Ben"}
    exports = Exports([Source(root, f"/x/{owner}") for root, owner in owners.items()])
    same = MediaFile(0, "Takeout/Google Photos/F/zz.jpg", 3, 0)
    mine, theirs = files(one, "Ann", [0], chance), files(two, "Ben", [1], chance)
    mine = replace(mine, media=(*mine.media, same))
    theirs = replace(theirs, media=(*theirs.media, replace(same, root=1)))

    def read(file: MediaFile) -> BinaryIO:
        return opened(owners, file)

    alone = facts(gather(mine, [MATCHER], (), read, exports).matches, owners)
    alone |= facts(gather(theirs, [MATCHER], (), read, exports).matches, owners)
    both = together(mine, theirs, chance)
    assert facts(gather(both, [MATCHER], (), read, exports).matches, owners) == alone
    exports.survey([both], read)
    assert exports.apart(exports.key(same, "F"), exports.key(theirs.media[-1], "F"))
    assert exports.relation(both) == b"0,1"


@pytest.mark.parametrize(
    ("paths", "containers", "needed"),
    [
        (["/x/Takeout"], [1], False),
        (["/x"], [2], True),
        (["/x/takeout-20260101T000000Z-001.zip"], [-1], False),
        (["/x/all.zip"], [-1], True),
        (["/x/a", "/x/b"], [1, 1], True),
        ([f"/x/{ANN}-001.zip", f"/x/{BEN}-001.zip"], [1, 1], False),
        ([f"/x/{ANN}-001.zip", "/x/b"], [1, 1], True),
    ],
)
def test_when_the_listings_are_asked(paths: list[str], containers: list[int], needed: bool) -> None:
    sources = [Source(root, path) for root, path in enumerate(paths)]
    assert needs_survey(sources, containers) is needed


def test_whose_a_file_is() -> None:
    exports = Exports([Source(0, "/x"), Source(1, f"/x/{ANN}-003.zip"), Source(2, "/x/Photos from 2019")])
    paths = {
        (0, "Takeout/Google Photos/F/a.jpg", "F"): "0\0Takeout/Google Photos",
        (0, f"{BEN}-001/Takeout/Google Photos/F/a.jpg", "F"): "20260205T111111Z",
        (0, "Takeout/Google Photos/F/G/a.jpg", "F/G"): "0\0Takeout/Google Photos",
        (0, "a.jpg", ""): "0\0",
        (1, "Takeout/Google Photos/F/a.jpg", "F"): "20260101T000000Z",
        (2, "a.jpg", "Photos from 2019"): "2\0",
    }
    found = {each: exports.key(MediaFile(each[0], each[1], 1, 0), each[2]) for each in paths}
    assert found == paths


def test_files_that_cannot_be_read_are_neither_same_nor_different() -> None:
    def read(file: MediaFile) -> BinaryIO:
        if file.root:
            raise OSError(5, "no")
        return io.BytesIO(b"x")

    digests, one = Digests(read), MediaFile(0, "a", 1, 0)
    other = replace(one, root=1)
    assert not digests.same(one, other) and not digests.differ(one, other)
    assert digests.differ(one, replace(other, size=2)) and not digests.same(one, replace(other, size=2))


def orphan(number: int, taken: int) -> JsonFile:
    said = Sidecar(title="image.jpg", description=str(number), photo_taken_time=Stamp(str(taken)))
    return JsonFile(0, f"Album/image.jpg({number:05}).json", 1, 0, "sidecar", said)


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=FEW * 3),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), min_size=1, max_size=12),
)
def test_ranges_say_what_trying_each_says(moments: list[int], pictures: list[tuple[int, int]]) -> None:
    """Each picture agrees with all that was taken from `first` on for `length` seconds."""
    files = [orphan(number, taken) for number, taken in enumerate(moments)]
    orphans = Orphans(files, lambda _: "")
    lists = orphans.titled(["image.jpg"], lambda _: True)
    expected: dict[int, set[str]] = {}
    agreeing = {}
    for number, (first, length) in enumerate(pictures):

        def fits(taken: float, first: int = first, length: int = length) -> bool:
            return first <= taken <= first + length

        ranges = orphans.agreeing(lists, fits, lambda first=first, length=length: [(first, first + length)])
        expected[number] = {each for each, same in orphans.said.items() if fits(same[0].sidecar.taken)}
        assert ranges.count == len(expected[number])
        assert set(orphans.first(ranges)) <= expected[number]
        if ranges.parts:
            agreeing[0, str(number)] = ranges
    claims = orphans.claims(agreeing, set(orphans.said), lambda one, other: one == other)
    for what in orphans.said:
        who = {number for number, agreed in expected.items() if what in agreed}
        assert (claims[what].count if what in claims else 0) == len(who)
        if who:
            assert claims[what].same == (len(who) == 1)


def test_a_reason_names_a_few_and_how_many_more() -> None:
    orphans = Orphans([orphan(number, 100 + number) for number in range(1000)], lambda _: "")
    lists = orphans.titled(["image.jpg"], lambda _: True)
    ranges = orphans.agreeing(lists, lambda _: True, lambda: [(0, 5000)])
    named = orphans.named(ranges)
    assert named.endswith(" and 997 more") and named.count(".json") == 3
