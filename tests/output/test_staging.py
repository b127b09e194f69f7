from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pef_tui.filesystem import copying
from pef_tui.filesystem.copying import SourceChanged
from pef_tui.model import FileMetadata, Match, MediaFile, Plan
from pef_tui.output.output_dir import OutputDir, OutsideOutput, SyncFailed, components
from pef_tui.output.produce import clear_staged
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.output.staging import clean_staging, extension_of, stage

BYTES = os.urandom(3_000_001)


@pytest.fixture
def dest(tmp_path: Path) -> Iterator[OutputDir]:
    place = OutputDir(str(tmp_path / "dest"))
    yield place
    place.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.jpg"
    path.write_bytes(BYTES)
    return path


def copied(dest: OutputDir, source: Path, name: str = "1.jpg") -> bytes:
    status = source.stat()
    with source.open("rb") as file:
        stage(dest, name, file, status.st_size, status.st_mtime_ns)
    return (Path(dest.staging) / name).read_bytes()


@pytest.mark.parametrize("way", range(len(copying.METHODS)))
def test_every_way_of_copying_gives_the_same_bytes(dest: OutputDir, source: Path, way: int) -> None:
    dest.copy_methods.first_method[source.stat().st_dev] = way
    assert copied(dest, source) == BYTES
    assert (Path(dest.staging) / "1.jpg").stat().st_mode & 0o777 == dest.mode


@pytest.mark.parametrize(
    ("kind", "is_read_and_written"),
    [("fuse.sshfs", True), ("fuseblk", True), ("ext4", False), ("nfs4", False)],
)
def test_on_fuse_a_copy_is_read_and_written_in_large_pieces(
    dest: OutputDir, source: Path, monkeypatch: pytest.MonkeyPatch, kind: str, is_read_and_written: bool
) -> None:
    monkeypatch.setattr(copying, "mount_type", lambda device: kind)
    assert copied(dest, source) == BYTES
    is_last = dest.copy_methods.first_method[source.stat().st_dev] == len(copying.METHODS) - 1
    assert is_last is is_read_and_written


@pytest.mark.parametrize("size", [0, 1, 4096])
def test_small_files(dest: OutputDir, source: Path, size: int) -> None:
    source.write_bytes(BYTES[:size])
    assert copied(dest, source) == BYTES[:size]


def test_a_way_that_cannot_is_not_tried_again(
    dest: OutputDir, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def cannot(source: int, target: int, size: int) -> int:
        calls.append(size)
        os.write(target, b"rubbish before it gave up")
        raise OSError(errno.EXDEV, "no")

    monkeypatch.setattr(copying, "METHODS", (cannot, copying._read_write))
    assert copied(dest, source, "1.jpg") == copied(dest, source, "2.jpg") == BYTES
    assert len(calls) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_copy_that_fails_is_removed_and_reported(
    dest: OutputDir, source: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fails(source: int, target: int, size: int) -> int:
        os.write(target, b"half")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(copying, "METHODS", (fails, copying._read_write))
    with pytest.raises(OSError) as caught:
        copied(dest, source)
    assert caught.value.errno == number and not os.listdir(dest.staging)


def test_a_source_without_a_descriptor(dest: OutputDir) -> None:
    stage(dest, "1.jpg", io.BytesIO(BYTES), len(BYTES), 5)
    assert (Path(dest.staging) / "1.jpg").read_bytes() == BYTES


@pytest.mark.parametrize("size", [len(BYTES) - 1, len(BYTES) + 1])
def test_a_member_of_another_length_is_refused(dest: OutputDir, size: int) -> None:
    with pytest.raises(SourceChanged):
        stage(dest, "1.jpg", io.BytesIO(BYTES), size, 5)
    assert not os.listdir(dest.staging)


def test_a_member_that_never_ends_does_not_fill_the_disk(dest: OutputDir) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return bytes(size)

    endless = Endless()
    with pytest.raises(SourceChanged):
        stage(dest, "1.jpg", endless, 100, 5)  # type: ignore[arg-type]
    assert endless.given == 101


def test_a_source_that_changed_since_the_scan_is_refused(dest: OutputDir, source: Path) -> None:
    status = source.stat()
    for size, mtime_ns in (
        (status.st_size + 1, status.st_mtime_ns),
        (status.st_size, status.st_mtime_ns + 1),
    ):
        with source.open("rb") as file, pytest.raises(SourceChanged, match="changed while the run was on"):
            stage(dest, "1.jpg", file, size, mtime_ns)
    assert not os.listdir(dest.staging)


def test_a_source_that_changes_while_it_is_copied_is_refused(
    dest: OutputDir, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(fd: int, target: int, size: int) -> int:
        os.utime(source, ns=(1, 1))
        return copying._read_write(fd, target, size)

    monkeypatch.setattr(copying, "METHODS", (meanwhile,))
    with pytest.raises(SourceChanged):
        copied(dest, source)


@pytest.mark.parametrize("kind", ["file", "link", "dangling"])
def test_a_trap_under_the_name_of_a_copy_is_not_written_through(
    dest: OutputDir, source: Path, tmp_path: Path, kind: str
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
    own_value = tmp_path / "dest" / ".pef-tui"
    own_value.mkdir(parents=True)
    (own_value / "staging").symlink_to(elsewhere)
    with pytest.raises(OSError):
        OutputDir(str(tmp_path / "dest"))
    with pytest.raises(OSError):
        clean_staging(str(tmp_path / "dest"))
    assert (elsewhere / "precious").exists()


def test_cleaning_removes_everything_inside_and_follows_nothing(dest: OutputDir, tmp_path: Path) -> None:
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
    match = Match(MediaFile(0, f"x/{name}", 1, 1), "x", metadata=FileMetadata(format=format))
    assert extension_of(Plan(match, "written")) == expected


@pytest.mark.parametrize(
    "output", ["", "/a", "../a", "a/../../b", "a//b", "a/.", ".pef-tui/lock", "a\0b", "a/"]
)
def test_no_output_leads_out_of_dest(output: str) -> None:
    with pytest.raises(OutsideOutput):
        components(output)


def test_folders_are_not_entered_through_links(dest: OutputDir, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (Path(dest.path) / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), dest.folder(("link", "deep"), create=True):
        pass
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_very_deep_folder(dest: OutputDir) -> None:
    parts = ("d" * 100,) * 60
    with dest.folder(parts, create=True) as fd:
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    with dest.folder(parts, create=False) as fd:
        assert os.listdir(fd) == ["file"]
    _remove_deep(dest.fd, parts)


def _remove_deep(fd: int, parts: tuple[str, ...]) -> None:
    """Remove nested folders. Those deeper than a path can name must be moved up first."""
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


def test_a_disk_that_cannot_sync_stops_the_run(dest: OutputDir, monkeypatch: pytest.MonkeyPatch) -> None:
    from pef_tui.output.output_dir import sync

    def fails(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(SyncFailed, match="Input/output error"):
        sync(dest.fd)


def test_what_came_after_the_folder_was_opened_is_seen(
    dest: OutputDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Btrfs: a descriptor shows only the entries from the time when it was opened."""
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: [] if folder == dest.staging_fd else real(folder))
    (Path(dest.staging) / "1.jpg").touch()
    assert dest.staged_names() == ["1.jpg"]
    copy = StagedOutput(Plan(Match(MediaFile(0, "a.jpg", 1, 0), ""), "written"))
    copy.name = "1.jpg"
    clear_staged(dest, (copy,))
    assert not dest.staged_names()
