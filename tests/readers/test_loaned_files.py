"""Copies of archive members that ExifTool reads."""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from pef_tui.errors import DiskFull
from pef_tui.filesystem import temp_files as scratch
from pef_tui.model import FileMetadata, Match, MediaFile
from pef_tui.readers import inspect as looking
from pef_tui.readers import loaned_files as spill
from pef_tui.readers.inspect import inspect
from pef_tui.readers.loaned_files import copy_member
from pef_tui.testing.media import make


def box(name: bytes, content: bytes, *, wide: bool = False) -> bytes:
    if wide:
        return b"\0\0\0\1" + name + (16 + len(content)).to_bytes(8, "big") + content
    return (8 + len(content)).to_bytes(4, "big") + name + content


def copied(raw: bytes, film: bool, folder: Path) -> tuple[bytes, int]:
    copy = copy_member(io.BytesIO(raw), len(raw), film, str(folder))
    try:
        assert os.fstat(copy.fd).st_size == len(raw)
        return os.pread(copy.fd, len(raw), 0), copy.stored_bytes
    finally:
        copy.close()


SOUND = os.urandom(200_000)
FILMS = {
    "plain": (box(b"ftyp", b"isom"), box(b"mdat", SOUND), box(b"moov", b"tags")),
    "64 bits": (box(b"ftyp", b"isom"), box(b"mdat", SOUND, wide=True), box(b"moov", b"tags")),
    "wide": (box(b"ftyp", b"isom"), box(b"wide", b""), box(b"mdat", SOUND), box(b"moov", b"tags" * 9_000)),
    "last": (box(b"moov", b"tags"), b"\0\0\0\0mdat" + SOUND),
    "cut": (box(b"moov", b"tags"), box(b"mdat", SOUND)[:-5]),
    "many": (*(box(b"free", b"") for _ in range(30)), box(b"moov", b"tags"), box(b"mdat", SOUND)),
}


@pytest.mark.parametrize("name", FILMS)
def test_of_a_film_only_pictures_and_sounds_stay_out(name: str, tmp_path: Path) -> None:
    parts = FILMS[name]
    raw, weight = copied(b"".join(parts), True, tmp_path)
    assert weight < 60_000
    at = 0
    for part in parts:
        retained = part[:8] if b"mdat" in part[:8] else part
        assert raw[at : at + len(retained)] == retained
        at += len(part)


def test_boxes_without_end_are_copied_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "MAX_BOXES", 20)
    raw = b"".join(FILMS["many"])
    assert copied(raw, True, tmp_path)[0] == raw


def test_what_is_large_lies_on_the_disk_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "MAX_IN_MEMORY", 3_000)
    monkeypatch.setattr(spill, "READ_SIZE", 1_000)
    raw = os.urandom(10_000)
    copy = copy_member(io.BytesIO(raw), len(raw), False, str(tmp_path))
    assert os.fstat(copy.fd).st_dev == tmp_path.stat().st_dev
    assert os.pread(copy.fd, 20_000, 0) == raw
    assert list(tmp_path.iterdir()) == []
    copy.close()


def test_a_disk_without_unnamed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "UNNAMED_FILE", 0)
    descriptor = scratch.unnamed_file(str(tmp_path))
    scratch.write_at(descriptor, b"0123", 2)
    assert os.pread(descriptor, 10, 0) == b"\0\0" + b"0123"
    assert list(tmp_path.iterdir()) == []
    os.close(descriptor)


def test_a_full_disk_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spill, "write_at", full)
    count_before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(DiskFull, match="make room"):
        copy_member(io.BytesIO(b"x"), 1, False, str(tmp_path))
    assert len(os.listdir("/proc/self/fd")) == count_before


@pytest.mark.parametrize(
    ("output", "dry_run", "folder"),
    [("/x/out", False, "/x/out/.pef-tui/staging"), ("/x/out", True, "/mine"), ("", False, "/mine")],
)
def test_where_unnamed_files_lie(
    output: str, dry_run: bool, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/mine")
    assert scratch.temp_dir(output, dry_run) == folder


def test_copies_are_let_go_before_more_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any time, at most MAX_COPIED bytes and one more file are copied, whatever the number of files."""
    monkeypatch.setattr(looking, "MAX_COPIED", 5_000)
    raws = {f"{number}.png": make("png", number) + os.urandom(2_000) for number in range(10)}
    requests: list[int] = []

    def read_tags(files: Sequence[tuple[str, int]]) -> list[FileMetadata]:
        requests.append(len(files))
        for path, size in files:
            assert Path(path).stat().st_size == size
        return [
            FileMetadata(tags={"XMP-dc:Title": Path(path).read_bytes().hex()}, reader="x")
            for path, _ in files
        ]

    matches = [Match(MediaFile(0, name, len(raw), 0), "") for name, raw in raws.items()]
    count_before = len(os.listdir("/proc/self/fd"))
    actual = list(inspect(matches, lambda media: io.BytesIO(raws[media.path]), read_tags, str(tmp_path)))
    assert [match.metadata and match.metadata.tags["XMP-dc:Title"] for match in actual] == [
        raw.hex() for raw in raws.values()
    ]
    assert max(requests) <= 3
    assert len(os.listdir("/proc/self/fd")) == count_before


@pytest.mark.exiftool
@pytest.mark.skipif(shutil.which("exiftool") is None and not os.environ.get("CI"), reason="no ExifTool here")
@pytest.mark.parametrize("format", ["mp4", "mov", "3gp", "heic", "png", "tiff", "webp", "cr2", "gif", "jp2"])
def test_exiftool_reads_the_same_of_a_copy(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pef_tui.readers.reader_pool import TagReaders

    monkeypatch.setattr(looking, "READERS", {})
    path = tmp_path / f"a.{format}"
    path.write_bytes(make(format, 1))
    matches = [Match(MediaFile(0, path.name, path.stat().st_size, 0), "")]
    readers = TagReaders(shutil.which("exiftool") or "exiftool", 1)
    try:
        direct = list(inspect(matches, lambda _: path.open("rb"), readers.read, str(tmp_path)))
        lent = list(inspect(matches, lambda _: io.BytesIO(path.read_bytes()), readers.read, str(tmp_path)))
    finally:
        readers.close()
    assert direct == lent
    assert direct[0].metadata is not None
    assert direct[0].metadata.reader == "exiftool"


def test_where_no_file_can_be_unnamed_none_that_is_there_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "UNNAMED_FILE", 0)
    os.close(scratch.unnamed_file(str(tmp_path)))
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr("secrets.token_hex", lambda size: "known")
    foreign = tmp_path / "scratch-known"
    foreign.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        scratch.unnamed_file(str(tmp_path))
    assert foreign.read_bytes() == b"mine"
