from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from pef_tui.cli import main
from pef_tui.manifest import Entry, Ledger, RunOpened


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    ledger = Ledger.open(str(tmp_path / "out"), read_only=False)
    ledger.begin(RunOpened("r1", 1_700_000_000 * 10**9, "1.0", b"shape123", {"existing": "'never'"}))
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
        good, key=b"\x1b]0;x\x07/b\n.jpg", word="failed", output=b"", reason="bad \x1b[31m", conflict=False
    )
    many = [replace(good, key=b"f%d/c.jpg" % number) for number in range(30)]
    ledger.done(ledger.intend([]), [good, bad, *many])
    ledger.close({"written": 31, "failed": 1})
    return tmp_path / "out"


def test_words(dest: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--status", "-o", str(dest), "--no-config"]) == 0
    out, err = capfdbinary.readouterr()
    text = out.decode()
    assert err == b"" and "\x1b" not in text and "\x07" not in text
    assert "32 pictures and videos" in text and "31 say something else" in text
    assert "and 12 more folders; -v tells all" in text
    assert r"\x1b]0;x\x07/b\n.jpg: bad \x1b[31m" in text
    assert "31 written, 1 failed" in text
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
    assert lines[-1]["options"] == {"existing": "'never'"} and lines[-1]["counts"] == {
        "written": 31,
        "failed": 1,
    }


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


def test_a_newer_manifest_is_told_in_one_line(dest: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    shutil.rmtree(dest / ".pef-tui")
    (dest / ".pef-tui").mkdir()
    (dest / ".pef-tui" / "manifest").write_bytes(b"pef-tui manifest 99\n")
    assert main(["--status", "-o", str(dest), "--no-config"]) == 1
    err = capfdbinary.readouterr().err
    assert b"newer pef-tui" in err and err.count(b"\n") == 1
