"""Who is in a picture, as keywords: names without boxes around faces are no face regions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pef_tui.model import Match, TagEdit
from pef_tui.tags.classes import has_iptc, iptc_takes
from pef_tui.tags.text import cut_bytes, legible

SEPARATORS = re.compile(r"[|/]")
IPTC_KEYWORD = 64  # bytes, IIM 2:25


def people(match: Match) -> Iterable[TagEdit]:
    """Lists to be joined with those that the file has."""
    sidecar = match.sidecar
    if sidecar is None or not sidecar.people:
        return ()
    names = tuple(dict.fromkeys(name for name in map(legible, sidecar.names) if name))
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


def iptc_keywords(match: Match, words: Iterable[str]) -> list[TagEdit]:
    """The words for the IPTC block of the file, if it has one that can hold them."""
    if not has_iptc(match):
        return []
    kept = tuple(cut_bytes(word, IPTC_KEYWORD) for word in words if iptc_takes(match, word))
    return [TagEdit("IPTC:Keywords", kept, "merge")] if kept else []
