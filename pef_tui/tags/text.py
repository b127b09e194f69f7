"""What was written under a picture, and the cleaning that every text gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pef_tui.model import Match, TagEdit, Value, When
from pef_tui.tags.classes import has_iptc, tag_list, tags_of

UNIT = "description"

_EXIF_LENGTH = 2000  # characters; an EXIF block holds 64 kB in all
_IPTC_CAPTION = 2000  # bytes, IIM 2:120

# Characters that XML 1.0 cannot hold, and halves of surrogate pairs.
_ILLEGIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def legible(text: str) -> str:
    """The text without characters that no tag can hold, and without blanks around it."""
    return _ILLEGIBLE.sub("", text).strip()


def cut_bytes(text: str, size: int) -> str:
    """As much of the text as fits into `size` bytes of UTF-8."""
    data = text.encode()
    return text if len(data) <= size else data[:size].decode(errors="ignore").rstrip()


def text(match: Match) -> Iterable[TagEdit]:
    """The description, one unit: filled where there is none, else a conflict."""
    sidecar = match.sidecar
    if sidecar is None or not sidecar.description:
        return ()
    description = legible(sidecar.description)
    return _edits(match, description) if description else ()


def _edits(match: Match, description: str) -> Iterator[TagEdit]:
    tags, wanted = tags_of(match), tag_list(match)
    short = description[:_EXIF_LENGTH].rstrip()
    if wanted == "exif":
        yield _edit(tags, "EXIF:ImageDescription", short)
    if wanted == "quicktime":
        yield _edit(tags, "Keys:Description", description)
        yield _edit(tags, "ItemList:Description", description)
    yield _edit(tags, "XMP-dc:Description", description)
    if wanted == "xmp" or "XMP-tiff:ImageDescription" in tags:
        yield _edit(tags, "XMP-tiff:ImageDescription", description)
    if tags and has_iptc(tags):
        yield _edit(tags, "IPTC:Caption-Abstract", cut_bytes(description, _IPTC_CAPTION))


def _edit(tags: dict[str, Value], tag: str, value: str) -> TagEdit:
    """Blanks, which many cameras write, are no description."""
    held = tags.get(tag)
    when: When = "always" if isinstance(held, str) and not held.strip(" \0\t\r\n") else "missing"
    return TagEdit(tag, value, when, UNIT)
