"""Kill a small run in place, or let a call fail, at each writing call. Every original file can be restored."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_counts import tries
from fault_injection import WRITING, Act, calls_of, fail_at, injected, no_exiftool, signal_at
from forked_runs import carry_out, quick_place
from run_oracle import Tree, tree

from pef_tui.testing.export import sidecar, takeout


def in_place(source: Path) -> list[str]:
    return ["--batch", "--json", "--no-config", "--in-place", "--workers", "1", str(source)]


def sources(lines: bytes) -> list[str]:
    """Return the files that a run reports."""
    return sorted(line["source"] for line in map(json.loads, lines.splitlines()) if "source" in line)


class Ends:
    """An export, and its files before and after an undisturbed run in place."""

    def __init__(self, place: Path) -> None:
        spec = {
            "Trip/a.jpg": sidecar("a.jpg", taken=1.5e9, people=["Ana"]),
            "Trip/b.avi": sidecar("b.avi", taken=1.4e9),
            "Year/c.jpg": sidecar("c.jpg", taken=1.3e9),
            "Year/d.gif": None,
        }
        self.export = takeout(place / "export", spec)
        self.before = tree(self.export)
        result = self.copy(place / "done")
        status, words, lines = carry_out(in_place(result), no_exiftool)
        assert status == 0, words
        self.sources = sources(lines)
        self.after = tree(result)
        modified = {name for name in self.before if self.before[name] != self.after[name]}
        assert len(modified) == 3 and len(self.after) == len(self.before) + 1

    def copy(self, to: Path) -> Path:
        shutil.copytree(self.export, to)
        return to

    def half(self, actual: Tree) -> str:
        """Return the files whose content is neither that before the run nor that after it."""
        known_values = {
            name: (self.before.get(name), self.after.get(name)) for name in self.before | self.after
        }
        wrong = [name for name, kind in actual.items() if kind not in known_values.get(name, ())]
        gone = [name for name in self.before if name not in actual]
        return f"half there: {wrong}, gone: {gone}" if wrong or gone else ""


@pytest.fixture(scope="module")
def ends() -> Iterator[Ends]:
    with quick_place() as place:
        yield Ends(place)


def every_point(ends: Ends, place: Path, act: Callable[[int], Act], statuses: tuple[int, ...]) -> int:
    """Try a fault at each call. After it, a later run must complete, and undoing must restore all files."""
    total, faults = calls_of(in_place(ends.copy(place / "counted")), place, WRITING), []
    for number in range(1, total + 1):
        source = ends.copy(place / f"in{number}")

        def before(number: int = number) -> None:
            no_exiftool()
            injected(WRITING, act(number))

        status, words, _ = carry_out(in_place(source), before)
        if status not in statuses or "Traceback" in words or "unexpected" in words:
            faults.append((number, f"ends with {status}: {words}"))
        faults.append((number, ends.half(tree(source))))
        if number % 2:
            carry_out(["--undo", "last", "--no-config", str(source)], no_exiftool)
            if tree(source) != ends.before:
                faults.append((number, f"undone: {ends.half(tree(source)) or 'not all'}"))
        for _ in range(2):
            status, words, lines = carry_out(in_place(source), no_exiftool)
            if status or tree(source) != ends.after:
                faults.append((number, f"the later run: {status} {words} {tree(source)}"))
            if (report := sources(lines)) != ends.sources:
                faults.append((number, f"the later run: it reports {report}"))
        if list((source / ".pef-tui" / "staging").iterdir()):
            faults.append((number, "left over in the staging folder"))
        faults.append((number, all_undone(ends, source)))
        shutil.rmtree(source)
    assert not [fault for fault in faults if fault[1]]
    return total


def all_undone(ends: Ends, source: Path) -> str:
    """Undo every run. Check that each undo succeeds, and that the files equal those before the first run."""
    statuses: list[int] = []
    while len(statuses) < 5 and 2 not in statuses:
        statuses.append(carry_out(["--undo", "last", "--no-config", str(source)], no_exiftool)[0])
    if set(statuses) - {0, 2} or statuses[-1] != 2:
        return f"undoing all: {statuses}"
    if tree(source) != ends.before:
        return f"all undone: {ends.half(tree(source)) or 'not all'}"
    return "records are left" if list((source / ".pef-tui" / "undo").iterdir()) else ""


@pytest.mark.timeout(1200)
@tries("kill", "kill -9 before every writing call of a small run in place; then undone or continued")
def test_killed(ends: Ends, place: Path, tried: Callable[[int], None]) -> None:
    tried(every_point(ends, place, signal_at, (0, 137)))


@pytest.mark.timeout(1200)
@tries(
    "fault",
    "a disk error (EIO) from one writing call of a small run in place on; then undone or continued",
)
def test_disk_error(ends: Ends, place: Path, tried: Callable[[int], None]) -> None:
    tried(every_point(ends, place, lambda number: fail_at(number, errno.EIO, stays=True), (0, 1, 2, 3)))


@pytest.mark.timeout(1200)
@tries("fault", "no space (ENOSPC) at one writing call of a small run in place; then undone or continued")
def test_no_space(ends: Ends, place: Path, tried: Callable[[int], None]) -> None:
    tried(every_point(ends, place, lambda number: fail_at(number, errno.ENOSPC), (0, 1, 2, 3)))
