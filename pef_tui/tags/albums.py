"""The albums a picture is in, as keywords: for `--albums tag`."""

from __future__ import annotations

from collections.abc import Iterable

from pef_tui.model import Match, TagEdit
from pef_tui.tags.classes import has_iptc, tags_of
from pef_tui.tags.people import IPTC_KEYWORD, SEPARATORS
from pef_tui.tags.text import cut_bytes, legible


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
    if has_iptc(tags_of(match)):
        edits.append(
            TagEdit("IPTC:Keywords", tuple(cut_bytes(title, IPTC_KEYWORD) for title in titles), "merge")
        )
    return edits
