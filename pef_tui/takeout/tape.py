"""The members of a tar archive in one pass from begin to end, by headers of every dialect.

(POSIX.1-1988 and 2001, `pax`; GNU tar manual, "Basic Tar Format" and appendix D.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from pef_tui.takeout import sparse
from pef_tui.takeout.members import plain_path
from pef_tui.takeout.tar_stream import BLOCK, PIECE, Cut, Tape

LONGEST_HEADER = 1 << 20
"""Bytes of names and attributes of one member; a name has at most 4,096."""
REST = 1 << 20
"""Bytes behind the mark of the end that are looked at: for an archive joined to it, and for the checksum of gzip."""

_HARD_LINK, _SPARSE = b"1S"
_WITHOUT_BYTES = b"123456"  # whatever size they say
_FOLDERS = b"5DV"  # V: the label of a volume
_KINDS = {
    **dict.fromkeys(b"2", "symbolic link, left out"),
    **dict.fromkeys(b"34", "device, left out"),
    **dict.fromkeys(b"6", "named pipe, left out"),
    **dict.fromkeys(b"M", "the rest of a file that begins in another volume, left out"),
}
"""All others, known or not, are regular files, as POSIX wants it."""
_TOO_LONG = b"\0too long"
_MOST_NS = 1 << 62


class BadHeader(ValueError):
    """A header that is none."""


class Entry(NamedTuple):
    """One member of a tar archive; its bytes are the next `stored` of the tape."""

    path: str
    size: int
    stored: int
    """Bytes in the archive; fewer than `size` where it has holes."""
    mtime_ns: int
    folder: bool = False
    left_out: str = ""
    """Why it is left out for what it is; "" for a regular file."""
    link: str = ""
    """The member whose other name it is."""
    holes: bytes | None = None
    """Where its bytes belong (`sparse.encoded`), where it has holes."""
    fault: str = ""
    """Why its bytes are not read."""
    behind: bool = False
    """It comes behind the mark of the archive's end."""


class Skipped(NamedTuple):
    """Bytes that are no member, up to the next header."""

    start: int
    end: int
    name: str
    """What may be the name of the first member in them."""
    last: bool = False
    """Nothing comes behind them."""


def entries(tape: Tape) -> Iterator[Entry | Skipped]:
    """Every member; what is not read of one before the next is asked for is skipped.

    A damaged header costs what lies before the next sound one. Raises OSError for a damaged archive, Cut for one that
    is not whole, wherever that shows.
    """
    everywhere: dict[bytes, bytes] = {}
    special: dict[bytes, bytes] = {}
    behind = False
    while True:
        header = tape.exactly(BLOCK)
        if not header.strip(b"\0"):
            if not _another(tape):
                return
            behind = True
            continue
        try:
            check(header)
            kind, size = header[156], _size(header)
        except BadHeader:
            yield (place := _resync(tape, header))
            if place.last:
                return
            special = {}
            continue
        begin = tape.at
        if kind in b"LKxgX":
            _read_special(tape, kind, size, everywhere, special)
        else:
            merged, special = _merged(everywhere, special), {}
            size = 0 if kind in _WITHOUT_BYTES else _size(header, merged)
            entry = _entry(tape, header, size, merged)
            if kind == _SPARSE:  # the map lies between header and data
                begin = tape.at
            yield entry._replace(behind=behind)
        tape.skip_to(begin + -(-size // BLOCK) * BLOCK)


def check(header: bytes) -> None:
    """Raises BadHeader where a block is not what its checksum says."""
    told = number(header[148:156])
    total = sum(header) - sum(header[148:156]) + 8 * 32
    if told != total and told != total - 256 * sum(byte > 127 for byte in header[:148] + header[156:]):
        raise BadHeader("a header is not what its checksum says")


def _is_header(block: bytes) -> bool:
    if len(block) < BLOCK or not block[0]:
        return False
    try:
        check(block)
        _size(block)
    except BadHeader:
        return False
    return True


def _resync(tape: Tape, header: bytes) -> Skipped:
    """Go on to the next sound header: behind the bytes of the damaged one if that can be seen, else by search."""
    start = tape.at - BLOCK
    name = os.fsdecode(header[:100].partition(b"\0")[0])
    try:
        goal = tape.at + -(-_size(header) // BLOCK) * BLOCK
        if _is_header(tape.peek(goal)):
            tape.skip_to(goal)
            return Skipped(start, goal, name)
    except BadHeader:
        pass
    while blocks := _blocks(tape):
        for at in range(0, len(blocks), BLOCK):
            if _is_header(blocks[at : at + BLOCK]):
                tape.put_back(blocks[at:])
                return Skipped(start, tape.at, name)
    return Skipped(start, tape.at, name, last=True)


def _blocks(tape: Tape) -> bytes:
    """Some of the next blocks; b"" at the end, also where that comes too early. Raises OSError."""
    blocks = b""
    try:
        while not blocks or len(blocks) % BLOCK:
            data = tape.read(PIECE - len(blocks) % BLOCK)
            if not data:
                break
            blocks += data
    except Cut:
        pass
    return blocks


def _another(tape: Tape) -> bool:
    """Does another archive follow the mark of the end? Then its first header is next."""
    limit = tape.at + REST
    while tape.at < limit:
        try:
            block = tape.read(BLOCK)
            block += tape.exactly(BLOCK - len(block)) if block else b""
        except Cut:
            if tape.packed:
                raise
            return False
        if not block:
            return False
        if _is_header(block):
            tape.put_back(block)
            return True
    return False


def _read_special(
    tape: Tape, kind: int, size: int, everywhere: dict[bytes, bytes], special: dict[bytes, bytes]
) -> None:
    """Take in a long name or attributes of the next member, or of all that follow."""
    if size > LONGEST_HEADER:
        special[_TOO_LONG] = b"1"
        return
    content = tape.exactly(size)
    if kind in b"LK":
        special[b"path" if kind in b"L" else b"linkpath"] = content.partition(b"\0")[0]
    else:
        (everywhere if kind in b"g" else special).update(_attributes(content))


def _merged(everywhere: dict[bytes, bytes], special: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """What holds for a member; an empty value takes one away."""
    return {key: value for key, value in (everywhere | special).items() if value}


def number(field: bytes) -> int:
    """Octal, or what GNU writes for large ones. Raises BadHeader."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big") - (256 ** (len(field) - 1) if field[0] == 0xFF else 0)
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError as error:
        raise BadHeader("a number in a header is none") from error


def _size(header: bytes, special: Mapping[bytes, bytes] | None = None) -> int:
    """Bytes in the archive. Raises BadHeader."""
    wide = special.get(b"size", b"") if special else b""
    size = int(wide[:20]) if wide.isdigit() else number(header[124:136])
    if size < 0:
        raise BadHeader("a size below zero")
    return size


def _entry(tape: Tape, header: bytes, size: int, special: dict[bytes, bytes]) -> Entry:
    kind = header[156]
    holes, real, fault, used = _holes(tape, header, size, special)
    name = (sparse.real_name(special) if holes is not None or fault else None) or special.get(b"path")
    if name is None:
        name = header[:100].partition(b"\0")[0]
        prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
        name = prefix + b"/" + name if prefix else name
    if _TOO_LONG in special:
        fault = "damaged in the archive (its attributes are longer than any)"
    link = special.get(b"linkpath", header[157:257].partition(b"\0")[0])
    return Entry(
        plain_path(os.fsdecode(name)),
        real,
        size - used,
        _nanoseconds(special.get(b"mtime", b"").decode("ascii", "replace"), header[136:148]),
        kind in _FOLDERS or (name.endswith(b"/") and not size and kind not in _WITHOUT_BYTES),
        _KINDS.get(kind, ""),
        plain_path(os.fsdecode(link)) if kind == _HARD_LINK else "",
        holes,
        fault,
    )


def _holes(
    tape: Tape, header: bytes, size: int, special: dict[bytes, bytes]
) -> tuple[bytes | None, int, str, int]:
    """The map of a member with holes, its size with them, why it is not read, and what the map takes of its bytes."""
    old = header[156] == _SPARSE
    if not old and not sparse.is_sparse(special):
        return None, size, "", 0
    start = tape.at

    def more() -> bytes:
        if not old and tape.at - start + BLOCK > size:
            raise sparse.BadMap("its map is cut")
        return tape.exactly(BLOCK)

    try:
        parts, real = sparse.in_header(header, number, more) if old else sparse.in_attributes(special, more)
        used = 0 if old else tape.at - start
        sparse.check(parts, real, size - used)
    except (sparse.BadMap, BadHeader) as error:
        return (
            None,
            size,
            f"damaged in the archive (a file with holes: {error})",
            0 if old else tape.at - start,
        )
    return sparse.encoded(parts), real, "", used


def _nanoseconds(said: str, field: bytes) -> int:
    """Modification time in ns since 1970: a decimal fraction where one is given, else the header's seconds."""
    try:
        value = Decimal(said) * 1_000_000_000
        if value.is_finite() and abs(value) < _MOST_NS:
            return int(value)
    except InvalidOperation:
        pass
    try:
        seconds = number(field) * 1_000_000_000
    except BadHeader:
        return 0
    return seconds if abs(seconds) < _MOST_NS else 0


def _attributes(content: bytes) -> dict[bytes, bytes]:
    """The attributes of a pax header: `LENGTH KEY=VALUE`, each with a line's end; what is damaged ends them."""
    found: dict[bytes, bytes] = {}
    parts: list[bytes] = []
    at = 0
    while at < len(content):
        digits, space, _ = content[at : at + 10].partition(b" ")
        if not space or not digits.isdigit() or not (length := int(digits)):
            break
        key, equals, value = content[at + len(digits) + 1 : at + length].partition(b"=")
        if not equals or not value.endswith(b"\n"):
            break
        found[key] = value[:-1]
        if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):  # again for each part (format 0.0)
            parts.append(value[:-1])
        at += length
    if parts:
        found[b"GNU.sparse.map"] = b",".join(parts)
    return found
