"""Compare reading and writing the tags of pictures natively and by ExifTool, by format, in processor time.

    python bench/native_pictures.py [COUNT] [KILOBYTES] [FOLDER]

Uses COUNT pictures (200) of each format, of KILOBYTES each (2,000), below FOLDER (a temporary one), with dates, place,
description and people to write. Includes the time of ExifTool's process. For JPEGs and complete runs: native_jpeg.py.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

from native_films import measure

from pef_tui.exiftool.locate import locate
from pef_tui.formats import FORMATS
from pef_tui.formats.chunks import png_chunk, riff_chunk
from pef_tui.testing import Exif, jpeg, make
from pef_tui.testing.exif import Directory, Stored, exif_block, long, octets, short, tiff_block
from pef_tui.testing.heif_boxes import Heif, Item, about, exif_item, heif

BLOCK = 8192
"""Bytes of image data in a chunk, as libpng writes it."""
TILES = 48


def large_jpeg(seed: int, filler: bytes) -> bytes:
    data = jpeg(seed, exif=Exif(date="2019:07:01 12:34:56", make="Kamera", maker_note=bytes(4096)))
    return data[:-2] + filler.replace(b"\xff", b"\xfe") + data[-2:]


def large_png(seed: int, filler: bytes) -> bytes:
    data = make("png", seed)
    image = data.index(b"IDAT") - 4
    parts = [png_chunk(b"IDAT", filler[at : at + BLOCK]) for at in range(0, len(filler), BLOCK)]
    return data[:image] + b"".join(parts) + data[data.index(b"IEND") - 4 :]


def large_webp(seed: int, filler: bytes) -> bytes:
    frame = b"\x30\1\0\x9d\1\x2a\0\4\0\3" + filler
    return riff_chunk(b"RIFF", b"WEBP" + riff_chunk(b"VP8 ", frame))


def large_gif(seed: int, filler: bytes) -> bytes:
    data = make("gif", seed)
    blocks = b"".join(b"\xff" + filler[at : at + 255] for at in range(0, len(filler) - 255, 255))
    return data[:-2] + blocks + data[-2:]


def large_tiff(seed: int, filler: bytes, more: Directory | None = None) -> bytes:
    height = len(filler) // 3000
    sizes = {0x100: 1000, 0x101: height, 0x103: 1, 0x106: 2, 0x115: 3, 0x116: height}
    picture: Directory = {tag: short("little", value) for tag, value in sizes.items()}
    picture |= {0x102: short("little", 8, 8, 8), 0x111: Stored(filler), 0x117: long("little", len(filler))}
    return tiff_block(picture | (more or {}))


def large_heic(seed: int, filler: bytes) -> bytes:
    """Return a HEIC picture of 48 tiles, as phones make them, with EXIF of a camera."""
    edges = [len(filler) * part // TILES for part in range(TILES + 1)]
    tiles = [Item(2 + number, b"hvc1", filler[at:end]) for number, (at, end) in enumerate(pairwise(edges))]
    block = exif_block(Exif(date="2019:07:01 12:34:56", make="Kamera", maker_note=bytes(4096)))
    items = [Item(1, b"grid", bytes(8), method=1), *tiles, exif_item(TILES + 2, block)]
    references = about(1, *(tile.number for tile in tiles), kind=b"dimg"), about(TILES + 2, 1)
    return heif(Heif(items, references, iloc=1))


MAKERS: Mapping[str, Callable[[int, bytes], bytes]] = {
    "jpeg": large_jpeg,
    "png": large_png,
    "webp": large_webp,
    "gif": large_gif,
    "tiff": large_tiff,
    "dng": lambda seed, filler: large_tiff(seed, filler, {0xC612: octets(b"\1\4\0\0", 1)}),
    "heic": large_heic,
}


def build(folder: Path, format: str, count: int, size: int) -> list[Path]:
    """Make this number of pictures of about this size."""
    folder.mkdir()
    filler = os.urandom(size)
    paths = [folder / f"{number:05}{FORMATS[format].extensions[0]}" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(MAKERS[format](number, filler))
    return paths


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("count", nargs="?", type=int, default=200)
    parser.add_argument("kilobytes", nargs="?", type=int, default=2000)
    parser.add_argument("folder", nargs="?")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        for format in MAKERS:
            folder = Path(name) / format
            print(f"{asked.count} of {asked.kilobytes} kB: {FORMATS[format].words}")
            measure(
                build(folder, format, asked.count, asked.kilobytes * 1000), locate().path, Path(name), format
            )
            shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
