"""Something done to the result of a run, in a thread of its own and file by file: read back, or undone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from pef_tui.display import safe
from pef_tui.errors import RunError
from pef_tui.guard import reason
from pef_tui.plugins import PluginHost
from pef_tui.settings import Settings

if TYPE_CHECKING:
    from pef_tui.verifying import Written

KEPT = 200
"""Files that are named of those with something wrong."""


class File(NamedTuple):
    """One file that was dealt with. Texts are not safe to show yet."""

    path: str
    wrong: str
    """What is wrong with it; "" for nothing."""


Steps = Callable[[threading.Event], Iterator[File]]
"""Deals with one file after the other until the event is set. Raises RunError and OSError."""


class Chore:
    """Its own thread writes the attributes, anyone may read them."""

    def __init__(self, name: str, steps: Steps, total: int = 0) -> None:
        """`total`: how many files there are, 0 where that is not known."""
        self.name = name
        self.total = total
        self.done = 0
        """Files dealt with."""
        self.wrong = 0
        """Of those, how many are not as they should be."""
        self.files: list[File] = []
        """The first of those, with why."""
        self.error = ""
        """Why it failed as a whole, in one line that is safe to show."""
        self.over = False
        self.stopping = threading.Event()
        """Set, it ends after what is in hand."""
        self._steps = steps
        self._thread = threading.Thread(target=self._carry_out, name=name)

    @property
    def whole(self) -> bool:
        """Has it come to its end with every file?"""
        return self.over and not self.error and (not self.stopping.is_set() or 0 < self.total == self.done)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Stop it after what is in hand, and wait for that."""
        self.stopping.set()
        self._thread.join()

    def _carry_out(self) -> None:
        try:
            with closing(self._steps(self.stopping)) as files:  # type: ignore[type-var]
                for file in files:
                    self._count(file)
        except (RunError, OSError) as error:
            self.error = safe((isinstance(error, OSError) and error.strerror) or str(error))
        except Exception as error:  # whatever it is: one line
            self.error = f"unexpected: {reason(error)}"
        self.over = True

    def _count(self, file: File) -> None:
        self.done += 1
        if file.wrong:
            self.wrong += 1
            if len(self.files) < KEPT:
                self.files.append(file)


def reading_back(settings: Settings, host: Callable[[], PluginHost], output: str, written: Written) -> Chore:
    """Reads back what a run put into `output`, as `--verify 100` does."""

    def steps(stop: threading.Event) -> Iterator[File]:
        from pef_tui.verifying import read_back

        for outcome in read_back(settings, host(), output, written, stop):
            yield File(
                outcome.output or "", "" if outcome.verified else outcome.reason.removeprefix("verify: ")
            )

    return Chore("verify", steps, len(written))


def undoing(source: str, run: str) -> Chore:
    """Undoes a run in place, as `--undo` does."""

    def steps(stop: threading.Event) -> Iterator[File]:
        from pef_tui.undoing import taken_back

        with closing(taken_back(source, run)) as files:  # type: ignore[type-var]
            for done in files:
                yield File(done.path, done.reason if done.word == "left" else "")
                if stop.is_set():
                    return

    return Chore("undo", steps)
