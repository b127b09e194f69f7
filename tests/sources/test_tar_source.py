"""Tar archives as sources: ordinary, damaged and hostile ones."""

from __future__ import annotations

import errno
import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest
from folder_files import files_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_contents import refused

from pef_tui.errors import DiskFull
from pef_tui.filesystem.temp_files import unnamed_file
from pef_tui.model import Source
from pef_tui.sources import archive_members as members
from pef_tui.sources import tar_source as tars
from pef_tui.sources import unpack_limits
from pef_tui.sources.directory import DirectoryReader
from pef_tui.sources.folders import folders
from pef_tui.sources.tar_source import TarReader
from pef_tui.sources.unpack_limits import UnpackLimits

FILES = {
    "Takeout/Google Fotos/Fotos von 2019/a.jpg": os.urandom(70_000),
    "Takeout/Google Fotos/Fotos von 2019/a.jpg.json": b"{}",
    "Takeout/Google Fotos/Ausflug \U0001f600/b.mp4": b"film" * 5_000,
    "Takeout/Google Fotos/Ausflug \U0001f600/" + "long " * 15 + ".jpg": b"",
    "Takeout/archive_browser.html": b"<html>",
}


def info(name: str, raw: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size, member.mtime = len(raw), 1_580_702_706
    for field, value in fields.items():
        setattr(member, field, value)
    return member, raw


def pack(
    path: Path, *files: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT, mode: str = "w:gz"
) -> Path:
    with tarfile.open(path, mode, format=form) as archive:  # type: ignore[call-overload]
        for member, raw in files:
            archive.addfile(member, io.BytesIO(raw))
    return path


def reader(path: Path, root: int = 0) -> TarReader:
    return TarReader(Source(root, str(path), "tar"), str(path.parent))


def content(source: TarReader) -> dict[str, bytes]:
    """Return every member that can be read, with its content."""
    entries = {}
    for listing in source.listings():
        for file in listing.files:
            try:
                with source.open(file.path) as stream:
                    entries[file.path] = stream.read()
            except OSError:
                continue
            assert len(entries[file.path]) == file.size
    return entries


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("ending", ["tgz", "tar"])
def test_an_archive_is_as_its_extracted_folder(tmp_path: Path, form: int, ending: str) -> None:
    files = [info(name, raw) for name, raw in reversed(FILES.items())]
    path = pack(tmp_path / f"part.{ending}", *files, form=form, mode="w:gz" if ending == "tgz" else "w")
    source = reader(path)
    assert content(source) == FILES
    assert source.problems() == ()
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path / "out", filter="data")

    def told(value: TarReader | DirectoryReader) -> list[object]:
        return [
            (folder.path, [(file.path, file.size, file.mtime_ns) for file in files_of(folder)])
            for folder in folders([value])
        ]

    assert told(source) == told(DirectoryReader(Source(0, str(tmp_path / "out"))))


def test_nothing_has_a_name_while_it_is_unpacked(tmp_path: Path) -> None:
    source = reader(pack(tmp_path / "a.tgz", *(info(name, raw) for name, raw in FILES.items())))
    assert content(source) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["a.tgz"]
    count_before = len(os.listdir("/proc/self/fd"))
    source.close()
    assert len(os.listdir("/proc/self/fd")) == count_before - 1


def test_only_small_json_needs_no_unnamed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tars, "MAX_INDEXED_BYTES", 5)
    path = pack(
        tmp_path / "a.tgz", info("a.json", b"12345"), info("b.json", b"678"), info("c.json", b"{....}")
    )
    spooled: list[str] = []

    def recorded(folder: str) -> int:
        spooled.append(folder)
        return unnamed_file(folder)

    monkeypatch.setattr(tars, "unnamed_file", recorded)
    assert content(reader(path)) == {"a.json": b"12345", "b.json": b"678", "c.json": b"{....}"}
    assert spooled == [str(tmp_path)]
    spooled.clear()
    assert content(reader(pack(tmp_path / "b.tgz", info("a.json", b"12345"))))
    assert spooled == []


def test_streams_stay_open_and_can_be_sought_in(tmp_path: Path) -> None:
    raw = bytes(range(256)) * 2_000
    source = reader(pack(tmp_path / "a.tgz", info("0.jpg", b"before"), info("a.jpg", raw)))
    with source.open("a.jpg") as stream:
        source.close()
        stream.seek(-1_000, io.SEEK_END)
        assert stream.read() == raw[-1_000:]
        assert stream.seek(5) == 5
        assert stream.read() == raw[5:]
        with pytest.raises(OSError):
            stream.fileno()
    with pytest.raises(OSError, match="closed"):
        source.open("a.jpg")


@pytest.mark.parametrize(
    ("member", "report"),
    [
        (info("../a.jpg", b"bad"), "path out of the archive"),
        (info("Trip/../../a.jpg", b"bad"), "path out of the archive"),
        (info("\n../\x1b[31m/../a.jpg", b"bad"), "path out of the archive"),
        (info("a.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "symbolic link"),
        (info("a.jpg", type=tarfile.CHRTYPE), "device"),
        (info("a.jpg", type=tarfile.BLKTYPE), "device"),
        (info("a.jpg", type=tarfile.FIFOTYPE), "named pipe"),
    ],
)
def test_members_that_are_no_plain_files_are_left_out(
    tmp_path: Path, member: tuple[tarfile.TarInfo, bytes], report: str
) -> None:
    path = pack(tmp_path / "a.tgz", info("good.jpg", b"good"), member, info("last.jpg", b"last"))
    source = reader(path)
    assert content(source) == {"good.jpg": b"good", "last.jpg": b"last"}
    (line,) = source.problems()
    assert report in line
    assert line.isprintable()


@pytest.mark.parametrize(
    ("output", "read"),
    [("/etc/a.jpg", "etc/a.jpg"), ("Trip//a.jpg", "Trip/a.jpg"), ("./Trip/./a.jpg", "Trip/a.jpg")],
)
def test_paths_are_read_as_tar_does(tmp_path: Path, output: str, read: str) -> None:
    source = reader(pack(tmp_path / "a.tgz", info(output, b"a")))
    assert content(source) == {read: b"a"} and not source.problems()


def test_names_and_times(tmp_path: Path) -> None:
    files = [
        info("./Trip/a.jpg", pax_headers={"mtime": "1234567890.123456789"}),
        info("b.jpg", mtime=-5),
        info("c.jpg", pax_headers={"mtime": "1e999"}),
        info("d\udcff.jpg", pax_headers={"mtime": "nonsense"}),
        info("Trip", type=tarfile.DIRTYPE),
    ]
    source = reader(pack(tmp_path / "a.tgz", *files))
    report = {file.path: file.mtime_ns for listing in source.listings() for file in listing.files}
    assert report == {
        "Trip/a.jpg": 1_234_567_890_123_456_789,
        "b.jpg": -5_000_000_000,
        "c.jpg": 1_580_702_706_000_000_000,
        "d\udcff.jpg": 1_580_702_706_000_000_000,
    }


def test_attributes_for_all_members_and_sizes_over_8_gib(tmp_path: Path) -> None:
    sample, raw = info("a.jpg", b"picture")
    sample.pax_headers = {"size": "7"}
    with tarfile.open(tmp_path / "a.tar", "w", pax_headers={"comment": "x", "mtime": "77.5"}) as archive:
        archive.addfile(sample, io.BytesIO(raw))
    complete = bytearray((tmp_path / "a.tar").read_bytes())
    at = complete.rindex(b"a.jpg\0")
    complete[at + 124 : at + 136] = b"00000000000\0"
    header = bytes(complete[at : at + 512])
    total = sum(header) - sum(header[148:156]) + 256
    complete[at + 148 : at + 156] = b"%06o\0 " % total
    (tmp_path / "a.tar").write_bytes(complete)
    source = reader(tmp_path / "a.tar")
    assert content(source) == {"a.jpg": raw}
    large = info("b.jpg", size=9 << 30)[0].tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "b.tar").write_bytes(large + b"x" * 5_000)
    assert list(refused(reader(tmp_path / "b.tar"))) == ["b.jpg"]


def test_streams_of_gzip_behind_one_another(tmp_path: Path) -> None:
    pack(tmp_path / "a.tar", *(info(name, raw) for name, raw in FILES.items()), mode="w")
    raw = (tmp_path / "a.tar").read_bytes()
    parts = [gzip.compress(raw[:1_000]), gzip.compress(raw[1_000:])]
    (tmp_path / "a.tgz").write_bytes(b"".join(parts) + b"\0" * 700)
    source = reader(tmp_path / "a.tgz")
    assert content(source) == FILES
    assert source.problems() == ()


@pytest.mark.parametrize("packed", [True, False])
def test_of_a_cut_archive_what_can_be_read_is_used(tmp_path: Path, packed: bool) -> None:
    files = [info(f"{number}.jpg", os.urandom(50_000)) for number in range(4)]
    path = pack(tmp_path / "part 2.tgz", *files, mode="w:gz" if packed else "w")
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) * 5 // 8])
    source = reader(path)
    assert content(source) == {member.name: raw for member, raw in files[:2]}
    assert refused(source) == {"2.jpg": "cut off: the archive ends in the middle of it"}
    (line,) = source.problems()
    assert "part 2.tgz" in line
    assert "incomplete, get this part again" in line


@pytest.mark.parametrize(
    "raw", [None, b"", b"<html>" * 200, b"\x1f\x8b\x08", gzip.compress(b"x" * 9_000, mtime=0)]
)
def test_what_is_no_archive_is_named_and_empty(tmp_path: Path, raw: bytes | None) -> None:
    path = tmp_path / "part 2.tgz"
    if raw is not None:
        path.write_bytes(raw)
    source = reader(path)
    assert list(source.listings()) == []
    (line,) = source.problems()
    assert "part 2.tgz" in line
    assert line.isprintable()
    with pytest.raises(OSError):
        source.open("a.jpg")


def test_a_wrong_checksum_at_the_end_is_reported(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tgz", info("a.jpg", b"picture"))
    raw = bytearray(path.read_bytes())
    raw[-6] ^= 1
    path.write_bytes(raw)
    source = reader(path)
    assert content(source) == {"a.jpg": b"picture"}
    assert "get this part again" in source.problems()[0]


def test_zeros_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack_limits, "MEMBER_FREE", 1 << 20)
    files = (info("a.jpg", bytes(1 << 27)), info("b.jpg", b"good"))
    source = reader(pack(tmp_path / "a.tgz", *files))
    assert "claims to unpack to 134,217,728 bytes" in refused(source)["a.jpg"]
    assert content(source) == {"b.jpg": b"good"}
    monkeypatch.setattr(unpack_limits, "MEMBER_FREE", 1 << 30)
    source = TarReader(source._source, str(tmp_path), UnpackLimits(free=1 << 20))
    assert content(source) == {}
    assert "far more than any export" in source.problems()[0]


def test_more_members_than_an_export_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_MEMBERS", 2)
    source = reader(pack(tmp_path / "a.tgz", *(info(f"{number}.jpg") for number in range(3))))
    assert list(content(source)) == ["0.jpg", "1.jpg"]
    assert "more than 2 members" in source.problems()[0]


def test_a_full_disk_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tars, "write_at", full)
    source = reader(pack(tmp_path / "a.tgz", info("a.jpg", b"picture")))
    with pytest.raises(DiskFull, match="make room"):
        list(source.listings())


def test_a_pass_ends_when_nothing_more_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = reader(pack(tmp_path / "a.tgz", info("a.jpg", b"a"), info("b.jpg", b"b")))
    spool = source._spool

    def once(*arguments: object) -> str:
        source._closed = True
        return spool(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(source, "_spool", once)
    assert content(source) == {}
    assert source.problems() == ()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("tar") / "a.tar"
    name = "\u00e9" * 120 + ".json"
    return pack(path, info("Trip/a.jpg", b"picture" * 50), info(name, b"{}"), mode="w").read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_damage_raises_anything_but_oserror(tmp_path: Path, sound: bytes, data: st.DataObject) -> None:
    packed = data.draw(st.booleans())
    raw = bytearray(gzip.compress(sound) if packed and data.draw(st.booleans()) else sound)
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw
    path = tmp_path / "a.tgz"
    path.write_bytes(gzip.compress(cut) if packed and raw[:2] != b"\x1f\x8b" else cut)
    source = reader(path)
    for listing in source.listings():
        for file in listing.files:
            try:
                with source.open(file.path) as stream:
                    assert len(stream.read()) <= file.size
            except OSError:
                pass
