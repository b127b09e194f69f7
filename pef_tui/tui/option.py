"""One thing to pick from a list."""

from __future__ import annotations

from typing import NamedTuple


class Option(NamedTuple):
    """One to pick. Texts need not be safe to show."""

    key: str
    text: str
    note: str = ""
    """At the right: a count, a date."""
