"""Review screen: the Plans that the run will carry out, with their conflicts to decide."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher, Static

from pef_tui.preview import ConflictGroup, RowFilter
from pef_tui.preview.decisions import Choices
from pef_tui.preview.details import facts, json_facts, no_tags_text, tag_lines
from pef_tui.preview.overview import overview
from pef_tui.tui.keys import bindings, keymap_of, with_keys
from pef_tui.tui.refresh_rate import interval
from pef_tui.tui.screens.charts import CHART_MARGIN
from pef_tui.tui.screens.copying import offer_copies, path_offer
from pef_tui.tui.screens.review_decisions import DecidingScreen
from pef_tui.tui.screens.start_run import start_run
from pef_tui.tui.session import decisions
from pef_tui.tui.session.batch_command import batch_command
from pef_tui.tui.session.session import Session
from pef_tui.tui.text.charts import chart_text
from pef_tui.tui.text.review import planning_progress, preview_result
from pef_tui.tui.text.review_rows import group_row
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.widgets.chip_row import ChipRow
from pef_tui.tui.widgets.file_detail import FileDetail
from pef_tui.tui.widgets.file_list import FileList
from pef_tui.tui.widgets.keys_bar import KeysBar
from pef_tui.tui.widgets.rows import TextScroll
from pef_tui.tui.widgets.steps_bar import StepsBar
from pef_tui.tui.widgets.thumbnail import ThumbnailReader, missing_requirement
from pef_tui.tui.widgets.virtual_list import Cell, VirtualList
from pef_tui.tui.widgets.world_map import WorldMap

VIEWS = {"files": "1 Files", "conflicts": "2 Conflicts", "charts": "3 Charts", "map": "4 Map"}
FILE_ACTIONS = frozenset(("decide", "decide_more", "give_sidecar", "image", "zoom"))
"""Names of the actions on the file or the group of conflicts under the cursor."""
LIST_INTERVAL = 1.0
"""Seconds between two updates of the lists during a preview."""


class ReviewScreen(DecidingScreen):
    """The planned files. Starts a preview, unless there is a preview with the current settings."""

    HELP = (
        "Every file of the sources, and what a run would do with it. {files.search} searches. Filter by outcome "
        "({files.outcome}), folder ({files.folder}), format ({files.format}) or rule ({files.rule}), sort "
        "({files.sort}), jump ({files.jump}). The pane beside the list shows the file in focus: its tags now and after "
        "the run.\n"
        "Search for words in names and folders, and for person:Ann, year:2019 (or 2015-2019), camera:Pixel, "
        'outcome:copied, album:Trip and desc:beach, in any combination; quotes hold words together: person:"Ann Lee". '
        "Up in the search field recalls earlier searches. A file that an earlier run has done is found by name, "
        "folder, year and outcome.\n"
        "{files.select} and Shift with an arrow key select several files, {files.select-all} selects all that the "
        "filter lists. A decision is then made for all of them, and {review.sidecar} assigns to each of them the "
        "sidecar that fits best.\n"
        "A conflict (! in the list) is a value of the file that differs from Google's: {review.keep} keeps the file's "
        "value, {review.take} takes Google's, {review.decide} decides for an album or for all conflicts of a kind, "
        "{review.undo} undoes, {review.decisions} lists. Decisions are saved for this and later runs.\n"
        "{review.copy} copies a path of the file, or the command that does the same as the app.\n"
        "{review.sidecar} assigns a sidecar to a picture without one. {review.again} makes the preview again. "
        "{review.run} starts the run."
    )
    DEFAULT_CSS = """
    ReviewScreen #status { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    ReviewScreen #status.-bad { color: $text-error; }
    ReviewScreen #body, ReviewScreen #left, ReviewScreen #figures, ReviewScreen ContentSwitcher { height: 1fr; }
    ReviewScreen #left { width: 5fr; }
    ReviewScreen FileDetail { width: 4fr; height: 1fr; }
    ReviewScreen.-narrow #body { layout: vertical; }
    ReviewScreen.-narrow #left, ReviewScreen.-narrow FileDetail { width: 100%; }
    ReviewScreen.-narrow FileDetail { height: 10; }
    ReviewScreen.-narrow.-middle FileDetail, ReviewScreen.-narrow.-high FileDetail { height: 45%; }
    ReviewScreen.-zoomed #left { display: none; }
    ReviewScreen.-zoomed FileDetail { width: 100%; height: 1fr; }
    ReviewScreen.-wide #left, ReviewScreen.-vast #left { border: round $foreground-muted; padding: 0 1; }
    ReviewScreen.-wide #left:focus-within, ReviewScreen.-vast #left:focus-within { border: round $primary; }
    ReviewScreen #figures Static { height: auto; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("review")
    FOOTER = ("review.run", "files.search", "review.keep", "review.take", "review.decide", "review.undo")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-beside"), (110, "-wide"), (160, "-vast")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._is_final = False
        self._list_age = 0.0
        self._load_preview()

    def _load_preview(self) -> None:
        """Use the preview that was made with the current settings; start a preview if there is none."""
        session = self._session
        decisions.use_saved(session)
        if session.planned_files is None or not session.is_preview_current:
            session.start_preview()
        assert session.planned_files is not None
        self._planned_files = session.planned_files
        self._choices = Choices(self._planned_files, decisions.loaded_rules(session))
        self._groups: list[ConflictGroup] = []
        self._is_final = False

    def compose(self) -> ComposeResult:
        """Create the views, and the details of the file in focus."""
        yield StepsBar("review")
        yield ChipRow(id="views")
        yield Static(id="status")
        with Horizontal(id="body"):
            with ContentSwitcher(id="left", initial="files"):
                yield FileList(self._planned_files, id="files")
                yield VirtualList(self._draw_group, id="conflicts", empty="no conflict: nothing to decide")
                with TextScroll(id="charts"):
                    yield Static(id="overview")
                with Vertical(id="map"):
                    yield WorldMap(id="world")
            yield FileDetail(classes="box")
        yield KeysBar()

    def on_mount(self) -> None:
        """Start the timer that reads the counters of the preview."""
        self._show_views()
        self.query_one(FileDetail).border_title = " Details "
        self.query_one(FileList).list.focus()
        self.set_interval(interval(self._session.environ), self._tick)
        self._tick()

    def on_screen_resume(self) -> None:
        """Check the settings and make the preview again if the settings were changed on another screen."""
        if self._session.is_preview_outdated and not self._session.is_running:
            if self._session.checks is not None:
                self._session.checks.start()
            self.action_again()

    @property
    def _view(self) -> str:
        return self.query_one(ContentSwitcher).current or "files"

    # -- progress of the preview

    def _tick(self) -> None:
        preview = self._session.preview
        if self._is_final or preview is None or not self.is_current:
            return
        status = self.query_one("#status", Static)
        if not preview.is_over:
            survey = self._session.survey
            expected = self._session.expected_files if survey is not None and survey.is_over else 0
            status.update(safe_content(planning_progress(preview, expected)))
            self._list_age += interval(self._session.environ)
            if self._list_age < LIST_INTERVAL:
                return
            self._list_age = 0.0
        else:
            self._is_final = True
            status.set_class(preview.ending == "failed", "-bad")
            status.update(self._result())
        self._refresh_lists()

    def _result(self) -> Content:
        session = self._session
        assert session.preview is not None
        return safe_content(preview_result(session.preview, self._planned_files, self._choices))

    def _refresh_lists(self) -> None:
        """Show the files and groups planned so far."""
        self.query_one(FileList).refresh_rows()
        self._groups = self._planned_files.groups.sorted()
        groups = self.query_one("#conflicts", VirtualList)
        groups.show(len(self._groups), groups.cursor)
        self._show_views()
        self._show_charts()

    def _show_views(self) -> None:
        count = len(self._planned_files.groups)
        words = {**VIEWS, "conflicts": f"2 Conflicts {count:,}" if count else VIEWS["conflicts"]}
        self.query_one("#views", ChipRow).show(tuple(words.items()), self._view)

    def _show_charts(self) -> None:
        view = self._view
        if view == "charts":
            rows = overview(self._planned_files.figures, self.size.width - CHART_MARGIN)
            self.query_one("#overview", Static).update(chart_text(rows, "No data to draw yet."))
        elif view == "map":
            self.query_one(WorldMap).show(self._planned_files.figures.points)

    # -- views

    def action_view(self, name: str) -> None:
        """Switch to the view `name`: `files`, `conflicts`, `charts` or `map`."""
        self.query_one(ContentSwitcher).current = name
        self.query_one(FileDetail).display = name in ("files", "conflicts")
        self.remove_class("-zoomed")
        focus = {"files": "#file-list", "conflicts": "#conflicts", "charts": "#charts", "map": "#world"}[name]
        self.query_one(focus).focus()
        self.refresh_bindings()
        self._show_views()
        self.call_after_refresh(self._show_charts)
        self.call_after_refresh(self._show_detail)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether `action` is enabled. Actions in `FILE_ACTIONS` need the view of the files or conflicts."""
        return action not in FILE_ACTIONS or not self.is_mounted or self._view in ("files", "conflicts")

    def on_chip_row_picked(self, message: ChipRow.Picked) -> None:
        """Switch to the clicked view."""
        self.action_view(message.key)

    def on_resize(self) -> None:
        """Draw the charts again for the new width."""
        self.call_after_refresh(self._show_charts)
        self.call_after_refresh(self._show_detail)

    def action_zoom(self) -> None:
        """Switch between the details alone, and the list with the details."""
        if self._view in ("files", "conflicts"):
            is_zoomed = not self.has_class("-zoomed")
            self.set_class(is_zoomed, "-zoomed")
            (
                self.query_one(FileDetail)
                if is_zoomed
                else self.query_one("#file-list" if self._view == "files" else "#conflicts")
            ).focus()
            self.call_after_refresh(self._show_detail)

    def _draw_group(self, index: int, width: int) -> Sequence[Cell]:
        return group_row(self._groups[index], width) if index < len(self._groups) else []

    # -- the file in focus

    def on_virtual_list_cursor_moved(self, message: VirtualList.CursorMoved) -> None:
        """Show the details of the row in focus."""
        self._show_detail()

    def on_virtual_list_row_chosen(self, message: VirtualList.RowChosen) -> None:
        """List the files of a group, or show only the details of a file."""
        if message.source.id == "conflicts":
            group = self._groups[message.index]
            self.action_view("files")
            self.query_one(FileList).show_matches(RowFilter(group=(group.unit, group.kind)))
        else:
            self.action_zoom()

    def _row(self) -> int | None:
        """Return the row of the file at the cursor, or of the first file of the group there; None without files."""
        if self._view != "conflicts":
            return self.query_one(FileList).current
        group = self._group()
        return group.rows[0] if group is not None and len(group) else None

    def _group(self) -> ConflictGroup | None:
        index = self.query_one("#conflicts", VirtualList).cursor
        return self._groups[index] if self._view == "conflicts" and index < len(self._groups) else None

    def _show_detail(self) -> None:
        detail, row, planned_files = self.query_one(FileDetail), self._row(), self._planned_files
        if not detail.display:
            return
        if row is None:
            detail.show_message("No file in focus.")
            return
        try:
            outcome, record = planned_files.outcome(row), planned_files.json_record(row)
        except (OSError, ValueError):
            text = "The details can no longer be read; {review.again} makes the preview again."
            detail.show_message(with_keys(text, keymap_of(self.app)))
            return
        if record is not None:
            detail.show_thumbnail(None)
            detail.show(json_facts(record), ())
        elif outcome is not None:
            detail.show_thumbnail(outcome.plan.match.media)
            choices = {group.unit: group.choice(row) for group in planned_files.groups.of_row(row)}
            detail.show(
                facts(outcome, self._choices.assigned_sidecar(row), choices),
                tag_lines(outcome, choices),
                no_tags_text(outcome),
            )

    def action_image(self) -> None:
        """Switch the thumbnails above the details on or off."""
        detail = self.query_one(FileDetail)
        if detail.thumbnail_reader is None and (problem := missing_requirement(self.app)):
            self.notify(problem, markup=False)
            return
        detail.thumbnail_reader = (
            ThumbnailReader(self._session.make_host()) if detail.thumbnail_reader is None else None
        )
        self._show_detail()

    def _selected_rows(self) -> Sequence[int]:
        """Return the selected rows of the list of files; () in another view."""
        return self.query_one(FileList).selected_rows if self._view == "files" else ()

    def _show_decisions(self) -> None:
        """Update the lists and details that show decisions."""
        file_list = self.query_one(FileList)
        file_list.end_selection()
        file_list.show_decisions()
        self.query_one("#conflicts", VirtualList).refresh()
        self._show_detail()
        if self._is_final:
            self.query_one("#status", Static).update(self._result())

    # -- preview and run

    def action_copy(self) -> None:
        """Let the user copy the command that does the same, or a path of the file in focus."""
        row = self._row()
        offers = [("The same as a command", batch_command(self._session))]
        with suppress(OSError, ValueError, IndexError):
            outcome = self._planned_files.outcome(row) if row is not None else None
            if outcome is not None:
                media, output = outcome.plan.match.media, outcome.plan.output
                source = self._session.preview.progress.sources[media.root] if self._session.preview else ""
                offers.append(path_offer("Path of the file in the export", os.path.join(source, media.path)))
                if output is not None:
                    offers.append(
                        path_offer("Path of the output", os.path.join(self._session.output, output))
                    )
        if self._session.settings.decisions:
            offers.append(path_offer("File of the decisions", self._session.settings.decisions))
        offer_copies(self.app, offers)

    def action_again(self) -> None:
        """Make the preview again, with the new decisions."""
        self._session.end_preview()
        self._session.preview = None
        self._load_preview()
        self.query_one(FileList).load(self._planned_files)
        self._refresh_lists()

    async def action_run(self) -> None:
        """Start the run, after a question if the user must know something before."""
        if self._session.checks is not None:
            await self._session.checks.wait()
        start_run(self.app, self._session)
