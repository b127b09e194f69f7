"""Which colours: by the settings, or by what the terminal can."""

from __future__ import annotations

from collections.abc import Mapping

NAMES = {
    "dark": "textual-dark",
    "light": "textual-light",
    "ansi-dark": "ansi-dark",
    "ansi-light": "ansi-light",
}
RICH = (
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
"""Parts of TERM that promise more than 16 colours."""


def theme_name(wanted: str, environ: Mapping[str, str]) -> str:
    """Textual's name of the theme."""
    if wanted in NAMES:
        return NAMES[wanted]
    terminal = environ.get("TERM", "")
    many = environ.get("COLORTERM") in ("truecolor", "24bit") or any(part in terminal for part in RICH)
    return NAMES["dark" if many else "ansi-dark"]
