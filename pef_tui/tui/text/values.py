"""Values of settings in words."""

from __future__ import annotations


def value_text(value: object) -> str:
    """Return the value of a setting in words; `-` for an empty value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(value_text, value)) or "-"
    return str(value) if value != "" else "-"
