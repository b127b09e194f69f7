"""Bars beside words: sizes by format, people by count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pef_tui.display import cells, safe

EIGHTHS = " ▏▎▍▌▋▊▉█"


class Bar(NamedTuple):
    """One line of a chart."""

    name: str
    amount: float
    words: str
    """The amount, for people."""


def bars(rows: Iterable[Bar], width: int, most: int | None = None) -> list[str]:
    """One line a row: name, bar, amount in words; `most` rows, the rest counted in one last line."""
    every = list(rows)
    shown = every if most is None or len(every) <= most else every[: max(most - 1, 1)]
    if not shown or width < 12:
        return []
    names = [safe(row.name, max(8, width // 3)) for row in shown]
    left = max(map(cells, names))
    right = max(len(row.words) for row in shown)
    room = max(width - left - right - 2, 4)
    top = max(row.amount for row in shown) or 1
    lines = [
        f"{name}{' ' * (left - cells(name))} {bar(row.amount / top, room)} {row.words:>{right}}"[: width * 2]
        for name, row in zip(names, shown, strict=True)
    ]
    if len(shown) < len(every):
        lines.append(f"and {len(every) - len(shown):,} more")
    return lines


def bar(part: float, width: int) -> str:
    """A bar of exactly `width` cells; what is not nothing shows at least as a sliver."""
    eighths = round(max(0.0, min(part, 1.0)) * width * 8)
    if part > 0:
        eighths = max(eighths, 1)
    whole, rest = divmod(eighths, 8)
    return (EIGHTHS[8] * whole + (EIGHTHS[rest] if rest else "")).ljust(width)


def largest(counts: Mapping[str, float]) -> list[tuple[str, float]]:
    """What there is, the most first, ties by name."""
    return sorted(
        ((name, count) for name, count in counts.items() if count), key=lambda each: (-each[1], each[0])
    )


def bytes_words(size: float) -> str:
    """`3.2 GB`, in powers of ten as disks are sold."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
