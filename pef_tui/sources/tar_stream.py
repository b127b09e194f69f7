"""Parse the members of a tar archive in one pass, with the headers of all tar formats.

(POSIX.1-1988 and 2001, `pax`; GNU tar manual, "Basic Tar Format" and appendix D.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from pef_tui.sources import tar_sparse as sparse
from pef_tui.sources.archive_members import plain_path
from pef_tui.sources.tar_decompression import BLOCK, PIECE, TarStream, TruncatedArchive

LONGEST_HEADER = 1 << 20
"""Largest size of the names and attributes of one member, in bytes. A name has at most 4,096 bytes."""
MAX_TRAILER = 1 << 20
"""Limit of bytes to read after the end mark. An archive may follow there, and the checksum of gzip."""

_HARD_LINK, _SPARSE = b"1S"
_WITHOUT_BYTES = b"123456"  # types of members without data; a size in their header is ignored
_FOLDERS = b"5DV"  # types that are not files: 5, D are folders, V is the label of a volume
_KINDS = {
    **dict.fromkeys(b"2", "symbolic link, left out"),
    **dict.fromkeys(b"34", "device, left out"),
    **dict.fromkeys(b"6", "named pipe, left out"),
    **dict.fromkeys(b"M", "the rest of a file that begins in another volume, left out"),
}
"""Why members of these types are left out. All other types, even unknown ones, are regular files (POSIX requires
it).
"""
_TOO_LONG = b"\0too long"
_MOST_NS = 1 << 62


class BadHeader(ValueError):
    """Raised if a block is not a valid header."""


class TarEntry(NamedTuple):
    """One member of a tar archive. The next `stored` bytes of the stream are its data."""

    path: str
    size: int
    stored: int
    """Size of the data in the archive, in bytes. A sparse file (with holes) has less than `size`."""
    mtime_ns: int
    is_folder: bool = False
    skip_reason: str = ""
    """Why a member of this type is left out; "" for a regular file."""
    link: str = ""
    """For a hard link: path of its target; else ""."""
    sparse_map: bytes | None = None
    """For a sparse file: the map of its data, from `tar_sparse.encode_map`; else None."""
    fault: str = ""
    """Why the data cannot be read; "" if it can."""
    after_end: bool = False
    """Whether the member comes after the end mark of the archive."""


class SkippedBytes(NamedTuple):
    """A range of bytes from a damaged header to the next valid header. No member is read from it."""

    start: int
    end: int
    name: str
    """Name of the first member in these bytes, from the damaged header. It may be wrong."""
    is_last: bool = False
    """Whether no member follows."""


def tar_entries(stream: TarStream) -> Iterator[TarEntry | SkippedBytes]:
    """Yield every member. Its data is skipped if the caller does not read it before taking the next member.

    After a damaged header, all bytes up to the next valid header are skipped, and yielded as SkippedBytes. Raises
    OSError for a damaged archive, and TruncatedArchive for an incomplete one.
    """
    global_attributes: dict[bytes, bytes] = {}
    attributes: dict[bytes, bytes] = {}
    after_end = False
    while True:
        header = stream.read_exactly(BLOCK)
        if not header.strip(b"\0"):
            if not _has_next_archive(stream):
                return
            after_end = True
            continue
        try:
            check_header(header)
            kind, size = header[156], _size(header)
        except BadHeader:
            yield (skipped := _resync(stream, header))
            if skipped.is_last:
                return
            attributes = {}
            continue
        begin = stream.at
        if kind in b"LKxgX":
            _read_special(stream, kind, size, global_attributes, attributes)
        else:
            merged, attributes = _merged(global_attributes, attributes), {}
            size = 0 if kind in _WITHOUT_BYTES else _size(header, merged)
            entry = _entry(stream, header, size, merged)
            if kind == _SPARSE:  # the map is between the header and the data
                begin = stream.at
            yield entry._replace(after_end=after_end)
        stream.skip_to(begin + -(-size // BLOCK) * BLOCK)


def check_header(header: bytes) -> None:
    """Raise BadHeader if the checksum of a header block is wrong.

    The sum of signed bytes is accepted too: some old tar programs write it.
    """
    checksum = parse_number(header[148:156])
    total = sum(header) - sum(header[148:156]) + 8 * 32
    if checksum != total and checksum != total - 256 * sum(
        byte > 127 for byte in header[:148] + header[156:]
    ):
        raise BadHeader("a header is not what its checksum says")


def _is_header(block: bytes) -> bool:
    if len(block) < BLOCK or not block[0]:
        return False
    try:
        check_header(block)
        _size(block)
    except BadHeader:
        return False
    return True


def _resync(stream: TarStream, header: bytes) -> SkippedBytes:
    """Skip to the next valid header after the damaged `header`. Return the range of the skipped bytes.

    The next header is expected after the data of the damaged member. If it is not there, each following block is tried.
    """
    start = stream.at - BLOCK
    name = os.fsdecode(header[:100].partition(b"\0")[0])
    try:
        goal = stream.at + -(-_size(header) // BLOCK) * BLOCK
        if _is_header(stream.peek(goal)):
            stream.skip_to(goal)
            return SkippedBytes(start, goal, name)
    except BadHeader:
        pass
    while blocks := _blocks(stream):
        for at in range(0, len(blocks), BLOCK):
            if _is_header(blocks[at : at + BLOCK]):
                stream.unread(blocks[at:])
                return SkippedBytes(start, stream.at, name)
    return SkippedBytes(start, stream.at, name, is_last=True)


def _blocks(stream: TarStream) -> bytes:
    """Return the next bytes: complete blocks of 512 bytes, unless the archive ends before.

    b"" at the end of the archive, also of a truncated one. Raises OSError.
    """
    blocks = b""
    try:
        while not blocks or len(blocks) % BLOCK:
            data = stream.read(PIECE - len(blocks) % BLOCK)
            if not data:
                break
            blocks += data
    except TruncatedArchive:
        pass
    return blocks


def _has_next_archive(stream: TarStream) -> bool:
    """Return whether another archive follows the end mark. If so, its first header is next in the stream.

    Raises TruncatedArchive for an incomplete compressed archive, and OSError.
    """
    limit = stream.at + MAX_TRAILER
    while stream.at < limit:
        try:
            block = stream.read(BLOCK)
            block += stream.read_exactly(BLOCK - len(block)) if block else b""
        except TruncatedArchive:
            if stream.packed:
                raise
            return False
        if not block:
            return False
        if _is_header(block):
            stream.unread(block)
            return True
    return False


def _read_special(
    stream: TarStream,
    kind: int,
    size: int,
    global_attributes: dict[bytes, bytes],
    attributes: dict[bytes, bytes],
) -> None:
    """Read a header that has no member of its own, and store its content in the attributes.

    `kind`: L, K: long name or link target of the next member; x, X: attributes of the next member; g: attributes of all
    following members.
    """
    if size > LONGEST_HEADER:
        attributes[_TOO_LONG] = b"1"
        return
    content = stream.read_exactly(size)
    if kind in b"LK":
        attributes[b"path" if kind in b"L" else b"linkpath"] = content.partition(b"\0")[0]
    else:
        (global_attributes if kind in b"g" else attributes).update(_attributes(content))


def _merged(global_attributes: dict[bytes, bytes], attributes: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the attributes of a member. Its own `attributes` replace `global_attributes`. Empty ones are left out."""
    return {key: value for key, value in (global_attributes | attributes).items() if value}


def parse_number(field: bytes) -> int:
    """Parse a number in a header: octal, or the binary format of GNU for large numbers. Raises BadHeader."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big") - (256 ** (len(field) - 1) if field[0] == 0xFF else 0)
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError as error:
        raise BadHeader("a number in a header is none") from error


def _size(header: bytes, attributes: Mapping[bytes, bytes] | None = None) -> int:
    """Return the size of a member's data in the archive, in bytes: from the attributes, else from the header.

    Raises BadHeader.
    """
    wide = attributes.get(b"size", b"") if attributes else b""
    size = int(wide[:20]) if wide.isdigit() else parse_number(header[124:136])
    if size < 0:
        raise BadHeader("a size below zero")
    return size


def _entry(stream: TarStream, header: bytes, size: int, attributes: dict[bytes, bytes]) -> TarEntry:
    kind = header[156]
    sparse_map, real, fault, map_size = _sparse_map(stream, header, size, attributes)
    name = (sparse.real_name(attributes) if sparse_map is not None or fault else None) or attributes.get(
        b"path"
    )
    if name is None:
        name = header[:100].partition(b"\0")[0]
        prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
        name = prefix + b"/" + name if prefix else name
    if _TOO_LONG in attributes:
        fault = "damaged in the archive (its attributes are longer than any)"
    link = attributes.get(b"linkpath", header[157:257].partition(b"\0")[0])
    return TarEntry(
        plain_path(os.fsdecode(name)),
        real,
        size - map_size,
        _nanoseconds(attributes.get(b"mtime", b"").decode("ascii", "replace"), header[136:148]),
        kind in _FOLDERS or (name.endswith(b"/") and not size and kind not in _WITHOUT_BYTES),
        _KINDS.get(kind, ""),
        plain_path(os.fsdecode(link)) if kind == _HARD_LINK else "",
        sparse_map,
        fault,
    )


def _sparse_map(
    stream: TarStream, header: bytes, size: int, attributes: dict[bytes, bytes]
) -> tuple[bytes | None, int, str, int]:
    """Return the map of a sparse member, the size with the holes, the fault, and the size of the map.

    The map is None if it is damaged, and for other members. The size of the map is 0 unless the map is part of the
    member's data. Sizes are in bytes.
    """
    is_old_format = header[156] == _SPARSE
    if not is_old_format and not sparse.is_sparse(attributes):
        return None, size, "", 0
    start = stream.at

    def read_block() -> bytes:
        if not is_old_format and stream.at - start + BLOCK > size:
            raise sparse.BadSparseMap("its map is cut")
        return stream.read_exactly(BLOCK)

    try:
        parts, real = (
            sparse.map_from_header(header, parse_number, read_block)
            if is_old_format
            else sparse.map_from_attributes(attributes, read_block)
        )
        map_size = 0 if is_old_format else stream.at - start
        sparse.check_map(parts, real, size - map_size)
    except (sparse.BadSparseMap, BadHeader) as error:
        return (
            None,
            size,
            f"damaged in the archive (a file with holes: {error})",
            0 if is_old_format else stream.at - start,
        )
    return sparse.encode_map(parts), real, "", map_size


def _nanoseconds(pax_time: str, field: bytes) -> int:
    """Return the modification time in ns since 1970: `pax_time` if valid, else `field`, else 0.

    `pax_time`: seconds, with decimals, as text. `field`: the seconds in the header.
    """
    try:
        value = Decimal(pax_time) * 1_000_000_000
        if value.is_finite() and abs(value) < _MOST_NS:
            return int(value)
    except InvalidOperation:
        pass
    try:
        seconds = parse_number(field) * 1_000_000_000
    except BadHeader:
        return 0
    return seconds if abs(seconds) < _MOST_NS else 0


def _attributes(content: bytes) -> dict[bytes, bytes]:
    """Parse the attributes of a pax header: lines of `LENGTH KEY=VALUE`, up to the first damaged line."""
    attributes: dict[bytes, bytes] = {}
    parts: list[bytes] = []
    at = 0
    while at < len(content):
        digits, space, _ = content[at : at + 10].partition(b" ")
        if not space or not digits.isdigit() or not (length := int(digits)):
            break
        key, equals, value = content[at + len(digits) + 1 : at + length].partition(b"=")
        if not equals or not value.endswith(b"\n"):
            break
        attributes[key] = value[:-1]
        if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):  # occurs once for each part (format 0.0)
            parts.append(value[:-1])
        at += length
    if parts:
        attributes[b"GNU.sparse.map"] = b",".join(parts)
    return attributes
