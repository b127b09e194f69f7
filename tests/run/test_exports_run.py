"""Several exports, and the parts of one, given to the command together or one after the other."""

from __future__ import annotations

import json
import os
import zipfile
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from commands import Line, media, run_here, tree

from pef_tui.testing import film, make
from pef_tui.testing.export import sidecar

Files = dict[str, Any]
G = "Takeout/Google Photos"
Y = f"{G}/Photos from 2019"
SC = ".supplemental-metadata.json"
JULY, OCTOBER = 1_561_977_296, 1_571_977_296
KINDS = {"jpg": "jpeg", "heic": "heic", "mp4": "mp4", "png": "png"}


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def data(name: str, content: Any) -> bytes:
    if isinstance(content, int):
        return make(KINDS[name.rpartition(".")[2].lower()], content)
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def lay(root: Path, files: Files) -> Path:
    """A folder, or a zip where its name says so."""
    if root.suffix == ".zip":
        with zipfile.ZipFile(root, "w") as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, (2024, 11, 5, 9, 30, 0)), data(name, content))
        return root
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data(name, content))
        os.utime(path, (1_730_799_000,) * 2)
    return root


def run(sources: list[Path], out: Path, *more: str) -> list[Line]:
    return run_here(sources[0], out, *map(str, sources[1:]), *more)


def told(lines: list[Line]) -> dict[str, list[tuple[str, str | None]]]:
    """Each media file's name with its rule and moment, for every source in which it is."""
    found: dict[str, list[tuple[str, str | None]]] = {}
    for line in lines:
        if line["type"] == "media":
            name = line["source"].rpartition("/")[2]
            found.setdefault(name, []).append((line["outcome"], (line["taken"] or "")[:10] or None))
    return {name: sorted(each, key=str) for name, each in found.items()}


def picture(name: str, seed: int, taken: int = JULY, suffix: str = SC, **more: Any) -> Files:
    return {f"{Y}/{name}": seed, f"{Y}/{name}{suffix}": sidecar(name, taken=taken, **more)}


APART: dict[str, tuple[dict[str, Files], dict[str, list[tuple[str, str | None]]]]] = {
    # what is given: {source: files}, and per media name (outcome, day) of all its files
    "a picture that lost its sidecar": (
        {"a": picture("i.jpg", 1), "b": {f"{Y}/i.jpg": 2}},
        {"i.jpg": [("unmatched", None), ("written", "2019-07-01")]},
    ),
    "two containers of one source": (
        {
            "a": {
                f"{who}/{name}": what
                for who, files in (("Ann", picture("i.jpg", 1)), ("Ben", {f"{Y}/i.jpg": 2}))
                for name, what in files.items()
            }
        },
        {"i.jpg": [("unmatched", None), ("written", "2019-07-01")]},
    ),
    "zips of two exports": (
        {
            "takeout-20260101T000000Z-001.zip": picture("i.jpg", 1),
            "takeout-20260205T111111Z-001.zip": {f"{Y}/i.jpg": 2},
        },
        {"i.jpg": [("unmatched", None), ("written", "2019-07-01")]},
    ),
    "zips of two exports, neither with both": (
        {
            "takeout-20260101T000000Z-001.zip": {f"{Y}/i.jpg{SC}": sidecar("i.jpg")},
            "takeout-20260205T111111Z-001.zip": {f"{Y}/i.jpg": 2},
        },
        {"i.jpg": [("unmatched", None)]},
    ),
    "zips of one export": (
        {
            "takeout-20260101T000000Z-001.zip": {f"{Y}/i.jpg{SC}": sidecar("i.jpg")},
            "takeout-20260101T000000Z-2-001.zip": {f"{Y}/i.jpg": 2},
        },
        {"i.jpg": [("written", "2019-07-01")]},
    ),
    "unpacked parts whose folders have the stamps": (
        {
            "takeout-20260101T000000Z-001": {f"{Y}/i.jpg": 1},
            "takeout-20260101T000000Z-002": {f"{Y}/i.jpg{SC}": sidecar("i.jpg")},
            "takeout-20260205T111111Z-001": {f"{Y}/i.jpg": 2},
            "takeout-20260205T111111Z-002": {f"{Y}/i.jpg{SC}": sidecar("i.jpg", taken=OCTOBER)},
        },
        {"i.jpg": [("written", "2019-07-01"), ("written", "2019-10-25")]},
    ),
    "a film of the live photo's name": (
        {
            "a": {
                f"{Y}/i.HEIC": 1,
                f"{Y}/i.HEIC{SC}": sidecar("i.HEIC"),
                f"{Y}/i.MP4": film("mp4", 2, created=datetime.fromtimestamp(JULY, UTC)),
            },
            "b": picture("i.MP4", 3, OCTOBER),
        },
        {
            "i.HEIC": [("written", "2019-07-01")],
            "i.MP4": [("copied", "2019-07-01"), ("written", "2019-10-25")],
        },
    ),
    "a film alone in another source": (
        {"a": {f"{Y}/i.HEIC": 1, f"{Y}/i.HEIC{SC}": sidecar("i.HEIC")}, "b": {f"{Y}/i.MP4": 3}},
        {"i.MP4": [("unmatched", None)]},
    ),
    "a film in another source, of the still's moment": (
        {
            "a": {f"{Y}/i.HEIC": 1, f"{Y}/i.HEIC{SC}": sidecar("i.HEIC")},
            "b": {f"{Y}/i.MP4": film("mp4", 2, created=datetime.fromtimestamp(JULY + 1, UTC))},
        },
        {"i.MP4": [("copied", "2019-07-01")]},
    ),
    "one sidecar of a third source": (
        {"a": {f"{Y}/i.jpg": 1}, "b": {f"{Y}/i.jpg": 2}, "c": {f"{Y}/i.jpg{SC}": sidecar("i.jpg")}},
        {"i.jpg": [("unmatched", None), ("unmatched", None)]},
    ),
    "what another folder shows": (
        {
            "a": {f"{Y}/i.jpg{SC}": sidecar("i.jpg"), f"{G}/Trip/x.jpg": 1},
            "b": {f"{Y}/i.jpg": 2, f"{G}/Trip/x.jpg": 3},
        },
        {"i.jpg": [("unmatched", None)]},
    ),
    "across folders": (
        {
            "takeout-20260101T000000Z-001.zip": {f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg")},
            "takeout-20260205T111111Z-001.zip": {f"{Y}/i.jpg": 2},
        },
        {"i.jpg": [("unmatched", None)]},
    ),
    "an old and a new naming": (
        {"a": picture("i.jpg", 1, suffix=".json"), "b": picture("i.jpg", 2, OCTOBER)},
        {"i.jpg": [("written", "2019-07-01"), ("written", "2019-10-25")]},
    ),
    "an edited copy and a counted picture of another export": (
        {"a": picture("i.jpg", 1), "b": {f"{Y}/i.jpg": 2, f"{Y}/i-edited.jpg": 3, f"{Y}/i(1).jpg": 4}},
        {"i-edited.jpg": [("unmatched", None)], "i(1).jpg": [("unmatched", None)]},
    ),
}


@pytest.mark.parametrize("case", APART)
def test_two_exports_never_mix(tmp_path: Path, case: str) -> None:
    given, expected = APART[case]
    sources = [lay(tmp_path / name, files) for name, files in given.items()]
    for number, order in enumerate(permutations(sources)):
        found = told(run(list(order), tmp_path / f"out{number}"))
        assert {name: found[name] for name in expected} == expected
        if number == 3:
            break


def test_two_exports_together_say_what_each_says_alone(tmp_path: Path) -> None:
    people = {"ann": (1, JULY), "ben": (100, OCTOBER)}
    sources = []
    for who, (seed, taken) in people.items():
        files: Files = {f"{G}/Trip/metadata.json": {"title": "Trip"}}
        for number in range(12):
            name = f"IMG_{number % 6:04}.jpg" if number < 6 else f"IMG_{number % 6:04}(1).jpg"
            title = f"IMG_{number % 6:04}.jpg"
            folder = f"{G}/Trip" if number % 4 == 3 else Y
            files[f"{folder}/{name}"] = seed + number
            counter = "" if number < 6 else "(1)"
            if (number + seed) % 3:
                said = sidecar(title, taken=taken + number * 60, people=[who])
                files[f"{Y}/{title}.supplemental-metadata{counter}.json"] = said
        sources.append(lay(tmp_path / who, files))
    keys = ("sidecar", "outcome", "taken", "reason", "tags")
    together = run(sources, tmp_path / "both")
    for source in sources:
        alone = run([source], tmp_path / f"only-{source.name}")
        said = {line["source"]: [line[key] for key in keys] for line in alone if line["type"] == "media"}
        both = [(line["source"], [line[key] for key in keys]) for line in together if line["type"] == "media"]
        assert all((name, facts) in both for name, facts in said.items())


def test_the_newer_export_counts(tmp_path: Path) -> None:
    """The same bytes, a date put right in between: by stamps, by views, by file times; told, in any order."""
    corrected = sidecar("i.jpg", taken=OCTOBER)
    ways: dict[str, dict[str, Files]] = {
        "stamps": {
            "takeout-20250101T000000Z-001.zip": picture("i.jpg", 1, imageViews="9"),
            "takeout-20260101T000000Z-001.zip": {f"{Y}/i.jpg": 1, f"{Y}/i.jpg{SC}": corrected},
        },
        "views": {
            "a": picture("i.jpg", 1, imageViews="2"),
            "b": {f"{Y}/i.jpg": 1, f"{Y}/i.jpg{SC}": corrected},
        },
        "naming": {
            "a": picture("i.jpg", 1, suffix=".json"),
            "b": {f"{Y}/i.jpg": 1, f"{Y}/i.jpg{SC}": corrected},
        },
        "nothing": {"a": picture("i.jpg", 1), "b": {f"{Y}/i.jpg": 1, f"{Y}/i.jpg{SC}": corrected}},
    }
    for way, given in ways.items():
        place = tmp_path / way
        place.mkdir()
        sources = [lay(place / name, files) for name, files in given.items()]
        for number, order in enumerate((sources, sources[::-1])):
            lines = run(order, place / f"out{number}")
            (written,) = (line for line in lines if line["type"] == "media" and line["outcome"] == "written")
            assert written["taken"].startswith("2019-10-25"), way
            assert "conflict between exports: the older" in written["warnings"][0]
            assert "taken 2019-07-01 10:34:56 UTC" in written["warnings"][0]
            assert {line["outcome"] for line in lines if line["type"] == "json"} == {"used"}
        assert tree(place / "out0") == tree(place / "out1")


def test_exports_that_say_the_same_need_no_word(tmp_path: Path) -> None:
    sources = [lay(tmp_path / name, picture("i.jpg", 1, url=f"https://{name}")) for name in "ab"]
    lines = media(run(sources, tmp_path / "out")).values()
    assert all(not line["warnings"] for line in lines)


COPIES: dict[str, tuple[Files, dict[str, str | None]]] = {
    "an album's copy is of the picture that uses the other": (
        {
            **picture("i.jpg", 1),
            f"{Y}/i(1).jpg": 2,
            f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg", url="https://other"),
        },
        {"i(1).jpg": None},
    ),
    "also with the same link, and in old naming": (
        {**picture("i.jpg", 1), f"{Y}/i(1).jpg": 2, f"{G}/Trip/i.jpg.json": sidecar("i.jpg")},
        {"i(1).jpg": None},
    ),
    "the same bytes may have it": (
        {
            **picture("i.jpg", 1),
            f"{G}/Other/i.jpg": 1,
            f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg", url="https://other"),
        },
        {"i.jpg": "elsewhere"},
    ),
    "one that says something else is another picture's": (
        {
            **picture("i.jpg", 1),
            f"{Y}/i(1).jpg": 2,
            f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg", taken=JULY + 60),
        },
        {"i(1).jpg": "elsewhere"},
    ),
}


@pytest.mark.parametrize("case", COPIES)
def test_a_copy_of_a_sidecar_in_use(tmp_path: Path, case: str) -> None:
    files, expected = COPIES[case]
    source = lay(tmp_path / "a", files)
    for _ in range(2):
        lines = run([source], tmp_path / "out")
        rules = {
            name.rpartition("/")[2]: line["rule"]
            for name, line in media(lines).items()
            if line["rule"] != "exact"
        }
        assert rules == expected
        assert {line["outcome"] for line in lines if line["type"] == "json"} == {"used"}


LATER: dict[str, tuple[Files, Files]] = {
    # what the first part has, and what the second part brings
    "the picture of the album's sidecar": (
        {f"{Y}/i.jpg": 2, f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg", people=["Ann"])},
        {f"{G}/Trip/i.jpg": 1},
    ),
    "a second sidecar that fits as well": (
        {f"{Y}/i.jpg": 2, f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg", people=["Ann"])},
        {f"{G}/Other/i.jpg{SC}": sidecar("i.jpg", taken=JULY + 600)},
    ),
    "a second picture that fits as well": (
        {f"{Y}/i.jpg": 2, f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg", people=["Ann"])},
        {f"{Y}/i(1).jpg": 3},
    ),
    "a sidecar in use that says the same": (
        {f"{Y}/i(1).jpg": 2, f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg", people=["Ann"])},
        {f"{Y}/i.jpg": 1, f"{Y}/i.jpg{SC}": sidecar("i.jpg", people=["Ann"], url="https://other")},
    ),
    "its own sidecar": (
        {f"{Y}/i.jpg": 2, f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg", people=["Ann"])},
        {f"{Y}/i.jpg{SC}": sidecar("i.jpg", taken=OCTOBER)},
    ),
    "the album's other pictures are of other days": (
        {
            f"{G}/Trip/i.jpg": 2,
            f"{G}/Trip/j.jpg": 3,
            f"{G}/Trip/j.jpg{SC}": sidecar("j.jpg"),
            f"{Y}/i.jpg{SC}": sidecar("i.jpg", taken=JULY + 600),
        },
        {f"{G}/Trip/k.jpg": 4, f"{G}/Trip/k.jpg{SC}": sidecar("k.jpg", taken=JULY - 300 * 86_400)},
    ),
    "the other sidecar of a picture with the same bytes": (
        {f"{Y}/i.jpg": 1, f"{Y}/i.jpg{SC}": sidecar("i.jpg"), f"{G}/Trip/i.jpg": 1},
        {f"{G}/Other/i.jpg": 1, f"{G}/Other/i.jpg{SC}": sidecar("i.jpg", taken=OCTOBER)},
    ),
}


@pytest.mark.parametrize("more", [(), ("--layout", "{year}/{name}"), ("--unmatched", "skip")], ids=str)
@pytest.mark.parametrize("case", LATER)
def test_parts_one_by_one_end_as_all_at_once(tmp_path: Path, case: str, more: tuple[str, ...]) -> None:
    one, two = LATER[case]
    album = {f"{G}/Trip/metadata.json": {"title": "Trip"}}
    parts = [
        lay(tmp_path / f"takeout-20260101T000000Z-00{number}.zip", files)
        for number, files in enumerate((one | album, two), 1)
    ]
    run(parts[:1], tmp_path / "out", *more)
    after = run(parts, tmp_path / "out", *more)
    fresh = run(parts, tmp_path / "fresh", *more)
    made, expected = tree(tmp_path / "out"), tree(tmp_path / "fresh")
    assert sorted(made.values()) == sorted(expected.values())
    if "--layout" not in more and "the picture of" not in case:  # there names are in use already
        assert made == expected
    facts = {name: (line["sidecar"], line["rule"]) for name, line in media(fresh).items()}
    assert {name: (line["sidecar"], line["rule"]) for name, line in media(after).items()} == facts
    again = media(run(parts, tmp_path / "out", *more)).values()
    assert {line["outcome"] for line in again} <= {"unchanged", "unmatched" if "skip" in more else ""}
    if "fits as well" in case or "says the same" in case:
        changed = [line for line in media(after).values() if line["warnings"]]
        assert ["taken back" in line["warnings"][0] for line in changed] == [True]


def test_what_a_person_changed_is_not_taken_back(tmp_path: Path) -> None:
    one, two = LATER["the picture of the album's sidecar"]
    parts = [lay(tmp_path / f"part{number}.zip", files) for number, files in enumerate((one, two))]
    out = tmp_path / "out"
    run(parts[:1], out, "--unmatched", "skip")
    written = out / "Photos from 2019/i.jpg"
    written.write_bytes(written.read_bytes() + b"edited")
    lines = media(run(parts, out, "--unmatched", "skip"))
    assert written.read_bytes().endswith(b"edited")
    assert any("was changed since and is left there" in text for text in lines[f"{Y}/i.jpg"]["warnings"])


@pytest.mark.parametrize("name", ["PXL_20190701_103456123.MP", "PXL_20190701_103456123.MV"])
@pytest.mark.parametrize(
    ("created", "shared"), [(JULY, True), (None, True), (OCTOBER, False)], ids=["its own", "none", "another"]
)
def test_a_motion_film_in_another_source(
    tmp_path: Path, name: str, created: float | None, shared: bool
) -> None:
    """It is of the still of its name, unless its own moment says otherwise."""
    still = lay(tmp_path / "a", picture(f"{name}.jpg", 1, people=["Ann Example"]))
    own = None if created is None else datetime.fromtimestamp(created, UTC)
    other = lay(tmp_path / "b", {f"{Y}/{name}": film("mp4", 2, created=own)})
    for number, sources in enumerate(([still, other], [other, still])):
        line = media(run(sources, tmp_path / f"out{number}"))[f"{Y}/{name}"]
        assert (line["rule"] == "motion") is shared
        assert line["outcome"] == ("written" if shared else "unmatched")
