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
from typing import Any

import pytest

from pef_tui.cli.batch import BatchRun
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Notes
from pef_tui.settings import Settings

Command = Callable[..., subprocess.CompletedProcess[bytes]]
Started = Callable[..., subprocess.Popen[bytes]]


def lines(result: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_json_lines_are_those_of_the_contract(command: Command) -> None:
    result = command("--batch", "--json", "-q", "plain")
    start, first, hostile, used_bytes, invalid, second, summary = lines(result)
    assert result.returncode == 0
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
        "size": 7,
        "format": "jpeg",
        "source_time": "1970-01-01T00:00:00+00:00",
        "output_size": 2_000_000,
        "output_time": "2019-07-01T10:34:56+00:00",
        "xmp": "Photos from 2019/a.jpg.xmp",
    }
    assert used_bytes == {
        "v": 1,
        "type": "json",
        "source": "Photos from 2019/a.jpg.json",
        "root": 1,
        "outcome": "used",
        "reason": "",
    }
    assert (invalid["outcome"], invalid["reason"]) == ("invalid", "line 1")
    assert second == {"v": 1, "type": "other", "source": "archive_browser.html", "root": 0}
    assert summary.pop("seconds") >= 0
    assert summary == {
        "v": 1,
        "type": "summary",
        "media": {"written": 1, "copied": 1},
        "json": {"used": 1, "invalid": 1},
        "other": 1,
        "found": 5,
        "exit": 0,
        "conflicts": 1,
        "warnings": 1,
        "bytes": 2_000_010,
        "assumed_zones": 0,
    }
    exact = b"Photos from 2019/\x1b]0;owned\x07\xe2\x80\xaegpj.\xff.jpg"
    assert base64.b64decode(hostile["source_bytes"]) == base64.b64decode(hostile["output_bytes"]) == exact
    assert hostile["source"].endswith("gpj.\\xff.jpg")
    assert (hostile["sidecar"], hostile["rule"], hostile["taken"], hostile["tags"]) == (None, None, None, {})
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xe2\x80\xae", result.stdout)


def test_words_go_to_standard_error_and_add_up(command: Command) -> None:
    result = command("--batch", "-v", "plain")
    words = result.stderr.decode()
    assert result.stdout == b""
    assert "2 pictures and videos: 1 written, 1 already complete" in words
    assert "2 JSON files: 1 used, 1 invalid" in words
    assert "5 files found, 2.0 MB written, " in words
    assert "1 file with values that differ from Google's" in words
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
    result = command("--batch", "--json", source)
    summary = lines(result)[-1]
    assert result.returncode == summary["exit"] == code
    assert summary["error"].startswith(text)
    assert f"pef-tui: {text}" in result.stderr.decode()
    assert b"Traceback" not in result.stderr


def test_a_broken_plugin_is_reported_once_and_the_run_continues(command: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('not today')")
    result = command("--batch", "--json", "-p", "./broken.py", "plain")
    assert result.returncode == 3
    assert result.stderr.count(b"not today") == 1
    assert [note for note in lines(result)[-1]["notes"] if "RuntimeError: not today (broken.py:1)" in note]


def test_some_failed_is_exit_code_3_and_names_the_last(command: Command) -> None:
    result = command("--batch", "failing")
    assert result.returncode == 3
    assert "100 pictures and videos: 100 failed" in result.stderr.decode()
    assert "(the last 20)" in result.stderr.decode()
    assert "  Trip/99.jpg: a bad\\nreason\n" in result.stderr.decode()


def test_quiet_still_says_that_files_failed(command: Command) -> None:
    result = command("--batch", "-q", "failing")
    assert result.returncode == 3
    first, *failures = result.stderr.decode().splitlines()
    assert first == "100 files failed (the last 20):"
    assert failures == [f"  Trip/{number}.jpg: a bad\\nreason" for number in range(80, 100)]


def test_quiet_still_says_what_was_not_used(command: Command) -> None:
    result = command("--batch", "-q", "plain", PEF_TUI_TIMEZON="UTC")
    assert result.returncode == 0
    assert result.stderr.decode().splitlines() == [
        "PEF_TUI_TIMEZON: no such setting, did you mean PEF_TUI_TIMEZONE?; ignored",
        "1 JSON file invalid, not used (--json lists all files)",
        "1 file with warnings (-v lists them)",
    ]


def test_quiet_says_nothing_about_a_run_without_problems(command: Command) -> None:
    assert command("--batch", "-q", "many").stderr == b""


def test_max_errors_stops(command: Command) -> None:
    result = command("--batch", "--json", "--max-errors", "7", "failing")
    assert result.returncode == 1
    assert lines(result)[-1]["media"] == {"failed": 7}
    assert "7 failed files" in lines(result)[-1]["error"]


def test_what_others_print_does_not_reach_the_data(command: Command) -> None:
    result = command("--batch", "--json", "printing")
    assert [line["type"] for line in lines(result)] == ["start", "media", "summary"]
    assert b"printed by a plugin" in result.stderr
    assert b"echoed by a program" in result.stderr


def test_reader_gone_ends_the_run_well(started: Started) -> None:
    process = started("--batch", "--json", "many")
    assert process.stdout is not None and process.stderr is not None
    assert b'"start"' in process.stdout.readline()
    process.stdout.close()
    words = process.stderr.read().decode()
    assert process.wait(20) == 1
    assert "standard output was closed" in words
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
    assert b"Stopping after the current batch" in words
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
    assert b"Stopped immediately" in words


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
    percent = rb"\d %% of 600 files(, (a few seconds|about \d+ s) left)?"
    expected = (
        rb"\d+ pictures and videos \| " + percent.replace(b"%%", b"%") + rb" \| .*/s, .* MB/s, .* \| Trip\n"
    )
    assert re.match(expected, process.stderr.readline())
    process.terminate()
    process.communicate(timeout=20)


def test_off_a_terminal_progress_comes_every_so_many_seconds(started: Started) -> None:
    process = started("--batch", "--progress", "0.2", "slow")
    assert process.stderr is not None
    first, second = process.stderr.readline(), process.stderr.readline()
    assert b"pictures and videos" in first and b"pictures and videos" in second
    process.terminate()
    process.communicate(timeout=20)


def test_progress_is_in_the_json_lines_every_so_many_seconds(started: Started) -> None:
    process = started("--batch", "--json", "-q", "--progress", "0.5", "slow")
    assert process.stdout is not None
    received: list[dict[str, Any]] = []
    while sum(line["type"] == "progress" for line in received) < 3:
        received.append(json.loads(process.stdout.readline()))
    process.terminate()
    out, words = process.communicate(timeout=20)
    received += map(json.loads, out.splitlines())
    assert words == b""
    assert [line["type"] for line in received if line["type"] != "media"][:1] == ["start"]
    assert [line["type"] for line in received[-2:]] == ["progress", "summary"]
    seen = [line for line in received if line["type"] == "progress"]
    assert list(seen[0]) == ["v", "type", "stage", "done", "total", "bytes", "seconds", "left"]
    assert all(line["stage"] == "write" and line["total"] == 600 for line in seen)
    assert all(line["bytes"] == 10 * line["done"] for line in seen)
    times, counts = [line["seconds"] for line in seen], [line["done"] for line in seen]
    assert times == sorted(times) and counts == sorted(counts) and counts[0] > 0
    assert times[1] - times[0] >= 0.3
    media_count = sum(line["type"] == "media" for line in received)
    assert counts[-1] == media_count == received[-1]["media"]["copied"]


def test_without_the_option_there_are_no_progress_lines(command: Command) -> None:
    assert "progress" not in {line["type"] for line in lines(command("--batch", "--json", "plain"))}


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
    text = os.read(reading, 65536).decode()
    os.close(reading)
    assert text.count("\r") >= 3
    assert re.search(r"\r\d+ pictures and videos \| \d % of 600 files.*\x1b\[K", text)
    assert text.rstrip().splitlines()[-1].strip().startswith(tuple("0123456789"))


def test_errors_are_coloured_on_a_terminal_unless_reported_not_to(
    started: Started, environ: dict[str, str]
) -> None:
    for setting, marked in (("", True), ("1", False)):
        environ.update(TERM="xterm", NO_COLOR=setting)
        reading, writing = pty.openpty()
        process = started("--batch", "run", stderr=writing)
        process.communicate(timeout=20)
        os.close(writing)
        text = os.read(reading, 65536).decode()
        os.close(reading)
        assert ("\x1b[1;31mpef-tui:" in text) == marked


def journal(
    started: Started, environ: dict[str, str], *arguments: str, redirected: bool = False
) -> list[bytes]:
    """The lines of standard error if it is the journal; if `redirected`, if the journal is another file."""
    reading, writing = os.pipe()
    status = os.fstat(writing)
    environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino + redirected}"
    process = started(*arguments, stderr=writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().splitlines()
    process.communicate(timeout=20)
    return lines


def test_lines_in_the_journal_have_their_priority(started: Started, environ: dict[str, str]) -> None:
    for arguments, priority, text in (
        (("--batch", "plain"), b"<6>", b"5 files found"),
        (("--batch", "-v", "failing"), b"<4>", b"failed: Trip/0.jpg"),
        (("--batch", "-q", "failing"), b"<4>", b"Trip/99.jpg: a bad"),
        (("--batch", "run"), b"<3>", b"pef-tui: the disk"),
        (("--batch", "--tags", "nonsense", "plain"), b"<3>", b"nonsense"),
    ):
        lines = journal(started, environ, *arguments)
        assert lines and all(re.match(rb"<[346]>[^<]", line) for line in lines)
        assert {line[:3] for line in lines if text in line} == {priority}
        assert not any(
            line.startswith(b"<") for line in journal(started, environ, *arguments, redirected=True)
        )


def test_log_states_failures_and_the_end_and_is_private(command: Command, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    command("--batch", "--log", str(log), "failing")
    text = log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    assert "ERROR failed: Trip/0.jpg (a bad\\nreason)" in text
    assert text.splitlines()[-1].endswith("INFO ended with exit code 3")
    assert "stopped by signal" not in text


def test_closed_standard_streams_are_survived(environ: dict[str, str]) -> None:
    program = [sys.executable, str(Path(__file__).with_name("stand_in.py"))]
    shell = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-']
    result = subprocess.run([*shell, *program, "--batch", "--json", "plain"], env=environ, timeout=30)
    assert result.returncode == 0


def test_a_note_that_comes_while_others_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's thread adds notes while another thread prints them; each is printed once."""
    front = BatchRun(Settings(), PluginHost(Settings()), None)
    notes = front._progress.notes = Notes(["one", "two"])
    reports: list[str] = []

    def say(text: str, always: bool, level: str) -> None:
        reports.append(text)
        if text == "one":
            notes.append("three")

    monkeypatch.setattr(front._console, "say", say)
    front._report_notes()
    front._report_notes()
    assert reports == ["one", "two", "three"]
