"""XMP files that lie beside media in the sources, as other programs leave them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

import xxhash
from msgspec.structs import replace

from pef_tui.formats import by_extension
from pef_tui.model import Match, MediaFile, XmpFile
from pef_tui.xmp import BadPacket, read

LARGEST = 16 << 20
"""Bytes of an XMP file that is still read; real ones have a few thousand."""

OpenMedia = Callable[[MediaFile], BinaryIO]


def with_xmp_files(matches: list[Match], other: Sequence[MediaFile], open_media: OpenMedia) -> list[Match]:
    """The Matches of one Folder, each with the XMP file beside it; `other` are its files of unknown kind.

    `a.jpg.xmp` belongs to `a.jpg`. `a.xmp` belongs to the raw picture `a.*`, else to the first picture, else to the
    first film; it stays alone where `a.jpg.xmp` is there as well.
    """
    found = [file for file in other if file.path[-4:].lower() == ".xmp"]
    if not found:
        return matches
    names = {match.media.name: match for match in reversed(matches)}
    stems = stem_owners(names)
    chosen: dict[str, MediaFile] = {}
    for file in sorted(
        found, key=lambda file: (-len(file.name), file.name[-4:] != ".xmp", file.root, file.path)
    ):
        stem = file.name[:-4]
        owner = stem if stem in names else stems.get(stem)
        if owner is not None:
            chosen.setdefault(owner, file)
    return [_joined(match, chosen.get(match.media.name), open_media) for match in matches]


def _joined(match: Match, file: MediaFile | None, open_media: OpenMedia) -> Match:
    return match if file is None else replace(match, xmp=_read(file, open_media))


def stem_owners(names: Iterable[str]) -> dict[str, str]:
    """For each name without extension the media file that a short XMP name means."""
    stems: dict[str, str] = {}
    for name in sorted(names, key=short_name_order):
        stems.setdefault(name.rpartition(".")[0], name)
    return stems


def short_name_order(name: str) -> tuple[int, str]:
    """Of files that share a stem the first by this order has the XMP file of the short name."""
    return _rank(name), name


def _rank(name: str) -> int:
    promised = by_extension(name)
    if promised is None:
        return 3
    if promised.cls == "raw" or promised.name in ("dng", "cr3", "crw"):
        return 0
    return 1 if promised.kind == "photo" else 2


def _read(file: MediaFile, open_media: OpenMedia) -> XmpFile:
    if file.size > LARGEST:
        return XmpFile(file, problem=f"it has {file.size:,} bytes")
    try:
        with open_media(file) as stream:
            packet = stream.read(LARGEST)
    except OSError as error:
        return XmpFile(file, problem=f"it cannot be read: {error.strerror or error}")
    content = xxhash.xxh3_64_digest(packet)
    try:
        return XmpFile(file, read(packet), content=content)
    except BadPacket as error:
        return XmpFile(file, problem=str(error), content=content)
