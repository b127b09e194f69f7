"""Contrast of the text on a screen, computed from the colours of its cells (WCAG 2.2, contrast ratio)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.filter import dim_color
from textual.screen import ModalScreen

MINIMUM = 4.5
"""Lowest ratio that WCAG 2.2 accepts for text of usual size (success criterion 1.4.3)."""


def luminance(colour: ColorTriplet) -> float:
    """Return the relative luminance of a colour, from 0 (black) to 1 (white)."""
    channels = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    ]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def low_contrasts(app: Any) -> Iterator[tuple[str, float]]:
    """Yield each text on the screen whose contrast is below MINIMUM, with its ratio. Lines of boxes are no text.

    Behind a window, the text of the other screen is faint on purpose, so only the text of the window is measured.
    """
    screen = app.screen
    region = screen.children[0].region if isinstance(screen, ModalScreen) else screen.region
    for row, strip in enumerate(screen._compositor.render_strips()):
        column = 0
        for text, style, _ in strip:
            inside = region.contains(column, row)
            column += cell_len(text)
            if inside and style is not None and any(character.isalnum() for character in text):
                ratio = _ratio(style)
                if ratio < MINIMUM:
                    yield text.strip(), round(ratio, 1)


def _ratio(style: Style) -> float:
    """Return the contrast ratio of a style; the highest, 21, if the terminal chooses one of its colours."""
    front, back = style.color, style.bgcolor
    if front is None or back is None or front.is_default or back.is_default:
        return 21.0
    if style.reverse:
        front, back = back, front
    if style.dim:
        front = dim_color(back, front)
    return contrast(front.get_truecolor(), back.get_truecolor())
