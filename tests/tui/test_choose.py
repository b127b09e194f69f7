from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, text, wait_for_text, wait_until
from textual.widgets import Input, OptionList

from pef_tui.manifest import DestLock, Manifest, RunOpened
from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.screens.choose import ChooseScreen
from pef_tui.tui.session import recent
from pef_tui.tui.widgets.path_input import PathInput
from pef_tui.tui.widgets.source_tree import SourceTree

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
def test_a_given_source_is_surveyed_immediately(tmp_path: Path, export: Path, size: tuple[int, int]) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "3 pictures", "2 JSON files", "2019 to 2020", "Takeout-fixed", "GB free")

    run_app(session, script, size)
    assert session.survey is not None and session.survey.folders == 2


def test_a_path_is_typed_completed_and_added(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        field = pilot.app.screen.query_one("#add", PathInput)
        assert field.has_focus
        field.value = f"{tmp_path}/Tak"
        field.cursor_position = len(field.value)
        await wait_until(
            pilot, lambda: field._completions.completion_of(field.value) == f"{tmp_path}/Takeout/"
        )
        await pilot.press("tab", "enter")
        await wait_for_text(pilot, "3 pictures")
        assert field.value == ""

    run_app(session, script)
    assert session.settings.sources == (str(export),)
    assert session.output == f"{export}-fixed"


def test_a_typed_path_counts_without_enter(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one("#add", PathInput).value = str(export)
        await pilot.press("f5")
        await wait_until(pilot, lambda: session.preview is not None)

    run_app(session, script)
    assert session.settings.sources == (str(export),)


def test_the_tree_opens_folders_and_chooses_them(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "takeout-001.zip").write_bytes(b"")
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        tree = pilot.app.screen.query_one(SourceTree)
        tree.focus()
        await wait_for_text(pilot, "Takeout/", "takeout-001.zip")
        await pilot.press("right", "enter")
        await wait_until(pilot, lambda: session.settings.sources)
        await wait_for_text(pilot, "* ")
        assert session.settings.sources == (str(export),)
        await pilot.press("enter")
        await wait_until(pilot, lambda: not session.settings.sources)
        await pilot.press("right", "right")
        await wait_for_text(pilot, "Google Photos/")
        await pilot.press("left", "left")
        await wait_until(pilot, lambda: "Google Photos/" not in text(pilot.app))

    run_app(session, script)


def test_an_empty_directory_is_shown_as_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "gone"
    empty.mkdir()
    monkeypatch.chdir(empty)
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "(empty)")

    run_app(session, script)


def test_several_sources_are_one_export_and_can_be_removed(tmp_path: Path, export: Path) -> None:
    second = takeout(tmp_path / "more", {"Photos from 2021/c.jpg": sidecar("c.jpg")})
    session = make_session(tmp_path, export, second)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "4 pictures", "of 2 sources", "2019 to 2021", "Photos-fixed")
        chosen = pilot.app.screen.query_one("#chosen", OptionList)
        chosen.focus()
        chosen.highlighted = 0
        await pilot.press("delete")
        await wait_for_text(pilot, "1 pictures", "of 1 source")
        assert session.settings.sources == (str(second),)
        chosen.highlighted = 0
        await pilot.press("enter")
        await wait_for_text(pilot, "none yet")

    run_app(session, script)


def test_everything_is_cleared_by_a_key(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export, output=str(tmp_path / "elsewhere"))

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one("#options").focus()
        await pilot.press("x")
        await wait_for_text(pilot, "none yet")

    run_app(session, script)
    assert (session.settings.sources, session.output) == ((), "")


def test_the_output_is_typed_and_checked(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        field = pilot.app.screen.query_one("#output", PathInput)
        field.focus()
        field.value = f"{tmp_path}/out/../fixed"
        await pilot.press("enter")
        await wait_until(pilot, lambda: session.output == f"{tmp_path}/fixed")

    run_app(session, script)
    assert session.settings.output == f"{tmp_path}/fixed"


def test_options_change_by_enter_or_are_typed(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        options = pilot.app.screen.query_one("#options", OptionList)
        options.focus()
        options.highlighted = 0
        await pilot.press("enter")
        await wait_for_text(pilot, "overwrite", "Careful: dates")
        await pilot.press("enter")
        await wait_for_text(pilot, "keep a file's values")
        assert session.settings.existing == "fill"
        await pilot.press("enter")
        await wait_for_text(pilot, "Careful: dates")
        await pilot.press("down", "enter")
        await wait_for_text(pilot, "Google's values replace")
        options.focus()
        await pilot.press("down", "enter")
        await wait_for_text(pilot, "IANA zone")
        await pilot.press(*"Europe/Nowhere", "enter")
        await wait_for_text(pilot, "an IANA zone such as Europe/Berlin")
        field = pilot.app.screen.query_one(Input)
        field.value = "Europe/Berlin"
        await pilot.press("enter")
        await wait_for_text(pilot, "Choose", "Europe/Berlin")
        await pilot.press("enter")
        await wait_for_text(pilot, "IANA zone")
        await pilot.press("escape")
        await pilot.pause()

    run_app(session, script)
    assert (session.settings.existing, session.settings.timezone) == ("overwrite", "Europe/Berlin")
    assert session.origins["existing"] == "this session"


def test_a_problem_is_shown_and_blocks_the_preview(tmp_path: Path, export: Path) -> None:
    out = tmp_path / "Takeout-fixed"
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "Stop: another run is writing there")
        await pilot.press("f5")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ChooseScreen) and session.preview is None

    with DestLock(str(out)):
        run_app(session, script)


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
def test_in_place_there_is_no_output_folder(tmp_path: Path, export: Path, size: tuple[int, int]) -> None:
    session = make_session(tmp_path, export, in_place=True)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "in place: the files in the source", "names in English")
        assert "Takeout-fixed" not in text(pilot.app) and "it already contains files" not in text(pilot.app)
        assert session.output == str(export)
        session.change(in_place=False)
        await pilot.press("f2")
        await pilot.press("escape")
        await wait_for_text(pilot, "Takeout-fixed")
        assert "in place:" not in text(pilot.app)

    run_app(session, script, size)


def test_in_place_requires_one_folder(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export, takeout(tmp_path / "more", {"Trip/a.jpg": None}), in_place=True)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "Stop: --in-place: takes one SOURCE")
        await pilot.press("f5")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ChooseScreen) and session.preview is None

    run_app(session, script, (120, 40))


def test_an_unfinished_run_is_shown_and_can_be_continued(tmp_path: Path, export: Path) -> None:
    ledger = Manifest.open(str(tmp_path / "Takeout-fixed"), read_only=False)
    ledger.begin(RunOpened("one", 1_700_000_000_000_000_000, "1", b"", {}, {}))
    ledger.release()
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "the run of 2023-11-14", "did not finish", "continues it")
        await pilot.press("f5")
        await wait_until(pilot, lambda: session.preview is not None and session.preview.ending == "done")

    run_app(session, script, (120, 40))


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (["takeout-20240102T030405Z-001.zip", "takeout-20240102T030405Z-003.zip"], "part 002 is not among"),
        (["nowhere"], "file or directory"),
    ],
)
def test_problems_of_sources_are_shown(tmp_path: Path, sources: list[str], words: str) -> None:
    for name in sources:
        if name != "nowhere":
            (tmp_path / name).write_bytes(b"PK\x05\x06" + bytes(18))
    session = make_session(tmp_path, *(tmp_path / name for name in sources))

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, words)

    run_app(session, script, (120, 40))


def test_a_missing_exiftool_is_shown(tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "Warning: ExifTool is not installed")

    run_app(session, script)


def test_without_a_source_no_preview_starts(tmp_path: Path) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await wait_for_text(pilot, "Choose a source first")

    run_app(session, script)
    assert session.preview is None


def test_recent_sources_are_offered(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path)
    recent.remember(session.environ, recent.Recent((str(export),), str(tmp_path / "mine")))

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "Recent", "~/Takeout")
        pilot.app.screen.query_one(SourceTree).focus()
        await pilot.press("down", "enter")
        await wait_for_text(pilot, "3 pictures")

    run_app(session, script)
    assert (session.settings.sources, session.output) == ((str(export),), str(tmp_path / "mine"))


HOSTILE = (
    *("[@click=app.quit]x", "[/x]", "esc\x1b]52;c;Zm9v\x07", "rtl\u202egpj", "two\nlines"),
    os.fsdecode(b"\xff\xfe"),
)


def test_hostile_names_are_inert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in HOSTILE:
        (tmp_path / "bad" / name / "Takeout").mkdir(parents=True)
    (tmp_path / "bad" / ("n" * 255)).mkdir()
    monkeypatch.chdir(tmp_path / "bad")
    session = make_session(tmp_path, *(tmp_path / "bad" / name for name in HOSTILE))

    async def script(pilot: Any) -> None:
        await wait_for_text(
            pilot, "[@click=app.quit]x", "[/x]", r"esc\x1b]52", r"rtl\u202egpj", r"two\nlines", r"\xff\xfe"
        )
        assert not any(character in text(pilot.app) for character in "\x1b\x07\u202e\udcff")
        tree = pilot.app.screen.query_one(SourceTree)
        await wait_until(pilot, lambda: len(tree.root.children[0].children) == 7)
        for line in range(1, 7):
            await pilot.click(SourceTree, offset=(6, line))
        await pilot.pause()
        assert isinstance(pilot.app.screen, ChooseScreen)

    run_app(session, script, (160, 50))
