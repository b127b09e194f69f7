"""A screen as text: its rows as they are, then the styles of their parts, told coarsely.

Colours are told by their hue and by whether they stand out, so that another shade in another release of the screen's
library is no difference; what is bold, dim, reversed or underlined is told as it is.
"""

from __future__ import annotations

import colorsys
import re
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.style import Style

from pef_tui import __version__

HUES = ("red", "yellow", "green", "cyan", "blue", "magenta")
FLAGS = ("bold", "dim", "italic", "underline", "reverse", "strike")
_DATE = re.compile(r"(?<!\d)20(?:2[6-9]|[3-9]\d)-\d\d-\d\d \d\d:\d\d(?::\d\d)?")
"""A moment of this run of the test: nothing in the export is of 2026 or later."""


def rows(app: Any) -> list[str]:
    """The text on the screen."""
    return [_steady(strip.text).rstrip() for strip in _strips(app)]


def styles(app: Any) -> list[str]:
    """A line for each row that has anything but plain text: `7: 1-7 bold, 11-18 bold blue`, columns from 0."""
    cells = [[_told(style) for text, style, _ in strip for _ in text] for strip in _strips(app)]
    plain = Counter(told for row in cells for told in row).most_common(1)[0][0]
    return [line for number, row in enumerate(cells) if (line := _line(number, row, plain))]


def _strips(app: Any) -> list[Any]:
    strips: list[Any] = app.screen._compositor.render_strips()
    return strips


def _steady(text: str) -> str:
    text = text.replace(__version__, "0" * len(__version__))
    return _DATE.sub(lambda found: re.sub(r"\d", "0", found[0]), text)


def _line(number: int, row: list[str], plain: str) -> str:
    return f"{number}: {', '.join(parts)}" if (parts := list(_parts(row, plain))) else ""


def _parts(row: list[str], plain: str) -> Iterator[str]:
    at = 0
    for told, group in groupby(row):
        count = len(list(group))
        if told != plain:
            yield f"{at}-{at + count - 1} {told or 'plain'}"
        at += count


def _told(style: Style | None) -> str:
    if style is None:
        return ""
    words = [flag for flag in FLAGS if getattr(style, flag)]
    if (colour := _hue(style.color)) and colour != "grey":
        words.append(colour)
    if (ground := _hue(style.bgcolor)) and ground != "grey":
        words.append(f"on {ground}")
    return " ".join(words)


def _hue(color: Any) -> str:
    if color is None or color.is_default:
        return ""
    if color.triplet is None:
        return str(color.name)
    red, green, blue = (part / 255 for part in color.triplet)
    hue, light, strong = colorsys.rgb_to_hls(red, green, blue)
    if strong < 0.25 or not 0.08 < light < 0.95:
        return "grey"
    return HUES[round(hue * 6) % 6]
