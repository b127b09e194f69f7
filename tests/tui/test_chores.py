from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from app_cases import made_flow, piloted, shown, text, until

from pef_tui.errors import DestHeld
from pef_tui.manifest import DestLock
from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.chore import Chore, File
from pef_tui.tui.chore_words import chore_words, ending
from pef_tui.tui.done import DoneScreen

NEEDED = pytest.mark.skipif(
    not (shutil.which("exiftool") or "CI" in os.environ), reason="ExifTool is not installed"
)


async def _done(pilot: Any) -> None:
    pilot.app.go("run")
    await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
    await pilot.pause(0.1)


def _tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and ".pef-tui" not in path.parts)
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def _spoil(path: Path, content: bytes) -> None:
    """As a bad disk does: other bytes, the same size and times."""
    before = path.stat()
    assert len(content) == before.st_size and content != path.read_bytes()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@NEEDED
@pytest.mark.exiftool
@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
def test_verify_reads_back_finds_what_changed_and_retry_mends_it(
    tmp_path: Path, export: Path, size: tuple[int, int]
) -> None:
    flow = made_flow(tmp_path, export)
    spoilt = tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg"

    async def script(pilot: Any) -> None:
        await _done(pilot)
        right = spoilt.read_bytes()
        await pilot.press("v")
        await shown(pilot, "3 files read back, each as written", "Escape: back")
        await pilot.press("escape")
        await shown(pilot, "Right. 3 files")
        assert not pilot.app.screen.check_action("retry", ())
        _spoil(spoilt, right.replace(b"first", b"other"))
        await pilot.press("v")
        await shown(pilot, "1 of 3 files", "not as written", "Photos from 2019/a.jpg")
        await pilot.press("escape", "r")
        await until(pilot, lambda: flow.run is not None and flow.run.settings.retry_failed)
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        assert spoilt.read_bytes() == right
        assert flow.written is not None and len(flow.written) == 1 and not flow.chores

    piloted(flow, script, size)
    assert sorted(path.name for path in spoilt.parent.iterdir()) == ["a.jpg", "b.png"]


@NEEDED
@pytest.mark.exiftool
def test_retry_leaves_alone_what_was_edited_after_the_run(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export)
    edited = tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg"

    async def script(pilot: Any) -> None:
        await _done(pilot)
        edited.write_bytes(content := edited.read_bytes().replace(b"first", b"other"))
        os.utime(edited, (1_700_000_000,) * 2)
        await pilot.press("v")
        await shown(pilot, "1 of 3 files", "not as written", "Photos from 2019/a.jpg")
        await pilot.press("escape", "r")
        await until(pilot, lambda: flow.run is not None and flow.run.settings.retry_failed)
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        assert edited.read_bytes() == content

    piloted(flow, script)
    assert sorted(path.name for path in edited.parent.iterdir()) == ["a.jpg", "b.png"]


@NEEDED
@pytest.mark.exiftool
def test_names_of_any_bytes_and_copies_are_read_back_too(tmp_path: Path) -> None:
    name = os.fsdecode(b"odd\xff.jpg")
    export = takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg"), "Photos from 2020/x.jpg": None})
    folder = export / "Google Photos" / "Photos from 2020"
    (folder / "x.jpg").rename(folder / name)
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _done(pilot)
        (tmp_path / "Takeout-fixed" / "Photos from 2020" / name).write_bytes(b"another picture")
        await pilot.press("v")
        await shown(pilot, "1 of 2 files", r"odd\xff.jpg", "differs")

    piloted(flow, script)


@NEEDED
@pytest.mark.exiftool
@pytest.mark.parametrize("form", ["zip", "gztar"])
def test_packed_parts_are_looked_into_again(tmp_path: Path, export: Path, form: str) -> None:
    part = shutil.make_archive(str(tmp_path / "part"), form, export.parent, export.name)
    flow = made_flow(tmp_path, Path(part))

    async def script(pilot: Any) -> None:
        await _done(pilot)
        _spoil(alone := tmp_path / "part-fixed" / "Photos from 2020" / "alone.jpg", alone.read_bytes()[::-1])
        await pilot.press("v")
        await shown(pilot, "1 of 3 files not as written", "alone.jpg", "the copy differs")

    piloted(flow, script)


def test_undo_asks_and_puts_every_file_back(tmp_path: Path, export: Path) -> None:
    before = _tree(export)
    flow = made_flow(tmp_path, export, in_place=True)

    async def script(pilot: Any) -> None:
        await _done(pilot)
        assert _tree(export) != before
        await pilot.press("u")
        await shown(pilot, "Undo the run?", "Keep what was written")
        await pilot.press("enter")
        assert not flow.chores
        await pilot.press("u", "down", "enter")
        await shown(pilot, "Undone.", "2 files put back as before")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await shown(pilot, "Undone.")
        screen = pilot.app.screen
        assert not screen.check_action("undo", ()) and not screen.check_action("verify", ())

    piloted(flow, script)
    assert _tree(export) == before


def test_what_somebody_changed_since_is_left_and_named(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export, in_place=True)
    changed = export / "Google Photos" / "Photos from 2019" / "a.jpg"

    async def script(pilot: Any) -> None:
        await _done(pilot)
        changed.write_bytes(b"mine")
        await pilot.press("u", "down", "enter")
        await shown(pilot, "1 file put back", "1 left as found", "Photos from 2019/a.jpg")

    piloted(flow, script)
    assert changed.read_bytes() == b"mine"


def test_there_is_nothing_to_undo_or_verify_where_nothing_was_written(tmp_path: Path, export: Path) -> None:
    for settings in ({}, {"dry_run": True}):
        flow = made_flow(tmp_path, export, **settings)

        async def script(pilot: Any, flow: Any = flow) -> None:
            await _done(pilot)
            assert not pilot.app.screen.check_action("undo", ())
            assert pilot.app.screen.check_action("verify", ()) is not flow.settings.dry_run

        piloted(flow, script)


def test_it_ends_in_one_line_where_it_cannot_begin(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export, in_place=True)

    async def script(pilot: Any) -> None:
        await _done(pilot)
        assert flow.run is not None
        with DestLock(flow.run.progress.output):
            for keys in (("u", "down", "enter"), ("v",)):
                await pilot.press(*keys)
                await shown(pilot, "It failed: ", "Escape: back")
                assert "Traceback" not in text(pilot.app)
                await pilot.press("escape")

    piloted(flow, script)


def test_it_stops_after_what_is_in_hand_and_says_so() -> None:
    def steps(stop: Any) -> Any:
        yield File("a", "")
        stop.wait()
        yield File("b", "differs")

    chore = Chore("verify", steps, 3)
    chore.start()
    chore.end()
    assert chore.over and not chore.whole and (chore.done, chore.wrong) == (2, 1)
    assert ending(chore).plain.startswith("Stopped. Wrong. 1 of 2 files not as written.")

    def fails(stop: Any) -> Any:
        yield File("a", "")
        raise DestHeld("another run is at work")

    chore = Chore("undo", fails)
    chore.start()
    chore.end()
    assert chore_words(chore).plain == "It failed: another run is at work"
