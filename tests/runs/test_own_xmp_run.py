"""XMP files that runs in place wrote are reported with their media, however those runs ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Line, run_with

from pef_tui.errors import RunError
from pef_tui.filesystem import renaming
from pef_tui.output import commit
from pef_tui.testing import Item, make, sidecar, takeout

FOLDER = "Google Photos/Photos from 2019"
FILE = f"{FOLDER}/a.bmp"


def export(root: Path) -> Path:
    return takeout(
        root / "in", {"Photos from 2019/a.bmp": Item(sidecar("a.bmp", people=["Ana"]), make("bmp", 1))}
    )


def run(source: Path, *options: str, status: int = 0) -> list[Line]:
    return run_with(["--batch", "--json", "--no-config", "--in-place", str(source), *options], status)


def reported_files(lines: list[Line]) -> list[str]:
    """Return the names of the files that a run reports."""
    return sorted(line["source"].rpartition("/")[2] for line in lines if "source" in line)


REPORTED = ["a.bmp", "a.bmp.supplemental-metadata.json"]


def _die(*_: object) -> None:
    raise RunError("killed")


def _before_the_record(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(commit, "remove_stale_outputs", _die)


def _before_the_picture(patched: pytest.MonkeyPatch) -> None:
    """Stop after the XMP file has its final name, and before the picture has its name."""

    def replace(first: str, second: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        os.rename(first, second, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        if second.endswith(".xmp"):
            _die()

    class Os:
        def __getattr__(self, name: str) -> object:
            return replace if name == "replace" else getattr(os, name)

    patched.setattr(renaming, "os", Os())


@pytest.fixture(params=[_before_the_record, _before_the_picture])
def stopped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that runs, and stops as if killed after an XMP file has its final name."""

    def stop(source: Path, *options: str) -> None:
        with monkeypatch.context() as patched:
            request.param(patched)
            run(source, *options, status=1)

    return stop


@pytest.mark.parametrize("name", ["long", "short"])
def test_after_a_kill(tmp_path: Path, stopped: Callable[..., None], name: str) -> None:
    source, options = export(tmp_path), ("--xmp-name", name)
    stopped(source, *options)
    xmp_file = source / FOLDER / ("a.xmp" if name == "short" else "a.bmp.xmp")
    assert xmp_file.exists()
    assert reported_files(run(source, "-n", *options)) == REPORTED
    for _ in range(3):
        assert reported_files(run(source, *options)) == REPORTED
    os.utime(source / FILE, (1.4e9, 1.4e9))
    for _ in range(3):
        assert reported_files(run(source, *options)) == REPORTED


def test_after_a_kill_and_an_edit(tmp_path: Path, stopped: Callable[..., None]) -> None:
    source = export(tmp_path)
    stopped(source)
    xmp_file, text = source / f"{FILE}.xmp", (source / f"{FILE}.xmp").read_bytes()
    at = xmp_file.stat().st_mtime_ns
    xmp_file.write_bytes(text.replace(b"Ana", b"Eva"))
    os.utime(xmp_file, ns=(at, at))
    assert reported_files(run(source)) == sorted([*REPORTED, "a.bmp.xmp"])


@pytest.mark.parametrize("options", [("--existing", "overwrite"), ("--xmp", "always"), ("--force",)])
def test_after_a_run_that_has_nothing_to_write_into_it(tmp_path: Path, options: tuple[str, ...]) -> None:
    source = export(tmp_path)
    assert reported_files(run(source)) == REPORTED
    for flags in (options, (), ()):
        os.utime(source / FILE, (1.4e9, 1.4e9))
        assert reported_files(run(source, *flags)) == REPORTED


def test_after_a_picture_that_could_not_be_put_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = export(tmp_path)

    def replace(first: str, second: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if not second.endswith(".xmp"):
            raise PermissionError(1, "not permitted")
        os.rename(first, second, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    class Os:
        def __getattr__(self, name: str) -> object:
            return replace if name == "replace" else getattr(os, name)

    with monkeypatch.context() as patched:
        patched.setattr(renaming, "os", Os())
        assert reported_files(run(source, status=3)) == REPORTED
    assert (source / f"{FILE}.xmp").exists()
    for _ in range(3):
        assert reported_files(run(source)) == REPORTED
