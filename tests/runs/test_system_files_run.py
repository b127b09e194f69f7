"""Files that systems and programs create in folders and archives: counted with a reason; neither media nor sidecars."""

from __future__ import annotations

import json
import unicodedata
import zipfile
from pathlib import Path

import pytest
from commands import Line, media, run_here, run_with, tree

from pef_tui.plugins.host import PluginHost
from pef_tui.settings import Settings
from pef_tui.takeout.system_files import is_part, is_unfinished, system_reason
from pef_tui.testing import make, sidecar
from pef_tui.tui.session.survey import Survey

YEAR = "Takeout/Google Photos/Photos from 2019"
SC = ".supplemental-metadata.json"
APPLE_DOUBLE = bytes.fromhex("0005160700020000") + b"Mac OS X".ljust(16) + bytes(60)
JPEG = make("jpeg", 7)
OURS = {
    f"{YEAR}/a.jpg": make("jpeg", 1),
    f"{YEAR}/a.jpg{SC}": json.dumps(sidecar("a.jpg")).encode(),
}
FOREIGN = {
    f"{YEAR}/._a.jpg": APPLE_DOUBLE,
    f"{YEAR}/._b.jpg": JPEG,
    f"{YEAR}/._a.jpg{SC}": APPLE_DOUBLE,
    f"{YEAR}/._metadata.json": json.dumps({"title": "No album"}).encode(),
    f"{YEAR}/._a.jpg.xmp": APPLE_DOUBLE,
    f"{YEAR}/.DS_Store": JPEG,
    f"{YEAR}/Thumbs.db": JPEG,
    f"{YEAR}/desktop.ini": b"[x]",
    f"{YEAR}/.a.jpg.icloud": b"bplist",
    f"{YEAR}/@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg": JPEG,
    f"{YEAR}/@eaDir/a.jpg@SynoEAStream": JPEG,
    f"{YEAR}/.@__thumb/default.jpg": JPEG,
    "__MACOSX/" + f"{YEAR}/._a.jpg": APPLE_DOUBLE,
    "__MACOSX/" + f"{YEAR}/._a.jpg{SC}": APPLE_DOUBLE,
    "#recycle/" + f"{YEAR}/c.jpg": JPEG,
    "#recycle/" + f"{YEAR}/c.jpg{SC}": json.dumps(sidecar("c.jpg")).encode(),
    "$RECYCLE.BIN/S-1-5/c.jpg": JPEG,
    ".Trashes/501/c.jpg": JPEG,
    ".Trash-1000/files/c.jpg": JPEG,
    ".Spotlight-V100/c.jpg": JPEG,
    "System Volume Information/c.jpg": JPEG,
    "lost+found/#12.jpg": JPEG,
    "Takeout/.AppleDouble/a.jpg": APPLE_DOUBLE,
    ".stversions/a~20240101.jpg": JPEG,
}


def laid(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 11, 5, 9, 30, 0)), data)
    return path


def check(lines: list[Line]) -> None:
    assert {name: line["rule"] for name, line in media(lines).items()} == {f"{YEAR}/a.jpg": "exact"}
    report = {
        line["source"]: line
        for line in lines
        if line["type"] == "other" or (line["type"] == "json" and line["outcome"] == "other")
    }
    assert report.keys() == FOREIGN.keys()
    assert all(line["reason"] for line in report.values())
    assert lines[-1]["found"] == len(OURS) + len(FOREIGN)


@pytest.mark.parametrize("make_source", ["folder", "zip"])
def test_files_of_systems_are_counted_and_stay_out(tmp_path: Path, make_source: str) -> None:
    pair = {**FOREIGN, **OURS}
    source = laid(tmp_path / "src", pair) if make_source == "folder" else zipped(tmp_path / "part.zip", pair)
    check(run_here(source, tmp_path / "out", "--albums", "tag"))
    assert list(tree(tmp_path / "out")) == ["Photos from 2019/a.jpg"]
    check(run_here(source, tmp_path / "out", "--albums", "tag"))
    settings = Settings(sources=(str(source),))
    survey = Survey(settings, lambda: PluginHost(settings))
    survey.start()
    survey._thread.join()
    assert (survey.photos, survey.sidecars, survey.other_files) == (1, 1, len(FOREIGN))


def test_in_place_they_are_not_touched(tmp_path: Path) -> None:
    source = laid(tmp_path / "src", {**FOREIGN, **OURS})
    state_before = {name: line for name, line in tree(source).items() if name in FOREIGN}
    lines = run_with(["--batch", "--json", "--no-config", "--in-place", str(source)])
    assert {name: line for name, line in tree(source).items() if name in FOREIGN} == state_before
    check(lines)


@pytest.mark.parametrize(
    "path",
    [
        "Photos from 2019/a.jpg",
        "Photos from 2019/.a.jpg",
        "Photos from 2019/_.a.jpg",
        "Bin/a.jpg",
        "Trash/a.jpg",
        "Google Photos/lost+found/a.jpg",
        "Google Photos/Temporary Items/a.jpg",
        "Recycled/a.jpg",
        "Google Photos/recycle/a.jpg",
        "Google Photos/eaDir/a.jpg",
        "desktop.ini.jpg",
        "thumbs.jpg",
        ".hidden album/a.jpg",
        "a.icloud",
        "a@b.jpg",
    ],
)
def test_what_is_like_them_by_half_stays_in(path: str) -> None:
    assert system_reason(path) == ""


@pytest.mark.parametrize(
    "path", ["THUMBS.DB", "x/$Recycle.Bin/a.jpg", "x/@EADIR/a.jpg", "x/EhThumbs.db", "x/.trash-1001/a.jpg"]
)
def test_case_does_not_matter(path: str) -> None:
    assert system_reason(path)
    assert system_reason(unicodedata.normalize("NFD", path))


def test_names_of_parts_and_of_unfinished_downloads() -> None:
    parts = ["takeout-1.zip", "Takeout-20260101T000000Z-3-001.TGZ", "photos-002.tar.gz", "photos-002 (1).zip"]
    assert all(map(is_part, parts))
    assert not any(map(is_part, ["a.zip", "._takeout-1.zip", "takeout-1.zip.part", "takeout", "IMG-001.jpg"]))
    downloads = ["Unconfirmed 12.crdownload", "takeout-1.tgz.part", "a.zip.download", ".takeout-1.zip.icloud"]
    assert all(map(is_unfinished, downloads))
    assert not any(map(is_unfinished, ["a.part", "IMG.jpg.tmp", "takeout-1.zip", "notes.download"]))
