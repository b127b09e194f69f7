"""The formats whose tags are read without ExifTool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO

from pef_tui.model import FileMetadata
from pef_tui.readers.chunked import read_gif_metadata, read_png_metadata, read_webp_metadata
from pef_tui.readers.heif import heif_reader
from pef_tui.readers.jpeg import read_jpeg
from pef_tui.readers.mp4 import mp4_reader
from pef_tui.readers.tiff_file import tiff_reader

READERS: Mapping[str, Callable[[BinaryIO], FileMetadata | None]] = {
    "jpeg": read_jpeg,
    "gif": read_gif_metadata,
    "png": read_png_metadata,
    "webp": read_webp_metadata,
    "tiff": tiff_reader("tiff"),
    "dng": tiff_reader("dng"),
    **{format: heif_reader(format) for format in ("heic", "heif", "avif")},
    **{format: mp4_reader(format) for format in ("mp4", "mov", "m4v", "3gp", "3g2")},
}
"""Native readers by the name of the format. A reader takes a seekable stream at the beginning of the file. It returns
None if ExifTool must read the file, because programs may read it in different ways. It raises OSError.
"""
