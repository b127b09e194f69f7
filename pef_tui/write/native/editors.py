"""The formats that the writer `native` knows, and who edits each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, NamedTuple

from pef_tui.hooks import Piece
from pef_tui.model import TagEdit
from pef_tui.write.native import jpeg
from pef_tui.write.native.exif_edits import wanted


class Editor(NamedTuple):
    """Edits files of one format."""

    check: Callable[[Sequence[TagEdit]], object]
    """Raises Declined where one of the edits is not known for the format; what it returns does not matter."""
    edit: Callable[[Sequence[TagEdit], BinaryIO, int], tuple[Piece, ...]]
    """What the file of so many bytes, in a stream that stands at its beginning, consists of with the edits made.

    Empty where nothing changes. Raises Declined for whatever is not sure, OSError."""


EDITORS: Mapping[str, Editor] = {
    "jpeg": Editor(wanted, lambda edits, stream, size: jpeg.edit_jpeg(wanted(edits), stream, size)),
}
"""By the name of the format (`State.format`)."""
