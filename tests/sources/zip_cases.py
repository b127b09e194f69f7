"""Make zip archives for tests, whole and damaged."""

from __future__ import annotations

import zipfile
from pathlib import Path

from pef_tui.model import Source
from pef_tui.sources.zip_source import ZipReader

FILES = {
    "Takeout/Google Fotos/Fotos von 2019/a.jpg": b"picture" * 100,
    "Takeout/Google Fotos/Fotos von 2019/a.jpg.json": b"{}",
    "Takeout/Google Fotos/Ausflug \U0001f600/b.mp4": b"film" * 5_000,
    "Takeout/archive_browser.html": b"<html>",
}


def info(name: str, **fields: object) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, (2020, 2, 3, 4, 5, 6))
    for field, value in {"compress_type": zipfile.ZIP_DEFLATED, **fields}.items():
        setattr(member, field, value)
    return member


def pack(path: Path, *files: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for member, raw in files:
            archive.writestr(member, raw)
    return path


def reader(path: Path, root: int = 0) -> ZipReader:
    return ZipReader(Source(root, str(path), "zip"))


def patched(path: Path, signature: bytes, offset: int, raw: bytes) -> Path:
    """Return the archive with bytes changed, at an offset from its first record with this signature."""
    complete = bytearray(path.read_bytes())
    start = complete.index(signature) + offset
    complete[start : start + len(raw)] = raw
    path.write_bytes(complete)
    return path


CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"
