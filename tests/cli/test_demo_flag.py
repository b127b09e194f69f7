"""`--demo`, and the examples of `--help`."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from pef_tui.cli.args import EXAMPLES, parse
from pef_tui.cli.main import main

DONE = 3  # the demo has a damaged file, which fails if ExifTool is missing


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)


def files(folder: Path) -> dict[str, int]:
    paths = [path for path in folder.rglob("*") if path.is_file() and ".pef-tui" not in path.parts]
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in paths}


def test_a_batch_run_makes_the_export_once_and_fixes_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["--demo", "--batch", "--no-config"]
    assert main(command) in (0, DONE)
    first = files(tmp_path)
    assert "pef-tui-demo/Takeout/Google Photos/Photos from 2019/camera.jpg" in first
    assert "pef-tui-demo/fixed/Photos from 2019/camera.jpg" in first
    capfd.readouterr()
    assert main(command) in (0, DONE)
    assert files(tmp_path) == first
    error = capfd.readouterr().err
    assert "The demo export is pef-tui-demo/Takeout." in error and "done by an earlier run" in error


def test_the_folder_and_the_output_can_be_named(tmp_path: Path) -> None:
    assert main(["--demo", "--batch", "--no-config", "here", "-o", "there", "-q"]) in (0, DONE)
    assert {path.name for path in tmp_path.iterdir()} == {"here", "there"}
    assert (tmp_path / "there/Photos from 2019/camera.jpg").is_file()


def test_a_preview_writes_no_output(tmp_path: Path) -> None:
    assert main(["--demo", "--batch", "--no-config", "--dry-run"]) in (0, DONE)
    assert not (tmp_path / "pef-tui-demo/fixed").exists()


@pytest.mark.parametrize("words", [["mine"], ["mine/file"], ["a", "b"], ["mine/file/below"]])
def test_other_folders_are_refused_in_one_line(
    tmp_path: Path, words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("mine")
    before = files(tmp_path)
    assert main(["--demo", "--batch", "--no-config", *words]) == 2
    assert len(capfd.readouterr().err.splitlines()) == 1
    assert files(tmp_path) == before


def test_without_a_terminal_the_batch_command_is_named_and_nothing_is_made(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["--demo", "--no-config"]) == 2
    assert "pef-tui --batch --demo --no-config" in capfd.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_help_ends_with_commands_that_parse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    lines = capsys.readouterr().out.splitlines()
    shown = [line.strip() for line in lines[lines.index("examples:") + 1 :] if line.startswith("    ")]
    assert shown == list(EXAMPLES.values())
    for command in shown:
        program, *arguments = shlex.split(command)
        assert program == "pef-tui"
        parse(arguments)
    assert all(len(line) <= 80 for line in lines[lines.index("examples:") :])
