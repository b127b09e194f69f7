"""Edit an IPTC block: add keywords, and add or replace the caption. All other records keep their bytes.

ExifTool is not used: when it writes UTF-8, it also rewrites the existing records. It cuts texts at the lengths of the
standard, and adds a time zone to times without one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.iptc import (
    CAPTION,
    DATASET_NAMES,
    IPTC,
    KEYWORDS,
    UTF8,
    Dataset,
    Resource,
    pack_dataset,
    read_datasets,
    read_resources,
    replace_content,
)
from pef_tui.model import TagEdit
from pef_tui.native import Declined

_KEYWORDS, _CAPTION = "IPTC:Keywords", "IPTC:Caption-Abstract"
EDITABLE_TAGS = frozenset((_KEYWORDS, _CAPTION))
"""The IPTC tags that this module can write."""
_CHARACTER_SET = (1, 90)


def edit_resources(block: bytes, edits: Sequence[TagEdit]) -> bytes | None:
    """Return Photoshop's image resources with the edits in their IPTC block; None if nothing changes.

    `block`: the existing image resources. Raises Declined if they do not have exactly one intact IPTC block, or if its
    character set cannot hold a text.
    """
    try:
        blocks = [resource for resource in read_resources(block) if resource.number == IPTC]
        if len(blocks) != 1:
            raise Declined("not one IPTC block")
        return _edit_block(block, blocks[0], edits)
    except UnsupportedStructure as error:
        raise Declined(f"IPTC: {error}") from None


def _edit_block(block: bytes, resource: Resource, edits: Sequence[TagEdit]) -> bytes | None:
    old = block[resource.start : resource.end]
    values = list(read_datasets(old))
    encoding = _text_encoding(values, edits)
    changes: list[tuple[int, int, bytes]] = []
    end = max((value.end for value in values if value.record <= 2), default=0)
    for edit in edits:
        changes += _changes(edit, values, encoding, end)
    if not changes:
        return None
    has_charset = any((value.record, value.number) == _CHARACTER_SET for value in values)
    if encoding == "utf-8" and not has_charset and not all(map(_is_ascii, edits)):
        changes.insert(0, (0, 0, pack_dataset(*_CHARACTER_SET, UTF8)))
    new, position = b"", 0
    for start, stop, content in sorted(changes, key=lambda change: change[0]):
        new += old[position:start] + content
        position = stop
    return replace_content(block, resource, new + old[position:])


def _is_ascii(edit: TagEdit) -> bool:
    words = edit.value if isinstance(edit.value, tuple) else (str(edit.value),)
    return all(word.isascii() for word in words)


def _text_encoding(values: Sequence[Dataset], edits: Sequence[TagEdit]) -> str:
    """Return the codec for new texts of an IPTC block. `values`: its existing records.

    If the block declares a character set, the codec is `utf-8` for UTF-8, and `ascii` for any other one. Otherwise it
    depends on the existing texts:
    - Texts in ASCII: `utf-8`, because UTF-8 can still be declared.
    - Other texts that decode as UTF-8: `ascii`, because their character set is not certain.
    - All other texts: `cp1252` (Windows code page 1252), because ExifTool reads such texts as Latin-1.
    """
    charsets = [value.value for value in values if (value.record, value.number) == _CHARACTER_SET]
    if charsets:
        return "utf-8" if charsets == [UTF8] else "ascii"
    texts = b"".join(value.value for value in values if value.record == 2 and value.number in DATASET_NAMES)
    if texts.isascii():
        return "utf-8"
    try:
        texts.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "ascii"


def _changes(
    edit: TagEdit, values: Sequence[Dataset], encoding: str, end: int
) -> list[tuple[int, int, bytes]]:
    """Return start, end and new bytes of each change for an edit; `[]` if nothing changes.

    `values`: the existing records. `end`: offset at which the first keyword or a new caption is inserted. Raises
    Declined if the edit is of another tag, and if `encoding` cannot hold the text.
    """
    if edit.tag == _KEYWORDS and isinstance(edit.value, tuple):
        old = [value for value in values if (value.record, value.number) == (2, KEYWORDS)]
        existing = {_decode(value.value, encoding) for value in old}
        position = old[-1].end if old else end
        new = [
            word for word in dict.fromkeys(edit.value) if unicodedata.normalize("NFC", word) not in existing
        ]
        content = b"".join(pack_dataset(2, KEYWORDS, _encode(word, encoding)) for word in new)
        return [(position, position, content)] if content else []
    if edit.tag == _CAPTION and isinstance(edit.value, str):
        old = [value for value in values if (value.record, value.number) == (2, CAPTION)]
        if old and _decode(old[0].value, encoding) == unicodedata.normalize("NFC", edit.value):
            return []
        content = pack_dataset(2, CAPTION, _encode(edit.value, encoding))
        return [(old[0].start, old[0].end, content) if old else (end, end, content)]
    raise Declined(f"{edit.tag} is not written into IPTC")


def _decode(value: bytes, encoding: str) -> str:
    """Return the text of an existing record, in Unicode NFC.

    `encoding`: the codec for new texts. If it is `ascii`, the character set of the record is uncertain: the record is
    read as `cp1252`.
    """
    codec = "cp1252" if encoding == "ascii" else encoding
    return unicodedata.normalize("NFC", value.decode(codec, "replace"))


def _encode(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        raise Declined("an IPTC block whose character set does not hold a text") from None
