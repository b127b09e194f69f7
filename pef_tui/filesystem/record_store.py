"""Store millions of records in little memory: compressed, in memory up to a limit, then in an unnamed file."""

from __future__ import annotations

import errno
import os
import zlib
from array import array
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from pef_tui.filesystem.spill_file import SpillFile
from pef_tui.sanitize import utf8

BLOCK_RECORDS = 64
"""Number of records that are compressed together. Neighbouring records are similar: they shrink to a sixth."""
IN_MEMORY = 16 << 20
"""Limit in bytes of the blocks in memory. Beyond it, the blocks are moved to a file."""

Kind = TypeVar("Kind", bound=msgspec.Struct)

Block = list[Any]
_encode = msgspec.msgpack.Encoder().encode
_raws = msgspec.msgpack.Decoder(list[msgspec.Raw])


class RecordStore:
    """A list of records (Structs, or tuples that msgpack can encode), numbered from 0. Records are only added.

    One thread appends; any thread may read. Whole blocks of records are encoded, so a record must not change after
    `append`.
    """

    def __init__(self, folder: str, in_memory: int = IN_MEMORY) -> None:
        """`folder`: where the unnamed file is created. `in_memory`: limit in bytes of the blocks in memory."""
        self._blocks = SpillFile(folder, in_memory)
        self._offsets = array("Q", (0,))
        self._open: Block = []
        self._closed = False

    def append(self, record: object) -> None:
        """Add a record.

        Lone surrogates in its texts stand for bytes that are not UTF-8. They are stored in printable form: `\\xff`.
        """
        self._open.append(record)
        if len(self._open) == BLOCK_RECORDS:
            self._close_block()

    def get(self, number: int) -> bytes:
        """Return the record with this number as msgpack bytes.

        Raises OSError if the file cannot be read, and after `close`. (A screen may still request records of a store
        that was replaced and closed.)
        """
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        open_block = self._open  # read first: another thread may close this block meanwhile
        block, index = divmod(number, BLOCK_RECORDS)
        if block >= len(self._offsets) - 1:
            return _encode_record(open_block[index])
        return bytes(_raws.decode(zlib.decompress(self._read_block(block)))[index])

    def records(self, kind: type[Kind]) -> Iterator[Kind]:
        """Yield all records that were appended before the iteration began, as objects of type `kind`.

        Raises OSError.
        """
        decode = msgspec.msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]
        open_block = list(self._open)
        for block in range(len(self._offsets) - 1):
            yield from decode(zlib.decompress(self._read_block(block)))
        yield from decode(_encode_block(open_block))

    def close(self) -> None:
        """Close the file and delete the blocks in memory. After that, `get` raises OSError."""
        self._closed = True
        self._blocks.close()
        self._open = []

    def _close_block(self) -> None:
        block = zlib.compress(_encode_block(self._open), 1)
        start = self._blocks.append(block)
        self._offsets.append(start + len(block))
        self._open = []

    def _read_block(self, block: int) -> bytes:
        return self._blocks.read(self._offsets[block], self._offsets[block + 1])


def _encode_block(records: Block) -> bytes:
    try:
        return _encode(records)
    except UnicodeEncodeError:
        return _encode([msgspec.Raw(_encode_record(record)) for record in records])


def _encode_record(record: object) -> bytes:
    try:
        return _encode(record)
    except UnicodeEncodeError:
        return _encode(_printable(msgspec.to_builtins(record, builtin_types=(bytes,))))


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list | tuple) else value
