from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from app_pilot import small_export
from slow_runs import FILES, last_run_ended, nothing_temporary, slow_export, written_count
from terminal import F5, Terminal

from pef_tui.testing.export import CONTAINER, takeout

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the command on a new terminal."""
    terminals: list[Terminal] = []

    def begin(*arguments: str, **options: Any) -> Terminal:
        terminals.append(Terminal(tmp_path, *arguments, **options))
        return terminals[-1]

    yield begin
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def running(tmp_path: Path, start: Start) -> Callable[..., Terminal]:
    """Return a function that starts a run of about three seconds."""

    def begin(*arguments: str, **options: Any) -> Terminal:
        terminal = start(*slow_export(tmp_path), *arguments, **options)
        terminal.until("150 pictures")
        terminal.send(F5)
        terminal.until("planned in")
        terminal.pause()
        terminal.send(F5)
        terminal.until("writing")
        return terminal

    return begin


@pytest.mark.parametrize("term", ["xterm-256color", "xterm", "linux", "screen", "vt100"])
def test_the_terminal_is_restored(tmp_path: Path, start: Start, term: str) -> None:
    terminal = start(str(small_export(tmp_path)), TERM=term)
    terminal.until("3 pictures")
    terminal.send(b"\x03")
    assert terminal.ended() == 0
    assert terminal.restored
    assert b"Traceback" not in terminal.output


def test_no_color_is_respected(tmp_path: Path, start: Start) -> None:
    terminal = start(str(small_export(tmp_path)), NO_COLOR="1")
    terminal.until("3 pictures")
    terminal.send(b"\x03")
    assert terminal.ended() == 0
    coloured = {
        sequence for sequence in terminal.output.split(b"\x1b[") if sequence.startswith((b"38;2;", b"48;2;"))
    }
    greys = [tuple(colour.partition(b"m")[0].split(b";")[2:5]) for colour in coloured]
    assert all(len(set(colour)) <= 1 for colour in greys), greys


def test_many_size_changes_are_survived(tmp_path: Path, start: Start) -> None:
    terminal = start(str(small_export(tmp_path)), COLUMNS="20", LINES="5")
    terminal.until("3 pictures")
    for number in range(60):
        terminal.resize(60 + (number * 37) % 141, 20 + (number * 17) % 41)
        terminal.take(0.01)
    terminal.resize(100, 30)
    terminal.until("Preview")
    terminal.send(b"\x1bOQ")
    terminal.until("[Settings]")
    terminal.send(b"\x03")
    assert terminal.ended() == 0
    assert terminal.restored and b"Traceback" not in terminal.output


def test_ctrl_c_asks_and_the_run_stops_after_its_batch(tmp_path: Path, running: Start) -> None:
    terminal = running()
    terminal.send(b"\x03")
    terminal.until("Stop the run?")
    terminal.send(b"\x1b[B\r")
    terminal.until("Stopped.")
    terminal.send(b"q")
    assert terminal.ended() == 130
    assert terminal.restored
    assert written_count(tmp_path) < FILES and nothing_temporary(tmp_path)


@pytest.mark.parametrize("flags", [(), ("--no-title", "--no-bell")], ids=str)
def test_the_title_shows_the_progress_and_the_bell_rings_at_the_end(
    running: Start, flags: Sequence[str]
) -> None:
    terminal = running(*flags)
    terminal.until("[Done]", 60)
    terminal.pause(2)
    terminal.send(b"q")
    assert terminal.ended() == 0
    titles = re.findall(rb"\x1b\]2;pef-tui: ([^\x07]*)\x07", terminal.output)
    has_bell = b"\x07" in re.sub(rb"\x1b\][^\x07]*\x07", b"", terminal.output)
    if flags:
        assert not titles and not has_bell
        return
    assert titles[-1] == b"done" and any(title.endswith(b"%") for title in titles) and has_bell
    assert terminal.output.count(b"\x1b[22;0t") == terminal.output.count(b"\x1b[23;0t") == 1


def test_the_screen_is_closed_and_the_run_ends_in_the_terminal(tmp_path: Path, running: Start) -> None:
    terminal = running()
    terminal.send(b"q")
    terminal.until("Stop the run?")
    terminal.send(b"\x1b[B\x1b[B\r")
    terminal.until("The screen is closed; the run continues")
    terminal.until("300 files found")
    assert terminal.ended() == 0
    assert terminal.restored and last_run_ended(tmp_path) and written_count(tmp_path) == FILES


def test_a_run_without_screen_can_be_suspended_and_continued(tmp_path: Path, running: Start) -> None:
    terminal = running()
    terminal.send(b"q")
    terminal.until("Stop the run?")
    terminal.send(b"\x1b[B\x1b[B\r")
    terminal.until("The screen is closed; the run continues")
    for _ in range(3):
        terminal.process.send_signal(signal.SIGSTOP)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.take(0.05)
    terminal.until("300 files found")
    assert terminal.ended() == 0
    assert b"Traceback" not in terminal.output and "RuntimeError" not in terminal.words
    assert last_run_ended(tmp_path) and written_count(tmp_path) == FILES


def test_an_immediate_stop_is_continued_by_the_next_run(tmp_path: Path, running: Start, start: Start) -> None:
    terminal = running()
    terminal.send(b"\x03")
    terminal.until("Stop the run?")
    terminal.send(b"\x1b[B\x1b[B\x1b[B\r")
    assert terminal.ended() == 130
    assert terminal.restored and "Stopped immediately" in terminal.words
    assert not last_run_ended(tmp_path)
    second_run = start("--batch", str(tmp_path / "Takeout"))
    assert second_run.ended() == 0 and written_count(tmp_path) == FILES and nothing_temporary(tmp_path)


def test_term_stops_the_run_and_restores_the_terminal(tmp_path: Path, running: Start) -> None:
    terminal = running()
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.ended() == 143
    assert terminal.restored and b"Traceback" not in terminal.output
    assert written_count(tmp_path) < FILES and nothing_temporary(tmp_path)


def test_term_without_a_run_ends_the_app(tmp_path: Path, start: Start) -> None:
    terminal = start()
    terminal.until("Preview")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.ended() == 143 and terminal.restored


@pytest.mark.long
@pytest.mark.parametrize("loss", ["close", "signal"])
@pytest.mark.parametrize("on_hangup", ["finish", "stop"])
def test_a_lost_terminal_ends_the_run_cleanly(
    tmp_path: Path, running: Start, on_hangup: str, loss: str
) -> None:
    terminal = running("--on-hangup", on_hangup)
    if loss == "close":
        terminal.hang_up()
    else:
        terminal.process.send_signal(signal.SIGHUP)
    status = terminal.ended()
    assert last_run_ended(tmp_path)
    assert (written_count(tmp_path) == FILES) is (on_hangup == "finish")
    assert status == (0 if on_hangup == "finish" else 129)
    assert nothing_temporary(tmp_path)


def test_a_terminal_lost_while_the_screen_is_drawn_ends_the_app(tmp_path: Path, start: Start) -> None:
    """SIGCONT, which the kernel sends after a hang-up, makes Textual draw all again, on a terminal that is gone."""
    terminal = start()
    terminal.until("Preview")
    terminal.hang_up()
    with contextlib.suppress(ProcessLookupError):
        for _ in range(5):
            os.kill(terminal.process.pid, signal.SIGCONT)
            time.sleep(0.02)
    assert terminal.ended() == 129


def test_a_second_hangup_does_not_stop_the_run(tmp_path: Path, running: Start) -> None:
    terminal = running(PEF_TUI_ON_HANGUP="finish")
    os.kill(terminal.process.pid, signal.SIGHUP)
    os.kill(terminal.process.pid, signal.SIGHUP)
    assert terminal.ended() == 0 and last_run_ended(tmp_path)


def test_hostile_names_reach_the_terminal_inert(tmp_path: Path, start: Start) -> None:
    names = (
        *("[@click=app.quit]x.jpg", "[/x].jpg", "esc\x1b]52;c;Zm9v\x07.jpg", "csi\x1b[2J\x9b31m.jpg"),
        *("rtl\u202egpj.jpg", "two\nlines.jpg", os.fsdecode(b"\xff\xfe.jpg"), "n" * 251 + ".jpg"),
    )
    export = takeout(tmp_path, {f"Photos from 2019/{name}": None for name in names[:2]})
    folder = export / Path(CONTAINER).name / "Photos from 2019"
    for name in names[2:]:
        (folder / name).write_bytes((folder / names[0]).read_bytes())
    (tmp_path / "bad\x1b]0;title\x07").mkdir()
    terminal = start(str(export), size=(120, 40))
    terminal.until("8 pictures")
    terminal.send(F5)
    terminal.until("planned in")
    for _ in range(9):
        terminal.send(b"\x1b[B")
        time.sleep(0.05)
    terminal.send(F5)
    terminal.until("files found", 60)
    terminal.send(b"\x1bOS")
    terminal.until("[History]")
    terminal.send(b"\x1b[B\r")
    time.sleep(0.5)
    terminal.send(b"\x03")
    assert terminal.ended() == 0
    for acting in (b"\x1b]52", b"\x1b]0;", b"\x9b31m".decode("latin-1").encode(), "\u202e".encode(), b"\xff"):
        assert acting not in terminal.output
    assert r"\x1b]52" in terminal.words or b"x1b]52" in terminal.output
    assert terminal.restored and b"Traceback" not in terminal.output


def test_a_dumb_terminal_gets_numbered_questions(tmp_path: Path, start: Start) -> None:
    terminal = start(TERM="dumb")
    terminal.until("Where is the export?")
    terminal.send(b"\x04")
    assert terminal.ended() == 0
    assert b"\x1b[" not in terminal.output
