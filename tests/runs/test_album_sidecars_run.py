"""Albums whose folder has sidecars but not their pictures: in every mode, in later runs, and when parts are added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Line, media, run_here, run_with, tree

from pef_tui.testing import make, sidecar

SC = ".supplemental-metadata.json"
Y19, Y20, TRIP = "Photos from 2019", "Photos from 2020", "Trip"
JULY = 1_561_977_296
Files = dict[str, bytes]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


def said(
    title: str, taken: float = JULY, url: str = "https://photos.google.com/photo/1", **fields: Any
) -> bytes:
    return json.dumps(sidecar(title, taken=taken, url=url, **fields)).encode()


def album(folder: str, title: str, *sidecars: tuple[str, bytes]) -> Files:
    results = {f"{folder}/metadata.json": json.dumps({"title": title, "access": "protected"}).encode()}
    return results | {f"{folder}/{name}{SC}": data for name, data in sidecars}


def laid(top: Path, files: Files) -> Path:
    for name, data in files.items():
        path = top / "Takeout" / "Google Photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return top


SHARE = "https://photos.google.com/share/x"
PICTURES: Files = {
    f"{Y19}/a.jpg": make("jpeg", 1),
    f"{Y19}/a.jpg{SC}": said("a.jpg"),
    f"{Y19}/alone.jpg": make("jpeg", 2),
    f"{Y19}/live.heic": make("heic", 3),
    f"{Y19}/live.mp4": make("mp4", 3),
    f"{Y19}/live.heic{SC}": said("live.heic"),
    f"{Y19}/a-edited.jpg": make("jpeg", 4),
}
ALBUMS: Files = {
    **album(
        TRIP,
        "Trip to the lake",
        ("a.jpg", said("a.jpg", url=SHARE)),
        ("alone.jpg", said("alone.jpg", JULY + 9000, url=SHARE)),
        ("live.heic", said("live.heic", url=SHARE)),
    ),
    **album("Beach", "Beach", ("a.jpg", said("a.jpg", url=SHARE)), ("gone.jpg", said("gone.jpg"))),
}
COPIES = ["Beach/a-edited.jpg", "Beach/a.jpg"] + [
    f"{TRIP}/{name}" for name in ("a-edited.jpg", "a.jpg", "alone.jpg", "live.heic", "live.mp4")
]


def by_source(lines: list[Line], kind: str = "json") -> dict[str, Line]:
    return {line["source"].split("/", 2)[2]: line for line in lines if line["type"] == kind}


def check_json(lines: list[Line], outputs: bool) -> None:
    report = by_source(lines)
    assert report.pop(f"Beach/gone.jpg{SC}")["outcome"] == "orphan"
    assert {line["outcome"] for line in report.values()} == {"used", "album"}
    listing = sorted(path for line in report.values() for path in line.get("outputs", ()))
    assert listing == (COPIES if outputs else [])
    assert lines[-1]["found"] == len(PICTURES) + len(ALBUMS)
    assert sum(lines[-1]["media"].values()) == 5


@pytest.mark.parametrize("mode", ["folder", "link", "tag", "none"])
def test_an_album_gets_its_pictures(tmp_path: Path, mode: str) -> None:
    source, out = laid(tmp_path / "src", PICTURES | ALBUMS), tmp_path / "out"
    preview = run_here(source, out, "--albums", mode, "--dry-run")
    lines = run_here(source, out, "--albums", mode)
    assert set(by_source(lines, "media")) == {name for name in PICTURES if not name.endswith(".json")}
    copied = mode in ("folder", "link")
    for item in (preview, lines):
        check_json(item, copied)
    actual = tree(out)
    own_value = sorted(name for name in PICTURES if not name.endswith(".json"))
    assert sorted(actual) == sorted([*own_value, *(COPIES if copied else [])])
    if copied:
        assert all(actual[copy][0] == actual[f"{Y19}/{copy.split('/')[1]}"][0] for copy in COPIES)
    if mode == "link":
        assert all((out / copy).samefile(out / f"{Y19}/{copy.split('/')[1]}") for copy in COPIES)
    titles = {name: line["tags"].get("XMP-dc:Subject") for name, line in by_source(lines, "media").items()}
    assert titles[f"{Y19}/a.jpg"] == (["Beach", "Trip to the lake"] if mode == "tag" else None)
    assert titles[f"{Y19}/alone.jpg"] == (["Trip to the lake"] if mode == "tag" else None)
    numbers = {name: (out / name).stat().st_ino for name in actual}
    for _ in range(2):
        second_run = run_here(source, out, "--albums", mode)
        assert second_run[-1]["media"] == {"unchanged": 5}
        check_json(second_run, copied)
        assert tree(out) == actual and {name: (out / name).stat().st_ino for name in actual} == numbers


@pytest.mark.parametrize("mode", ["folder", "link", "tag"])
@pytest.mark.parametrize("first", ["pictures", "albums"])
def test_parts_in_any_order_end_alike(tmp_path: Path, mode: str, first: str) -> None:
    left_side = laid(tmp_path / "one", PICTURES if first == "pictures" else ALBUMS)
    second = laid(tmp_path / "two", ALBUMS if first == "pictures" else PICTURES)
    run_here(left_side, tmp_path / "out", "--albums", mode)
    lines = run_here(left_side, tmp_path / "out", str(second), "--albums", mode)
    check_json(lines, mode != "tag")
    run_here(laid(tmp_path / "both", PICTURES | ALBUMS), tmp_path / "fresh", "--albums", mode)
    assert {name: digest for name, (digest, _) in tree(tmp_path / "out").items()} == {
        name: digest for name, (digest, _) in tree(tmp_path / "fresh").items()
    }
    assert run_here(left_side, tmp_path / "out", str(second), "--albums", mode)[-1]["media"] == {
        "unchanged": 5
    }


def test_a_layout_has_the_album(tmp_path: Path) -> None:
    source = laid(tmp_path / "src", PICTURES | ALBUMS)
    for _ in range(2):
        run_here(source, tmp_path / "out", "--layout", "{album}/{name}")
        names = [name for name in tree(tmp_path / "out") if "/" in name]
        assert names == [copy.replace(TRIP, "Trip to the lake") for copy in COPIES]


def test_a_copy_that_is_gone_is_put_there_again(tmp_path: Path) -> None:
    source, out = laid(tmp_path / "src", PICTURES | ALBUMS), tmp_path / "out"
    mode = ["--batch", "--no-config", "-q", str(source), "-o", str(out)]
    run_with(mode)
    tree_before = tree(out)
    run_with(mode)
    (out / TRIP / "a.jpg").unlink()
    run_with(mode)
    assert tree(out) == tree_before


def test_names_that_meet_in_the_album_are_numbered(tmp_path: Path) -> None:
    files = {
        f"{Y19}/a.jpg": make("jpeg", 1),
        f"{Y19}/a.jpg{SC}": said("a.jpg"),
        f"{Y20}/a.jpg": make("jpeg", 2),
        f"{Y20}/a.jpg{SC}": said("a.jpg", JULY + 3e7),
        f"{TRIP}/a.jpg": make("jpeg", 3),
        **album(TRIP, "Trip", ("a.jpg", said("a.jpg", JULY + 100))),
        f"{TRIP}/a.jpg.supplemental-metadata(1).json": said("a.jpg", url=SHARE),
        f"{TRIP}/a.jpg.supplemental-metadata(2).json": said("a.jpg", JULY + 3e7, url=SHARE),
    }
    source, out = laid(tmp_path / "src", files), tmp_path / "out"
    for _ in range(2):
        run_here(source, out)
        actual = tree(out)
        assert sorted(actual) == [
            f"{Y19}/a.jpg",
            f"{Y20}/a.jpg",
            *(f"{TRIP}/{name}" for name in ("a (2).jpg", "a (3).jpg", "a.jpg")),
        ]
        assert actual[f"{TRIP}/a (2).jpg"][0] == actual[f"{Y19}/a.jpg"][0]
        assert actual[f"{TRIP}/a (3).jpg"][0] == actual[f"{Y20}/a.jpg"][0]


@pytest.mark.parametrize("mode", ["folder", "link", "tag"])
def test_a_sidecar_that_fits_two_pictures_is_of_neither(tmp_path: Path, mode: str) -> None:
    burst = {
        f"{Y19}/a.jpg": make("jpeg", 1),
        f"{Y19}/a.jpg{SC}": said("a.jpg"),
        f"{Y19}/a(1).jpg": make("jpeg", 2),
        f"{Y19}/a.jpg.supplemental-metadata(1).json": said("a.jpg"),
    }
    first = album(TRIP, "Trip", ("a.jpg", said("a.jpg", url=SHARE)))
    lines = run_here(laid(tmp_path / "src", burst | first), tmp_path / "out", "--albums", mode)
    assert sorted(tree(tmp_path / "out")) == [f"{Y19}/a(1).jpg", f"{Y19}/a.jpg"]
    assert all("XMP-dc:Subject" not in line["tags"] for line in media(lines).values())
    pair = first | {f"{TRIP}/a.jpg.supplemental-metadata(1).json": said("a.jpg", url=SHARE)}
    lines = run_here(laid(tmp_path / "src2", burst | pair), tmp_path / "out2", "--albums", mode)
    if mode == "tag":
        assert all(line["tags"]["XMP-dc:Subject"] == ["Trip"] for line in media(lines).values())
    else:
        assert len(tree(tmp_path / "out2")) == 4


def test_an_album_that_has_the_picture_gets_no_second_one(tmp_path: Path) -> None:
    files = {
        f"{Y19}/a.jpg": make("jpeg", 1),
        f"{Y19}/a.jpg{SC}": said("a.jpg"),
        f"{TRIP}/a.jpg": make("jpeg", 1),
        **album(TRIP, "Trip", ("a.jpg", said("a.jpg", url=SHARE))),
        f"{TRIP}/a.jpg.supplemental-metadata(1).json": said("a.jpg", url=SHARE),
    }
    run_here(laid(tmp_path / "src", files), tmp_path / "out")
    assert sorted(tree(tmp_path / "out")) == [f"{Y19}/a.jpg", f"{TRIP}/a.jpg"]


def test_a_folder_without_an_album_gets_nothing_and_filters_hold(tmp_path: Path) -> None:
    bin_only = {f"Trash/a.jpg{SC}": said("a.jpg", url=SHARE)}
    lines = run_here(laid(tmp_path / "src", PICTURES | bin_only), tmp_path / "out")
    assert by_source(lines)[f"Trash/a.jpg{SC}"]["outcome"] == "used"
    assert not (tmp_path / "out" / "Trash").exists()
    run_here(laid(tmp_path / "src2", PICTURES | ALBUMS), tmp_path / "out2", "--album", TRIP)
    assert {name.split("/")[0] for name in tree(tmp_path / "out2")} == {TRIP}


def test_in_place_nothing_is_put_anywhere(tmp_path: Path) -> None:
    source = laid(tmp_path / "src", PICTURES | ALBUMS)
    mode = ["--batch", "--json", "--no-config", "--in-place", str(source)]
    state_before = set(tree(source))
    lines = run_with(mode)
    assert set(tree(source)) == state_before
    assert by_source(lines)[f"{TRIP}/a.jpg{SC}"]["outcome"] == "used"


@pytest.mark.parametrize("rest_count", [("tag", "folder"), ("none", "link"), ("link", "none", "folder")])
def test_another_way_later_changes_what_is_there(tmp_path: Path, rest_count: tuple[str, ...]) -> None:
    source, out = laid(tmp_path / "src", PICTURES | ALBUMS), tmp_path / "out"
    own_value = sorted(name for name in PICTURES if not name.endswith(".json"))
    run_here(source, out)
    for mode in rest_count:
        for _ in range(2):
            run_here(source, out, "--albums", mode)
            existing = COPIES if mode in ("folder", "link") else []
            assert sorted(tree(out)) == sorted([*own_value, *existing])
            linked = [(out / copy).samefile(out / f"{Y19}/{copy.split('/')[1]}") for copy in existing]
            assert linked == [mode == "link"] * len(existing)


def test_force_puts_everything_under_its_name_again(tmp_path: Path) -> None:
    source, out = laid(tmp_path / "src", PICTURES | ALBUMS), tmp_path / "out"
    run_here(source, out)
    tree_before = tree(out)
    run_here(source, out, "--force")
    assert tree(out) == tree_before


def test_a_damaged_picture_waits_for_its_album_s_sidecar_too(tmp_path: Path) -> None:
    files = {
        f"{Y19}/a.jpg": b"garbage " * 40,
        **album(TRIP, "Trip", ("a.jpg", said("a.jpg"))),
    }
    source, out = laid(tmp_path / "src", files), tmp_path / "out"
    first = run_here(source, out, status=3)
    assert by_source(first, "media")[f"{Y19}/a.jpg"]["rule"] == "elsewhere"
    tree_before = tree(out)
    assert run_here(source, out)[-1]["media"] == {"unchanged": 1}
    assert tree(out) == tree_before
