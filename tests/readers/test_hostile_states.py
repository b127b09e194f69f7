"""Hostile files that make a native reader fail: the run continues, and ExifTool reads them."""

from __future__ import annotations

import io
import struct

import pytest

from pef_tui.formats.image_data import image_digest
from pef_tui.model import FileMetadata, Match, MediaFile
from pef_tui.readers.inspect import inspect
from pef_tui.readers.native_readers import READERS
from pef_tui.testing.media import make


def looked_at(data: bytes) -> FileMetadata:
    media = MediaFile(0, "F/a", len(data), 0)
    (match,) = inspect([Match(media, "F")], lambda _: io.BytesIO(data), None, "/tmp")
    assert match.metadata is not None
    return match.metadata


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
    def fails(stream: object) -> FileMetadata | None:
        raise error("hostile")

    monkeypatch.setattr("pef_tui.readers.inspect.READERS", dict.fromkeys(READERS, fails))
    for form in ("jpeg", "png", "tiff", "mov"):
        assert looked_at(make(form)) == FileMetadata(format=form)


def test_a_disk_that_fails_is_reported_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(stream: object) -> FileMetadata | None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pef_tui.readers.inspect.READERS", {"jpeg": fails})
    assert "Input/output error" in looked_at(make("jpeg")).damage
