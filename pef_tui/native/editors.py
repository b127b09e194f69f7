"""The formats that the writer `native` can edit, and the editor of each format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, NamedTuple

from pef_tui.hooks import Piece
from pef_tui.model import TagEdit
from pef_tui.native import Declined
from pef_tui.native.exif_edits import EmbeddedEdits, embedded_edits
from pef_tui.native.gif import check_gif, edit_gif
from pef_tui.native.heif import edit_heif
from pef_tui.native.jpeg import edit_jpeg
from pef_tui.native.mp4 import edit_mp4
from pef_tui.native.mp4_edits import mp4_edits
from pef_tui.native.png import edit_png
from pef_tui.native.tiff import edit_tiff_file
from pef_tui.native.webp import edit_webp


class Editor(NamedTuple):
    """The two functions that check and edit files of one format."""

    check: Callable[[Sequence[TagEdit]], object]
    """Raises Declined if the format does not support one of the edits. The result is not used."""
    edit: Callable[[Sequence[TagEdit], BinaryIO, int, int], tuple[Piece, ...]]
    """Returns the pieces of the edited file; `()` if nothing changes.

    Arguments: the edits; a stream at the beginning of the file; the size of the file in bytes; the number of padding
    bytes. The padding gives the data that moves a wanted offset; a format without padding ignores it. Raises Declined
    for an unsupported edit or structure, and OSError.
    """


def _picture_editor(
    edit: Callable[[EmbeddedEdits, BinaryIO, int], tuple[Piece, ...]],
    check: Callable[[Sequence[TagEdit]], object] | None = None,
) -> Editor:
    """Return the editor of a format that holds EXIF and XMP.

    `check`: the function for `Editor.check`. Without `check`, edits of IPTC tags are declined.
    """
    return Editor(
        check or _check_without_iptc,
        lambda edits, stream, size, padding: edit(embedded_edits(edits, padding), stream, size),
    )


def _check_without_iptc(edits: Sequence[TagEdit]) -> None:
    if embedded_edits(edits).iptc:
        raise Declined("IPTC is written into JPEG alone")


EDITORS: Mapping[str, Editor] = {
    "jpeg": _picture_editor(edit_jpeg, embedded_edits),
    "gif": Editor(check_gif, edit_gif),
    "png": _picture_editor(edit_png),
    "webp": _picture_editor(edit_webp),
    "tiff": _picture_editor(edit_tiff_file),
    "dng": _picture_editor(edit_tiff_file),
    **dict.fromkeys(("heic", "heif", "avif"), _picture_editor(edit_heif)),
    **dict.fromkeys(("mp4", "mov", "m4v", "3gp", "3g2"), Editor(mp4_edits, edit_mp4)),
}
"""The editor of each format, by the name of the format (`FileMetadata.format`)."""
