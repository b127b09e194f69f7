"""What the Choose screen offers before a source is chosen, and how parts of an export are chosen."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, text, wait_for_text, wait_until
from contrast import contrast
from mixed_export import PICTURES, STAMP, mixed_export
from textual.events import Paste

from pef_tui.tui.session import checks, export_search, output_choice
from pef_tui.tui.widgets.found_list import FoundList
from pef_tui.tui.widgets.path_input import PathInput
from pef_tui.tui.widgets.source_list import SourceList
from pef_tui.tui.widgets.source_tree import SourceTree

SIZES = [(60, 20), (80, 24), (120, 40)]


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an export of 4 archives, without the second, and 2 folders. The home folder is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(export_search, "SECONDS", 20)  # this machine may be slow
    return mixed_export(tmp_path / "Downloads", 5, 2, missing=(2,))


@pytest.mark.parametrize("size", SIZES)
def test_enter_takes_the_export_that_was_found(
    tmp_path: Path, downloads: Path, size: tuple[int, int]
) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "Takeout of 2026-01-15 in ~/Downloads: 4 parts and 2", "part 2 is")
        for line in ("1 Choose: Enter takes", "2 F5 previews", "3 F5 writes copies"):
            assert line in text(pilot.app)
        assert pilot.app.screen.query_one("#add", PathInput).has_focus
        await pilot.press("enter")
        await wait_until(pilot, lambda: session.survey is not None and session.survey.is_over)
        await wait_for_text(pilot, "complete")
        assert "1 Choose" not in text(pilot.app) and not pilot.app.screen.query_one(FoundList).display

    run_app(session, script, size)
    assert len(session.settings.sources) == 6
    assert session.survey is not None and session.survey.photos == 6 * PICTURES
    assert session.output == str(downloads / "Photos-fixed")


def test_the_proposed_output_has_room(
    tmp_path: Path, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def free_space(path: str) -> int:
        return 1_000 if path.startswith(str(downloads)) else 10**12

    monkeypatch.setattr(output_choice.roomy_output, "__defaults__", (free_space,))
    monkeypatch.setattr(checks, "free_space", free_space)
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "Takeout of 2026-01-15")
        await pilot.press("enter")
        await wait_for_text(pilot, "~/Photos-fixed", "1.0 TB free")

    run_app(session, script, (120, 40))
    assert session.output == str(tmp_path / "Photos-fixed")


def test_down_in_the_field_leads_to_the_exports_found(tmp_path: Path, downloads: Path) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        found = pilot.app.screen.query_one(FoundList)
        await wait_for_text(pilot, "Takeout of 2026-01-15")
        await pilot.press("down")
        await wait_until(pilot, lambda: found.has_focus)
        await pilot.press("enter")
        await wait_until(pilot, lambda: len(session.settings.sources) == 6)

    run_app(session, script)


@pytest.mark.parametrize("key", ["down", "enter"])
def test_without_exports_the_empty_field_leads_to_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.chdir(tmp_path)
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "1 Choose: type the path of an export, or use the tree")
        await pilot.press(key)
        await wait_until(pilot, lambda: pilot.app.screen.query_one(SourceTree).has_focus)

    run_app(session, script)
    assert session.settings.sources == ()


@pytest.mark.parametrize("missing", [(), (5,)])
def test_a_folder_of_parts_is_taken_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: tuple[int, ...]
) -> None:
    exports = mixed_export(tmp_path / "exports", 13 if missing else 12, 3, missing)
    monkeypatch.chdir(exports)
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one(SourceTree).focus()
        await pilot.press("enter")
        await wait_for_text(pilot, f"{15 * PICTURES} pictures")
        number = "number 5 is missing" if missing else "no number is missing"
        await wait_for_text(pilot, f"12 parts of one export, {number}")
        await wait_for_text(pilot, *(["F6 Warning: takeout-"] if missing else []))

    run_app(session, script)
    assert session.settings.sources == (str(exports),)


def test_parts_in_a_folder_below_the_source_are_reported(tmp_path: Path) -> None:
    mixed_export(tmp_path / "all" / "january", 3)
    session = make_session(tmp_path, tmp_path / "all")

    assert _warnings(session) == [
        f"{tmp_path}/all/january: 3 parts of an export not read; add this folder as a source to read them"
    ]


def test_archives_are_not_changed_in_place_and_reported(tmp_path: Path) -> None:
    mixed_export(tmp_path / "exports", 3, 1)
    session = make_session(tmp_path, tmp_path / "exports", in_place=True)

    assert _warnings(session) == [
        f"{tmp_path}/exports: 3 parts of an export not read; a run in place does not change them"
    ]


def _warnings(session: Any) -> list[str]:
    """Return the warnings about the sources on the Choose screen."""

    async def script(pilot: Any) -> None:
        await wait_until(pilot, lambda: session.survey.is_over and session.checks.is_over)
        await wait_for_text(pilot, "Warning:")

    run_app(session, script, (120, 40))
    return [text for text in session.checks.warnings() if "ExifTool" not in text]


def test_several_rows_are_selected_and_taken_together(tmp_path: Path, downloads: Path) -> None:
    session = make_session(tmp_path)
    names = ["Takeout", "Takeout 2", f"{STAMP}-001.zip", f"{STAMP}-003.zip", f"{STAMP}-004.zip"]
    paths = [str(downloads / name) for name in names]

    async def script(pilot: Any) -> None:
        tree = pilot.app.screen.query_one(SourceTree)
        tree.focus()
        await wait_for_text(pilot, "Downloads/")
        await pilot.press("j", "right")
        await wait_for_text(pilot, "Takeout 2/")
        await pilot.press("j", "space")
        assert (list(tree.selected), tree.cursor_line) == (paths[:1], 3)
        await pilot.press("shift+down", "shift+down", "shift+down")  # over the missing part 002
        assert list(tree.selected) == paths[:4]
        await pilot.press("shift+down")
        assert list(tree.selected) == paths
        await pilot.press("shift+up")
        assert list(tree.selected) == paths[:4]
        assert session.settings.sources == ()
        await pilot.press("enter")
        await wait_until(pilot, lambda: session.settings.sources == tuple(paths[:4]))
        assert not tree.selected
        await pilot.press("down", "space")
        await pilot.press("f5")
        await wait_until(pilot, lambda: session.preview is not None)

    run_app(session, script, (120, 40))
    assert session.settings.sources == tuple(paths), "what is selected belongs to the preview"


def test_all_parts_of_an_export_are_taken_by_a_key(tmp_path: Path, downloads: Path) -> None:
    (downloads / "photos-001.zip").touch()
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one(SourceTree).focus()
        await wait_for_text(pilot, "Downloads/")
        await pilot.press("a")
        await wait_for_text(pilot, "No part of an export: ~")
        await pilot.press("down", "a")
        await wait_until(pilot, lambda: len(session.settings.sources) == 7)
        await pilot.press("right")
        await wait_for_text(pilot, "Takeout 2/")
        await pilot.press("x")
        await wait_until(pilot, lambda: not session.settings.sources)
        await pilot.press("down", "down", "space", "a")
        await wait_until(pilot, lambda: len(session.settings.sources) == 6)
        assert not pilot.app.screen.query_one(SourceTree).selected, "Enter would remove what is selected"

    run_app(session, script, (120, 40))


@pytest.mark.parametrize("focus", ["#tree", "#options", "#chosen", "#found"])
def test_paths_are_pasted_wherever_the_focus_is(tmp_path: Path, downloads: Path, focus: str) -> None:
    session = make_session(tmp_path)
    paths = sorted(map(str, downloads.iterdir()))

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "Takeout of 2026-01-15")
        pilot.app.screen.query_one(focus).focus()
        await pilot.pause()
        words = [paths[0], *(f"'{path}'" for path in paths[1:3])]
        pilot.app.screen.post_message(Paste(" ".join(words) + "\n" + "\n".join(paths[3:])))
        await wait_until(pilot, lambda: len(session.settings.sources) == len(paths))

    run_app(session, script)
    assert sorted(session.settings.sources) == paths


def test_the_state_of_each_part_is_shown(tmp_path: Path, downloads: Path) -> None:
    cut = downloads / f"{STAMP}-003.zip"
    cut.write_bytes(cut.read_bytes()[:-30])
    (downloads / f"{STAMP}-006.zip.crdownload").touch()
    session = make_session(tmp_path, downloads)

    async def script(pilot: Any) -> None:
        rows = pilot.app.screen.query_one(SourceList)
        expected = [
            "~/Downloads ",
            f"  {STAMP}-001.zip complete",
            f"  {STAMP}-002 missing",
            f"  {STAMP}-003.zip cut off",
            f"  {STAMP}-004.zip complete",
            f"  {STAMP}-005.zip complete",
            f"  {STAMP}-006.zip.crdownload still downloading",
        ]

        def texts() -> list[str]:
            return [rows.row_text(index) for index in range(rows.row_count())]

        await wait_until(pilot, lambda: texts() == expected)
        rows.focus()
        await wait_for_text(pilot, " Delete Remove")
        await pilot.press("j")
        await wait_until(pilot, lambda: " Delete Remove" not in text(pilot.app))
        assert not pilot.app.screen.check_action("remove_source", ()), (
            "a part in a folder is no source itself"
        )

    run_app(session, script)


def test_names_and_states_of_parts_are_seen_in_a_narrow_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = mixed_export(tmp_path / "exports", 9, missing=(4,))
    (exports / f"{STAMP}-010.zip.crdownload").touch()
    monkeypatch.chdir(exports)
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "take", "001.zip", "004 missing", "10.zip downloading")
        screen = text(pilot.app)
        assert all("…" in screen and f"-{number:03}.zip" in screen for number in (1, 2, 3, 5, 6, 7, 8, 9))

    run_app(session, script)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_focus_is_clearly_seen(tmp_path: Path, downloads: Path, theme: str) -> None:
    """The part in focus has a heavy line above it, whose title differs in its background from all other titles."""
    session = make_session(tmp_path, theme=theme)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "Takeout of 2026-01-15")
        screen = pilot.app.screen
        for widget, title in (
            ("#add", "Add"),
            ("#found", "Add"),
            ("#tree", "Folders"),
            ("#options", "Options"),
        ):
            screen.query_one(widget).focus()
            await wait_for_text(pilot, f"━ {title} ━")
            assert re.findall("━ [A-Z]", text(pilot.app)) == [f"━ {title[0]}"]
            box = next(node for node in screen.query(".box") if node.border_title == f" {title} ")
            colours = [
                part.styles.border_title_background.rich_color.get_truecolor()
                for part in (box, screen.query_one("#where"))
            ]
            assert colours[0] != colours[1]
            front = box.styles.border_title_color.rich_color.get_truecolor()
            assert contrast(front, colours[0]) >= 4.5
            line = box.styles.border_top[1].rich_color.get_truecolor()
            assert contrast(line, screen.background_colors[1].rich_color.get_truecolor()) >= 3

    run_app(session, script)


def test_keys_in_a_field_are_letters(tmp_path: Path, downloads: Path) -> None:
    """No letter typed into the field for sources is a command, whatever is typed before or after."""
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "Takeout of 2026-01-15")
        field = pilot.app.screen.query_one("#add", PathInput)
        await pilot.press(*"nqxajkgGduN", "slash", *"nope", "enter")
        await wait_for_text(pilot, "No such file or folder")
        await pilot.press(*"qx")
        await asyncio.sleep(0)
        assert field.value == "nqxajkgGduN/nopeqx" and field.has_focus

    run_app(session, script)
    assert session.settings.sources == ()
