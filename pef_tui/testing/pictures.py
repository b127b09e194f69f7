"""Build pictures of all formats except JPEG, HEIC, HEIF and AVIF. Each seed gives a different picture."""

from __future__ import annotations

import struct
import zlib
from typing import Literal

from pef_tui.testing.exif import Directory, Order, Stored, long, octets, short, text, tiff_block
from pef_tui.testing.films import box

WIDTH, HEIGHT = 16, 12
"""Size of the pictures in pixels."""


def _pixels(seed: int, order: Literal["RGB", "BGR"] = "RGB") -> list[bytes]:
    """Return the rows of a picture with smooth colours. Each pixel has three bytes, in the order `order`."""
    colour = (seed * 37 % 256, seed * 91 % 256, seed * 53 % 256)
    step = 1 if order == "RGB" else -1
    return [
        b"".join(
            bytes(((colour[0] + 8 * x) % 256, (colour[1] + 8 * y) % 256, colour[2]))[::step]
            for x in range(WIDTH)
        )
        for y in range(HEIGHT)
    ]


def png(seed: int = 0) -> bytes:
    """Return a PNG picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">2I5B", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    # Stored without compression, because versions of zlib compress differently.
    data = zlib.compress(b"".join(b"\0" + row for row in _pixels(seed)), 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif(seed: int = 0, frames: int = 1) -> bytes:
    """Return a GIF picture in four colours; a repeating animation if there are several frames."""
    palette = bytes((seed * (37, 91, 53)[at % 3] + 60 * (at // 3)) % 256 for at in range(12))
    parts = [b"GIF89a", struct.pack("<2H3B", WIDTH, HEIGHT, 0b1_001_0_001, 0, 0), palette]
    if frames > 1:
        parts.append(b"\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0")
    for frame in range(frames):
        parts.append(b"\x21\xf9\4\0" + struct.pack("<H", 10) + b"\0\0")
        parts.append(b"\x2c" + struct.pack("<4HB", 0, 0, WIDTH, HEIGHT, 0) + _unpacked_lzw(frame))
    return b"".join(parts) + b"\x3b"


def _unpacked_lzw(frame: int) -> bytes:
    """Return the pixels of a frame as LZW data, in codes of three bits.

    A "clear" code before each two pixels resets the code table, so that the codes do not get longer.
    """
    bits, count = 0, 0
    pixels = [(x // 4 + y // 4 + frame) % 4 for y in range(HEIGHT) for x in range(WIDTH)]
    codes = [code for at in range(0, len(pixels), 2) for code in (4, *pixels[at : at + 2])]
    for code in (*codes, 5):
        bits |= code << count
        count += 3
    data = bits.to_bytes((count + 7) // 8, "little")
    blocks = (data[at : at + 255] for at in range(0, len(data), 255))
    return b"\2" + b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"


def bmp(seed: int = 0) -> bytes:
    """Return a BMP picture."""
    data = b"".join(reversed(_pixels(seed, "BGR")))
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 24, 0, len(data), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + header + data


def _strip(seed: int, order: Order) -> Directory:
    """Return the TIFF directory of an RGB picture whose pixels are in one strip."""
    data = b"".join(_pixels(seed))
    return {
        0xFE: long(order, 0),
        0x100: short(order, WIDTH),
        0x101: short(order, HEIGHT),
        0x102: short(order, 8, 8, 8),
        0x103: short(order, 1),
        0x106: short(order, 2),
        0x111: Stored(data),
        0x115: short(order, 3),
        0x116: short(order, HEIGHT),
        0x117: long(order, len(data)),
    }


def tiff(seed: int = 0, order: Order = "little") -> bytes:
    """Return a TIFF picture."""
    return tiff_block(_strip(seed, order), order=order)


def dng(seed: int = 0, order: Order = "little") -> bytes:
    """Return a DNG picture: a TIFF picture with a DNG version.

    Its camera maker, Sony, has a raw format of its own (ARW), but the DNG version determines the format.
    """
    directory = _strip(seed, order)
    directory |= {0x10F: text("SONY"), 0x110: text("made up"), 0xC612: octets(b"\1\4\0\0", 1)}
    return tiff_block(directory, order=order)


def raw(make: str, seed: int = 0, order: Order = "little") -> bytes:
    """Return a raw picture based on TIFF (NEF, ARW, PEF, SRW ...). Only its camera maker `make` determines which."""
    directory = _strip(seed, order)
    directory |= {0xFE: long(order, 1), 0x10F: text(make), 0x14A: _strip(seed + 1, order)}
    return tiff_block(directory, order=order)


def cr2(seed: int = 0) -> bytes:
    """Return a Canon CR2 picture: four TIFF directories; the last directory describes the raw data."""
    first = _strip(seed, "little") | {0x10F: text("Canon"), 0x110: text("made up")}
    chain = (first, *(_strip(seed + number, "little") for number in (1, 2, 3)))
    block = tiff_block(*chain, extra_header=b"CR\2\0" + bytes(4))
    at = 16
    for _ in chain[1:]:
        entries = int.from_bytes(block[at : at + 2], "little")
        at = int.from_bytes(block[at + 2 + 12 * entries :][:4], "little")
    return block[:12] + at.to_bytes(4, "little") + block[16:]


def webp(seed: int = 0, frames: int = 1) -> bytes:
    """Return a WebP picture of one colour; an animation if there are several frames."""
    still = _lossless_webp(seed)
    if frames > 1:
        size = (WIDTH - 1).to_bytes(3, "little") + (HEIGHT - 1).to_bytes(3, "little")
        still = _riff(b"VP8X", b"\x02\0\0\0" + size) + _riff(b"ANIM", b"\xff\xff\xff\xff\0\0")
        for frame in range(frames):
            duration = bytes(6) + size + (100).to_bytes(3, "little") + b"\0"
            still += _riff(b"ANMF", duration + _lossless_webp(seed + frame))
    return _riff(b"RIFF", b"WEBP" + still)


def _lossless_webp(seed: int) -> bytes:
    """Return the VP8L chunk of a picture of one colour.

    It uses no transforms and no colour cache. Each channel has only one symbol, so that the pixels need no bits.
    """
    value = WIDTH - 1 | (HEIGHT - 1) << 14
    count = 14 + 14 + 1 + 3 + 1 + 1 + 1
    for symbol in (seed * 91 % 256, seed * 37 % 256, seed * 53 % 256, 255):  # green, red, blue, alpha
        value |= (0b101 | symbol << 3) << count
        count += 11
    value |= 0b0001 << count  # distances: symbol 0 in one bit
    return _riff(b"VP8L", b"\x2f" + value.to_bytes((count + 4 + 7) // 8, "little"))


def _riff(name: bytes, content: bytes) -> bytes:
    """Return a RIFF chunk, padded to an even length."""
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def psd(seed: int = 0) -> bytes:
    """Return a Photoshop picture with one flat layer."""
    rows = _pixels(seed)
    planes = b"".join(row[channel::3] for channel in range(3) for row in rows)
    header = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, HEIGHT, WIDTH, 8, 3)
    return header + bytes(12) + b"\0\0" + planes


def jp2(seed: int = 0) -> bytes:
    """Return a JPEG 2000 file with an empty code stream. It can store tags but cannot be shown."""
    start = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    image = box(b"ihdr", struct.pack(">2IH4B", HEIGHT, WIDTH, 3, 7, 7, 0, 0))
    header = box(b"jp2h", image, box(b"colr", b"\1\0\0\0\0\0\x10"))
    return start + header + box(b"jp2c", b"\xff\x4f\xff\x51" + seed.to_bytes(4, "big") + b"\xff\xd9")


def jxl(seed: int = 0) -> bytes:
    """Return a JPEG XL file with an empty code stream. It can store tags but cannot be shown."""
    start = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    return start + box(b"jxlc", b"\xff\x0a" + seed.to_bytes(4, "big"))
