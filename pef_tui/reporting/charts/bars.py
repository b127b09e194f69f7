"""Bar charts, for instance of sizes by format or of people by count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pef_tui.sanitize import cells, safe

EIGHTHS = " ▏▎▍▌▋▊▉█"


class Bar(NamedTuple):
    """One row of a bar chart."""

    name: str
    amount: float
    words: str
    """The amount as text, which is shown after the bar: `3.2 GB`."""


def bars(rows: Iterable[Bar], width: int, max_rows: int | None = None) -> list[str]:
    """Return a line of `width` cells for each row: name, bar, amount. Return [] if `width` is less than 12.

    If there are more than `max_rows` rows, the last line has the number of the rows that are left out.
    """
    all_rows = list(rows)
    visible = all_rows if max_rows is None or len(all_rows) <= max_rows else all_rows[: max(max_rows - 1, 1)]
    if not visible or width < 12:
        return []
    names = [safe(row.name, max(8, width // 3)) for row in visible]
    name_width = max(map(cells, names))
    text_width = max(len(row.words) for row in visible)
    room = max(width - name_width - text_width - 2, 4)
    top = max(row.amount for row in visible) or 1
    lines = [
        f"{name}{' ' * (name_width - cells(name))} {bar(row.amount / top, room)} {row.words:>{text_width}}"[
            : width * 2
        ]
        for name, row in zip(names, visible, strict=True)
    ]
    if len(visible) < len(all_rows):
        lines.append(f"and {len(all_rows) - len(visible):,} more")
    return lines


def bar(part: float, width: int) -> str:
    """Return a bar of `width` cells, filled to `part` (0 to 1). If `part` is above 0, the filled part is visible."""
    eighths = round(max(0.0, min(part, 1.0)) * width * 8)
    if part > 0:
        eighths = max(eighths, 1)
    full, partial = divmod(eighths, 8)
    return (EIGHTHS[8] * full + (EIGHTHS[partial] if partial else "")).ljust(width)


def largest(counts: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the names and counts that are not 0: the largest count first, equal counts sorted by name."""
    return sorted(
        ((name, count) for name, count in counts.items() if count), key=lambda item: (-item[1], item[0])
    )


def size_text(size: float) -> str:
    """Return a size in bytes as text: `3.2 GB`, with powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
