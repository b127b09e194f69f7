"""Test the mounted slow disk: what programs see on it, and its faults."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import fuse_mount
import pytest
from fuse_mount import MountFailed, require_fuse, serving
from slow_line import Fault
from slow_mount import SlowMount, mounted


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[SlowMount]:
    require_fuse()
    with mounted(tmp_path, delay_ms=0.1, cache_seconds=0, log=tmp_path / "calls") as mount:
        yield mount


def test_it_keeps_what_programs_write(slow: SlowMount) -> None:
    folder = slow.path / "a" / "b"
    folder.mkdir(parents=True)
    content = os.urandom(300_000)
    file = folder / "new"
    file.write_bytes(content)
    os.utime(file, ns=(1_000_000_007, 2_000_000_009))
    file.chmod(0o640)
    file = file.rename(folder / "❤️ renamed")
    os.link(file, folder / "linked")
    (folder / "pointer").symlink_to("linked")
    os.truncate(folder / "linked", 200_000)
    os.utime(file, ns=(3_000_000_007, 2_000_000_009))
    fd = os.open(folder, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    assert sorted(os.listdir(folder)) == ["linked", "pointer", "❤️ renamed"]
    below = slow.folder / "a" / "b" / "❤️ renamed"
    for path in (file, below, folder / "pointer"):
        status = path.stat()
        assert path.read_bytes() == content[:200_000]
        assert (status.st_mode & 0o777, status.st_nlink, status.st_mtime_ns) == (0o640, 2, 2_000_000_009)
    assert file.stat().st_ino == below.stat().st_ino
    assert os.statvfs(slow.path).f_bavail > 0
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert not (slow.folder / "a" / "b").exists()


def test_it_counts_calls_and_bytes(slow: SlowMount, tmp_path: Path) -> None:
    (slow.path / "a").write_bytes(bytes(5000))
    calls = slow.calls()
    assert (calls["create"], calls["write"]) == (1, 1)
    assert slow.bytes() == {"write": 5000}
    slow.reset()
    (slow.path / "a").read_bytes()
    calls = slow.calls()
    assert (calls["open"], calls["create"]) == (1, 0)
    assert calls["read"] >= 1
    kinds = [line.split()[1] for line in (tmp_path / "calls").read_text().splitlines()]
    assert kinds.count("create") == kinds.count("open") == 1


@pytest.mark.parametrize("name", ["EIO", "ESTALE", "ETIMEDOUT", "ENOSPC"])
def test_errors_reach_the_program_until_they_are_cleared(slow: SlowMount, name: str) -> None:
    file = slow.path / "a"
    file.write_bytes(b"1")
    slow.set_fault(Fault(name, kinds=["read"]))
    with pytest.raises(OSError) as raised:
        file.read_bytes()
    assert raised.value.errno == getattr(errno, name)
    slow.clear_faults()
    assert file.read_bytes() == b"1"


def test_an_error_of_one_call(slow: SlowMount) -> None:
    file = slow.path / "a"
    file.write_bytes(b"1")
    slow.set_fault(Fault("EIO", kinds=["unlink"], calls=1))
    with pytest.raises(OSError):
        file.unlink()
    assert slow.faults_met() == 1
    file.unlink()


def test_an_answer_can_be_lost(slow: SlowMount) -> None:
    file, new = slow.path / "a", slow.path / "b"
    file.write_bytes(b"1")
    slow.set_fault(Fault("ETIMEDOUT", kinds=["rename", "open"], carried_out=True))
    with pytest.raises(TimeoutError):
        file.rename(new)
    with pytest.raises(TimeoutError):
        new.read_bytes()
    slow.clear_faults()
    assert new.read_bytes() == b"1" and not file.exists()


def test_it_hangs_until_the_fault_is_cleared(slow: SlowMount) -> None:
    file = slow.path / "a"
    file.write_bytes(b"1")
    slow.set_fault(Fault())
    contents: list[bytes] = []
    reader = threading.Thread(target=lambda: contents.append(file.read_bytes()))
    reader.start()
    slow.await_fault()
    assert not contents and reader.is_alive()
    slow.clear_faults()
    reader.join()
    assert contents == [b"1"]


def test_it_hangs_for_seconds(slow: SlowMount) -> None:
    slow.set_fault(Fault(seconds=0.2))
    (slow.path / "a").write_bytes(b"1")
    assert slow.faults_met() >= 1


def test_detached_and_crashed(slow: SlowMount) -> None:
    (slow.path / "a").write_bytes(b"1")
    with (slow.path / "a").open("rb") as file:
        slow.detach()
        assert os.listdir(slow.path) == []
        assert file.read() == b"1"
    with pytest.raises(RuntimeError, match="ended"):
        slow.crash()
        slow.calls()


def test_a_crash_is_seen_on_the_mount(slow: SlowMount) -> None:
    slow.crash()
    with pytest.raises(OSError) as raised:
        os.listdir(slow.path)
    assert raised.value.errno == errno.ENOTCONN


def test_nothing_stays_mounted_after_a_failure(tmp_path: Path) -> None:
    require_fuse()
    with pytest.raises(KeyError), mounted(tmp_path) as mount:
        mount.set_fault(Fault())
        threading.Thread(target=lambda: os.path.lexists(mount.path / "a")).start()
        mount.await_fault()
        raise KeyError
    assert not os.path.ismount(mount.path)


def test_a_server_that_cannot_mount_is_reported(tmp_path: Path) -> None:
    require_fuse()
    (tmp_path / "mount").mkdir()
    with (
        pytest.raises(MountFailed, match=r"No FUSE file system can be mounted on this machine: .*a_program"),
        serving(tmp_path / "a_program.py", tmp_path / "mount", []),
    ):
        pass


def test_missing_fuse_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuse_mount, "FUSE", None)
    monkeypatch.setattr(fuse_mount, "_fusermount", lambda: None)
    message = r"FUSE is needed, but this machine lacks fusermount3 \(Debian: fuse3\), mfusepy"
    with pytest.raises(MountFailed, match=message), mounted(tmp_path):
        pass
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=message):
        require_fuse()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=message):
        require_fuse()
