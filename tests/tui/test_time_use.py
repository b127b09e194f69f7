"""Where the time of a run goes, from the stacks of its threads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType

import pytest

from pef_tui.tui.session.time_use import SYNC, TimeUse, activity


def _calls(*names: str) -> Callable[[Callable[[], object]], object]:
    """Return a function that calls its argument through functions `module:function`, the outermost first."""

    def call(innermost: Callable[[], object]) -> object:
        function = innermost
        for name in reversed(names):
            module, _, function_name = name.partition(":")
            scope = {"__name__": module, "inner": function}
            exec(f"def {function_name}(): return inner()", scope)
            function = scope[function_name]  # type: ignore[assignment]
        return function()

    return call


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (("pef_tui.output.staging:stage", "pef_tui.native.jpeg:edit"), "editing tags"),
        (("pef_tui.output.staging:stage", "pef_tui.filesystem.copying:copy"), "copying"),
        (("pef_tui.output.produce:produce", "pef_tui.output.finishing:sync_one"), SYNC),
        (("pef_tui.planning.planner:plan", "pef_tui.readers.exiftool_reader:read"), "ExifTool"),
        (("pef_tui.planning.planner:plan", "pef_tui.pipeline.prefetch:put"), ""),
        (("threading:wait",), ""),
    ],
)
def test_the_innermost_module_that_is_known_tells_the_activity(calls: tuple[str, ...], expected: str) -> None:
    frame = _calls(*calls)(lambda: sys._getframe(1))
    assert isinstance(frame, FrameType)
    # the frames outside are those of this test
    assert activity(frame) == expected


def test_only_threads_of_a_run_that_work_are_counted() -> None:
    ready, end = threading.Barrier(5), threading.Event()

    def wait() -> None:
        ready.wait(20)
        end.wait(20)

    calls = {
        "write_0": ("pef_tui.manifest.journal:append",),
        "write_1": ("pef_tui.output.publish:rename",),
        "plan": ("pef_tui.pipeline.prefetch:put",),
        "other": ("pef_tui.manifest.journal:append",),
    }
    threads = [
        threading.Thread(target=_calls(*names), args=(wait,), name=name) for name, names in calls.items()
    ]
    use = TimeUse()
    assert use.shares() == []
    for thread in threads:
        thread.start()
    try:
        ready.wait(20)
        use.sample()
        use.sample()
    finally:
        end.set()
        for thread in threads:
            thread.join(20)
    assert sorted(use.shares()) == [("recording", 0.5), ("renaming", 0.5)]
