"""Add the tags of XMP files in the source to the tags of their media files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from pef_tui.formats import FORMATS
from pef_tui.model import FileMetadata, Match, Value

_RAWS = frozenset(name for name, format in FORMATS.items() if format.cls == "raw")


def with_xmp_tags(matches: Iterable[Match], *, embed: bool = False) -> Iterator[Match]:
    """Yield the Matches in order, with the tags of their XMP files added to the tags of their media files.

    If both have a tag, the media file's value counts; lists are merged. `embed`: mark raw pictures: tags are then
    written into them.
    """
    for match in matches:
        if embed and match.metadata is not None and match.metadata.format in _RAWS:
            match = replace(match, metadata=replace(match.metadata, embed=True))
        if match.xmp is not None and match.xmp.tags and match.metadata is not None:
            match = replace(match, metadata=_merge_tags(match.metadata, match.xmp.tags))
        yield match


def _merge_tags(metadata: FileMetadata, xmp_tags: dict[str, Value]) -> FileMetadata:
    tags = xmp_tags | metadata.tags
    for tag, value in xmp_tags.items():
        value_in_media = metadata.tags.get(tag)
        if isinstance(value, tuple) and isinstance(value_in_media, tuple):
            tags[tag] = tuple(dict.fromkeys((*value_in_media, *value)))
    return replace(metadata, tags=tags)
