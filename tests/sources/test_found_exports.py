from __future__ import annotations

import os
from pathlib import Path

import pytest

from pef_tui.sources.found_exports import FoundExport, exports_in, is_export_folder, stamp_of
from pef_tui.testing.export import sidecar, takeout

JANUARY, MARCH = "takeout-20260115T102030Z", "takeout-20260301T000000Z"


def _no_limit() -> None:
    pass


def _found(directory: Path) -> list[FoundExport]:
    with os.scandir(directory) as entries:
        return exports_in(str(directory), entries, lambda path: is_export_folder(path, _no_limit))


def _names(paths: tuple[str, ...]) -> list[str]:
    return [os.path.basename(path) for path in paths]


def _write(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).write_bytes(b"12345")


def test_parts_and_folders_of_one_export_are_together(tmp_path: Path) -> None:
    takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg")})
    _write(tmp_path, f"{JANUARY}-001.zip", f"{JANUARY}-003.zip", "holiday.zip", "invoice_2024.zip")
    _write(tmp_path, f"{JANUARY}-002.zip.crdownload")
    [export] = _found(tmp_path)
    assert _names(export.archives) == [f"{JANUARY}-001.zip", f"{JANUARY}-003.zip"]
    assert (_names(export.folders), export.stamp, export.size) == (["Takeout"], "20260115T102030Z", 10)
    assert (export.missing, export.downloading, export.is_measured) == ([], [2], False)


def test_exports_of_different_times_are_separate(tmp_path: Path) -> None:
    takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg")})
    takeout(tmp_path / f"{MARCH}-002", {"Photos from 2019/b.jpg": sidecar("b.jpg")})
    _write(tmp_path, f"{JANUARY}-001.zip", f"{MARCH}-001.zip", f"{MARCH}-004.tgz")
    march, january, unstamped = _found(tmp_path)
    assert (march.missing, _names(march.folders)) == ([3], [f"{MARCH}-002"])
    assert (_names(january.archives), january.missing) == ([f"{JANUARY}-001.zip"], [])
    assert (_names(unstamped.folders), unstamped.stamp) == (["Takeout"], "")


def test_links_and_outputs_are_no_exports(tmp_path: Path) -> None:
    elsewhere = takeout(tmp_path / "x", {"Photos from 2019/a.jpg": sidecar("a.jpg")})
    places = tmp_path / "places"
    output = places / "Takeout-fixed"
    (output / "Photos from 2019").mkdir(parents=True)
    (output / "Photos from 2020").mkdir()
    (output / ".pef-tui").mkdir()
    (places / "Takeout").symlink_to(elsewhere)
    _write(tmp_path, "real.zip")
    (places / f"{JANUARY}-001.zip").symlink_to(tmp_path / "real.zip")
    assert _found(places) == []


@pytest.mark.parametrize(
    ("container", "is_export"),
    [
        ("Takeout/Google Photos", True),
        ("Takeout 2/Google Fotos", True),
        (f"{JANUARY}-001/Takeout/Google Photos", True),
        ("Google Photos", True),
        ("my takeouts/Takeout/Google Photos", False),  # contains an export
        ("Holidays/Google Photos", False),  # its name does not say so
        ("Takeout/Mail/x/y", False),
    ],
)
def test_a_folder_is_an_export_by_the_names_in_it(tmp_path: Path, container: str, is_export: bool) -> None:
    name = "notes.txt" if "Mail" in container else "Photos from 2019/a.jpg"
    content = b"" if "Mail" in container else sidecar("a.jpg")
    folder = takeout(tmp_path, {name: content}, container=container)
    assert is_export_folder(str(folder), _no_limit) is is_export


def test_the_stamp_is_read_from_every_kind_of_name() -> None:
    assert stamp_of("Takeout-20240102t030405z-3-001 (1).zip") == "20240102T030405Z"
    assert stamp_of("Takeout 2") == ""
