"""Chart of values over time: a column for each value."""

from __future__ import annotations

from collections.abc import Iterable

from pef_tui.reporting.charts.months import BLOCKS


def columns(values: Iterable[float], width: int, height: int) -> list[str]:
    """Return `height` lines with a column for each of the last `width` values; the highest value is a full column.

    A value above 0 is visible. Return blank lines if no value is above 0.
    """
    recent = list(values)[-max(width, 1) :]
    top = max(recent, default=0.0)
    if top <= 0:
        return [""] * height
    eighths = [max(round(value / top * height * 8), int(value > 0)) for value in recent]
    return [
        "".join(_block(column - line * 8) for column in eighths).rstrip() for line in reversed(range(height))
    ]


def _block(eighths: int) -> str:
    """Return the part of a column in one line. `eighths`: height of the column above the lower edge of the line."""
    return " " if eighths <= 0 else BLOCKS[min(eighths, len(BLOCKS)) - 1]
