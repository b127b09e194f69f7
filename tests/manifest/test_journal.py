from __future__ import annotations

import errno
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pef_tui.filesystem.directories import list_names
from pef_tui.manifest.folder import open_state_dir
from pef_tui.manifest.journal import HEADER, Journal, frame, scan
from pef_tui.manifest.records import InvalidRecord, NewerFormat

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    fd = open_state_dir(str(tmp_path), create=True)
    assert fd is not None
    yield fd
    os.close(fd)


def manifest(tmp_path: Path) -> Path:
    return tmp_path / ".pef-tui" / "manifest"


def payloads(data: bytes) -> list[bytes]:
    results: list[bytes] = []
    scan(io.BytesIO(data), len(data), lambda at, payload: results.append(payload))
    return results


def open_journal(folder: int) -> tuple[Journal, list[bytes]]:
    results: list[bytes] = []
    journal = Journal.open(folder, lambda at, payload: results.append(payload), read_only=False)
    assert journal is not None
    return journal, results


def test_what_was_appended_is_read_back(folder: int) -> None:
    journal = Journal.create(folder)
    offsets = [journal.append(bytes([n]) * n) for n in range(20)]
    assert [journal.read(at) for at in offsets] == [bytes([n]) * n for n in range(20)]
    journal.close()
    second_run, actual = open_journal(folder)
    assert actual == [bytes([n]) * n for n in range(20)] and not second_run.last_scan.bad
    second_run.close()


def test_a_tail_torn_at_any_byte_is_kept_aside_and_cut(folder: int, tmp_path: Path) -> None:
    good = HEADER + frame(1, b"first") + frame(2, b"second")
    last = frame(3, b"third")
    for cut in range(1, len(last)):
        manifest(tmp_path).write_bytes(good + last[:cut])
        journal, actual = open_journal(folder)
        assert actual == [b"first", b"second"] and journal.last_scan.is_torn and not journal.last_scan.holes
        assert (manifest(tmp_path).parent / journal.damaged_copy).read_bytes() == last[:cut]
        journal.append(b"fourth")
        journal.close()
        assert payloads(manifest(tmp_path).read_bytes()) == [b"first", b"second", b"fourth"]


def test_zeros_at_the_end_are_a_torn_tail(folder: int, tmp_path: Path) -> None:
    manifest(tmp_path).write_bytes(HEADER + frame(1, b"first") + bytes(5000))
    journal, actual = open_journal(folder)
    journal.close()
    assert actual == [b"first"]
    assert manifest(tmp_path).read_bytes() == HEADER + frame(1, b"first")


def test_a_flipped_bit_loses_only_its_frame() -> None:
    frames = [frame(n, b"payload %d" % n) for n in range(1, 5)]
    data = HEADER + b"".join(frames)
    start = len(HEADER) + len(frames[0])
    for bit in range(8 * len(frames[1])):
        damaged = bytearray(data)
        damaged[start + bit // 8] ^= 1 << bit % 8
        assert payloads(bytes(damaged)) == [b"payload 1", b"payload 3", b"payload 4"]


def test_a_damaged_header_loses_no_frame() -> None:
    data = HEADER + frame(1, b"one") + frame(2, b"two")
    for at in range(len(HEADER)):
        damaged = data[:at] + b"\xff" + data[at + 1 :]
        assert payloads(damaged) == [b"one", b"two"]


def test_an_old_frame_replayed_is_not_taken() -> None:
    first, second = frame(1, b"one"), frame(2, b"two")
    assert payloads(HEADER + first + second + first) == [b"one", b"two"]
    assert payloads(HEADER + first + second + first + frame(3, b"three")) == [b"one", b"two", b"three"]


def test_a_frame_cannot_pass_under_another_number() -> None:
    moved = bytearray(frame(1, b"one"))
    moved[12:20] = (7).to_bytes(8, "little")
    assert payloads(HEADER + bytes(moved)) == []


def test_a_frame_with_impossible_content_is_a_hole(folder: int, tmp_path: Path) -> None:
    manifest(tmp_path).write_bytes(HEADER + frame(1, b"bad") + frame(2, b"good"))
    results = []

    def accept(at: int, payload: bytes) -> None:
        if payload == b"bad":
            raise InvalidRecord("no such thing")
        results.append(payload)

    journal = Journal.open(folder, accept, read_only=True)
    assert journal is not None and results == [b"good"]
    assert [bad.reason for bad in journal.last_scan.holes] == ["impossible (no such thing)"]
    journal.close()


def test_a_newer_format_is_refused_and_left(folder: int, tmp_path: Path) -> None:
    manifest(tmp_path).write_bytes(b"pef-tui manifest 2\nanything")
    with pytest.raises(NewerFormat, match="format 2"):
        Journal.open(folder, lambda at, payload: None, read_only=False)
    assert manifest(tmp_path).read_bytes() == b"pef-tui manifest 2\nanything"


def test_read_only_changes_nothing(folder: int, tmp_path: Path) -> None:
    data = HEADER + frame(1, b"one") + b"torn"
    manifest(tmp_path).write_bytes(data)
    journal = Journal.open(folder, lambda at, payload: None, read_only=True)
    assert journal is not None
    journal.close()
    assert manifest(tmp_path).read_bytes() == data
    assert list_names(folder) == ["manifest"]


def test_a_short_write_is_cut_off_and_raised(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.create(folder)
    journal.append(b"one")
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: real(fd, data[:9]))
        with pytest.raises(OSError) as caught:
            journal.append(b"two")
    assert caught.value.errno == errno.ENOSPC
    assert manifest(tmp_path).read_bytes() == HEADER + frame(1, b"one")
    journal.append(b"three")
    journal.close()
    assert payloads(manifest(tmp_path).read_bytes()) == [b"one", b"three"]


def test_after_a_failed_sync_nothing_is_taken(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fails(fd: int) -> None:
        calls.append(fd)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fails)
    journal = Journal.create(folder)
    for _ in range(2):
        with pytest.raises(OSError):
            journal.append(b"one", sync=True)
    assert len(calls) == 1
    journal.close()


def test_rewriting_syncs_before_it_renames(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.create(folder)
    journal.append(b"one")
    order: list[str] = []

    def record(name: str, real: Callable[..., object]) -> None:
        def call(*args: object, **keywords: object) -> object:
            order.append(name)
            return real(*args, **keywords)

        monkeypatch.setattr(os, name, call)

    record("fsync", os.fsync)
    record("rename", os.rename)
    journal.rewrite([b"new"])
    assert order == ["fsync", "rename", "fsync"]
    results: list[bytes] = []
    journal.reread(lambda at, payload: results.append(payload))
    journal.append(b"newer")
    journal.close()
    assert results == [b"new"] and list_names(folder) == ["manifest"]


def test_a_failed_rewrite_leaves_the_old_one(folder: int, tmp_path: Path) -> None:
    journal = Journal.create(folder)
    journal.append(b"one")

    def full() -> Iterator[bytes]:
        yield b"new"
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError):
        journal.rewrite(full())
    journal.append(b"two")
    journal.close()
    assert payloads(manifest(tmp_path).read_bytes()) == [b"one", b"two"]
    assert list_names(folder) == ["manifest"]


def test_a_link_is_not_followed(folder: int, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(HEADER)
    manifest(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        Journal.open(folder, lambda at, payload: None, read_only=False)


@given(st.binary(max_size=400), st.binary(max_size=60))
def test_no_bytes_at_all_make_it_stumble(front: bytes, back: bytes) -> None:
    payloads(front)
    data = HEADER + frame(1, b"one") + front + frame(2, b"two") + back
    assert b"one" in payloads(data) and b"two" in payloads(data)


class Machine(RuleBasedStateMachine):
    """Append, damage in every way and reopen a journal. Compare it with a list of the payloads that must remain."""

    @initialize(tmp=st.none())
    def begin(self, tmp: None) -> None:
        import tempfile

        self.place = tempfile.TemporaryDirectory()
        fd = open_state_dir(self.place.name, create=True)
        assert fd is not None
        self.folder = fd
        self.path = Path(self.place.name) / ".pef-tui" / "manifest"
        self.journal = Journal.create(fd)
        self.spans: list[tuple[int, int, bytes]] = []

    def _note(self, payload: bytes, start: int) -> None:
        self.spans.append((start, self.journal.end, payload))

    @rule(payload=st.binary(max_size=30))
    def append(self, payload: bytes) -> None:
        self._note(payload, self.journal.append(payload))

    @precondition(lambda self: self.spans)
    @rule(data=st.data())
    def tear(self, data: st.DataObject) -> None:
        size = data.draw(st.integers(self.spans[-1][0], self.journal.end - 1))
        os.truncate(self.path, size)
        self.spans.pop()
        self._reopen()

    @rule(zeros=st.integers(1, 100))
    def zeros(self, zeros: int) -> None:
        with self.path.open("ab") as file:
            file.write(bytes(zeros))
        self._reopen()

    @precondition(lambda self: self.spans)
    @rule(data=st.data())
    def flip(self, data: st.DataObject) -> None:
        start, end, _ = span = data.draw(st.sampled_from(self.spans))
        at, bit = data.draw(st.integers(start, end - 1)), data.draw(st.integers(0, 7))
        content = bytearray(self.path.read_bytes())
        content[at] ^= 1 << bit
        self.path.write_bytes(content)
        self.spans.remove(span)
        self._reopen()

    @precondition(lambda self: self.spans)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        start, end, _ = data.draw(st.sampled_from(self.spans))
        content = self.path.read_bytes()
        self.path.write_bytes(content + content[start:end])
        self._reopen()

    @rule()
    def rewrite(self) -> None:
        self.journal.rewrite(payload for _, _, payload in self.spans)
        self._reopen()

    def _reopen(self) -> None:
        self.journal.close()
        results: list[tuple[int, bytes]] = []
        journal = Journal.open(self.folder, lambda at, p: results.append((at, p)), read_only=False)
        assert journal is not None
        self.journal = journal
        assert [payload for _, payload in results] == [payload for _, _, payload in self.spans]
        if not journal.last_scan.is_appendable:
            journal.rewrite(payload for _, payload in results)
            results.clear()
            journal.reread(lambda at, p: results.append((at, p)))
        size = {at: len(frame(1, payload)) for at, payload in results}
        self.spans = [(at, at + size[at], payload) for at, payload in results]

    @invariant()
    def every_offset_leads_to_its_payload(self) -> None:
        for start, _, payload in getattr(self, "spans", ()):
            assert self.journal.read(start) == payload

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            os.close(self.folder)
            self.place.cleanup()


TestJournalMachine = Machine.TestCase
TestJournalMachine.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)

APPENDER = """
import os, sys
from pef_tui.manifest.folder import open_state_dir
from pef_tui.manifest.journal import Journal
folder = open_state_dir(sys.argv[1], create=True)
journal = Journal.open(folder, lambda at, p: None, read_only=False) or Journal.create(folder)
start, number = journal.sequence, journal.sequence
print("ready", flush=True)
while True:
    number += 1
    journal.append(b"%d:" % number + b"x" * (number * 37 % 5000), sync=True)
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.fault
def test_what_was_synced_survives_kills_at_random(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
        )
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.0, 0.08))
        child.send_signal(signal.SIGKILL)
        text = [int(line) for line in child.stdout.read().split(b"\n") if line]
        child.wait()
        numbers = [int(payload.split(b":")[0]) for payload in payloads(manifest(tmp_path).read_bytes())]
        assert numbers == list(range(1, len(numbers) + 1))
        assert not text or numbers[-1] >= text[-1]
