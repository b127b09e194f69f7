"""The formats whose tags are read here, without ExifTool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO

from pef_tui.model import State
from pef_tui.state.chunked import read_gif_state, read_png_state, read_webp_state
from pef_tui.state.heif import heif_reader
from pef_tui.state.jpeg import read_jpeg
from pef_tui.state.quicktime import film_reader
from pef_tui.state.tiff_file import tiff_reader

READERS: Mapping[str, Callable[[BinaryIO], State | None]] = {
    "jpeg": read_jpeg,
    "gif": read_gif_state,
    "png": read_png_state,
    "webp": read_webp_state,
    "tiff": tiff_reader("tiff"),
    "dng": tiff_reader("dng"),
    **{format: heif_reader(format) for format in ("heic", "heif", "avif")},
    **{format: film_reader(format) for format in ("mp4", "mov", "m4v", "3gp", "3g2")},
}
"""By the name of the format. A reader takes a stream that stands at the file's beginning, and may seek in it; None
where anything is there that it does not take at its word, and ExifTool is asked. Raises OSError."""
