"""The list of the planned files. It is filtered and sorted in a thread, so that the screen does not block."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from pef_tui.preview import (
    FLAGS,
    ORDERS,
    Flag,
    Order,
    PlannedFiles,
    RowFilter,
    preview_word,
    select_rows,
    sort_rows,
)
from pef_tui.preview.names import fold
from pef_tui.preview.search import parse
from pef_tui.tui.keys import bindings, keymap_of, with_keys
from pef_tui.tui.screens.picker import PickScreen
from pef_tui.tui.text.review_rows import file_row
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.widgets.chip_row import ChipRow
from pef_tui.tui.widgets.option import Option
from pef_tui.tui.widgets.search_input import SearchInput
from pef_tui.tui.widgets.virtual_list import Cell, VirtualList

ORDER_WORDS: dict[Order, str] = {
    "listed": "as listed", "taken": "by date taken", "name": "by name", "size": "by size",
}  # fmt: skip
FLAG_WORDS: dict[Flag, str] = {"conflict": "conflicts", "warning": "warnings", "ambiguous": "ambiguous"}


class FileRows(VirtualList, inherit_bindings=False):
    """The list itself. Space selects a file, so it is no key that moves by a page."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("move", "search", "choose_row")


class FileList(Vertical):
    """Counts by outcome, a search field, and the list."""

    DEFAULT_CSS = """
    FileList > Input { padding: 0 1; display: none; background: $panel; }
    FileList.-searching > Input { display: block; }
    FileList > #filter-words { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap;
                               text-overflow: ellipsis; }
    FileList > VirtualList { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("files")

    def __init__(self, planned_files: PlannedFiles, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._planned_files = planned_files
        self.filter = RowFilter()
        """Conditions that a file must meet to be in the list."""
        self.order: Order = "listed"
        self.is_reversed = False
        """True if the list is in the reverse of `order`."""
        self.rows: Sequence[int] = range(len(planned_files))
        """Rows of `planned_files` that the list shows, in its order."""
        self.selected: set[int] = set()
        """Rows of `planned_files` that the user selected. Some may be hidden by the filter."""
        self._sorted: dict[tuple[Order, bool], tuple[int, Sequence[int] | None]] = {}

    def compose(self) -> ComposeResult:
        """Create the counts, the search field and the list."""
        yield ChipRow(id="outcomes")
        hint = "words, folder/name, person: year: camera: outcome: album: desc:, {files.end_search} ends"
        yield SearchInput(placeholder=with_keys(hint, keymap_of(self.app)))
        yield Static(id="filter-words")
        yield FileRows(self._draw, id="file-list", empty="no matching file", can_search=False)

    def on_mount(self) -> None:
        """Show the files planned so far."""
        self.refresh_rows()

    @property
    def list(self) -> VirtualList:
        """Return the list widget."""
        return self.query_one(VirtualList)

    @property
    def current(self) -> int | None:
        """Return the row of `planned_files` under the cursor; None if the list is empty."""
        index = self.list.cursor
        return self.rows[index] if index < len(self.rows) else None

    def load(self, planned_files: PlannedFiles) -> None:
        """Show the files of another preview, with the same filter."""
        self._planned_files = planned_files
        self._sorted.clear()
        self.selected.clear()
        self.rows = ()
        self.list.show(0)
        self.refresh_rows()

    def show_matches(self, row_filter: RowFilter) -> None:
        """Show the rows that match a filter."""
        self.filter = row_filter
        self.refresh_rows()

    def show_decisions(self) -> None:
        """Draw the rows again after a decision. If they are sorted by time, sort them again: times may have changed."""
        self._sorted = {key: rows for key, rows in self._sorted.items() if key[0] != "taken"}
        self.list.refresh()
        if self.order == "taken":
            self.refresh_rows()

    def refresh_rows(self) -> None:
        """Filter and sort the rows again, in a thread. The cursor stays on its row if the row still matches."""
        find: Callable[[], Awaitable[None]] = self._find
        self.run_worker(find, group="find", exclusive=True)

    async def _find(self) -> None:
        planned_files, row_filter, row = self._planned_files, self.filter, self.current
        self._show_words(searching=True)
        rows = await asyncio.to_thread(self._rows, planned_files, row_filter, self.order, self.is_reversed)
        index = await asyncio.to_thread(_index_of, rows, row)
        self.rows = rows
        self.list.show(len(rows), index)
        self._show_words()
        self._show_counts()

    def _rows(
        self, planned_files: PlannedFiles, row_filter: RowFilter, order: Order, is_reversed: bool
    ) -> Sequence[int]:
        count, rows = self._sorted.get((order, is_reversed), (-1, None))
        if count != len(planned_files):
            count, rows = len(planned_files), sort_rows(planned_files, order, is_reversed)
            self._sorted[order, is_reversed] = count, rows
        return select_rows(planned_files, row_filter, rows)

    def _draw(self, index: int, width: int) -> Sequence[Cell]:
        if index >= len(self.rows):
            return []
        row = self.rows[index]
        cells = file_row(self._planned_files, row, width - 2 * bool(self.selected), self.order)
        if not self.selected:
            return cells
        return [("+" if row in self.selected else "", 1, "good"), *cells]

    # -- texts above the list

    def _show_counts(self) -> None:
        counts = self._planned_files.outcomes.counts()
        chips = [("all", f"all {len(self._planned_files):,}")]
        chips += [(word, f"{preview_word(word)} {count:,}") for word, count in counts.items()]
        flags = bytes(self._planned_files.flags)
        for flag, bit in FLAGS.items():
            if count := sum(flags.count(code) for code in range(8) if code & bit):
                chips.append((f"?{flag}", f"{FLAG_WORDS[flag]} {count:,}"))
        words, flag_word = self.filter.outcomes, self.filter.flag
        active = f"?{flag_word}" if flag_word else words[0] if len(words) == 1 else "" if words else "all"
        self.query_one("#outcomes", ChipRow).show(chips, active)

    def _show_words(self, searching: bool = False) -> None:
        row_filter = self.filter
        parts = []
        if self.selected:
            parts.append(f"{len(self.selected):,} selected")
        if row_filter.text:
            parts.append(parse(row_filter.text).problem or f"with “{row_filter.text}”")
        if row_filter.folder is not None:
            parts.append(f"in {row_filter.folder or 'the top folder'}")
        if row_filter.format is not None:
            parts.append(f"format {row_filter.format or 'unknown'}")
        if row_filter.rule is not None:
            parts.append(f"matched by {row_filter.rule or 'nothing'}")
        if row_filter.group is not None:
            parts.append(f"{row_filter.group[0]}: {row_filter.group[1]}")
        order = ORDER_WORDS[self.order] + (", reversed" if self.is_reversed else "")
        count_words = "…" if searching else f"{len(self.rows):,} of {len(self._planned_files):,}"
        self.query_one("#filter-words", Static).update(safe_content("; ".join([count_words, *parts, order])))

    # -- actions

    def on_chip_row_picked(self, message: ChipRow.Picked) -> None:
        """Show only the files with the picked outcome or flag."""
        message.stop()
        self._outcome(message.key)

    def _outcome(self, key: str | None) -> None:
        if key is None:
            return
        flags: dict[str, Flag] = {f"?{flag}": flag for flag in FLAGS}
        words = () if key == "all" or key in flags else (key,)
        self.show_matches(replace(self.filter, outcomes=words, flag=flags.get(key, "")))
        self.list.focus()

    def action_search(self) -> None:
        """Open the search field."""
        self.add_class("-searching")
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the files that match the typed text."""
        event.stop()
        self.show_matches(replace(self.filter, text=event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Store the search for later starts of the app, and focus the list; the search stays open."""
        event.stop()
        self.query_one(SearchInput).remember()
        self.list.focus()

    def action_next_match(self, direction: int) -> None:
        """Move the cursor to the next (1) or the previous (-1) of the files that match the search."""
        if not self.filter.text:
            self.action_search()
        elif count := len(self.rows):
            self.list.go_to((self.list.cursor + direction) % count)

    # -- the selection

    @property
    def selected_rows(self) -> Sequence[int]:
        """Return the selected rows, in the order of the records."""
        return sorted(self.selected)

    def end_selection(self) -> None:
        """Select no file."""
        self.selected.clear()
        self._show_selection()

    def _show_selection(self) -> None:
        self.list.refresh()
        self._show_words()

    def action_select(self) -> None:
        """Select the file under the cursor, or end its selection, and move the cursor to the next file."""
        if (row := self.current) is not None:
            self.selected ^= {row}
            self._show_selection()
            self.list.action_move(1)

    def action_extend(self, rows: int) -> None:
        """Select the file under the cursor and those up to the file `rows` below it, which gets the cursor."""
        if self.current is None:
            return
        start = self.list.cursor
        self.list.action_move(rows)
        first, last = sorted((start, self.list.cursor))
        self.selected.update(self.rows[first : last + 1])
        self._show_selection()

    def action_select_all(self) -> None:
        """Select all listed files. If all of them are selected, end their selection."""
        listed = set(self.rows)
        self.selected = self.selected - listed if listed <= self.selected else self.selected | listed
        self._show_selection()

    def action_end_search(self) -> None:
        """End the selection, or else the search. If there is neither, pass the key (Escape) on to the app."""
        if self.selected and not self.query_one(Input).has_focus:
            self.end_selection()
            return
        if not self.has_class("-searching"):
            raise SkipAction
        self.query_one(Input).value = ""
        self.remove_class("-searching")
        self.list.focus()

    def action_pick_outcome(self) -> None:
        """Let the user pick the outcome or flag of the files to show."""
        options = [Option("all", "all", f"{len(self._planned_files):,}")]
        options += [
            Option(word, preview_word(word), f"{count:,}")
            for word, count in self._planned_files.outcomes.counts().items()
        ]
        options += [Option(f"?{flag}", words) for flag, words in FLAG_WORDS.items()]
        self.app.push_screen(PickScreen("Which outcome?", options), self._outcome)

    def action_pick_folder(self) -> None:
        """Let the user pick the folder whose files to show."""
        folders = sorted(enumerate(self._planned_files.folders), key=lambda folder: fold(folder[1]))
        options = [Option("", "every folder")] + [
            Option(f"{n}", path or "the top folder") for n, path in folders
        ]
        self.app.push_screen(PickScreen("Which folder?", options), self._folder)

    def _folder(self, key: str | None) -> None:
        if key is not None:
            folder = self._planned_files.folders[int(key)] if key else None
            self.show_matches(replace(self.filter, folder=folder))

    def action_pick_format(self) -> None:
        """Let the user pick the format of the files to show."""
        self._pick("Which format?", "every format", self._planned_files.formats.counts(), "format")

    def action_pick_rule(self) -> None:
        """Let the user pick the matching rule of the files to show."""
        self._pick("Matched by which rule?", "every rule", self._planned_files.rules.counts(), "rule")

    def _pick(self, title: str, all_label: str, counts: dict[str, int], field: str) -> None:
        def on_pick(key: str | None) -> None:
            if key is not None:
                self.show_matches(replace(self.filter, **{field: key[1:] if key else None}))

        options = [Option("", all_label)]
        options += [Option(f"={word}", word or "none", f"{count:,}") for word, count in counts.items()]
        self.app.push_screen(PickScreen(title, options), on_pick)

    def action_sort(self) -> None:
        """Sort by the next order of `ORDERS`."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.refresh_rows()

    def action_turn(self) -> None:
        """Reverse the order."""
        self.is_reversed = not self.is_reversed
        self.refresh_rows()

    def action_clear(self) -> None:
        """Remove the filter and the search."""
        self.remove_class("-searching")
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self.show_matches(RowFilter())
        self.list.focus()

    def action_jump(self) -> None:
        """Let the user type a position or the beginning of a name, and move the cursor there."""
        from pef_tui.tui.screens.dialogs import TextDialog

        text = "A position in the list, a percentage (50%), or the beginning of a name:"
        self.app.push_screen(TextDialog("Jump", text, "", self._jump_problem), self._jump)

    def _jump_problem(self, text: str) -> str:
        return "" if self._target(text) is not None else "no such file in the list"

    def _jump(self, text: str | None) -> None:
        if text is not None and (index := self._target(text)) is not None:
            self.list.jump(index)

    def _target(self, text: str) -> int | None:
        """Return the index in the list to which the user wants to jump.

        `text` is a position from 1 (`1200`), a percentage (`50%`), or the beginning of a name. Return None if `text` is
        empty, or if no name begins with it.
        """
        text, count = text.strip(), len(self.rows)
        number = text.rstrip("%").replace(",", "")
        if number.isdecimal() and len(number) < 10 and count:
            index = int(number) * count // 100 if text.endswith("%") else int(number) - 1
            return min(max(index, 0), count - 1)
        if not text:
            return None
        mask = self._planned_files.names.containing(b"\0" + fold(text.replace("\0", "")))
        start = self.list.cursor + 1
        indexes = (*range(start, count), *range(min(start, count))) if 1 in mask else ()
        return next((index for index in indexes if mask[self.rows[index]]), None)


def _index_of(rows: Sequence[int], row: int | None) -> int:
    """Return the index of `row` in `rows`; 0 if `rows` does not contain it."""
    if row is None:
        return 0
    try:
        return rows.index(row)
    except ValueError:
        return 0
