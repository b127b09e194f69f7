from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from app_cases import made_flow, piloted, shown, text, until
from textual.widgets import Input, OptionList

from pef_tui.manifest import DestLock, Ledger, RunOpened
from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui import recent
from pef_tui.tui.choose import ChooseScreen
from pef_tui.tui.path_input import PathInput
from pef_tui.tui.source_tree import SourceTree

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
def test_a_source_given_is_surveyed_at_once(tmp_path: Path, export: Path, size: tuple[int, int]) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await shown(pilot, "3 pictures", "2 JSON files", "2019 to 2020", "Takeout-fixed", "GB free")

    piloted(flow, script, size)
    assert flow.survey is not None and flow.survey.folders == 2


def test_a_path_is_typed_completed_and_added(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        field = pilot.app.screen.query_one("#add", PathInput)
        assert field.has_focus
        field.value = f"{tmp_path}/Tak"
        field.cursor_position = len(field.value)
        await until(pilot, lambda: field._suggestion == f"{tmp_path}/Takeout/")
        await pilot.press("tab", "enter")
        await shown(pilot, "3 pictures")
        assert field.value == ""

    piloted(flow, script)
    assert flow.settings.sources == (str(export),)
    assert flow.output == f"{export}-fixed"


def test_a_typed_path_counts_without_enter(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one("#add", PathInput).value = str(export)
        await pilot.press("f5")
        await until(pilot, lambda: flow.preview is not None)

    piloted(flow, script)
    assert flow.settings.sources == (str(export),)


def test_the_tree_opens_folders_and_chooses_them(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "takeout-001.zip").write_bytes(b"")
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        tree = pilot.app.screen.query_one(SourceTree)
        tree.focus()
        await shown(pilot, "Takeout/", "takeout-001.zip")
        await pilot.press("right", "enter")
        await until(pilot, lambda: flow.settings.sources)
        await shown(pilot, "* ")
        assert flow.settings.sources == (str(export),)
        await pilot.press("enter")
        await until(pilot, lambda: not flow.settings.sources)
        await pilot.press("right", "right")
        await shown(pilot, "Google Photos/")
        await pilot.press("left", "left")
        await until(pilot, lambda: "Google Photos/" not in text(pilot.app))

    piloted(flow, script)


def test_a_folder_that_cannot_be_listed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        await shown(pilot, "(nothing here)")

    piloted(flow, script)


def test_several_sources_are_one_export_and_can_be_taken_back(tmp_path: Path, export: Path) -> None:
    second = takeout(tmp_path / "more", {"Photos from 2021/c.jpg": sidecar("c.jpg")})
    flow = made_flow(tmp_path, export, second)

    async def script(pilot: Any) -> None:
        await shown(pilot, "4 pictures", "of 2 sources", "2019 to 2021", "Photos-fixed")
        chosen = pilot.app.screen.query_one("#chosen", OptionList)
        chosen.focus()
        chosen.highlighted = 0
        await pilot.press("delete")
        await shown(pilot, "1 pictures", "of 1 source")
        assert flow.settings.sources == (str(second),)
        chosen.highlighted = 0
        await pilot.press("enter")
        await shown(pilot, "none yet")

    piloted(flow, script)


def test_everything_is_cleared_by_a_key(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export, output=str(tmp_path / "elsewhere"))

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one("#options").focus()
        await pilot.press("x")
        await shown(pilot, "none yet")

    piloted(flow, script)
    assert (flow.settings.sources, flow.output) == ((), "")


def test_the_output_is_typed_and_checked(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        field = pilot.app.screen.query_one("#output", PathInput)
        field.focus()
        field.value = f"{tmp_path}/out/../fixed"
        await pilot.press("enter")
        await until(pilot, lambda: flow.output == f"{tmp_path}/fixed")

    piloted(flow, script)
    assert flow.settings.output == f"{tmp_path}/fixed"


def test_options_change_by_enter_or_are_typed(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        options = pilot.app.screen.query_one("#options", OptionList)
        options.focus()
        options.highlighted = 0
        await pilot.press("enter")
        await shown(pilot, "Google's values replace")
        await pilot.press("down", "enter")
        await shown(pilot, "IANA zone")
        await pilot.press(*"Europe/Nowhere", "enter")
        await shown(pilot, "an IANA zone such as Europe/Berlin")
        field = pilot.app.screen.query_one(Input)
        field.value = "Europe/Berlin"
        await pilot.press("enter")
        await shown(pilot, "Choose", "Europe/Berlin")
        await pilot.press("enter")
        await shown(pilot, "IANA zone")
        await pilot.press("escape")
        await pilot.pause()

    piloted(flow, script)
    assert (flow.settings.existing, flow.settings.timezone) == ("overwrite", "Europe/Berlin")
    assert flow.origins["existing"] == "this session"


def test_what_stands_in_the_way_is_said_and_holds(tmp_path: Path, export: Path) -> None:
    out = tmp_path / "Takeout-fixed"
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await shown(pilot, "Stop: another run is at work there")
        await pilot.press("f5")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ChooseScreen) and flow.preview is None

    with DestLock(str(out)):
        piloted(flow, script)


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
def test_in_place_there_is_no_output_folder(tmp_path: Path, export: Path, size: tuple[int, int]) -> None:
    flow = made_flow(tmp_path, export, in_place=True)

    async def script(pilot: Any) -> None:
        await shown(pilot, "in place: the files in the sources", "names in English")
        assert "Takeout-fixed" not in text(pilot.app) and "there are files in it" not in text(pilot.app)
        assert flow.output == str(export)
        flow.change(in_place=False)
        await pilot.press("f2")
        await pilot.press("escape")
        await shown(pilot, "Takeout-fixed")
        assert "in place:" not in text(pilot.app)

    piloted(flow, script, size)


def test_in_place_takes_one_folder_and_says_so_before(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export, takeout(tmp_path / "more", {"Trip/a.jpg": None}), in_place=True)

    async def script(pilot: Any) -> None:
        await shown(pilot, "Stop: --in-place: takes one SOURCE")
        await pilot.press("f5")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ChooseScreen) and flow.preview is None

    piloted(flow, script, (120, 40))


def test_a_run_that_came_to_no_end_is_told_and_can_go_on(tmp_path: Path, export: Path) -> None:
    ledger = Ledger.open(str(tmp_path / "Takeout-fixed"), read_only=False)
    ledger.begin(RunOpened("one", 1_700_000_000_000_000_000, "1", b"", {}, {}))
    ledger.release()
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await shown(pilot, "the run of 2023-11-14", "did not come to its end", "from there")
        await pilot.press("f5")
        await until(pilot, lambda: flow.preview is not None and flow.preview.ending == "done")

    piloted(flow, script, (120, 40))


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (["takeout-20240102T030405Z-001.zip", "takeout-20240102T030405Z-003.zip"], "part 002 is not among"),
        (["nowhere"], "file or directory"),
    ],
)
def test_problems_of_sources_are_said(tmp_path: Path, sources: list[str], words: str) -> None:
    for name in sources:
        if name != "nowhere":
            (tmp_path / name).write_bytes(b"PK\x05\x06" + bytes(18))
    flow = made_flow(tmp_path, *(tmp_path / name for name in sources))

    async def script(pilot: Any) -> None:
        await shown(pilot, words)

    piloted(flow, script, (120, 40))


def test_a_missing_exiftool_is_said(tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await shown(pilot, "Warning: ExifTool is not installed")

    piloted(flow, script)


def test_without_a_source_nothing_begins(tmp_path: Path) -> None:
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await shown(pilot, "Choose a source first")

    piloted(flow, script)
    assert flow.preview is None


def test_recent_sources_are_offered(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path)
    recent.remember(flow.environ, recent.Recent((str(export),), str(tmp_path / "mine")))

    async def script(pilot: Any) -> None:
        await shown(pilot, "Recent", "~/Takeout")
        pilot.app.screen.query_one(SourceTree).focus()
        await pilot.press("down", "enter")
        await shown(pilot, "3 pictures")

    piloted(flow, script)
    assert (flow.settings.sources, flow.output) == ((str(export),), str(tmp_path / "mine"))


HOSTILE = (
    *("[@click=app.quit]x", "[/x]", "esc\x1b]52;c;Zm9v\x07", "rtl\u202egpj", "two\nlines"),
    os.fsdecode(b"\xff\xfe"),
)


def test_hostile_names_are_inert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in HOSTILE:
        (tmp_path / "bad" / name / "Takeout").mkdir(parents=True)
    (tmp_path / "bad" / ("n" * 255)).mkdir()
    monkeypatch.chdir(tmp_path / "bad")
    flow = made_flow(tmp_path, *(tmp_path / "bad" / name for name in HOSTILE))

    async def script(pilot: Any) -> None:
        await shown(
            pilot, "[@click=app.quit]x", "[/x]", r"esc\x1b]52", r"rtl\u202egpj", r"two\nlines", r"\xff\xfe"
        )
        assert not any(character in text(pilot.app) for character in "\x1b\x07\u202e\udcff")
        tree = pilot.app.screen.query_one(SourceTree)
        await until(pilot, lambda: len(tree.root.children[0].children) == 7)
        for line in range(1, 7):
            await pilot.click(SourceTree, offset=(6, line))
        await pilot.pause()
        assert isinstance(pilot.app.screen, ChooseScreen)

    piloted(flow, script, (160, 50))
