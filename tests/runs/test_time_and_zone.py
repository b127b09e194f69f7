"""Capture time and zone with the command: written, kept, a conflict; the time of the file; a second run."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from commands import Line, lines_of, media, run_batch, run_here, tree

from pef_tui.testing.exif import Exif, octets, text, tiff_block
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.films import film
from pef_tui.testing.jpeg import jpeg, xmp_packet

SHARED = Path(__file__).parents[2].parent / "shared" / "cases" / "tags"
YEAR = "Photos from 2019"
TOKYO, BERLIN = (35.68, 139.69), (52.5, 13.4)
DTO, OFFSET = "EXIF:DateTimeOriginal", "EXIF:OffsetTimeOriginal"


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.fixture(autouse=True)
def _machine_in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def item(name: str, taken: str, bytes_: bytes, **fields: Any) -> Item:
    return Item(sidecar(name, taken=at(taken), **fields), bytes_)


def photo(date: str, seed: int = 1, **fields: Any) -> bytes:
    return jpeg(seed, exif=Exif(date=date, **fields))


def twice(tmp_path: Path, spec: dict[str, Any], *options: str) -> dict[str, Line]:
    """Return the lines of a run, by file name. Check that another run changes nothing."""
    source, out = (
        takeout(tmp_path / "export", {f"{YEAR}/{name}": element for name, element in spec.items()}),
        tmp_path / "out",
    )
    first = media(run_here(source, out, *options))
    tree_before = tree(out)
    second_run = media(run_here(source, out, *options))
    assert {line["outcome"] for line in second_run.values()} == {"unchanged"}
    assert tree(out) == tree_before
    return {path.rpartition("/")[2]: line for path, line in first.items()}


def moment(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


@pytest.mark.parametrize("existing", ["fill", "overwrite"])
@pytest.mark.parametrize(
    ("options", "taken", "zone"),
    [
        (("--timezone", "Asia/Shanghai"), {}, "option"),
        ((), {"place": (31.2, 121.5)}, "gps"),
        ((), {"camera_place": (31.2, 121.5)}, "gps"),
    ],
)
def test_a_clock_that_google_read_as_utc_dates_the_file_and_its_path(
    tmp_path: Path, existing: str, options: tuple[str, ...], taken: dict[str, Any], zone: str
) -> None:
    spec = {"a.jpg": item("a.jpg", "2019-12-27T22:00:00", photo("2019:12:27 22:00:00"), **taken)}
    line = twice(tmp_path, spec, *options, "--existing", existing, "--layout", "{date}/{name}")["a.jpg"]
    assert (line["taken"], line["zone"]) == ("2019-12-27T22:00:00+08:00", zone)
    assert (line["conflicts"], line["output"]) == ([], "2019-12-27/a.jpg")
    assert DTO not in line["tags"] and line["tags"][OFFSET] == "+08:00"
    assert moment(tmp_path / "out" / line["output"]) == at("2019-12-27T14:00:00")


def test_in_place_a_second_run_leaves_such_a_clock_alone(tmp_path: Path) -> None:
    spec = {f"{YEAR}/a.jpg": item("a.jpg", "2019-12-27T22:00:00", photo("2019:12:27 22:00:00"))}
    source = takeout(tmp_path / "export", spec)
    for options in (("--timezone", "Asia/Shanghai"), ("--force",), ("--existing", "overwrite", "--force")):
        result = run_batch("--in-place", str(source), *options, check=True)
        (line,) = media(lines_of(result)).values()
        assert (line["conflicts"], line["taken"]) == ([], "2019-12-27T22:00:00+08:00")


def test_a_difference_that_the_place_contradicts_is_a_conflict(tmp_path: Path) -> None:
    spec = {
        "shifted.jpg": item("shifted.jpg", "2019-07-01T17:00:00", photo("2019:07:01 10:00:00"), place=TOKYO),
        "nowhere.jpg": item("nowhere.jpg", "2019-07-01T17:00:00", photo("2019:07:01 10:00:00", 2)),
        "right.jpg": item("right.jpg", "2019-07-01T10:00:00", photo("2019:07:01 19:00:00", 3), place=TOKYO),
        "said.jpg": item(
            "said.jpg", "2019-07-01T17:00:00", photo("2019:07:01 10:00:00", 4, offset="-07:00"), place=TOKYO
        ),
    }
    lines = twice(tmp_path, spec)
    (conflict,) = lines["shifted.jpg"]["conflicts"]
    assert (conflict["unit"], conflict["file"], conflict["kind"]) == (
        "date",
        "2019:07:01 10:00:00",
        "differs by 16 h",
    )
    assert not [tag for tag in lines["shifted.jpg"]["tags"] if "Offset" in tag or "Date" in tag]
    assert (lines["nowhere.jpg"]["conflicts"], lines["nowhere.jpg"]["tags"][OFFSET]) == ([], "-07:00")
    assert (lines["right.jpg"]["conflicts"], lines["right.jpg"]["tags"][OFFSET]) == ([], "+09:00")
    assert lines["said.jpg"]["conflicts"] == [] and OFFSET not in lines["said.jpg"]["tags"]


def test_overwrite_changes_what_the_place_contradicts(tmp_path: Path) -> None:
    spec = {"a.jpg": item("a.jpg", "2019-07-01T17:00:00", photo("2019:07:01 10:00:00"), place=TOKYO)}
    line = twice(tmp_path, spec, "--existing", "overwrite")["a.jpg"]
    assert (line["tags"][DTO], line["tags"][OFFSET], line["conflicts"]) == (
        "2019:07:02 02:00:00",
        "+09:00",
        [],
    )


def test_the_offset_of_the_change_is_not_that_of_the_picture(tmp_path: Path) -> None:
    block = tiff_block(
        {
            0x132: text("2019:12:01 10:00:00"),
            0x8769: {0x9000: octets(b"0232"), 0x9003: text("2019:07:01 14:34:56"), 0x9010: text("+01:00")},
        }
    )
    line = twice(tmp_path, {"a.jpg": item("a.jpg", "2019-07-01T12:34:56", _with_exif(block), place=BERLIN)})[
        "a.jpg"
    ]
    assert (line["taken"], line["conflicts"]) == ("2019-07-01T14:34:56+02:00", [])
    assert line["tags"][OFFSET] == "+02:00" and "EXIF:OffsetTime" not in line["tags"]


def test_zones_of_other_people_are_not_given_on(tmp_path: Path) -> None:
    phone: dict[str, Any] = {"mobileUpload": {"deviceType": "ANDROID_PHONE"}}
    partner: dict[str, Any] = {"fromPartnerSharing": {}}
    spec = {
        "mine.jpg": item("mine.jpg", "2019-07-01T10:00:00", photo("2019:07:01 12:00:00", offset="+02:00"),
                         googlePhotosOrigin=phone),
        "friend.jpg": item("friend.jpg", "2019-07-01T11:05:00", photo("2019:07:01 20:05:00", 2, offset="+09:00"),
                           googlePhotosOrigin=partner),
        "shot.jpg": item("shot.jpg", "2019-07-01T11:00:00", jpeg(3), googlePhotosOrigin=phone),
    }  # fmt: skip
    line = twice(tmp_path, spec)["shot.jpg"]
    assert (line["zone"], line["taken"]) == ("neighbour", "2019-07-01T13:00:00+02:00")


@pytest.mark.parametrize("part", ["1975", "1975-06", "1975-06-02", "1975-06-02T10:20", "1975-06-02T10:20Z"])
@pytest.mark.parametrize("taken", ["2019-07-01T12:34:56", "1975-06-02T10:20:34"])
def test_a_part_of_a_date_is_a_date(tmp_path: Path, part: str, taken: str) -> None:
    packet = xmp_packet(
        f"<photoshop:DateCreated>{part}</photoshop:DateCreated>",
        photoshop="http://ns.adobe.com/photoshop/1.0/",
    )
    inside = taken.startswith("1975")
    line = twice(tmp_path, {"a.jpg": item("a.jpg", taken, jpeg(1, xmp=packet))})["a.jpg"]
    assert packet in (tmp_path / "out" / line["output"]).read_bytes()
    assert [conflict["unit"] for conflict in line["conflicts"]] == ([] if inside else ["date"])
    for conflict in line["conflicts"]:
        assert (conflict["kind"], conflict["differs"]) == ("set by hand in Google Photos", "differs by years")
    is_clock = part.endswith(":20")  # kept unchanged because no zone is known
    assert line["tags"].get(DTO) == ("1975:06:02 10:20:34" if inside and not is_clock else None)


def test_a_film_with_the_clock_of_its_place_gets_it_with_its_offset(tmp_path: Path) -> None:
    sample = film("mp4", created=at("2019-07-01T12:00:00"))
    line = twice(tmp_path, {"a.mp4": item("a.mp4", "2019-07-01T10:00:00", sample, place=BERLIN)})["a.mp4"]
    dates = {tag: value for tag, value in line["tags"].items() if "Date" in tag}
    assert dates == {"Keys:CreationDate": "2019:07:01 12:00:00+02:00"}
    assert [(conflict["tag"], conflict["kind"]) for conflict in line["conflicts"]] == [
        ("QuickTime:CreateDate", "differs by 2 h")
    ]


def _with_exif(block: bytes) -> bytes:
    data = jpeg(1)
    payload = b"Exif\0\0" + block
    return data[:2] + b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload + data[2:]


# -- the larger cases, if they are present

ANSWERS: dict[str, dict[str, tuple[str, str, list[str]]]] = {
    # folder: file: taken, zone, units in conflict
    "z1_layout": {"IMG_0001.JPG": ("2025-12-27T22:00:00+00:00", "assumed", [])},
    "z3_shift": {
        "japan_shift7.jpg": ("2019-07-02T02:00:00+09:00", "gps", ["date"]),
        "japan_noplace.jpg": ("2019-07-01T10:00:00-07:00", "camera", []),
        "truth.jpg": ("2019-07-01T19:00:00+09:00", "camera", []),
    },
    "n_neighbour": {
        "Screenshot_1.png": ("2019-07-01T13:00:00+02:00", "neighbour", []),
        "evening.jpg": ("2019-07-01T19:00:00+02:00", "neighbour", []),
    },
    "off_fill": {"edited_in_winter.jpg": ("2019-07-01T14:34:56+02:00", "camera", [])},
    "partial": {
        "scan_day.jpg": ("2019-07-01T12:34:56+00:00", "assumed", ["date"]),
        "scan_year.jpg": ("2019-07-01T12:34:56+00:00", "assumed", ["date"]),
    },
}


@pytest.mark.shared
@pytest.mark.parametrize("folder", ANSWERS)
def test_cases_of_real_exports(tmp_path: Path, folder: str) -> None:
    if not (SHARED / folder).is_dir():
        pytest.skip("no shared cases here")
    year = tmp_path / "Takeout" / "Google Photos" / YEAR
    shutil.copytree(SHARED / folder, year)
    lines = media(run_here(tmp_path / "Takeout", tmp_path / "out"))
    for name, (capture_time, zone, units) in ANSWERS[folder].items():
        line = lines[f"Google Photos/{YEAR}/{name}"]
        assert (line["taken"], line["zone"]) == (capture_time, zone), name
        assert [conflict["unit"] for conflict in line["conflicts"]] == units, name
        assert not (units and {DTO, OFFSET} & line["tags"].keys()), name
