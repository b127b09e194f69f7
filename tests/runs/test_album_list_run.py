"""`albums.json` and `albums.csv` in the output folder, made by the command."""

from __future__ import annotations

import base64
import csv
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here, run_with

from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg

JULY = 1_561_977_296  # 2019-07-01 10:34:56 UTC
Y19 = "Photos from 2019"
MODES = ("folder", "link", "tag", "none")
PARTNER: dict[str, object] = {"fromPartnerSharing": {}}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


def shared(title: str, seed: int, **fields: Any) -> Item:
    return Item(sidecar(title, taken=JULY, **fields), jpeg(seed))


def export(root: Path) -> Path:
    """Make `Alps` with copies, a picture of its own and one of a partner; and `Zoo` with one picture by its sidecar
    alone.
    """
    alps: dict[str, object] = {
        "title": "=Alps, in snow",
        "description": "Two weeks\nof snow",
        "enrichments": [
            {"narrativeEnrichment": {"text": "The first day"}},
            {
                "locationEnrichment": {
                    "location": [{"name": "Bern", "latitudeE7": 469480000, "longitudeE7": 74474000}]
                }
            },
        ],
    }
    only = sidecar("c.jpg", taken=JULY + 60)
    source = takeout(
        root,
        {
            f"{Y19}/a.jpg": shared("a.jpg", 1),
            f"{Y19}/p.jpg": shared("p.jpg", 2, googlePhotosOrigin=PARTNER),
            f"{Y19}/c.jpg": Item(only, jpeg(3)),
            "Alps/metadata.json": alps,
            "Alps/a.jpg": shared("a.jpg", 1),
            "Alps/p.jpg": shared("p.jpg", 2, googlePhotosOrigin=PARTNER),
            "Alps/mine.jpg": shared("mine.jpg", 5),
            "Empty/metadata.json": {"title": "Nothing yet"},
            "Zoo/metadata.json": {"title": "Zoo"},
        },
    )
    zoo = source / "Google Photos/Zoo/c.jpg.supplemental-metadata.json"
    shutil.copy2(source / f"Google Photos/{Y19}/c.jpg.supplemental-metadata.json", zoo)
    return source


def albums(out: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((out / ".pef-tui/albums.json").read_text())
    assert document["v"] == 1
    return {album["folder"]: album for album in document["albums"]}


def files(out: Path) -> dict[str, list[str]]:
    return {folder: [file["path"] for file in album["files"]] for folder, album in albums(out).items()}


def state(out: Path) -> list[tuple[bytes, int, int]]:
    paths = [out / ".pef-tui/albums.json", out / ".pef-tui/albums.csv"]
    return [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in paths]


EXPECTED = {
    "folder": {"Alps": ["Alps/a.jpg", "Alps/mine.jpg", "Alps/p.jpg"], "Empty": [], "Zoo": ["Zoo/c.jpg"]},
    "tag": {
        "Alps": ["Alps/mine.jpg", f"{Y19}/a.jpg", f"{Y19}/p.jpg"],
        "Empty": [],
        "Zoo": [f"{Y19}/c.jpg"],
    },
}
EXPECTED |= {"link": EXPECTED["folder"], "none": EXPECTED["tag"]}


def zipped(source: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(source.rglob("*")):
            archive.write(path, path.relative_to(source.parent))
    return target


@pytest.mark.parametrize("is_zip", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_albums_are_listed_with_their_outputs(tmp_path: Path, mode: str, is_zip: bool) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    if is_zip:
        source = zipped(source, tmp_path / "part.zip")
    run_here(source, out, "--albums", mode)
    assert files(out) == EXPECTED[mode]
    assert all((out / path).exists() for paths in EXPECTED[mode].values() for path in paths)
    alps = albums(out)["Alps"]
    assert (alps["title"], alps["description"]) == ("=Alps, in snow", "Two weeks\nof snow")
    assert alps["texts"] == ["The first day"]
    assert alps["places"] == [{"name": "Bern", "latitude": 46.948, "longitude": 7.4474}]
    assert alps["partner_shared"] is True
    partner = {file["path"]: file["partner_shared"] for file in alps["files"]}
    assert [path.rpartition("/")[2] for path, is_shared in partner.items() if is_shared] == ["p.jpg"]
    assert albums(out)["Zoo"]["partner_shared"] is False


def test_the_csv_has_a_row_for_each_file_and_no_formulas(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_here(export(tmp_path / "export"), out)
    with (out / ".pef-tui/albums.csv").open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["folder"], row["file"], row["partner_shared"]) for row in rows] == [
        ("Alps", "Alps/a.jpg", "no"),
        ("Alps", "Alps/mine.jpg", "no"),
        ("Alps", "Alps/p.jpg", "yes"),
        ("Empty", "", ""),
        ("Zoo", "Zoo/c.jpg", "no"),
    ]
    assert rows[0]["title"] == "'=Alps, in snow"
    assert rows[0]["texts"] == "The first day"


@pytest.mark.parametrize("mode", MODES)
def test_later_runs_leave_the_files_as_they_are(tmp_path: Path, mode: str) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    run_here(source, out, "--albums", mode)
    before = state(out)
    for options in ([], ["-v"], ["--force"], ["--dry-run"], ["--retry-failed"]):
        run_here(source, out, "--albums", mode, *options)
        assert state(out) == before, options


@pytest.mark.parametrize("mode", MODES)
def test_files_that_were_removed_or_damaged_are_made_again(tmp_path: Path, mode: str) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    run_here(source, out, "--albums", mode)
    json_file, csv_file = out / ".pef-tui/albums.json", out / ".pef-tui/albums.csv"
    before = json_file.read_bytes(), csv_file.read_bytes()
    json_file.unlink()
    run_here(source, out, "--albums", mode)
    assert (json_file.read_bytes(), csv_file.read_bytes()) == before
    csv_file.write_text("changed")
    json_file.write_bytes(before[0][:-20])
    run_here(source, out, "--albums", mode)
    assert (json_file.read_bytes(), csv_file.read_bytes()) == before
    json_file.unlink()
    os.mkfifo(json_file)
    run_here(source, out, "--albums", mode)
    assert (json_file.read_bytes(), csv_file.read_bytes()) == before


@pytest.mark.parametrize("mode", MODES)
def test_a_changed_export_changes_the_list(tmp_path: Path, mode: str) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    run_here(source, out, "--albums", mode)
    takeout(
        tmp_path / "export",
        {"Zoo/metadata.json": {"title": "Zurich Zoo"}, "Zoo/more.jpg": shared("more.jpg", 9)},
    )
    run_here(source, out, "--albums", mode)
    assert albums(out)["Zoo"]["title"] == "Zurich Zoo"
    assert files(out) == EXPECTED[mode] | {"Zoo": sorted([*EXPECTED[mode]["Zoo"], "Zoo/more.jpg"])}


def test_another_mode_lists_the_new_outputs(tmp_path: Path) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    for mode in ("folder", "tag", "link", "none", "folder"):
        run_here(source, out, "--albums", mode)
        assert files(out) == EXPECTED[mode], mode


def test_parts_that_come_one_after_the_other_are_one_list(tmp_path: Path) -> None:
    first = takeout(
        tmp_path / "1", {"Trip/metadata.json": {"title": "Trip"}, "Trip/a.jpg": shared("a.jpg", 1)}
    )
    second = takeout(
        tmp_path / "2", {"Trip/metadata.json": {"title": "Trip"}, "Trip/b.jpg": shared("b.jpg", 2)}
    )
    other = takeout(
        tmp_path / "3", {"Home/metadata.json": {"title": "Home"}, "Home/c.jpg": shared("c.jpg", 3)}
    )
    out = tmp_path / "out"
    for source in (first, second, other):
        run_here(source, out)
    assert files(out) == {"Home": ["Home/c.jpg"], "Trip": ["Trip/a.jpg", "Trip/b.jpg"]}
    (out / "Trip/a.jpg").unlink()
    run_here(second, out)
    assert files(out) == {"Home": ["Home/c.jpg"], "Trip": ["Trip/b.jpg"]}


def test_the_layout_and_names_that_are_not_utf8_are_followed(tmp_path: Path) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    odd = os.fsdecode(b"\xff.jpg")
    folder = source / "Google Photos/Zoo"
    (folder / odd).write_bytes(jpeg(11))
    run_here(source, out, "--layout", "{year}/{name}")
    listed = albums(out)["Zoo"]["files"]
    assert [file["path"].rpartition("/")[2] for file in listed] == ["c (2).jpg", "\\xff.jpg"]
    assert base64.b64decode(listed[1]["path_bytes"]).endswith(b"/\xff.jpg")
    assert [file["source"] for file in listed] == ["Zoo/c.jpg", "Zoo/\\xff.jpg"]
    before = state(out)
    run_here(source, out, "--layout", "{year}/{name}", "-v")
    assert state(out) == before


def test_an_export_without_albums_gets_no_files(tmp_path: Path) -> None:
    source = takeout(tmp_path / "export", {f"{Y19}/a.jpg": shared("a.jpg", 1)})
    run_here(source, tmp_path / "out")
    assert not list((tmp_path / "out/.pef-tui").glob("albums*"))


def test_the_files_are_removed_with_the_last_album(tmp_path: Path) -> None:
    source = takeout(
        tmp_path / "export", {"Trip/metadata.json": {"title": "Trip"}, "Trip/a.jpg": shared("a.jpg", 1)}
    )
    out = tmp_path / "out"
    run_here(source, out)
    assert files(out) == {"Trip": ["Trip/a.jpg"]}
    shutil.rmtree(source / "Google Photos/Trip")
    takeout(tmp_path / "export", {f"{Y19}/b.jpg": shared("b.jpg", 2)})
    shutil.rmtree(out / "Trip")
    run_here(source, out)
    assert not list((out / ".pef-tui").glob("albums*"))


def test_a_preview_states_what_a_run_lists(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    run_here(source, out, "--dry-run")
    assert "3 albums with 4 files, listed in .pef-tui/albums.json" in capfd.readouterr().err
    assert not out.exists()
    run_here(source, out)
    assert "3 albums with 4 files, listed in .pef-tui/albums.json" in capfd.readouterr().err


def test_in_place_the_list_has_the_files_of_the_album_folders(tmp_path: Path) -> None:
    source = export(tmp_path / "export")
    command = ["--batch", "--json", "--no-config", str(source), "--in-place"]
    run_with(command)
    listed = files(source)
    assert listed["Alps"] == [f"Google Photos/Alps/{name}.jpg" for name in ("a", "mine", "p")]
    before = state(source)
    run_with(command)
    assert state(source) == before


@pytest.mark.parametrize("is_zip", [False, True])
def test_skip_partner_leaves_out_what_a_partner_shared(tmp_path: Path, is_zip: bool) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    if is_zip:
        source = zipped(source, tmp_path / "part.zip")
    lines = media(run_here(source, out, "--skip", "partner"))
    excluded = {name: line["reason"] for name, line in lines.items() if line["outcome"] == "excluded"}
    assert {name.rpartition("/")[2] for name in excluded} == {"p.jpg"}
    assert set(excluded.values()) == {"shared by a partner"}
    assert files(out)["Alps"] == ["Alps/a.jpg", "Alps/mine.jpg"]
    assert albums(out)["Alps"]["partner_shared"] is False
