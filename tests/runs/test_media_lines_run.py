"""Size, format, times and XMP file in the JSON lines of pictures and videos are those of the files on the disk."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from commands import Line, run_here

from pef_tui.testing import Exif, Item, jpeg, sidecar, takeout
from pef_tui.testing.media import make

YEAR = "Photos from 2019"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    files: dict[str, Any] = {
        f"{YEAR}/a.jpg": sidecar("a.jpg", description="words"),
        f"{YEAR}/b.avi": sidecar("b.avi", description="words"),
        f"{YEAR}/c.jpg": None,
        f"{YEAR}/e.jpg": Item(sidecar("e.jpg"), jpeg(exif=Exif(date="2001:01:01 00:00:00"))),
        f"{YEAR}/d.heic": Item(sidecar("d.heic"), make("jpeg", 4)),
    }
    return takeout(tmp_path, files)


def media_lines(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["type"] == "media"]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_they_describe_the_files(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    lines = run_here(export, out)
    found = media_lines(lines)
    for line in found:
        [source] = export.rglob(Path(line["source"]).name)
        output = out / line["output"]
        assert line["size"] == source.stat().st_size
        assert line["output_size"] == output.stat().st_size
        assert seconds(line["source_time"]) == pytest.approx(source.stat().st_mtime, abs=0.002)
        assert seconds(line["output_time"]) == pytest.approx(output.stat().st_mtime, abs=0.002)
        xmp = Path(f"{output}.xmp")
        assert line["xmp"] == (os.path.relpath(xmp, out) if xmp.exists() else None)
    formats = {line["source"].rpartition(".")[0][-1]: line["format"] for line in found}
    assert formats["a"] == formats["c"] == formats["d"] == "jpeg" and formats["b"] == "avi"
    assert [line["source"][-5:] for line in found if line["xmp"]] == ["b.avi"]
    summary = lines[-1]
    assert summary["bytes"] == sum(line["output_size"] for line in found)
    assert summary["warnings"] == sum(bool(line["warnings"]) for line in found)
    assert summary["conflicts"] == sum(bool(line["conflicts"]) for line in found) == 1


def test_a_later_run_and_a_preview_wrote_nothing(export: Path, tmp_path: Path) -> None:
    previewed = run_here(export, tmp_path / "out", "--dry-run")
    run_here(export, tmp_path / "out")
    again = run_here(export, tmp_path / "out")
    for lines in (previewed, again):
        assert lines[-1]["bytes"] == 0
        for line in media_lines(lines):
            assert line["output_size"] is None and line["xmp"] is None
    assert all(line["output_time"] is None for line in media_lines(previewed))
    assert all(line["output_time"] for line in media_lines(again))
