"""Build videos of one second with a single frame, which is a JPEG picture."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Literal

from pef_tui.testing.jpeg import COLUMNS, ROWS, jpeg

BRANDS = {
    "mp4": b"isom\0\0\2\0isomiso2mp41",
    "mov": b"qt  \0\0\2\0qt  ",
    "m4v": b"M4V \0\0\0\1M4V isommp42",
    "3gp": b"3gp4\0\0\2\x003gp4isom",
    "3g2": b"3g2a\0\1\0\x003g2aisom",
    "": b"",
}
"""Content of the file type box (`ftyp`), by format; "" stands for old QuickTime videos, which have no such box."""

_1904 = datetime(1904, 1, 1, tzinfo=UTC)
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SIZE = (COLUMNS * 8, ROWS * 8)


def box(name: bytes, *parts: bytes) -> bytes:
    """Return a box of the ISO base media file format: size, `name`, and `parts` as content."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), name) + content


def film(
    format: str = "mp4",
    seed: int = 0,
    *,
    created: datetime | None = None,
    moov: Literal["first", "last"] = "last",
) -> bytes:
    """Return an MP4, MOV, M4V, 3GP or 3G2 video (a key of `BRANDS`). Without `created`, its dates are 0.

    `moov`: whether the `moov` box is before or after the media data.
    """
    stamp = int((created - _1904).total_seconds()) if created else 0
    brands = BRANDS[format]
    start = box(b"ftyp", brands) if brands else b""
    frame = jpeg(seed)
    index_size = len(_moov(stamp, 0, len(frame))) if moov == "first" else 0
    index = _moov(stamp, len(start) + index_size + 8, len(frame))
    media = box(b"mdat", frame)
    return start + (index + media if moov == "first" else media + index)


def _moov(stamp: int, offset: int, size: int) -> bytes:
    """Return the `moov` box of a video. `offset`, `size`: position and length in bytes of its only frame.

    `stamp`: creation date, in seconds since 1904.
    """
    times = struct.pack(">4I", stamp, stamp, 1000, 1000)
    head = box(b"mvhd", bytes(4), times, b"\0\1\0\0\1\0", bytes(10), _MATRIX, bytes(24), b"\0\0\0\2")
    track = struct.pack(">5I", stamp, stamp, 1, 0, 1000)
    picture = struct.pack(">2I", _SIZE[0] << 16, _SIZE[1] << 16)
    track_head = box(b"tkhd", b"\0\0\0\3", track, bytes(16), _MATRIX, picture)
    media_head = box(b"mdhd", bytes(4), times, b"\x55\xc4\0\0")
    handler = box(b"hdlr", bytes(8), b"vide", bytes(12), b"VideoHandler\0")
    reference = box(b"dinf", box(b"dref", b"\0\0\0\0\0\0\0\1", box(b"url ", b"\0\0\0\1")))
    entry = struct.pack(">6xH16x2H2I4xH32sHh", 1, *_SIZE, 0x480000, 0x480000, 1, b"", 24, -1)
    table = box(
        b"stbl",
        box(b"stsd", b"\0\0\0\0\0\0\0\1", box(b"jpeg", entry)),
        box(b"stts", struct.pack(">4I", 0, 1, 1, 1000)),
        box(b"stsc", struct.pack(">5I", 0, 1, 1, 1, 1)),
        box(b"stsz", struct.pack(">4I", 0, 0, 1, size)),
        box(b"stco", struct.pack(">3I", 0, 1, offset)),
    )
    information = box(b"minf", box(b"vmhd", b"\0\0\0\1", bytes(8)), reference, table)
    return box(b"moov", head, box(b"trak", track_head, box(b"mdia", media_head, handler, information)))


def _chunk(name: bytes, *parts: bytes) -> bytes:
    """Return a RIFF chunk, padded to an even length."""
    content = b"".join(parts)
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def avi(seed: int = 0) -> bytes:
    """Return an AVI video in Motion JPEG."""
    frame = jpeg(seed)
    head = struct.pack("<14I", 1_000_000, len(frame), 0, 0x10, 1, 0, 1, len(frame), *_SIZE, 0, 0, 0, 0)
    stream = struct.pack(
        "<4s4sIHH8I4H", b"vids", b"MJPG", 0, 0, 0, 0, 1, 1, 0, 1, len(frame), 0, 0, 0, 0, *_SIZE
    )
    bitmap = struct.pack("<IiiHH4s5I", 40, *_SIZE, 1, 24, b"MJPG", len(frame), 0, 0, 0, 0)
    streams = _chunk(b"LIST", b"strl", _chunk(b"strh", stream), _chunk(b"strf", bitmap))
    header = _chunk(b"LIST", b"hdrl", _chunk(b"avih", head), streams)
    movie = _chunk(b"LIST", b"movi", _chunk(b"00dc", frame))
    index = _chunk(b"idx1", struct.pack("<4s3I", b"00dc", 0x10, 4, len(frame)))
    return _chunk(b"RIFF", b"AVI ", header, movie, index)


def _element(name: str, *parts: bytes) -> bytes:
    """Return an EBML element. `name`: its id in hexadecimal digits. The size field has eight bytes."""
    content = b"".join(parts)
    return bytes.fromhex(name) + (1 << 56 | len(content)).to_bytes(8, "big") + content


def matroska(seed: int = 0, doc_type: str = "matroska") -> bytes:
    """Return a Matroska video in Motion JPEG; a WebM video if `doc_type` is "webm"."""
    head = _element(
        "1a45dfa3", _element("4282", doc_type.encode()), _element("4287", b"\4"), _element("4285", b"\2")
    )
    information = _element(
        "1549a966", _element("2ad7b1", b"\x0f\x42\x40"), _element("4d80", b"film"), _element("5741", b"film")
    )
    picture = _element("e0", _element("b0", bytes((_SIZE[0],))), _element("ba", bytes((_SIZE[1],))))
    entry = (
        _element("d7", b"\1"),
        _element("73c5", b"\1"),
        _element("83", b"\1"),
        _element("86", b"V_MJPEG"),
    )
    tracks = _element("1654ae6b", _element("ae", *entry, picture))
    cluster = _element("1f43b675", _element("e7", b"\0"), _element("a3", b"\x81\0\0\x80", jpeg(seed)))
    return head + _element("18538067", information, tracks, cluster)


def mpeg(seed: int = 0) -> bytes:
    """Return the head of an MPEG-1 program stream. It can be detected but not played."""
    pack = b"\0\0\1\xba\x21\0\1\0\1\x80\0\1"
    sequence = b"\0\0\1\xb3" + struct.pack(">I", _SIZE[0] << 20 | _SIZE[1] << 8 | 0x13) + b"\xff\xff\xe0\x18"
    body = sequence + b"\0\0\1\xb8\0\x08\0\0" + b"\0\0\1\xb2" + seed.to_bytes(4, "big")
    packet = b"\0\0\1\xe0" + struct.pack(">H", len(body) + 1) + b"\x0f" + body
    return pack + packet + b"\0\0\1\xb9"


def transport_stream(seed: int = 0) -> bytes:
    """Return an MPEG transport stream in packets of 192 bytes, as camcorders store it. It cannot be played."""
    table = bytes.fromhex("00b00d0001c100000001e1002ab104b2")
    first = bytes.fromhex("4740001000") + table
    padding = bytes.fromhex("471fff10") + seed.to_bytes(4, "big")
    return b"".join(bytes(4) + packet.ljust(188, b"\xff") for packet in (first, *[padding] * 9))


def flash(seed: int = 0) -> bytes:
    """Return a Flash video with only a script tag, which contains `seed`."""
    script = b"\2\0\x0aonMetaData\x08\0\0\0\1\0\x08duration\0" + struct.pack(">d", 1 + seed) + b"\0\0\x09"
    tag = b"\x12" + len(script).to_bytes(3, "big") + bytes(7) + script
    return b"FLV\1\1\0\0\0\x09\0\0\0\0" + tag + struct.pack(">I", len(tag))


def windows_media(seed: int = 0) -> bytes:
    """Return the header of a Windows Media video with one stream, and an empty data object."""
    properties = _object("a1dcab8c47a9cf118ee400c00c205365", seed.to_bytes(16, "little"), _asf_numbers())
    kind = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b") + bytes.fromhex(
        "0057fb20555bcf11a8fd00805f5c442b"
    )
    bitmap = struct.pack("<IiiHH4s5I", 40, *_SIZE, 1, 24, b"WMV3", 0, 0, 0, 0, 0)
    video = struct.pack("<IIBH", *_SIZE, 2, len(bitmap)) + bitmap
    stream = _object(
        "9107dcb7b7a9cf118ee600c00c205365", kind, struct.pack("<QIIHI", 0, len(video), 0, 1, 0), video
    )
    count = struct.pack("<IBB", 2, 1, 2)
    header = _object("3026b2758e66cf11a6d900aa0062ce6c", count, properties, stream)
    return header + _object("3626b2758e66cf11a6d900aa0062ce6c", bytes(16), struct.pack("<QH", 0, 0x0101))


def _object(guid: str, *parts: bytes) -> bytes:
    """Return an ASF object. `guid`: its identifier in hexadecimal digits."""
    content = b"".join(parts)
    return bytes.fromhex(guid) + struct.pack("<Q", 24 + len(content)) + content


def _asf_numbers() -> bytes:
    """Return the numbers of the ASF file properties: file size, creation date (0), packets, durations, preroll, flags,
    packet sizes and bit rate.
    """
    return struct.pack("<6Q4I", 0, 0, 0, 10_000_000, 10_000_000, 0, 2, 100, 100, 1000)
