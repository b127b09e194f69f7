"""The colour themes, and which one is used: by the setting `theme`, or by the colours that the terminal can show.

In both themes of the app, every text has a contrast of at least 4.5 to its background, as WCAG 2.2 requires
(success criterion 1.4.3). `tests/tui/test_snapshots.py` computes it on every screen.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

DARK = Theme(
    name="pef-dark",
    primary="#6ea8fe",
    secondary="#8fb8de",
    accent="#f2b35e",
    warning="#f2b35e",
    error="#ff8f8f",
    success="#74d393",
    foreground="#dfe3ea",
    background="#14171c",
    surface="#1b1f26",
    panel="#242a33",
    variables={
        "text": "#dfe3ea",
        "text-muted": "#9aa4b2",
        "text-disabled": "#9aa4b2",
        "text-primary": "#8fbcff",
        "text-secondary": "#a8c8e6",
        "text-accent": "#f2b35e",
        "text-warning": "#f2b35e",
        "text-error": "#ff8f8f",
        "text-success": "#74d393",
        "foreground-muted": "#4a5361",
        "foreground-disabled": "#9aa4b2",
        "primary-muted": "#35507a",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#20385c",
        "block-cursor-blurred-foreground": "#dfe3ea",
        "block-cursor-blurred-background": "#262c36",
        "footer-background": "#1b1f26",
        "footer-foreground": "#dfe3ea",
        "footer-key-foreground": "#8fbcff",
        "footer-description-foreground": "#c3cad5",
        "scrollbar": "#35507a",
        "scrollbar-hover": "#4a6ca3",
        "scrollbar-active": "#6ea8fe",
        "scrollbar-background": "#1b1f26",
        "scrollbar-background-hover": "#1b1f26",
        "scrollbar-background-active": "#1b1f26",
        "scrollbar-corner-color": "#1b1f26",
        "input-selection-background": "#2a5a9e",
        "input-cursor-background": "#dfe3ea",
        "input-cursor-foreground": "#14171c",
    },
)
LIGHT = Theme(
    name="pef-light",
    primary="#1f5fbf",
    secondary="#3a5f8a",
    accent="#8a4b00",
    warning="#8a4b00",
    error="#b0203a",
    success="#17683a",
    foreground="#1c2230",
    background="#f7f8fa",
    surface="#eef0f4",
    panel="#e2e6ed",
    dark=False,
    variables={
        "text": "#1c2230",
        "text-muted": "#525c6b",
        "text-disabled": "#525c6b",
        "text-primary": "#1a52a8",
        "text-secondary": "#34557c",
        "text-accent": "#7a4200",
        "text-warning": "#7a4200",
        "text-error": "#a31b34",
        "text-success": "#125a31",
        "foreground-muted": "#b4bcc8",
        "foreground-disabled": "#525c6b",
        "primary-muted": "#a9c1e6",
        "block-cursor-foreground": "#0d1526",
        "block-cursor-background": "#cfe0fb",
        "block-cursor-blurred-foreground": "#1c2230",
        "block-cursor-blurred-background": "#e3e7ee",
        "footer-background": "#e2e6ed",
        "footer-foreground": "#1c2230",
        "footer-key-foreground": "#1a52a8",
        "footer-description-foreground": "#333b49",
        "scrollbar": "#a9c1e6",
        "scrollbar-hover": "#86a8dc",
        "scrollbar-active": "#1f5fbf",
        "scrollbar-background": "#e2e6ed",
        "scrollbar-background-hover": "#e2e6ed",
        "scrollbar-background-active": "#e2e6ed",
        "scrollbar-corner-color": "#e2e6ed",
        "input-selection-background": "#a9c1e6",
        "input-cursor-background": "#1c2230",
        "input-cursor-foreground": "#ffffff",
    },
)
THEMES = (DARK, LIGHT)
"""The themes of the app, which it registers with Textual."""
NAMES = {
    "dark": DARK.name,
    "light": LIGHT.name,
    "ansi-dark": "ansi-dark",
    "ansi-light": "ansi-light",
}
"""Name of the theme in Textual, by the value of the setting `theme`."""
COLOURFUL_TERMS = (
    "256color",
    "truecolor",
    "direct",
    "kitty",
    "alacritty",
    "ghostty",
    "foot",
    "wezterm",
    "iterm",
    "contour",
)
"""Texts in TERM that identify a terminal with more than 16 colours."""


def theme_name(theme: str, environ: Mapping[str, str]) -> str:
    """Return the name of the theme in Textual. The setting `auto` chooses a theme by COLORTERM and TERM."""
    if theme in NAMES:
        return NAMES[theme]
    terminal = environ.get("TERM", "")
    has_many_colours = environ.get("COLORTERM") in ("truecolor", "24bit") or any(
        part in terminal for part in COLOURFUL_TERMS
    )
    return NAMES["dark" if has_many_colours else "ansi-dark"]
