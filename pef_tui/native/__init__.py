"""Write tags without ExifTool. Each format has an editor, which returns the pieces of the new file (`hooks.Piece`)."""

from __future__ import annotations


class Declined(Exception):
    """Raised by an editor that does not support a file or an edit. Nothing was changed then.

    The next writer gets the file. The message states the reason in one line.
    """
