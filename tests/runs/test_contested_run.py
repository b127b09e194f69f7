"""Sidecars that a weak rule matched with a picture in their folder, while another folder has the picture of their
title.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import Line, media, run_here, run_with, tree

from pef_tui.cross_folder import contested_sidecars as contested
from pef_tui.testing import make
from pef_tui.testing.exif import Exif
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg

JULY = 1_561_977_296  # 2019-07-01 10:34:56 UTC
Y19, Y20, TRIP = "Photos from 2019", "Photos from 2020", "Trip"
LONG = "a" * 42
HOME = {"Home/metadata.json": {"title": "Home"}}
CUT = "original_00055a12-3456-7890-abcd-ef0123456789_P"
ALBUM: dict[str, Any] = {f"{TRIP}/metadata.json": {"title": "Trip"}}


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def dated(date: str, seed: int = 1) -> bytes:
    return jpeg(seed, exif=Exif(date=date))


def titled_sidecar(title: str) -> dict[str, Any]:
    return sidecar(title, taken=JULY, people=["Ana"])


def rules_of(lines: list[Line]) -> dict[str, str | None]:
    """Return the rule of each picture, by folder and name."""
    return {"/".join(name.split("/")[-2:]): line["rule"] for name, line in media(lines).items()}


CASES: dict[str, tuple[dict[str, Any], dict[str, str | None]]] = {
    "extension-other": (
        {
            f"{TRIP}/a.jpg": None,
            f"{TRIP}/a.png.json": titled_sidecar("a.png"),
            f"{Y19}/a.png": make("png", 1),
        },
        {f"{TRIP}/a.jpg": None, f"{Y19}/a.png": "elsewhere"},
    ),
    "extension-other, its film": (
        {
            f"{TRIP}/a.jpg": None,
            f"{TRIP}/a.mp4": make("mp4", 2),
            f"{TRIP}/a.heic.json": titled_sidecar("a.heic"),
            f"{Y19}/a.heic": jpeg(3),
        },
        {f"{TRIP}/a.jpg": None, f"{TRIP}/a.mp4": None, f"{Y19}/a.heic": "elsewhere"},
    ),
    "extension-added": (
        {f"{TRIP}/a.jpg.jpg": None, f"{TRIP}/a.jpg.json": titled_sidecar("a.jpg"), f"{Y19}/a.jpg": jpeg(4)},
        {f"{TRIP}/a.jpg.jpg": None, f"{Y19}/a.jpg": "elsewhere"},
    ),
    "edited-word": (
        {f"{TRIP}/a-xyz.jpg": None, f"{TRIP}/a.jpg.json": titled_sidecar("a.jpg"), f"{Y19}/a.jpg": jpeg(5)},
        {f"{TRIP}/a-xyz.jpg": None, f"{Y19}/a.jpg": "elsewhere"},
    ),
    "edited-word, beside its picture": (
        {
            f"{TRIP}/a-xyz.jpg": None,
            f"{TRIP}/a.jpg": None,
            f"{TRIP}/a.jpg.json": titled_sidecar("a.jpg"),
            f"{Y19}/a.jpg": jpeg(5),
        },
        {f"{TRIP}/a.jpg": "exact", f"{TRIP}/a-xyz.jpg": "edited-word", f"{Y19}/a.jpg": None},
    ),
    "prefix": (
        {
            f"{TRIP}/{LONG}.jpg": None,
            f"{TRIP}/{LONG}bc.jpg.json": titled_sidecar(f"{LONG}bc.jpg"),
            f"{Y19}/{LONG}bc.jpg": jpeg(6),
        },
        {f"{TRIP}/{LONG}.jpg": None, f"{Y19}/{LONG}bc.jpg": "elsewhere"},
    ),
    "counter": (
        {
            f"{TRIP}/{CUT}(1).jpg": None,
            f"{TRIP}/{CUT[:-1]}.json": titled_sidecar(f"{CUT}.jpg"),
            f"{Y19}/{CUT}.jpg": jpeg(7),
        },
        {f"{TRIP}/{CUT}(1).jpg": None, f"{Y19}/{CUT}.jpg": None},  # across folders, counters mean nothing
    ),
    "the picture of the title has the same sidecar": (
        {
            f"{TRIP}/a.jpg": None,
            f"{TRIP}/a.png.json": titled_sidecar("a.png"),
            f"{Y19}/a.png": Item(titled_sidecar("a.png"), make("png", 1)),
        },
        {f"{TRIP}/a.jpg": None, f"{Y19}/a.png": "exact"},
    ),
    "the picture of the title has the same sidecar, and both names are cut": (
        {
            f"{TRIP}/{LONG}.jpg": None,
            f"{TRIP}/{LONG}bcde.jpg.json": titled_sidecar(f"{LONG}bcde.jpg"),
            f"{Y19}/{LONG}bcde.jpg": Item(titled_sidecar(f"{LONG}bcde.jpg"), jpeg(8)),
        },
        {f"{TRIP}/{LONG}.jpg": None, f"{Y19}/{LONG}bcde.jpg": "exact"},
    ),
    "the picture of the title has a sidecar of its own": (
        {
            f"{TRIP}/a.jpg": None,
            f"{TRIP}/a.png.json": titled_sidecar("a.png"),
            f"{Y19}/a.png": Item(sidecar("a.png", taken=JULY + 9), make("png", 1)),
        },
        {f"{TRIP}/a.jpg": "extension-other", f"{Y19}/a.png": "exact"},
    ),
    "the picture of the title has a date that says something else": (
        {
            f"{TRIP}/a.png": None,
            f"{TRIP}/a.jpg.json": titled_sidecar("a.jpg"),
            f"{Y19}/a.jpg": dated("2019:03:01 12:00:17"),
        },
        {f"{TRIP}/a.png": "extension-other", f"{Y19}/a.jpg": None},
    ),
    "the picture of the title is of another year": (
        {
            f"{TRIP}/a.jpg": None,
            f"{TRIP}/a.png.json": titled_sidecar("a.png"),
            f"{Y20}/a.png": make("png", 1),
        },
        {f"{TRIP}/a.jpg": "extension-other", f"{Y20}/a.png": None},
    ),
    "nothing tells whether it is of the picture of the title": (
        {
            f"{TRIP}/a.jpg": None,
            f"{TRIP}/a.png.json": titled_sidecar("a.png"),
            "Home/a.png": make("png", 1),
            **HOME,
        },
        {f"{TRIP}/a.jpg": None, "Home/a.png": None},
    ),
    "no picture of the title": (
        {
            f"{TRIP}/a.jpg": None,
            f"{TRIP}/a.png.json": titled_sidecar("a.png"),
            f"{Y19}/b.png": make("png", 1),
        },
        {f"{TRIP}/a.jpg": "extension-other", f"{Y19}/b.png": None},
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("album", [{}, ALBUM], ids=["folder", "album"])
def test_whose_sidecar_it_is(tmp_path: Path, case: str, album: dict[str, Any]) -> None:
    spec, expected = CASES[case]
    source, out = takeout(tmp_path / "export", {**spec, **album}), tmp_path / "out"
    preview = run_here(source, out, "-n")
    lines = run_here(source, out)
    assert rules_of(lines) == rules_of(preview) == expected
    summary = lines[-1]
    report = [line for line in lines if "source" in line]
    assert summary["found"] == len(report) == len({line["source"] for line in report})
    used_bytes = {
        line["source"].rpartition("/")[2]: line["outcome"] for line in report if line["type"] == "json"
    }
    inputs = any(rule is not None for rule in expected.values())
    name = next(name for name in spec if name.endswith(".json")).rpartition("/")[2]
    assert used_bytes[name] == ("used" if inputs else "orphan")
    tree_before = tree(out)
    second_run = run_here(source, out)
    assert {line["outcome"] for line in media(second_run).values()} <= {"unchanged", "unmatched"}
    assert rules_of(second_run) == expected and tree(out) == tree_before


@pytest.mark.parametrize("mode", ["folder", "link", "tag", "none"])
@pytest.mark.parametrize("case", CASES)
def test_parts_one_by_one_end_as_all_at_once(tmp_path: Path, case: str, mode: str) -> None:
    spec, expected = CASES[case]
    whole_export = takeout(tmp_path / "whole", {**spec, **ALBUM})
    at_once = rules_of(run_here(whole_export, tmp_path / "at-once", "--albums", mode))
    assert at_once == expected
    for number, first in enumerate((TRIP, "")):
        part = tmp_path / f"part{number}"
        shutil.copytree(whole_export, part)
        for folder in (part / "Google Photos").iterdir():
            if (folder.name == TRIP) != (first == TRIP):
                shutil.rmtree(folder)
        out = tmp_path / f"out{number}"
        run_here(part, out, "--albums", mode)
        shutil.copytree(whole_export, part, dirs_exist_ok=True)
        assert rules_of(run_here(part, out, "--albums", mode)) == expected
        assert tree(out) == tree(tmp_path / "at-once")


def test_a_folder_that_is_read_again_for_another_file_of_it(tmp_path: Path) -> None:
    spec: dict[str, Any] = {
        f"{TRIP}/a.jpg": None,
        f"{TRIP}/a.png.json": titled_sidecar("a.png"),
        f"{TRIP}/b.jpg": jpeg(9),
    }
    source, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    run_here(source, out)
    takeout(tmp_path / "export", {f"{Y19}/c.jpg": jpeg(10)})
    lines = run_here(source, out)
    assert rules_of(lines) == {
        f"{TRIP}/a.jpg": "extension-other",
        f"{TRIP}/b.jpg": None,
        f"{Y19}/c.jpg": None,
    }
    report = [line["source"] for line in lines if "source" in line]
    assert len(report) == len(set(report)) == lines[-1]["found"] == 4


def test_many_are_planned_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contested, "MAX_WAITING", 1)
    spec: dict[str, Any] = {f"{TRIP}/{name}.jpg": None for name in "ab"}
    spec |= {f"{TRIP}/{name}.png.json": titled_sidecar(f"{name}.png") for name in "ab"}
    lines = run_here(takeout(tmp_path / "export", spec), tmp_path / "out")
    assert rules_of(lines) == {f"{TRIP}/{name}.jpg": "extension-other" for name in "ab"}
    assert lines[-1]["found"] == 4


def test_in_place(tmp_path: Path) -> None:
    spec, expected = CASES["extension-other"]
    source = takeout(tmp_path / "export", spec)
    argv = ["--batch", "--json", "--no-config", "--in-place", str(source)]
    assert rules_of(run_with(argv)) == expected
    tree_before = tree(source)
    assert rules_of(run_with(argv)) == expected and tree(source) == tree_before


def test_a_sidecar_is_reported_once_in_every_later_run(tmp_path: Path) -> None:
    """An edited copy with a cut name waits for other folders. The sidecar of its picture was reported from the
    cache.
    """
    stem = "a name that is just about as long as it may be"
    source = tmp_path / "Takeout"
    files = {
        f"Photos from 2019/{stem}.jpg": jpeg(1),
        f"Trip/{stem}.jpg": jpeg(1),
        f"Trip/{stem}-.jpg": jpeg(2),
        f"Trip/{stem}.json": json.dumps(sidecar(f"{stem}.jpg")).encode(),
    }
    for name, content in files.items():
        path = source / "Google Photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_730_799_000,) * 2)
    for _ in range(4):
        lines = run_here(source, tmp_path / "out")
        assert len([line for line in lines if line["type"] in ("media", "json")]) == len(files)
