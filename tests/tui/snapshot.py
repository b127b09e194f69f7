"""A screen as text: its rows, then the simplified styles of their parts.

A colour is reduced to its hue: another shade in a new release of Textual makes no difference. Bold, dim, reversed and
underlined text is recorded.
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
"""Pattern of a time of this test run. Nothing in the export is from 2026 or later."""


def rows(app: Any) -> list[str]:
    """Return the text on the screen."""
    return [_steady(strip.text).rstrip() for strip in _strips(app)]


def styles(app: Any) -> list[str]:
    """Return a line for each row with styled text, such as `7: 1-7 bold, 11-18 bold blue`. Columns count from 0."""
    cells = [[_style_words(style) for text, style, _ in strip for _ in text] for strip in _strips(app)]
    plain = Counter(words for row in cells for words in row).most_common(1)[0][0]
    return [line for number, row in enumerate(cells) if (line := _line(number, row, plain))]


def _strips(app: Any) -> list[Any]:
    strips: list[Any] = app.screen._compositor.render_strips()
    return strips


def _steady(text: str) -> str:
    text = text.replace(__version__, "0" * len(__version__))
    return _DATE.sub(lambda match: re.sub(r"\d", "0", match[0]), text)


def _line(number: int, row: list[str], plain: str) -> str:
    return f"{number}: {', '.join(parts)}" if (parts := list(_parts(row, plain))) else ""


def _parts(row: list[str], plain: str) -> Iterator[str]:
    at = 0
    for words, group in groupby(row):
        count = len(list(group))
        if words != plain:
            yield f"{at}-{at + count - 1} {words or 'plain'}"
        at += count


def _style_words(style: Style | None) -> str:
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
