"""Every screen as it was looked at and found good. After a change that is meant: `make snapshots`, and look at it."""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from app_cases import Told, made_flow, piloted, shown, until
from snapshot import HUES, rows, styles

from pef_tui import pipeline
from pef_tui.exiftool.locate import Found
from pef_tui.progress import Progress
from pef_tui.run import beginning
from pef_tui.testing.exif import Exif
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg
from pef_tui.tui import checks, run
from pef_tui.tui.before import Word
from pef_tui.tui.chore import Chore, File
from pef_tui.tui.chore_screen import ChoreScreen
from pef_tui.tui.done import DoneScreen
from pef_tui.tui.themes import NAMES

KEPT = Path(__file__).parent / "snapshots"
WRITE = os.environ.get("SNAPSHOTS") == "write"
SIZES = [(80, 24), (120, 40)]
THEMES = ("dark", "ansi-dark")
DAY = 86_400.0
Keep = Callable[[Any, str], Awaitable[None]]


def _export(folder: Path) -> Path:
    """Places, people, two conflicts, a picture without a sidecar, a sidecar without a picture."""
    files: dict[str, Any] = {}
    places = [(48.8606, 2.3376), (-22.9519, -43.2105), (-33.8568, 151.2153), None]
    for number in range(14):
        year, name = 2017 + number % 4, f"IMG_{number:04}.jpg"
        taken = 1_500_000_000 + (number % 4) * 365 * DAY + number * 9 * DAY
        fields = sidecar(name, taken=taken, place=places[number % 4], people=["Ann", "Bob"][: number % 3])
        own = Exif(f"{year}:12:05 14:00:00", make="Made up", model="Demo") if number in (3, 7) else None
        files[f"Photos from {year}/{name}"] = Item(fields, jpeg(number, exif=own))
    files["Trip/alone.jpg"] = None
    files["Trip/lost.jpg.json"] = sidecar("lost.jpg")
    export = takeout(folder, files)
    for path in sorted(export.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return export


class _SteadyPace(run.Pace):
    """A run of 120 files/s that needs four minutes more."""

    def __init__(self) -> None:
        super().__init__()
        self.files.extend((60, 80, 100, 120, 90, 120))
        self.bytes.extend((6e7, 8e7, 1e8, 1.2e8, 9e7, 1.2e8))

    def sample(self, now: float, files: int, size: int, done: float, paused: bool) -> None:
        pass

    def speed(self) -> tuple[float, float]:
        return 120.0, 1.2e8

    def left(self, total: float) -> float | None:
        return 240.0


@pytest.fixture
def steady(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of this machine, and no time that passes."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(tmp_path)
    none = Found("", "", "ExifTool is not installed", "sudo apt install libimage-exiftool-perl")
    monkeypatch.setattr(beginning, "_exiftool", lambda settings, progress: none)
    monkeypatch.setattr(checks, "about_tool", lambda settings: [Word("warning", none.problem)])
    monkeypatch.setattr(checks, "free_space", lambda path: 80_300_000_000)
    monkeypatch.setattr(Progress, "seconds", property(lambda progress: 12.3))
    monkeypatch.setattr(run, "Pace", _SteadyPace)
    yield
    monkeypatch.undo()
    time.tzset()


async def _through(pilot: Any, flow: Any, keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first to the last screen."""
    app = pilot.app
    await _plan(pilot, flow, keep)
    await pilot.press("escape", "3")
    await keep(pilot, "charts")
    await pilot.press("4")
    await keep(pilot, "map")
    await pilot.press("1", "z")
    await keep(pilot, "detail")
    for key, name in (("f2", "settings"), ("f3", "plugins"), ("f1", "help")):
        await pilot.press(key)
        await keep(pilot, name)
        await pilot.press("escape")
    await _run(pilot, keep, monkeypatch)
    await pilot.press("g")
    await until(pilot, lambda: isinstance(app.screen, DoneScreen))
    await keep(pilot, "done")
    app.push_screen(ChoreScreen(flow, _read_back()))
    await keep(pilot, "verify")
    await pilot.press("escape", "c")
    await keep(pilot, "pictures")
    await pilot.press("escape", "f4")
    await keep(pilot, "history")


async def _plan(pilot: Any, flow: Any, keep: Keep) -> None:
    """Up to what is to be decided."""
    app = pilot.app
    await until(pilot, lambda: flow.survey.over and app.screen._checks.over)
    await keep(pilot, "choose")
    await pilot.press("f5")
    await until(pilot, lambda: app.screen._told)
    await keep(pilot, "review")
    await pilot.press("2")
    await keep(pilot, "conflicts")
    await pilot.press("d")
    await keep(pilot, "pick")


async def _run(pilot: Any, keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that waits to be told, with two failures."""
    with monkeypatch.context() as patched:
        told = Told()
        patched.setattr(pipeline, "run", told)
        pilot.app.go("run")
        await until(pilot, lambda: pilot.app.flow.run is not None)
        told.give(7)
        await shown(pilot, "6 written", "1 failed")
        pilot.app.screen._drawn = 0.0
        await keep(pilot, "run")
        await pilot.press("s")
        await keep(pilot, "stop")
        await pilot.press("escape")
        told.give()
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await keep(pilot, "failed")
        await pilot.press("tab", "home", "enter")
        await keep(pilot, "problem")
        await pilot.press("escape")


def _read_back() -> Chore:
    def steps(stop: Any) -> Iterator[File]:
        yield File("Photos from 2019/a.jpg", "not as written: EXIF:DateTimeOriginal")
        yield from [File("", "")] * 15

    chore = Chore("verify", steps, 16)
    chore.start()
    chore._thread.join()
    return chore


def _kept(name: str) -> tuple[list[str], dict[str, list[str]]]:
    """Rows as they were, and the lines of their styles by theme."""
    path = KEPT / f"{name}.txt"
    text, *parts = path.read_text("utf-8").split("\n-- ") if path.exists() else [""]
    return text.removesuffix("\n").split("\n"), {
        lines[0]: lines[1:] for lines in (part.split("\n") for part in parts)
    }


async def _come_to(pilot: Any, read: Callable[[], list[str]], wanted: list[str]) -> list[str]:
    """What is read once it is as wanted, or once nothing changes any more."""
    seen: list[list[str]] = []
    while not seen or WRITE or [line for line in seen[-1] if line] != [line for line in wanted if line]:
        await pilot.pause(0.05)
        seen.append(read())
        if len(seen) > (5 if WRITE else 60) and all(each == seen[-1] for each in seen[-5:]):
            break
    return seen[-1]


def _compared(name: str, now: str) -> str:
    """What is another than before, "" for nothing; kept, where that is wanted."""
    path = KEPT / f"{name}.txt"
    if WRITE:
        KEPT.mkdir(exist_ok=True)
        path.write_text(now, "utf-8")
        return ""
    before = path.read_text("utf-8") if path.exists() else ""
    return "\n".join(difflib.unified_diff(before.splitlines(), now.splitlines(), name, "now", "", "", 1, ""))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_screen_is_as_it_was(
    tmp_path: Path, steady: None, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    flow = made_flow(tmp_path, _export(tmp_path))
    found: dict[str, str] = {}

    async def keep(pilot: Any, name: str) -> None:
        before, kept = _kept(f"{name}-{size[0]}x{size[1]}")
        text = await _come_to(pilot, lambda: rows(pilot.app), before)
        told = {}
        for theme in sorted(THEMES, key=lambda theme: NAMES[theme] != pilot.app.theme):
            pilot.app.theme = NAMES[theme]
            told[theme] = await _come_to(pilot, lambda: styles(pilot.app), kept.get(theme, []))
        assert rows(pilot.app) == text, f"{name}: another text in another theme"
        parts = ["\n".join(text), *("\n".join((f"\n-- {theme}", *told[theme])) for theme in THEMES)]
        found[name] = "\n".join(parts) + "\n"

    async def script(pilot: Any) -> None:
        await _through(pilot, flow, keep, monkeypatch)

    piloted(flow, script, size)
    changed = [_compared(f"{name}-{size[0]}x{size[1]}", now) for name, now in found.items()]
    assert not any(changed), "\n".join(filter(None, changed))
    assert len(found) == 18


def test_without_colours_everything_is_said_all_the_same(
    tmp_path: Path, steady: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    flow = made_flow(tmp_path, _export(tmp_path))
    bad: list[str] = []

    async def keep(pilot: Any, name: str) -> None:
        before, _ = _kept(f"{name}-80x24")
        if await _come_to(pilot, lambda: rows(pilot.app), before) != before:
            bad.append(f"{name} says something else than in colours")
        bad.extend(f"{name} {line}" for line in styles(pilot.app) if any(hue in line for hue in HUES))

    async def script(pilot: Any) -> None:
        await _plan(pilot, flow, keep)

    piloted(flow, script)
    assert not bad, "\n".join(bad)
