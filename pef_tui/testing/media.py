"""Generate small media files of all formats. The bytes are the same on every machine."""

from __future__ import annotations

from collections.abc import Callable

from pef_tui.testing import films, heif, pictures
from pef_tui.testing.jpeg import jpeg, motion_photo

MAKERS: dict[str, Callable[[int], bytes]] = {
    "jpeg": jpeg,
    "tiff": pictures.tiff,
    "dng": pictures.dng,
    "psd": pictures.psd,
    "jp2": pictures.jp2,
    "heic": heif.heic,
    "heif": lambda seed: heif.heic(seed, b"mif1"),
    "avif": heif.avif,
    "webp": pictures.webp,
    "png": pictures.png,
    "jxl": pictures.jxl,
    "cr2": pictures.cr2,
    "nef": lambda seed: pictures.raw("NIKON CORPORATION", seed),
    "arw": lambda seed: pictures.raw("SONY", seed),
    "pef": lambda seed: pictures.raw("PENTAX Corporation", seed, "big"),
    "srw": lambda seed: pictures.raw("SAMSUNG", seed),
    "gif": pictures.gif,
    "bmp": pictures.bmp,
    "mp4": lambda seed: films.film("mp4", seed),
    "mov": lambda seed: films.film("mov", seed),
    "m4v": lambda seed: films.film("m4v", seed),
    "3gp": lambda seed: films.film("3gp", seed),
    "3g2": lambda seed: films.film("3g2", seed),
    "avi": films.avi,
    "mkv": films.matroska,
    "webm": lambda seed: films.matroska(seed, "webm"),
    "mpg": films.mpeg,
    "m2ts": films.transport_stream,
    "wmv": films.windows_media,
    "flv": films.flash,
}
"""Functions that generate a file from a seed, by the name of the format in `pef_tui.formats.FORMATS`."""


def make(format: str, seed: int = 0) -> bytes:
    """Return a small file without tags. `format`: a key of `MAKERS`.

    Each seed, a number from 0 to 2**32 - 1, gives a different file.
    """
    return MAKERS[format](seed)


def oddities(seed: int = 0) -> dict[str, bytes]:
    """Return the contents of damaged and misnamed files, by file names that describe the defect."""
    picture, film = make("jpeg", seed), make("mp4", seed)
    return {
        "jpeg named.heic": picture,
        "film without extension": film,
        "motion photo.jpg": motion_photo(film, seed),
        "empty.jpg": b"",
        "text.jpg": b"This is no picture.\n",
        "cut short.jpg": picture[:-20],
        "cut before its picture.jpg": picture[:120],
        "header only.jpg": picture[:20],
        "cut short.png": make("png", seed)[:60],
        "cut short.mp4": film[: len(film) // 2],
        "cut short.heic": make("heic", seed)[:200],
        "garbage behind.jpg": picture + bytes(range(256)),
        "garbage behind.mp4": film + b"\0\0\0\0garbage" * 20,
    }
