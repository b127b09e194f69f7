"""What only Google Photos knows of a picture; none of it is written unless `--tags` asks for it."""

from __future__ import annotations

from collections.abc import Iterable

from pef_tui.model import Match, TagEdit
from pef_tui.tags.text import legible


def archived(match: Match) -> Iterable[TagEdit]:
    """The keyword `Archived` for pictures put into the archive."""
    return _keyword("Archived") if match.sidecar is not None and match.sidecar.archived else ()


def trashed(match: Match) -> Iterable[TagEdit]:
    """The keyword `Trashed` for pictures that lay in the bin."""
    return _keyword("Trashed") if match.sidecar is not None and match.sidecar.trashed else ()


def link(match: Match) -> Iterable[TagEdit]:
    """The picture's page in Google Photos, as its source."""
    url = legible(match.sidecar.url or "") if match.sidecar is not None else ""
    return (TagEdit("XMP-dc:Source", url),) if url.startswith("https://") else ()


def _keyword(word: str) -> tuple[TagEdit, ...]:
    """Flat, and below a root of its own where keywords form trees."""
    return (
        TagEdit("XMP-dc:Subject", (word,), "merge"),
        TagEdit("XMP-lr:HierarchicalSubject", (f"Google Photos|{word}",), "merge"),
        TagEdit("XMP-digiKam:TagsList", (f"Google Photos/{word}",), "merge"),
    )
