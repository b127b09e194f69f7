"""With two exports in one run, each file is matched as in a run with its export alone."""

from __future__ import annotations

import io
import random
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_match_properties import Shot, shots

from pef_tui.cross_folder.orphan_times import MAX_TESTED_SINGLY, OrphanIndex
from pef_tui.hooks import Matcher
from pef_tui.model import Folder, JsonFile, Match, MediaFile, Sidecar, Source, Timestamp
from pef_tui.planning.collect import collect_folder
from pef_tui.planning.exports import Exports, MediaDigests, needs_survey
from pef_tui.takeout.matcher import match_folder

MATCHER = Matcher("takeout", match_folder, reads=True)
ANN, BEN = "takeout-20260101T000000Z", "takeout-20260205T111111Z"
Facts = dict[tuple[str, str], tuple[str, str, str]]


def files(created: list[Shot], owner: str, roots: list[int], chance: random.Random) -> Folder:
    """Make the Folder of one export. Its files are in several parts. Any sidecar may be missing."""
    size = len(owner)
    media = [
        MediaFile(chance.choice(roots), f"Takeout/Google Photos/F/{name}", size, 0)
        for shot in created
        for name in shot.files
    ]
    cards = [
        JsonFile(
            chance.choice(roots),
            f"Takeout/Google Photos/F/{shot.json}",
            1,
            0,
            "sidecar",
            Sidecar(
                title=shot.title, description=owner, photo_taken_time=Timestamp(str(10_000 * number + 1))
            ),
        )
        for number, shot in enumerate(created)
        if chance.random() < 0.7
    ]
    return Folder("F", tuple(media), tuple(cards))


def facts(matches: tuple[Match, ...], owners: dict[int, str]) -> Facts:
    """Return, by owner and name of a file: owner and name of its sidecar, and its main picture."""
    return {
        (owners[match.media.root], match.media.name): (
            (match.sidecar.description or "") if match.sidecar else "",
            match.json.name if match.json else "",
            match.main,
        )
        for match in matches
    }


def together(first: Folder, second: Folder, chance: random.Random) -> Folder:
    media, json = [*first.media, *second.media], [*first.json, *second.json]
    chance.shuffle(media)
    chance.shuffle(json)
    return Folder("F", tuple(media), tuple(json))


def open_owned(owners: dict[int, str], file: MediaFile | JsonFile) -> BinaryIO:
    return io.BytesIO(f"{owners[file.root]}{file.name}".encode("utf-8", "surrogatepass"))


@given(shots(), shots(), st.randoms(use_true_random=False))
def test_exports_with_stamps_in_parts(
    anns_shots: list[Shot], bens_shots: list[Shot], chance: random.Random
) -> None:
    names = [(ANN, 0), (ANN, 1), (BEN, 2), (BEN, 3)]
    owners = {root: owner for owner, root in names}
    exports = Exports([Source(root, f"/x/{owner}-00{root + 1}.zip") for owner, root in names])
    foreign, reference = files(anns_shots, ANN, [0, 1], chance), files(bens_shots, BEN, [2, 3], chance)

    def open_file(file: MediaFile | JsonFile) -> BinaryIO:
        return open_owned(owners, file)

    single = facts(collect_folder(foreign, [MATCHER], (), open_file, exports).matches, owners)
    single |= facts(collect_folder(reference, [MATCHER], (), open_file, exports).matches, owners)
    pair = collect_folder(together(foreign, reference, chance), [MATCHER], (), open_file, exports)
    assert facts(pair.matches, owners) == single
    assert not pair.duplicates
    for match in pair.matches:
        assert match.sidecar is None or match.sidecar.description == owners[match.media.root]


@given(shots(), shots(), st.randoms(use_true_random=False))
def test_folders_that_hold_one_name_with_other_bytes(
    anns_shots: list[Shot], bens_shots: list[Shot], chance: random.Random
) -> None:
    owners = {0: "Ann", 1: "Ben"}
    exports = Exports([Source(root, f"/x/{owner}") for root, owner in owners.items()])
    same = MediaFile(0, "Takeout/Google Photos/F/zz.jpg", 3, 0)
    foreign, reference = files(anns_shots, "Ann", [0], chance), files(bens_shots, "Ben", [1], chance)
    foreign = replace(foreign, media=(*foreign.media, same))
    reference = replace(reference, media=(*reference.media, replace(same, root=1)))

    def open_file(file: MediaFile | JsonFile) -> BinaryIO:
        return open_owned(owners, file)

    single = facts(collect_folder(foreign, [MATCHER], (), open_file, exports).matches, owners)
    single |= facts(collect_folder(reference, [MATCHER], (), open_file, exports).matches, owners)
    pair = together(foreign, reference, chance)
    assert facts(collect_folder(pair, [MATCHER], (), open_file, exports).matches, owners) == single
    exports.survey([pair], open_file)
    assert exports.are_distinct(exports.export_of(same, "F"), exports.export_of(reference.media[-1], "F"))
    assert exports.relation_digest(pair) == b"0,1"


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
    actual = {path: exports.export_of(MediaFile(path[0], path[1], 1, 0), path[2]) for path in paths}
    assert actual == paths


def test_files_that_cannot_be_read_are_neither_same_nor_different() -> None:
    def open_file(file: MediaFile | JsonFile) -> BinaryIO:
        if file.root:
            raise OSError(5, "no")
        return io.BytesIO(b"x")

    digests, first = MediaDigests(open_file), MediaFile(0, "a", 1, 0)
    second = replace(first, root=1)
    assert not digests.are_equal(first, second) and not digests.are_different(first, second)
    assert digests.are_different(first, replace(second, size=2)) and not digests.are_equal(
        first, replace(second, size=2)
    )


def orphan(number: int, taken: int) -> JsonFile:
    google_sidecar = Sidecar(
        title="image.jpg", description=str(number), photo_taken_time=Timestamp(str(taken))
    )
    return JsonFile(0, f"Album/image.jpg({number:05}).json", 1, 0, "sidecar", google_sidecar)


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=MAX_TESTED_SINGLY * 3),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), min_size=1, max_size=12),
)
def test_ranges_say_what_trying_each_says(moments: list[int], pictures: list[tuple[int, int]]) -> None:
    """Each picture agrees with all sidecars whose time is at most `length` seconds after `first`."""
    files = [orphan(number, capture_time) for number, capture_time in enumerate(moments)]
    orphans = OrphanIndex(files, lambda _: "")
    lists = orphans.lists_with_titles(["image.jpg"], lambda _: True)
    expected: dict[int, set[str]] = {}
    agreeing = {}
    for number, (first, length) in enumerate(pictures):

        def fits(taken: float, first: int = first, length: int = length) -> bool:
            return first <= taken <= first + length

        def between(first: int = first, length: int = length) -> list[tuple[float, float]]:
            return [(first, first + length)]

        ranges = orphans.agreeing_ranges(lists, fits, between)
        taken_at = {
            name: same[0].sidecar.taken if same[0].sidecar else None
            for name, same in orphans.files_by_content.items()
        }
        expected[number] = {
            name for name, capture_time in taken_at.items() if capture_time is not None and fits(capture_time)
        }
        assert ranges.count == len(expected[number])
        assert set(orphans.first_contents(ranges)) <= expected[number]
        if ranges.parts:
            agreeing[0, str(number)] = ranges
    claims = orphans.claims(agreeing, set(orphans.files_by_content), lambda one, other: one == other)
    for kind in orphans.files_by_content:
        person = {number for number, agreed in expected.items() if kind in agreed}
        assert (claims[kind].count if kind in claims else 0) == len(person)
        if person:
            assert claims[kind].same_bytes == (len(person) == 1)


def test_a_reason_names_a_few_and_how_many_more() -> None:
    orphans = OrphanIndex([orphan(number, 100 + number) for number in range(1000)], lambda _: "")
    lists = orphans.lists_with_titles(["image.jpg"], lambda _: True)
    ranges = orphans.agreeing_ranges(lists, lambda _: True, lambda: [(0, 5000)])
    names = orphans.describe(ranges)
    assert names.endswith(" and 997 more") and names.count(".json") == 3
