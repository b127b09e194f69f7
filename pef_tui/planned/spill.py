"""Records kept whole outside the columns: packed in blocks, in memory while they are few, then in an unnamed file."""

from __future__ import annotations

import errno
import os
import zlib
from array import array
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from pef_tui.display import utf8
from pef_tui.scratch import unnamed_file, write_at

BLOCK = 64
"""Records that are packed together: neighbours repeat one another, so a block shrinks to a sixth."""
IN_MEMORY = 16 << 20
"""Bytes of blocks kept in memory before they go to a file."""

Kind = TypeVar("Kind", bound=msgspec.Struct)

Block = list[Any]
_encode = msgspec.msgpack.Encoder().encode
_raws = msgspec.msgpack.Decoder(list[msgspec.Raw])


class Spill:
    """Structs, or tuples of what msgpack knows, by number. One thread appends, any may read what was appended before.

    They are packed a block at a time, so nothing in them may change any more.
    """

    def __init__(self, folder: str, in_memory: int = IN_MEMORY) -> None:
        """`folder`: where the unnamed file lies, once there is one."""
        self._folder = folder
        self._limit = in_memory
        self._blocks: list[bytes] | None = []
        self._offsets = array("Q", (0,))
        self._open: Block = []
        self._descriptor = -1
        self._closed = False

    def append(self, record: object) -> None:
        """Keep one more. Lone surrogates in texts (bytes that were no UTF-8) are kept as they are shown: `\\xff`."""
        self._open.append(record)
        if len(self._open) == BLOCK:
            self._close_block()

    def get(self, number: int) -> bytes:
        """The msgpack of one. Raises OSError, also after `close`: a screen may still show what another replaced."""
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        still_open = self._open  # first: the block it was may be closed meanwhile
        block, place = divmod(number, BLOCK)
        if block >= len(self._offsets) - 1:
            return _packed(still_open[place])
        return bytes(_raws.decode(zlib.decompress(self._read(block)))[place])

    def all(self, kind: type[Kind]) -> Iterator[Kind]:
        """Everything appended before, in order. Raises OSError."""
        decode = msgspec.msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]
        still_open = list(self._open)
        for block in range(len(self._offsets) - 1):
            yield from decode(zlib.decompress(self._read(block)))
        yield from decode(_packed_block(still_open))

    def close(self) -> None:
        """Let the file go."""
        self._closed = True
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._blocks, self._open = [], []

    def _close_block(self) -> None:
        block = zlib.compress(_packed_block(self._open), 1)
        start = self._offsets[-1]
        if self._blocks is None:
            write_at(self._descriptor, block, start)
        else:
            self._blocks.append(block)
            if start + len(block) > self._limit:
                self._to_file(self._blocks)
        self._offsets.append(start + len(block))
        self._open = []

    def _to_file(self, blocks: list[bytes]) -> None:
        """Move what is in memory to a file; where there can be none, all stays in memory."""
        try:
            descriptor = unnamed_file(self._folder)
        except OSError:
            self._limit = 1 << 62
            return
        try:
            write_at(descriptor, b"".join(blocks), 0)
        except OSError:
            os.close(descriptor)
            self._limit = 1 << 62
            return
        self._descriptor, self._blocks = descriptor, None

    def _read(self, block: int) -> bytes:
        start, stop = self._offsets[block], self._offsets[block + 1]
        if self._blocks is not None:
            return self._blocks[block]
        return os.pread(self._descriptor, stop - start, start)


def _packed_block(records: Block) -> bytes:
    try:
        return _encode(records)
    except UnicodeEncodeError:
        return _encode([msgspec.Raw(_packed(record)) for record in records])


def _packed(record: object) -> bytes:
    try:
        return _encode(record)
    except UnicodeEncodeError:
        return _encode(_shown(msgspec.to_builtins(record, builtin_types=(bytes,))))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, dict):
        return {_shown(key): _shown(each) for key, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list | tuple) else value
