"""The History screen: verify, undo and report of earlier runs, and a run in progress."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, small_export, text, wait_for_text, wait_until
from terminal import Terminal
from textual.widgets import OptionList

from pef_tui.cli.main import main
from pef_tui.manifest import DestLock, Entry, Manifest, RunOpened
from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.session import recent
from pef_tui.tui.session.history import first_folder
from pef_tui.tui.session.recent import Recent

pytestmark = pytest.mark.exiftool
RUN = RunOpened("r1", 1_700_000_000_000_000_000, "1.0", b"shape123")


def _entry(key: bytes) -> Entry:
    return Entry(key, 10, 20, b"sidecar1", b"shape123", b"planplan", "written", output=key, output_size=11)


def _run(source: Path, *options: str) -> None:
    assert main(["--batch", "--no-config", "-q", str(source), *options]) == 0


def _remember(tmp_path: Path, *runs: Recent) -> Mapping[str, str]:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    for run in runs:
        recent.remember(environ, run)
    return environ


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.*") if ".pef-tui" not in path.parts}


def test_an_earlier_run_is_undone_by_four_keys(tmp_path: Path) -> None:
    source = small_export(tmp_path)
    originals = _bytes(source)
    _run(source, "--in-place")
    assert _bytes(source) != originals
    environ = _remember(tmp_path, Recent((str(source),)))
    terminal = Terminal(tmp_path, XDG_STATE_HOME=environ["XDG_STATE_HOME"])
    try:
        terminal.until("[Choose]")
        keys = (b"\x1bOS", b"U", b"j", b"\r")  # F4 first
        words = ("[History]", "Undo the run?", "", "Undone.")
        for key, word in zip(keys, words, strict=True):
            terminal.pause()
            terminal.send(key)
            if word:
                terminal.until(word)
        assert len(keys) <= 5 and _bytes(source) == originals
    finally:
        terminal.close()


def test_one_of_several_runs_is_picked_for_undo(tmp_path: Path) -> None:
    source = small_export(tmp_path)
    _run(source, "--in-place", "--include", "*a.jpg")
    after_first = _bytes(source)
    _run(source, "--in-place")
    session = make_session(tmp_path, source, in_place=True)

    async def script(pilot: Any) -> None:
        await pilot.press("f4")
        await wait_for_text(pilot, "[History]", "Files: all")
        await pilot.press("U")
        await wait_for_text(pilot, "Undo which run?")
        await pilot.press("enter")
        await wait_for_text(pilot, "Undo the run?")
        await pilot.press("enter")
        assert _bytes(source) != after_first, "the first answer keeps what was written"
        await pilot.press("U", "enter")
        await wait_for_text(pilot, "Undo the run?")
        await pilot.press("j", "enter")
        await wait_for_text(pilot, "Undone.")
        assert _bytes(source) == after_first
        await pilot.press("escape", "U")
        await wait_for_text(pilot, "Undo the run?")

    run_app(session, script)


def test_a_record_of_another_origin_is_said_to_be_foreign(tmp_path: Path) -> None:
    source = small_export(tmp_path)
    _run(source, "--in-place")
    moved = tmp_path / "moved"
    shutil.copytree(source, moved)
    session = make_session(tmp_path, moved, in_place=True)

    async def script(pilot: Any) -> None:
        await pilot.press("f4")
        await wait_for_text(pilot, "[History]")
        await pilot.press("U")
        await wait_for_text(pilot, "was not made here")

    run_app(session, script)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_outputs_of_an_earlier_run_are_verified(tmp_path: Path, size: tuple[int, int]) -> None:
    source, output = small_export(tmp_path), tmp_path / "out"
    _run(source, "-o", str(output))
    session = make_session(tmp_path, source, output=str(output))

    async def script(pilot: Any) -> None:
        await pilot.press("f4")
        await wait_for_text(pilot, "[History]", "Verify")
        assert not pilot.app.screen.check_action("undo", ()), "a run that was not in place changes no source"
        await pilot.press("v")
        await wait_for_text(pilot, "Verified.", "3 files read back")
        (output / "Photos from 2019" / "a.jpg").unlink()
        await pilot.press("escape", "v")
        await wait_for_text(pilot, "Differences found.", "is missing", "1 of 3 files")

    run_app(session, script, size)


def test_the_report_of_an_earlier_run_is_shown(tmp_path: Path) -> None:
    source, output = small_export(tmp_path), tmp_path / "out"
    session = make_session(tmp_path, source, output=str(output))
    run = session.start_run()
    run.join(60)
    session.run = None

    async def script(pilot: Any) -> None:
        await pilot.press("f4")
        await wait_for_text(pilot, "[History]", "Report")
        await pilot.press("r")
        await wait_for_text(pilot, "report.html", "Open it in a browser")

    run_app(session, script, (200, 40))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
def test_a_run_that_was_left_behind_is_watched_to_its_end(tmp_path: Path, size: tuple[int, int]) -> None:
    dest = tmp_path / "out"
    other = tmp_path / "other"
    _run(small_export(tmp_path), "-o", str(other))
    environ = _remember(tmp_path, Recent(("a",), str(dest)), Recent(("b",), str(other)))
    with DestLock(str(dest)):
        manifest = Manifest.open(str(dest), read_only=False)
        manifest.begin(RUN)
        session = make_session(tmp_path)
        assert first_folder(session) == str(dest) and environ

        async def script(pilot: Any) -> None:
            await pilot.press("f4")
            await wait_for_text(pilot, "A run is in progress (w watches it)")
            await pilot.press("w")
            await wait_for_text(pilot, "In progress", "recorded  0 files")
            manifest.record_batch(0, [_entry(b"Trip/a.jpg"), _entry(b"Trip/b.jpg")])
            await wait_for_text(pilot, "recorded  2 files", "Trip/b.jpg")
            manifest.record_batch(0, [_entry(b"Trip/c.jpg")])
            await wait_for_text(pilot, "recorded  3 files", "Trip/c.jpg")
            manifest.close({"written": 3})
            await wait_for_text(pilot, "Ended.", "3  written")
            await pilot.press("escape")
            await wait_until(pilot, lambda: len(pilot.app.screen_stack) == 3)
            assert "3 files" in text(pilot.app)

        run_app(session, script, size)


def test_files_of_a_folder_are_listed_and_the_filter_is_removed(tmp_path: Path) -> None:
    files = {f"Photos from {year}/{year}.jpg": sidecar(f"{year}.jpg") for year in (2018, 2019, 2020)}
    source, output = takeout(tmp_path, files), tmp_path / "out"
    _run(source, "-o", str(output))
    session = make_session(tmp_path, source, output=str(output))

    async def script(pilot: Any) -> None:
        await pilot.press("f4")
        await wait_for_text(pilot, "Files: all")
        listed = pilot.app.screen.query_one("#files", OptionList)
        await pilot.press("f", "slash", *"2019", "enter")
        await wait_for_text(pilot, "Files: all, in Photos from 2019")
        assert listed.option_count == 1
        await pilot.press("slash", *"2020")
        await wait_until(pilot, lambda: listed.option_count == 0)
        await pilot.press("escape")
        await wait_until(pilot, lambda: listed.option_count == 1)
        await pilot.press("x")
        await wait_until(pilot, lambda: listed.option_count == 3)
        await pilot.press("escape")
        await wait_for_text(pilot, "[Choose]")

    run_app(session, script)
