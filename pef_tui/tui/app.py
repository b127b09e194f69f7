"""The app: order of the screens, keys that work on every screen, theme, signals, and failures."""

from __future__ import annotations

import asyncio
import logging
import math
import select
import signal
import time
from collections.abc import Iterable
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.screen import Screen

from pef_tui.plugins.calls import describe_error
from pef_tui.tui import keys, screen_names
from pef_tui.tui.refresh_rate import interval
from pef_tui.tui.screens.dialogs import ChoiceDialog, TextWindow
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.session.session import Session
from pef_tui.tui.terminal_driver import TerminalDriver
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.themes import THEMES, theme_name

ABANDON_RUN = -1
"""Result with which the app ends if the user abandons the run: the program then ends without waiting for the run."""

REPEAT_SECONDS = 0.5
"""Time after a new screen is drawn in which the key that opened the screen is ignored."""

log = logging.getLogger("pef_tui.tui")


class PefApp(App[int], inherit_bindings=False):
    """The terminal app. `session` has the state that all screens share, and is used again if the app is restarted."""

    TITLE = "pef-tui"
    CSS = "Screen { overflow: hidden; } ToastRack { margin-bottom: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("app")

    def __init__(self, session: Session, previous_failure: str = "") -> None:
        """`previous_failure`: why the previous app of this session failed, to be shown; "" if it did not fail."""
        super().__init__(driver_class=TerminalDriver)
        self.session = session
        self.previous_failure = previous_failure
        self.failure: BaseException | None = None
        """The exception with which the app failed; None if it did not fail."""
        self.hung_up = False
        """True after the terminal has disappeared (closed window, lost SSH connection)."""
        self.is_leaving = False
        """True after `exit` was called, because the app is then ending."""
        self.terminal: TerminalDriver | None = None
        """The driver; None if there is no terminal."""
        self._announced_run: RunThread | None = None
        """The run whose progress is in the title of the terminal."""
        self.event_loop: asyncio.AbstractEventLoop | None = None
        """The event loop of the app, for signal handlers; None before the app runs."""
        self._last_key = ""
        self._ignored_key = ""
        self._ignored_until = 0.0
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_name(session.settings.theme, session.environ)
        self.key_names = keys.keymap(session.settings.keys)
        """Keys set by the user, by binding id."""
        self.set_keymap(self.key_names)

    async def run_async(self, **options: Any) -> int | None:
        """Run the app and return its result. `event_loop` is set before, so that no signal is missed."""
        self.event_loop = asyncio.get_running_loop()
        return await super().run_async(**options)

    # -- order of the screens

    def on_mount(self) -> None:
        """Show the Choose screen, or the screen of a run in progress."""
        self.push_screen(screen_names.screen("choose", self.session))
        if self.session.run is not None:
            self.go("run" if self.session.is_running else "done")
        if self.previous_failure:
            rows = [
                f"The screen failed and was started again: {self.previous_failure}",
                f"The details are in {self.session.log}" if self.session.log else "",
                "The run continues; it was not affected." if self.session.is_running else "",
            ]
            text = lines([safe_content(row) for row in rows if row])
            self.push_screen(TextWindow("Something went wrong", text))
        self.set_interval(max(1.0, interval(self.session.environ)), self._check_terminal)
        self.set_interval(1.0, self._announce_run)

    def go(self, stage: str) -> None:
        """Replace the current screen by the screen of `stage` (`choose`, `review`, `run`, `done`).

        If `stage` is `run`, start the run. While a run is in progress, `review` shows the Run screen instead.
        """
        session = self.session
        if stage == "review" and session.is_running:  # a preview would compete with the run for the disk
            stage = "run"
        if stage == "run" and not session.is_running:
            session.start_run()
        self._ignore_repeated_key()
        while len(self.screen_stack) > (2 if stage == "choose" else 3):
            self.pop_screen()
        if stage == "choose":
            return
        screen = screen_names.screen(stage, session)
        if len(self.screen_stack) == 3:
            # not pop and push: in between, the Choose screen below would resume and count the sources
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def _ignore_repeated_key(self) -> None:
        """Ignore the key that opens the next screen until shortly after the screen is drawn.

        A key that is pressed twice, or held, would otherwise act on a screen that the user has not seen.
        """
        self._ignored_key, self._ignored_until = self._last_key, math.inf

        def allow() -> None:
            self._ignored_until = time.monotonic() + REPEAT_SECONDS

        self.call_after_refresh(allow)

    async def on_event(self, event: Event) -> None:
        """Handle an event of the terminal, unless it is a key that is ignored (see `_ignore_repeated_key`)."""
        if isinstance(event, Key):
            if event.key == self._ignored_key and event.time < self._ignored_until:
                if self._ignored_until != math.inf:
                    self._ignored_until = event.time + REPEAT_SECONDS
                return
            if (
                not event.is_forwarded
            ):  # a key that no widget handled comes back here, maybe after another key
                self._last_key, self._ignored_key = event.key, ""
        await super().on_event(event)

    def action_open(self, name: str) -> None:
        """Show a screen that is not a stage (`settings`, `plugins`, `history`).

        If it is open already, close the screens above it, so that no screen is open twice.
        """
        if not any(screen_names.is_screen(screen, name) for screen in self.screen_stack):
            self.push_screen(screen_names.screen(name, self.session))
        while not screen_names.is_screen(self.screen, name):
            self.pop_screen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether `action` is enabled. The key of the current screen is not, so that no line shows it."""
        return action != "open" or not screen_names.is_screen(self.screen, str(parameters[0]))

    def action_go_back(self) -> None:
        """Close the current screen. A run continues."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def action_help(self) -> None:
        """Show what can be done on the current screen."""
        from pef_tui.tui.screens.help import help_text

        self.push_screen(TextWindow("Help", help_text(self, self.key_names, self.screen)))

    def get_css_variables(self) -> dict[str, str]:
        """Return the variables of styles. All variables of a theme of the app replace what Textual computes for them.

        Textual itself uses only some of `Theme.variables`, not the colours of texts (`text-error` and others).
        """
        variables = super().get_css_variables()
        return variables | (self.current_theme.variables if self.current_theme in THEMES else {})

    def get_key_display(self, binding: Binding) -> str:
        """Return the name of the key of `binding`, in characters that every terminal can show."""
        return keys.KEY_NAMES.get(binding.key) or super().get_key_display(binding)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return the entries of the command palette: an entry for each key binding of the screen."""
        from pef_tui.tui.screens.help import commands

        yield from commands(self, self.key_names, screen)

    # -- end of the app

    def exit(self, result: int | None = None, return_code: int = 0, message: Any = None) -> None:
        """End the app. `result`: what `App.run` returns: 0 or `ABANDON_RUN`. `message` is printed afterwards."""
        self.is_leaving = True
        super().exit(result, return_code, message)

    def action_interrupt(self) -> None:
        """End the app; during a run, ask first."""
        if not self.session.is_running:
            self.exit(0)
        elif not isinstance(self.screen, ChoiceDialog):
            self.ask_to_stop()

    def action_leave(self) -> None:
        """End the app, after a question if a run is in progress or sources are chosen."""
        session = self.session
        if isinstance(self.screen, ChoiceDialog):
            return
        if session.is_running or not session.settings.sources or session.run is not None:
            self.action_interrupt()
            return

        def on_answer(answer: str | None) -> None:
            if answer == "quit":
                self.exit(0)

        text = "Nothing was written yet. Decisions are saved; the chosen sources and options are not."
        answers = (("back", "Back"), ("quit", "Quit"))
        self.push_screen(ChoiceDialog("Quit?", text, answers), on_answer)

    def ask_to_stop(self) -> None:
        """Ask whether to continue the run, stop it, or close the screen while the run continues."""
        answers = (
            ("stay", "Keep watching"),
            ("batch", "Stop after the current batch (a later run continues)"),
            ("leave", "Close the screen; the run continues in this terminal"),
            ("now", "Stop immediately and quit (nothing breaks; the current batch is redone later)"),
        )
        self.push_screen(ChoiceDialog("Stop the run?", "A run is in progress.", answers), self._stop)

    def _stop(self, answer: str | None) -> None:
        run = self.session.run
        if run is None or run.is_over:
            return
        if answer == "batch":
            run.stop()
        elif answer == "leave":
            self.exit(0)
        elif answer == "now":
            self.exit(ABANDON_RUN)

    def handle_signal(self, number: int) -> None:
        """Close the screens and stop the run. After a hang-up with `on_hangup = "finish"`, the run continues."""
        self.hung_up = self.hung_up or number == signal.SIGHUP
        run = self.session.run
        if run is not None and not (number == signal.SIGHUP and self.session.settings.on_hangup == "finish"):
            run.stop()
        self.exit(0)

    def _check_terminal(self) -> None:
        """End the app if the terminal has disappeared, even if no signal came.

        The app would otherwise read from the missing terminal in a loop, which keeps a processor core busy.
        """
        if self.is_headless:
            return
        poll = select.poll()
        poll.register(0, 0)
        if any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0)):
            self.handle_signal(signal.SIGHUP)

    def _announce_run(self) -> None:
        """Show the progress of the run in the title of the terminal. Ring the bell when the run has ended."""
        run, settings = self.session.run, self.session.settings
        if run is not None and not run.is_over:
            self._announced_run = run
            title = f"pef-tui: {int(self.session.done_fraction(run) * 100)} %"
        elif self._announced_run is not None:
            title = f"pef-tui: {self._announced_run.ending}"
            self._announced_run = None
            if not settings.no_bell:
                self.bell()
        else:
            return
        if self.terminal is not None and not settings.no_title:
            self.terminal.set_title(title)

    # -- failures: details go to the log, never to the terminal. Textual has no public hook for an unhandled exception:
    # its own methods print the traceback, with paths of the user's files, after the screen is closed.

    def _handle_exception(self, error: Exception) -> None:
        log.error("the screen failed", exc_info=error)
        if self.is_leaving:  # a timer that fires during the shutdown finds its widgets removed
            return
        self.failure = self.failure or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def panic(self, *renderables: Any) -> None:
        """End the app after an error in Textual, without printing the error: its details are in the log."""
        self.failure = self.failure or RuntimeError("the terminal cannot be read any more")
        # `exit` would post a message that a failed message loop no longer reads
        self._close_messages_no_wait()

    @property
    def failure_text(self) -> str:
        """Return why the app failed, as one line with control characters escaped; "" if it did not fail."""
        return describe_error(self.failure) if self.failure is not None else ""
