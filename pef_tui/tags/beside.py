"""What an XMP file beside a media file means for its tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from pef_tui.formats import FORMATS
from pef_tui.model import Match, State, Value

_RAWS = frozenset(name for name, each in FORMATS.items() if each.cls == "raw")


def with_xmp_tags(matches: Iterable[Match], *, embed: bool = False) -> Iterator[Match]:
    """Count the tags of XMP files as those of their media, in order.

    Where both have one the media's own stands; of lists every member counts. With `embed`, raw pictures are to be
    written into.
    """
    for match in matches:
        if embed and match.state is not None and match.state.format in _RAWS:
            match = replace(match, state=replace(match.state, embed=True))
        if match.xmp is not None and match.xmp.tags and match.state is not None:
            match = replace(match, state=_joined(match.state, match.xmp.tags))
        yield match


def _joined(state: State, beside: dict[str, Value]) -> State:
    tags = beside | state.tags
    for tag, value in beside.items():
        own = state.tags.get(tag)
        if isinstance(value, tuple) and isinstance(own, tuple):
            tags[tag] = tuple(dict.fromkeys((*own, *value)))
    return replace(state, tags=tags)
