"""Plans that are sent to worker processes."""

from __future__ import annotations

from concurrent import futures
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import pytest
from local_writer import LocalWriterPlugin
from msgspec.structs import replace

from pef_tui import Executor, Plan, Stage, Writer, hookimpl
from pef_tui.execution.remote import without_metadata
from pef_tui.execution.remote_worker import WorkerRuntime, WorkerSetup
from pef_tui.execution.sessions import SessionPool
from pef_tui.filesystem.dest_check import DestCheck
from pef_tui.model import FileMetadata, Match, MediaFile, Sidecar
from pef_tui.output.produce import WorkerTools
from pef_tui.testing import run_plugin
from pef_tui.testing.export import sidecar

PROCESSES = ("--executor", "processes", "--workers", "2")


def spec(count: int) -> dict[str, Any]:
    """Return the specification of pictures with sidecars in one folder."""
    names = [f"P{number:03}.jpg" for number in range(count)]
    return {f"Photos from 2019/{name}": sidecar(name) for name in names}


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


class Odd:
    """A plugin whose objects cannot all be sent to another process."""

    @hookimpl
    def pef_stages(self) -> list[Stage]:
        return [Stage("odd", lambda matches: (replace(match, facts={"odd.x": Lock()}) for match in matches))]

    @hookimpl
    def pef_writers(self) -> list[Writer]:
        return LocalWriterPlugin().pef_writers()

    @hookimpl
    def pef_executors(self) -> list[Executor]:
        return [Executor("mine", lambda: futures.ThreadPoolExecutor(1))]


def test_plans_that_cannot_be_sent_keep_the_run_in_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_media(media: MediaFile) -> BinaryIO:
        return Path(media.path).open("rb")

    def without_plugins(self: WorkerRuntime, setup: WorkerSetup) -> None:
        dest_check = DestCheck(setup.settings.output)
        self.__dict__.update(
            users=0, timer=None, _sessions=SessionPool(()), dest_check=dest_check, queues=None
        )

    monkeypatch.setattr(
        "pef_tui.execution.remote_worker.WorkerRuntime.__init__",
        without_plugins,
    )
    monkeypatch.setattr(
        "pef_tui.execution.remote_worker.WorkerRuntime.tools", lambda self, *_: WorkerTools({}, open_media)
    )
    monkeypatch.setattr("pef_tui.execution.remote_worker.WorkerRuntime.new_notes", lambda self: ((), ()))
    ran = run_plugin(tmp_path, Odd(), spec(10), executor="mine")
    [note] = [note for note in ran.notes if "files are written in threads" in note]
    assert "cannot be sent there: TypeError: cannot pickle '_thread.lock'" in note
    assert {media_file.writer for media_file in ran.media.values() if media_file.outcome == "written"} == {
        "only-here"
    }


def test_a_light_plan_is_what_our_writers_look_at() -> None:
    match = Match(
        MediaFile(0, "a.jpg", 1, 2),
        "folder",
        Sidecar(title="a"),
        metadata=FileMetadata("jpeg", {"EXIF:Make": "x"}),
        facts={"a.b": 1},
    )
    bare = without_metadata(Plan(match, "written", output="a.jpg", warnings=("w",), key=b"k"))
    assert (
        bare.match == Match(match.media, "", metadata=match.metadata)
        and bare.output == "a.jpg"
        and not bare.warnings
    )
