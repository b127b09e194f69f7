"""The app: which screen follows which, keys that work everywhere, themes, signals, and what happens on a failure."""

from __future__ import annotations

import logging
import select
import signal
from collections.abc import Iterable
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from pef_tui.guard import reason
from pef_tui.tui import keys, stages
from pef_tui.tui.asking import Ask, Words
from pef_tui.tui.content import lines, said
from pef_tui.tui.flow import Flow
from pef_tui.tui.themes import theme_name
from pef_tui.tui.ticking import interval

AT_ONCE = -1
"""Result of the app: the run is to be abandoned where it is."""

KEY_NAMES = {
    "backspace": "bksp",
    "delete": "del",
    "slash": "/",
    "question_mark": "?",
    **{f"f{n}": f"F{n}" for n in range(1, 13)},
}

log = logging.getLogger("pef_tui.tui")


class PefApp(App[int], inherit_bindings=False):
    """From choosing sources to a finished run. `flow` is what all screens share; it outlives the app."""

    TITLE = "pef-tui"
    CSS = "Screen { overflow: hidden; } ToastRack { margin-bottom: 1; }"
    BINDINGS = [
        Binding("f1,question_mark", "help", "Help", id="app.help"),
        Binding("q", "leave", "Quit", id="app.quit"),
        Binding("f2", "open('settings')", "Settings", id="app.settings"),
        Binding("f3", "open('plugins')", "Plugins", id="app.plugins", show=False),
        Binding("f4", "open('history')", "History", id="app.history"),
        Binding("escape", "go_back", "Back", id="app.back", show=False),
        Binding("ctrl+c", "leave", "Quit", id="app.interrupt", show=False, priority=True),
        Binding("ctrl+p", "command_palette", "Commands", id="app.commands", show=False, priority=True),
    ]

    def __init__(self, flow: Flow, trouble: str = "") -> None:
        """`trouble`: how the app before this one failed; it is told first."""
        super().__init__()
        self.flow = flow
        self.trouble = trouble
        self.failure: BaseException | None = None
        """What the app failed with."""
        self.hung_up = False
        """Did the terminal go away?"""
        self.animation_level = "none"
        self.theme = theme_name(flow.settings.theme, flow.environ)
        self.set_keymap(keys.keymap(flow.settings.keys))

    # -- from screen to screen

    def on_mount(self) -> None:
        """Begin with Choose, or where the run is."""
        self.push_screen(stages.screen("choose", self.flow))
        if self.flow.run is not None:
            self.go("run" if self.flow.running else "done")
        if self.trouble:
            text = f"The screen failed and was begun anew: {self.trouble}"
            rows = [text, f"The details are in {self.flow.log}" if self.flow.log else ""]
            rows.append("The run goes on as it was." if self.flow.running else "")
            self.push_screen(Words("Something went wrong", lines([said(row) for row in rows if row])))
        self.set_interval(max(1.0, interval(self.flow.environ)), self._look_at_terminal)

    def go(self, stage: str) -> None:
        """Show the screen of a stage instead of the one that is on; begins the run where it is due."""
        flow = self.flow
        if stage == "review" and flow.running:  # one thing at a time: the disk is busy
            stage = "run"
        if stage == "run" and not flow.running:
            flow.start_run()
        while len(self.screen_stack) > (2 if stage == "choose" else 3):
            self.pop_screen()
        if stage == "choose":
            return
        if (
            len(self.screen_stack) == 3
        ):  # Choose below looks around whenever it comes up: that would cost the run
            self.switch_screen(stages.screen(stage, flow))
        else:
            self.push_screen(stages.screen(stage, flow))

    def action_open(self, name: str) -> None:
        """Open a screen that is no stage, once."""
        if not isinstance(self.screen, stages.screen_class(name)):
            self.push_screen(stages.screen(name, self.flow))

    def action_go_back(self) -> None:
        """One screen back; a run goes on."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def action_help(self) -> None:
        """What can be done on this screen."""
        from pef_tui.tui.help import help_text

        self.push_screen(Words("Help", help_text(self.screen)))

    def get_key_display(self, binding: Binding) -> str:
        """A key in letters that every terminal has."""
        return KEY_NAMES.get(binding.key) or super().get_key_display(binding)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette has: every key of this screen by its name."""
        from pef_tui.tui.help import commands

        yield from commands(self, screen)

    # -- leaving

    def action_leave(self) -> None:
        """Leave; asks while a run is on."""
        if not self.flow.running:
            self.exit(0)
        elif not isinstance(self.screen, Ask):
            self.ask_to_stop()

    def ask_to_stop(self) -> None:
        """Ask what is to become of the run."""
        answers = (
            ("stay", "Go on watching"),
            ("batch", "Stop after the batch in hand (a later run goes on from there)"),
            ("leave", "Close the screen, the run goes on in this terminal"),
            ("now", "Stop at once and leave (nothing breaks, what is in hand is done again)"),
        )
        self.push_screen(Ask("Stop the run?", "A run is on.", answers), self._stop)

    def _stop(self, answer: str | None) -> None:
        run = self.flow.run
        if run is None or run.over:
            return
        if answer == "batch":
            run.stop()
        elif answer == "leave":
            self.exit(0)
        elif answer == "now":
            self.exit(AT_ONCE)

    def signalled(self, number: int) -> None:
        """TERM and INT stop the run, a hang-up only where that is wanted; the screen goes in any case."""
        self.hung_up = self.hung_up or number == signal.SIGHUP
        run = self.flow.run
        if run is not None and not (number == signal.SIGHUP and self.flow.settings.on_hangup == "finish"):
            run.stop()
        self.exit(0)

    def _look_at_terminal(self) -> None:
        """A terminal may go without a signal: reading from it would then take a whole processor."""
        if self.is_headless:
            return
        poll = select.poll()
        poll.register(0, 0)
        if any(seen & (select.POLLHUP | select.POLLERR) for _, seen in poll.poll(0)):
            self.signalled(signal.SIGHUP)

    # -- failures: the details go into the log, never onto the terminal

    def _handle_exception(self, error: Exception) -> None:
        log.error("the screen failed", exc_info=error)
        if self._exit:  # it is being taken down: a clock that ticks meanwhile finds its widgets gone
            return
        self.failure = self.failure or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def panic(self, *renderables: Any) -> None:
        """Leave; what is known was logged."""
        self.failure = self.failure or RuntimeError("the terminal cannot be read any more")
        self._close_messages_no_wait()

    @property
    def failed(self) -> str:
        """What the app failed with, in one line that is safe to show; "" for nothing."""
        return reason(self.failure) if self.failure is not None else ""
