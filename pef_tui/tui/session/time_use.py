"""Where the time of a run goes: what its threads do, observed while they run.

The run is not slowed down, because nothing is added to it: `TimeUse.sample` looks at the stacks of its threads.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from types import FrameType

THREADS = ("plan", "tags", "write", "send")
"""Beginnings of the names of the threads that are observed: those that plan, read tags, and carry out batches."""
SYNC = "waiting for the disk"
ACTIVITIES = (
    ("pef_tui.exiftool", "ExifTool"),
    ("pef_tui.output.exiftool_writer", "ExifTool"),
    ("pef_tui.readers.exiftool_reader", "ExifTool"),
    ("pef_tui.readers", "reading tags"),
    ("pef_tui.native", "editing tags"),
    ("pef_tui.xmp", "editing tags"),
    ("pef_tui.execution.process_pool", "worker processes"),
    ("pef_tui.execution.remote", "worker processes"),
    ("pef_tui.sources.sidecar_reader", "reading JSON files"),
    ("pef_tui.sources", "listing"),
    ("pef_tui.manifest", "recording"),
    ("pef_tui.output.publish", "renaming"),
    ("pef_tui.output.final_names", "renaming"),
    ("pef_tui.output", "copying"),
    ("pef_tui.resume", "comparing"),
    ("pef_tui.takeout", "matching"),
    ("pef_tui.cross_folder", "matching"),
    ("pef_tui.tags", "planning"),
    ("pef_tui.planning", "planning"),
    ("pef_tui.pipeline.prefetch", ""),
)
"""Beginning of the name of a module, and what a thread does whose innermost function is in this module.

"" if the thread waits for work. Functions in other modules, such as `filesystem`, count for their callers.
"""


class TimeUse:
    """Counts what the threads of the run in this process do, each time that `sample` is called."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def sample(self) -> None:
        """Count what each thread does at present. Threads that wait for work are not counted."""
        frames = sys._current_frames()
        for thread in threading.enumerate():
            frame = frames.get(thread.ident or 0)
            if frame is not None and thread.name.startswith(THREADS) and (words := activity(frame)):
                self._counts[words] += 1

    def shares(self) -> list[tuple[str, float]]:
        """Return each activity and its share of the time of all threads, from 0 to 1; the largest share first."""
        total = self._counts.total()
        return [(words, count / total) for words, count in self._counts.most_common()]


def activity(frame: FrameType | None) -> str:
    """Return what a thread does, from its innermost frame outwards; "" if it waits for work."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("pef_tui."):
            if "sync" in frame.f_code.co_name:
                return SYNC
            for beginning, words in ACTIVITIES:
                if module.startswith(beginning):
                    return words
        frame = frame.f_back
    return ""
