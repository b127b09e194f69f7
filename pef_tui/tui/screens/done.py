"""Done screen: counts of the run, problems by cause with advice, and next steps."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.output.undo_folder import undo_runs
from pef_tui.preview.overview import overview
from pef_tui.reporting.html import last_report
from pef_tui.tui.keys import bindings
from pef_tui.tui.panels import PanelScreen
from pef_tui.tui.screens.copying import offer_copies, path_offer
from pef_tui.tui.screens.dialogs import ChoiceDialog, TextWindow
from pef_tui.tui.screens.task import TaskScreen
from pef_tui.tui.session.batch_command import batch_command
from pef_tui.tui.session.session import Session
from pef_tui.tui.session.task import Task
from pef_tui.tui.text.charts import chart_text
from pef_tui.tui.text.done import (
    Problem,
    heading,
    next_steps,
    problem_row,
    problem_text,
    problems,
    result,
    steps_of,
)
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.widgets.keys_bar import KeysBar
from pef_tui.tui.widgets.rows import RowList
from pef_tui.tui.widgets.steps_bar import StepsBar


class DoneScreen(PanelScreen):
    """The result of a run."""

    HELP = (
        "Enter on a problem shows advice and its files. Retry writes only what failed. Running again is always safe: "
        "only new or changed files are written.\n"
        "Verify reads every written file again and compares it with the plan, and its picture with that of the "
        "source. Undo, after a run in place, restores every file."
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("done")
    DEFAULT_CSS = """
    DoneScreen #head { height: auto; padding: 1; }
    DoneScreen #both { height: 1fr; }
    DoneScreen #result { width: 38; height: 100%; margin-right: 1; }
    DoneScreen #at-right { width: 1fr; height: 100%; }
    DoneScreen #problems { height: 1fr; min-height: 3; padding: 0; background: transparent; text-wrap: nowrap;
                           text-overflow: ellipsis; }
    DoneScreen #steps { height: auto; max-height: 60%; padding: 0 1; }
    DoneScreen #charts { display: none; width: 2fr; height: 100%; margin-left: 1; }
    DoneScreen.-wide #result, DoneScreen.-vast #result { width: 44; }
    DoneScreen.-vast #charts { display: block; }
    DoneScreen.-vast #problems { height: auto; max-height: 50%; }
    DoneScreen.-vast #steps { height: 1fr; max-height: 100%; }
    DoneScreen #drawn { height: auto; }
    DoneScreen.-vast #at-right { width: 2fr; }
    DoneScreen.-narrow #head { padding: 0 1; }
    DoneScreen.-narrow #both { layout: vertical; }
    DoneScreen.-narrow #result { width: 100%; height: 1fr; margin: 0; }
    DoneScreen.-narrow #at-right { width: 100%; height: 1fr; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        run = session.run
        assert run is not None, "only a run has this screen"
        self._run = run
        self._problems: list[Problem] = problems(run, session.stats)
        self._commands: list[str] = []
        self._undoable = bool(run.progress.undo) and any(
            undoable.name == run.progress.undo and not undoable.empty
            for undoable in undo_runs(run.progress.output)
        )

    def compose(self) -> ComposeResult:
        """Create the counts at the left, problems and next steps at the right."""
        yield StepsBar("done")
        yield Static(id="head")
        with Horizontal(id="both"):
            with VerticalScroll(id="result", classes="box", can_focus=False) as box:
                box.border_title = " Result "
                yield Static(result(self._run))
            with Vertical(id="at-right"):
                problem_list = RowList(
                    *(
                        [Option(problem_row(problem)) for problem in self._problems]
                        or [Option(safe_content("none"), disabled=True)]
                    ),
                    id="problems",
                    classes="box",
                    compact=True,
                )
                problem_list.border_title = " Problems: Enter shows advice "
                yield problem_list
                with VerticalScroll(id="steps", classes="box", can_focus=False) as steps:
                    steps.border_title = " Next steps "
                    yield Static(next_steps(steps_of(self._run, self._session.tasks)), id="step-texts")
            with VerticalScroll(id="charts", classes="box", can_focus=False) as charts:
                charts.border_title = " Charts "
                yield Static(id="drawn")
        yield KeysBar()

    def on_resize(self) -> None:
        """Draw the charts for the new width."""
        self.call_after_refresh(self._draw_charts)

    def _draw_charts(self) -> None:
        charts = self.query_one("#charts")
        if charts.display and self._session.stats is not None:
            rows = overview(self._session.stats, charts.scrollable_content_region.width)
            self.query_one("#drawn", Static).update(chart_text(rows, "No data to draw."))

    def on_mount(self) -> None:
        """Show how the run ended."""
        self._show_heading()

    def _show_heading(self) -> None:
        if not self.query("#step-texts"):  # the screen is being removed
            return
        self.query_one("#head", Static).update(heading(self._run, self._session.tasks))
        steps = steps_of(self._run, self._session.tasks)
        self.query_one("#step-texts", Static).update(next_steps(steps))
        self._commands = [step.command for step in steps if step.command]
        self.refresh_bindings()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open a window with the cause, the advice and the first files of the selected problem."""
        event.stop()
        problem = self._problems[event.option_index]
        self.app.push_screen(TextWindow(problem.kind.capitalize(), problem_text(problem)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the screen offers `action`; True for all actions except these three.

        `retry`: if a file failed. `verify`: if files were written. `undo`: if the run can be undone, and is not yet.
        """
        tasks = self._session.tasks
        is_undone = "undo" in tasks and tasks["undo"].is_complete
        if action == "retry":
            return bool(self._run.progress.failed) or (
                "verify" in tasks and tasks["verify"].problem_count > 0
            )
        if action == "verify":
            return bool(self._session.written_files) and not is_undone
        return action != "undo" or (self._undoable and not is_undone)

    def action_retry(self) -> None:
        """Start a run that handles only failed files."""
        app: Any = self.app
        setting = self._session.settings.retry_failed
        self._session.change(retry_failed=True)
        app.go("run")
        self._session.change(retry_failed=setting)

    def action_again(self) -> None:
        """Start a run again, which handles new and changed files."""
        app: Any = self.app
        app.go("run")

    def action_verify(self) -> None:
        """Start the task that verifies the written files."""
        self._show_task(self._session.verify())

    def action_undo(self) -> None:
        """Ask whether to undo the run, and start the task that undoes it."""
        text = "Every file that the run changed is restored, byte for byte, and its new files are removed."
        answers = (("keep", "Keep what was written"), ("undo", "Undo the run"))

        def on_answer(answer: str | None) -> None:
            if answer == "undo":
                self._show_task(self._session.undo())

        self.app.push_screen(ChoiceDialog("Undo the run?", text, answers), on_answer)

    def _show_task(self, task: Task) -> None:
        self.app.push_screen(TaskScreen(self._session, task), lambda _: self._show_heading())

    def action_pictures(self) -> None:
        """Show charts and map of the run."""
        from pef_tui.tui.screens.charts import PicturesScreen

        if self._session.stats is not None:
            self.app.push_screen(PicturesScreen(self._session.stats))

    def action_report(self) -> None:
        """Show the path of the report, and open it if there is a desktop."""
        from pef_tui.tui.screens.charts import open_in_browser, report_text

        path = self._run.settings.report or last_report(self._run.progress.output)
        is_opening = bool(path) and open_in_browser(self.app, path, self._session.environ)
        self.app.push_screen(TextWindow("Report", report_text(path, is_opening)))

    def action_copy(self) -> None:
        """Let the user copy the command of the next step, the run as a command, or a path."""
        output = self._run.progress.output or self._run.settings.output
        report = self._run.settings.report or last_report(output)
        offers = [("The command of the next step", command) for command in self._commands]
        offers.append(("The same run as a command", batch_command(self._session, self._run.settings)))
        if report:
            offers.append(path_offer("Path of the report", os.path.abspath(report)))
        offers.append(path_offer("Path of the output folder", os.path.abspath(output)))
        offer_copies(self.app, offers)

    def action_new(self) -> None:
        """Go back to the Choose screen for another export."""
        app: Any = self.app
        self._session.run = None
        app.go("choose")
