"""Edits into films (MP4, QuickTime and kin): the index is made anew, media data is never read.

Where the index lies before the media data and grows, the data moves, and the offsets in the index with it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from struct import pack_into, unpack_from
from typing import BinaryIO, NamedTuple

from pef_tui.formats.film import XMP_ID, Box, Doubtful, Film, Index, read_film, take_apart
from pef_tui.formats.film_tags import check_tracks, item_list, keys, user_data
from pef_tui.hooks import Piece
from pef_tui.model import TagEdit
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.film_edits import FilmWanted, film_wanted
from pef_tui.write.native.film_index import Renewed, made, renewed
from pef_tui.write.native.laying import Change, laid_out
from pef_tui.write.native.xmp_edits import edited_packet

_EMPTY = 8
"""Bytes of a box without content. (ISO/IEC 14496-12, section 8.1.2: `free`)"""
_LARGEST = {b"stco": 0xFFFF_FFFF, b"co64": 0x7FFF_FFFF_FFFF_FFFF}


class Moved(NamedTuple):
    """Media data, and by how many bytes it moves."""

    start: int
    end: int
    by: int


def edit_film(edits: Sequence[TagEdit], stream: BinaryIO, size: int, room: int = 0) -> tuple[Piece, ...]:
    """What the film of `size` bytes in `stream` consists of with the edits made.

    Empty where nothing changes; `room`: so many blanks more come into its XMP, else an empty box behind the index.
    Raises Declined for whatever is not sure, OSError.
    """
    wanted = film_wanted(edits)
    try:
        film = read_film(stream)
        index = take_apart(film.moov)
        changes = _changes(film, index, wanted, room)
    except Doubtful as error:
        raise Declined(str(error)) from None
    if film.boxes[-1].end != size:
        raise Declined("the film has another size than it should have")
    return laid_out(changes, size) if changes else ()


def _changes(film: Film, index: Index, wanted: FilmWanted, room: int) -> list[Change]:
    check_tracks(film.moov, index)
    own = user_data(film.moov, index.user_data)
    item_list(film.moov, own.meta)
    keys(film.moov, index.meta)
    in_index = None if own.xmp is None else film.moov[own.xmp.content : own.xmp.end]
    here, elsewhere = (in_index, film.xmp) if film.quicktime else (film.xmp, in_index)
    if elsewhere is not None:
        raise Declined("XMP in another place than ExifTool's")
    packet = edited_packet(here, wanted.xmp, room)
    new = renewed(film.moov, index, wanted, packet if film.quicktime else None)
    changes = [Change(film.moov_box.start, film.moov_box.end, b"")]
    if packet is not None and not film.quicktime:
        changes.append(_xmp_change(film, packet))
    elif packet is None and new.grown and room >= _EMPTY:
        changes.append(Change(film.moov_box.end, film.moov_box.end, made(b"free", bytes(room - _EMPTY))))
    _correct_offsets(new, index, _moved(film, changes, new.grown))
    moov = new.put_together()
    if moov == film.moov:
        return changes[1:]
    return [changes[0]._replace(new=moov), *changes[1:]]


def _xmp_change(film: Film, packet: bytes) -> Change:
    """The box that holds XMP, in its place, else right behind the index."""
    behind = film.moov_box.end
    start, end = (behind, behind) if film.xmp_box is None else (film.xmp_box.start, film.xmp_box.end)
    return Change(start, end, made(b"uuid", XMP_ID, packet))


def _moved(film: Film, changes: Sequence[Change], grown: int) -> list[Moved]:
    """Where the media data lies, and how far what is new before it moves it."""
    steps = [(film.moov_box.end, grown)]
    steps += [(change.end, len(change.new) - (change.end - change.start)) for change in changes[1:]]
    return [
        Moved(box.content, box.end, sum(by for end, by in steps if end <= box.start)) for box in film.media
    ]


def _correct_offsets(new: Renewed, index: Index, media: Sequence[Moved]) -> None:
    """Make every offset lead to the same bytes as before. Raises Declined for one that leads to no media data."""
    for track in index.tracks:
        _correct_table(new.work, track.offsets, media)


def _correct_table(work: bytearray, table: Box, media: Sequence[Moved]) -> None:
    number = unpack_from(">I", work, table.content + 4)[0]
    form = f">{number}{'I' if table.kind == b'stco' else 'Q'}"
    offsets: tuple[int, ...] = unpack_from(form, work, table.content + 8)
    if not offsets:
        return
    if len(media) == 1:
        moved = media[0]
        if not moved.start <= min(offsets) <= max(offsets) <= moved.end:
            raise Declined("an offset that leads to no media data")
        corrected = [offset + moved.by for offset in offsets] if moved.by else offsets
    else:
        starts = [each.start for each in media]
        corrected = [offset + _step(offset, starts, media) for offset in offsets]
    if max(corrected) > _LARGEST[table.kind]:
        raise Declined("offsets of 32 bits would not reach the media data any more")
    if corrected is not offsets:
        pack_into(form, work, table.content + 8, *corrected)


def _step(offset: int, starts: Sequence[int], media: Sequence[Moved]) -> int:
    at = bisect_right(starts, offset) - 1
    if at < 0 or offset > media[at].end:
        raise Declined("an offset that leads to no media data")
    return media[at].by
