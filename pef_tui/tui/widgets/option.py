"""Option of a list to pick from."""

from __future__ import annotations

from typing import NamedTuple


class Option(NamedTuple):
    """One option. Its texts may contain control characters, which the list escapes."""

    key: str
    text: str
    note: str = ""
    """Text at the right of the option: a count or a date."""
