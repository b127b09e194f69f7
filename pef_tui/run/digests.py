"""Hashes over the bytes of media: which files are one picture, and is a file what it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import xxhash

from pef_tui.model import MediaFile

OpenMedia = Callable[[MediaFile], BinaryIO]
BLOCK = 1 << 20


def content_digest(
    media: MediaFile, open_media: OpenMedia, hasher: Callable[[], Any] = xxhash.xxh3_128
) -> bytes:
    """Hash of a file's bytes (16 bytes unless another hasher is given); empty when it cannot be read."""
    try:
        with open_media(media) as stream:
            return stream_digest(stream, hasher)
    except OSError:
        return b""


def stream_digest(stream: BinaryIO, hasher: Callable[[], Any] = xxhash.xxh3_128) -> bytes:
    """Hash of what is left of a stream. Raises OSError."""
    digest = hasher()
    while block := stream.read(BLOCK):
        digest.update(block)
    made: bytes = digest.digest()
    return made
