"""Edit videos (MP4, QuickTime, M4V, 3GP, 3G2). The index is rewritten; media data (pictures, sound) is never read.

If the index precedes the media data and grows, the media data moves. The offsets in the index are then corrected.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from struct import pack_into, unpack_from
from typing import BinaryIO, NamedTuple

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.mp4 import XMP_ID, Box, Mp4Index, Mp4Movie, read_index, read_movie
from pef_tui.formats.mp4_tags import check_track_keys, read_item_list, read_keys, read_user_data
from pef_tui.hooks import Piece
from pef_tui.model import TagEdit
from pef_tui.native import Declined
from pef_tui.native.mp4_edits import Mp4Edits, mp4_edits
from pef_tui.native.mp4_index import EditedIndex, edit_index, pack_box
from pef_tui.native.splice import Change, splice
from pef_tui.native.xmp_edits import edit_packet

_EMPTY_BOX_SIZE = 8
"""Size in bytes of a box without content. (ISO/IEC 14496-12, section 8.1.2: `free`)"""
_MAX_OFFSET = {b"stco": 0xFFFF_FFFF, b"co64": 0x7FFF_FFFF_FFFF_FFFF}


class MovedRange(NamedTuple):
    """A range of media data in the old file (offsets), and the number of bytes by which it moves."""

    start: int
    end: int
    shift: int


def edit_mp4(edits: Sequence[TagEdit], stream: BinaryIO, size: int, padding: int = 0) -> tuple[Piece, ...]:
    """Return the pieces of the edited video; `()` if nothing changes.

    `size`: bytes of the old file. `padding`: number of bytes to add: blanks in the XMP packet if it changes, else an
    empty box after the index. Raises Declined for an unsupported edit or structure, and OSError.
    """
    converted = mp4_edits(edits)
    try:
        movie = read_movie(stream)
        index = read_index(movie.moov)
        changes = _changes(movie, index, converted, padding)
    except UnsupportedStructure as error:
        raise Declined(str(error)) from None
    if movie.boxes[-1].end != size:
        raise Declined("the film has another size than it should have")
    return splice(changes, size) if changes else ()


def _changes(movie: Mp4Movie, index: Mp4Index, edits: Mp4Edits, padding: int) -> list[Change]:
    check_track_keys(movie.moov, index)
    user_data = read_user_data(movie.moov, index.user_data)
    # The results are not used: reading checks that all tags have a supported structure, also those that do not change.
    read_item_list(movie.moov, user_data.meta)
    read_keys(movie.moov, index.meta)
    in_index = None if user_data.xmp is None else movie.moov[user_data.xmp.content : user_data.xmp.end]
    expected_xmp, unexpected_xmp = (in_index, movie.xmp) if movie.is_quicktime else (movie.xmp, in_index)
    if unexpected_xmp is not None:
        raise Declined("XMP in another place than ExifTool's")
    packet = edit_packet(expected_xmp, edits.xmp, padding)
    new_index = edit_index(movie.moov, index, edits, packet if movie.is_quicktime else None)
    # The first change replaces the index. Its bytes are set below, when the offsets in the index are corrected.
    changes = [Change(movie.moov_box.start, movie.moov_box.end, b"")]
    if packet is not None and not movie.is_quicktime:
        changes.append(_xmp_change(movie, packet))
    elif packet is None and new_index.growth and padding >= _EMPTY_BOX_SIZE:
        empty_box = pack_box(b"free", bytes(padding - _EMPTY_BOX_SIZE))
        changes.append(Change(movie.moov_box.end, movie.moov_box.end, empty_box))
    _correct_offsets(new_index, index, _moved_ranges(movie, changes, new_index.growth))
    moov = new_index.pack()
    if moov == movie.moov:
        return changes[1:]
    return [changes[0]._replace(new=moov), *changes[1:]]


def _xmp_change(movie: Mp4Movie, packet: bytes) -> Change:
    """Return the change that replaces the box with XMP, or that inserts a new box after the index."""
    index_end = movie.moov_box.end
    start, end = (index_end, index_end) if movie.xmp_box is None else (movie.xmp_box.start, movie.xmp_box.end)
    return Change(start, end, pack_box(b"uuid", XMP_ID, packet))


def _moved_ranges(movie: Mp4Movie, changes: Sequence[Change], growth: int) -> list[MovedRange]:
    """Return each range of media data, with the number of bytes by which it moves.

    `changes`: the change of the index, then all others. `growth`: number of bytes by which the index grows.
    """
    shifts = [(movie.moov_box.end, growth)]
    shifts += [(change.end, len(change.new) - (change.end - change.start)) for change in changes[1:]]
    return [
        MovedRange(box.content, box.end, sum(shift for end, shift in shifts if end <= box.start))
        for box in movie.media
    ]


def _correct_offsets(new_index: EditedIndex, index: Mp4Index, media: Sequence[MovedRange]) -> None:
    """Correct every chunk offset in the new index.

    Raises Declined for an offset that does not point into media data, or no longer fits into its field.
    """
    for track in index.tracks:
        _correct_table(new_index.buffer, track.offsets, media)


def _correct_table(buffer: bytearray, table: Box, media: Sequence[MovedRange]) -> None:
    count = unpack_from(">I", buffer, table.content + 4)[0]
    form = f">{count}{'I' if table.kind == b'stco' else 'Q'}"
    offsets: tuple[int, ...] = unpack_from(form, buffer, table.content + 8)
    if not offsets:
        return
    if len(media) == 1:  # the usual case: two comparisons instead of a search for each offset
        moved = media[0]
        if not moved.start <= min(offsets) <= max(offsets) <= moved.end:
            raise Declined("an offset that leads to no media data")
        corrected = [offset + moved.shift for offset in offsets] if moved.shift else offsets
    else:
        starts = [media_range.start for media_range in media]
        corrected = [offset + _shift_of(offset, starts, media) for offset in offsets]
    if max(corrected) > _MAX_OFFSET[table.kind]:
        raise Declined("offsets of 32 bits would not reach the media data any more")
    if corrected is not offsets:
        pack_into(form, buffer, table.content + 8, *corrected)


def _shift_of(offset: int, starts: Sequence[int], media: Sequence[MovedRange]) -> int:
    number = bisect_right(starts, offset) - 1
    if number < 0 or offset > media[number].end:
        raise Declined("an offset that leads to no media data")
    return media[number].shift
