"""Measure the app: first paint, its cost for a run, bytes written to the terminal, Review with a million files.

    python bench/app.py start | run [FILES] [--rounds N] [--ssh] | review [FILES]

Each command has its own terminal (80x24). Processor times are user and system time of all processes.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import pty
import re
import resource
import select
import shutil
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from msgspec.structs import replace

F5 = b"\x1b[15~"
ROUNDS = 5
WAIT = 600.0


class Terminal:
    """The program on a pseudo-terminal."""

    def __init__(self, home: Path, *words: str, **environ: str) -> None:
        self.started = time.perf_counter()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            command = [sys.executable, "-m", "pef_tui", *words]
            os.execve(sys.executable, command, {**_environ(home), "TERM": "xterm-256color", **environ})
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen: list[tuple[float, bytes]] = []

    def until(self, words: bytes) -> float:
        """Return the seconds from the start until these words are printed."""
        end, tail = time.perf_counter() + WAIT, b""
        while words not in tail:
            if time.perf_counter() > end:
                sys.exit(f"{words!r} never came: {tail[-500:]!r}")
            if select.select([self.master], [], [], 0.2)[0]:
                new = os.read(self.master, 1 << 16)
                self.seen.append((time.perf_counter(), new))
                tail = tail[-4000:] + new
        return time.perf_counter() - self.started

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def end(self) -> float:
        """Read to the end; return the processor time in seconds."""
        while True:
            try:
                if not os.read(self.master, 1 << 16):
                    break
            except OSError:
                break
        _, _, used = os.wait4(self.pid, 0)
        os.close(self.master)
        return used.ru_utime + used.ru_stime


def start() -> None:
    """Time until Choose is painted, without sources."""
    walls, processor = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            terminal = Terminal(Path(folder))
            walls.append(terminal.until(b"What is there"))
            terminal.press(b"\x03")
            processor.append(terminal.end())
    print(
        f"first paint: {min(walls):.2f} s at best, {sorted(walls)[ROUNDS // 2]:.2f} s in the middle of {ROUNDS}"
    )
    print(f"processor from the start to the end: {min(processor):.2f} s")


class Told(NamedTuple):
    """Elapsed seconds and processor seconds."""

    wall: float
    used: float
    """By all processes."""
    own: float = 0.0
    """By the program itself, without its workers."""

    def words(self) -> str:
        own = f" ({self.own:.2f} s its own)" if self.own else ""
        return f"{self.wall:.2f} s, {self.used:.2f} s of processor time{own}"


class Side(NamedTuple):
    """One run: the run alone, from its log, and the complete command."""

    alone: Told
    whole: Told
    line: float = 0.0
    """Bytes a second to the terminal during the run."""


def _environ(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PEF_TUI_LOAD_PLUGINS": "",
    }


def _logged(home: Path, output: Path) -> Told:
    """Return the times in the log of the run, from its start to the end of the report."""
    log = (home / ".local/state/pef-tui/log").read_text()
    shutil.rmtree(home / ".local")
    shutil.rmtree(output)
    seconds = re.findall(r" run: \d+ files in ([\d.]+) s, ([\d.]+) s of .*, ([\d.]+) s of it", log)[-1]
    wall, used, others = map(float, seconds)
    return Told(wall, used, used - others)


def _batch(home: Path, export: Path) -> Side:
    output = home / "output"
    words = [sys.executable, "-m", "pef_tui", "--batch", str(export), "-o", str(output)]
    began, pid = time.perf_counter(), os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execve(sys.executable, words, _environ(home))
    _, _, used = os.wait4(pid, 0)
    whole = Told(time.perf_counter() - began, used.ru_utime + used.ru_stime)
    return Side(_logged(home, output), whole)


def _app(home: Path, export: Path, **environ: str) -> Side:
    """Press the keys for Choose, Review, Run and Done without pauses."""
    output = home / "output"
    terminal = Terminal(home, str(export), "-o", str(output), **environ)
    terminal.until(b"JSON files")
    time.sleep(1.0)
    terminal.press(F5)
    terminal.until(b"planned in")
    begun = time.perf_counter()
    terminal.press(F5)
    terminal.until(b"What next")
    wall = time.perf_counter() - begun
    shown = begun + 1.0, begun + wall - 0.5  # without the first paint of Run and that of Done
    carried = sum(len(data) for at, data in terminal.seen if shown[0] < at < shown[1])
    terminal.press(b"\x03")
    used = terminal.end()
    whole = Told(time.perf_counter() - terminal.started, used)
    return Side(_logged(home, output), whole, carried / max(shown[1] - shown[0], 0.1))


def run(count: int, rounds: int = ROUNDS, **environ: str) -> None:
    """Alternate between `--batch` and the app, so that other load on the machine affects both."""
    from pef_tui.testing.export import sidecar, takeout

    sides: dict[str, list[Side]] = {"--batch": [], "the app": []}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        names = [f"Photos from {2000 + n % 20}/IMG_{n:06}.jpg" for n in range(count)]
        export = takeout(home, {name: sidecar(name.rpartition("/")[2], place=(48.8, 2.3)) for name in names})
        for number in range(rounds):
            for name in sorted(sides, reverse=bool(number % 2)):
                os.sync()
                side = _batch(home, export) if name == "--batch" else _app(home, export, **environ)
                sides[name].append(side)
                print(f"{name}: {side.alone.words()}; the whole command {side.whole.words()}", flush=True)
    _compare(sides["--batch"], sides["the app"])


def _compare(batch: list[Side], app: list[Side]) -> None:
    for part, kinds in (("alone", ("wall", "used", "own")), ("whole", ("wall", "used"))):
        for kind in kinds:
            one = [getattr(getattr(side, part), kind) for side in batch]
            other = [getattr(getattr(side, part), kind) for side in app]
            ratios = sorted(app / batch for batch, app in zip(one, other, strict=True))
            print(
                f"{part}, {kind}: --batch {median(one):.2f} s (least {min(one):.2f}), "
                f"the app {median(other):.2f} s (least {min(other):.2f}); the app is "
                f"{median(ratios):.3f} times --batch (median), {ratios[0]:.3f} to {ratios[-1]:.3f}"
            )
    print(f"{median(side.line for side in app) / 1000:.1f} kB/s to the terminal during the run")


def review(count: int) -> None:
    """Measure Review over this number of planned files: opening, filtering, scrolling, memory."""
    asyncio.run(_review(count))


async def _review(count: int) -> None:
    from pef_tui.config import load
    from pef_tui.tui.app import PefApp
    from pef_tui.tui.session.run_thread import RunThread
    from pef_tui.tui.session.session import Session

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    planned = _planned(count)
    with tempfile.TemporaryDirectory() as home:
        environ = {"HOME": home, "PEF_TUI_LOAD_PLUGINS": "", "TERM": "xterm-256color"}
        session = Session(load({"sources": [home]}, environ), environ)
        app = PefApp(session)
        session.planned_files = planned
        session.preview = RunThread(
            replace(session.run_settings(dry_run=True)), session.make_host, planned.add
        )
        session.preview.ending = "done"
        async with app.run_test(size=(120, 40)) as pilot:
            await _looked_through(app, pilot, count)
        session.close()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {grown / 1024:.0f} MB in all, {before / 1024:.0f} MB before the plans")


def _planned(count: int) -> Any:
    """Return the store of a preview with this number of pictures."""
    from pef_tui.model import CaptureTime, FileMetadata, JsonFile, Match, MediaFile, Outcome, Plan, TagEdit
    from pef_tui.preview import PlannedFiles

    planned = PlannedFiles()
    edits = tuple(TagEdit(f"EXIF:Tag{n}", "2019:07:01 12:34:56", unit="date") for n in range(6))
    state = FileMetadata("jpeg", {"EXIF:Make": "Made up"}, "native")
    words = ("written", "copied", "sidecar", "unmatched")
    began = time.process_time()
    for number in range(count):
        folder = f"Photos from {1990 + number * 40 // count}"
        path = f"{folder}/IMG_{number:07}.jpg"
        media = MediaFile(0, path, 3_000_000 + number, 0)
        json = JsonFile(0, path + ".json", 900, 0, "sidecar")
        taken = CaptureTime(1e9 + number * 300.0, 120, "gps")
        match = Match(media, folder, json=json, rule="exact", metadata=state, capture_time=taken)
        word: Any = words[number % 4]
        planned.add(Outcome(Plan(match, word, edits, output=path, writer="native"), word, path, "native"))
    planned.finish()
    print(f"{count:,} outcomes kept in {time.process_time() - began:.1f} s of processor time")
    return planned


class _Timed:
    """Context manager that prints the processor time and the elapsed time of one step."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._wall, self._used = time.perf_counter(), time.process_time()

    def __exit__(self, *failure: object) -> None:
        used, wall = time.process_time() - self._used, time.perf_counter() - self._wall
        print(f"{self._name}: {used:.3f} s of processor time, {wall:.3f} s")


async def _until(ready: Callable[[], bool]) -> None:
    while not ready():
        await asyncio.sleep(0.005)


async def _looked_through(app: Any, pilot: Any, count: int) -> None:
    """Review opened, scrolled, searched and sorted."""
    from textual.widgets import Input

    from pef_tui.tui.widgets.file_list import FileList

    async def timed(name: str, key: str, ready: Callable[[], bool]) -> None:
        with _Timed(name):
            await pilot.press(key)
            await _until(ready)

    with _Timed("opened"):
        app.go("review")
        await _until(
            lambda: (
                bool(app.screen.query("#file-list")) and app.screen.query_one(FileList).list.count == count
            )
        )
    files = app.screen.query_one(FileList)
    await pilot.pause(1.0)
    await timed("a page on", "pagedown", lambda: files.list.cursor > 0)
    await timed("to the last", "end", lambda: files.list.cursor == count - 1)
    await pilot.press("slash")
    field = files.query_one(Input)
    await timed("a name typed", "7", lambda: files.list.count < count and field.value == "7")
    await timed("another letter", "7", lambda: files.filter.text == "77" and _rests(files))
    await pilot.press("escape")
    await pilot.pause(1.0)
    await timed("sorted by when taken", "s", lambda: _rests(files))


def _rests(files: Any) -> bool:
    return all(worker.is_finished for worker in files.workers if worker.group == "find")


def main() -> None:
    """Run the measurement on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("start", "run", "review"), nargs="?", default="start")
    parser.add_argument("files", type=int, nargs="?", default=0)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of `run`")
    parser.add_argument("--ssh", action="store_true", help="the app takes the line for a slow one")
    given = parser.parse_args()
    if given.what == "start":
        start()
    elif given.what == "run":
        run(given.files or 5_000, given.rounds, **({"SSH_CONNECTION": "1 2 3 4"} if given.ssh else {}))
    else:
        review(given.files or 1_000_000)


if __name__ == "__main__":
    main()
