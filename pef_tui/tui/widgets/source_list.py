"""The list of the chosen sources, with the state of each part of an export."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from textual.content import Content
from textual.widgets.option_list import Option

from pef_tui.sanitize import cells, safe_middle
from pef_tui.sources.export_parts import NumberedParts
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.survey import Survey
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.widgets.rows import RowList

_STYLES = {"cut off": "$text-error", "missing": "$text-warning", "still downloading": "$text-warning"}


class _Row(NamedTuple):
    text: str
    state: str = ""
    source: int = -1
    """Index of the source; -1 if the row is no source, but a part in a folder, or a part that is missing."""


class SourceList(RowList):
    """The sources in their order. A folder is followed by the parts in it, and all parts by those that are missing."""

    DEFAULT_CSS = """
    SourceList { height: auto; max-height: 6; padding: 0; background: transparent; text-wrap: nowrap;
                 text-overflow: ellipsis; }
    """

    def __init__(self, **widget_options: Any) -> None:
        super().__init__(compact=True, **widget_options)
        self._rows: list[_Row] = []
        self._shown: tuple[int, list[_Row]] = -1, []

    def show(self, sources: Sequence[str], survey: Survey | None) -> None:
        """Show the sources; the states of their parts as far as `survey` has found them."""
        self._rows = list(_rows(sources, survey)) or [_Row("none yet")]
        self._draw()

    def on_resize(self) -> None:
        """Cut the paths for the new width."""
        self._draw()

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if self._shown == (width, self._rows):
            return
        self._shown = width, self._rows
        at = self.highlighted
        self.clear_options()
        has_sources = any(row.source >= 0 for row in self._rows)
        self.add_options([Option(_content(row, width), disabled=not has_sources) for row in self._rows])
        if at is not None and has_sources:
            self.highlighted = min(at, len(self._rows) - 1)

    def on_focus(self) -> None:
        """Move the cursor to the first row, if it is on none."""
        if self.highlighted is None:
            self.go_to(0)

    def row_text(self, index: int) -> str:
        """Return the whole path in a row, and its state."""
        return f"{self._rows[index].text} {self._rows[index].state}"

    @property
    def source_at_cursor(self) -> int:
        """Return the index of the source under the cursor; -1 if there is none."""
        at = self.highlighted
        return self._rows[at].source if at is not None and at < len(self._rows) else -1


def _rows(sources: Sequence[str], survey: Survey | None) -> list[_Row]:
    states = dict(survey.part_states) if survey is not None else {}
    rows = []
    for number, source in enumerate(sources):
        path = os.path.realpath(source)
        rows.append(_Row(shown_path(source), states.pop(path, ""), number))
        inside = [part for part in states if os.path.dirname(part) == path]
        rows += [_Row(f"  {os.path.basename(part)}", states.pop(part)) for part in inside]
    if survey is not None:
        for parts in survey.exports:
            for number in parts.missing:
                rows.insert(_place(rows, parts, number), _Row(f"  {parts.name}{number:03}", "missing"))
        rows += [_Row(f"  {os.path.basename(path)}", "still downloading") for path in survey.downloads]
    return rows


def _place(rows: Sequence[_Row], parts: NumberedParts, number: int) -> int:
    """Return the index of the row before which the missing part `number` is inserted, so that the numbers ascend."""
    later = {os.path.basename(path) for part, paths in parts.paths.items() if part > number for path in paths}
    names = [row.text.strip().rpartition("/")[2] for row in rows]
    return next((index for index, name in enumerate(names) if name in later), len(rows))


def _content(row: _Row, width: int) -> Content:
    if row.source < 0 and not row.state and not row.text.startswith(" "):
        return safe_content((row.text, "dim"))
    state = f"  {row.state}" if row.state else ""
    name = safe_middle(row.text, max(width - len(state) - 2, 12)) if width else row.text
    blank = " " * max(width - 2 - cells(name) - len(state), 0) if state and width else ""
    return safe_content(name, blank, (state, _STYLES.get(row.state, "dim")))
