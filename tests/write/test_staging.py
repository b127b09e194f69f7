from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pef_tui.model import Match, MediaFile, Plan, State
from pef_tui.write import copying
from pef_tui.write.copies import Copy
from pef_tui.write.copying import SourceChanged
from pef_tui.write.dest import Dest, Outside, SyncFailed, components
from pef_tui.write.making import clear
from pef_tui.write.staging import clean_staging, extension_of, stage

BYTES = os.urandom(3_000_001)


@pytest.fixture
def dest(tmp_path: Path) -> Iterator[Dest]:
    place = Dest(str(tmp_path / "dest"))
    yield place
    place.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.jpg"
    path.write_bytes(BYTES)
    return path


def copied(dest: Dest, source: Path, name: str = "1.jpg") -> bytes:
    found = source.stat()
    with source.open("rb") as file:
        stage(dest, name, file, found.st_size, found.st_mtime_ns)
    return (Path(dest.staging) / name).read_bytes()


@pytest.mark.parametrize("way", range(len(copying.WAYS)))
def test_every_way_of_copying_gives_the_same_bytes(dest: Dest, source: Path, way: int) -> None:
    dest.ways.first[source.stat().st_dev] = way
    assert copied(dest, source) == BYTES
    assert (Path(dest.staging) / "1.jpg").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("size", [0, 1, 4096])
def test_small_files(dest: Dest, source: Path, size: int) -> None:
    source.write_bytes(BYTES[:size])
    assert copied(dest, source) == BYTES[:size]


def test_a_way_that_cannot_is_not_tried_again(
    dest: Dest, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def cannot(source: int, target: int, size: int) -> int:
        calls.append(size)
        os.write(target, b"rubbish before it gave up")
        raise OSError(errno.EXDEV, "no")

    monkeypatch.setattr(copying, "WAYS", (cannot, copying._read_write))
    assert copied(dest, source, "1.jpg") == copied(dest, source, "2.jpg") == BYTES
    assert len(calls) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_copy_that_fails_is_removed_and_told(
    dest: Dest, source: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fails(source: int, target: int, size: int) -> int:
        os.write(target, b"half")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(copying, "WAYS", (fails, copying._read_write))
    with pytest.raises(OSError) as caught:
        copied(dest, source)
    assert caught.value.errno == number and not os.listdir(dest.staging)


def test_a_source_without_a_descriptor(dest: Dest) -> None:
    stage(dest, "1.jpg", io.BytesIO(BYTES), len(BYTES), 5)
    assert (Path(dest.staging) / "1.jpg").read_bytes() == BYTES


@pytest.mark.parametrize("size", [len(BYTES) - 1, len(BYTES) + 1])
def test_a_member_of_another_length_is_refused(dest: Dest, size: int) -> None:
    with pytest.raises(SourceChanged):
        stage(dest, "1.jpg", io.BytesIO(BYTES), size, 5)
    assert not os.listdir(dest.staging)


def test_a_member_that_never_ends_does_not_fill_the_disk(dest: Dest) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return bytes(size)

    endless = Endless()
    with pytest.raises(SourceChanged):
        stage(dest, "1.jpg", endless, 100, 5)  # type: ignore[arg-type]
    assert endless.given == 101


def test_a_source_that_changed_since_the_scan_is_refused(dest: Dest, source: Path) -> None:
    found = source.stat()
    for size, mtime_ns in ((found.st_size + 1, found.st_mtime_ns), (found.st_size, found.st_mtime_ns + 1)):
        with source.open("rb") as file, pytest.raises(SourceChanged, match="changed while the run was on"):
            stage(dest, "1.jpg", file, size, mtime_ns)
    assert not os.listdir(dest.staging)


def test_a_source_that_changes_while_it_is_copied_is_refused(
    dest: Dest, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(fd: int, target: int, size: int) -> int:
        os.utime(source, ns=(1, 1))
        return copying._read_write(fd, target, size)

    monkeypatch.setattr(copying, "WAYS", (meanwhile,))
    with pytest.raises(SourceChanged):
        copied(dest, source)


@pytest.mark.parametrize("kind", ["file", "link", "dangling"])
def test_a_trap_under_the_name_of_a_copy_is_not_written_through(
    dest: Dest, source: Path, tmp_path: Path, kind: str
) -> None:
    victim = tmp_path / "victim"
    trap = Path(dest.staging) / "1.jpg"
    if kind == "file":
        trap.write_bytes(b"other")
    else:
        trap.symlink_to(victim)
    if kind == "link":
        victim.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        copied(dest, source)
    assert not victim.exists() or victim.read_bytes() == b"precious"


def test_a_staging_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_bytes(b"x")
    own = tmp_path / "dest" / ".pef-tui"
    own.mkdir(parents=True)
    (own / "staging").symlink_to(elsewhere)
    with pytest.raises(OSError):
        Dest(str(tmp_path / "dest"))
    with pytest.raises(OSError):
        clean_staging(str(tmp_path / "dest"))
    assert (elsewhere / "precious").exists()


def test_cleaning_removes_everything_inside_and_follows_nothing(dest: Dest, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"x")
    inside = Path(dest.staging)
    (inside / "1.jpg").write_bytes(b"x")
    (inside / "link").symlink_to(precious)
    (inside / "folder").mkdir()
    (inside / "folder" / "link").symlink_to(precious)
    assert clean_staging(dest.path) == 3
    assert not os.listdir(inside) and (precious / "file").exists()
    assert clean_staging(dest.path) == 0 == clean_staging(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("a.jpg", "jpeg", ".jpg"),
        ("a.JPEG", "jpeg", ".jpeg"),
        ("a.heic", "jpeg", ".jpg"),
        ("a", "mp4", ".mp4"),
        ("a.PNG", "", ".png"),
        ("-rf.x\ny", "", ".bin"),
        ("a. ", "", ".bin"),
        ("a.sh;rm", "", ".bin"),
        ("noext", "", ".bin"),
    ],
)
def test_a_copy_has_the_true_extension_and_nothing_else_of_the_name(
    name: str, format: str, expected: str
) -> None:
    match = Match(MediaFile(0, f"x/{name}", 1, 1), "x", state=State(format=format))
    assert extension_of(Plan(match, "written")) == expected


@pytest.mark.parametrize(
    "output", ["", "/a", "../a", "a/../../b", "a//b", "a/.", ".pef-tui/lock", "a\0b", "a/"]
)
def test_no_output_leads_out_of_dest(output: str) -> None:
    with pytest.raises(Outside):
        components(output)


def test_folders_are_not_entered_through_links(dest: Dest, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (Path(dest.path) / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), dest.folder(("link", "deep"), create=True):
        pass
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_very_deep_folder(dest: Dest) -> None:
    parts = ("d" * 100,) * 60
    with dest.folder(parts, create=True) as fd:
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    with dest.folder(parts, create=False) as fd:
        assert os.listdir(fd) == ["file"]
    _remove_deep(dest.fd, parts)


def _remove_deep(fd: int, parts: tuple[str, ...]) -> None:
    """Folders deeper than a path can say have to be moved up to be removed."""
    for _ in parts:
        below = os.open(parts[0], os.O_RDONLY, dir_fd=fd)
        for name in os.listdir(below):
            os.rename(name, "up", src_dir_fd=below, dst_dir_fd=fd)
        os.close(below)
        os.rmdir(parts[0], dir_fd=fd)
        os.rename("up", parts[0], src_dir_fd=fd, dst_dir_fd=fd)
        if os.path.isfile(f"/proc/self/fd/{fd}/{parts[0]}"):
            os.unlink(parts[0], dir_fd=fd)
            return


def test_a_disk_that_cannot_sync_stops_the_run(dest: Dest, monkeypatch: pytest.MonkeyPatch) -> None:
    from pef_tui.write.dest import sync

    def fails(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(SyncFailed, match="Input/output error"):
        sync(dest.fd)


def test_what_came_after_the_folder_was_opened_is_seen(dest: Dest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Btrfs, where a descriptor shows what was there when it was opened."""
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: [] if folder == dest.staging_fd else real(folder))
    (Path(dest.staging) / "1.jpg").touch()
    assert dest.staged() == ["1.jpg"]
    copy = Copy(Plan(Match(MediaFile(0, "a.jpg", 1, 0), ""), "written"))
    copy.name = "1.jpg"
    clear(dest, (copy,))
    assert not dest.staged()
