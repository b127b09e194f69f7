"""Review: the very Plans that the run will carry out, to be looked through and decided on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from pef_tui.model import Choice
from pef_tui.planned import Filter, Group, Planned
from pef_tui.planned.choices import Choices
from pef_tui.planned.details import facts, json_facts, tag_lines, taken_words
from pef_tui.planned.likely import likely_sidecars
from pef_tui.planned.overview import overview
from pef_tui.tags.decisions import Rule
from pef_tui.tui import deciding
from pef_tui.tui.bar import StageBar
from pef_tui.tui.biglist import BigList, Cell
from pef_tui.tui.chips import Chips
from pef_tui.tui.content import said
from pef_tui.tui.detail import Detail
from pef_tui.tui.files import Files
from pef_tui.tui.flow import Flow
from pef_tui.tui.keys_bar import KeysBar
from pef_tui.tui.option import Option
from pef_tui.tui.pick import PickScreen
from pef_tui.tui.pictures import ASIDE
from pef_tui.tui.review_rows import group_row
from pef_tui.tui.thumbnail import Opener, lacks
from pef_tui.tui.ticking import interval
from pef_tui.tui.world_map import WorldMap

VIEWS = {"files": "1 Files", "conflicts": "2 Conflicts", "charts": "3 Charts", "map": "4 Map"}
OF_FILES = frozenset(("decide", "decide_more", "give_sidecar", "image", "zoom"))
"""Actions on the file or group in focus."""
GROWING = 1.0
"""Seconds between two looks at the rows of a preview under way."""


class ReviewScreen(Screen[None]):
    """The second screen. Makes the preview where there is none that fits."""

    HELP = (
        "Every file that was found, with what a run would do to it. Type / to search, pick by outcome (o), folder (f), "
        "format (y) or rule (m), sort (s), jump (g). The pane beside the list shows the file in focus: its tags now "
        "and after the run.\n"
        "Where a picture says something else than Google (! in the list): k keeps the file's value, t takes Google's, "
        "d decides for an album or for all of a kind, u undoes, l lists. Decisions are kept for this and later runs.\n"
        "A picture without a sidecar is given one with w. p makes the preview again, F5 starts the run."
    )
    DEFAULT_CSS = """
    ReviewScreen #status { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    ReviewScreen #status.-bad { color: $text-error; }
    ReviewScreen #body, ReviewScreen #left, ReviewScreen #figures, ReviewScreen ContentSwitcher { height: 1fr; }
    ReviewScreen Detail { height: 10; border-top: solid $primary-muted; }
    ReviewScreen.-zoomed #left { display: none; }
    ReviewScreen.-zoomed Detail { height: 1fr; border: none; }
    ReviewScreen.-tall #body { layout: vertical; }
    ReviewScreen.-wide #left { width: 5fr; }
    ReviewScreen.-wide Detail { width: 4fr; height: 1fr; border-top: none; border-left: solid $primary-muted; }
    ReviewScreen #figures Static { height: auto; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "run", "Run", id="review.run"),
        Binding("1", "view('files')", "Files", show=False, id="review.files"),
        Binding("2", "view('conflicts')", "Conflicts", show=False, id="review.conflicts"),
        Binding("3", "view('charts')", "Charts", show=False, id="review.charts"),
        Binding("4", "view('map')", "Map", show=False, id="review.map"),
        Binding("k", "decide('keep')", "Keep", id="review.keep"),
        Binding("t", "decide('google')", "Google's", tooltip="Take Google's value", id="review.take"),
        Binding(
            "d",
            "decide_more",
            "Decide",
            tooltip="Decide for an album or for all of a kind",
            id="review.decide",
        ),
        Binding("w", "give_sidecar", "Sidecar", id="review.sidecar"),
        Binding("u", "undo", "Undo", id="review.undo"),
        Binding("l", "list_decisions", "Decisions", id="review.decisions"),
        Binding("i", "image", "Picture", id="review.image"),
        Binding("z", "zoom", "Detail", id="review.zoom"),
        Binding("p", "again", "Preview again", id="review.again"),
    ]
    FOOTER = ("review.run", "files.search", "review.keep", "review.take", "review.decide", "review.undo")
    HORIZONTAL_BREAKPOINTS = [(0, "-tall"), (100, "-wide")]

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow
        self._told = False
        self._since_look = 0.0
        self._begin()

    def _begin(self) -> None:
        """Take the preview there is, or have one made."""
        flow = self._flow
        deciding.take_kept(flow)
        if flow.planned is None or not flow.preview_fits:
            flow.start_preview()
        assert flow.planned is not None
        self._planned: Planned = flow.planned
        self._choices = Choices(self._planned, deciding.rules_before(flow))
        self._groups: list[Group] = []
        self._told = False

    def compose(self) -> ComposeResult:
        """The views beside the file in focus."""
        yield StageBar("review")
        yield Chips(id="views")
        yield Static(id="status")
        with Horizontal(id="body"):
            with ContentSwitcher(id="left", initial="files"):
                yield Files(self._planned, id="files")
                yield BigList(self._draw_group, id="conflicts", empty="no conflict: nothing to decide")
                with VerticalScroll(id="charts"):
                    yield Static(id="overview")
                with Vertical(id="map"):
                    yield WorldMap(id="world")
            yield Detail()
        yield KeysBar()

    def on_mount(self) -> None:
        """The clock that reads the preview's counters."""
        self._show_views()
        self.query_one(Files).list.focus()
        self.set_interval(interval(self._flow.environ), self._tick)
        self._tick()

    @property
    def _view(self) -> str:
        return self.query_one(ContentSwitcher).current or "files"

    # -- the preview under way

    def _tick(self) -> None:
        preview = self._flow.preview
        if self._told or preview is None or not self.is_current:
            return
        status = self.query_one("#status", Static)
        if not preview.over:
            progress = preview.progress
            status.update(said(f"Planning: {progress.found:,} files, {progress.folder}"))
            self._since_look += interval(self._flow.environ)
            if self._since_look < GROWING:
                return
            self._since_look = 0.0
        else:
            self._told = True
            status.set_class(preview.ending == "failed", "-bad")
            status.update(said(self._summary()))
        self._look()

    def _summary(self) -> str:
        """What the preview came to, in one line."""
        preview, planned = self._flow.preview, self._planned
        assert preview is not None
        if preview.ending == "failed":
            return f"The preview failed: {preview.error}"
        count = len(planned)
        words = f"{count:,} file{'s' * (count != 1)} planned in {preview.seconds:.1f} s"
        if preview.ending == "stopped":
            words = f"The preview was stopped: {words}"
        if waiting := planned.groups.undecided:
            words += (
                f"; {waiting:,} of {len(planned.groups):,} conflicts undecided ({self._undecided_words()})"
            )
        if self._choices.made:
            words += f"; {self._choices.made:,} decided here"
        notes = preview.progress.notes
        return words + (f"; {notes[-1]}" if notes and not self._choices.made else "")

    def _undecided_words(self) -> str:
        return "Google's is taken" if self._flow.settings.existing == "overwrite" else "the file's is kept"

    def _look(self) -> None:
        """Show what there is now."""
        self.query_one(Files).refresh_rows()
        self._groups = self._planned.groups.sorted()
        groups = self.query_one("#conflicts", BigList)
        groups.show(len(self._groups), groups.cursor)
        self._show_views()
        self._show_figures()

    def _show_views(self) -> None:
        count = len(self._planned.groups)
        words = {**VIEWS, "conflicts": f"2 Conflicts {count:,}" if count else VIEWS["conflicts"]}
        self.query_one("#views", Chips).show(tuple(words.items()), self._view)

    def _show_figures(self) -> None:
        view = self._view
        if view == "charts":
            rows = overview(self._planned.figures, self.size.width - ASIDE)
            self.query_one("#overview", Static).update(Content("\n".join(rows) or "Nothing to draw yet."))
        elif view == "map":
            self.query_one(WorldMap).show(self._planned.figures.places)

    # -- views

    def action_view(self, name: str) -> None:
        """Another view."""
        self.query_one(ContentSwitcher).current = name
        self.query_one(Detail).display = name in ("files", "conflicts")
        self.remove_class("-zoomed")
        focus = {"files": "#file-list", "conflicts": "#conflicts", "charts": "#charts", "map": "#world"}[name]
        self.query_one(focus).focus()
        self.refresh_bindings()
        self._show_views()
        self.call_after_refresh(self._show_figures)
        self.call_after_refresh(self._show_detail)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is decided where no file is in focus."""
        return action not in OF_FILES or not self.is_mounted or self._view in ("files", "conflicts")

    def on_chips_picked(self, message: Chips.Picked) -> None:
        """A view was clicked."""
        self.action_view(message.key)

    def on_resize(self) -> None:
        """Charts are drawn for the new width."""
        self.call_after_refresh(self._show_figures)
        self.call_after_refresh(self._show_detail)

    def action_zoom(self) -> None:
        """The file in focus alone, or beside the list again."""
        if self._view in ("files", "conflicts"):
            zoomed = not self.has_class("-zoomed")
            self.set_class(zoomed, "-zoomed")
            (self.query_one(Detail) if zoomed else self.query_one("#file-list")).focus()
            self.call_after_refresh(self._show_detail)

    def _draw_group(self, place: int, width: int) -> Sequence[Cell]:
        return group_row(self._groups[place], width) if place < len(self._groups) else []

    # -- the file in focus

    def on_big_list_moved(self, message: BigList.Moved) -> None:
        """Show the row in focus."""
        self._show_detail()

    def on_big_list_chosen(self, message: BigList.Chosen) -> None:
        """Of a group: its files. Of a file: its details alone."""
        if message.source.id == "conflicts":
            group = self._groups[message.place]
            self.action_view("files")
            self.query_one(Files).narrow(Filter(group=(group.unit, group.kind)))
        else:
            self.action_zoom()

    def _row(self) -> int | None:
        """The row in focus: in the list, or the first of the group in focus."""
        if self._view != "conflicts":
            return self.query_one(Files).current
        group = self._group()
        return group.rows[0] if group is not None and len(group) else None

    def _group(self) -> Group | None:
        place = self.query_one("#conflicts", BigList).cursor
        return self._groups[place] if self._view == "conflicts" and place < len(self._groups) else None

    def _show_detail(self) -> None:
        detail, row, planned = self.query_one(Detail), self._row(), self._planned
        if not detail.display:
            return
        if row is None:
            detail.say("No file in focus.")
            return
        try:
            outcome, record = planned.outcome(row), planned.json_record(row)
        except (OSError, ValueError):
            detail.say("Its details cannot be read any more; p makes the preview again.")
            return
        if record is not None:
            detail.look_at(None)
            detail.show(json_facts(record), ())
        elif outcome is not None:
            detail.look_at(outcome.plan.match.media)
            decided = {group.unit: group.choice(row) for group in planned.groups.of_row(row)}
            detail.show(facts(outcome, self._choices.sidecar_given(row)), tag_lines(outcome, decided))

    def action_image(self) -> None:
        """Small pictures above the details, or none."""
        detail = self.query_one(Detail)
        if detail.opener is None and (lacking := lacks(self.app)):
            self.notify(lacking, markup=False)
            return
        detail.opener = Opener(self._flow.make_host()) if detail.opener is None else None
        self._show_detail()

    # -- decisions

    def action_decide(self, choice: Choice) -> None:
        """Keep the file's value or take Google's: in the file in focus, or in all of the group in focus."""
        group, row = self._group(), self._row()
        if group is not None:
            self._decided(self._choices.decide(choice, group))
        elif row is not None and self._planned.groups.of_row(row):
            self._decided(self._choices.decide(choice, row=row))
        else:
            self.notify("This file has no conflict to decide.", timeout=3)

    def action_decide_more(self) -> None:
        """For an album, or for all of a kind."""
        group = self._group()
        ways = deciding.ways(self._choices, self._planned, None if group else self._row_in_conflict(), group)
        if not ways:
            self.notify("There is no conflict to decide.", timeout=3)
            return

        def picked(key: str | None) -> None:
            if key is not None:
                self._decided(ways[int(key)][1]())

        self.app.push_screen(PickScreen("Decide", [option for option, _ in ways]), picked)

    def _row_in_conflict(self) -> int | None:
        row = self._row()
        return row if row is not None and self._planned.groups.of_row(row) else None

    def action_give_sidecar(self) -> None:
        """Say which sidecar belongs to a picture that has none."""
        row, planned = self._row(), self._planned
        if row is None or planned.words[row] != "unmatched":
            self.notify("Only a picture without a sidecar is given one.", timeout=3)
            return
        likely = likely_sidecars(planned, row)
        options = [
            Option(f"{other}", planned.names[other], taken_words(planned, other, True)) for other in likely
        ]

        def picked(key: str | None) -> None:
            if key is not None:
                self._decided(self._choices.give_sidecar(row, int(key)))

        empty = "no sidecar in its folder is without a picture"
        self.app.push_screen(PickScreen(f"The sidecar of {planned.names[row]}", options, empty), picked)

    def action_undo(self) -> None:
        """Take the last decision back."""
        rule = self._choices.undo()
        if rule is None:
            self.notify("Nothing was decided here.", timeout=3)
        else:
            self._changed(f"Undone: {deciding.rule_words(rule)}")

    def action_list_decisions(self) -> None:
        """Every decision, those of earlier runs too; the one picked is taken back."""
        rules = self._choices.rules
        options = [Option(f"{number}", deciding.rule_words(rule)) for number, rule in enumerate(rules)]

        def picked(key: str | None) -> None:
            if key is not None:
                self._changed(f"Taken back: {deciding.rule_words(self._choices.withdraw(int(key)))}")

        self.app.push_screen(
            PickScreen("Decisions: Enter takes one back", options, "nothing is decided"), picked
        )

    def _decided(self, rule: Rule) -> None:
        self._changed(f"Decided: {deciding.rule_words(rule)}")

    def _changed(self, words: str) -> None:
        """Keep the decisions, and show them everywhere."""
        if problem := deciding.keep(self._flow, self._choices):
            self.notify(problem, severity="error", markup=False)
        self.notify(words, timeout=3, markup=False)
        self.query_one(Files).list.refresh()
        self.query_one("#conflicts", BigList).refresh()
        self._show_detail()
        if self._told:
            self.query_one("#status", Static).update(said(self._summary()))

    # -- going on

    def action_again(self) -> None:
        """Plan anew, with what was decided."""
        self._flow.end_preview()
        self._flow.preview = None
        self._begin()
        self.query_one(Files).take(self._planned)
        self._look()

    def action_run(self) -> None:
        """Carry it out."""
        app: Any = self.app
        app.go("run")
