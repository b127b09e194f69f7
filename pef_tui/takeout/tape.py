"""A tar archive as one pass from begin to end: its headers in every dialect, never going back.

(POSIX.1-1988 and 2001, `pax`; GNU tar manual, "Basic Tar Format" and appendix D.)
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from pef_tui.takeout.members import plain_path
from pef_tui.takeout.unpack import Held, damaged

BLOCK = 512
PIECE = 1 << 18
"""Bytes read from the archive at a time."""
LONGEST_HEADER = 1 << 20
"""Bytes of names and attributes of one member; a name has at most 4,096."""
MAX_RATIO = 200
"""How many times its packed size an archive may have, beyond the first FREE bytes."""
FREE = 1 << 30

_GZIP = b"\x1f\x8b"
_FILES = frozenset(b"0\0" + b"7")
_WITHOUT_BYTES = b"123456"  # whatever size they say
_KINDS = {
    **dict.fromkeys(b"1", "hard link, left out"),
    **dict.fromkeys(b"2", "symbolic link, left out"),
    **dict.fromkeys(b"34", "device, left out"),
    **dict.fromkeys(b"6", "named pipe, left out"),
    **dict.fromkeys(b"S", "file with holes, left out: unpack the archive and give its folder"),
}
_MOST_NS = 1 << 62


class Cut(Exception):
    """The archive ends where it should go on."""


class Tape:
    """The unpacked bytes of a `.tar`, `.tar.gz` or `.tgz`, in order."""

    def __init__(self, held: Held) -> None:
        """Whether it is packed, its first bytes say."""
        self._held = held
        self.packed = os.pread(held.fd, 2, 0) == _GZIP
        self._engine = zlib.decompressobj(31) if self.packed else None
        self._tail = b""
        self.at = 0
        """Where the next byte lies, unpacked."""
        self.taken = 0
        """Bytes of the archive used for them."""

    def read(self, most: int) -> bytes:
        """The next bytes, at least one and at most so many; b"" at the end. Raises OSError, Cut."""
        data = self._unpack(most) if self._engine is not None else self._take(most)
        self.at += len(data)
        if self.at > FREE and self._engine is not None and self.at > MAX_RATIO * self.taken:
            raise damaged("it unpacks to far more than any export does")
        return data

    def exactly(self, count: int) -> bytes:
        """So many bytes. Raises OSError, Cut."""
        parts = []
        while count:
            data = self.read(min(count, PIECE))
            if not data:
                raise Cut
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def skip_to(self, goal: int) -> None:
        """Go on to this place. Raises OSError, Cut."""
        if self._engine is None:
            self.at = self.taken = max(goal, self.at)
            if self.at > os.fstat(self._held.fd).st_size:
                raise Cut
        while self.at < goal:
            if not self.read(min(PIECE, goal - self.at)):
                raise Cut

    def _take(self, most: int) -> bytes:
        data = os.pread(self._held.fd, most, self.taken)
        self.taken += len(data)
        return data

    def _unpack(self, most: int) -> bytes:
        while True:
            assert self._engine is not None
            if self._engine.eof:
                self._tail = self._engine.unused_data or self._take(PIECE)
                if not self._tail.startswith(_GZIP):  # padding of zeros, or the end
                    return b""
                self._engine = zlib.decompressobj(31)
            piece = self._tail or self._take(PIECE)
            try:
                data = self._engine.decompress(piece, most)
            except zlib.error as error:
                raise damaged(error) from error
            self._tail = self._engine.unconsumed_tail
            if data:
                return data
            if not piece:
                raise Cut


class Entry(NamedTuple):
    """One member of a tar archive; its bytes are the next `size` of the tape."""

    path: str
    size: int
    mtime_ns: int
    folder: bool
    fault: str
    """Why it is left out for what it is; "" for a regular file."""


def entries(tape: Tape) -> Iterator[Entry]:
    """Every member; what is not read of one before the next is asked for is skipped.

    Raises OSError for a damaged archive, Cut for one that is not whole, wherever that shows.
    """
    everywhere: dict[bytes, bytes] = {}
    special: dict[bytes, bytes] = {}
    while (header := _header(tape)) is not None:
        kind, size = header[156], _number(header[124:136])
        if size < 0:
            raise damaged("a size below zero")
        begin = tape.at
        if kind in b"LKxgX":
            content = tape.exactly(size) if size <= LONGEST_HEADER else b""
            if kind in b"LK":
                special[b"path" if kind in b"L" else b"linkpath"] = content.partition(b"\0")[0]
            else:
                (everywhere if kind in b"g" else special).update(_attributes(content))
        else:
            entry = _entry(header, kind, size, everywhere | special if everywhere else special)
            size, special = 0 if kind in _WITHOUT_BYTES else entry.size, {}
            if kind in b"S" and header[482]:
                while tape.exactly(BLOCK)[504]:
                    pass
                begin = tape.at
            yield entry
        tape.skip_to(begin + -(-size // BLOCK) * BLOCK)


def _header(tape: Tape) -> bytes | None:
    """The next header; None at the mark of the end."""
    header = tape.exactly(BLOCK)
    if not header.strip(b"\0"):
        return None
    told = _number(header[148:156])
    total = sum(header) - sum(header[148:156]) + 8 * 32
    if told != total and told != total - 256 * sum(byte > 127 for byte in header[:148] + header[156:]):
        raise damaged("a header is not what its checksum says")
    return header


def _number(field: bytes) -> int:
    """Octal, or what GNU writes for large ones. Raises OSError."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big") - (256 ** (len(field) - 1) if field[0] == 0xFF else 0)
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError as error:
        raise damaged("a number in a header is none") from error


def _entry(header: bytes, kind: int, size: int, special: dict[bytes, bytes]) -> Entry:
    name = special.get(b"path")
    if name is None:
        name = header[:100].partition(b"\0")[0]
        prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
        name = prefix + b"/" + name if prefix else name
    if (wide := special.get(b"size", b"")).isdigit():
        size = int(wide[:20])
    folder = kind in b"5D" or (name.endswith(b"/") and kind in _FILES)
    fault = "" if folder or kind in _FILES else _KINDS.get(kind, "no regular file, left out")
    if any(key.startswith(b"GNU.sparse") for key in special):
        fault = _KINDS[ord("S")]
    seconds = special.get(b"mtime", b"").decode("ascii", "replace")
    return Entry(plain_path(os.fsdecode(name)), size, _nanoseconds(seconds, header[136:148]), folder, fault)


def _nanoseconds(said: str, field: bytes) -> int:
    """Modification time in ns since 1970: a decimal fraction where one is given, else the header's seconds."""
    try:
        value = Decimal(said) * 1_000_000_000
        if value.is_finite() and abs(value) < _MOST_NS:
            return int(value)
    except InvalidOperation:
        pass
    seconds = _number(field) * 1_000_000_000
    return seconds if abs(seconds) < _MOST_NS else 0


def _attributes(content: bytes) -> dict[bytes, bytes]:
    """The attributes of a pax header: `LENGTH KEY=VALUE`, each with a line's end; what is damaged ends them."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(content):
        digits, space, _ = content[at : at + 10].partition(b" ")
        if not space or not digits.isdigit() or not (length := int(digits)):
            break
        key, equals, value = content[at + len(digits) + 1 : at + length].partition(b"=")
        if not equals or not value.endswith(b"\n"):
            break
        found[key] = value[:-1]
        at += length
    return found
