"""Choose: which sources, where to, how; what is there, and what stands in the way, said at once."""

from __future__ import annotations

import os
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.tui import recent
from pef_tui.tui.bar import StageBar
from pef_tui.tui.before import IN_PLACE, size
from pef_tui.tui.checks import Checks
from pef_tui.tui.content import lines, said
from pef_tui.tui.flow import Flow
from pef_tui.tui.keys_bar import KeysBar
from pef_tui.tui.option_rows import OptionRows, short_row
from pef_tui.tui.path_input import PathInput
from pef_tui.tui.places import shown_path, typed_path
from pef_tui.tui.source_tree import SourceTree
from pef_tui.tui.survey import Survey
from pef_tui.tui.ticking import interval
from pef_tui.tui.what_is_there import survey_words

OPTIONS = ("existing", "timezone", "unmatched", "albums", "xmp", "only")
"""Those that matter most; every other is on the Settings screen."""


class ChooseScreen(Screen[None]):
    """The first screen."""

    HELP = (
        "Type the path of an export, or of its parts, and press Enter; Tab completes it. Or go to the tree: arrows "
        "move, Right opens a folder, Enter chooses it or takes it back. Several sources are one export.\n"
        "The options are changed with Enter. Everything else is on the Settings screen.\n"
        "F5 makes the preview: it plans everything and writes nothing."
    )
    BINDINGS = [
        Binding("f5,n", "preview", "Preview", id="choose.preview"),
        Binding("delete,backspace", "take_back", "Take back", id="choose.take_back"),
        Binding("x", "clear", "Clear", id="choose.clear"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (76, "-normal"), (110, "-wide")]
    DEFAULT_CSS = """
    ChooseScreen #both { height: 1fr; }
    ChooseScreen #left { width: 2fr; min-width: 26; max-width: 60; height: 100%; margin-right: 1; }
    ChooseScreen #right { width: 4fr; height: 100%; scrollbar-size-vertical: 1; }
    ChooseScreen .box { border-top: solid $foreground-muted !important; border-title-color: $text-primary;
                        border-title-style: bold; }
    ChooseScreen .box:focus, ChooseScreen .box:focus-within { border-top: solid $primary !important; }
    ChooseScreen #chosen { height: auto; max-height: 6; padding: 0; background: transparent; border-left: none;
                           border-right: none; border-bottom: none; text-wrap: nowrap; text-overflow: ellipsis; }
    ChooseScreen #survey, ChooseScreen #where, ChooseScreen #words, ChooseScreen #options { height: auto; }
    ChooseScreen #survey { min-height: 4; }
    ChooseScreen #words, ChooseScreen #free, ChooseScreen #in-place { padding: 0 1; }
    ChooseScreen #tree { height: 1fr; }
    ChooseScreen.-narrow #both { layout: vertical; overflow-y: auto; }
    ChooseScreen.-narrow #left { width: 100%; max-width: 100%; height: 8; padding: 0; }
    ChooseScreen.-narrow #right { width: 100%; height: auto; padding: 0; overflow-y: hidden; }
    ChooseScreen.-wide .box { margin-bottom: 1; }
    ChooseScreen Input { background: $boost; }
    """

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow
        self._shown: Survey | None = None
        self._words = ""
        self._checks = Checks(flow)
        self._clock: Timer | None = None

    def compose(self) -> ComposeResult:
        """Where to pick on the left, what was picked on the right."""
        kept = [(each.sources, each.output) for each in recent.load(self._flow.environ)]
        yield StageBar("choose")
        with Horizontal(id="both"):
            with Vertical(id="left", classes="box"):
                yield PathInput(archives=True, id="add", placeholder="type a path, Enter adds it")
                yield SourceTree(kept)
            with VerticalScroll(id="right", can_focus=False):
                yield OptionList(id="chosen", classes="box", compact=True)
                yield Static(id="survey", classes="box")
                with Vertical(id="where", classes="box"):
                    yield PathInput(self._flow.output, id="output", placeholder="the output folder")
                    yield Static(said(IN_PLACE), id="in-place")
                    yield Static(id="free")
                yield OptionRows(
                    self._flow, OPTIONS, lambda name: short_row(self._flow, name), id="options", classes="box"
                )
                yield Static(id="words", classes="box")
        yield KeysBar()

    def on_mount(self) -> None:
        """Titles, and the clock that reads counters."""
        for name, title in (
            ("left", "Add"),
            ("chosen", "Sources"),
            ("survey", "What is there"),
            ("where", "Output folder"),
            ("options", "Options"),
            ("words", "Before the run"),
        ):
            self.query_one(f"#{name}").border_title = f" {title} "
        self._clock = self.set_interval(interval(self._flow.environ), self._tick)
        self._sources_changed(*self._flow.settings.sources)

    # -- sources

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """A typed source is added; a typed output taken."""
        event.stop()
        if event.input.id == "add":
            if path := self.query_one("#add", PathInput).path:
                self._toggle((os.path.abspath(path.rstrip("/") or "/"),), only_add=True)
                event.input.value = ""
        else:
            self._take_output()
            self.query_one("#options").focus()

    def on_source_tree_chosen(self, event: SourceTree.Chosen) -> None:
        """Add what was chosen, or take it back."""
        event.stop()
        if event.output:
            self._flow.change(output=event.output)
        self._toggle(event.paths)

    def _toggle(self, paths: tuple[str, ...], only_add: bool = False) -> None:
        sources = list(self._flow.settings.sources)
        if all(path in sources for path in paths) and not only_add:
            sources = [path for path in sources if path not in paths]
        else:
            sources += [path for path in paths if path not in sources]
        self._sources_changed(*sources)

    def action_take_back(self) -> None:
        """The source under the cursor is none any more."""
        chosen = self.query_one("#chosen", OptionList)
        sources = list(self._flow.settings.sources)
        if chosen.has_focus and chosen.highlighted is not None and chosen.highlighted < len(sources):
            del sources[chosen.highlighted]
            self._sources_changed(*sources)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter on a source takes it back."""
        self.action_take_back()

    def action_clear(self) -> None:
        """No source, and the output folder by itself again."""
        self._flow.change(output="")
        self._sources_changed()

    def _sources_changed(self, *sources: str) -> None:
        flow = self._flow
        flow.change(sources=sources)
        chosen = self.query_one("#chosen", OptionList)
        chosen.clear_options()
        rows = [said(shown_path(path)) for path in sources] or [said(("none yet", "dim"))]
        chosen.add_options([Option(row, disabled=not sources) for row in rows])
        self.query_one(SourceTree).mark({os.path.realpath(path) for path in sources} | set(sources))
        self._show_place()
        if sources:
            flow.start_survey()
        elif flow.survey is not None:
            flow.survey.end()
            flow.survey = None
        self._checks.begin()
        self._tick()

    # -- output and options

    def _show_place(self) -> None:
        """The field for the output folder; in place there is none."""
        in_place, output = self._flow.settings.in_place, self.query_one("#output", PathInput)
        self.query_one("#in-place").display = in_place
        output.display = not in_place
        output.show_path(self._flow.output)

    def on_screen_resume(self) -> None:
        """Settings may have been changed on their screen."""
        self._show_place()
        self._checks.begin()
        if self._clock is not None:
            self._clock.resume()

    def on_screen_suspend(self) -> None:
        """Nothing is looked for while nobody sees it."""
        if self._clock is not None:
            self._clock.pause()

    def on_input_blurred(self, event: Input.Blurred) -> None:
        """Leaving the field takes what is in it."""
        if event.input.id == "output":
            self._take_output()

    def _take_output(self) -> None:
        if self._flow.settings.in_place:
            return
        field = self.query_one("#output", PathInput)
        path = field.path
        path = os.path.abspath(path) if path else ""
        if path != self._flow.output:
            self._flow.change(output=path)
            field.show_path(self._flow.output)
            self._checks.begin()

    def on_option_rows_changed(self, event: OptionRows.Changed) -> None:
        """What is said before the run may be another now."""
        self._checks.begin()

    # -- showing

    def _tick(self) -> None:
        """Read the counters of the survey and of the checks; touch only what changed."""
        survey = self._flow.survey
        if not self.query("#words"):  # the screen is being taken down
            return
        whole = (
            survey is not None and survey.over
        )  # asked first: what is counted meanwhile is shown the next time
        if not whole or survey is not self._shown:
            self.query_one("#survey", Static).update(survey_words(survey))
            self._shown = survey if whole else None
        words = self._checks.words()
        text = lines([said((f"{head}: ", style), word) for head, style, word in words])
        if text.markup != self._words:
            self._words = text.markup
            self.query_one("#words", Static).update(text)
            self.query_one("#words").display = bool(words)
            free = self._checks.free
            self.query_one("#free", Static).update(said((f"{size(free)} free there", "dim")) if free else "")

    # -- going on

    async def action_preview(self) -> None:
        """On to the preview, unless something stands in the way; while a run is on, back to that."""
        pending = self.query_one("#add", PathInput)
        if pending.value:
            self._toggle((os.path.abspath(typed_path(pending.value)),), only_add=True)
            pending.value = ""
        self._take_output()
        problem = "" if self._flow.running else self._checks.stopping()
        if problem:
            self.notify(problem, severity="error", markup=False, timeout=8)
            return
        app: Any = self.app
        app.go("review")
