"""Find and read XMP files that other programs stored beside media files in the sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import xxhash
from msgspec.structs import replace

from pef_tui.formats import by_extension
from pef_tui.hooks import OpenMedia
from pef_tui.model import Match, MediaFile, XmpFile
from pef_tui.xmp import BadPacket, read

MAX_BYTES = 16 << 20
"""Largest XMP file that is read, in bytes. Real XMP files have a few thousand bytes."""


def with_xmp_files(
    matches: list[Match], other_files: Sequence[MediaFile], open_media: OpenMedia
) -> list[Match]:
    """Return the Matches of one Folder, each with its XMP file if there is one. `other_files`: `Folder.other`.

    `a.jpg.xmp` belongs to `a.jpg`. `a.xmp` belongs to the raw picture `a.*`, else to the first picture `a.*`, else to
    the first video. If a media file has both, only the long name (`a.jpg.xmp`) is used.
    """
    xmp_files = [file for file in other_files if file.path[-4:].lower() == ".xmp"]
    if not xmp_files:
        return matches
    names = {match.media.name: match for match in reversed(matches)}
    stems = stem_owners(names)
    chosen: dict[str, MediaFile] = {}
    for file in sorted(
        xmp_files, key=lambda file: (-len(file.name), file.name[-4:] != ".xmp", file.root, file.path)
    ):
        stem = file.name[:-4]
        owner = stem if stem in names else stems.get(stem)
        if owner is not None:
            chosen.setdefault(owner, file)
    return [_with_xmp(match, chosen.get(match.media.name), open_media) for match in matches]


def _with_xmp(match: Match, file: MediaFile | None, open_media: OpenMedia) -> Match:
    return match if file is None else replace(match, xmp=_read_xmp(file, open_media))


def stem_owners(names: Iterable[str]) -> dict[str, str]:
    """Return, for each stem `a` of `names`, the media file to which an XMP file `a.xmp` belongs."""
    stems: dict[str, str] = {}
    for name in sorted(names, key=short_name_order):
        stems.setdefault(name.rpartition(".")[0], name)
    return stems


def short_name_order(name: str) -> tuple[int, str]:
    """Return the sort key of the media file `name`. Of the files `a.*`, the XMP file `a.xmp` belongs to the first."""
    return _rank(name), name


def _rank(name: str) -> int:
    format = by_extension(name)
    if format is None:
        return 3
    if format.cls == "raw" or format.name in ("dng", "cr3", "crw"):
        return 0
    return 1 if format.kind == "photo" else 2


def _read_xmp(file: MediaFile, open_media: OpenMedia) -> XmpFile:
    if file.size > MAX_BYTES:
        return XmpFile(file, problem=f"it has {file.size:,} bytes")
    try:
        with open_media(file) as stream:
            packet = stream.read(MAX_BYTES)
    except OSError as error:
        return XmpFile(file, problem=f"it cannot be read: {error.strerror or error}")
    content = xxhash.xxh3_64_digest(packet)
    try:
        return XmpFile(file, read(packet), content=content)
    except BadPacket as error:
        return XmpFile(file, problem=str(error), content=content)
