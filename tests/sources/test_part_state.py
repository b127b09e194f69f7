from __future__ import annotations

import os
import zipfile
from pathlib import Path

from pef_tui.sources.part_state import part_state


def test_an_archive_without_its_end_is_cut_off(tmp_path: Path) -> None:
    whole = tmp_path / "takeout-001.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("Takeout/a.jpg", os.urandom(5_000))
    cut = tmp_path / "takeout-002.zip"
    cut.write_bytes(whole.read_bytes()[:-100])
    empty = tmp_path / "takeout-003.zip"
    empty.touch()
    packed = tmp_path / "takeout-004.tgz"
    packed.touch()
    os.mkfifo(tmp_path / "takeout-005.zip")
    states = [part_state(str(path)) for path in (whole, cut, empty, packed, tmp_path / "takeout-006.zip")]
    assert states == ["complete", "cut off", "cut off", "", ""]
    assert part_state(str(tmp_path / "takeout-005.zip")) in ("", "cut off"), "a pipe must not block"
