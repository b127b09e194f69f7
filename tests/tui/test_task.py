from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, text, wait_for_text, wait_until

from pef_tui.errors import DestLocked
from pef_tui.manifest import DestLock
from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.screens.done import DoneScreen
from pef_tui.tui.session.task import Task, TaskFile
from pef_tui.tui.text.task import task_result, task_text

NEEDED = pytest.mark.skipif(
    not (shutil.which("exiftool") or "CI" in os.environ), reason="ExifTool is not installed"
)


async def _run_to_end(pilot: Any) -> None:
    pilot.app.go("run")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
    await pilot.pause(0.1)


def _tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and ".pef-tui" not in path.parts)
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def _spoil(path: Path, content: bytes) -> None:
    """Change the bytes but not the size and times, like a failing disk."""
    status = path.stat()
    assert len(content) == status.st_size and content != path.read_bytes()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@NEEDED
@pytest.mark.exiftool
@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
def test_verify_finds_a_changed_file_and_retry_restores_it(
    tmp_path: Path, export: Path, size: tuple[int, int]
) -> None:
    session = make_session(tmp_path, export)
    spoilt = tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg"

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        right = spoilt.read_bytes()
        await pilot.press("v")
        await wait_for_text(pilot, "3 files read back, no differences", "Esc: back")
        await pilot.press("escape")
        await wait_for_text(pilot, "Verified. 3 files")
        assert not pilot.app.screen.check_action("retry", ())
        _spoil(spoilt, right.replace(b"first", b"other"))
        await pilot.press("v")
        await wait_for_text(pilot, "Differences found", "1 of 3 files", "Photos from 2019/a.jpg")
        await pilot.press("escape", "r")
        await wait_until(pilot, lambda: session.run is not None and session.run.settings.retry_failed)
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        assert spoilt.read_bytes() == right
        assert session.written_files is not None and len(session.written_files) == 1 and not session.tasks

    run_app(session, script, size)
    assert sorted(path.name for path in spoilt.parent.iterdir()) == ["a.jpg", "b.png"]


@NEEDED
@pytest.mark.exiftool
def test_retry_keeps_files_edited_after_the_run(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)
    edited = tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg"

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        edited.write_bytes(content := edited.read_bytes().replace(b"first", b"other"))
        os.utime(edited, (1_700_000_000,) * 2)
        await pilot.press("v")
        await wait_for_text(pilot, "Differences found", "1 of 3 files", "Photos from 2019/a.jpg")
        await pilot.press("escape", "r")
        await wait_until(pilot, lambda: session.run is not None and session.run.settings.retry_failed)
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        assert edited.read_bytes() == content

    run_app(session, script)
    assert sorted(path.name for path in edited.parent.iterdir()) == ["a.jpg", "b.png"]


@NEEDED
@pytest.mark.exiftool
def test_files_with_any_name_and_copies_are_verified(tmp_path: Path) -> None:
    name = os.fsdecode(b"odd\xff.jpg")
    export = takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg"), "Photos from 2020/x.jpg": None})
    folder = export / "Google Photos" / "Photos from 2020"
    (folder / "x.jpg").rename(folder / name)
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        (tmp_path / "Takeout-fixed" / "Photos from 2020" / name).write_bytes(b"another picture")
        await pilot.press("v")
        await wait_for_text(pilot, "1 of 2 files", r"odd\xff.jpg", "differs")

    run_app(session, script)


@NEEDED
@pytest.mark.exiftool
@pytest.mark.parametrize("form", ["zip", "gztar"])
def test_files_of_packed_parts_are_verified(tmp_path: Path, export: Path, form: str) -> None:
    part = shutil.make_archive(str(tmp_path / "part"), form, export.parent, export.name)
    session = make_session(tmp_path, Path(part))

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        _spoil(
            picture := tmp_path / "part-fixed" / "Photos from 2020" / "alone.jpg", picture.read_bytes()[::-1]
        )
        await pilot.press("v")
        await wait_for_text(pilot, "Differences found", "1 of 3 files", "alone.jpg", "the copy differs")

    run_app(session, script)


def test_undo_asks_and_restores_every_file(tmp_path: Path, export: Path) -> None:
    original_tree = _tree(export)
    session = make_session(tmp_path, export, in_place=True)

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        assert _tree(export) != original_tree
        await pilot.press("U")
        await wait_for_text(pilot, "Undo the run?", "Keep what was written")
        await pilot.press("enter")
        assert not session.tasks
        await pilot.press("U", "down", "enter")
        await wait_for_text(pilot, "Undone.", "2 files restored")
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await wait_for_text(pilot, "Undone.")
        screen = pilot.app.screen
        assert not screen.check_action("undo", ()) and not screen.check_action("verify", ())

    run_app(session, script)
    assert _tree(export) == original_tree


def test_undo_keeps_and_names_files_changed_after_the_run(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export, in_place=True)
    edited = export / "Google Photos" / "Photos from 2019" / "a.jpg"

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        edited.write_bytes(b"mine")
        await pilot.press("U", "down", "enter")
        await wait_for_text(pilot, "1 file restored", "1 left unchanged", "Photos from 2019/a.jpg")

    run_app(session, script)
    assert edited.read_bytes() == b"mine"


def test_without_written_files_there_is_no_undo_or_verify(tmp_path: Path, export: Path) -> None:
    for settings in ({}, {"dry_run": True}):
        session = make_session(tmp_path, export, **settings)

        async def script(pilot: Any, session: Any = session) -> None:
            await _run_to_end(pilot)
            assert not pilot.app.screen.check_action("undo", ())
            assert pilot.app.screen.check_action("verify", ()) is not session.settings.dry_run

        run_app(session, script)


def test_a_task_that_cannot_start_shows_one_line(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export, in_place=True)

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        assert session.run is not None
        with DestLock(session.run.progress.output):
            for keys in (("U", "down", "enter"), ("v",)):
                await pilot.press(*keys)
                await wait_for_text(pilot, "It failed: ", "Esc: back")
                assert "Traceback" not in text(pilot.app)
                await pilot.press("escape")

    run_app(session, script)


def test_a_task_stops_after_the_current_file() -> None:
    def steps(stop: Any) -> Any:
        yield TaskFile("a", "")
        stop.wait()
        yield TaskFile("b", "differs")

    task = Task("verify", steps, 3)
    task.start()
    task.end()
    assert task.is_over and not task.is_complete and (task.done_count, task.problem_count) == (2, 1)
    assert task_result(task).plain.startswith(
        "Stopped. Differences found. 1 of 2 files differ from what was written."
    )

    def fails(stop: Any) -> Any:
        yield TaskFile("a", "")
        raise DestLocked("another run is at work")

    task = Task("undo", fails)
    task.start()
    task.end()
    assert task_text(task).plain == "It failed: another run is at work"
