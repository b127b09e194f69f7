"""Compare every screen with its saved snapshot. After an intended change: `make snapshots`, and check the result."""

from __future__ import annotations

import difflib
import os
import shlex
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from app_pilot import ControlledRun, make_session, run_app, wait_for_text, wait_until
from contrast import low_contrasts
from snapshot import HUES, rows, styles

from pef_tui.exiftool.locate import ExifToolInfo
from pef_tui.pipeline import run as pipeline
from pef_tui.pipeline import setup as beginning
from pef_tui.progress import Progress
from pef_tui.reporting.rate import RateMeter
from pef_tui.testing.exif import Exif
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg
from pef_tui.tui.screens import run
from pef_tui.tui.screens.done import DoneScreen
from pef_tui.tui.screens.task import TaskScreen
from pef_tui.tui.session import checks
from pef_tui.tui.session.preflight import PreflightMessage
from pef_tui.tui.session.task import Task, TaskFile
from pef_tui.tui.session.time_use import TimeUse
from pef_tui.tui.themes import NAMES

SNAPSHOTS_DIR = Path(__file__).parent / "snapshots"
WRITE = os.environ.get("SNAPSHOTS") == "write"
SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
THEMES = ("dark", "ansi-dark")
DAY = 86_400.0
Keep = Callable[[Any, str], Awaitable[None]]


def _export(folder: Path) -> Path:
    """Make an export with locations, people, two conflicts, a picture without a sidecar and an orphan."""
    files: dict[str, Any] = {}
    places = [(48.8606, 2.3376), (-22.9519, -43.2105), (-33.8568, 151.2153), None]
    for number in range(14):
        year, name = 2017 + number % 4, f"IMG_{number:04}.jpg"
        timestamp = 1_500_000_000 + (number % 4) * 365 * DAY + number * 9 * DAY
        fields = sidecar(name, taken=timestamp, place=places[number % 4], people=["Ann", "Bob"][: number % 3])
        exif = Exif(f"{year}:12:05 14:00:00", make="Made up", model="Demo") if number in (3, 7) else None
        files[f"Photos from {year}/{name}"] = Item(fields, jpeg(number, exif=exif))
    files["Trip/alone.jpg"] = None
    files["Trip/lost.jpg.json"] = sidecar("lost.jpg")
    export = takeout(folder, files)
    for path in sorted(export.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return export


class _SteadyRate(RateMeter):
    """A run with a constant rate of 120 files per second, and four minutes left."""

    def __init__(self) -> None:
        super().__init__()
        self.files.extend((60, 80, 100, 120, 90, 120))
        self.bytes.extend((6e7, 8e7, 1e8, 1.2e8, 9e7, 1.2e8))

    def sample(self, time: float, files: int, size: int, work: float, paused: bool) -> None:
        pass

    def speed(self) -> tuple[float, float]:
        return 120.0, 1.2e8

    def remaining(self, total: float) -> float | None:
        return 240.0


class _SteadyTimeUse(TimeUse):
    """A run whose threads copy for three quarters of their time."""

    def sample(self) -> None:
        self._counts.update({"copying": 3, "recording": 1})


@pytest.fixture
def steady(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fix everything that depends on the machine or on the time."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(tmp_path)
    none = ExifToolInfo("", "", "ExifTool is not installed", "sudo apt install libimage-exiftool-perl")
    monkeypatch.setattr(beginning, "_exiftool", lambda settings, progress: none)
    monkeypatch.setattr(
        checks, "about_exiftool", lambda settings: [PreflightMessage("warning", none.problem)]
    )
    monkeypatch.setattr(checks, "free_space", lambda path: 80_300_000_000)
    monkeypatch.setattr(Progress, "seconds", property(lambda progress: 12.3))
    monkeypatch.setattr(run, "RateMeter", _SteadyRate)
    monkeypatch.setattr(run, "TimeUse", _SteadyTimeUse)
    monkeypatch.setattr(shlex, "quote", lambda path: path.replace(str(tmp_path), "/home/ann"))
    yield
    monkeypatch.undo()
    time.tzset()


async def _through(pilot: Any, session: Any, keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Visit every screen."""
    app = pilot.app
    await _plan(pilot, session, keep)
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
    await pilot.press("a")
    await wait_until(pilot, lambda: isinstance(app.screen, DoneScreen))
    await keep(pilot, "done")
    app.push_screen(TaskScreen(session, _verify_task()))
    await keep(pilot, "verify")
    await pilot.press("escape", "c")
    await keep(pilot, "pictures")
    await pilot.press("escape", "f4")
    await keep(pilot, "history")


async def _plan(pilot: Any, session: Any, keep: Keep) -> None:
    """Visit the screens up to the decisions."""
    app = pilot.app
    await wait_until(pilot, lambda: session.survey.is_over and app.screen._checks.is_over)
    await keep(pilot, "choose")
    await pilot.press("f5")
    await wait_until(pilot, lambda: app.screen._is_final)
    await keep(pilot, "review")
    await pilot.press("2")
    await keep(pilot, "conflicts")
    await pilot.press("D")
    await keep(pilot, "pick")


async def _run(pilot: Any, keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Visit the screens of a controlled run with two failures."""
    with monkeypatch.context() as patched:
        controlled_run = ControlledRun()
        patched.setattr(pipeline, "run", controlled_run)
        pilot.app.go("run")
        await wait_until(pilot, lambda: pilot.app.session.run is not None)
        controlled_run.give(7)
        await wait_for_text(pilot, "6 written", "1 failed")
        pilot.app.screen._last_slow_update = 0.0
        await keep(pilot, "run")
        await pilot.press("s")
        await keep(pilot, "stop")
        await pilot.press("escape")
        controlled_run.give()
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await keep(pilot, "failed")
        await pilot.press("tab", "home", "enter")
        await keep(pilot, "problem")
        await pilot.press("escape")


def _verify_task() -> Task:
    def steps(stop: Any) -> Iterator[TaskFile]:
        yield TaskFile("Photos from 2019/a.jpg", "not as written: EXIF:DateTimeOriginal")
        yield from [TaskFile("", "")] * 15

    task = Task("verify", steps, 16)
    task.start()
    task._thread.join()
    return task


def _load(name: str) -> tuple[list[str], dict[str, list[str]]]:
    """Return the saved rows, and the saved lines of styles by theme."""
    path = SNAPSHOTS_DIR / f"{name}.txt"
    text, *parts = path.read_text("utf-8").split("\n-- ") if path.exists() else [""]
    return text.removesuffix("\n").split("\n"), {
        lines[0]: lines[1:] for lines in (part.split("\n") for part in parts)
    }


async def _stable_value(pilot: Any, get_value: Callable[[], list[str]], expected: list[str]) -> list[str]:
    """Return the value when it is the expected one, or when it no longer changes."""
    values: list[list[str]] = []
    while not values or WRITE or [line for line in values[-1] if line] != [line for line in expected if line]:
        await pilot.pause(0.05)
        values.append(get_value())
        if len(values) > (5 if WRITE else 60) and all(value == values[-1] for value in values[-5:]):
            break
    return values[-1]


def _compare(name: str, text: str) -> str:
    """Return the differences from the saved snapshot; "" for none. With SNAPSHOTS=write, save the new one."""
    path = SNAPSHOTS_DIR / f"{name}.txt"
    if WRITE:
        SNAPSHOTS_DIR.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return ""
    saved = path.read_text("utf-8") if path.exists() else ""
    return "\n".join(difflib.unified_diff(saved.splitlines(), text.splitlines(), name, "now", "", "", 1, ""))


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_screen_matches_its_snapshot(
    tmp_path: Path, steady: None, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    session = make_session(tmp_path, _export(tmp_path))
    snapshots: dict[str, str] = {}

    async def keep(pilot: Any, name: str) -> None:
        saved_rows, saved_styles = _load(f"{name}-{size[0]}x{size[1]}")
        text = await _stable_value(pilot, lambda: rows(pilot.app), saved_rows)
        current_styles = {}
        for theme in sorted(THEMES, key=lambda theme: NAMES[theme] != pilot.app.theme):
            pilot.app.theme = NAMES[theme]
            current_styles[theme] = await _stable_value(
                pilot, lambda: styles(pilot.app), saved_styles.get(theme, [])
            )
        assert rows(pilot.app) == text, f"{name}: the text depends on the theme"
        parts = ["\n".join(text), *("\n".join((f"\n-- {theme}", *current_styles[theme])) for theme in THEMES)]
        snapshots[name] = "\n".join(parts) + "\n"

    async def script(pilot: Any) -> None:
        await _through(pilot, session, keep, monkeypatch)

    run_app(session, script, size)
    differences = [_compare(f"{name}-{size[0]}x{size[1]}", content) for name, content in snapshots.items()]
    assert not any(differences), "\n".join(filter(None, differences))
    assert len(snapshots) == 18


@pytest.mark.long
@pytest.mark.parametrize(
    ("theme", "size"), [("dark", (120, 40)), ("light", (120, 40)), ("light", (200, 60))], ids=str
)
def test_every_text_has_enough_contrast(
    tmp_path: Path, steady: None, monkeypatch: pytest.MonkeyPatch, theme: str, size: tuple[int, int]
) -> None:
    session = make_session(tmp_path, _export(tmp_path), theme=theme)
    faint: list[tuple[str, str, float]] = []

    async def keep(pilot: Any, name: str) -> None:
        await pilot.pause(0.3)
        faint.extend((name, text, ratio) for text, ratio in low_contrasts(pilot.app))

    async def script(pilot: Any) -> None:
        await _through(pilot, session, keep, monkeypatch)

    run_app(session, script, size)
    assert not faint, "\n".join(map(str, sorted(set(faint))))


def test_without_colours_the_text_is_the_same(
    tmp_path: Path, steady: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = make_session(tmp_path, _export(tmp_path))
    bad: list[str] = []

    async def keep(pilot: Any, name: str) -> None:
        saved_rows, _ = _load(f"{name}-80x24")
        if await _stable_value(pilot, lambda: rows(pilot.app), saved_rows) != saved_rows:
            bad.append(f"{name} differs from the text in colours")
        bad.extend(f"{name} {line}" for line in styles(pilot.app) if any(hue in line for hue in HUES))

    async def script(pilot: Any) -> None:
        await _plan(pilot, session, keep)

    run_app(session, script)
    assert not bad, "\n".join(bad)
