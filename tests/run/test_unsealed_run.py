"""Runs that must not seal the manifest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from seal_cases import (
    TICK,
    YEAR,
    export_in,
    of_a,
    ran,
    reversed_text,
    same_times,
)

from pef_tui import chain
from pef_tui.manifest import Ledger
from pef_tui.pipeline import run
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.takeout.entries import FINE_NS


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    made = export_in(tmp_path / "export")
    time.sleep(2 * FINE_NS / 1e9)
    return made


def unsealed(out: Path) -> bool:
    ledger = Ledger.open(str(out), read_only=True)
    try:
        return ledger.seal == b""
    finally:
        ledger.release()


@pytest.fixture
def new(export: Path, tmp_path: Path) -> Iterator[Path]:
    """A DEST that the run to come must not seal."""
    out = tmp_path / "new"
    yield out
    assert unsealed(out)


def test_a_young_source_is_not_sealed(export: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pef_tui.takeout.entries.FINE_NS", 10**12)
    monkeypatch.setattr("pef_tui.takeout.entries.COARSE_NS", 10**12)
    ran(export, new)


def test_a_stopped_run_is_not_sealed(export: Path, new: Path) -> None:
    wanted = Settings(sources=(str(export),), output=str(new))
    progress = Progress()
    for _ in run(wanted, PluginHost(wanted), progress):
        progress.stop.set()


def test_a_run_that_could_not_read_a_file_is_not_sealed(
    export: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pef_tui.takeout.scan import DirectoryReader

    real = DirectoryReader.open

    def refused(self: DirectoryReader, path: str) -> Any:
        if path.endswith("a.jpg"):
            raise OSError(5, "Input/output error")
        return real(self, path)

    monkeypatch.setattr(DirectoryReader, "open", refused)
    ran(export, new)


def test_an_output_changed_while_the_run_goes_on_is_not_sealed(
    export: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pef_tui.run.sealing import Sealing

    real = Sealing.sealed

    def changed(self: Sealing, progress: Progress) -> bytes:
        (new / YEAR / "a.jpg").write_bytes(b"mine")
        return real(self, progress)

    monkeypatch.setattr(Sealing, "sealed", changed)
    ran(export, new)


def test_a_run_in_place_is_not_sealed(export: Path) -> None:
    settings = Settings(sources=(str(export),), in_place=True)
    for _ in range(2):
        progress = Progress()
        progress.by_count = True
        for record in run(settings, PluginHost(settings), progress):
            progress.add(record)
        assert not progress.held and unsealed(export)
        time.sleep(TICK)


def test_a_source_changed_while_the_run_goes_on_is_looked_at_by_the_next(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    real = chain.carry_out

    def meanwhile(*given: Any, **named: Any) -> Any:
        done = real(*given, **named)
        same_times(of_a(export), reversed_text)
        return done

    monkeypatch.setattr(chain, "carry_out", meanwhile)
    ran(export, out)
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "/nowhere")
    assert not ran(export, out).held
