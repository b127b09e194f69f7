"""Texts about one setting."""

from __future__ import annotations

from textual.content import Content

from pef_tui.config import options
from pef_tui.tui.session.session import Session
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.text.values import value_text


def about_setting(session: Session, name: str) -> Content:
    """Return what the setting `name` does, its value and origin, the allowed values and the default."""
    option = options()[name]
    return lines(
        [
            safe_content(option.text[:1].upper() + option.text[1:] + "."),
            safe_content(
                ("now      ", "dim"),
                (value_text(getattr(session.settings, name)), "bold"),
                f", from {session.origins[name]}",
            ),
            safe_content(("allowed  ", "dim"), option.allowed),
            safe_content(("default  ", "dim"), value_text(option.default)),
        ]
    )
