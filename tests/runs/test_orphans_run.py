"""Pictures and sidecars in two folders of an export, with the command."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from commands import Line, media, outcomes, run_apart, run_here, tree

from pef_tui.testing.exif import Exif
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg

JULY = 1_561_977_296  # 2019-07-01 10:34:56 UTC
Y19, Y20, TRIP = "Photos from 2019", "Photos from 2020", "Trip"
ALBUM: dict[str, Any] = {f"{TRIP}/metadata.json": {"title": "Trip"}}


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def dated(date: str, seed: int = 1, **fields: Any) -> bytes:
    return jpeg(seed, exif=Exif(date=date, **fields))


def found(tmp_path: Path, spec: dict[str, Any], *options: str) -> dict[str, Line]:
    return media(run_here(takeout(tmp_path / "export", spec), tmp_path / "out", *options))


def below(name: str) -> str:
    return f"Google Photos/{name}"


CASES: dict[str, tuple[dict[str, Any], dict[str, str | None]]] = {
    "sidecar in the album, picture of its year": (
        {f"{Y19}/a.jpg": None, f"{TRIP}/a.jpg.json": sidecar("a.jpg", taken=JULY)},
        {f"{Y19}/a.jpg": f"{TRIP}/a.jpg.json"},
    ),
    "picture of another year": (
        {f"{Y20}/a.jpg": None, f"{TRIP}/a.jpg.json": sidecar("a.jpg", taken=JULY)},
        {f"{Y20}/a.jpg": None},
    ),
    "sidecar in the year, picture in the album with the camera's date": (
        {f"{TRIP}/a.jpg": dated("2019:07:01 12:34:56"), f"{Y19}/a.jpg.json": sidecar("a.jpg", taken=JULY)},
        {f"{TRIP}/a.jpg": f"{Y19}/a.jpg.json"},
    ),
    "the camera says another minute": (
        {f"{Y19}/a.jpg": dated("2019:07:01 12:35:56"), f"{TRIP}/a.jpg.json": sidecar("a.jpg", taken=JULY)},
        {f"{Y19}/a.jpg": None},
    ),
    "the name says when": (
        {
            f"{TRIP}/IMG_20190701_123456.jpg": None,
            f"{Y19}/IMG_20190701_123456.jpg.json": sidecar("IMG_20190701_123456.jpg", taken=JULY),
        },
        {f"{TRIP}/IMG_20190701_123456.jpg": f"{Y19}/IMG_20190701_123456.jpg.json"},
    ),
    "among pictures of the same days": (
        {
            f"{TRIP}/a.jpg": None,
            f"{TRIP}/b.jpg": sidecar("b.jpg", taken=JULY - 3600),
            f"{TRIP}/c.jpg": sidecar("c.jpg", taken=JULY + 3600),
            f"{Y19}/a.jpg.json": sidecar("a.jpg", taken=JULY),
        },
        {f"{TRIP}/a.jpg": f"{Y19}/a.jpg.json"},
    ),
    "nothing but the title": (
        {f"{TRIP}/a.jpg": None, f"{Y19}/a.jpg.json": sidecar("a.jpg", taken=JULY)},
        {f"{TRIP}/a.jpg": None},
    ),
    "two sidecars, the camera's date tells": (
        {
            f"{Y19}/a.jpg": dated("2019:07:01 12:34:56"),
            f"{TRIP}/a.jpg.json": sidecar("a.jpg", taken=JULY),
            "Other/a.jpg.json": sidecar("a.jpg", taken=JULY + 86_400 + 77),
        },
        {f"{Y19}/a.jpg": f"{TRIP}/a.jpg.json"},
    ),
    "two sidecars, nothing tells": (
        {
            f"{Y19}/a.jpg": None,
            f"{TRIP}/a.jpg.json": sidecar("a.jpg", taken=JULY),
            "Other/a.jpg.json": sidecar("a.jpg", taken=JULY + 77),
        },
        {f"{Y19}/a.jpg": None},
    ),
    "one sidecar, two pictures": (
        {
            f"{Y19}/a.jpg": b"\xff\xd8\xff" + jpeg(1)[3:],
            f"{Y19}/a(1).jpg": jpeg(2),
            f"{TRIP}/a.jpg.json": sidecar("a.jpg", taken=JULY),
        },
        {f"{Y19}/a.jpg": None, f"{Y19}/a(1).jpg": None},
    ),
    "the same bytes have their sidecar elsewhere": (
        {f"{Y19}/a(1).jpg": Item(sidecar("a.jpg", taken=JULY), jpeg(3)), f"{TRIP}/a.jpg": jpeg(3)},
        {f"{TRIP}/a.jpg": f"{Y19}/a.jpg.supplemental-metadata(1).json"},
    ),
    "other bytes of the same size do not": (
        {f"{Y19}/a.jpg": Item(sidecar("a.jpg", taken=JULY), jpeg(3)), f"{TRIP}/a.jpg": jpeg(3)[:-1] + b"\0"},
        {f"{TRIP}/a.jpg": None},
    ),
    "a film follows its picture": (
        {
            f"{Y19}/a.HEIC": None,
            f"{Y19}/a.MP4": None,
            f"{TRIP}/a.HEIC.json": sidecar("a.HEIC", taken=JULY),
        },
        {f"{Y19}/a.HEIC": f"{TRIP}/a.HEIC.json", f"{Y19}/a.MP4": f"{TRIP}/a.HEIC.json"},
    ),
    "equal sidecars of two albums": (
        {
            f"{Y19}/a.jpg": None,
            f"{TRIP}/a.jpg.json": sidecar("a.jpg", taken=JULY),
            "Other/a.jpg.json": sidecar("a.jpg", taken=JULY, url="https://photos.google.com/other"),
        },
        {f"{Y19}/a.jpg": "Other/a.jpg.json"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_joins_two_folders(tmp_path: Path, case: str) -> None:
    spec, expected = CASES[case]
    lines = found(tmp_path, ALBUM | spec)
    report = {name: lines[below(name)]["sidecar"] for name in expected}
    assert report == {name: json and below(json) for name, json in expected.items()}
    for name, json in expected.items():
        line = lines[below(name)]
        assert line["rule"] == ("elsewhere" if json else None)
        assert line["output"] == name
        assert (tmp_path / "out" / name).exists()
        if json is None:
            assert line["outcome"] == "unmatched"
            assert line["reason"]


def export(root: Path) -> Path:
    spec: dict[str, Any] = dict(ALBUM)
    for number in range(24):
        name, capture_time = f"P{number:03}.jpg", JULY + number * 60
        spec[f"{Y19}/{name}"] = sidecar(name, taken=capture_time) if number % 3 else None
        if number % 3 == 0 and number % 2:
            spec[f"{TRIP}/{name}.json"] = sidecar(name, taken=capture_time)
    spec[f"{Y19}/q.jpg"] = Item(sidecar("q.jpg", taken=JULY), jpeg(77))
    spec[f"{TRIP}/q.jpg"] = jpeg(77)
    spec[f"{TRIP}/gone.jpg.json"] = sidecar("gone.jpg", taken=JULY)
    return takeout(root, spec)


def test_every_file_is_reported_once_and_a_second_run_does_nothing(tmp_path: Path) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    first = run_here(source, out)
    summary = first[-1]
    assert summary["found"] == sum(1 for path in source.rglob("*") if path.is_file())
    assert len(outcomes(first)) == sum(line["type"] in ("media", "json") for line in first)
    assert summary["json"] == {"used": 21, "orphan": 1, "album": 1}
    assert summary["media"]["unmatched"] == 4
    tree_before = tree(out)
    journal = (out / ".pef-tui" / "manifest").stat().st_size
    second = run_here(source, out)
    assert set(second[-1]["media"]) == {"unchanged"}
    assert second[-1]["json"] == summary["json"]
    assert tree(out) == tree_before
    third = run_here(source, out)
    assert set(third[-1]["media"]) == {"unchanged"}
    assert (out / ".pef-tui" / "manifest").stat().st_size - journal < 1500  # only runs are added, no entries


def test_a_preview_says_the_same(tmp_path: Path) -> None:
    source = export(tmp_path / "export")
    answer = run_here(source, tmp_path / "out", "--dry-run")
    did = run_here(source, tmp_path / "out")
    keys = ("outcome", "sidecar", "rule", "output", "taken", "tags", "reason")
    assert {name: [line[key] for key in keys] for name, line in media(answer).items()} == {
        name: [line[key] for key in keys] for name, line in media(did).items()
    }


def test_a_sidecar_that_comes_with_a_later_part(tmp_path: Path) -> None:
    spec: dict[str, Any] = {
        f"{Y19}/a.jpg": None,
        f"{Y19}/b.jpg": sidecar("b.jpg"),
        f"{Y20}/c.jpg": sidecar("c.jpg"),
    }
    source, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    assert media(run_here(source, out))[below(f"{Y19}/a.jpg")]["outcome"] == "unmatched"
    takeout(tmp_path / "export", {f"{TRIP}/a.jpg.json": sidecar("a.jpg", taken=JULY), **ALBUM})
    lines = media(run_here(source, out))
    assert {name: line["outcome"] for name, line in lines.items()} == {
        below(f"{Y19}/a.jpg"): "sidecar" if lines[below(f"{Y19}/a.jpg")]["writer"] == "xmp" else "written",
        below(f"{Y19}/b.jpg"): "unchanged",
        below(f"{Y20}/c.jpg"): "unchanged",
    }
    assert set(run_here(source, out)[-1]["media"]) == {"unchanged"}
    clean = tmp_path / "clean"
    run_here(source, clean)
    assert tree(clean) == tree(out)


def test_split_over_sources_in_any_order_changes_nothing(tmp_path: Path) -> None:
    source = export(tmp_path / "export")
    run_here(source, tmp_path / "whole")
    parts = [tmp_path / "parts" / str(number) for number in range(3)]
    chance = random.Random(4)
    for path in sorted(source.rglob("*")):
        if path.is_file():
            target = chance.choice(parts) / "Takeout" / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    run_here(parts[0], tmp_path / "one", str(parts[1]), str(parts[2]))
    run_here(parts[2], tmp_path / "two", str(parts[0]), str(parts[1]))
    assert tree(tmp_path / "one") == tree(tmp_path / "two") == tree(tmp_path / "whole")


@pytest.mark.parametrize("seed", range(8))
def test_chance_never_gives_two_pictures_one_sidecar(tmp_path: Path, seed: int) -> None:
    """Use few titles and times in many folders, so that all of them meet."""
    chance = random.Random(seed)
    spec: dict[str, Any] = {}
    for folder in (Y19, Y20, TRIP, "Album", "Other"):
        for title in ("a.jpg", "b.jpg", "IMG_20190701_103456.jpg"):
            name = chance.choice((title, title.replace(".jpg", "(1).jpg")))
            sidecar_json = sidecar(title, taken=JULY + chance.choice((0, 0, 60, 366 * 86_400)))
            picture = chance.choice(
                (jpeg(chance.randrange(3)), dated("2019:07:01 12:34:56", chance.randrange(2)))
            )
            kind = chance.choice(("both", "picture", "picture", "sidecar", "sidecar", "nothing"))
            if kind == "both":
                spec[f"{folder}/{name}"] = Item(sidecar_json, picture)
            elif kind == "picture":
                spec[f"{folder}/{name}"] = picture
            elif kind == "sidecar":
                spec[f"{folder}/{title}.json"] = sidecar_json
    source = takeout(tmp_path / "export", spec)
    parts = [tmp_path / str(number) for number in range(2)]
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        target = chance.choice(parts) / "Takeout" / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    lines = run_here(source, tmp_path / "out")
    bytes_by_sidecar: dict[str, set[bytes]] = {}
    for name, line in media(lines).items():
        if line["sidecar"]:
            bytes_by_sidecar.setdefault(line["sidecar"], set()).add((source / name).read_bytes())
    assert all(len(item) == 1 for item in bytes_by_sidecar.values())
    used_bytes = {line["source"] for line in lines if line["type"] == "json" and line["outcome"] == "used"}
    assert bytes_by_sidecar.keys() <= used_bytes
    existing = [part for part in parts if part.exists()]
    run_here(existing[-1], tmp_path / "split", *map(str, existing[:-1]))
    assert tree(tmp_path / "split") == tree(tmp_path / "out")
    assert set(run_here(source, tmp_path / "out")[-1]["media"]) <= {"unchanged"}


def test_a_killed_run_continues(tmp_path: Path) -> None:
    import signal
    import subprocess
    import sys

    from commands import arguments

    source = export(tmp_path / "export")
    run_here(source, tmp_path / "whole")
    out = tmp_path / "out"
    for moment in (0.25, 0.4, 0.5):
        killed = subprocess.Popen(
            [sys.executable, "-m", "pef_tui", *arguments(source, out)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moment)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert run_apart(source, out).returncode == 0
    assert tree(out) == tree(tmp_path / "whole")
    assert set(run_here(source, out)[-1]["media"]) == {"unchanged"}


def test_what_nothing_states_has_no_time_and_nothing_written(tmp_path: Path) -> None:
    picture = dated("2018:03:04 05:06:07", offset="+01:00")
    spec = {
        f"{Y19}/a.jpg": None,
        f"{Y19}/b.jpg": picture,
        f"{Y19}/IMG_20170102_030405.jpg": None,
        f"{Y19}/PXL_20210102_030405123.jpg": None,
    }
    lines = found(tmp_path, spec)
    report = {name.rpartition("/")[2]: (line["taken"], line["zone"]) for name, line in lines.items()}
    assert report["a.jpg"] == (None, "")
    assert report["b.jpg"] == ("2018-03-04T05:06:07+01:00", "file")
    assert report["IMG_20170102_030405.jpg"][0].startswith("2017-01-02T03:04:05")
    assert report["PXL_20210102_030405123.jpg"][0].startswith("2021-01-02")
    assert (tmp_path / "out" / Y19 / "b.jpg").read_bytes() == picture
    assert {line["outcome"] for line in lines.values()} == {"unmatched"}
