"""Hash the bytes of media files, to find equal files and to detect changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import xxhash

from pef_tui.hooks import OpenMedia
from pef_tui.model import MediaFile

BLOCK = 1 << 20


def content_digest(
    media: MediaFile, open_media: OpenMedia, hasher: Callable[[], Any] = xxhash.xxh3_128
) -> bytes:
    """Return the hash of a file's bytes (16 bytes with the default hasher); b"" if the file cannot be read."""
    try:
        with open_media(media) as stream:
            return stream_digest(stream, hasher)
    except OSError:
        return b""


def stream_digest(stream: BinaryIO, hasher: Callable[[], Any] = xxhash.xxh3_128) -> bytes:
    """Return the hash of the bytes of a stream from its position to its end. Raises OSError if reading fails."""
    digest = hasher()
    while block := stream.read(BLOCK):
        digest.update(block)
    content_digest: bytes = digest.digest()
    return content_digest
