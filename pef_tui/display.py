"""Makes text that came with the data safe to show: in a terminal, a log, a report, an error.

Names, titles and captions of an export may hold terminal escapes, line breaks, or characters that turn the
reading direction around. Whatever could act is shown as the escape a programmer would type: `\\n`, `\\x1b`,
`\\u202e`.
"""

from __future__ import annotations

import re
import unicodedata

_ACTING = (
    "\x00-\x1f\x7f-\x9f"  # control characters, C0 and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # reading direction
    "\u2028\u2029\ufeff\ufff9-\ufffb"  # line and paragraph separators, byte order mark, annotations
    "\ufdd0-\ufdef\ufffe\uffff"  # no characters
)
_UNSAFE = re.compile(f"[{_ACTING}\ud800-\udfff\U000e0000-\U000e0fff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def safe(text: str, width: int | None = None) -> str:
    """The text on one line, nothing in it able to act; cut to `width` terminal cells, `…` showing the cut."""
    cut = width is not None and len(text) > 4 * width + 16
    if cut and width is not None:  # a caption may have megabytes: no more is looked at than can be shown
        text = text[: 4 * width + 16]
    shown = _UNSAFE.sub(_escape, text)
    if width is None or (not cut and cells(shown) <= width):
        return shown
    return _fitting(shown, width - 1) + "…" if width > 0 else ""


def utf8(text: str) -> str:
    """The text with only what UTF-8 cannot hold escaped: a byte that was no UTF-8 as `\\xff`."""
    return _SURROGATE.sub(_escape, text)


def json_safe(text: str) -> str:
    """A JSON text that means the same, with what could act on a terminal as JSON's own `\\uXXXX`."""
    return _UNSAFE.sub(_json_escape, text)


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if named := _NAMED.get(character):
        return named
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python keeps it (PEP 383)
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cells(text: str) -> int:
    """How many cells of a terminal the text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(character: str) -> int:
    """Terminal cells of one character: combining marks take none, wide ones two."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fitting(text: str, width: int) -> str:
    """The longest beginning that fits."""
    used = 0
    for place, character in enumerate(text):
        used += _cell(character)
        if used > width:
            return text[:place]
    return text
