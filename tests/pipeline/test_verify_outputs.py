"""Compare the outputs of earlier runs with the manifest."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pef_tui.cli.main import main
from pef_tui.errors import DestLocked
from pef_tui.manifest import DestLock
from pef_tui.pipeline.verify_outputs import MISSING, verify_outputs
from pef_tui.testing.export import sidecar, takeout


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    names = ("same.jpg", "edited.jpg", "grown.jpg", "gone.jpg", "touched.jpg")
    files = {f"Photos from 2019/{name}": sidecar(name) for name in names}
    source = takeout(tmp_path, {**files, "Photos from 2019/x.bmp": sidecar("x.bmp")})
    folder = tmp_path / "out"
    assert main(["--batch", "--no-config", "-q", str(source), "-o", str(folder)]) == 0
    return folder


def _problems(dest: Path) -> dict[str, str]:
    return {
        os.path.basename(file.path): file.problem for file in verify_outputs(str(dest), threading.Event())
    }


def test_outputs_as_recorded_have_no_problem(dest: Path) -> None:
    problems = _problems(dest)
    assert len(problems) == 6 and not any(problems.values())


def test_each_difference_is_named_and_nothing_is_changed(dest: Path) -> None:
    folder = dest / "Photos from 2019"
    edited = folder / "edited.jpg"
    status = edited.stat()
    edited.write_bytes(edited.read_bytes()[:-1] + b"x")
    os.utime(edited, ns=(status.st_atime_ns, status.st_mtime_ns))
    with (folder / "grown.jpg").open("ab") as file:
        file.write(b"1234")
    (folder / "gone.jpg").unlink()
    os.utime(folder / "touched.jpg")
    (folder / "x.bmp.xmp").write_text("other")
    manifest = (dest / ".pef-tui" / "manifest").read_bytes()
    problems = _problems(dest)
    assert problems["same.jpg"] == problems["touched.jpg"] == ""
    assert problems["edited.jpg"] == "has other content"
    assert "bytes instead of" in problems["grown.jpg"]
    assert problems["gone.jpg"] == MISSING
    assert problems["x.bmp"].startswith("its XMP file has 5 bytes")
    assert (dest / ".pef-tui" / "manifest").read_bytes() == manifest


def test_a_stop_ends_it(dest: Path) -> None:
    stop = threading.Event()
    files = verify_outputs(str(dest), stop)
    next(files)
    stop.set()
    assert list(files) == []


def test_a_run_in_progress_is_not_disturbed(dest: Path) -> None:
    with DestLock(str(dest)), pytest.raises(DestLocked, match="another run"):
        next(verify_outputs(str(dest), threading.Event()))
