"""The formats that the writer `native` knows, and who edits each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, NamedTuple

from pef_tui.hooks import Piece
from pef_tui.model import TagEdit
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.exif_edits import Wanted, wanted
from pef_tui.write.native.film_edits import film_wanted
from pef_tui.write.native.gif import check_gif, edit_gif
from pef_tui.write.native.heif import edit_heif
from pef_tui.write.native.jpeg import edit_jpeg
from pef_tui.write.native.png import edit_png
from pef_tui.write.native.quicktime import edit_film
from pef_tui.write.native.tiff import edit_tiff_file
from pef_tui.write.native.webp import edit_webp


class Editor(NamedTuple):
    """Edits files of one format."""

    check: Callable[[Sequence[TagEdit]], object]
    """Raises Declined where one of the edits is not known for the format; what it returns does not matter."""
    edit: Callable[[Sequence[TagEdit], BinaryIO, int, int], tuple[Piece, ...]]
    """What the file of so many bytes, in a stream that stands at its beginning, consists of with the edits made, and
    with so many bytes more before what is moved, where the format has a place for them.

    Empty where nothing changes. Raises Declined for whatever is not sure, OSError."""


def _pictures(
    edit: Callable[[Wanted, BinaryIO, int], tuple[Piece, ...]],
    check: Callable[[Sequence[TagEdit]], object] | None = None,
) -> Editor:
    """Of formats that hold EXIF and XMP."""
    return Editor(
        check or _without_iptc, lambda edits, stream, size, room: edit(wanted(edits, room), stream, size)
    )


def _without_iptc(edits: Sequence[TagEdit]) -> None:
    if wanted(edits).iptc:
        raise Declined("IPTC is written into JPEG alone")


EDITORS: Mapping[str, Editor] = {
    "jpeg": _pictures(edit_jpeg, wanted),
    "gif": Editor(check_gif, edit_gif),
    "png": _pictures(edit_png),
    "webp": _pictures(edit_webp),
    "tiff": _pictures(edit_tiff_file),
    "dng": _pictures(edit_tiff_file),
    **dict.fromkeys(("heic", "heif", "avif"), _pictures(edit_heif)),
    **dict.fromkeys(("mp4", "mov", "m4v", "3gp", "3g2"), Editor(film_wanted, edit_film)),
}
"""By the name of the format (`State.format`)."""
