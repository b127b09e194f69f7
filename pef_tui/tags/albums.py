"""The albums a picture is in, as keywords: for `--albums tag`."""

from __future__ import annotations

from collections.abc import Iterable

from pef_tui.model import Match, TagEdit
from pef_tui.tags.people import SEPARATORS, iptc_keywords
from pef_tui.tags.text import legible


def albums(match: Match) -> Iterable[TagEdit]:
    """Lists to be joined with those that the file has, and with the people in it."""
    if not match.albums:
        return ()
    titles = tuple(dict.fromkeys(title for title in map(legible, match.albums) if title))
    if not titles:
        return ()
    leaves = [SEPARATORS.sub("-", title) for title in titles]
    edits = [
        TagEdit("XMP-dc:Subject", titles, "merge"),
        TagEdit("XMP-lr:HierarchicalSubject", tuple(f"Albums|{leaf}" for leaf in leaves), "merge"),
        TagEdit("XMP-digiKam:TagsList", tuple(f"Albums/{leaf}" for leaf in leaves), "merge"),
    ]
    edits += iptc_keywords(match, titles)
    return edits
