"""What `--status` says about the end of real runs: the exit code of the program, and what stopped it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import PEF_TUI, lines_of, run_apart, run_here, run_with

from pef_tui.errors import DiskGone, RunError, UsageError
from pef_tui.manifest import RunHistory
from pef_tui.model import Record
from pef_tui.testing import sidecar, takeout


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return takeout(tmp_path, {f"Photos from 2019/{n:03}.jpg": sidecar(f"{n:03}.jpg") for n in range(400)})


def last_run(out: Path) -> dict[str, Any]:
    lines = run_with(["--status", "--json", "--no-config", "-o", str(out)])
    return next(line for line in lines if line["type"] == "run")


def end_of(out: Path) -> tuple[int | None, str | None]:
    run = last_run(out)
    return run["exit"], run["stopped"]


def test_runs_that_reach_their_end(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run_apart(export, out, "--exclude", "*/0*", timeout=100).returncode == 0
    assert end_of(out) == (0, None)
    options = last_run(out)["options"]
    assert options["exclude"] == ["*/0*"] and options["json"] is True and options["sources"] == [str(export)]
    assert "workers" not in options
    # a run without work reports the counts of the last one
    command = [*PEF_TUI, "--batch", "--no-config", str(export), "-o", str(out)]
    for _ in range(2):
        assert subprocess.run(command, capture_output=True, timeout=100, check=False).returncode == 0
        assert end_of(out) == (0, None)
    next(export.rglob("007.jpg")).write_bytes(b"\xff\xd8 cut")
    damaged = run_apart(export, out, timeout=100)
    assert end_of(out) == (damaged.returncode, None)


def test_a_loss_that_only_a_plugin_reports_counts_too(export: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError")
    result = run_apart(export, tmp_path / "out", "-p", str(tmp_path / "broken.py"), timeout=100)
    assert result.returncode == 3
    assert end_of(tmp_path / "out") == (3, None)


def test_a_run_that_a_signal_stops(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [
        *PEF_TUI,
        "--batch",
        "--json",
        "--no-config",
        "--writer",
        "exiftool",
        str(export),
        "-o",
        str(out),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    while b'"media"' not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=100)
    assert process.returncode == 143
    assert end_of(out) == (143, "SIGTERM")


def test_a_run_that_fails_too_often(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "Photos from 2019").write_bytes(b"in the way")
    for path in export.rglob("*.jpg"):
        path.write_bytes(b"")
    result = run_apart(export, out, "--max-errors", "3", timeout=100)
    assert lines_of(result)[-1]["exit"] == result.returncode == 1
    assert end_of(out) == (1, "max-errors")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no"), 2),
        (RunError("no"), 1),
        (ValueError("no"), 1),
        (OSError(5, "no"), None),
        (DiskGone("no"), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_status_of_a_run_that_failed_as_a_whole_has_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int | None
) -> None:
    source = takeout(tmp_path, {f"P/{n}.jpg": sidecar(f"{n}.jpg") for n in range(3)})

    def fail(*_: object) -> Iterator[Record]:
        yield from ()
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("pef_tui.pipeline.stages._carry_out", fail)
        run_here(source, tmp_path / "out", status=code or 1)
    [ended] = status_of(tmp_path / "out")
    assert (ended["exit"], ended["stopped"]) == (code, None if code is None else "error")
    run_here(source, tmp_path / "out")  # the next run does the work
    assert [run["exit"] for run in status_of(tmp_path / "out")] == [0, code]


def status_of(out: Path) -> list[dict[str, Any]]:
    history = RunHistory.open(str(out))
    assert history is not None
    runs = [{"exit": run.exit_code, "stopped": run.stopped} for run in history.runs()]
    history.close()
    return runs
