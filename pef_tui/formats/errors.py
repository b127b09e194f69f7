"""Define the error that all functions raise which read the structure of a file."""

from __future__ import annotations


class UnsupportedStructure(Exception):
    """Raised if a file is cut or damaged, or has a structure that programs read in different ways.

    The message states the reason in one line. It may be empty if an offset or a length in the file is damaged.
    """
