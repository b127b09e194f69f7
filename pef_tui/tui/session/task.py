"""A task on the result of a run (verify or undo), which processes file after file in its own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from pef_tui.errors import RunError
from pef_tui.plugins.calls import describe_error
from pef_tui.plugins.host import PluginHost
from pef_tui.sanitize import safe
from pef_tui.settings import Settings

if TYPE_CHECKING:
    from pef_tui.pipeline.verify_run import WrittenFiles

MAX_PROBLEM_FILES = 200
"""Maximum number of files with a problem that are listed."""


class TaskFile(NamedTuple):
    """One processed file. Its texts may contain control characters, which the caller must escape."""

    path: str
    problem: str
    """What is wrong with the file; "" if nothing is wrong."""


Steps = Callable[[threading.Event], Iterator[TaskFile]]
"""Function that processes files in turn, yields a TaskFile for each, and ends early if the event is set.

Raises RunError and OSError.
"""


class Task:
    """One task in a thread. Only this thread changes the attributes; any thread may read them."""

    def __init__(self, name: str, steps: Steps, total: int = 0) -> None:
        """`steps`: does the work, and yields each processed file. `total`: number of files; 0 if unknown."""
        self.name = name
        self.total = total
        self.done_count = 0
        """Number of files processed so far."""
        self.problem_count = 0
        """Number of processed files with a problem."""
        self.problem_files: list[TaskFile] = []
        """The first `MAX_PROBLEM_FILES` files with a problem."""
        self.error = ""
        """Why the task as a whole failed, as one line with control characters escaped; "" if it did not fail."""
        self.is_over = False
        self.stop_request = threading.Event()
        """If set, the task ends after the current file."""
        self._steps = steps
        self._thread = threading.Thread(target=self._carry_out, name=name)

    @property
    def is_complete(self) -> bool:
        """Return whether the task has ended after processing every file."""
        return (
            self.is_over
            and not self.error
            and (not self.stop_request.is_set() or 0 < self.total == self.done_count)
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """Stop the task after the current file, and wait for its end."""
        self.stop_request.set()
        self._thread.join()

    def _carry_out(self) -> None:
        try:
            with closing(self._steps(self.stop_request)) as files:  # type: ignore[type-var]
                for file in files:
                    self._count(file)
        except (RunError, OSError) as error:
            self.error = safe((isinstance(error, OSError) and error.strerror) or str(error))
        except Exception as error:  # shown in one line
            self.error = f"unexpected: {describe_error(error)}"
        self.is_over = True

    def _count(self, file: TaskFile) -> None:
        self.done_count += 1
        if file.problem:
            self.problem_count += 1
            if len(self.problem_files) < MAX_PROBLEM_FILES:
                self.problem_files.append(file)


def verify_task(
    settings: Settings, host: Callable[[], PluginHost], output: str, written_files: WrittenFiles
) -> Task:
    """Return a task that reads back and compares the files that a run wrote into `output`, like `--verify 100`."""

    def steps(stop: threading.Event) -> Iterator[TaskFile]:
        from pef_tui.pipeline.verify_run import read_back

        for outcome in read_back(settings, host(), output, written_files, stop):
            yield TaskFile(
                outcome.output or "", "" if outcome.verified else outcome.reason.removeprefix("verify: ")
            )

    return Task("verify", steps, len(written_files))


def undo_task(source: str, run: str) -> Task:
    """Return a task that undoes the in-place run with the name `run` in the folder `source`, like `--undo`."""

    def steps(stop: threading.Event) -> Iterator[TaskFile]:
        from pef_tui.pipeline.undo_run import undo_run

        with closing(undo_run(source, run)) as files:  # type: ignore[type-var]
            for file in files:
                yield TaskFile(file.path, file.reason if file.outcome == "left" else "")
                if stop.is_set():
                    return

    return Task("undo", steps)
