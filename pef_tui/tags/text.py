"""Map the description of a picture to tags, and clean all texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from pef_tui.model import Match, TagEdit, Value
from pef_tui.tags.camera_texts import is_camera_note, is_camera_text
from pef_tui.tags.tag_lists import EQUIVALENT_TAGS, iptc_accepts, tag_list, tags_of

UNIT = "description"

_EXIF_LENGTH = 2000  # characters; an EXIF block has at most 64 kB in total
IPTC_CAPTION = 2000  # longest caption in bytes (IPTC-IIM 2:120)
_COMMENT = "EXIF:UserComment"


@cache
def _illegible() -> re.Pattern[str]:
    """Return the pattern of characters that XML 1.0 does not allow, and of single surrogates."""
    return re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str) -> str:
    """Return `text` without characters that no tag can store, and without spaces at the ends."""
    if not text.isprintable():  # no character of `_illegible` is printable
        text = _illegible().sub("", text)
    return text.strip()


def cut_bytes(text: str, size: int) -> str:
    """Return `text`, cut to at most `size` bytes of UTF-8. No character is split."""
    data = text.encode()
    return text if len(data) <= size else data[:size].decode(errors="ignore").rstrip()


def text(match: Match) -> Iterable[TagEdit]:
    """Return the edits of the tags for the description; empty if the sidecar has none.

    The tags are filled if the file has no description. Another description in the file is a conflict.
    """
    sidecar = match.sidecar
    if sidecar is None or not sidecar.description:
        return ()
    description = clean_text(sidecar.description)
    return _edits(match, description) if description else ()


def _edits(match: Match, description: str) -> Iterator[TagEdit]:
    tags, list_name = tags_of(match), tag_list(match)
    short = description[:_EXIF_LENGTH].rstrip()
    if list_name == "exif":
        yield _edit(tags, "EXIF:ImageDescription", short)
    if list_name == "quicktime":
        yield _edit(tags, "Keys:Description", description)
        yield _edit(tags, "ItemList:Description", description)
    yield _edit(tags, "XMP-dc:Description", description)
    if list_name == "xmp" or "XMP-tiff:ImageDescription" in tags:
        yield _edit(tags, "XMP-tiff:ImageDescription", description)
    if tags and iptc_accepts(match, description):
        yield _edit(tags, "IPTC:Caption-Abstract", cut_bytes(description, IPTC_CAPTION))
    if (
        tags
        and list_name == "exif"
        and short.isascii()
        and str(tags.get(_COMMENT, "")).strip()
        and _by_camera(tags, _COMMENT)
        and not is_camera_note(str(tags[_COMMENT]))
    ):
        yield TagEdit(_COMMENT, short, "always", UNIT)


def _edit(tags: dict[str, Value], tag: str, value: str) -> TagEdit:
    """Return the edit that writes `value` into `tag`.

    It replaces an existing text only if that is no description: blank, or written by a camera or program (`OLYMPUS
    DIGITAL CAMERA`). The existing text may be in `tag` or in a tag of the same meaning.
    """
    existing_tag = (
        next((name for name in (tag, *EQUIVALENT_TAGS.get(tag, ())) if name in tags), "") if tags else ""
    )
    return TagEdit(
        tag, value, "always" if existing_tag and _by_camera(tags, existing_tag) else "missing", UNIT
    )


def _by_camera(tags: dict[str, Value], tag: str) -> bool:
    value = tags.get(tag)
    return isinstance(value, str) and is_camera_text(
        value, str(tags.get("EXIF:Make", "")), str(tags.get("EXIF:Model", ""))
    )
