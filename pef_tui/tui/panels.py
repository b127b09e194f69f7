"""The look that all screens share: the panels, and the widths and heights from which a screen shows more."""

from __future__ import annotations

from textual.screen import Screen

WIDTHS = [(0, "-narrow"), (76, "-normal"), (110, "-wide"), (160, "-vast")]
"""Smallest width in cells, and the class that a screen of this width has. A screen has one of these classes."""
HEIGHTS = [(0, "-low"), (32, "-middle"), (48, "-high")]
"""Smallest height in lines, and the class that a screen of this height has. A screen has one of these classes."""
PANELS = """
.box { border: none !important; border-top: solid $foreground-muted !important; border-title-color: $text-primary;
       border-title-style: bold; border-subtitle-color: $text-muted; scrollbar-size-vertical: 1; }
.box:focus, .box:focus-within { border-top: heavy $primary !important; border-title-color: $background;
                                border-title-background: $primary; }
.-wide .box, .-vast .box { border: round $foreground-muted !important; padding: 0 1; }
.-wide .box:focus, .-wide .box:focus-within, .-vast .box:focus, .-vast .box:focus-within {
    border: round $primary !important; }
"""
"""Style of the panels, which have the class `box`: a line above with the title; on a wide screen a round frame.

The panel with the focus has the colour `$primary`, and an inverted title.
"""
MARK = "bold $background on $primary"
"""Style of what is current or chosen, such as the current step."""


class PanelScreen(Screen[None]):
    """Base of all screens that are no windows: it has the style of the panels, and a class for its size."""

    CSS = PANELS
    SCOPED_CSS = False  # the classes of the size are those of the screen itself
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
