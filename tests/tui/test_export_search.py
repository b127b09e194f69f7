from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from mixed_export import mixed_export

from pef_tui.sources import found_exports
from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.session import export_search
from pef_tui.tui.session.export_search import ExportSearch, search_places, volumes
from pef_tui.tui.text.found import found_text

FILES = {"Photos from 2019/a.jpg": sidecar("a.jpg")}


@pytest.fixture(autouse=True)
def no_volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use an empty list of mounted volumes, and the home folder as current one."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text("")
    monkeypatch.setattr(export_search, "MOUNTS", str(mounts))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "home")


def _texts(*recent: str, seconds: float = 20, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(export_search, "SECONDS", seconds)  # this machine may be slow
    search = ExportSearch(search_places(recent))
    search.start()
    return [found_text(export) for export in search.wait()]


def test_an_export_is_described_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads = mixed_export(tmp_path / "home" / "Downloads", 13, 3, missing=(5,))
    [text] = _texts(monkeypatch=monkeypatch)
    head = "Takeout of 2026-01-15 in ~/Downloads: 12 parts and 3 folders, "
    assert text.startswith(head) and text.endswith("B; part 5 is missing")
    size = sum(path.stat().st_size for path in downloads.rglob("*") if path.is_file())
    assert text == f"{head}{size / 1000:.0f} kB; part 5 is missing"


def test_every_place_is_searched_and_none_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    volume = tmp_path / "media" / "my disk"
    takeout(home / "work", FILES)
    takeout(volume / "backup", FILES)
    takeout(tmp_path / "earlier", FILES)
    takeout(home / "a" / "b" / "too deep", FILES)
    takeout(home / ".hidden", FILES)
    monkeypatch.chdir(home / "work")
    (tmp_path / "mountinfo").write_text(
        f"36 35 98:0 / {volume}".replace(" disk", "\\040disk") + " rw - ext4 /dev/sda1 rw\n"
    )
    monkeypatch.setattr(export_search, "VOLUMES", (f"{tmp_path}/media/",))
    assert volumes() == [str(volume)]
    assert _texts(str(tmp_path / "earlier" / "Takeout"), monkeypatch=monkeypatch) == [
        f"Takeout in {where}: 1 folder, {_size(place)}"
        for where, place in (
            ("~/work", home / "work"),
            (str(volume / "backup"), volume / "backup"),
            (str(tmp_path / "earlier"), tmp_path / "earlier"),
        )
    ]


def _size(folder: Path) -> str:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / 1000:.0f} kB" if size > 999 else f"{size} B"


def test_inside_an_export_the_export_itself_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = takeout(tmp_path / "home" / "Downloads", FILES)
    monkeypatch.chdir(export)
    [text] = _texts(monkeypatch=monkeypatch)
    assert text.startswith("Takeout in ~/Downloads: 1 folder, ")


def test_no_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    takeout(elsewhere, FILES)
    (tmp_path / "home" / "Downloads").symlink_to(elsewhere)
    (tmp_path / "home" / "more").symlink_to(elsewhere)
    assert _texts(monkeypatch=monkeypatch) == []


def test_a_place_that_does_not_answer_delays_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    takeout(tmp_path / "home" / "Downloads", FILES)
    never = threading.Event()
    real_scandir = os.scandir

    def scandir(path: Any = ".") -> Any:
        if path == str(tmp_path / "home"):
            never.wait(60)
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", scandir)
    start = time.monotonic()
    monkeypatch.setattr(export_search, "SECONDS", 3)
    search = ExportSearch(search_places())
    search.start()
    found = search.wait()
    assert time.monotonic() - start < 30 and search.is_over
    assert [export.directory for export in found] == [str(tmp_path / "home" / "Downloads")]
    never.set()


def test_a_folder_that_is_not_measured_in_time_is_a_lower_limit() -> None:
    export = found_exports.FoundExport(
        "/x",
        "20260115T102030Z",
        ("/x/takeout-20260115T102030Z-001.zip",),
        ("/x/Takeout",),
        (),
        48 * 10**9,
        False,
    )
    assert found_text(export) == "Takeout of 2026-01-15 in /x: 1 part and 1 folder, more than 48.0 GB"


def test_missing_and_unfinished_parts_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    for number in (1, 9, 20):
        (home / f"takeout-20260115T102030Z-{number:03}.tgz").touch()
    for number in (4, 6):
        (home / f"takeout-20260115T102030Z-{number:03}.tgz.part").touch()
    [text] = _texts(monkeypatch=monkeypatch)
    missing = "parts 2, 3, 5, 7, 8 and 10 more are missing; parts 4 and 6 are still downloading"
    assert text == f"Takeout of 2026-01-15 in ~: 3 parts; {missing}"
