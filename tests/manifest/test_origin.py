"""Test the file that records where the state folder in a source was made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pef_tui.manifest.origin import adopt_state, state_origin


def test_the_origin_is_on_the_disk_before_it_has_its_name_and_its_name_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the file were empty after a power cut, undo records of this machine would count as made elsewhere."""
    calls: list[tuple[str, str]] = []
    fsync, rename = os.fsync, os.rename

    def synced(fd: int) -> None:
        calls.append(("fsync", os.path.basename(os.readlink(f"/proc/self/fd/{fd}"))))
        fsync(fd)

    def renamed(old: str, new: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        calls.append(("rename", new))
        rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    source = tmp_path / "source"
    source.mkdir()
    environ = {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state")}
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    assert adopt_state(str(source), environ) == ""
    assert calls[-3:] == [("fsync", "origin.new"), ("rename", "origin"), ("fsync", ".pef-tui")]
    assert state_origin(str(source), environ) == "here"
