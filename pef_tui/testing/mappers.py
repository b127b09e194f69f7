"""Call a tag mapper for one picture, without an export and without a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from pef_tui.formats import by_extension
from pef_tui.hooks import TagMapper
from pef_tui.model import Album, CaptureTime, FileMetadata, Match, MediaFile, Sidecar, TagEdit, Value


def run_mapper(
    mapper: TagMapper | Callable[[Match], Iterable[TagEdit]],
    sidecar: Mapping[str, object] | None = None,
    media: str = "a.jpg",
    *,
    tags: Mapping[str, Value] | None = None,
    offset: int | None = 0,
    folder: str = "Photos from 2019",
    album: Album | None = None,
    facts: Mapping[str, Value] | None = None,
) -> dict[str, Value | None]:
    """Return the tags that a mapper yields for a picture, with their values; None for a tag that the mapper removes.

    `sidecar`: Google's JSON, or the part that the mapper reads. `media`: name of the picture; its extension determines
    the format. `tags`: existing tags of the picture. `offset`: its UTC offset in minutes; None if unknown. `facts`:
    results of stages. Raises TypeError if the mapper yields an object that is no `TagEdit`.
    """
    match = made_match(sidecar, media, tags=tags, offset=offset, folder=folder, album=album, facts=facts)
    wanted_tags: dict[str, Value | None] = {}
    for edit in (mapper.map if isinstance(mapper, TagMapper) else mapper)(match):
        if not isinstance(edit, TagEdit):
            raise TypeError(f"a tag mapper yields TagEdit, this one {type(edit).__name__}")
        wanted_tags[edit.tag] = edit.value
    return wanted_tags


def made_match(
    sidecar: Mapping[str, object] | None = None,
    media: str = "a.jpg",
    *,
    tags: Mapping[str, Value] | None = None,
    offset: int | None = 0,
    folder: str = "Photos from 2019",
    album: Album | None = None,
    facts: Mapping[str, Value] | None = None,
) -> Match:
    """Return a Match with metadata and capture time, as tag mappers get it. `run_mapper` describes the arguments."""
    decoded = None if sidecar is None else msgspec.convert({"title": media, **sidecar}, Sidecar)
    format = by_extension(media)
    return Match(
        MediaFile(0, f"{folder}/{media}" if folder else media, 1000, 0),
        folder,
        sidecar=decoded,
        rule=None if decoded is None else "exact",
        album=album,
        metadata=FileMetadata(format.name if format else "", dict(tags or {}), "native"),
        capture_time=None
        if decoded is None or decoded.taken is None
        else CaptureTime(decoded.taken, offset, "option"),
        facts=dict(facts or {}),
    )
