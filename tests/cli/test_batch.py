import base64
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pef_tui.batch import Front
from pef_tui.plugins import PluginHost
from pef_tui.settings import Settings

Command = Callable[..., subprocess.CompletedProcess[bytes]]
Started = Callable[..., subprocess.Popen[bytes]]


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_json_lines_are_those_of_the_contract(command: Command) -> None:
    done = command("--batch", "--json", "-q", "plain")
    start, first, hostile, used, invalid, other, summary = lines(done)
    assert (done.returncode, done.stderr) == (0, b"")
    assert start == {
        "v": 1,
        "type": "start",
        "version": start["version"],
        "sources": ["/photos"],
        "output": "/photos-fixed",
        "dry_run": False,
        "exiftool": "12.57",
    }
    assert first == {
        "v": 1,
        "type": "media",
        "source": "Photos from 2019/a.jpg",
        "root": 0,
        "sidecar": "Photos from 2019/a.jpg.json",
        "sidecar_root": 1,
        "rule": "exact",
        "outcome": "written",
        "output": "Photos from 2019/a.jpg",
        "writer": "native",
        "taken": "2019-07-01T12:34:56+02:00",
        "zone": "gps",
        "tags": {"EXIF:DateTimeOriginal": "2019:07:01 12:34:56", "XMP-dc:Subject": ["Ann", "Bé"]},
        "conflicts": [
            {"unit": "place", "tag": "EXIF:GPSLatitude", "file": 1.5, "google": 2.5, "kind": "", "choice": ""}
        ],
        "warnings": ["one", "two"],
        "reason": "",
        "taken_from": "sidecar",
        "xmp_tags": {},
    }
    assert used == {
        "v": 1,
        "type": "json",
        "source": "Photos from 2019/a.jpg.json",
        "root": 1,
        "outcome": "used",
        "reason": "",
    }
    assert (invalid["outcome"], invalid["reason"]) == ("invalid", "line 1")
    assert other == {"v": 1, "type": "other", "source": "archive_browser.html", "root": 0}
    assert summary.pop("seconds") >= 0
    assert summary == {
        "v": 1,
        "type": "summary",
        "media": {"written": 1, "copied": 1},
        "json": {"used": 1, "invalid": 1},
        "other": 1,
        "found": 5,
        "exit": 0,
    }
    exact = b"Photos from 2019/\x1b]0;owned\x07\xe2\x80\xaegpj.\xff.jpg"
    assert base64.b64decode(hostile["source_bytes"]) == base64.b64decode(hostile["output_bytes"]) == exact
    assert hostile["source"].endswith("gpj.\\xff.jpg")
    assert (hostile["sidecar"], hostile["rule"], hostile["taken"], hostile["tags"]) == (None, None, None, {})
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xe2\x80\xae", done.stdout)


def test_words_go_to_standard_error_and_add_up(command: Command) -> None:
    done = command("--batch", "-v", "plain")
    words = done.stderr.decode()
    assert done.stdout == b""
    assert "2 pictures and videos: 1 written, 1 needed nothing" in words
    assert "2 JSON files: 1 used, 1 invalid" in words
    assert "5 files found" in words
    assert "1 say something else than Google does" in words
    assert "copied: Photos from 2019/\\x1b]0;owned\\x07\\u202egpj.\\xff.jpg" in words
    assert "\x1b" not in words


@pytest.mark.parametrize(
    ("source", "code", "text"),
    [
        ("run", 1, "the disk\\n\\x1bis full"),
        ("usage", 2, "no such SOURCE"),
        ("held", 75, "another run holds it"),
        ("exiftool", 4, "no ExifTool"),
        ("crash", 1, "unexpected: ZeroDivisionError: oops"),
    ],
)
def test_what_ends_a_run_is_one_line_and_its_exit_code(
    command: Command, source: str, code: int, text: str
) -> None:
    done = command("--batch", "--json", source)
    summary = lines(done)[-1]
    assert done.returncode == summary["exit"] == code
    assert summary["error"].startswith(text)
    assert f"pef-tui: {text}" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_broken_plugin_is_told_once_and_the_run_goes_on(command: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('not today')")
    done = command("--batch", "--json", "-p", "./broken.py", "plain")
    assert done.returncode == 0
    assert done.stderr.count(b"not today") == 1
    assert [note for note in lines(done)[-1]["notes"] if "RuntimeError: not today (broken.py:1)" in note]


def test_some_failed_is_exit_code_3_and_names_the_last(command: Command) -> None:
    done = command("--batch", "failing")
    assert done.returncode == 3
    assert "100 pictures and videos: 100 failed" in done.stderr.decode()
    assert "(the last 20)" in done.stderr.decode()
    assert "  Trip/99.jpg: a bad\\nreason\n" in done.stderr.decode()


def test_quiet_still_says_that_files_failed(command: Command) -> None:
    done = command("--batch", "-q", "failing")
    assert done.returncode == 3
    assert done.stderr == b"pef-tui: 100 files failed; --json or --log names them\n"


def test_max_errors_stops(command: Command) -> None:
    done = command("--batch", "--json", "--max-errors", "7", "failing")
    assert done.returncode == 1
    assert lines(done)[-1]["media"] == {"failed": 7}
    assert "7 failed files" in lines(done)[-1]["error"]


def test_what_others_print_does_not_reach_the_data(command: Command) -> None:
    done = command("--batch", "--json", "printing")
    assert [line["type"] for line in lines(done)] == ["start", "media", "summary"]
    assert b"printed by a plugin" in done.stderr
    assert b"echoed by a program" in done.stderr


def test_reader_gone_ends_the_run_well(started: Started) -> None:
    process = started("--batch", "--json", "many")
    assert process.stdout is not None and process.stderr is not None
    assert b'"start"' in process.stdout.readline()
    process.stdout.close()
    words = process.stderr.read().decode()
    assert process.wait(20) == 1
    assert "nobody reads standard output" in words
    assert "Traceback" not in words and "Exception" not in words


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_first_signal_ends_after_the_batch_in_hand(started: Started, number: int) -> None:
    process = started("--batch", "--json", "slow")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    out, words = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert json.loads(out.splitlines()[-1])["exit"] == 128 + number
    assert b"Stopping after the batch in hand" in words
    assert b"closed well" in words


@pytest.mark.parametrize("source", ["stuck", "waiting"])
def test_second_signal_leaves_at_once(started: Started, source: str) -> None:
    process = started("--batch", "--json", source)
    assert process.stdout is not None
    process.stdout.readline()
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - begin < 5
    assert b"Left at once" in words


def test_ignored_hang_up_stays_ignored(started: Started) -> None:
    process = started(
        "--batch", "--json", "slow", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143


def test_usr1_prints_progress_even_when_quiet(started: Started) -> None:
    process = started("--batch", "--json", "-q", "slow")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.send_signal(signal.SIGUSR1)
    assert re.match(rb"\d+ pictures and videos \| .*/s, .* MB/s, .* \| Trip\n", process.stderr.readline())
    process.terminate()
    process.communicate(timeout=20)


def test_off_a_terminal_progress_comes_every_so_many_seconds(started: Started) -> None:
    process = started("--batch", "--progress", "0.2", "slow")
    assert process.stderr is not None
    first, second = process.stderr.readline(), process.stderr.readline()
    assert b"pictures and videos" in first and b"pictures and videos" in second
    process.terminate()
    process.communicate(timeout=20)


@pytest.mark.parametrize("colour", [True, False])
def test_on_a_terminal_one_line_is_written_over(
    started: Started, environ: dict[str, str], colour: bool
) -> None:
    environ["TERM"] = "xterm"
    if not colour:
        environ["NO_COLOR"] = "1"
    reading, writing = pty.openpty()
    process = started("--batch", "--json", "--max-errors", "1", "slow", stderr=writing)
    assert select.select([reading], [], [], 30)[0], "no line came"
    time.sleep(0.6)
    process.terminate()
    process.communicate(timeout=20)
    os.close(writing)
    shown = os.read(reading, 65536).decode()
    os.close(reading)
    assert shown.count("\r") >= 3
    assert re.search(r"\r\d+ pictures and videos \| .*\x1b\[K", shown)
    assert shown.rstrip().splitlines()[-1].strip().startswith(tuple("0123456789"))


def test_errors_are_coloured_on_a_terminal_unless_told_not_to(
    started: Started, environ: dict[str, str]
) -> None:
    for setting, marked in (("", True), ("1", False)):
        environ.update(TERM="xterm", NO_COLOR=setting)
        reading, writing = pty.openpty()
        process = started("--batch", "run", stderr=writing)
        process.communicate(timeout=20)
        os.close(writing)
        shown = os.read(reading, 65536).decode()
        os.close(reading)
        assert ("\x1b[1;31mpef-tui:" in shown) == marked


def test_log_tells_failures_and_the_end_and_is_private(command: Command, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    command("--batch", "--log", str(log), "failing")
    text = log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    assert "ERROR failed: Trip/0.jpg (a bad\\nreason)" in text
    assert text.splitlines()[-1].endswith("INFO ended with exit code 3")


def test_closed_standard_streams_are_survived(environ: dict[str, str]) -> None:
    program = [sys.executable, str(Path(__file__).with_name("stand_in.py"))]
    shell = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-']
    done = subprocess.run([*shell, *program, "--batch", "--json", "plain"], env=environ, timeout=30)
    assert done.returncode == 0


def test_a_note_that_comes_while_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's thread adds notes while another one tells them; each is told once."""
    front = Front(Settings(), PluginHost(Settings()), None)
    notes = front._progress.notes = ["one", "two"]
    told: list[str] = []

    def say(text: str) -> None:
        told.append(text)
        if text == "one":
            notes.append("three")

    monkeypatch.setattr(front._console, "say", say)
    front._tell_notes()
    front._tell_notes()
    assert told == ["one", "two", "three"]
