"""Test the waiting, the counts and the faults of a slow line, without a mount."""

from __future__ import annotations

import io
import threading
import time

import pytest
from slow_disk import SlowDisk, answers, obey
from slow_line import CallLog, Fault, Faults, Line


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the list of the seconds that lines wait. The clock does not advance."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    return seconds


def test_bytes_of_one_direction_take_turns(waits: list[float]) -> None:
    line = Line(0.5, 100.0)
    for kind, size in (("getattr", 0), ("read", 100), ("read", 200), ("write", 50), ("getattr", 0)):
        line.wait(kind, size)
    assert waits == [0.5, 1.5, 3.5, 1.0, 0.5]


def test_calls_are_counted_and_written() -> None:
    lines = io.StringIO()
    log = CallLog(lines)
    log.add("open", "/new\nline \udcff")
    log.add("read", "/a", 7)
    log.add("read", "/a", 3)
    assert log.counts == {"open": 1, "read": 2}
    assert log.bytes == {"read": 10}
    assert [line.split(" ", 1)[1] for line in lines.getvalue().splitlines()] == [
        'open "/new\\nline \\udcff" 0',
        'read "/a" 7',
        'read "/a" 3',
    ]
    log.clear()
    assert not log.counts and not log.bytes


CALLS = [("open", "/in/a"), ("read", "/in/a"), ("open", "/out/b"), ("rename", "/out/b"), ("open", "/out/c")]


@pytest.mark.parametrize(
    ("fault", "met"),
    [
        (Fault("EIO"), [0, 1, 2, 3, 4]),
        (Fault("EIO", calls=2), [0, 1]),
        (Fault("EIO", kinds=["open"]), [0, 2, 4]),
        (Fault("EIO", kinds=["open"], after=1), [2, 4]),
        (Fault("EIO", kinds=["open"], after=1, calls=1), [2]),
        (Fault("EIO", below="/out"), [2, 3, 4]),
        (Fault("EIO", below="/out", kinds=["open"], after=1), [4]),
        (Fault("EIO", seconds=2.5), [0, 1, 2]),
        (Fault("EIO", seconds=1.5, after=2), [2, 3]),
    ],
)
def test_which_calls_meet_a_fault(fault: Fault, met: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    faults, seconds = Faults(), 0.0
    monkeypatch.setattr(time, "monotonic", lambda: seconds)
    faults.add(fault)
    result = []
    for number, (kind, path) in enumerate(CALLS):
        seconds = float(number)
        if active := faults.of_call(kind, path):
            result.append(number)
            with pytest.raises(OSError, match="Input/output"):
                faults.strike(active)
    assert result == met
    assert faults.counts == {"met": len(met), "waiting": 0}


def test_a_hang_ends_when_it_is_cleared() -> None:
    faults = Faults()
    faults.add(Fault())
    active = faults.of_call("open", "/a")
    assert active is not None
    waiting = threading.Thread(target=faults.strike, args=(active,))
    waiting.start()
    while not faults.counts["waiting"]:
        pass
    assert waiting.is_alive()
    faults.clear()
    waiting.join()
    assert faults.of_call("open", "/a") is None


def test_an_error_must_exist() -> None:
    with pytest.raises(ValueError, match="'EWHAT' is not the name of an error"):
        Fault("EWHAT")


def test_commands() -> None:
    disk = SlowDisk("/nowhere", Line(0, 1), CallLog())
    disk.log.add("read", "/a", 5)
    assert obey(disk, {"do": "calls"}) == {"calls": {"read": 1}, "bytes": {"read": 5}, "met": 0, "waiting": 0}
    commands = [
        '{"do": "reset"}',
        '{"do": "fault", "error": "ESTALE", "calls": 1}',
        '{"do": "fault", "error": "EWHAT"}',
        '{"do": "fault", "what": 1}',
        '{"do": "dance"}',
        "no JSON",
    ]
    results = list(answers(disk, io.StringIO("\n".join(commands))))
    assert results[:2] == [{}, {}]
    assert [bool(result.get("error")) for result in results[2:]] == [True] * 4
    assert not disk.log.counts
    assert disk.faults.of_call("open", "/a") is not None
    obey(disk, {"do": "clear"})
    assert disk.faults.of_call("open", "/a") is None
