"""The app: first paint, what it costs a run, bytes on the line, Review with a million files.

    python bench/app.py start | run [FILES] | review [FILES]

Everything on a terminal of its own (80x24). Processor times are user and system together, of all processes.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import resource
import select
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Any

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
            given = {
                "HOME": str(home),
                "PATH": os.environ["PATH"],
                "TERM": "xterm-256color",
                "LANG": "C.UTF-8",
            }
            command = [sys.executable, "-m", "pef_tui", *words]
            os.execve(sys.executable, command, {**given, "PEF_TUI_LOAD_PLUGINS": "", **environ})
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen: list[tuple[float, bytes]] = []

    def until(self, words: bytes) -> float:
        """Seconds from the start until these words came."""
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
        """Read to the end; seconds of processor time."""
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


def _batch(export: Path, output: Path) -> tuple[float, float]:
    began, pid = time.perf_counter(), os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        words = [sys.executable, "-m", "pef_tui", "--batch", str(export), "-o", str(output)]
        os.execve(sys.executable, words, {**os.environ, "PEF_TUI_LOAD_PLUGINS": ""})
    _, _, used = os.wait4(pid, 0)
    return used.ru_utime + used.ru_stime, time.perf_counter() - began


def _app(home: Path, export: Path, output: Path) -> tuple[float, float, float]:
    """Processor time and seconds of the run from the app, and bytes a second on the line while it goes on."""
    idle = Terminal(home, str(export), "-o", str(output))
    idle.until(b"JSON files")
    time.sleep(1.0)
    idle.press(b"\x03")
    started = idle.end()
    terminal = Terminal(home, str(export), "-o", str(output), SSH_CONNECTION="1 2 3 4")
    terminal.until(b"JSON files")
    time.sleep(1.0)
    terminal.press(F5)
    terminal.until(b"planned in")
    planned = _used(terminal.pid)
    begun = time.perf_counter()
    terminal.press(F5)
    terminal.until(b"What next")
    wall = time.perf_counter() - begun
    shown = begun + 1.0, begun + wall - 0.5  # without the first paint of Run and that of Done
    carried = sum(len(data) for at, data in terminal.seen if shown[0] < at < shown[1])
    ran = _used(terminal.pid) - planned
    terminal.press(b"\x03")
    terminal.end()
    print(f"starting and leaving: {started:.2f} s of processor time")
    return ran, wall, carried / max(shown[1] - shown[0], 0.1)


def _used(pid: int) -> float:
    """Processor seconds of a process and of those it waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def run(count: int) -> None:
    """The same run by `--batch` and from the app, one after the other."""
    from pef_tui.testing.export import sidecar, takeout

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        names = [f"Photos from {2000 + n % 20}/IMG_{n:06}.jpg" for n in range(count)]
        export = takeout(home, {name: sidecar(name.rpartition("/")[2], place=(48.8, 2.3)) for name in names})
        for number in range(2):
            used, wall = _batch(export, home / f"batch{number}")
            ran, wall_app, rate = _app(home, export, home / f"app{number}")
            print(f"--batch with its start: {used:.2f} s of processor time, {wall:.1f} s")
            print(f"the run in the app: {ran:.2f} s, {wall_app:.1f} s; {rate / 1000:.1f} kB/s on the line")


def review(count: int) -> None:
    """Review over so many planned files: opening, filtering, scrolling, memory."""
    asyncio.run(_review(count))


async def _review(count: int) -> None:
    from textual.widgets import Input

    from pef_tui.config import load
    from pef_tui.model import JsonFile, Match, MediaFile, Outcome, Plan, State, TagEdit, Taken
    from pef_tui.planned import Planned
    from pef_tui.tui.app import PefApp
    from pef_tui.tui.files import Files
    from pef_tui.tui.flow import Flow
    from pef_tui.tui.work import Work

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    planned = Planned()
    edits = tuple(TagEdit(f"EXIF:Tag{n}", "2019:07:01 12:34:56", unit="date") for n in range(6))
    state, words = (
        State("jpeg", {"EXIF:Make": "Made up"}, "native"),
        ("written", "copied", "sidecar", "unmatched"),
    )
    began = time.process_time()
    for number in range(count):
        folder = f"Photos from {1990 + number * 40 // count}"
        path = f"{folder}/IMG_{number:07}.jpg"
        media = MediaFile(0, path, 3_000_000 + number, 0)
        json = JsonFile(0, path + ".json", 900, 0, "sidecar")
        taken = Taken(1e9 + number * 300.0, 120, "gps")
        match = Match(media, folder, json=json, rule="exact", state=state, taken=taken)
        word: Any = words[number % 4]
        planned.add(Outcome(Plan(match, word, edits, output=path, writer="native"), word, path, "native"))
    planned.finish()
    print(f"{count:,} outcomes kept in {time.process_time() - began:.1f} s of processor time")
    with tempfile.TemporaryDirectory() as home:
        environ = {"HOME": home, "PEF_TUI_LOAD_PLUGINS": "", "TERM": "xterm-256color"}
        flow = Flow(load({"sources": [home]}, environ), environ)
        app = PefApp(flow)
        flow.planned = planned
        flow.preview = Work(replace(flow._started(dry_run=True)), flow.make_host, planned.add)
        flow.preview.ending = "done"
        async with app.run_test(size=(120, 40)) as pilot:

            async def timed(name: str, *keys: str, ready: Any = None) -> None:
                wall, used = time.perf_counter(), time.process_time()
                await pilot.press(*keys)
                while ready is not None and not ready():
                    await asyncio.sleep(0.005)
                print(
                    f"{name}: {time.process_time() - used:.3f} s of processor time, "
                    f"{time.perf_counter() - wall:.3f} s"
                )

            wall, used = time.perf_counter(), time.process_time()
            app.go("review")
            while not app.screen.query("#file-list") or app.screen.query_one(Files).list.count != count:
                await asyncio.sleep(0.005)
            spent, passed = time.process_time() - used, time.perf_counter() - wall
            print(f"opened: {spent:.3f} s of processor time, {passed:.3f} s")
            files = app.screen.query_one(Files)
            await pilot.pause(1.0)
            await timed("a page on", "pagedown", ready=lambda: files.list.cursor > 0)
            await timed("to the last", "end", ready=lambda: files.list.cursor == count - 1)
            await pilot.press("slash")
            field = files.query_one(Input)
            await timed("a name typed", "7", ready=lambda: files.list.count < count and field.value == "7")
            await timed("another letter", "7", ready=lambda: files.filter.text == "77" and _rests(files))
            await pilot.press("escape")
            await pilot.pause(1.0)
            await timed("sorted by when taken", "s", ready=lambda: _rests(files))
        flow.close()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {grown / 1024:.0f} MB in all, {before / 1024:.0f} MB before the plans")


def _rests(files: Any) -> bool:
    return all(worker.is_finished for worker in files.workers if worker.group == "find")


if __name__ == "__main__":
    what, *more = sys.argv[1:] or ["start"]
    if what == "start":
        start()
    else:
        {"run": run, "review": review}[what](
            int(more[0]) if more else {"run": 5_000, "review": 1_000_000}[what]
        )
