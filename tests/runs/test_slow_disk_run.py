"""Run with calls in threads, as on a slow disk. The result is that of a run that makes one call after the other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from commands import Line, media, run_here, run_with, tree
from threaded_io import force_threads

from pef_tui.filesystem import parallel_io
from pef_tui.output.output_dir import COPY_FOLDERS, OutputDir
from pef_tui.testing.export import Item, sidecar, takeout

NAMES = [
    f"{stem}.{extension}"
    for stem in ("a", "b", "2019.07.01 c")
    for extension in ("jpg", "png", "avi", "heic")
]
SHORT = ("--xmp", "always", "--xmp-name", "short")


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(parallel_io, "_PROCESS_IO", parallel_io.ParallelIo())
    monkeypatch.setattr(parallel_io, "SLOW_SECONDS", parallel_io.SLOW_SECONDS)
    monkeypatch.setattr(parallel_io.ParallelIo, "is_slow", parallel_io.ParallelIo.is_slow)


def export(place: Path) -> Path:
    spec: dict[str, object] = {
        f"{folder}/{name}": sidecar(name, people=["Ann"], taken=1.5e9 + number)
        for folder in ("Trip", "Photos from 2019", "Photos from 2020")
        for number, name in enumerate(NAMES)
    }
    spec |= {f"Many/{number}.jpg": Item(sidecar(f"{number}.jpg")) for number in range(60)}
    spec |= {"Trip/metadata.json": {"title": "Trip"}, "Trip/broken.jpg": b"\xff\xd8\xff\xe1 no picture"}
    return takeout(place, spec)  # type: ignore[arg-type]


def results(source: Path, out: Path, options: tuple[str, ...]) -> tuple[object, ...]:
    """Return the results of three runs: a first one, one with other options, and one more."""
    lines = [run_here(source, out, *options, *more) for more in ((), ("--tags=-people",), ())]
    return (*(told(result) for result in lines), tree(out), os.listdir(out / ".pef-tui" / "staging"))


def told(lines: list[Line]) -> list[Line]:
    """Return the lines of media files, sorted by source, because batches end in any order."""
    return sorted(media(lines).values(), key=lambda line: str(line["source"]))


@pytest.mark.parametrize(
    "options",
    [
        (),
        SHORT,
        ("--xmp", "always"),
        ("--albums", "link"),
        ("--workers", "4", "--layout", "{year}/{name}"),
    ],
    ids=" ".join,
)
def test_runs_in_threads_have_the_same_result(tmp_path: Path, options: tuple[str, ...]) -> None:
    source = export(tmp_path / "export")
    expected = results(source, tmp_path / "out", options)
    shutil.rmtree(tmp_path / "out")
    force_threads()
    assert results(source, tmp_path / "out", options) == expected
    assert expected[-1] == []


def test_a_run_in_place_in_threads_can_be_undone(tmp_path: Path) -> None:
    expected, source = export(tmp_path / "expected"), export(tmp_path / "source")
    original = tree(source)
    run_with(["--batch", "--no-config", "--in-place", str(expected)])
    force_threads()
    run_with(["--batch", "--no-config", "--in-place", str(source)])
    assert tree(source) == tree(expected) != original
    run_with(["--undo", "last", str(source), "--no-config"])
    assert tree(source) == original


def test_copies_are_staged_in_several_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = set()
    real = OutputDir.new_name

    def new_name(output_dir: OutputDir, extension: str) -> str:
        name = real(output_dir, extension)
        folders.add(name.rpartition("/")[0])
        return name

    monkeypatch.setattr(OutputDir, "new_name", new_name)
    force_threads()
    run_here(export(tmp_path / "export"), tmp_path / "out")
    assert {str(number) for number in range(COPY_FOLDERS)} <= folders
