"""Another process reads archive members by their location: the same bytes, and only from the same archive."""

from __future__ import annotations

import errno
import gzip
import io
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from pef_tui.execution.batch_archives import BatchArchives, SharedArchive, locate_members, source_files
from pef_tui.hooks import SourceReader
from pef_tui.model import FileId, Match, MediaFile, Plan, Source, XmpFile
from pef_tui.sources.member_location import LocatesMembers, MemberLocation
from pef_tui.sources.tar_source import TarReader
from pef_tui.sources.zip_source import ZipReader

ROOT = 3
CONTENTS = {
    "Takeout/Google Photos/a.jpg": Random(1).randbytes(50_000) + bytes(90_000),
    "Takeout/Google Photos/empty.jpg": b"",
    "Takeout/Google Photos/Bär.jpg": b"x" * 300_000,
}
METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": 14,
}


def write_zip(path: Path, method: int) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in CONTENTS.items():
            archive.writestr(name, data)


def write_tar(path: Path, mode: str) -> None:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in CONTENTS.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


KINDS: dict[str, Callable[[Path], None]] = {
    **{f"{name}.zip": partial(write_zip, method=method) for name, method in METHODS.items()},
    "plain.tar": partial(write_tar, mode="w"),
    "packed.tgz": partial(write_tar, mode="w:gz"),
    "shared.tgz": partial(write_tar, mode="w:gz"),
}
"""Archives with the same members. The unpacked data of `shared.tgz` has a name, as for other machines."""


class Listed(NamedTuple):
    """An archive with its reader, and the locations of its members that a worker gets."""

    path: Path
    reader: SourceReader
    files: list[MediaFile]
    locations: dict[FileId, MemberLocation]


@pytest.fixture(params=KINDS)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listed]:
    name: str = request.param
    path = tmp_path / name
    KINDS[name](path)
    (tmp_path / "staging").mkdir()
    source = Source(ROOT, str(path), "archive")
    reader = ZipReader(source) if name.endswith("zip") else TarReader(source, str(tmp_path / "staging"))
    if name.startswith("shared"):
        reader.share_members()
    files = [file for listing in reader.listings() for file in listing.files]
    assert isinstance(reader, LocatesMembers)
    locations = locate_members(map(plan, files), {ROOT: SharedArchive(str(path), reader)})
    assert locations is not None
    yield Listed(path, reader, files, pickle.loads(pickle.dumps(locations)))
    reader.close()
    assert not os.listdir(tmp_path / "staging")


def plan(media: MediaFile) -> Plan:
    return Plan(Match(media, ""), "copied")


def test_a_member_has_the_same_bytes_as_for_the_run(archive: Listed) -> None:
    opened = BatchArchives(archive.locations)
    assert not opened.refused and len(archive.files) == len(CONTENTS)
    for file in archive.files:
        member = opened.open(file)
        assert member is not None
        with member as stream, archive.reader.open(file.path) as reference:
            assert stream.read() == reference.read() == CONTENTS[file.path]
            assert stream.seek(10) == reference.seek(10) and stream.read(5) == reference.read(5)


def test_a_compressed_tar_has_a_name_in_the_staging_folder_only_for_other_machines(archive: Listed) -> None:
    data = {Path(location.archive.path) for location in archive.locations.values()}
    staging = archive.path.parent / "staging"
    if archive.path.name == "packed.tgz":
        assert [path.parts[:2] for path in data] == [("/", "proc")] and not os.listdir(staging)
    elif archive.path.name == "shared.tgz":
        assert data == set(staging.iterdir())
    else:
        assert data == {archive.path} and not os.listdir(staging)


CHANGES = {
    "longer": ("bytes instead of", KINDS),
    "newer": ("another modification time", [kind for kind in KINDS if not kind.endswith(".tgz")]),
    "replaced": ("another change time", ["plain.tar"]),
    "missing": ("No such file", [kind for kind in KINDS if kind != "packed.tgz"]),
}
"""Changes, each with the reason of the refusal and the archives that it applies to.

Unpacked data has no name, or a random name that identifies it. The change time is compared only for archives without
checksums.
"""


@pytest.mark.parametrize(
    ("archive", "change", "reason"),
    [(kind, change, reason) for change, (reason, kinds) in CHANGES.items() for kind in kinds],
    indirect=["archive"],
)
def test_a_changed_archive_is_refused_with_the_reason(archive: Listed, change: str, reason: str) -> None:
    [path] = {Path(location.archive.path) for location in archive.locations.values()}
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    if change == "longer":
        with path.open("ab") as file:
            file.write(b"more")
    elif change == "newer":
        os.utime(path, ns=(times[0], times[1] + 10**9))
    elif change == "replaced":
        path.with_suffix(".new").write_bytes(path.read_bytes())
        path.with_suffix(".new").replace(path)
        os.utime(path, ns=times)
    else:
        path.unlink()
    opened = BatchArchives(archive.locations)
    assert reason in opened.refused[ROOT]
    assert not opened.has_usable_sources(plan(archive.files[0]))
    assert opened.has_usable_sources(plan(MediaFile(ROOT + 1, "b.jpg", 1, 1)))


def test_decompressed_data_is_on_the_server_before_another_machine_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tar(tmp_path / "part.tgz", "w:gz")
    reader = TarReader(Source(ROOT, str(tmp_path / "part.tgz")), str(tmp_path))
    reader.share_members()
    paths = [file.path for listing in reader.listings() for file in listing.files]
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    locations = [reader.location(path) for path in paths]
    assert synced == [os.stat(location.archive.path).st_ino for location in locations[:1] if location]
    reader.close()


def test_decompressed_data_that_cannot_be_synced_stays_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second sync would report success, although the kernel dropped the data."""
    write_tar(tmp_path / "part.tgz", "w:gz")
    reader = TarReader(Source(ROOT, str(tmp_path / "part.tgz")), str(tmp_path))
    reader.share_members()
    paths = [file.path for listing in reader.listings() for file in listing.files]

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fail)
        with pytest.raises(OSError, match="Input/output error"):
            reader.location(paths[0])
    assert reader.location(paths[0]) is None
    reader.close()


def test_another_file_under_the_number_of_a_descriptor_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "part.tgz"
    write_tar(path, "w:gz")
    reader = TarReader(Source(ROOT, str(path)), str(tmp_path))
    files = [file for listing in reader.listings() for file in listing.files]
    locations = locate_members([plan(files[0])], {ROOT: SharedArchive("", reader)})
    assert locations is not None
    [location] = locations.values()
    descriptor = int(location.archive.path.rpartition("/")[2])
    (tmp_path / "same size").write_bytes(bytes(location.archive.size))
    saved = os.dup(descriptor)
    with (tmp_path / "same size").open("rb") as other:
        os.dup2(other.fileno(), descriptor)
        refused = BatchArchives(locations).refused
        os.dup2(saved, descriptor)
    os.close(saved)
    assert refused == {ROOT: "another file has its name"}
    assert not BatchArchives(locations).refused
    reader.close()


@pytest.mark.parametrize("method", ["stored", "deflated"])
def test_a_wrong_checksum_is_the_same_error_as_for_the_run(tmp_path: Path, method: str) -> None:
    path = tmp_path / "part.zip"
    write_zip(path, METHODS[method])
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("Takeout/Google Photos/a.jpg")
        at = info.header_offset + 30 + len(info.filename) + info.compress_size // 3
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    reader = ZipReader(Source(ROOT, str(path)))
    file = next(file for listing in reader.listings() for file in listing.files if file.name == "a.jpg")
    locations = locate_members([plan(file)], {ROOT: SharedArchive("", reader)})
    assert locations is not None
    opened = BatchArchives(locations)
    errors = []
    for member in (opened.open(file), reader.open(file.path)):
        assert member is not None
        with member, pytest.raises(OSError, match="damaged in the archive") as raised:
            while member.read(1 << 16):
                pass
        errors.append(str(raised.value))
    assert errors[0] == errors[1]


def test_members_of_a_closed_archive_are_read_by_the_run(tmp_path: Path) -> None:
    path = tmp_path / "part.zip"
    write_zip(path, METHODS["stored"])
    reader = ZipReader(Source(ROOT, str(path)))
    files = [file for listing in reader.listings() for file in listing.files]
    reader.close()
    with pytest.raises(OSError, match="closed"):
        locate_members(map(plan, files), {ROOT: SharedArchive("", reader)})


def test_the_xmp_file_beside_a_picture_is_located_too() -> None:
    media, xmp = MediaFile(0, "a.jpg", 1, 1), MediaFile(1, "a.jpg.xmp", 1, 1)
    match = Match(media, "", xmp=XmpFile(xmp))
    assert source_files(Plan(match, "copied")) == (media, xmp)


def test_an_archive_without_members_has_no_location(tmp_path: Path) -> None:
    path = tmp_path / "part.tgz"
    path.write_bytes(gzip.compress(b"no archive"))
    reader = TarReader(Source(ROOT, str(path)), str(tmp_path))
    assert not list(reader.listings()) and reader.problems()
    assert reader.location("a.jpg") is None
    reader.close()
