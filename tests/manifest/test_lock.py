from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pef_tui.errors import DestLocked
from pef_tui.manifest import DestInUse, DestLock

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
from pef_tui.manifest import DestLock
with DestLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(dest: Path) -> subprocess.Popen[bytes]:
    child = subprocess.Popen([sys.executable, "-c", HOLDER, str(dest)], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None and child.stdout.readline() == b"held\n"
    return child


def test_a_second_run_is_reported_who_holds_dest(tmp_path: Path) -> None:
    child = holder(tmp_path / "dest")
    try:
        with pytest.raises(DestInUse) as caught, DestLock(str(tmp_path / "dest")):
            pass
        assert isinstance(caught.value, DestLocked)
        assert f"process {child.pid} on " in caught.value.holder and "since 20" in caught.value.holder
    finally:
        child.kill()
        child.wait()


def test_waiting_ends_when_the_holder_ends(tmp_path: Path) -> None:
    child = holder(tmp_path)
    texts: list[str] = []

    def on_wait(error: DestInUse) -> None:
        texts.append(error.holder)
        threading.Timer(0.3, child.kill).start()

    with DestLock(str(tmp_path), 100, on_wait=on_wait):
        assert child.wait() == -signal.SIGKILL
    [text] = texts
    assert f"process {child.pid} on " in text


@pytest.mark.parametrize("is_stopped", [False, True])
def test_waiting_ends_after_its_time_or_when_it_is_stopped(tmp_path: Path, is_stopped: bool) -> None:
    child = holder(tmp_path)
    stop = threading.Event()
    if is_stopped:
        threading.Timer(0.3, stop.set).start()
    begin = time.monotonic()
    try:
        with pytest.raises(DestInUse), DestLock(str(tmp_path), 100 if is_stopped else 0.3, stop=stop):
            pass
        assert 0.3 <= time.monotonic() - begin < 50
    finally:
        child.kill()
        child.wait()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    child = holder(tmp_path)
    child.send_signal(signal.SIGKILL)
    child.wait()
    with DestLock(str(tmp_path)):
        assert str(os.getpid()) in (tmp_path / ".pef-tui" / "lock").read_text()


def test_the_file_stays_and_the_lock_goes(tmp_path: Path) -> None:
    file = tmp_path / ".pef-tui" / "lock"
    with DestLock(str(tmp_path)):
        state_before = file.stat().st_ino
        assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_ino == state_before
    with DestLock(str(tmp_path)):
        assert file.stat().st_ino == state_before


def test_a_child_process_does_not_keep_it(tmp_path: Path) -> None:
    with DestLock(str(tmp_path)):
        child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        with DestLock(str(tmp_path)):
            pass
    finally:
        child.kill()
        child.wait()


def test_what_the_file_says_is_only_believed_when_it_looks_like_ours(tmp_path: Path) -> None:
    child = holder(tmp_path)
    try:
        (tmp_path / ".pef-tui" / "lock").write_text("\x1b]52;c;evil\x07 x y")
        with pytest.raises(DestInUse, match="an unknown process"), DestLock(str(tmp_path)):
            pass
    finally:
        child.kill()
        child.wait()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".pef-tui").mkdir()
    (tmp_path / ".pef-tui" / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError), DestLock(str(tmp_path)):
        pass
    assert not (tmp_path / "victim").exists()
