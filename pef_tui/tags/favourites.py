"""Favourites, as five stars."""

from __future__ import annotations

from collections.abc import Iterable

from pef_tui.model import Match, TagEdit
from pef_tui.tags.classes import tags_of

STARS = 5


def favourites(match: Match) -> Iterable[TagEdit]:
    """Five stars for a favourite without rating. 0 means not rated; another rating is a conflict."""
    if match.sidecar is None or not match.sidecar.favorited:
        return ()
    unrated = tags_of(match).get("XMP-xmp:Rating") in (0, "0", "")
    return (TagEdit("XMP-xmp:Rating", STARS, "always" if unrated else "missing"),)
