"""Damage zip archives at any position: every picture is read correctly, or its loss is reported."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_contents import content
from zip_cases import CENTRAL, LOCAL, info, pack, reader

from pef_tui.sources.zip_source import ZipReader

END = b"PK\x05\x06"


class Pipe(io.RawIOBase):
    """A stream without seeking: the zip writer stores sizes after the data."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += data
        return len(data)


def nested() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(info("inner.jpg", compress_type=zipfile.ZIP_STORED), b"inner" * 20)
        archive.writestr(info("inner2.jpg"), b"inner2" * 20)
    return inner.getvalue()


FILES = {
    "Takeout/Google Photos/Photos from 2019/a.jpg": b"\xff\xd8picture a" * 30,
    "Takeout/Google Photos/Photos from 2019/a.jpg.json": b'{"title": "a.jpg"}',
    "Takeout/Google Photos/Photos from 2019/inner.zip": nested(),
    "Takeout/Google Photos/Photos from 2019/b.jpg": bytes(range(256)),
    "Takeout/Google Photos/Photos from 2019/\u00e9.jpg": b"\xff\xd8picture e" * 9,
    "Takeout/archive_browser.html": b"<html>",
}


def made(streamed: bool, method: int) -> bytes:
    target = Pipe() if streamed else io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info("Takeout/", compress_type=0), b"")
        for name, raw in FILES.items():
            stored = name.endswith(("inner.zip", "b.jpg"))
            archive.writestr(info(name, compress_type=zipfile.ZIP_STORED if stored else method), raw)
    return bytes(target.data) if isinstance(target, Pipe) else target.getvalue()


KINDS = {
    "sizes in front": (False, zipfile.ZIP_DEFLATED),
    "stored": (False, zipfile.ZIP_STORED),
    "sizes behind": (True, zipfile.ZIP_DEFLATED),
    "stored, sizes behind": (True, zipfile.ZIP_STORED),
    "bzip2, sizes behind": (True, zipfile.ZIP_BZIP2),
}


def lost(source: ZipReader) -> Iterator[str]:
    """Yield what is wrong with the result of a reader: missing files that are not reported, files with wrong bytes."""
    readable: dict[str, bytes] = {}
    refused = 0
    listed = [file for listing in source.listings() for file in listing.files]
    paths = [file.path for file in listed]
    if len(paths) != len(set(paths)):
        yield "counted twice"
    for file in listed:
        try:
            with source.open(file.path) as stream:
                readable[file.path] = stream.read()
        except OSError:
            refused += 1
    for path, raw in readable.items():
        if path in FILES and raw != FILES[path]:
            yield f"{path} has other bytes"
        if "inner.jpg" in path or "inner2.jpg" in path:
            yield f"{path} is a member of a member"
    missing = FILES.keys() - readable.keys()
    if missing and source.whole() and refused < len(missing):
        yield f"{sorted(missing)} are gone without a word"


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_every_byte_of_the_directory(kind: str, tmp_path: Path) -> None:
    """Flip every bit of one kind of archive. Of the other kinds, flip one bit of each byte, because they take long."""
    sound = made(*KINDS[kind])
    path, chance = tmp_path / "a.zip", random.Random(2)
    faults = []
    for at in range(sound.index(CENTRAL, sound.rindex(LOCAL)), len(sound)):
        for bit in range(8) if kind == "sizes in front" else (chance.randrange(8),):
            raw = bytearray(sound)
            raw[at] ^= 1 << bit
            path.write_bytes(raw)
            faults += [(at, bit, fault) for fault in lost(reader(path))]
    assert not faults


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_every_byte_of_the_members(kind: str, tmp_path: Path) -> None:
    sound = made(*KINDS[kind])
    chance = random.Random(1)
    path = tmp_path / "a.zip"
    faults = []
    for at in range(sound.index(CENTRAL, sound.rindex(LOCAL))):
        raw = bytearray(sound)
        raw[at] ^= 1 << chance.randrange(8)
        path.write_bytes(raw)
        faults += [(at, fault) for fault in lost(reader(path))]
    assert not faults


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_directory_every_member_is_found(kind: str, tmp_path: Path) -> None:
    sound = made(*KINDS[kind])
    start = sound.index(CENTRAL, sound.rindex(LOCAL))
    for end in (start, start + 100, len(sound) - 5, sound.rindex(END)):
        (tmp_path / "a.zip").write_bytes(sound[:end])
        source = reader(tmp_path / "a.zip")
        assert content(source) == FILES, end
        assert not source.whole()


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_cut_anywhere(kind: str, tmp_path: Path) -> None:
    sound = made(*KINDS[kind])
    path = tmp_path / "a.zip"
    faults = []
    for end in range(len(sound)):
        path.write_bytes(sound[:end])
        source = reader(path)
        faults += [(end, fault) for fault in lost(source)]
        if source.whole():
            faults.append((end, "is whole"))
    assert not faults


def test_the_cut_member_is_named(tmp_path: Path) -> None:
    sound = made(False, zipfile.ZIP_DEFLATED)
    (tmp_path / "a.zip").write_bytes(sound[: sound.index(bytes(range(256))) + 100])
    source = reader(tmp_path / "a.zip")
    names = [file.path for listing in source.listings() for file in listing.files]
    assert sorted(names) == sorted(list(FILES)[:4])
    with pytest.raises(OSError, match="cut off"):
        source.open(list(FILES)[3])


def test_a_member_that_is_an_archive_and_is_cut(tmp_path: Path) -> None:
    """A member at the end of the file is an archive. Its directory is not that of the outer archive."""
    sound = made(False, zipfile.ZIP_DEFLATED)
    inner = nested()
    for cut in (len(inner), len(inner) - 4, 150):
        (tmp_path / "a.zip").write_bytes(sound[: sound.index(inner) + cut])
        source = reader(tmp_path / "a.zip")
        names = [file.path for listing in source.listings() for file in listing.files]
        assert sorted(names) == sorted(list(FILES)[:3]), cut
        assert not source.whole()


GARBAGE = b"\xff\xd8\xff\xe1PK\x03\x04garbage" * 20
CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "number of entries": lambda raw: raw[:-12] + struct.pack("<H", 3) + raw[-10:],
    "disk number": lambda raw: raw[:-18] + b"\1" + raw[-17:],
    "offset of the directory": lambda raw: raw[:-6] + struct.pack("<L", 5) + raw[-2:],
    "size of the directory": lambda raw: raw[:-10] + struct.pack("<L", 50) + raw[-6:],
    "bytes between members": lambda raw: raw.replace(LOCAL, GARBAGE + LOCAL, 2).replace(GARBAGE, b"", 1),
    "another archive in front": lambda raw: nested() + raw,
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_contradicts_itself_is_reported_and_read(change: str, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(CHANGES[change](made(False, zipfile.ZIP_DEFLATED)))
    source = reader(tmp_path / "a.zip")
    actual = content(source)
    assert {path: raw for path, raw in actual.items() if path in FILES} == FILES
    assert not source.whole()


def test_an_end_record_in_a_comment(tmp_path: Path) -> None:
    """A complete end record of an empty archive is in the comment. unzip uses it, and finds no members."""
    sound = made(False, zipfile.ZIP_DEFLATED)
    comment = struct.pack("<4s4H2LH", END, 0, 0, 0, 0, 0, 0, 0)
    (tmp_path / "a.zip").write_bytes(sound[:-2] + struct.pack("<H", len(comment)) + comment)
    source = reader(tmp_path / "a.zip")
    assert content(source) == FILES
    assert source.whole()


@pytest.mark.long
def test_more_than_65535_members_without_zip64(tmp_path: Path) -> None:
    """Archives of old tools state the number of members with only its lower bits."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(65_540):
            archive.writestr(zipfile.ZipInfo(f"{number}.txt"), b"")
    raw = (tmp_path / "a.zip").read_bytes()
    start = raw.index(CENTRAL)
    end = struct.pack("<4s4H2LH", END, 0, 0, 4, 4, raw.index(b"PK\x06\x06") - start, start, 0)
    (tmp_path / "a.zip").write_bytes(raw[: raw.index(b"PK\x06\x06")] + end)
    source = reader(tmp_path / "a.zip")
    assert sum(len(listing.files) for listing in source.listings()) == 65_540
    assert source.whole()


def test_two_names_for_one_member(tmp_path: Path) -> None:
    """If names differ, the data may be that of another picture, so no tag is written. Members that are never opened are
    checked too.
    """
    raw = bytearray(made(False, zipfile.ZIP_DEFLATED))
    start = raw.index(CENTRAL, raw.rindex(LOCAL))
    at = raw.index(b"b.jpg", start)
    raw[at : at + 5] = b"b.jqg"
    (tmp_path / "a.zip").write_bytes(raw)
    source = reader(tmp_path / "a.zip")
    names = [file.name for listing in source.listings() for file in listing.files]
    assert "b.jpg" in names
    assert "b.jqg" not in names
    with pytest.raises(OSError, match=r"b\.jqg"):
        source.open("Takeout/Google Photos/Photos from 2019/b.jpg")
    assert not source.whole()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), data=st.data())
def test_several_damages(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    raw = bytearray(made(*KINDS[kind]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        mode = data.draw(st.sampled_from(["flip", "zeros", "cut out", "insert"]))
        if mode == "flip":
            raw[at] ^= 1 << data.draw(st.integers(0, 7))
        elif mode == "zeros":
            raw[at : at + 40] = bytes(len(raw[at : at + 40]))
        elif mode == "cut out":
            del raw[at : at + data.draw(st.integers(1, 300))]
        else:
            raw[at:at] = data.draw(st.binary(min_size=1, max_size=50))
        if not raw:
            return
    path = tmp_path / "a.zip"
    path.write_bytes(raw)
    assert [fault for fault in lost(reader(path)) if "member of a member" not in fault] == []


def test_a_damaged_archive_of_many_headers_is_read_in_time(tmp_path: Path) -> None:
    """The number of tries at bytes that look like a header is limited."""
    (tmp_path / "a.zip").write_bytes(
        pack(tmp_path / "b.zip", (info("a.jpg"), b"a")).read_bytes()[:-3] + LOCAL * 500_000
    )
    source = reader(tmp_path / "a.zip")
    assert content(source) == {"a.jpg": b"a"}
    assert not source.whole()
