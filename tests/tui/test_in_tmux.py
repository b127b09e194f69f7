"""A whole run in tmux, with keys only."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal import environment

from pef_tui.sanitize import cells
from pef_tui.testing.demo_export import demo_files
from pef_tui.testing.export import sidecar, takeout

pytestmark = [
    pytest.mark.exiftool,
    pytest.mark.skipif(not (shutil.which("tmux") or "CI" in os.environ), reason="tmux is not installed"),
    pytest.mark.skipif(
        not (shutil.which("exiftool") or "CI" in os.environ), reason="ExifTool is not installed"
    ),
]


class Tmux:
    """A tmux server with one window."""

    def __init__(self, tmp_path: Path, size: tuple[int, int], *command: str) -> None:
        self._socket = str(tmp_path / "tmux")
        words = [sys.executable, "-m", "pef_tui", *command]
        variables = [f"{name}={value}" for name, value in environment(tmp_path).items() if name != "TERM"]
        line = shlex.join(["env", *variables, *words]) + "; echo ended with $?; sleep 60"
        self._do("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", str(tmp_path), line)

    def _do(self, *words: str) -> str:
        process = subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *words], capture_output=True, check=True
        )
        return process.stdout.decode("utf-8", "replace")

    def run(self, line: str) -> None:
        """Run another shell command in the window, instead of the program."""
        self._do("respawn-window", "-k", line)

    def press(self, *keys: str) -> None:
        """Press keys, by their names in tmux."""
        self._do("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._do("send-keys", "-l", text)

    def screen(self) -> str:
        """Return the text on the screen."""
        return self._do("capture-pane", "-p")

    def until(self, words: str, seconds: float = 60) -> str:
        """Wait until these words are on the screen. Returns its text."""
        end = time.monotonic() + seconds
        while words not in (text := self.screen()):
            assert time.monotonic() < end, f"{words!r} did not appear:\n{text}"
            time.sleep(0.1)
        return text

    def close(self) -> None:
        """End the server and its programs."""
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture(params=[(80, 24), (120, 40), (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
def tmux(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Tmux]:
    """Start the app in tmux without a source."""
    takeout(tmp_path, demo_files())
    window = Tmux(tmp_path, request.param)
    yield window
    window.close()


def test_a_whole_run_by_keys_only(tmp_path: Path, tmux: Tmux) -> None:
    tmux.until("[Choose]")
    tmux.type(f"{tmp_path}/Takeout")
    tmux.press("Enter")
    tmux.until("19 pictures")
    tmux.press("F5")
    tmux.until("25 files planned")
    time.sleep(1)  # a key just after a new screen counts as a repetition of the key before
    tmux.press("F5")
    text = tmux.until("[Done]")
    assert "25  pictures and videos" in text
    tmux.press("F1")
    tmux.until("Esc: back")
    tmux.press("Escape")
    tmux.until("Next steps")
    tmux.press("q")
    text = tmux.until("ended with 0")
    assert "48 files found" in text and "[Done]" not in text
    _check_tags(tmp_path / "Takeout-fixed")


def start_in_shell(tmp_path: Path, window: Tmux) -> None:
    """Start the app in a shell with job control."""
    window.until("ended with 0")
    variables = [f"{name}={value}" for name, value in environment(tmp_path).items() if name != "TERM"]
    words = shlex.join(["env", *variables, "PS1=shell> ", "bash", "--norc", "--noprofile", "-i"])
    window.run(words)
    window.until("shell>")
    window.type(shlex.join([sys.executable, "-m", "pef_tui"]))
    window.press("Enter")
    window.until("[Choose]")


def suspended_pid(tmp_path: Path, window: Tmux) -> int:
    """Return the process id of the app, after it was suspended."""
    assert "[Choose]" not in window.until("Stopped")
    pid_file = tmp_path / "pid"
    window.type(f"jobs -p > {shlex.quote(str(pid_file))}")
    window.press("Enter")
    assert wait_until(lambda: pid_file.exists() and pid_file.read_text().strip())
    return int(pid_file.read_text())


@pytest.mark.parametrize("resumed", [False, True])
def test_the_app_ends_with_its_terminal_after_ctrl_z(tmp_path: Path, resumed: bool) -> None:
    window = Tmux(tmp_path, (80, 24), "--version")
    try:
        start_in_shell(tmp_path, window)
        window.press("C-z")
        pid = suspended_pid(tmp_path, window)
        if resumed:
            window.type("fg")
            window.press("Enter")
            window.until("[Choose]")
    finally:
        window.close()
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists())


def wait_until(condition: Callable[[], object], seconds: float = 60) -> bool:
    """Return whether the condition became true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_ctrl_z_suspends_and_fg_resumes(tmp_path: Path) -> None:
    window = Tmux(tmp_path, (80, 24), "--version")
    try:
        start_in_shell(tmp_path, window)
        window.press("C-z")
        pid = suspended_pid(tmp_path, window)
        window.type("fg")
        window.press("Enter")
        window.until("[Choose]")
        window.press("Tab", "Tab", "F2")
        window.until("[Settings]")
        window.press("C-c")
        assert "[Settings]" not in window.until("shell>")
    finally:
        window.close()
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists())


def test_emoji_of_several_characters_do_not_shift_their_row(tmp_path: Path) -> None:
    names = (
        "plain.jpg",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467.jpg",
        "\u2764\ufe0f \U0001f44b\U0001f3fd.jpg",
    )
    takeout(tmp_path, {f"Photos from 2019/{name}": sidecar(name) for name in names})
    window = Tmux(tmp_path, (80, 24), "Takeout")
    try:
        window.until("[Choose]")
        time.sleep(1)
        window.press("F5")
        window.until("3 files planned")
        text = window.until("plain.jpg")
        rows = [row for row in text.splitlines() if ".jpg" in row and "to write" in row]
        assert len(rows) == 3
        assert len({cells(row[: row.index("Photos from")]) for row in rows}) == 1, text
    finally:
        window.close()


def _check_tags(fixed: Path) -> None:
    """Check dates, locations and people with ExifTool."""
    options = [
        "-DateTimeOriginal",
        "-GPSPosition#",
        "-PersonInImage",
        "-FileModifyDate",
        "-r",
        "-json",
        "-ext",
        "jpg",
    ]
    output = subprocess.run(["exiftool", *options, str(fixed)], capture_output=True, check=False).stdout
    tags = {Path(line["SourceFile"]).name: line for line in json.loads(output)}
    picture = tags["IMG_20190701_123456.jpg"]
    assert picture["DateTimeOriginal"].startswith("2019:07:01 12:34:56")
    assert picture["FileModifyDate"].startswith("2019:07:01")
    assert any("GPSPosition" in line for line in tags.values())
    assert any("PersonInImage" in line for line in tags.values())
