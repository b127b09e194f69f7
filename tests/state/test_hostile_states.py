"""Files made to do harm to who reads them: the run goes on, and ExifTool is asked instead."""

from __future__ import annotations

import io
import struct

import pytest

from pef_tui.formats.image_data import image_digest
from pef_tui.model import Match, MediaFile, State
from pef_tui.state.inspect import inspect
from pef_tui.state.natively import READERS
from pef_tui.testing.media import make


def looked_at(data: bytes) -> State:
    media = MediaFile(0, "F/a", len(data), 0)
    (match,) = inspect([Match(media, "F")], lambda _: io.BytesIO(data), None, "/tmp")
    assert match.state is not None
    return match.state


@pytest.mark.parametrize("size", [1 << 48, (1 << 62) + 5, (1 << 63) - 1, (1 << 64) - 1])
@pytest.mark.parametrize("kind", [b"mdat", b"free", b"moov", b"uuid"])
def test_boxes_of_any_size(kind: bytes, size: int) -> None:
    film = make("mp4")
    data = film[:8] + film[8 : film[3]] + struct.pack(">I4sQ", 1, kind, size) + film[film[3] :]
    state = looked_at(data)
    assert (state.format, state.reader) == ("mp4", "")
    assert image_digest(io.BytesIO(data), "mp4") is None


@pytest.mark.parametrize("error", [OverflowError, MemoryError, ValueError, IndexError, RecursionError])
def test_whatever_a_reader_raises(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def fails(stream: object) -> State | None:
        raise error("hostile")

    monkeypatch.setattr("pef_tui.state.inspect.READERS", dict.fromkeys(READERS, fails))
    for form in ("jpeg", "png", "tiff", "mov"):
        assert looked_at(make(form)) == State(format=form)


def test_a_disk_that_fails_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(stream: object) -> State | None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pef_tui.state.inspect.READERS", {"jpeg": fails})
    assert "Input/output error" in looked_at(make("jpeg")).damage
