"""Map people and albums to keywords.

Google exports names without the boxes around faces. So no face regions are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pef_tui.model import Match, TagEdit
from pef_tui.tags.tag_lists import has_iptc, iptc_accepts
from pef_tui.tags.text import clean_text, cut_bytes

SEPARATORS = re.compile(r"[|/]")
IPTC_KEYWORD = 64  # longest keyword in bytes (IPTC-IIM 2:25)


def people(match: Match) -> Iterable[TagEdit]:
    """Return the edits that merge the names of the people into the keywords of the file; empty if there are none."""
    sidecar = match.sidecar
    if sidecar is None or not sidecar.people:
        return ()
    names = tuple(dict.fromkeys(name for name in map(clean_text, sidecar.names) if name))
    if not names:
        return ()
    leaves = [SEPARATORS.sub("-", name) for name in names]
    edits = [
        TagEdit("XMP-dc:Subject", names, "merge"),
        TagEdit("XMP-iptcExt:PersonInImage", names, "merge"),
        TagEdit("XMP-lr:HierarchicalSubject", tuple(f"People|{leaf}" for leaf in leaves), "merge"),
        TagEdit("XMP-digiKam:TagsList", tuple(f"People/{leaf}" for leaf in leaves), "merge"),
    ]
    edits += iptc_keywords(match, names)
    return edits


def albums(match: Match) -> Iterable[TagEdit]:
    """Return the edits that merge the titles of a picture's albums into its keywords, for `--albums tag`.

    Empty if the picture is in no album.
    """
    if not match.albums:
        return ()
    titles = tuple(dict.fromkeys(title for title in map(clean_text, match.albums) if title))
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


def iptc_keywords(match: Match, words: Iterable[str]) -> list[TagEdit]:
    """Return the edit that adds `words` to the IPTC block of a file; an empty list if there is nothing to add.

    No block is created. Words that the block cannot store are left out. Words of more than 64 bytes are cut.
    """
    if not has_iptc(match):
        return []
    accepted = tuple(cut_bytes(word, IPTC_KEYWORD) for word in words if iptc_accepts(match, word))
    return [TagEdit("IPTC:Keywords", accepted, "merge")] if accepted else []
