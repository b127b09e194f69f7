"""Edits into an IPTC block: what is there stays byte for byte, and what is missing is added.

ExifTool, told to make the block anew in UTF-8, cuts texts at the lengths of the standard, and adds a zone to times that
have none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pef_tui.formats.iptc import (
    CAPTION,
    IPTC,
    KEYWORDS,
    TEXTS,
    UTF8,
    Broken,
    Dataset,
    Resource,
    dataset,
    datasets,
    resources,
    with_content,
)
from pef_tui.model import TagEdit
from pef_tui.write.native.declined import Declined

_KEYWORDS, _CAPTION = "IPTC:Keywords", "IPTC:Caption-Abstract"
KNOWN = frozenset((_KEYWORDS, _CAPTION))
"""Tags that can be written."""
_CHARACTER_SET = (1, 90)


def edited_resources(block: bytes, edits: Sequence[TagEdit]) -> bytes | None:
    """Photoshop's image resources with the edits made in their IPTC block; None where nothing changes.

    Raises Declined where there is not one sound IPTC block, or it cannot hold a text in its character set.
    """
    try:
        found = [each for each in resources(block) if each.number == IPTC]
        if len(found) != 1:
            raise Declined("not one IPTC block")
        return _edited(block, found[0], edits)
    except Broken as error:
        raise Declined(f"IPTC: {error}") from None


def _edited(block: bytes, resource: Resource, edits: Sequence[TagEdit]) -> bytes | None:
    old = block[resource.start : resource.end]
    values = list(datasets(old))
    coding = _coding(values, edits)
    changes: list[tuple[int, int, bytes]] = []
    end = max((each.end for each in values if each.record <= 2), default=0)
    for edit in edits:
        changes += _changes(edit, values, coding, end)
    if not changes:
        return None
    named = any((each.record, each.number) == _CHARACTER_SET for each in values)
    if coding == "utf-8" and not named and not all(map(_is_ascii, edits)):
        changes.insert(0, (0, 0, dataset(*_CHARACTER_SET, UTF8)))
    new, at = b"", 0
    for start, stop, content in sorted(changes, key=lambda change: change[0]):
        new += old[at:start] + content
        at = stop
    return with_content(block, resource, new + old[at:])


def _is_ascii(edit: TagEdit) -> bool:
    words = edit.value if isinstance(edit.value, tuple) else (str(edit.value),)
    return all(word.isascii() for word in words)


def _coding(values: Sequence[Dataset], edits: Sequence[TagEdit]) -> str:
    """In which character set new texts are put there.

    A block that names none and holds ASCII alone can be called UTF-8. What else names none counts as Latin-1 (Windows
    code page 1252, as ExifTool reads it), but for what was meant as UTF-8: that takes only ASCII.
    """
    named = [each.value for each in values if (each.record, each.number) == _CHARACTER_SET]
    if named:
        return "utf-8" if named == [UTF8] else "ascii"
    held = b"".join(each.value for each in values if each.record == 2 and each.number in TEXTS)
    if held.isascii():
        return "utf-8"
    try:
        held.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "ascii"


def _changes(edit: TagEdit, values: Sequence[Dataset], coding: str, end: int) -> list[tuple[int, int, bytes]]:
    """What is put where for an edit: from, up to, and the bytes."""
    if edit.tag == _KEYWORDS and isinstance(edit.value, tuple):
        old = [each for each in values if (each.record, each.number) == (2, KEYWORDS)]
        held = {_text(each.value, coding) for each in old}
        place = old[-1].end if old else end
        new = [word for word in dict.fromkeys(edit.value) if unicodedata.normalize("NFC", word) not in held]
        content = b"".join(dataset(2, KEYWORDS, _encoded(word, coding)) for word in new)
        return [(place, place, content)] if content else []
    if edit.tag == _CAPTION and isinstance(edit.value, str):
        old = [each for each in values if (each.record, each.number) == (2, CAPTION)]
        if old and _text(old[0].value, coding) == unicodedata.normalize("NFC", edit.value):
            return []
        content = dataset(2, CAPTION, _encoded(edit.value, coding))
        return [(old[0].start, old[0].end, content) if old else (end, end, content)]
    raise Declined(f"{edit.tag} is not written into IPTC")


def _text(value: bytes, coding: str) -> str:
    """A text that is there."""
    known = "cp1252" if coding == "ascii" else coding
    return unicodedata.normalize("NFC", value.decode(known, "replace"))


def _encoded(text: str, coding: str) -> bytes:
    try:
        return text.encode(coding)
    except UnicodeEncodeError:
        raise Declined("an IPTC block whose character set does not hold a text") from None
