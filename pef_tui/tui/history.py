"""History: what the manifest of an output folder knows: its runs, and every file of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.display import safe
from pef_tui.errors import RunError
from pef_tui.manifest import Catalog, Row, Run, Wanted, holder
from pef_tui.report import MEDIA_WORDS, clock
from pef_tui.tui.asking import Words
from pef_tui.tui.bar import StageBar
from pef_tui.tui.before import size
from pef_tui.tui.content import lines, said
from pef_tui.tui.flow import Flow
from pef_tui.tui.keys_bar import KeysBar
from pef_tui.tui.line import Line
from pef_tui.tui.path_input import PathInput
from pef_tui.tui.places import shown_path

PAGE = 200
"""Files read at a time; more are read when the cursor comes to the last."""
RUNS = 50
KINDS: tuple[tuple[str, Wanted], ...] = (
    ("all", Wanted()),
    ("failed", Wanted(words=("failed",))),
    ("without a sidecar", Wanted(words=("unmatched",))),
    ("different from Google", Wanted(conflict=True)),
)
Answer = TypeVar("Answer")


class HistoryScreen(Screen[None]):
    """The manifest, read only."""

    HELP = (
        "Name an output folder at the top. At the left are its runs, at the right every file that they did. Type a "
        "part of a name to find files; the key F changes which are shown; Enter tells all about one."
    )
    BINDINGS = [
        Binding("f", "kind", "Which files", id="history.kind"),
        Binding("slash", "find", "Find", id="history.find"),
        Binding("escape", "app.go_back", "Back", id="history.back"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (76, "-normal")]
    DEFAULT_CSS = """
    HistoryScreen #dest { margin: 0 1; }
    HistoryScreen #state { height: auto; padding: 0 1; }
    HistoryScreen #both { height: 1fr; }
    HistoryScreen .box { border: none; border-top: solid $foreground-muted !important;
                         border-title-color: $text-primary; border-title-style: bold; }
    HistoryScreen .box:focus, HistoryScreen .box:focus-within { border-top: solid $primary !important; }
    HistoryScreen OptionList { padding: 0; background: transparent; text-wrap: nowrap; text-overflow: ellipsis; }
    HistoryScreen #runs { width: 34; height: 100%; margin-right: 1; }
    HistoryScreen #at-right { width: 1fr; height: 100%; }
    HistoryScreen #files { height: 1fr; border: none; }
    HistoryScreen.-narrow #both { layout: vertical; }
    HistoryScreen.-narrow #runs { width: 100%; height: 5; }
    HistoryScreen.-narrow #at-right { width: 100%; height: 1fr; }
    """

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow
        self._dest = os.path.realpath(flow.output) if flow.output else ""
        self._catalog: Catalog | None = None
        self._kind = 0
        self._runs: list[Run] = []
        self._files: list[Row] = []
        self._whole = False

    def compose(self) -> ComposeResult:
        """The folder, its state, its runs and its files."""
        yield StageBar("History")
        yield PathInput(self._dest, id="dest", placeholder="an output folder")
        yield Static(id="state")
        with Horizontal(id="both"):
            yield OptionList(id="runs", classes="box", compact=True)
            with Vertical(id="at-right", classes="box"):
                find = Line(id="find", placeholder="part of a name")
                yield find
                yield OptionList(id="files", compact=True)
        yield KeysBar()

    def on_mount(self) -> None:
        """Titles, then what is there."""
        self.query_one("#runs").border_title = " Runs, the last first "
        self._open()
        if self._files:
            self.query_one("#files", OptionList).highlighted = 0
        self.query_one("#files" if self._files else "#dest").focus()

    def on_unmount(self) -> None:
        """Let go of the index."""
        if self._catalog is not None:
            self._catalog.close()

    # -- reading

    def _open(self) -> None:
        if self._catalog is not None:
            self._catalog.close()
        self._catalog, problem = None, ""
        try:
            self._catalog = Catalog.open(self._dest) if self._dest and os.path.isdir(self._dest) else None
        except (OSError, RunError) as error:
            problem = safe(str(error))
        self._runs = self._asked(lambda catalog: catalog.runs(RUNS)) or []
        runs = self.query_one("#runs", OptionList)
        runs.clear_options()
        runs.add_options([Option(_run_row(run)) for run in self._runs])
        self.query_one("#state", Static).update(self._state(problem))
        self._list()

    def _asked(self, question: Callable[[Catalog], Answer]) -> Answer | None:
        """An answer of the index; None without one."""
        if self._catalog is None:
            return None
        try:
            return question(self._catalog)
        except Exception as error:
            self.notify(safe(str(error), 200), severity="error", markup=False)
            return None

    def _state(self, problem: str) -> Content:
        if problem:
            return said((problem, "$text-error"))
        catalog = self._catalog
        if catalog is None:
            return said(
                (
                    "No run was made into this folder." if self._dest else "Name an output folder.",
                    "dim",
                )
            )
        counts, totals, running = catalog.counts(), catalog.totals(), holder(self._dest)
        told = ", ".join(f"{count:,} {MEDIA_WORDS[word]}" for word, count in counts.items() if count)
        rows = [said((f"{totals.files:,} pictures and videos, {size(totals.bytes)}", "bold"), f": {told}")]
        if running:
            rows.append(said(("A run is at work: ", "bold $text-warning"), running))
        rows += [said(("note ", "bold"), text) for text in catalog.problems]
        return lines(rows)

    def _list(self) -> None:
        """The files that are wanted, from the first."""
        title, _ = KINDS[self._kind]
        self.query_one("#at-right").border_title = f" Files: {title} "
        self._files, self._whole = [], False
        self.query_one("#files", OptionList).clear_options()
        self._more()

    def _more(self) -> None:
        if self._whole:
            return
        _, wanted = KINDS[self._kind]
        text = self.query_one("#find", Input).value.strip()
        wanted = Wanted(wanted.words, wanted.folder, text, wanted.conflict)
        last = self._files[-1] if self._files else None
        rows = self._asked(lambda catalog: catalog.page(wanted, last, PAGE)) or []
        self._whole = len(rows) < PAGE
        self._files += rows
        self.query_one("#files", OptionList).add_options([Option(_file_row(row)) for row in rows])

    # -- keys

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Another folder, or down to the files that were found."""
        event.stop()
        if event.input.id == "dest":
            path = self.query_one("#dest", PathInput).path
            self._dest = os.path.realpath(path) if path else ""
            self._open()
        self.query_one("#files").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Find while it is typed."""
        if event.input.id == "find":
            self._list()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Read on when the last one is reached."""
        if event.option_list.id == "files" and event.option_index >= len(self._files) - 1:
            self._more()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Everything about a run or a file."""
        event.stop()
        if event.option_list.id == "runs":
            self.app.push_screen(Words("Run", _run_text(self._runs[event.option_index])))
        else:
            self.app.push_screen(Words("File", _file_text(self._files[event.option_index])))

    def action_kind(self) -> None:
        """The next kind of files."""
        self._kind = (self._kind + 1) % len(KINDS)
        self._list()

    def action_find(self) -> None:
        """To the field for a part of a name."""
        self.query_one("#find").focus()


def _when(nanoseconds: int) -> str:
    return f"{datetime.fromtimestamp(nanoseconds / 1e9).astimezone():%Y-%m-%d %H:%M}"


def _run_row(run: Run) -> Content:
    if run.ended_ns is None:
        return said(f"{_when(run.started_ns)}  ", ("not ended", "$text-warning"))
    return said(f"{_when(run.started_ns)}  {sum(run.counts.values()):,} files")


def _run_text(run: Run) -> Content:
    seconds = None if run.ended_ns is None else (run.ended_ns - run.started_ns) / 1e9
    rows = [said(("begun    ", "dim"), _when(run.started_ns))]
    took = "it did not come to its end, or has not yet" if seconds is None else clock(seconds)
    rows.append(said(("took     ", "dim"), took))
    rows.append(said(("version  ", "dim"), run.version))
    rows.append(said(("name     ", "dim"), run.run))
    rows += [said(f"{count:>9,}  {word}") for word, count in run.counts.items() if count]
    if run.options:
        rows += [said(""), said(("Settings", "bold"))]
        rows += [said(f"{name} = {value}") for name, value in run.options.items()]
    return lines(rows)


def _file_row(row: Row) -> Content:
    name = row.name.partition("\0")[0]
    style = "bold $text-error" if row.word == "failed" else "dim"
    return said((f"{row.word:<10}", style), f"{row.folder}/{name}" if row.folder else name)


def _file_text(row: Row) -> Content:
    name = row.name.partition("\0")[0]
    rows = [said((f"{row.folder}/{name}" if row.folder else name, "bold")), said("")]
    rows.append(said(("outcome  ", "dim"), f"{row.word}: {MEDIA_WORDS[row.word]}"))
    if row.reason:
        rows.append(said(("why      ", "dim"), row.reason))
    if row.output:
        rows.append(said(("output   ", "dim"), shown_path(row.output)))
        rows.append(said(("size     ", "dim"), size(row.size)))
    if row.conflict:
        rows.append(said("It said something else than Google does."))
    return lines(rows)
