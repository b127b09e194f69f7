"""Zip archives as sources: ordinary, damaged and hostile ones."""

from __future__ import annotations

import io
import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from folder_files import files_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_contents import content, refused
from zip_cases import CENTRAL, FILES, LOCAL, info, pack, patched, reader

from pef_tui.model import Folder, Source
from pef_tui.sources import archive_members as members
from pef_tui.sources.directory import DirectoryReader
from pef_tui.sources.folders import folders


def test_an_archive_is_as_its_extracted_folder(tmp_path: Path) -> None:
    pack(tmp_path / "part.zip", *((info(name), raw) for name, raw in reversed(FILES.items())))
    source = reader(tmp_path / "part.zip")
    assert content(source) == FILES
    assert source.problems() == ()
    with zipfile.ZipFile(tmp_path / "part.zip") as archive:
        archive.extractall(tmp_path / "out")

    def told(actual: list[Folder]) -> list[object]:
        return [(folder.path, [(file.path, file.size) for file in files_of(folder)]) for folder in actual]

    plain = told(list(folders([DirectoryReader(Source(0, str(tmp_path / "out")))])))
    assert told(list(folders([source]))) == plain
    assert [folder.path for folder in folders([source])] == [
        "Ausflug \U0001f600",
        "Fotos von 2019",
        "Takeout",
    ]


def test_parts_and_folders_are_joined(tmp_path: Path) -> None:
    names = list(FILES)
    pack(tmp_path / "1.zip", (info(names[0]), b"x"))
    pack(tmp_path / "2.zip", (info(names[1]), b"{}"), (info(names[0]), b"x"))
    (tmp_path / "Fotos von 2019").mkdir()
    (tmp_path / "Fotos von 2019" / "c.jpg").touch()
    directory = DirectoryReader(Source(2, str(tmp_path / "Fotos von 2019")))
    (folder,) = folders([reader(tmp_path / "1.zip", 0), reader(tmp_path / "2.zip", 1), directory])
    assert [(file.root, file.name) for file in folder.media] == [(0, "a.jpg"), (1, "a.jpg"), (2, "c.jpg")]
    assert [(file.root, file.name) for file in folder.json] == [(1, "a.jpg.json")]


@pytest.mark.parametrize(
    "kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_members_can_be_sought_in_and_read_by_several_threads(tmp_path: Path, kind: int) -> None:
    raw = bytes(range(256)) * 2_000
    pack(
        tmp_path / "a.zip",
        (info("a.jpg", compress_type=kind), raw),
        (info("b.jpg", compress_type=kind), raw[::-1]),
    )
    source = reader(tmp_path / "a.zip")
    wrong: list[str] = []

    def read(path: str, expected: bytes) -> None:
        with source.open(path) as stream:
            stream.seek(-1_000, io.SEEK_END)
            if stream.read() != expected[-1_000:] or stream.seek(5) != 5 or stream.read() != expected[5:]:
                wrong.append(path)

    threads = [
        threading.Thread(target=read, args=pair) for pair in [("a.jpg", raw), ("b.jpg", raw[::-1])] * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with pytest.raises(OSError):
        source.open("a.jpg").fileno()


def test_names_in_every_encoding(tmp_path: Path) -> None:
    def unicode_path(raw: bytes, name: str, crc: int | None = None) -> bytes:
        field = struct.pack("<BL", 1, zlib.crc32(raw) if crc is None else crc) + name.encode()
        return struct.pack("<HH", 0x7075, len(field)) + field

    cases = {
        "caf\u00e9.jpg".encode("cp437"): (b"", "caf\u00e9.jpg"),
        "名.jpg".encode(): (b"", "名.jpg"),
        b"caf_.jpg": (b"", "caf_.jpg"),
        b"\x81.jpg": (unicode_path(b"\x81.jpg", "\U0001f600.jpg"), "\U0001f600.jpg"),
        b"\x82.jpg": (unicode_path(b"\x82.jpg", "wrong.jpg", 1), "\u00e9.jpg"),
        b"\x84.jpg": (b"\x75\x70\x01\x00\x01", "\u00e4.jpg"),
        b"\x85.jpg": (unicode_path(b"\x85.jpg", "")[:-1] + b"\xff", "\u00e0.jpg"),
    }
    path = tmp_path / "names.zip"
    stand_ins = {raw: b"%02d" % number + b"x" * (len(raw) - 2) for number, raw in enumerate(cases)}
    pack(path, *((info(stand_ins[raw].decode(), extra=extra), raw) for raw, (extra, _) in cases.items()))
    complete = path.read_bytes()
    for raw, stand_in in stand_ins.items():
        complete = complete.replace(stand_in, raw)
    path.write_bytes(complete)
    source = reader(path)
    assert content(source) == {name: raw for raw, (_, name) in cases.items()}
    assert source.problems() == ()


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, 1_580_702_706),
        ({"extra": struct.pack("<HHBl", 0x5455, 5, 1, 1_234_567_890)}, 1_234_567_890),
        ({"extra": struct.pack("<HHBl", 0x5455, 5, 1, -5)}, -5),
        ({"extra": struct.pack("<HHBl", 0x5455, 5, 2, 7)}, 1_580_702_706),
        ({"extra": b"\x55\x54\x01\x00\x01"}, 1_580_702_706),
        ({"extra": struct.pack("<HHLHHQQQ", 10, 32, 0, 1, 24, (11_644_473_600 + 77) * 10**7, 0, 0)}, 77),
        ({"extra": struct.pack("<HHLHHQQQ", 10, 32, 0, 1, 24, 2 * 10**17, 0, 0)}, 1_580_702_706),
        ({"extra": struct.pack("<HHLHHQQQ", 10, 32, 0, 1, 24, 2**64 - 1, 0, 0)}, 1_580_702_706),
        ({"date_time": (1980, 0, 0, 0, 0, 0)}, 315_532_800),
        ({"date_time": (2020, 15, 31, 31, 63, 62)}, 315_532_800),
    ],
)
def test_modification_times(tmp_path: Path, fields: dict[str, object], seconds: int) -> None:
    (listing,) = reader(pack(tmp_path / "a.zip", (info("a.jpg", **fields), b"x"))).listings()
    assert listing.files[0].mtime_ns == seconds * 1_000_000_000


@pytest.mark.parametrize(
    ("member", "report"),
    [
        (info("../a.jpg"), "path out of the archive"),
        (info("Trip/../../a.jpg"), "path out of the archive"),
        (info("a.jpg", external_attr=(stat.S_IFLNK | 0o777) << 16), "symbolic link"),
        (info("\n../\x1b[31m/../a.jpg"), "path out of the archive"),
    ],
)
def test_members_that_are_no_plain_files_are_left_out(
    tmp_path: Path, member: zipfile.ZipInfo, report: str
) -> None:
    source = reader(pack(tmp_path / "a.zip", (info("good.jpg"), b"good"), (member, b"bad")))
    assert content(source) == {"good.jpg": b"good"}
    (line,) = source.problems()
    assert report in line
    assert line.isprintable()
    with pytest.raises(FileNotFoundError):
        source.open(member.orig_filename)


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR, stat.S_IFLNK])
def test_what_has_the_bytes_of_a_picture_is_one(tmp_path: Path, kind: int) -> None:
    """One damaged bit can make the file type of a picture a device. Its content shows that it is no device or link."""
    member = info("a.jpg", external_attr=(kind | 0o644) << 16)
    source = reader(pack(tmp_path / "a.zip", (member, b"\xff\xd8\xff\xe1"), (info("b.jpg"), b"b")))
    assert content(source) == {"a.jpg": b"\xff\xd8\xff\xe1", "b.jpg": b"b"}


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR])
def test_devices_without_bytes_are_left_out(tmp_path: Path, kind: int) -> None:
    member = info("a.jpg", external_attr=(kind | 0o644) << 16)
    source = reader(pack(tmp_path / "a.zip", (member, b""), (info("b.jpg"), b"b")))
    assert content(source) == {"b.jpg": b"b"}
    assert "no regular file" in source.problems()[0]


def test_folders_and_own_folders_are_no_files(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "a.zip", (info("Trip/"), b""), (info("Trip/a.jpg"), b"a"), (info("x/.pef-tui/b"), b"b")
    )
    source = reader(path)
    assert content(source) == {"Trip/a.jpg": b"a"}
    assert source.problems() == ()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("second", "report"), [(b"two", 1), (b"one", 0)])
def test_of_two_members_of_one_name_the_last_is_taken(tmp_path: Path, second: bytes, report: int) -> None:
    """The later of two members with one path counts, as in unzip and 7z. If the first one differs, that is reported."""
    source = reader(pack(tmp_path / "a.zip", (info("a.jpg"), b"one"), (info("a.jpg"), second)))
    assert content(source) == {"a.jpg": second}
    assert len(source.problems()) == report
    assert all("twice" in line for line in source.problems())
    assert source.whole() is not bool(report)


def test_zeros_without_end_are_listed_and_refused(tmp_path: Path) -> None:
    source = reader(
        pack(tmp_path / "a.zip", (info("a.jpg"), bytes(1 << 25)), (info("b.json"), bytes(1 << 20)))
    )
    actual = refused(source)
    assert list(actual) == ["a.jpg"]
    assert "claims to unpack to 33,554,432 bytes" in actual["a.jpg"]


@pytest.mark.parametrize(
    ("offset", "raw", "report"),
    [(8, b"\x01\x00", "encrypted"), (10, b"\x09\x00", "Deflate64"), (10, b"\0\0", "two sizes")],
)
def test_what_cannot_be_unpacked_is_listed_and_refused(
    tmp_path: Path, offset: int, raw: bytes, report: str
) -> None:
    path = pack(tmp_path / "a.zip", (info("a.jpg"), b"picture" * 5), (info("b.jpg"), b"good"))
    actual = refused(reader(patched(path, CENTRAL, offset, raw)))
    assert list(actual) == ["a.jpg"]
    assert report in actual["a.jpg"]


def test_an_entry_that_leads_into_another_member(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(info("b.jpg"), b"inner")
    stored = info("a.jpg", compress_type=zipfile.ZIP_STORED)
    path = pack(tmp_path / "a.zip", (stored, inner.getvalue()), (info("b.jpg"), b"outer"))
    complete = path.read_bytes()
    at = complete.rindex(CENTRAL) + 42
    path.write_bytes(complete[:at] + struct.pack("<L", complete.index(b"PK\x03\x04", 4)) + complete[at + 4 :])
    source = reader(path)
    assert content(source) == {"a.jpg": inner.getvalue(), "b.jpg": b"outer"}
    assert "lie inside one another" in source.problems()[0]
    assert not source.whole()


def test_more_members_than_an_export_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_MEMBERS", 2)
    source = reader(pack(tmp_path / "a.zip", *((info(f"{number}.jpg"), b"") for number in range(3))))
    assert list(content(source)) == ["0.jpg", "1.jpg"]
    assert "more than 2 members" in source.problems()[0]


def test_a_member_that_claims_to_hold_the_next(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", (info("a.jpg"), b"picture" * 5), (info("b.jpg"), b"good"))
    source = reader(patched(path, CENTRAL, 20, b"\xff\xff\xff\0"))
    assert content(source) == {"a.jpg": b"picture" * 5, "b.jpg": b"good"}
    assert not source.whole()


DAMAGES: dict[str, Callable[[Path], Path]] = {
    "encrypted": lambda path: patched(path, CENTRAL, 8, b"\x01\x00"),
    "unknown compression": lambda path: patched(path, CENTRAL, 10, b"\x63\x00"),
    "checksum": lambda path: patched(path, CENTRAL, 16, b"\0\0\0\0"),
    "smaller than it says": lambda path: patched(path, CENTRAL, 24, b"\xff\0\0\0"),
    "larger than it says": lambda path: patched(path, CENTRAL, 24, b"\x01\0\0\0"),
    "packed size too small": lambda path: patched(path, CENTRAL, 20, b"\x01\0\0\0"),
    "offset behind the end": lambda path: patched(path, CENTRAL, 42, b"\xff\xff\xff\x7f"),
    "local header": lambda path: patched(path, LOCAL, 0, b"XXXX"),
    "other name in the header": lambda path: patched(path, LOCAL, 30, b"b"),
    "data": lambda path: patched(path, LOCAL, 35, b"\xff\xff"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_damaged_member(tmp_path: Path, damage: str) -> None:
    path = pack(tmp_path / "a.zip", (info("a.jpg"), b"picture" * 5), (info("b.jpg"), b"good"))
    source = reader(DAMAGES[damage](path))
    listed = [file.path for listing in source.listings() for file in listing.files]
    if "a.jpg" in listed:
        try:
            with source.open("a.jpg") as stream:
                assert stream.read() == b"picture" * 5
            assert not source.whole()
        except OSError:
            pass
    else:
        assert not source.whole()
    if "b.jpg" in listed:
        with source.open("b.jpg") as stream:
            assert stream.read() == b"good"
    else:
        assert len(source.problems()) > 0


@pytest.mark.parametrize("raw", [None, b"", b"<html>" * 100])
def test_what_is_no_archive_is_named_and_empty(tmp_path: Path, raw: bytes | None) -> None:
    path = tmp_path / "part 2.zip"
    if raw is not None:
        path.write_bytes(raw)
    source = reader(path)
    assert list(source.listings()) == []
    (line,) = source.problems()
    assert "part 2.zip" in line
    assert line.isprintable()
    assert not source.whole()
    with pytest.raises(OSError):
        source.open("\u00e9.jpg")


def test_a_name_or_extra_field_that_is_damaged_costs_no_member(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "a.zip",
        (info("\u00e9.jpg"), b"one"),
        (info("b.jpg", extra=b"\x55\x54\x00\x00"), b"two"),
        (info("c.jpg"), b"three"),
    )
    raw = path.read_bytes().replace("\u00e9".encode(), b"\xff\xfe")
    path.write_bytes(raw.replace(b"\x55\x54\x00\x00", b"\x55\x54\xff\xff"))
    source = reader(path)
    assert content(source) == {"\udcff\udcfe.jpg": b"one", "b.jpg": b"two", "c.jpg": b"three"}
    assert source.problems() == ()


def test_something_before_the_archive_and_a_comment_behind(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", *((info(name), raw) for name, raw in FILES.items()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\x05\x06 is how it ends" * 20
    path.write_bytes(b"#!/bin/sh\n" * 9 + path.read_bytes())
    assert content(reader(path)) == FILES


def test_sizes_and_offsets_of_large_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = pack(tmp_path / "a.zip", *((info(name), raw) for name, raw in FILES.items()))
    assert b"PK\x06\x06" in path.read_bytes()
    assert content(reader(path)) == FILES


@pytest.mark.parametrize("number", [0, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_sizes_and_offsets_that_are_none(tmp_path: Path, number: int) -> None:
    extra = struct.pack("<HHQQQ", 1, 24, *([number] * 3))
    path = pack(tmp_path / "a.zip", (info("a.jpg", extra=extra), b"picture"), (info("b.jpg"), b"good"))
    complete = bytearray(path.read_bytes())
    at = complete.index(CENTRAL)
    for field in (20, 24, 42):
        complete[at + field : at + field + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(complete)
    source = reader(path)
    assert refused(source) or not source.whole()
    assert {file.path for listing in source.listings() for file in listing.files} == {"a.jpg", "b.jpg"}


@pytest.mark.parametrize(
    ("output", "system", "read"),
    [
        ("Takeout\\Trip\\a.jpg", 0, "Takeout/Trip/a.jpg"),
        ("Takeout\\Trip\\a.jpg", 3, "Takeout/Trip/a.jpg"),
        ("Takeout\\Trip\\été.jpg", 10, "Takeout/Trip/été.jpg"),
        ("Takeout/Tri\\p/é.jpg", 0, "Takeout/Tri/p/é.jpg"),
        ("Takeout/a\\b.jpg", 3, "Takeout/a\\b.jpg"),
        ("./Takeout/a.jpg", 3, "Takeout/a.jpg"),
        (".\\Takeout\\a.jpg", 0, "Takeout/a.jpg"),
        ("Takeout//Trip/./a.jpg", 3, "Takeout/Trip/a.jpg"),
        ("/Takeout/a.jpg", 3, "Takeout/a.jpg"),
        ("//etc/a.jpg", 3, "etc/a.jpg"),
        ("\\\\server\\share\\a.jpg", 0, "server/share/a.jpg"),
        ("C:\\Takeout\\a.jpg", 0, "Takeout/a.jpg"),
        (".hidden/..a.jpg", 3, ".hidden/..a.jpg"),
    ],
)
def test_paths_are_read_as_unzip_does(tmp_path: Path, output: str, system: int, read: str) -> None:
    member = info("x", create_system=system)
    member.filename = output
    source = reader(pack(tmp_path / "a.zip", (member, b"a")))
    assert content(source) == {read: b"a"} and not source.problems()


@pytest.mark.parametrize("name", ["..\\a.jpg", "Trip\\..\\..\\a.jpg", "/../a.jpg", "C:\\..\\a.jpg", "a/./.."])
def test_no_path_leads_out(tmp_path: Path, name: str) -> None:
    member = info("x", create_system=0)
    member.filename = name
    source = reader(pack(tmp_path / "a.zip", (member, b"a")))
    assert content(source) == {} and "out of the archive" in source.problems()[0]


def test_backslashes_of_tools_on_windows_are_folders(tmp_path: Path) -> None:
    member = info("x", create_system=0)
    member.filename = "Takeout\\Trip\\a.jpg"
    assert content(reader(pack(tmp_path / "a.zip", (member, b"a")))) == {"Takeout/Trip/a.jpg": b"a"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    return pack(path, (info("Trip/a.jpg"), b"picture" * 50), (info("\u00e9.json"), b"{}")).read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_damage_raises_anything_but_oserror(tmp_path: Path, sound: bytes, data: st.DataObject) -> None:
    raw = bytearray(sound)
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.zip"
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw)
    source = reader(path)
    for listing in source.listings():
        for file in listing.files:
            try:
                with source.open(file.path) as stream:
                    assert len(stream.read()) <= file.size
            except OSError:
                pass
