"""Map properties that only Google Photos has. Favourites are mapped by default, the others by `--tags`."""

from __future__ import annotations

from collections.abc import Iterable

from pef_tui.model import Match, TagEdit
from pef_tui.tags.tag_lists import tags_of
from pef_tui.tags.text import clean_text

STARS = 5
"""Rating of a favourite."""


def favourites(match: Match) -> Iterable[TagEdit]:
    """Return the edit that gives a favourite five stars; empty for other pictures.

    A rating of 0 in the file means unrated, and is replaced. Any other rating than five stars is a conflict.
    """
    if match.sidecar is None or not match.sidecar.favorited:
        return ()
    unrated = tags_of(match).get("XMP-xmp:Rating") in (0, "0", "")
    return (TagEdit("XMP-xmp:Rating", STARS, "always" if unrated else "missing"),)


def archived(match: Match) -> Iterable[TagEdit]:
    """Return the edits that add the keyword `Archived`; empty if the picture is not archived."""
    return _keyword("Archived") if match.sidecar is not None and match.sidecar.archived else ()


def trashed(match: Match) -> Iterable[TagEdit]:
    """Return the edits that add the keyword `Trashed`; empty if the picture is not in the bin."""
    return _keyword("Trashed") if match.sidecar is not None and match.sidecar.trashed else ()


def link(match: Match) -> Iterable[TagEdit]:
    """Return the edit that makes the picture's page in Google Photos its source.

    Empty if the sidecar has no https address.
    """
    url = clean_text(match.sidecar.url or "") if match.sidecar is not None else ""
    return (TagEdit("XMP-dc:Source", url),) if url.startswith("https://") else ()


def _keyword(word: str) -> tuple[TagEdit, ...]:
    """Return the edits that add `word`: as a flat keyword, and in tree form below the root `Google Photos`."""
    return (
        TagEdit("XMP-dc:Subject", (word,), "merge"),
        TagEdit("XMP-lr:HierarchicalSubject", (f"Google Photos|{word}",), "merge"),
        TagEdit("XMP-digiKam:TagsList", (f"Google Photos/{word}",), "merge"),
    )
