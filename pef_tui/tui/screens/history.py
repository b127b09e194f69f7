"""History screen: the runs and files in the manifest of an output folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.errors import RunError
from pef_tui.manifest import EntryFilter, Row, Run, RunHistory, holder
from pef_tui.output.undo_folder import UndoRun
from pef_tui.reporting.html import last_report
from pef_tui.sanitize import safe
from pef_tui.tui.keys import bindings, keymap_of, with_keys
from pef_tui.tui.panels import PanelScreen
from pef_tui.tui.screens.charts import open_in_browser, report_text
from pef_tui.tui.screens.copying import offer_copies, path_offer
from pef_tui.tui.screens.dialogs import ChoiceDialog, TextWindow
from pef_tui.tui.screens.follow import FollowScreen
from pef_tui.tui.screens.picker import PickScreen
from pef_tui.tui.screens.task import TaskScreen
from pef_tui.tui.session import history as history_tasks
from pef_tui.tui.session.session import Session
from pef_tui.tui.session.task import Task
from pef_tui.tui.text.history import (
    file_row,
    file_text,
    folder_state,
    local_minute,
    no_history,
    run_row,
    run_text,
    undo_question,
)
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.widgets.keys_bar import KeysBar
from pef_tui.tui.widgets.line_input import LineInput
from pef_tui.tui.widgets.option import Option as PickOption
from pef_tui.tui.widgets.path_input import PathInput
from pef_tui.tui.widgets.rows import RowList
from pef_tui.tui.widgets.steps_bar import StepsBar

PAGE = 200
"""Number of files that are read at once. More files are read when the cursor reaches the last listed file."""
MAX_RUNS = 50
MAX_FOLDERS = 100_000
"""Largest number of folders that are offered as filter."""
KINDS: tuple[tuple[str, EntryFilter], ...] = (
    ("all", EntryFilter()),
    ("failed", EntryFilter(outcomes=("failed",))),
    ("without a sidecar", EntryFilter(outcomes=("unmatched",))),
    ("with conflicts", EntryFilter(conflict=True)),
)
Answer = TypeVar("Answer")


class HistoryScreen(PanelScreen):
    """Shows the runs and files of an output folder: verifies the outputs, undoes runs in place, watches a run."""

    HELP = (
        "Type the path of an output folder at the top. Its runs are at the left, their files at the right. "
        "{history.find} searches, {history.kind} and {history.folder} pick which files are listed; Enter shows all "
        "about a run or a file.\n"
        "{history.verify} compares the outputs with what the manifest recorded, {history.undo} undoes a run in place, "
        "{history.report} shows the last report. {history.watch} watches a run that another process carries out, for "
        "example after the connection was lost."
    )
    FOOTER = ("history.watch", "history.undo", "history.verify", "history.report", "history.find")
    BINDINGS: ClassVar[list[BindingType]] = bindings("history")
    DEFAULT_CSS = """
    HistoryScreen #dest { margin: 0 1; }
    HistoryScreen #state { height: auto; padding: 0 1; }
    HistoryScreen #both { height: 1fr; }
    HistoryScreen OptionList { padding: 0; background: transparent; text-wrap: nowrap; text-overflow: ellipsis; }
    HistoryScreen #runs { width: 34; height: 100%; margin-right: 1; }
    HistoryScreen #at-right { width: 1fr; height: 100%; }
    HistoryScreen #files { height: 1fr; border: none; }
    HistoryScreen.-narrow #both { layout: vertical; }
    HistoryScreen.-narrow #runs { width: 100%; height: 5; }
    HistoryScreen.-narrow #at-right { width: 100%; height: 1fr; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._dest = history_tasks.first_folder(session)
        self._history: RunHistory | None = None
        self._kind = 0
        self._folder: str | None = None
        self._holder = ""
        """Description of the process that holds the lock of the folder; "" if no process does."""
        self._undoable: list[UndoRun] = []
        self._output_count = 0
        self._runs: list[Run] = []
        self._files: list[Row] = []
        self._is_complete = False

    def compose(self) -> ComposeResult:
        """Create the folder, its state, its runs and its files."""
        yield StepsBar("History")
        yield PathInput(self._dest, id="dest", placeholder="an output folder")
        yield Static(id="state")
        with Horizontal(id="both"):
            yield RowList(id="runs", classes="box", compact=True)
            with Vertical(id="at-right", classes="box"):
                find = LineInput(id="find", placeholder="part of a name")
                yield find
                files = RowList(id="files", compact=True)
                files.can_search = False
                yield files
        yield KeysBar()

    def on_mount(self) -> None:
        """Set the titles, and read the manifest."""
        self.query_one("#runs").border_title = " Runs, most recent first "
        self._open()
        if self._files:
            self.query_one("#files", OptionList).highlighted = 0
        self.query_one("#dest" if self._history is None else "#files").focus()

    def on_unmount(self) -> None:
        """Close the manifest."""
        if self._history is not None:
            self._history.close()

    # -- reading

    def _open(self) -> None:
        if self._history is not None:
            self._history.close()
        self._history, problem = None, ""
        try:
            self._history = RunHistory.open(self._dest) if self._dest and os.path.isdir(self._dest) else None
        except (OSError, RunError) as error:
            problem = safe(str(error))
        self._runs = self._query(lambda history: history.runs(MAX_RUNS)) or []
        self._output_count = self._query(lambda history: history.output_count()) or 0
        is_known = self._history is not None
        self._holder = holder(self._dest) if is_known else ""
        self._undoable = history_tasks.undoable_runs(self._dest) if is_known else []
        self.refresh_bindings()
        runs = self.query_one("#runs", OptionList)
        runs.clear_options()
        runs.add_options([Option(run_row(run)) for run in self._runs])
        self.query_one("#state", Static).update(self._state(problem))
        self._list()

    def _query(self, query: Callable[[RunHistory], Answer]) -> Answer | None:
        """Return the result of `query`, which reads the manifest; None if the manifest is missing or unreadable."""
        if self._history is None:
            return None
        try:
            return query(self._history)
        except Exception as error:
            self.notify(safe(str(error), 200), severity="error", markup=False)
            return None

    def _state(self, problem: str) -> Content:
        if problem:
            return safe_content((problem, "$text-error"))
        if self._history is None:
            return no_history(self._dest)
        hint = with_keys("{history.watch} watches it", keymap_of(self.app))
        return folder_state(self._history, self._holder, hint)

    def _list(self) -> None:
        """List the files of the current kind, from the first file on."""
        title, _ = KINDS[self._kind]
        if self._folder is not None:
            title += f", in {self._folder or 'the top folder'}"
        self.query_one("#at-right").border_title = safe_content(f" Files: {title} ")
        self._files, self._is_complete = [], False
        self.query_one("#files", OptionList).clear_options()
        self._load_page()

    def _load_page(self) -> None:
        if self._is_complete:
            return
        _, kind = KINDS[self._kind]
        text = self.query_one("#find", Input).value.strip()
        entry_filter = EntryFilter(kind.outcomes, self._folder, text, kind.conflict)
        last = self._files[-1] if self._files else None
        rows = self._query(lambda history: history.page(entry_filter, last, PAGE)) or []
        self._is_complete = len(rows) < PAGE
        self._files += rows
        self.query_one("#files", OptionList).add_options([Option(file_row(row)) for row in rows])

    # -- keys

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read the manifest of the typed folder, or end the search. Then focus the list of files."""
        event.stop()
        if event.input.id == "dest":
            path = self.query_one("#dest", PathInput).path
            self._dest = os.path.realpath(path) if path else ""
            self._folder = None
            self._open()
        self.query_one("#files").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """List the files that match the typed text."""
        if event.input.id == "find":
            self._list()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Read more files when the cursor reaches the last listed file."""
        if event.option_list.id == "files" and event.option_index >= len(self._files) - 1:
            self._load_page()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Show the details of a run or a file."""
        event.stop()
        if event.option_list.id == "runs":
            self.app.push_screen(TextWindow("Run", run_text(self._runs[event.option_index])))
        else:
            self.app.push_screen(TextWindow("File", file_text(self._files[event.option_index])))

    def action_pick_kind(self) -> None:
        """Let the user pick which of `KINDS` to list: all, failed, without a sidecar, with conflicts and so on."""

        def on_pick(key: str | None) -> None:
            if key is not None:
                self._kind = int(key)
                self._list()
                self.query_one("#files").focus()

        options = [PickOption(f"{number}", title) for number, (title, _) in enumerate(KINDS)]
        self.app.push_screen(PickScreen("Which files?", options), on_pick)

    def action_pick_folder(self) -> None:
        """Let the user pick the folder whose files to list."""
        folders = self._query(lambda history: history.folders(limit=MAX_FOLDERS)) or []
        options = [PickOption("", "every folder")]
        options += [
            PickOption(f"={folder.path}", folder.path or "the top folder", f"{folder.files:,}")
            for folder in folders
        ]

        def on_pick(key: str | None) -> None:
            if key is not None:
                self._folder = key[1:] if key else None
                self._list()
                self.query_one("#files").focus()

        self.app.push_screen(PickScreen("Which folder?", options), on_pick)

    def action_clear(self) -> None:
        """Remove the filter and the search."""
        self._kind, self._folder = 0, None
        with self.prevent(Input.Changed):
            self.query_one("#find", Input).value = ""
        self._list()
        self.query_one("#files").focus()

    # -- what can be done with the folder

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the folder has what `action` acts on; True for actions on the lists."""
        if action == "watch":
            return bool(self._holder)
        if action == "undo":
            return bool(self._undoable)
        if action == "verify":
            return self._output_count > 0
        return action != "report" or bool(self._dest and last_report(self._dest))

    def action_watch(self) -> None:
        """Show the progress of the run in progress: the Run screen if it is a run of this app, else a window."""
        if history_tasks.is_own_run(self._session, self._dest):
            app: Any = self.app
            app.go("run")
            return
        self.app.push_screen(FollowScreen(self._dest), lambda _: self._open())

    def action_verify(self) -> None:
        """Start the task that compares the outputs with what the manifest recorded."""
        self._show_task(history_tasks.start_verify(self._session, self._dest, self._output_count))

    def action_undo(self) -> None:
        """Let the user pick the run in place to undo, if there are several, and ask before it is undone."""
        undoable = self._undoable
        if len(undoable) == 1:
            self._ask_to_undo(undoable[0])
            return
        options = [
            PickOption(f"{number}", f"Run in place of {local_minute(run.started_ns)}", run.name)
            for number, run in enumerate(undoable)
        ]

        def on_pick(key: str | None) -> None:
            if key is not None:
                self._ask_to_undo(undoable[int(key)])

        self.app.push_screen(PickScreen("Undo which run?", options), on_pick)

    def _ask_to_undo(self, run: UndoRun) -> None:
        def on_answer(answer: str | None) -> None:
            if answer == "undo":
                self._show_task(history_tasks.start_undo(self._session, self._dest, run))

        text = undo_question(run, history_tasks.is_foreign(self._session, self._dest, run))
        answers = (("keep", "Keep what was written"), ("undo", "Undo the run"))
        self.app.push_screen(ChoiceDialog("Undo the run?", text, answers), on_answer)

    def _show_task(self, task: Task) -> None:
        self.app.push_screen(TaskScreen(self._session, task), lambda _: self._open())

    def action_report(self) -> None:
        """Show the path of the last report, and open it if there is a desktop."""
        path = last_report(self._dest)
        is_opening = bool(path) and open_in_browser(self.app, path, self._session.environ)
        self.app.push_screen(TextWindow("Report", report_text(path, is_opening)))

    def action_copy(self) -> None:
        """Let the user copy a path: of the folder, its report, or the output of the file under the cursor."""
        offers = [path_offer("Path of the output folder", self._dest)] if self._dest else []
        index = self.query_one("#files", RowList).row_index()
        if 0 <= index < len(self._files) and self._files[index].output:
            path = os.path.join(self._dest, self._files[index].output)
            offers.insert(0, path_offer("Path of the output", path))
        if report := last_report(self._dest) if self._dest else "":
            offers.append(path_offer("Path of the report", report))
        offer_copies(self.app, offers)

    # -- the search

    def action_find(self) -> None:
        """Focus the search field."""
        self.query_one("#find").focus()

    def action_next_match(self, direction: int) -> None:
        """Move the cursor to the next (1) or the previous (-1) of the files that match the search."""
        if self.query_one("#find", Input).value:
            self.query_one("#files", RowList).action_move(direction)
        else:
            self.action_find()

    def action_back(self) -> None:
        """End the search; go back one screen if there is no search."""
        find = self.query_one("#find", Input)
        if find.value or find.has_focus:
            find.value = ""
            self.query_one("#files").focus()
        else:
            app: Any = self.app
            app.action_go_back()
