"""Who is in a picture, as keywords: names without boxes around faces are no face regions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pef_tui.model import Match, TagEdit
from pef_tui.tags.classes import has_iptc, tags_of
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
    if has_iptc(tags_of(match)):
        edits.append(
            TagEdit("IPTC:Keywords", tuple(cut_bytes(name, IPTC_KEYWORD) for name in names), "merge")
        )
    return edits
