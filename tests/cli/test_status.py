from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pef_tui.cli.main import main
from pef_tui.manifest import Entry, Manifest, RunOpened

OPTIONS = {
    "existing": "'never'",
    "dry_run": "False",
    "sources": "('/data/Take\\udcffout', '/b')",
    "progress": "1.5",
    "workers": "4",
    "odd": "<object at 0x1>",
}
VALUES = {
    "existing": "never",
    "dry_run": False,
    "sources": ["/data/Take\\xffout", "/b"],
    "progress": 1.5,
    "workers": 4,
    "odd": "<object at 0x1>",
}


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    ledger = Manifest.open(str(tmp_path / "out"), read_only=False)
    ledger.begin(RunOpened("r1", 1_700_000_000 * 10**9, "1.0", b"shape123", OPTIONS))
    good = Entry(
        b"2019/a.jpg",
        1,
        2,
        b"",
        b"shape123",
        b"",
        "written",
        output=b"2019/a.jpg",
        output_size=7,
        conflict=True,
    )
    bad = replace(
        good, key=b"\x1b]0;x\x07/b\n.jpg", outcome="failed", output=b"", reason="bad \x1b[31m", conflict=False
    )
    items = [replace(good, key=b"f%d/c.jpg" % number) for number in range(30)]
    ledger.record_batch(ledger.record_intent([]), [good, bad, *items])
    ledger.close({"written": 31, "failed": 1}, exit_code=3)
    return tmp_path / "out"


def test_words(dest: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--status", "-o", str(dest), "--no-config"]) == 0
    out, err = capfdbinary.readouterr()
    text = out.decode()
    assert err == b"" and "\x1b" not in text and "\x07" not in text
    assert "32 pictures and videos" in text and "31 with values that differ" in text
    assert "and 12 more folders (-v lists all)" in text
    assert r"\x1b]0;x\x07/b\n.jpg: bad \x1b[31m" in text
    assert "exit code 3: 31 written, 1 failed" in text and "finished with problems after " in text
    assert main(["--status", "-v", "-o", str(dest), "--no-config"]) == 0
    assert b"more folders" not in capfdbinary.readouterr().out


def test_json(dest: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--status", "--json", str(dest), "--no-config"]) == 0
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    status = lines[0]
    assert (status["v"], status["type"], status["files"], status["conflicts"]) == (1, "status", 32, 31)
    assert status["media"] == {"written": 31, "failed": 1} and status["running"] is None
    kinds = [line["type"] for line in lines[1:]]
    assert kinds.count("folder") == 32 and kinds.count("failed") == 1 and kinds.count("run") == 1
    assert lines[-1]["options"] == VALUES
    assert lines[-1]["counts"] == {"written": 31, "failed": 1}
    assert (lines[-1]["exit"], lines[-1]["stopped"]) == (3, None)


def add_run(dest: Path, *, ends: bool = True, **end: Any) -> None:
    ledger = Manifest.open(str(dest), read_only=False)
    ledger.begin(RunOpened("r", time.time_ns(), "1.0", b"shape123"))
    if ends:
        ledger.close({"written": 5}, **end)
    else:
        ledger.release()


@pytest.mark.parametrize(
    ("end", "words", "exit_code", "stopped"),
    [
        ({"exit_code": 0}, "finished after 0.0 s: 5 written", 0, None),
        ({"exit_code": 3}, "finished with problems after 0.0 s, exit code 3: 5 written", 3, None),
        ({}, "finished after 0.0 s: 5 written", None, None),  # as an old version recorded it
        (
            {"exit_code": 143, "stopped": "SIGTERM"},
            "stopped by SIGTERM after 0.0 s, exit code 143: 5 written",
            143,
            "SIGTERM",
        ),
        (
            {"exit_code": 1, "stopped": "max-errors"},
            "stopped after too many failed files after 0.0 s, exit code 1: 5 written",
            1,
            "max-errors",
        ),
        (
            {"exit_code": 130, "stopped": "user"},
            "stopped by the user after 0.0 s, exit code 130",
            130,
            "user",
        ),
        ({"exit_code": 1, "stopped": "error"}, "failed after 0.0 s, exit code 1: 5 written", 1, "error"),
        ({"ends": False}, "not finished", None, None),
    ],
)
def test_each_end_of_a_run_has_its_own_words(
    dest: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    end: dict[str, Any],
    words: str,
    exit_code: int | None,
    stopped: str | None,
) -> None:
    add_run(dest, **end)
    assert main(["--status", "-o", str(dest), "--no-config"]) == 0
    text = capfdbinary.readouterr().out.decode()
    last = text.partition("Runs, most recent first:\n")[2].splitlines()[0]
    assert re.sub(r"after \d\.\d s", "after 0.0 s", last).partition(" 1.0 ")[2].startswith(words)
    assert main(["--status", "--json", "-o", str(dest), "--no-config"]) == 0
    runs = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines() if b'"type":"run"' in line]
    assert (runs[0]["exit"], runs[0]["stopped"]) == (exit_code, stopped)


def test_dest_of_a_source(dest: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    source = dest.parent / "Takeout.zip"
    dest.rename(dest.parent / "Takeout-fixed")
    assert not source.exists()  # no source is needed
    assert main(["--status", "--json", str(source), "--no-config"]) == 0
    assert json.loads(capfdbinary.readouterr().out.splitlines()[0])["files"] == 32


def test_nothing_known(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--status", "-o", str(tmp_path), "--no-config"]) == 1
    assert b"no manifest" in capfdbinary.readouterr().err
    assert main(["--status", "--no-config"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_newer_manifest_is_reported_in_one_line(
    dest: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    shutil.rmtree(dest / ".pef-tui")
    (dest / ".pef-tui").mkdir()
    (dest / ".pef-tui" / "manifest").write_bytes(b"pef-tui manifest 99\n")
    assert main(["--status", "-o", str(dest), "--no-config"]) == 1
    err = capfdbinary.readouterr().err
    assert b"newer pef-tui" in err and err.count(b"\n") == 1
