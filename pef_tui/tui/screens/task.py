"""A window that shows a task on the result of a run (verify or undo): its progress, then its result."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from pef_tui.tui.keys import bindings, keymap_of, with_keys
from pef_tui.tui.refresh_rate import interval
from pef_tui.tui.screens.dialogs import WINDOW
from pef_tui.tui.session.session import Session
from pef_tui.tui.session.task import Task
from pef_tui.tui.text.task import problem_files_text, task_text
from pef_tui.tui.widgets.rows import TextScroll

TITLES = {
    "verify": "Verify what was written",
    "outputs": "Verify what earlier runs wrote",
    "undo": "Undo the run",
}


class TaskScreen(ModalScreen[None]):
    """Progress and result of a task."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("task")
    CSS = "TaskScreen { align: center middle; } TaskScreen #files { height: auto; max-height: 14; }" + WINDOW

    def __init__(self, session: Session, task: Task) -> None:
        super().__init__()
        self._session, self._shown_task = session, task
        self._state: tuple[Any, ...] = ()

    def compose(self) -> ComposeResult:
        """Create the progress, and the list of files with a problem."""
        with Vertical(id="window") as window:
            window.border_title = TITLES[self._shown_task.name]
            yield Static(id="far")
            with TextScroll(id="files"):
                yield Static(id="wrong")

    def on_mount(self) -> None:
        """Start the timer that reads and shows the counters of the task."""
        self.set_interval(interval(self._session.environ), self._tick)
        self._tick()

    def _tick(self) -> None:
        task = self._shown_task
        state = (task.done_count, task.problem_count, task.is_over, task.stop_request.is_set())
        if state == self._state or not self.query("#far"):
            return
        self._state = state
        self.query_one("#far", Static).update(task_text(task))
        self.query_one("#wrong", Static).update(problem_files_text(task))
        self.query_one("#files").display = bool(task.problem_files)
        stop = "{task.back}: back" if task.is_over else "{task.back}: stop"
        self.query_one("#window", Vertical).border_subtitle = with_keys(stop, keymap_of(self.app))

    def action_stop_or_back(self) -> None:
        """Stop the task after the current file; if the task has ended, close the window."""
        if self._shown_task.is_over:
            self.dismiss(None)
        else:
            self._shown_task.stop_request.set()
            self._tick()
