"""What the native writers answer where they are not sure."""

from __future__ import annotations


class Declined(Exception):
    """Another writer is asked; the message says why in one line. Nothing was touched."""
