"""From nothing to a finished run by keys alone, in tmux, as a person over SSH would."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import environment

from pef_tui.testing.demo_export import demo_files
from pef_tui.testing.export import takeout

pytestmark = [
    pytest.mark.exiftool,
    pytest.mark.skipif(not (shutil.which("tmux") or "CI" in os.environ), reason="tmux is not installed"),
    pytest.mark.skipif(
        not (shutil.which("exiftool") or "CI" in os.environ), reason="ExifTool is not installed"
    ),
]


class Tmux:
    """One tmux server of its own with one window."""

    def __init__(self, tmp_path: Path, size: tuple[int, int], *command: str) -> None:
        self._socket = str(tmp_path / "tmux")
        words = [sys.executable, "-m", "pef_tui", *command]
        given = [f"{name}={value}" for name, value in environment(tmp_path).items() if name != "TERM"]
        line = shlex.join(["env", *given, *words]) + "; echo ended with $?; sleep 60"
        self._do("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", str(tmp_path), line)

    def _do(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *words], capture_output=True, check=True
        )
        return done.stdout.decode("utf-8", "replace")

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._do("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._do("send-keys", "-l", text)

    def screen(self) -> str:
        """What a person sees."""
        return self._do("capture-pane", "-p")

    def until(self, words: str, seconds: float = 60) -> str:
        """Wait until these words are seen."""
        end = time.monotonic() + seconds
        while words not in (seen := self.screen()):
            assert time.monotonic() < end, f"{words!r} never came:\n{seen}"
            time.sleep(0.1)
        return seen

    def close(self) -> None:
        """End the server and all in it."""
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture(params=[(80, 24), (120, 40), (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
def tmux(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Tmux]:
    """The app in tmux, no source given."""
    takeout(tmp_path, demo_files())
    window = Tmux(tmp_path, request.param)
    yield window
    window.close()


def test_from_nothing_to_a_finished_run_by_keys_alone(tmp_path: Path, tmux: Tmux) -> None:
    tmux.until("[Choose]")
    tmux.type(f"{tmp_path}/Take")
    time.sleep(1)
    tmux.press("Tab")
    tmux.press("Enter")
    tmux.until("19 pictures")
    tmux.press("F5")
    tmux.until("25 files planned")
    tmux.press("F5")
    seen = tmux.until("[Done]")
    assert "25  pictures and videos" in seen
    tmux.press("F1")
    tmux.until("Retry does again")
    tmux.press("Escape")
    tmux.until("What next")
    tmux.press("q")
    seen = tmux.until("ended with 0")
    assert "48 files found" in seen and "[Done]" not in seen
    _right(tmp_path / "Takeout-fixed")


def _right(fixed: Path) -> None:
    """Dates, places and people are where ExifTool finds them."""
    wanted = [
        "-DateTimeOriginal",
        "-GPSPosition#",
        "-PersonInImage",
        "-FileModifyDate",
        "-r",
        "-json",
        "-ext",
        "jpg",
    ]
    told = subprocess.run(["exiftool", *wanted, str(fixed)], capture_output=True, check=False).stdout
    found = {Path(line["SourceFile"]).name: line for line in json.loads(told)}
    picture = found["IMG_20190701_123456.jpg"]
    assert picture["DateTimeOriginal"].startswith("2019:07:01 12:34:56")
    assert picture["FileModifyDate"].startswith("2019:07:01")
    assert any("GPSPosition" in line for line in found.values())
    assert any("PersonInImage" in line for line in found.values())
