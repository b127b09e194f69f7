"""Stop runs by signals: while ExifTool writes, while the manifest is compacted, with `--batch` and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_counts import tries
from fault_exports import small
from forked_runs import Run, quick_place
from run_oracle import Oracle

from pef_tui.manifest import journal
from pef_tui.manifest import manifest as ledger
from pef_tui.testing.export import sidecar, takeout

CODES = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
STAND_IN = Path(__file__).parents[1] / "exiftool" / "stand_in.py"


def slow_tool(place: Path, script: list[str]) -> Path:
    """Put a stand-in for ExifTool that plays this script into a folder of its own. Return the folder."""
    folder = place / "tool"
    folder.mkdir(exist_ok=True)
    tool = folder / "exiftool"
    tool.write_text(f"#!{sys.executable}\n{STAND_IN.read_text()}")
    tool.chmod(0o755)
    (folder / "script.json").write_text(json.dumps(script))
    (folder / "count").unlink(missing_ok=True)
    return tool


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    """Six videos that ExifTool, or its stand-in, writes."""
    spec = {f"Trip/f{number}.mp4": sidecar(f"f{number}.mp4", taken=1.5e9 + number) for number in range(6)}
    with quick_place() as place:
        tool = slow_tool(place, [])
        options = ("--workers", "1", "--writer", "exiftool", "--exiftool", str(tool))
        yield Oracle(takeout(place / "export", spec), place, *options)


def tool_of(oracle: Oracle) -> Path:
    return Path(oracle.more[-1])


def until(ready: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.01)


def writing(tool: Path) -> bool:
    log = tool.parent / "log"
    return log.exists() and "-overwrite_original" in log.read_text()


def start(oracle: Oracle, place: Path, prepare: Callable[[], object] | None = None) -> Run:
    tool = tool_of(oracle)
    (tool.parent / "log").unlink(missing_ok=True)
    slow_tool(tool.parent.parent, ["answer"] + ["slow"] * 3)
    run = Run(oracle.argv(place / "out"), prepare)
    until(lambda: writing(tool))
    return run


def settle(oracle: Oracle, place: Path) -> None:
    slow_tool(tool_of(oracle).parent.parent, [])
    assert oracle.finish(place / "out") == ""


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
@tries("kill", "INT, TERM and HUP while ExifTool writes: the current batch is finished")
def test_once(oracle: Oracle, place: Path, number: signal.Signals, tried: Callable[[int], None]) -> None:
    run = start(oracle, place)
    run.kill(number)
    assert run.wait() == CODES[number]
    assert "Traceback" not in run.words() and "Stopping after the current batch" in run.words()
    assert oracle.half(place / "out") == ""
    assert not list((place / "out" / ".pef-tui" / "staging").iterdir())
    settle(oracle, place)
    tried(1)


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
@tries("kill", "INT, TERM and HUP twice while ExifTool writes: the run ends immediately")
def test_twice(oracle: Oracle, place: Path, number: signal.Signals, tried: Callable[[int], None]) -> None:
    run = start(oracle, place)
    family = run.family
    run.kill(number)
    until(lambda: "Stopping" in run.words())
    began = time.monotonic()
    run.kill(number)
    assert run.wait() == CODES[number]
    assert time.monotonic() - began < 1.4
    until(lambda: not any(os.path.exists(f"/proc/{pid}") and not _zombie(pid) for pid in family))
    settle(oracle, place)
    tried(1)


def _zombie(pid: int) -> bool:
    try:
        return ") Z" in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


@tries(
    "kill", "Ctrl-C on a terminal, once and twice: it does not reach ExifTool, and the terminal is restored"
)
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_on_a_terminal(oracle: Oracle, place: Path, times: int, tried: Callable[[int], None]) -> None:
    import termios

    master, slave = pty.openpty()
    state_before = termios.tcgetattr(slave)

    def on_terminal() -> None:
        import fcntl

        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        os.tcsetpgrp(slave, os.getpid())
        os.dup2(slave, 0)
        os.dup2(slave, 2)

    run = start(oracle, place, on_terminal)
    for _ in range(times):
        os.write(master, b"\x03")
        time.sleep(0.3)
    message = b""
    while run.status is None and select.select([master], [], [], 0.05) is not None:
        while select.select([master], [], [], 0)[0]:
            message += os.read(master, 65536)
        pid, status = os.waitpid(run.pid, os.WNOHANG)
        if pid:
            run.status = os.waitstatus_to_exitcode(status)
    assert run.status == 130
    assert termios.tcgetattr(slave) == state_before
    assert b"Stopping after the current batch" in message and b"Traceback" not in message
    assert b"\x1b[?" not in message  # no terminal mode was switched
    os.close(master)
    os.close(slave)
    settle(oracle, place)
    tried(1)


@pytest.mark.parametrize("number", [*CODES, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("call", ["fsync", "rename"])
@tries("kill", "INT, TERM, HUP and kill -9 while the manifest is compacted")
def test_while_compacting(
    place: Path, number: signal.Signals, call: str, tried: Callable[[int], None]
) -> None:
    oracle = Oracle(small(place / "export"), place, "--workers", "1", "--exiftool", str(slow_tool(place, [])))
    out = place / "out"
    assert oracle.run(out)[0] == 0

    def signalled() -> None:
        ledger.COMPACT_FROM = 0
        real = getattr(os, call)
        calls: list[object] = []

        def act(*args: object, **fields: object) -> object:
            if journal._NEW in os.listdir(out / ".pef-tui") and not calls:
                calls.append(1)
                os.kill(os.getpid(), number)
                time.sleep(0.1)
            return real(*args, **fields)

        setattr(os, call, act)

    run = Run(oracle.argv(out, "--force"), signalled)
    assert run.wait() == (137 if number == signal.SIGKILL else CODES[number]), run.words()
    assert oracle.finish(out) == ""
    tried(1)
