"""Runs that must not record a snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from snapshot_cases import (
    TICK,
    YEAR,
    export_of_the_past,
    of_a,
    ran,
    reversed_text,
    same_times,
)

from pef_tui.manifest import Manifest
from pef_tui.output import commit
from pef_tui.pipeline import write_stages
from pef_tui.pipeline.run import run
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return export_of_the_past(tmp_path / "export")


def unsealed(out: Path) -> bool:
    ledger = Manifest.open(str(out), read_only=True)
    try:
        return ledger.snapshot == b""
    finally:
        ledger.release()


@pytest.fixture
def new(export: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a DEST for a run that must not record a snapshot."""
    out = tmp_path / "new"
    yield out
    assert unsealed(out)


def test_a_young_source_is_not_sealed(export: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pef_tui.sources.dir_entries.FINE_NS", 10**12)
    monkeypatch.setattr("pef_tui.sources.dir_entries.COARSE_NS", 10**12)
    ran(export, new)


def test_a_stopped_run_is_not_sealed(export: Path, new: Path) -> None:
    expected = Settings(sources=(str(export),), output=str(new))
    progress = Progress()
    for _ in run(expected, PluginHost(expected), progress):
        progress.stop.set()


def test_a_run_that_could_not_read_a_file_is_not_sealed(
    export: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pef_tui.sources.directory import DirectoryReader

    real = DirectoryReader.open

    def refused(self: DirectoryReader, path: str) -> Any:
        if path.endswith("a.jpg"):
            raise OSError(5, "Input/output error")
        return real(self, path)

    monkeypatch.setattr(DirectoryReader, "open", refused)
    ran(export, new)


def test_an_output_changed_while_the_run_continues_is_not_sealed(
    export: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pef_tui.resume.snapshot_recorder import SnapshotRecorder

    real = SnapshotRecorder.encoded_snapshot

    def changed_snapshot(self: SnapshotRecorder, progress: Progress) -> bytes:
        (new / YEAR / "a.jpg").write_bytes(b"mine")
        return real(self, progress)

    monkeypatch.setattr(SnapshotRecorder, "encoded_snapshot", changed_snapshot)
    ran(export, new)


def test_a_run_in_place_is_not_sealed(export: Path) -> None:
    settings = Settings(sources=(str(export),), in_place=True)
    for _ in range(2):
        progress = Progress()
        progress.accepts_counts_only = True
        for record in run(settings, PluginHost(settings), progress):
            progress.add(record)
        assert not progress.counts_only and unsealed(export)
        time.sleep(TICK)


def test_a_source_changed_while_the_run_continues_is_looked_at_by_the_next(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    real = commit.carry_out

    def meanwhile(*arguments: Any, **keywords: Any) -> Any:
        result = real(*arguments, **keywords)
        same_times(of_a(export), reversed_text)
        return result

    monkeypatch.setattr(write_stages, "carry_out", meanwhile)
    ran(export, out)
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "/nowhere")
    assert not ran(export, out).counts_only
