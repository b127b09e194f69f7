"""Plans as they are sent to workers elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from msgspec.structs import replace

from pef_tui import Executor, Plan, Stage, Staged, Writer, Written, hookimpl
from pef_tui.model import Match, MediaFile, Sidecar, State
from pef_tui.run.bench import Bench
from pef_tui.run.elsewhere import light
from pef_tui.testing import run_plugin
from pef_tui.testing.export import sidecar
from pef_tui.write.making import Tools

PROCESSES = ("--executor", "processes", "--workers", "2")


def spec(count: int) -> dict[str, Any]:
    """Pictures with sidecars in one folder."""
    names = [f"P{number:03}.jpg" for number in range(count)]
    return {f"Photos from 2019/{name}": sidecar(name) for name in names}


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


class OnlyHere:
    """A writer that no other process has."""

    @hookimpl
    def pef_writers(self) -> list[Writer]:
        return [Writer("only-here", lambda plan: True, Marks, order=1)]


class Marks:
    def write(self, staged: list[Staged]) -> Iterator[Written]:
        for each in staged:
            with Path(each.path).open("ab") as file:
                file.write(b"mark")
            yield Written("written")

    def close(self) -> None:
        pass


class Odd:
    """Finds out what cannot be sent to another process."""

    @hookimpl
    def pef_stages(self) -> list[Stage]:
        return [Stage("odd", lambda matches: (replace(each, facts={"odd.x": Lock()}) for each in matches))]

    @hookimpl
    def pef_writers(self) -> list[Writer]:
        return OnlyHere().pef_writers()

    @hookimpl
    def pef_executors(self) -> list[Executor]:
        return [Executor("mine", lambda: futures.ThreadPoolExecutor(1))]


def test_plans_that_cannot_be_sent_keep_the_run_in_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pef_tui.run.shard.Outfit.__init__",
        lambda self, kit: vars(self).update(users=0, timer=None, _bench=Bench(())),
    )
    monkeypatch.setattr("pef_tui.run.shard.Outfit.tools", lambda self, clock: Tools({}, open))
    monkeypatch.setattr("pef_tui.run.shard.Outfit.new_notes", lambda self: ())
    ran = run_plugin(tmp_path, Odd(), spec(10), executor="mine")
    [note] = [note for note in ran.notes if "files are written in threads" in note]
    assert "cannot be sent there: TypeError: cannot pickle '_thread.lock'" in note
    assert {each.writer for each in ran.media.values() if each.word == "written"} == {"only-here"}


def test_a_light_plan_is_what_our_writers_look_at() -> None:
    match = Match(
        MediaFile(0, "a.jpg", 1, 2),
        "folder",
        Sidecar(title="a"),
        state=State("jpeg", {"EXIF:Make": "x"}),
        facts={"a.b": 1},
    )
    bare = light(Plan(match, "written", output="a.jpg", warnings=("w",), key=b"k"))
    assert (
        bare.match == Match(match.media, "", state=match.state)
        and bare.output == "a.jpg"
        and not bare.warnings
    )
