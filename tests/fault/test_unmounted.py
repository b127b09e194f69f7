"""Unmount DEST during a run. The run ends with one line, and writes nothing into the folder below the mount."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fault_counts import tries
from fault_exports import mixed
from forked_runs import carry_out
from run_oracle import Oracle

from pef_tui.execution import remote, worker_queue
from pef_tui.output import commit, produce, source_copy
from pef_tui.pipeline import stages, write_stages
from pef_tui.planning.source_folders import SourceFolders


@contextmanager
def disks(place: Path) -> Iterator[Path]:
    """Mount a disk in memory for the folders that the tests mount. Skip the tests if that is not possible."""
    disk = place / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@contextmanager
def bound(folder: Path, mount_point: Path) -> Iterator[None]:
    """Mount a folder at another place, until the end of the `with` block or until `unmount`."""
    folder.mkdir(exist_ok=True)
    mount_point.mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", str(folder), str(mount_point)], check=True)
    try:
        yield
    finally:
        if os.path.ismount(mount_point):
            unmount(mount_point)


def unmount(mount_point: Path) -> None:
    subprocess.run(["umount", "-l", str(mount_point)], check=True)


def everything(folder: Path) -> dict[str, bytes | None]:
    """Return all paths below a folder, with the content of files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def nth_call(module: Any, name: str, number: int, action: Callable[[], None]) -> None:
    """Call `action` before the call `number` (from 1) of a function of a module. Batches get at most 20 files."""
    worker_queue.BATCH_FILES = 20
    real, count = getattr(module, name), 0

    def replacement(*args: Any, **fields: Any) -> Any:
        nonlocal count
        count += 1
        if count == number:
            action()
        return real(*args, **fields)

    setattr(module, name, replacement)


MOMENTS: dict[str, tuple[Any, str, int]] = {
    "before the first batch": (write_stages, "carry_out", 1),
    "between two batches": (write_stages, "carry_out", 2),
    "before the writers": (produce, "_write_all", 1),
    "before the XMP files": (produce, "complete_xmp", 3),
    "before the names": (commit, "publish", 1),
    "before the end": (stages, "_end", 1),
}


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    place = tmp_path_factory.mktemp("unmounted")
    return Oracle(mixed(place / "export", 60), place, "--workers", "1", "--xmp", "always")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_used", [False, True], ids=["empty", "used"])
@pytest.mark.parametrize("moment", MOMENTS)
@tries(
    "fault",
    "DEST unmounted (umount -l) at a moment of a run, above an empty or a used folder; then mounted again",
)
def test_dest_unmounted(
    moment: str,
    is_used: bool,
    oracle: Oracle,
    place: Path,
    tried: Callable[[int], None],
    tool: Callable[[str], None],
) -> None:
    tool("exiftool")
    out = place / "out"
    if is_used:
        assert oracle.run(out)[0] == 0
    else:
        out.mkdir()
    below = everything(out)
    module, name, number = MOMENTS[moment]
    with disks(place) as disk:
        prepared = Oracle.__new__(Oracle)
        prepared.__dict__ |= vars(oracle)
        prepared.before = lambda: nth_call(module, name, number, lambda: unmount(out))
        with bound(disk / "dest", out):
            status, words, lines = prepared.run(out)
            assert not os.path.ismount(out), "the moment did not come"
        assert everything(out) == below
        assert status == 1 and f"the output folder {out} is not there any more" in words, words
        assert "Traceback" not in words
        summary = json.loads(lines.splitlines()[-1])
        assert summary["exit"] == 1 and "failed" not in summary["media"]
        with bound(disk / "dest", out):
            assert oracle.half(out) == ""
            assert oracle.finish(out) == ""
    tried(1)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [1, 2])
@tries("fault", "DEST unmounted (umount -l) while worker processes write; then mounted again")
def test_dest_unmounted_below_workers(
    number: int, oracle: Oracle, place: Path, tried: Callable[[int], None], tool: Callable[[str], None]
) -> None:
    tool("exiftool")
    out = place / "out"
    with disks(place) as disk, bound(disk / "dest", out):
        argv = oracle.argv(out, "--executor", "processes", "--workers", "2")
        status, words, lines = carry_out(
            argv, lambda: nth_call(remote, "_submit_batch", 1 + number, lambda: unmount(out))
        )
        assert not os.path.ismount(out), "the moment did not come"
        assert everything(out) == {}
        assert status == 1 and f"the output folder {out} is not there any more" in words, words
        assert "failed" not in json.loads(lines.splitlines()[-1])["media"]
        with bound(disk / "dest", out):
            assert oracle.finish(out) == ""
    tried(1)


@pytest.mark.timeout(300)
@tries(
    "fault",
    "a source unmounted (umount -l) during a run in place, before the first batch; then mounted again",
)
def test_source_unmounted_in_place(
    place: Path, tried: Callable[[int], None], tool: Callable[[str], None]
) -> None:
    tool("exiftool")
    source = place / "export"
    with disks(place) as disk:
        mixed(disk / "export", 60)
        with bound(disk / "export", source):
            argv = ["--batch", "--no-config", "--in-place", "--workers", "1", str(source)]
            status, words, _ = carry_out(
                argv, lambda: nth_call(write_stages, "carry_out", 1, lambda: unmount(source))
            )
            assert not os.path.ismount(source), "the moment did not come"
            assert everything(source) == {}
            assert status == 1 and "is not there any more" in words, words
            with bound(disk / "export", source):
                status, words, _ = carry_out(argv)
                assert status == 0, words
    tried(1)


SOURCE_MOMENTS: dict[str, tuple[Any, str, int]] = {
    "while the sidecars are read": (SourceFolders, "open_json", 5),
    "while the tags are read": (SourceFolders, "open_media", 30),
    "before the first batch": (write_stages, "carry_out", 1),
    "while copies are made": (source_copy, "stage", 3),
    "between two batches": (write_stages, "carry_out", 2),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("moment", SOURCE_MOMENTS)
@tries("fault", "a source unmounted (umount -l) at a moment of a run; then mounted again")
def test_source_unmounted(
    moment: str, place: Path, tried: Callable[[int], None], tool: Callable[[str], None]
) -> None:
    tool("exiftool")
    with disks(place) as disk:
        source, out = place / "export", place / "out"
        mixed(disk / "export", 120)
        module, name, number = SOURCE_MOMENTS[moment]
        with bound(disk / "export", source):
            oracle = Oracle(source, place, "--workers", "1")
            oracle.before = lambda: nth_call(module, name, number, lambda: unmount(source))
            status, words, lines = oracle.run(out)
            oracle.before = None
            assert not os.path.ismount(source), "the moment did not come"
            *records, summary = map(json.loads, lines.splitlines())
            assert status == 1 and f"the source {source} is not there any more" in words, words
            assert "failed" not in summary["media"] and "invalid" not in summary["json"]
            assert summary["not_reached"] == summary["found"] - len(records) + 1 > 0
            assert oracle.half(out) == ""
            with bound(disk / "export", source):
                assert summary["found"] <= sum(path.is_file() for path in source.rglob("*"))
                assert oracle.finish(out) == ""
    tried(1)
