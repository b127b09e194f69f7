import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from companion_cases import COMPANION_CASES
from match_cases import CASES, album, card, folder, matches, media
from msgspec.structs import replace

from pef_tui.google_json import Sidecar
from pef_tui.model import Folder, JsonFile, MediaFile
from pef_tui.takeout.matcher import match_folder

ALL_CASES = [*CASES, *COMPANION_CASES]


VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "matching.jsonl"

DEPARTURES: dict[str, str] = {}
"""Cases from the tests of other tools that are not followed, with the reason. docs/matching.md lists them too. (None at
present.)
"""


@pytest.mark.parametrize(
    ("files", "cards", "expected"), [case[1:] for case in ALL_CASES], ids=[case[0] for case in ALL_CASES]
)
def test_joins(
    files: list[str], cards: list[JsonFile | str], expected: dict[str, tuple[str, str, str] | None]
) -> None:
    actual = matches(files, cards)
    report = {
        name: (match.json.name, match.rule, match.main) if match.json is not None else None
        for name, match in actual.items()
    }
    assert report == expected
    for match in actual.values():
        assert match.folder == "F"
        assert match.sidecar == (match.json.sidecar if match.json else None)
        assert bool(match.reason) == (match.json is None) == (match.rule is None)


@pytest.mark.parametrize(
    ("files", "cards", "reasons"),
    [
        (["a.jpg"], [], {"a.jpg": "no sidecar"}),
        (
            ["a.jpg"],
            ["a.jpg.json", "a.jpg.supplemental-metadata.json"],
            {"a.jpg": "ambiguous: a.jpg.json, a.jpg.supplemental-metadata.json"},
        ),
        (
            ["a.jpg", "A.jpg"],
            ["a.JPG.json"],
            dict.fromkeys(("a.jpg", "A.jpg"), "ambiguous: a.JPG.json fits A.jpg, a.jpg"),
        ),
        (
            ["i.png", "i.jpg", "i-edited.heic"],
            ["i.png.json", "i.jpg.json"],
            {"i.png": "", "i.jpg": "", "i-edited.heic": "ambiguous: belongs to one of i.jpg, i.png"},
        ),
    ],
)
def test_says_why_there_is_no_sidecar(
    files: list[str], cards: list[JsonFile | str], reasons: dict[str, str]
) -> None:
    assert {name: match.reason for name, match in matches(files, cards).items()} == reasons


def test_a_pair_without_any_sidecar_is_reported_as_a_pair() -> None:
    actual = matches(["I.HEIC", "I.MOV", "I-edited.HEIC", "P.MP.jpg", "P.MP~2", "P.MP"], [])
    assert {name: match.main for name, match in actual.items()} == {
        "I.HEIC": "",
        "I.MOV": "I.HEIC",
        "I-edited.HEIC": "I.HEIC",
        "P.MP.jpg": "",
        "P.MP~2": "",
        "P.MP": "P.MP.jpg",
    }


def test_the_album_goes_with_every_match() -> None:
    actual = matches(["a.jpg", "b.jpg"], ["a.jpg.json", album("metadata.json", "Trip")])
    assert {match.album.title for match in actual.values() if match.album} == {"Trip"}


def test_of_two_exports_that_differ_in_words_the_newer_naming_counts() -> None:
    old, new = card("a.jpg.json", taken=5), card("a.jpg.supplemental-metadata.json", taken=5)
    assert old.sidecar is not None
    edited = replace(old, sidecar=replace(old.sidecar, description="before"))
    assert matches(["a.jpg"], [edited, new])["a.jpg"].json == new


def test_same_named_media_of_two_sources_share_their_sidecar() -> None:
    actual = list(match_folder(folder([media("a.jpg", 0), media("a.jpg", 2)], [card("a.jpg.json", root=1)])))
    assert [(match.media.root, match.json and match.json.root) for match in actual] == [(0, 1), (2, 1)]


def test_the_sidecar_of_the_same_source_wins() -> None:
    files = [media("a.jpg", root) for root in (0, 1, 2)]
    cards = [card("a.jpg.json", root=root, taken=root + 1) for root in (0, 1)]
    actual = list(match_folder(folder(files, cards)))
    assert [match.json and match.json.root for match in actual] == [0, 1, None]
    assert actual[2].reason == "ambiguous: a.jpg.json differs between sources"


def test_same_named_sidecars_of_equal_content_are_one() -> None:
    files = [media("a.jpg", root) for root in (0, 1, 2)]
    cards = [card("a.jpg.json", root=root) for root in (0, 1)]
    actual = list(match_folder(folder(files, cards)))
    assert [match.json and match.json.root for match in actual] == [0, 1, 0]


def folders(vector: dict[str, dict[str, str]]) -> Iterator[Folder]:
    """Return the folders of a case as a scanner would list them. Each sidecar has a time of its own."""
    kinds = vector.get("json_kinds", {})
    for path in sorted({file.rpartition("/")[0] for file in vector["files"]}):
        files: list[MediaFile] = []
        cards: list[JsonFile] = []
        for name in (file.rpartition("/")[2] for file in vector["files"] if file.rpartition("/")[0] == path):
            full = f"{path}/{name}".lstrip("/")
            if not name.endswith(".json"):
                files.append(media(name))
            elif kinds.get(full) == "album":
                cards.append(album(name, vector["titles"][full]))
            else:
                cards.append(card(name, vector["titles"][full]))
        yield Folder(path, *_parts(folder(files, cards)))


def _parts(created: Folder) -> tuple[tuple[MediaFile, ...], tuple[JsonFile, ...], tuple[MediaFile, ...]]:
    return created.media, created.json, created.other


@pytest.mark.shared
@pytest.mark.skipif(not VECTORS.exists(), reason="no shared vectors")
def test_every_vector_holds() -> None:
    vectors = [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()]
    assert len(vectors) >= 160
    for vector in vectors:
        entries: dict[str, str | None] = {}
        for made in folders(vector):
            for match in match_folder(made):
                names = (match.media.name, match.json.name if match.json else None)
                paths = [f"{made.path}/{name}".lstrip("/") if name else None for name in names]
                entries[str(paths[0])] = paths[1]
        if vector["id"] not in DEPARTURES:
            assert {name: entries.get(name) for name in vector["expect"]} == vector["expect"], vector["id"]


@pytest.mark.parametrize("suffix", ["-edited.jpg", "-bearbeitet.jpg", "-edited.heic", ".MP4"])
def test_companions_belong_to_the_picture_with_the_form_of_their_name(suffix: str) -> None:
    """Two pictures of one folder have names that differ only in Unicode form."""
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    names = [f"{stem}{end}" for stem in (composed, decomposed) for end in (".jpg", suffix)]
    json_names = [f"{stem}.jpg.supplemental-metadata.json" for stem in (composed, decomposed)]
    media = tuple(MediaFile(0, f"Trip/{name}", 1, 1) for name in names)
    files = tuple(
        JsonFile(0, f"Trip/{name}", 1, 1, "sidecar", Sidecar(name.partition(".supplemental")[0]))
        for name in json_names
    )
    sidecars = {
        match.media.name: match.json.name if match.json else ""
        for match in match_folder(Folder("Trip", media, files, ()))
    }
    for stem in (composed, decomposed):
        assert sidecars[f"{stem}{suffix}"] == f"{stem}.jpg.supplemental-metadata.json"
