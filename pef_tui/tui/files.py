"""Every planned file in one list: filtered, sorted and jumped through without the screen waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from pef_tui.planned import FLAGS, ORDERS, Filter, Flag, Order, Planned, ordered, select
from pef_tui.planned.names import folded
from pef_tui.tui.biglist import BigList, Cell
from pef_tui.tui.chips import Chips
from pef_tui.tui.content import said
from pef_tui.tui.line import Line
from pef_tui.tui.option import Option
from pef_tui.tui.pick import PickScreen
from pef_tui.tui.review_rows import file_row

ORDER_WORDS: dict[Order, str] = {
    "told": "as found", "taken": "by when taken", "name": "by name", "size": "by size",
}  # fmt: skip
FLAG_WORDS: dict[Flag, str] = {"conflict": "conflicts", "warning": "warnings", "ambiguous": "ambiguous"}


class Files(Vertical):
    """Counts to pick from, a line to search in, the list."""

    DEFAULT_CSS = """
    Files > Input { padding: 0 1; display: none; background: $panel; }
    Files.-searching > Input { display: block; }
    Files > #filter-words { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    Files > BigList { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/", id="files.search"),
        Binding("o", "pick_outcome", "Outcome", id="files.outcome"),
        Binding("f", "pick_folder", "Folder", id="files.folder"),
        Binding("y", "pick_format", "Format", id="files.format"),
        Binding("m", "pick_rule", "Matched by", id="files.rule"),
        Binding("s", "sort", "Sort", id="files.sort"),
        Binding("S", "turn", "Turn round", show=False, id="files.turn"),
        Binding("g", "jump", "Jump", id="files.jump"),
        Binding("x", "clear", "Clear", id="files.clear"),
        Binding("escape", "end_search", "End search", show=False, id="files.end_search"),
    ]

    def __init__(self, planned: Planned, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._planned = planned
        self.filter = Filter()
        """What is shown."""
        self.order: Order = "told"
        self.down = False
        """Sorted from the end."""
        self.rows: Sequence[int] = range(len(planned))
        """The rows shown."""
        self._sorted: dict[tuple[Order, bool], tuple[int, Sequence[int] | None]] = {}

    def compose(self) -> ComposeResult:
        """From the coarsest choice to the list."""
        yield Chips(id="outcomes")
        yield Line(
            placeholder="part of a name or folder; folder/name; Enter goes to the list, Esc ends",
        )
        yield Static(id="filter-words")
        yield BigList(self._draw, id="file-list", empty="no file is like that")

    def on_mount(self) -> None:
        """Show what there is."""
        self.refresh_rows()

    @property
    def list(self) -> BigList:
        """The list of files."""
        return self.query_one(BigList)

    @property
    def current(self) -> int | None:
        """The row of the cursor."""
        place = self.list.cursor
        return self.rows[place] if place < len(self.rows) else None

    def take(self, planned: Planned) -> None:
        """Show another preview, with the same filter."""
        self._planned = planned
        self._sorted.clear()
        self.rows = ()
        self.list.show(0)
        self.refresh_rows()

    def narrow(self, wanted: Filter) -> None:
        """Show the rows that are like that."""
        self.filter = wanted
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Find the rows anew, in a thread; the cursor stays on its row where that is still shown."""
        find: Callable[[], Awaitable[None]] = self._find
        self.run_worker(find, group="find", exclusive=True)

    async def _find(self) -> None:
        planned, wanted, row = self._planned, self.filter, self.current
        self._show_words(searching=True)
        rows = await asyncio.to_thread(self._rows, planned, wanted, self.order, self.down)
        place = await asyncio.to_thread(_place, rows, row)
        self.rows = rows
        self.list.show(len(rows), place)
        self._show_words()
        self._show_counts()

    def _rows(self, planned: Planned, wanted: Filter, order: Order, down: bool) -> Sequence[int]:
        count, rows = self._sorted.get((order, down), (-1, None))
        if count != len(planned):
            count, rows = len(planned), ordered(planned, order, down)
            self._sorted[order, down] = count, rows
        return select(planned, wanted, rows)

    def _draw(self, place: int, width: int) -> Sequence[Cell]:
        if place >= len(self.rows):
            return []
        return file_row(self._planned, self.rows[place], width, self.order)

    # -- what is said above the list

    def _show_counts(self) -> None:
        counts = self._planned.words.counts()
        chips = [("all", f"all {len(self._planned):,}")]
        chips += [(word, f"{word} {count:,}") for word, count in counts.items()]
        flags = bytes(self._planned.flags)
        for flag, bit in FLAGS.items():
            if count := sum(flags.count(code) for code in range(8) if code & bit):
                chips.append((f"?{flag}", f"{FLAG_WORDS[flag]} {count:,}"))
        words, flag_word = self.filter.words, self.filter.flag
        active = f"?{flag_word}" if flag_word else words[0] if len(words) == 1 else "" if words else "all"
        self.query_one("#outcomes", Chips).show(chips, active)

    def _show_words(self, searching: bool = False) -> None:
        wanted = self.filter
        parts = []
        if wanted.text:
            parts.append(f"with “{wanted.text}”")
        if wanted.folder is not None:
            parts.append(f"in {wanted.folder or 'the top folder'}")
        if wanted.format is not None:
            parts.append(f"format {wanted.format or 'not known'}")
        if wanted.rule is not None:
            parts.append(f"matched by {wanted.rule or 'nothing'}")
        if wanted.group is not None:
            parts.append(f"{wanted.group[0]}: {wanted.group[1]}")
        order = ORDER_WORDS[self.order] + (", from the end" if self.down else "")
        counted = "…" if searching else f"{len(self.rows):,} of {len(self._planned):,}"
        self.query_one("#filter-words", Static).update(said("; ".join([counted, *parts, order])))

    # -- actions

    def on_chips_picked(self, message: Chips.Picked) -> None:
        """Only files of that outcome, or with that flag."""
        message.stop()
        self._outcome(message.key)

    def _outcome(self, key: str | None) -> None:
        if key is None:
            return
        flags: dict[str, Flag] = {f"?{flag}": flag for flag in FLAGS}
        words = () if key == "all" or key in flags else (key,)
        self.narrow(replace(self.filter, words=words, flag=flags.get(key, "")))
        self.list.focus()

    def action_search(self) -> None:
        """Type what to look for."""
        self.add_class("-searching")
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for what is typed."""
        event.stop()
        self.narrow(replace(self.filter, text=event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """To the list, the search stays."""
        event.stop()
        self.list.focus()

    def action_end_search(self) -> None:
        """End a search; without one the key is the app's."""
        if not self.has_class("-searching"):
            raise SkipAction
        self.query_one(Input).value = ""
        self.remove_class("-searching")
        self.list.focus()

    def action_pick_outcome(self) -> None:
        """Pick an outcome."""
        options = [Option("all", "all", f"{len(self._planned):,}")]
        options += [Option(word, word, f"{count:,}") for word, count in self._planned.words.counts().items()]
        options += [Option(f"?{flag}", words) for flag, words in FLAG_WORDS.items()]
        self.app.push_screen(PickScreen("Which outcome?", options), self._outcome)

    def action_pick_folder(self) -> None:
        """Pick a folder."""
        folders = sorted(enumerate(self._planned.folders), key=lambda each: folded(each[1]))
        options = [Option("", "every folder")] + [
            Option(f"{n}", path or "the top folder") for n, path in folders
        ]
        self.app.push_screen(PickScreen("Which folder?", options), self._folder)

    def _folder(self, key: str | None) -> None:
        if key is not None:
            folder = self._planned.folders[int(key)] if key else None
            self.narrow(replace(self.filter, folder=folder))

    def action_pick_format(self) -> None:
        """Pick a format."""
        self._pick("Which format?", "every format", self._planned.formats.counts(), "format")

    def action_pick_rule(self) -> None:
        """Pick a rule that joined pictures with their sidecars."""
        self._pick("Matched by which rule?", "every rule", self._planned.rules.counts(), "rule")

    def _pick(self, title: str, every: str, counts: dict[str, int], field: str) -> None:
        def picked(key: str | None) -> None:
            if key is not None:
                self.narrow(replace(self.filter, **{field: key[1:] if key else None}))

        options = [Option("", every)]
        options += [Option(f"={word}", word or "none", f"{count:,}") for word, count in counts.items()]
        self.app.push_screen(PickScreen(title, options), picked)

    def action_sort(self) -> None:
        """The next order."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.refresh_rows()

    def action_turn(self) -> None:
        """The same order from its other end."""
        self.down = not self.down
        self.refresh_rows()

    def action_clear(self) -> None:
        """Every file again."""
        self.remove_class("-searching")
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self.narrow(Filter())
        self.list.focus()

    def action_jump(self) -> None:
        """To a number in the list, or to the next name that begins so."""
        from pef_tui.tui.asking import AskText

        text = "A number in the list, a part of it (50%), or how a name begins:"
        self.app.push_screen(AskText("Jump", text, "", self._jump_problem), self._jump)

    def _jump_problem(self, text: str) -> str:
        return "" if self._target(text) is not None else "no file in the list is like that"

    def _jump(self, text: str | None) -> None:
        if text is not None and (place := self._target(text)) is not None:
            self.list.jump(place)

    def _target(self, text: str) -> int | None:
        """The place in the list that is meant."""
        text, count = text.strip(), len(self.rows)
        number = text.rstrip("%").replace(",", "")
        if number.isdecimal() and len(number) < 10 and count:
            place = int(number) * count // 100 if text.endswith("%") else int(number) - 1
            return min(max(place, 0), count - 1)
        if not text:
            return None
        mask = self._planned.names.holding(b"\0" + folded(text.replace("\0", "")))
        after = self.list.cursor + 1
        places = (*range(after, count), *range(min(after, count))) if 1 in mask else ()
        return next((place for place in places if mask[self.rows[place]]), None)


def _place(rows: Sequence[int], row: int | None) -> int:
    """Where a row is among those shown; 0 where it is not."""
    if row is None:
        return 0
    try:
        return rows.index(row)
    except ValueError:
        return 0
