"""Appended bytes can be read back: from memory, from a file, and with a full disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pef_tui.filesystem import spill_file
from pef_tui.filesystem.spill_file import SpillFile
from pef_tui.filesystem.temp_files import write_at


def test_bytes_are_read_back_from_memory_and_from_the_file(tmp_path: Path) -> None:
    store = SpillFile(str(tmp_path), memory_limit=10)
    offsets = [store.append(b"%04d" % number) for number in range(6)]
    assert offsets == [0, 4, 8, 12, 16, 20]
    assert [store.read(start, start + 4) for start in offsets] == [b"%04d" % number for number in range(6)]
    assert store.read(2, 10) == b"00000100"
    assert not list(tmp_path.iterdir())
    store.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        store.read(0, 4)


@pytest.mark.parametrize("written", [0, 2])
def test_a_full_disk_keeps_everything_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    calls = 0

    def full(descriptor: int, data: bytes, offset: int) -> None:
        nonlocal calls
        calls += 1
        if calls > written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_at(descriptor, data, offset)

    monkeypatch.setattr(spill_file, "write_at", full)
    store = SpillFile(str(tmp_path), memory_limit=3)
    for number in range(5):
        store.append(b"%04d" % number)
    assert store.read(0, 20) == b"00000001000200030004"
    assert calls == written + 1
    store.close()
