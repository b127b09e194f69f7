"""Test which files the filters leave out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from pef_tui.config import options
from pef_tui.model import Album, CaptureTime, Match, MediaFile, Origin, Sidecar, Timestamp
from pef_tui.settings import Settings
from pef_tui.takeout.filters import filters, skip

PARTNER = Origin(from_partner_sharing={})


def match(
    path: str = "Trip/a.jpg", taken: str | None = None, title: str = "", album: str | None = None
) -> Match:
    folder = path.rpartition("/")[0]
    return Match(
        MediaFile(0, f"Takeout/Google Photos/{path}", 1, 0),
        folder,
        Sidecar(title, photo_taken_time=Timestamp(taken)) if taken is not None or title else None,
        album=None if album is None else Album(album),
    )


def reasons(settings: Settings, file_match: Match) -> list[str]:
    return [reason for item in filters(settings) if (reason := item.reason(file_match))]


def kept(settings: Settings, paths: Iterable[str]) -> list[str]:
    return [path for path in paths if not reasons(settings, match(path))]


def test_no_setting_no_filter() -> None:
    assert list(filters(Settings())) == []


def test_only_what_is_set_is_registered() -> None:
    all_items = Settings(
        only="photo", album=("a",), include=("a",), exclude=("a",), since="2019-01-01", until="2019-01-01"
    )
    assert [item.name for item in filters(all_items)] == [
        "only",
        "album",
        "include",
        "exclude",
        "since",
        "until",
    ]
    assert [item.name for item in filters(Settings(since="2019-01-01"))] == ["since"]


@pytest.mark.parametrize(
    ("path", "title", "kind"),
    [
        ("a.jpg", "", "photo"),
        ("a.HEIC", "", "photo"),
        ("a.dng", "", "photo"),
        ("a.mp4", "", "video"),
        ("a.MOV", "a.HEIC", "video"),
        ("a", "a.mp4", "video"),
        ("a", "", None),
        ("a", "a", None),
    ],
)
def test_only(path: str, title: str, kind: str | None) -> None:
    assert bool(reasons(Settings(only="photo"), match(path, title=title))) == (kind != "photo")
    assert bool(reasons(Settings(only="video"), match(path, title=title))) == (kind != "video")


PATHS = [
    "a.jpg",
    "Trip/a.jpg",
    "Trip/b.PNG",
    "Trip/x/a.jpg",
    "trip/a.png",
    "caf\u00e9/a.jpg",
    "\udcff\n/[a].jpg",
]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(album=("Trip",)), ["Trip/a.jpg", "Trip/b.PNG"]),
        (Settings(album=("Trip*",)), ["Trip/a.jpg", "Trip/b.PNG", "Trip/x/a.jpg"]),
        (Settings(album=("x", "trip")), ["Trip/x/a.jpg", "trip/a.png"]),
        (Settings(album=("",)), ["a.jpg"]),
        (Settings(album=("cafe\u0301",)), ["caf\u00e9/a.jpg"]),
        (Settings(include=("*.png",)), ["trip/a.png"]),
        (Settings(include=("*.[pP][nN][gG]",)), ["Trip/b.PNG", "trip/a.png"]),
        (Settings(include=("Trip/*",)), ["Trip/a.jpg", "Trip/b.PNG", "Trip/x/a.jpg"]),
        (Settings(include=("[[]a].jpg",)), ["\udcff\n/[a].jpg"]),
        (Settings(include=("?\n/*",)), ["\udcff\n/[a].jpg"]),
        (Settings(exclude=("a.jpg",)), ["Trip/b.PNG", "trip/a.png", "\udcff\n/[a].jpg"]),
        (Settings(exclude=("Trip/*", "t*")), ["a.jpg", "caf\u00e9/a.jpg", "\udcff\n/[a].jpg"]),
        (Settings(include=("Trip/*",), exclude=("*.PNG",)), ["Trip/a.jpg", "Trip/x/a.jpg"]),
    ],
)
def test_globs(settings: Settings, expected: list[str]) -> None:
    assert kept(settings, PATHS) == expected


def test_an_album_is_also_known_by_its_title() -> None:
    settings = Settings(album=("Trip to*",))
    assert reasons(settings, match("Untitled(3)/a.jpg", album="Trip to Gdańsk")) == []
    assert reasons(settings, match("Untitled(3)/a.jpg", album="Home")) == ["its album is not asked for"]


@pytest.mark.parametrize(
    ("taken", "since", "until"),
    [
        ("1561939199", "taken before 2019-07-01", None),
        ("1561939200", None, None),
        ("1562025599", None, None),
        ("1562025600", None, "taken after 2019-07-01"),
        ("-1000000000", "taken before 2019-07-01", None),
        ("-9999999999", "taken before 2019-07-01", None),
        ("1561939200000", None, None),
        ("0", None, None),
        ("", None, None),
        ("x", None, None),
        (None, None, None),
    ],
)
def test_days_are_inclusive_and_what_has_no_date_is_kept(
    taken: str | None, since: str | None, until: str | None
) -> None:
    inputs = match(taken=taken)
    assert reasons(Settings(since="2019-07-01"), inputs) == ([since] if since else [])
    assert reasons(Settings(until="2019-07-01"), inputs) == ([until] if until else [])


@pytest.mark.parametrize("instant", [-249_999_999_999, 249_999_999_999, -62_135_596_800])
def test_instants_at_the_ends_of_the_calendar(instant: int) -> None:
    for zone in ("", "Asia/Tokyo", "America/Los_Angeles"):
        settings = Settings(since="0001-01-01", until="9999-12-31", timezone=zone)
        assert reasons(settings, match(taken=str(instant))) == []


def test_days_begin_at_midnight_of_the_zone_given() -> None:
    late = match(taken=str(int(datetime(2019, 6, 30, 22, 30, tzinfo=UTC).timestamp())))
    assert reasons(Settings(since="2019-07-01"), late) == ["taken before 2019-07-01"]
    assert reasons(Settings(since="2019-07-01", timezone="Europe/Berlin"), late) == []


def test_a_wall_clock_already_known_decides() -> None:
    moment = datetime(2019, 6, 30, 22, 30, tzinfo=UTC).timestamp()
    known_values = Match(MediaFile(0, "a.jpg", 1, 0), "", capture_time=CaptureTime(moment, 120, "gps"))
    assert reasons(Settings(since="2019-07-01"), known_values) == []
    assert reasons(Settings(until="2019-06-30"), known_values) == ["taken after 2019-06-30"]


@pytest.mark.parametrize(
    "text", ["2019-02-30", "2019", "1.7.2019", "20190701", "2019-W27-1", "x", "2019-07-01\n", "٢٠١٩-07-01"]
)
@pytest.mark.parametrize("setting", ["since", "until"])
def test_a_wrong_date_is_one_clear_line(setting: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{setting}: ") as caught:
        list(filters(replace(Settings(), **{setting: text})))
    assert str(caught.value) == f"{setting}: {text!r} is not a date (YYYY-MM-DD)"


def test_a_wrong_zone_is_one_clear_line() -> None:
    for zone in ("Mars/Olympus", "../etc/passwd", "Europe"):
        with pytest.raises(ValueError, match=r"^timezone: '.*' is not an IANA zone$"):
            list(filters(Settings(since="2019-07-01", timezone=zone)))


@pytest.mark.parametrize(
    ("folder", "fields", "album", "kinds", "expected"),
    [
        ("Trash", {}, None, ("trash",), "in the trash"),
        ("Papierkorb", {}, None, ("trash", "archive"), "in the trash"),
        ("Archive", {}, None, ("trash",), None),
        ("Archive", {}, Album("Archive"), ("archive",), None),
        ("dossier verrouille\u0301", {}, None, ("locked",), "in the locked folder"),
        ("Photos from 2019", {"trashed": True}, None, ("trash",), "in the trash"),
        ("Photos from 2019", {"archived": True}, None, ("archive",), "in the archive"),
        ("Photos from 2019", {"archived": True}, None, ("trash", "locked"), None),
        ("Photos from 2019", {"in_locked_folder": True}, None, ("locked",), "in the locked folder"),
        ("Photos from 2019", {"in_locked_folder": True}, None, ("trash", "archive"), None),
        ("Photos from 2019", {"in_locked_folder": False}, None, ("locked",), None),
        ("Photos from 2019", {"in_locked_folder": None}, None, ("locked",), None),
        ("Photos from 2019", {}, None, ("trash", "archive", "locked", "partner"), None),
        ("Trip", {"google_photos_origin": PARTNER}, Album("Trip"), ("partner",), "shared by a partner"),
        ("Trip", {"google_photos_origin": PARTNER}, None, ("trash", "archive", "locked"), None),
        ("Trip", {"google_photos_origin": Origin(from_shared_album={})}, None, ("partner",), None),
        ("Partner", {}, None, ("partner",), None),
    ],
)
def test_skip(
    folder: str, fields: dict[str, Any], album: Album | None, kinds: Any, expected: str | None
) -> None:
    match = Match(
        MediaFile(0, f"{folder}/a.jpg", 1, 0), folder, Sidecar(title="a.jpg", **fields), album=album
    )
    (only_one,) = filters(Settings(skip=kinds))
    assert only_one.reason(match) == expected


def test_the_setting_has_all_kinds_to_skip() -> None:
    for kind in options()["skip"].choices:
        list(filters(Settings(skip=(kind,))))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"is none of {', '.join(options()['skip'].choices)}$"):
        skip(["bin"])


def test_skip_refuses_other_words() -> None:
    with pytest.raises(ValueError, match="skip: 'bin' is none of trash, archive, locked, partner"):
        list(filters(Settings(skip=("bin",))))  # type: ignore[arg-type]
