"""Copying by OSC 52, and the command that does the same as the app."""

from __future__ import annotations

import base64
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, small_export, wait_for_text
from msgspec.structs import replace
from terminal import F5, Terminal

from pef_tui.cli.args import parse
from pef_tui.config import load
from pef_tui.settings import Settings
from pef_tui.tui.session.batch_command import batch_command, shell_word

SETTINGS: dict[str, object] = {
    "output": "/tmp/it's $HOME out",
    "existing": "overwrite",
    "tags": "-people",
    "include": ("*.jpg", "a b*"),
    "timezone": "Europe/Paris",
    "verify": 50,
    "retry_failed": True,
    "progress": 2.5,
    "workers": 3,
    "plugin": ("no:gps",),
}


def _read_back(command: str, tmp_path: Path) -> Settings:
    words = shlex.split(command)
    assert words[:2] == ["pef-tui", "--batch"]
    return load(parse(words[1:]).flags, {"HOME": str(tmp_path)}).settings


@pytest.mark.parametrize("names", [(), *((name,) for name in SETTINGS), tuple(SETTINGS)], ids=str)
def test_the_command_has_the_settings_of_the_app(tmp_path: Path, names: tuple[str, ...]) -> None:
    session = make_session(tmp_path, tmp_path / "a b'c", **{name: SETTINGS[name] for name in names})
    expected = replace(session.run_settings(dry_run=False), batch=True)
    assert _read_back(batch_command(session), tmp_path) == expected


def test_a_run_in_place_and_settings_changed_to_their_default(tmp_path: Path) -> None:
    session = make_session(tmp_path, tmp_path / "a", in_place=True, existing="overwrite", retry_failed=True)
    session.change(existing="fill", retry_failed=False, plugins={"disable": ["gps"]})
    command = batch_command(session)
    assert " -o " not in command and "--in-place" in command
    assert "--existing fill" in command and "--no-retry-failed" in command, "a file may set other values"
    assert command.endswith("-p no:gps")


@pytest.mark.parametrize("text", ["a", 'it\'s $x `y` "z"', "", "a\nb'\\c", os.fsdecode(b"caf\xe9\x1b")])
def test_a_word_is_the_same_after_a_shell_read_it(text: str) -> None:
    word = shell_word(text)
    assert not set(word) & {"\n", "\x1b"} and word.isascii()
    output = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout
    assert output == os.fsencode(text)


def test_the_command_reaches_the_clipboard_of_the_terminal(tmp_path: Path) -> None:
    source = small_export(tmp_path / "with a blank")
    terminal = Terminal(tmp_path, str(source), size=(100, 30))
    try:
        terminal.until("[Choose]")
        terminal.pause()
        terminal.send(F5)
        terminal.until("planned in", 60)
        terminal.pause()
        terminal.send(b"y")
        terminal.until("The same as a command")
        terminal.pause()
        terminal.send(b"\r")
        terminal.until("clipboard of the terminal")
    finally:
        terminal.close()
    (sent,) = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)", terminal.output)
    words = shlex.split(base64.b64decode(sent).decode())
    assert words[:3] == ["pef-tui", "--batch", str(source)] and words[3:5] == ["-o", f"{source}-fixed"]


def test_paths_are_copied_on_review_and_history(tmp_path: Path) -> None:
    source, output = small_export(tmp_path), tmp_path / "out"
    session = make_session(tmp_path, source, output=str(output))

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await wait_for_text(pilot, "planned in")
        await pilot.pause(1)
        await pilot.press("y", "j", "enter")
        await wait_for_text(pilot, "Path of the file in the export")
        assert pilot.app.clipboard == f"{source}/Google Photos/Photos from 2019/a.jpg" and "Takeout" in str(
            source
        )
        await pilot.press("escape", "y", "j", "j", "enter")
        await wait_for_text(pilot, "Path of the output")
        assert pilot.app.clipboard == str(output / "Photos from 2019" / "a.jpg")
        await pilot.press("escape")
        session.start_run().join(60)
        await pilot.press("f4")
        await wait_for_text(pilot, "[History]", "Files: all")
        for keys, path in ((("y", "enter"), "Photos from 2019/a.jpg"), (("y", "j", "enter"), "")):
            await pilot.press(*keys)
            await wait_for_text(pilot, "clipboard of the terminal")
            assert pilot.app.clipboard == str(output / path)
            await pilot.press("escape")
        await pilot.press("y", "G", "enter")
        await wait_for_text(pilot, "clipboard of the terminal")
        assert pilot.app.clipboard.endswith(".pef-tui/report.html")

    run_app(session, script, (120, 40))
