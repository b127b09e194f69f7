from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from committing import MARK, TAKEN, FakeSession, RecorderOnManifest, opener, plan, staged, tree

from pef_tui.hooks import Written
from pef_tui.manifest import Manifest
from pef_tui.output.commit import BatchDiskFull, carry_out
from pef_tui.output.output_dir import OutputDir


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.mkdir()
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 2 MB. Skip the test if that is not permitted."""
    path = tmp_path / "small"
    path.mkdir()
    mount = shutil.which("mount")
    sample = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "none", str(path)], capture_output=True, check=False
    )
    if not sample or sample.returncode:
        pytest.skip(
            f"no tmpfs can be mounted here: {sample.stderr.decode().strip() if sample else 'no mount'}"
        )
    yield path
    subprocess.run(["umount", str(path)], check=True)


@pytest.mark.parametrize("big", [900_000, 1_500_000])
def test_a_full_disk_ends_the_run_with_nothing_half_there(source: Path, small_disk: Path, big: int) -> None:
    data = os.urandom(big)
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        (source / name).write_bytes(data)
    dest = small_disk / "dest"
    place, ledger = OutputDir(str(dest)), Manifest.open(str(dest), read_only=False)
    recorder = RecorderOnManifest(ledger)
    plans = [plan(source, f"{n}.jpg") for n in (1, 2, 3)]
    try:
        carry_out(plans[:1], place, {"fake": FakeSession()}, opener(source), recorder)
        with pytest.raises(BatchDiskFull) as caught:
            carry_out(plans[1:], place, {"fake": FakeSession()}, opener(source), recorder)
        assert caught.value.needed == 2 * big and f"{2 * big:,}" in str(caught.value)
        assert tree(dest) == {"1.jpg": (data + MARK, TAKEN)} and not staged(dest)
        os.unlink(dest / "1.jpg")
        assert [
            o.outcome for o in carry_out(plans[1:2], place, {"fake": FakeSession()}, opener(source), recorder)
        ] == ["written"]
    finally:
        place.close()
        ledger.release()


@pytest.mark.parametrize("kind", ["raises", "answers"])
def test_a_disk_that_fills_while_a_writer_writes(source: Path, small_disk: Path, kind: str) -> None:
    (source / "1.jpg").write_bytes(os.urandom(1_200_000))

    def full(path: str) -> Written:
        if kind == "raises":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return Written("failed", "Error writing output file", temporary=True)

    dest = small_disk / "dest"
    place, ledger = OutputDir(str(dest)), Manifest.open(str(dest), read_only=False)
    try:
        with pytest.raises(BatchDiskFull):
            carry_out(
                [plan(source, "1.jpg")],
                place,
                {"fake": FakeSession(**{"1": full})},
                opener(source),
                RecorderOnManifest(ledger),
            )
        assert not tree(dest) and not staged(dest)
    finally:
        place.close()
        ledger.release()
