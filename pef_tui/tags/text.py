"""What was written under a picture, and the cleaning that every text gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pef_tui.model import Match, TagEdit, Value
from pef_tui.tags.camera_texts import is_camera_note, is_camera_text
from pef_tui.tags.classes import STANDS_FOR, iptc_takes, tag_list, tags_of

UNIT = "description"

_EXIF_LENGTH = 2000  # characters; an EXIF block holds 64 kB in all
IPTC_CAPTION = 2000  # bytes, IIM 2:120
_COMMENT = "EXIF:UserComment"

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
    if tags and iptc_takes(match, description):
        yield _edit(tags, "IPTC:Caption-Abstract", cut_bytes(description, IPTC_CAPTION))
    if (
        tags
        and wanted == "exif"
        and short.isascii()
        and str(tags.get(_COMMENT, "")).strip()
        and _by_camera(tags, _COMMENT)
        and not is_camera_note(str(tags[_COMMENT]))
    ):
        yield TagEdit(_COMMENT, short, "always", UNIT)


def _edit(tags: dict[str, Value], tag: str, value: str) -> TagEdit:
    """Blanks and texts of the camera's own are no description, in this tag or in the one that stands for it."""
    held = next((name for name in (tag, *STANDS_FOR.get(tag, ())) if name in tags), "") if tags else ""
    return TagEdit(tag, value, "always" if held and _by_camera(tags, held) else "missing", UNIT)


def _by_camera(tags: dict[str, Value], tag: str) -> bool:
    held = tags.get(tag)
    return isinstance(held, str) and is_camera_text(
        held, str(tags.get("EXIF:Make", "")), str(tags.get("EXIF:Model", ""))
    )
