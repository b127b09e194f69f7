"""Calling a tag mapper on one picture, without an export and without a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from pef_tui.formats import by_extension
from pef_tui.hooks import TagMapper
from pef_tui.model import Album, Match, MediaFile, Sidecar, State, TagEdit, Taken, Value


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
    """What a mapper wants written: tag and value, None where it wants the tag removed.

    `sidecar` is Google's JSON or as much of it as matters, `media` the picture's name (its extension says the
    format), `tags` what the file has already, `offset` the minutes east of UTC of its clock, `facts` what stages
    found out. Raises TypeError where the mapper yields anything but `TagEdit`s.
    """
    match = made_match(sidecar, media, tags=tags, offset=offset, folder=folder, album=album, facts=facts)
    found: dict[str, Value | None] = {}
    for edit in (mapper.map if isinstance(mapper, TagMapper) else mapper)(match):
        if not isinstance(edit, TagEdit):
            raise TypeError(f"a tag mapper yields TagEdit, this one {type(edit).__name__}")
        found[edit.tag] = edit.value
    return found


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
    """A Match as mappers get it: sidecar read, state and time known. Arguments as of `run_mapper`."""
    read = None if sidecar is None else msgspec.convert({"title": media, **sidecar}, Sidecar)
    format = by_extension(media)
    return Match(
        MediaFile(0, f"{folder}/{media}" if folder else media, 1000, 0),
        folder,
        sidecar=read,
        rule=None if read is None else "exact",
        album=album,
        state=State(format.name if format else "", dict(tags or {}), "native"),
        taken=None if read is None or read.taken is None else Taken(read.taken, offset, "option"),
        facts=dict(facts or {}),
    )
