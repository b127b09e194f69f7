"""Several exports, and parts of one export, as sources of one run or of successive runs."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from commands import media, tree
from export_layouts import JULY, OCTOBER, SC, Files, G, Y, lay, picture, results_by_name, run

from pef_tui.testing import film
from pef_tui.testing.export import sidecar


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


APART: dict[str, tuple[dict[str, Files], dict[str, list[tuple[str, str | None]]]]] = {
    # sources and their files; by name of the media: (outcome, day) of all files with this name
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
    inputs, expected = APART[case]
    sources = [lay(tmp_path / name, files) for name, files in inputs.items()]
    for number, order in enumerate(permutations(sources)):
        actual = results_by_name(run(list(order), tmp_path / f"out{number}"))
        assert {name: actual[name] for name in expected} == expected
        if number == 3:
            break


def test_two_exports_together_say_what_each_says_alone(tmp_path: Path) -> None:
    people = {"ann": (1, JULY), "ben": (100, OCTOBER)}
    sources = []
    for person, (seed, capture_time) in people.items():
        files: Files = {f"{G}/Trip/metadata.json": {"title": "Trip"}}
        for number in range(12):
            name = f"IMG_{number % 6:04}.jpg" if number < 6 else f"IMG_{number % 6:04}(1).jpg"
            title = f"IMG_{number % 6:04}.jpg"
            folder = f"{G}/Trip" if number % 4 == 3 else Y
            files[f"{folder}/{name}"] = seed + number
            counter = "" if number < 6 else "(1)"
            if (number + seed) % 3:
                sidecar_json = sidecar(title, taken=capture_time + number * 60, people=[person])
                files[f"{Y}/{title}.supplemental-metadata{counter}.json"] = sidecar_json
        sources.append(lay(tmp_path / person, files))
    keys = ("sidecar", "outcome", "taken", "reason", "tags")
    together = run(sources, tmp_path / "both")
    for source in sources:
        single = run([source], tmp_path / f"only-{source.name}")
        sidecar_json = {
            line["source"]: [line[key] for key in keys] for line in single if line["type"] == "media"
        }
        pair = [(line["source"], [line[key] for key in keys]) for line in together if line["type"] == "media"]
        assert all((name, facts) in pair for name, facts in sidecar_json.items())


def test_the_newer_export_counts(tmp_path: Path) -> None:
    """A date that was corrected between two exports is found by stamps, views or file times, and reported."""
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
    for way, inputs in ways.items():
        place = tmp_path / way
        place.mkdir()
        sources = [lay(place / name, files) for name, files in inputs.items()]
        for number, order in enumerate((sources, sources[::-1])):
            lines = run(order, place / f"out{number}")
            (outputs,) = (line for line in lines if line["type"] == "media" and line["outcome"] == "written")
            assert outputs["taken"].startswith("2019-10-25"), way
            assert "conflict between exports: the older" in outputs["warnings"][0]
            assert "taken 2019-07-01 10:34:56 UTC" in outputs["warnings"][0]
            assert {line["outcome"] for line in lines if line["type"] == "json"} == {"used"}
        assert tree(place / "out0") == tree(place / "out1")


OLDER, NEWER = "takeout-20250101T000000Z-001.zip", "takeout-20260101T000000Z-001.zip"
OTHER = sidecar("I.png", taken=OCTOBER, people=["Ben"])
"""The sidecar of another picture, which the newer export does not have."""
WEAKER: dict[str, tuple[Files, Files, set[str]]] = {
    # files of the older and the newer export; which JSON files belong to no picture
    "another extension": (
        picture("i.jpg", 1),
        {f"{Y}/i.jpg": 1, f"{Y}/I.png{SC}": OTHER},
        {f"{Y}/I.png{SC}"},
    ),
    "and a live video": (
        {**picture("i.jpg", 1), f"{Y}/i.mp4": film("mp4", 2)},
        {f"{Y}/i.jpg": 1, f"{Y}/i.mp4": film("mp4", 2), f"{Y}/I.png{SC}": OTHER},
        {f"{Y}/I.png{SC}"},
    ),
    "an added extension": (
        picture("i.jpg", 1),
        {f"{Y}/i.jpg": 1, f"{Y}/i{SC}": sidecar("i", taken=OCTOBER)},
        {f"{Y}/i{SC}"},
    ),
}


@pytest.mark.parametrize("case", WEAKER)
def test_the_sidecar_of_its_own_name_counts_more_than_a_newer_one_by_a_weak_rule(
    tmp_path: Path, case: str
) -> None:
    older, newer, orphans = WEAKER[case]
    sources = [lay(tmp_path / OLDER, older), lay(tmp_path / NEWER, newer)]
    for number, order in enumerate((sources, sources[::-1])):
        lines = run(order, tmp_path / f"out{number}")
        pictures = [line for line in lines if line["type"] == "media"]
        assert {line["sidecar"] for line in pictures} == {f"{Y}/i.jpg{SC}"}
        assert {line["outcome"] for line in pictures} == {"written", "duplicate"}
        assert not any(line["warnings"] for line in pictures)
        json = {line["source"]: line["outcome"] for line in lines if line["type"] == "json"}
        assert {name for name, outcome in json.items() if outcome == "orphan"} == orphans
    assert tree(tmp_path / "out0") == tree(tmp_path / "out1")


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
    # files of the first part; files that the second part adds
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


@pytest.mark.parametrize("options", [(), ("--layout", "{year}/{name}"), ("--unmatched", "skip")], ids=str)
@pytest.mark.parametrize("case", LATER)
def test_parts_one_by_one_end_as_all_at_once(tmp_path: Path, case: str, options: tuple[str, ...]) -> None:
    first, second = LATER[case]
    album = {f"{G}/Trip/metadata.json": {"title": "Trip"}}
    parts = [
        lay(tmp_path / f"takeout-20260101T000000Z-00{number}.zip", files)
        for number, files in enumerate((first | album, second), 1)
    ]
    run(parts[:1], tmp_path / "out", *options)
    lines_after = run(parts, tmp_path / "out", *options)
    fresh = run(parts, tmp_path / "fresh", *options)
    sample, expected = tree(tmp_path / "out"), tree(tmp_path / "fresh")
    assert sorted(sample.values()) == sorted(expected.values())
    if "--layout" not in options and "the picture of" not in case:  # else names are taken
        assert sample == expected
    facts = {name: (line["sidecar"], line["rule"]) for name, line in media(fresh).items()}
    assert {name: (line["sidecar"], line["rule"]) for name, line in media(lines_after).items()} == facts
    second_run = media(run(parts, tmp_path / "out", *options)).values()
    assert {line["outcome"] for line in second_run} <= {"unchanged", "unmatched" if "skip" in options else ""}
    if "fits as well" in case or "says the same" in case:
        modified = [line for line in media(lines_after).values() if line["warnings"]]
        assert ["taken back" in line["warnings"][0] for line in modified] == [True]


def test_what_a_person_changed_is_not_taken_back(tmp_path: Path) -> None:
    first, second = LATER["the picture of the album's sidecar"]
    parts = [lay(tmp_path / f"part{number}.zip", files) for number, files in enumerate((first, second))]
    out = tmp_path / "out"
    run(parts[:1], out, "--unmatched", "skip")
    outputs = out / "Photos from 2019/i.jpg"
    outputs.write_bytes(outputs.read_bytes() + b"edited")
    lines = media(run(parts, out, "--unmatched", "skip"))
    assert outputs.read_bytes().endswith(b"edited")
    assert any("was changed since and is left there" in text for text in lines[f"{Y}/i.jpg"]["warnings"])


@pytest.mark.parametrize("options", [(), ("--retry-failed",), ("--force",)], ids=str)
def test_what_was_taken_back_is_reported_like_a_picture_that_never_had_an_output(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    first, second = LATER["the picture of the album's sidecar"]
    parts = [lay(tmp_path / f"part{number}.zip", files) for number, files in enumerate((first, second))]
    out, skip = tmp_path / "out", ("--unmatched", "skip")
    run(parts[:1], out, *skip)
    run(parts, out, *skip)
    for number in range(3):  # each export has a new file in the folder, so its records are not reported again
        parts.append(lay(tmp_path / f"more{number}.zip", {f"{Y}/j{number}.jpg": 5 + number}))
        line, never = (
            media(run(parts, place, *skip, *options))[f"{Y}/i.jpg"] for place in (out, tmp_path / f"{number}")
        )
        assert (line["outcome"], line["output"], line["reason"]) == (never["outcome"], None, never["reason"])


@pytest.mark.parametrize("options", [(), ("--albums", "none"), ("--force",)], ids=str)
@pytest.mark.parametrize("suffix", ["", ".zip"])
def test_a_file_like_the_one_that_proved_a_match_before_proves_nothing(
    tmp_path: Path, suffix: str, options: tuple[str, ...]
) -> None:
    """A file of another export has path, size and time of the file whose bytes were equal, but other bytes."""
    film_name, sidecar_name = f"{Y}/i.mp4", f"{Y}/i.mp4{SC}"
    copy = {f"{G}/Trip/i.mp4": film("mp4", 1), f"{G}/Trip/metadata.json": {"title": "Trip"}}
    before = {film_name: film("mp4", 1), sidecar_name: sidecar("i.mp4", taken=JULY), **copy}
    other = {film_name: film("mp4", 2), sidecar_name: sidecar("i.mp4", taken=OCTOBER)}
    second = lay(tmp_path / f"takeout-20260205T111111Z-001{suffix}", other)
    first = lay(tmp_path / f"takeout-20260101T000000Z-001{suffix}", before)
    run([first, second], tmp_path / "out", *options)
    shutil.rmtree(first) if first.is_dir() else first.unlink()
    lay(first, copy)
    lines = [line for line in run([first, second], tmp_path / "out", *options) if line["type"] == "media"]
    assert {line["source"]: line["sidecar"] for line in lines} == {
        film_name: sidecar_name,
        f"{G}/Trip/i.mp4": None,
    }
