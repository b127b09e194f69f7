"""Keys that move and search in every list and text: arrows, and the keys of vim and less."""

from __future__ import annotations

from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList

from pef_tui.tui.keys import bindings


class Rows(Widget):
    """Base of widgets that have rows and a cursor. A subclass uses the bindings `list`, or `move` and `search`."""

    search_text = ""
    """Text of the last search in this list."""
    can_search = True
    """Whether the list searches in its rows. If not, the keys of the search act on the parent of the list."""

    def row_count(self) -> int:
        """Return the number of rows."""
        raise NotImplementedError

    def row_index(self) -> int:
        """Return the index of the row under the cursor; -1 if the cursor is on no row."""
        raise NotImplementedError

    def row_text(self, index: int) -> str:
        """Return the text of a row."""
        raise NotImplementedError

    def go_to(self, index: int) -> None:
        """Move the cursor to the row with the index `index`, or to the nearest existing row."""
        raise NotImplementedError

    def action_move(self, rows: int) -> None:
        """Move the cursor down by `rows` rows; up if `rows` is negative."""
        self.go_to(max(self.row_index() + rows, 0))

    def action_page(self, pages: int) -> None:
        """Move the cursor down by `pages` times the height of the list; up if `pages` is negative."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_half_page(self, halves: int) -> None:
        """Move the cursor down by `halves` times half the height of the list; up if `halves` is negative."""
        self.action_move(halves * max(self.size.height // 2, 1))

    def action_end(self, direction: int) -> None:
        """Move the cursor to the first row (-1) or the last (1)."""
        self.go_to(0 if direction < 0 else self.row_count() - 1)

    def action_search(self) -> None:
        """Open the search field below the screen."""
        from pef_tui.tui.screens.find import FindScreen

        if not self.can_search:
            raise SkipAction
        self.app.push_screen(FindScreen(self))

    def action_next_match(self, direction: int) -> None:
        """Move the cursor to the next row (1) or the row before (-1) that contains the text of the last search."""
        if not self.can_search:
            raise SkipAction
        if not self.search_text:
            self.action_search()
        elif not self.find(self.search_text, self.row_index() + direction, direction):
            self.notify("No row contains the text of the search.", timeout=3)

    def find(self, text: str, start: int, direction: int = 1) -> bool:
        """Move the cursor to the first row from `start` on that contains `text`. Return whether there is one.

        The search ignores case, and continues at the other end of the list. `direction`: -1 to search upwards.
        """
        count, folded = self.row_count(), text.casefold()
        for step in range(count):
            index = (start + step * direction) % count
            if folded in self.row_text(index).casefold():
                self.go_to(index)
                return True
        return False


class RowList(OptionList, Rows):
    """The list of options of Textual, with the keys of every list."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("move", "pager", "search")

    def row_count(self) -> int:
        """Return the number of options."""
        return self.option_count

    def row_index(self) -> int:
        """Return the index of the option under the cursor; -1 if there is none."""
        return -1 if self.highlighted is None else self.highlighted

    def row_text(self, index: int) -> str:
        """Return the text of an option."""
        return str(self.get_option_at_index(index).prompt)

    def go_to(self, index: int) -> None:
        """Move the cursor to an option, unless it cannot be chosen."""
        if self.option_count:
            nearest = min(max(index, 0), self.option_count - 1)
            if not self.get_option_at_index(nearest).disabled:
                self.highlighted = nearest


class TextScroll(VerticalScroll):
    """A text that scrolls with the keys of every list."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("move", "pager")

    def action_move(self, rows: int) -> None:
        """Scroll down by `rows` rows; up if `rows` is negative."""
        self.scroll_relative(y=rows, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll down by `pages` times the height of the text in view; up if `pages` is negative."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_half_page(self, halves: int) -> None:
        """Scroll down by `halves` times half the height of the text in view; up if `halves` is negative."""
        self.action_move(halves * max(self.size.height // 2, 1))

    def action_end(self, direction: int) -> None:
        """Scroll to the beginning (-1) or the end (1)."""
        if direction < 0:
            self.scroll_home(animate=False)
        else:
            self.scroll_end(animate=False)
