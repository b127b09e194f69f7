"""Done: counts that add up, problems by cause with what to do, and where to go from here."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.report_page import last_report
from pef_tui.tui.asking import Ask, Words
from pef_tui.tui.bar import StageBar
from pef_tui.tui.chore import Chore
from pef_tui.tui.chore_screen import ChoreScreen
from pef_tui.tui.content import said
from pef_tui.tui.done_words import (
    Problem,
    heading,
    next_steps,
    problem_row,
    problem_text,
    problems,
    result,
)
from pef_tui.tui.flow import Flow
from pef_tui.tui.keys_bar import KeysBar
from pef_tui.write.undo_folder import undo_runs


class DoneScreen(Screen[None]):
    """What a run did."""

    HELP = (
        "Enter on a problem tells what to do and which files it is about. Retry does again only what failed. "
        "Running again is always safe: only what is new or changed is done.\n"
        "Verify reads every file that was written back and compares it with the plan, pictures with the source's. "
        "Undo, after a run in place, puts every file back as it was."
    )
    BINDINGS = [
        Binding("r", "retry", "Retry", tooltip="Do again what failed", id="done.retry"),
        Binding("g", "again", "Again", tooltip="Do what is new or changed since", id="done.again"),
        Binding("v", "verify", "Verify", id="done.verify"),
        Binding("u", "undo", "Undo", id="done.undo"),
        Binding("c", "pictures", "Charts", id="done.pictures"),
        Binding("o", "report", "Report", id="done.report"),
        Binding("n", "new", "New", id="done.new"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (76, "-normal")]
    DEFAULT_CSS = """
    DoneScreen #head { height: auto; padding: 1; }
    DoneScreen #both { height: 1fr; }
    DoneScreen .box { border-top: solid $foreground-muted !important; border-title-color: $text-primary;
                      border-title-style: bold; scrollbar-size-vertical: 1; }
    DoneScreen .box:focus { border-top: solid $primary !important; }
    DoneScreen #result { width: 38; height: 100%; margin-right: 1; }
    DoneScreen #at-right { width: 1fr; height: 100%; }
    DoneScreen #problems { height: 1fr; min-height: 3; padding: 0; background: transparent; border-left: none;
                           border-right: none; border-bottom: none; text-wrap: nowrap; text-overflow: ellipsis; }
    DoneScreen #steps { height: auto; max-height: 60%; padding: 0 1; }
    DoneScreen.-narrow #head { padding: 0 1; }
    DoneScreen.-narrow #both { layout: vertical; }
    DoneScreen.-narrow #result { width: 100%; height: 1fr; margin: 0; }
    DoneScreen.-narrow #at-right { width: 100%; height: 1fr; }
    """

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow
        run = flow.run
        assert run is not None, "this screen is for a run"
        self._run = run
        self._problems: list[Problem] = problems(run, flow.figures)
        self._undoable = bool(run.progress.undo) and any(
            each.name == run.progress.undo and not each.empty for each in undo_runs(run.progress.output)
        )

    def compose(self) -> ComposeResult:
        """The result at the left, what to do at the right."""
        yield StageBar("done")
        yield Static(id="head")
        with Horizontal(id="both"):
            with VerticalScroll(id="result", classes="box", can_focus=False) as box:
                box.border_title = " Result "
                yield Static(result(self._run))
            with Vertical(id="at-right"):
                listed = OptionList(
                    *(
                        [Option(problem_row(each)) for each in self._problems]
                        or [Option(said("none"), disabled=True)]
                    ),
                    id="problems",
                    classes="box",
                    compact=True,
                )
                listed.border_title = " Problems: Enter tells what to do "
                yield listed
                with VerticalScroll(id="steps", classes="box", can_focus=False) as steps:
                    steps.border_title = " What next "
                    yield Static(next_steps(self._run))
        yield KeysBar()

    def on_mount(self) -> None:
        """What came of it."""
        self._show_heading()

    def _show_heading(self) -> None:
        self.query_one("#head", Static).update(heading(self._run, self._flow.chores))
        self.refresh_bindings()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Everything about one problem."""
        event.stop()
        problem = self._problems[event.option_index]
        self.app.push_screen(Words(problem.kind.capitalize(), problem_text(problem)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Retry only where something failed, verify only what was written, undo only what can be undone."""
        chores = self._flow.chores
        undone = "undo" in chores and chores["undo"].whole
        if action == "retry":
            return bool(self._run.progress.failed) or ("verify" in chores and chores["verify"].wrong > 0)
        if action == "verify":
            return bool(self._flow.written) and not undone
        return action != "undo" or (self._undoable and not undone)

    def action_retry(self) -> None:
        """Do again what failed, and nothing else."""
        app: Any = self.app
        before = self._flow.settings.retry_failed
        self._flow.change(retry_failed=True)
        app.go("run")
        self._flow.change(retry_failed=before)

    def action_again(self) -> None:
        """Do what is new or changed since."""
        app: Any = self.app
        app.go("run")

    def action_verify(self) -> None:
        """Read back what was written and compare."""
        self._watch(self._flow.read_back())

    def action_undo(self) -> None:
        """Put back what the run changed, once that is answered."""
        count = sum(self._run.progress.media[word] for word in ("written", "sidecar"))
        text = f"Every file that the run changed ({count:,}) becomes what it was before, byte by byte."
        answers = (("keep", "Keep what was written"), ("undo", "Undo the run"))

        def answered(answer: str | None) -> None:
            if answer == "undo":
                self._watch(self._flow.undo())

        self.app.push_screen(Ask("Undo the run?", text, answers), answered)

    def _watch(self, chore: Chore) -> None:
        self.app.push_screen(ChoreScreen(self._flow, chore), lambda _: self._show_heading())

    def action_pictures(self) -> None:
        """Charts and map of what was done."""
        from pef_tui.tui.pictures import PicturesScreen

        if self._flow.figures is not None:
            self.app.push_screen(PicturesScreen(self._flow.figures))

    def action_report(self) -> None:
        """Where the report lies; opened where there is a desktop."""
        from pef_tui.tui.pictures import report_words, shown_in_browser

        path = self._run.settings.report or last_report(self._run.progress.output)
        opened = bool(path) and shown_in_browser(self.app, path, self._flow.environ)
        self.app.push_screen(Words("Report", report_words(path, opened)))

    def action_new(self) -> None:
        """Choose other sources."""
        app: Any = self.app
        self._flow.run = None
        app.go("choose")
