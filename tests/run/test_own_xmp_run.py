"""XMP files that runs in place wrote are reported with their media, however the run that wrote them ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Line, run_with

from pef_tui.errors import RunError
from pef_tui.testing import Item, make, sidecar, takeout
from pef_tui.write import commit, place

FOLDER = "Google Photos/Photos from 2019"
FILE = f"{FOLDER}/a.bmp"


def export(root: Path) -> Path:
    return takeout(
        root / "in", {"Photos from 2019/a.bmp": Item(sidecar("a.bmp", people=["Ana"]), make("bmp", 1))}
    )


def run(source: Path, *more: str, status: int = 0) -> list[Line]:
    return run_with(["--batch", "--json", "--no-config", "--in-place", str(source), *more], status)


def found(lines: list[Line]) -> list[str]:
    """The files that a run reports."""
    return sorted(line["source"].rpartition("/")[2] for line in lines if "source" in line)


OWN = ["a.bmp", "a.bmp.supplemental-metadata.json"]


def _die(*_: object) -> None:
    raise RunError("killed")


def _before_the_record(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(commit, "remove_former", _die)


def _before_the_picture(patched: pytest.MonkeyPatch) -> None:
    """The XMP file has its name, the picture has not."""

    def replace(one: str, other: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        os.rename(one, other, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        if other.endswith(".xmp"):
            _die()

    class Os:
        def __getattr__(self, name: str) -> object:
            return replace if name == "replace" else getattr(os, name)

    patched.setattr(place, "os", Os())


@pytest.fixture(params=[_before_the_record, _before_the_picture])
def stopped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A run that stops, as if it were killed, once an XMP file is in place."""

    def stop(source: Path, *more: str) -> None:
        with monkeypatch.context() as patched:
            request.param(patched)
            run(source, *more, status=1)

    return stop


@pytest.mark.parametrize("name", ["long", "short"])
def test_after_a_kill(tmp_path: Path, stopped: Callable[..., None], name: str) -> None:
    source, more = export(tmp_path), ("--xmp-name", name)
    stopped(source, *more)
    beside = source / FOLDER / ("a.xmp" if name == "short" else "a.bmp.xmp")
    assert beside.exists()
    assert found(run(source, "-n", *more)) == OWN
    for _ in range(3):
        assert found(run(source, *more)) == OWN
    os.utime(source / FILE, (1.4e9, 1.4e9))
    for _ in range(3):
        assert found(run(source, *more)) == OWN


def test_after_a_kill_and_an_edit(tmp_path: Path, stopped: Callable[..., None]) -> None:
    source = export(tmp_path)
    stopped(source)
    beside, text = source / f"{FILE}.xmp", (source / f"{FILE}.xmp").read_bytes()
    at = beside.stat().st_mtime_ns
    beside.write_bytes(text.replace(b"Ana", b"Eva"))
    os.utime(beside, ns=(at, at))
    assert found(run(source)) == sorted([*OWN, "a.bmp.xmp"])


@pytest.mark.parametrize("more", [("--existing", "overwrite"), ("--xmp", "always"), ("--force",)])
def test_after_a_run_that_has_nothing_to_write_into_it(tmp_path: Path, more: tuple[str, ...]) -> None:
    source = export(tmp_path)
    assert found(run(source)) == OWN
    for flags in (more, (), ()):
        os.utime(source / FILE, (1.4e9, 1.4e9))
        assert found(run(source, *flags)) == OWN


def test_after_a_picture_that_could_not_be_put_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = export(tmp_path)

    def replace(one: str, other: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if not other.endswith(".xmp"):
            raise PermissionError(1, "not permitted")
        os.rename(one, other, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    class Os:
        def __getattr__(self, name: str) -> object:
            return replace if name == "replace" else getattr(os, name)

    with monkeypatch.context() as patched:
        patched.setattr(place, "os", Os())
        assert found(run(source, status=3)) == OWN
    assert (source / f"{FILE}.xmp").exists()
    for _ in range(3):
        assert found(run(source)) == OWN
