"""Choose screen: sources, output folder and options, with counts of the files and the problems before a run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Paste
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static

from pef_tui.sanitize import safe
from pef_tui.tui.keys import bindings, keymap_of, with_keys
from pef_tui.tui.panels import PanelScreen
from pef_tui.tui.refresh_rate import interval
from pef_tui.tui.screens.dialogs import TextWindow
from pef_tui.tui.session import recent
from pef_tui.tui.session.app_files import shown_path, typed_sources
from pef_tui.tui.session.checks import NOTE, Checks, MessageRow
from pef_tui.tui.session.export_search import volumes
from pef_tui.tui.session.folder_contents import parts_with
from pef_tui.tui.session.output_choice import roomy_output
from pef_tui.tui.session.preflight import IN_PLACE, size
from pef_tui.tui.session.session import Session
from pef_tui.tui.session.survey import Survey
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.text.survey import survey_words
from pef_tui.tui.widgets.found_list import FoundList
from pef_tui.tui.widgets.keys_bar import KeysBar
from pef_tui.tui.widgets.pane import Pane
from pef_tui.tui.widgets.path_input import PathInput
from pef_tui.tui.widgets.setting_rows import AboutSetting, SettingRows, short_row
from pef_tui.tui.widgets.source_list import SourceList
from pef_tui.tui.widgets.source_tree import SourceTree
from pef_tui.tui.widgets.start_box import StartBox
from pef_tui.tui.widgets.steps_bar import StepsBar
from pef_tui.tui.widgets.years_chart import YearsChart

OPTIONS = ("existing", "timezone", "unmatched", "albums", "xmp", "only")
"""Names of the settings on this screen: the most important settings. The Settings screen shows all settings."""


class ChooseScreen(PanelScreen):
    """The first screen: the user chooses sources, output folder and options."""

    HELP = (
        "Enter in the empty field takes the export that was found. Or type a path (Tab completes it), or paste "
        "several. In a field letters are typed; Tab and {path.leave} leave it.\n"
        "In the tree {tree.open} opens a folder, Enter adds or removes it with all parts in it, {tree.select} selects "
        "several rows, {tree.parts} adds all parts of an export. Several sources are one export.\n"
        "Enter on an option lists its values; the Settings screen has all settings.\n"
        "{choose.preview} plans everything and writes nothing. {choose.messages} shows all messages before the run."
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("choose")
    DEFAULT_CSS = """
    ChooseScreen #both { height: 1fr; }
    ChooseScreen #left { width: 2fr; min-width: 26; max-width: 60; height: 100%; margin-right: 1; }
    ChooseScreen #right { width: 4fr; height: 100%; scrollbar-size-vertical: 1; }
    ChooseScreen #what, ChooseScreen #survey, ChooseScreen #where, ChooseScreen #words,
    ChooseScreen #options { height: auto; }
    ChooseScreen #second { height: auto; }
    ChooseScreen YearsChart, ChooseScreen #about { height: auto; display: none; }
    ChooseScreen.-wide.-middle #years-below.-known, ChooseScreen.-wide.-high #years-below.-known,
    ChooseScreen.-vast #years.-known, ChooseScreen.-vast #about { display: block; }
    ChooseScreen.-vast #about { padding: 0 1; }
    ChooseScreen #survey { min-height: 4; }
    ChooseScreen #words, ChooseScreen #free, ChooseScreen #in-place { padding: 0 1; }
    ChooseScreen #tree { height: 1fr; }
    ChooseScreen #alert { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ChooseScreen.-narrow #both { layout: vertical; overflow-y: auto; }
    ChooseScreen.-narrow #left { width: 100%; max-width: 100%; height: 6; padding: 0; }
    ChooseScreen.-narrow #right { width: 100%; height: auto; padding: 0; overflow-y: hidden; }
    ChooseScreen.-vast #left { max-width: 100%; width: 1fr; }
    ChooseScreen.-vast #right { layout: horizontal; width: 2fr; }
    ChooseScreen.-vast #what { margin-right: 1; }
    ChooseScreen.-vast #what, ChooseScreen.-vast #second { width: 1fr; height: 100%; }
    ChooseScreen.-vast #years { height: 1fr; }
    ChooseScreen.-vast #chosen { max-height: 50%; }
    ChooseScreen Input { background: $boost; }
    ChooseScreen Input:focus { background: $panel; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown_survey: Survey | None = None
        self._shown_messages: tuple[str, int | None] | None = None
        self._checks = session.checks = Checks(session)
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Create the field and the exports found; the tree at the left, sources and options at the right."""
        entries = [(entry.sources, entry.output) for entry in recent.load(self._session.environ)]
        yield StepsBar("choose")
        yield StartBox(self._session, id="add-box", classes="box")
        with Horizontal(id="both"):
            with Vertical(id="left", classes="box"):
                yield SourceTree(entries)
            with VerticalScroll(id="right", can_focus=False):
                with Vertical(id="what"):
                    yield SourceList(id="chosen", classes="box")
                    yield Static(id="survey", classes="box")
                    with Vertical(id="where", classes="box"):
                        yield PathInput(self._session.output, id="output", placeholder="the output folder")
                        yield Static(safe_content(IN_PLACE), id="in-place")
                        yield Static(id="free")
                    yield YearsChart(id="years", classes="box")
                with Vertical(id="second"):
                    yield SettingRows(
                        self._session,
                        OPTIONS,
                        lambda name: short_row(self._session, name),
                        id="options",
                        classes="box",
                    )
                    yield Static(id="words", classes="box")
                    yield AboutSetting(self._session, id="about", classes="box")
                    yield YearsChart(id="years-below", classes="box")
        yield Pane("alert")
        yield KeysBar()

    def on_mount(self) -> None:
        """Set the titles, and start the timer that shows the counts of the survey and the messages of the checks."""
        for name, title in (
            ("add-box", "Add"),
            ("left", "Folders"),
            ("chosen", "Sources"),
            ("survey", "Files"),
            ("where", "Output folder"),
            ("options", "Options"),
            ("words", "Before the run"),
        ):
            self.query_one(f"#{name}").border_title = f" {title} "
        self.query_one(AboutSetting).show(OPTIONS[0])
        self._timer = self.set_interval(interval(self._session.environ), self._tick)
        self._sources_changed(*self._session.settings.sources)

    # -- sources

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Add typed sources, or use a typed output folder."""
        event.stop()
        if event.input.id == "add":
            if not event.value.strip():
                self._take_found()
            elif await self._add_typed(event.value):
                event.input.value = ""
        else:
            self._use_output()
            self.query_one("#options").focus()

    def _take_found(self) -> None:
        """Take the export under the cursor of the list; if none was found, go to the tree."""
        found = self.query_one(FoundList)
        if found.display:
            found.take()
        else:
            self.query_one(SourceTree).focus()

    def on_path_input_left(self, event: PathInput.Left) -> None:
        """Go from the field for sources to the exports found, or else to the tree; from the output to the options."""
        event.stop()
        if event.field.id == "output":
            self.query_one("#options").focus()
        elif self.query_one(FoundList).display:
            self.query_one(FoundList).focus()
        else:
            self.query_one(SourceTree).focus()

    async def on_found_list_export_chosen(self, event: FoundList.ExportChosen) -> None:
        """Take all archives and folders of the export, and propose an output folder that has room for it."""
        event.stop()
        export = event.export
        self._toggle(export.sources, only_add=True)
        if not self._session.settings.in_place and not self._session.settings.output:
            default = self._session.output
            output = await asyncio.to_thread(roomy_output, default, export.size, volumes())
            if output != default and self._session.output == default:
                self._session.change(output=output)
                self._show_output()
                self._checks.start()
        self.query_one("#add").focus()

    async def on_source_tree_parts_requested(self, event: SourceTree.PartsRequested) -> None:
        """Add all parts in a directory, or of the export with a part."""
        event.stop()
        if paths := await asyncio.to_thread(parts_with, event.path):
            self._toggle(paths, only_add=True)
        else:
            self.notify(f"No part of an export: {safe(shown_path(event.path), 200)}", markup=False)

    async def on_paste(self, event: Paste) -> None:
        """Add the sources of a pasted text, if the focus is in no field."""
        event.stop()
        await self._add_typed(event.text)

    async def on_path_input_lines_pasted(self, event: PathInput.LinesPasted) -> None:
        """Add the sources of a pasted text with several lines."""
        event.stop()
        await self._add_typed(event.text)

    async def _add_typed(self, text: str) -> bool:
        """Add the sources that `text` names. If a part of it names no file, say so. Return whether all exist."""
        paths, missing = await asyncio.to_thread(typed_sources, text)
        if paths:
            self._toggle(tuple(paths), only_add=True)
        if missing:
            more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            self.notify(
                f"No such file or folder: {safe(missing[0], 200)}{more}", severity="error", markup=False
            )
        return not missing

    def on_source_tree_paths_chosen(self, event: SourceTree.PathsChosen) -> None:
        """Add the chosen paths to the sources; remove paths that are sources already."""
        event.stop()
        if event.output:
            self._session.change(output=event.output)
        self._toggle(event.paths)

    def _toggle(self, paths: tuple[str, ...], only_add: bool = False) -> None:
        sources = list(self._session.settings.sources)
        if all(path in sources for path in paths) and not only_add:
            sources = [path for path in sources if path not in paths]
        else:
            sources += [path for path in paths if path not in sources]
        self._sources_changed(*sources)

    def action_remove_source(self) -> None:
        """Remove the source under the cursor."""
        chosen_list = self.query_one(SourceList)
        sources = list(self._session.settings.sources)
        index = chosen_list.source_at_cursor
        if chosen_list.has_focus and 0 <= index < len(sources):
            del sources[index]
            self._sources_changed(*sources)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Remove the source on which the user pressed Enter."""
        self.action_remove_source()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether `action` is enabled. Removing a source needs the cursor on a source."""
        if action == "clear":
            return bool(self._session.settings.sources or self._session.output)
        if action != "remove_source":
            return True
        chosen_list = self.focused
        return isinstance(chosen_list, SourceList) and chosen_list.source_at_cursor >= 0

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the keys for the row under the cursor, and what the option there does."""
        if event.option_list.id == "options" and event.option_id:
            self.query_one(AboutSetting).show(event.option_id)
        self.refresh_bindings()

    def action_clear(self) -> None:
        """Remove all sources, and reset the output folder."""
        self._session.change(output="")
        self._sources_changed()

    def _sources_changed(self, *sources: str) -> None:
        session = self._session
        session.change(sources=sources)
        self.query_one(SourceTree).mark({os.path.realpath(path) for path in sources} | set(sources))
        self._show_output()
        if sources:
            session.start_survey()
        elif session.survey is not None:
            session.survey.end()
            session.survey = None
        self._checks.start()
        self._tick()

    # -- output and options

    def _show_output(self) -> None:
        """Show the field for the output folder, or the sentence about in-place mode."""
        in_place, output = self._session.settings.in_place, self.query_one("#output", PathInput)
        self.query_one("#in-place").display = in_place
        output.display = not in_place
        output.show_path(self._session.output)

    def on_screen_resume(self) -> None:
        """Show the settings again, because they may have been changed on another screen."""
        self._show_output()
        self._checks.start()
        if self._timer is not None:
            self._timer.resume()

    def on_screen_suspend(self) -> None:
        """Stop the timer that reads the counts, because another screen is shown."""
        if self._timer is not None:
            self._timer.pause()

    def on_input_blurred(self, event: Input.Blurred) -> None:
        """Use the typed output folder when its field loses the focus."""
        if event.input.id == "output":
            self._use_output()

    def _use_output(self) -> None:
        if self._session.settings.in_place:
            return
        field = self.query_one("#output", PathInput)
        path = field.path
        path = os.path.abspath(path) if path else ""
        if path != self._session.output:
            self._session.change(output=path)
            field.show_path(self._session.output)
            self._checks.start()

    def on_setting_rows_changed(self, event: SettingRows.Changed) -> None:
        """Check the settings again."""
        self.query_one(AboutSetting).show(event.name)
        self._checks.start()

    # -- counters

    def _tick(self) -> None:
        """Read the counts of the survey and the messages of the checks, and update the texts that changed."""
        survey = self._session.survey
        if not self.query("#words"):  # the screen is being removed
            return
        self.query_one(StartBox).update()
        self.query_one(SourceList).show(self._session.settings.sources, survey)
        # read before the counters, so that the next tick shows files that are counted in between
        is_complete = survey is not None and survey.is_over
        if not is_complete or survey is not self._shown_survey:
            self.query_one("#survey", Static).update(survey_words(survey))
            self.query_one("#survey").display = survey is not None
            for years in self.query(YearsChart):
                years.show_years(survey.years if survey is not None else {})
            self._shown_survey = survey if is_complete else None
        messages = self._checks.rows()
        text = lines([safe_content((f"{head}: ", style), word) for head, style, word in messages])
        free = self._checks.free
        if (text.markup, free) != self._shown_messages:
            self._shown_messages = text.markup, free
            self.query_one("#words", Static).update(text)
            self.query_one("#words").display = bool(messages)
            self.query_one("#free", Static).update(
                safe_content((f"{size(free)} free", "dim")) if free else ""
            )
        self._show_alert(messages)

    def _show_alert(self, messages: Sequence[MessageRow]) -> None:
        """Show the most severe message in the line above the keys if the list of messages is not in sight."""
        severe = [message for message in messages if message[0] != NOTE]
        alert = self.query_one("#alert", Pane)
        alert.display = bool(severe) and not self._are_messages_in_sight()
        if alert.display:
            head, style, text = severe[0]
            count = f" (1 of {len(severe)})" if len(severe) > 1 else ""
            alert.show(
                safe_content(
                    (with_keys("{choose.messages} ", keymap_of(self.app)), "bold"),
                    (f"{head}{count}: ", style),
                    text,
                )
            )

    def _are_messages_in_sight(self) -> bool:
        region = self.query_one("#words").region
        return all(self.query_one(name).region.contains_region(region) for name in ("#both", "#right"))

    def action_messages(self) -> None:
        """Show all messages of the checks in a window."""
        rows = [safe_content((f"{head}: ", style), text) for head, style, text in self._checks.rows()]
        text = lines(rows or [safe_content("No message: nothing is known that could go wrong.")])
        self.app.push_screen(TextWindow("Before the run", text))

    # -- preview

    async def action_preview(self) -> None:
        """Start the preview, unless a check forbids it. During a run, show the run instead."""
        if selected := self.query_one(SourceTree).take_selected():
            self._toggle(selected, only_add=True)
        pending = self.query_one("#add", PathInput)
        if pending.value:
            if not await self._add_typed(pending.value):
                pending.focus()
                return
            pending.value = ""
        self._use_output()
        await self._checks.wait()
        problem = "" if self._session.is_running else self._checks.stop_reason()
        if problem:
            self.notify(problem, severity="error", markup=False, timeout=8)
            return
        app: Any = self.app
        app.go("review")
