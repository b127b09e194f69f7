"""Make text of an export safe to show in a terminal, a log, a report or an error message.

Names, titles and captions of an export may contain terminal control sequences, line breaks, or characters that change
the reading direction. Such characters are replaced by escapes: `\\n`, `\\x1b`, `\\u202e`.
"""

from __future__ import annotations

import re
import unicodedata

_CONTROL_CHARACTERS = (
    "\x00-\x1f\x7f-\x9f"  # control characters, C0 and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # reading direction
    "\u2028\u2029\ufeff\ufff9-\ufffb"  # line and paragraph separators, byte order mark, annotations
    "\ufdd0-\ufdef\ufffe\uffff"  # noncharacters
)
_UNSAFE = re.compile(f"[{_CONTROL_CHARACTERS}\ud800-\udfff\U000e0000-\U000e0fff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

_EMOJI_JOINERS = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def safe(text: str, width: int | None = None) -> str:
    """Return the text on one line, with control characters escaped.

    If it is wider than `width` terminal cells, it is cut and ends with `…`; None for no limit.
    """
    cut = width is not None and len(text) > 4 * width + 16
    if cut and width is not None:  # a caption may have megabytes: process only what can be shown
        text = text[: 4 * width + 16]
    escaped = _UNSAFE.sub(_escape, text)
    if width is None or (not cut and cells(escaped) <= width):
        return escaped
    return _prefix(escaped, width - 1) + "…" if width > 0 else ""


def safe_middle(text: str, width: int) -> str:
    """Return the text as `safe` does, but cut in the middle if it is wider than `width` terminal cells.

    Names that differ only at the end, such as the parts of an export, still differ then.
    """
    escaped = safe(text)
    if cells(escaped) <= width:
        return escaped
    if width < 3:
        return _prefix(escaped, max(width, 0))
    begin = _prefix(escaped, (width - 1) // 2)
    reversed_end = _prefix(escaped[::-1], width - 1 - cells(begin))
    return f"{begin}…{reversed_end[::-1]}"


def single_emoji(text: str) -> str:
    """Return the text without the characters that join or modify emoji.

    Terminals differ in the width of such a sequence: a family of three is two cells wide in some, six in others.
    Without the joiners, its width is the same everywhere.
    """
    return text if text.isascii() else _EMOJI_JOINERS.sub("", text)


def utf8(text: str) -> str:
    """Return the text with lone surrogates escaped, because UTF-8 cannot encode them.

    Such a surrogate usually stands for a byte of a file name that is not valid UTF-8; it becomes `\\xff`.
    """
    return _SURROGATE.sub(_escape, text)


def json_safe(text: str) -> str:
    """Return the JSON text with control characters written as `\\uXXXX`. A parser decodes it to the same value."""
    return _UNSAFE.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    """Return the JSON escapes of a character: one `\\uXXXX` for each UTF-16 code unit."""
    units = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[index : index + 4]}" for index in range(0, len(units), 4))


def _escape(match: re.Match[str]) -> str:
    """Return the escape of a character, as in Python: `\\n`, `\\x1b`, `\\u202e`."""
    character = match[0]
    if short_escape := _SHORT_ESCAPES.get(character):
        return short_escape
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as a surrogate (PEP 383)
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cells(text: str) -> int:
    """Return the width of the text in terminal cells."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(character: str) -> int:
    """Return the width of one character in terminal cells: 0 for combining marks, 2 for wide characters, else 1."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _prefix(text: str, width: int) -> str:
    """Return the longest prefix that is at most `width` cells wide."""
    width_so_far = 0
    for index, character in enumerate(text):
        width_so_far += _cell(character)
        if width_so_far > width:
            return text[:index]
    return text
