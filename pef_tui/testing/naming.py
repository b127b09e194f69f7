"""How Google names the files of an export, forwards: from a title to the names on disk."""

from __future__ import annotations

import re
from typing import Literal

Naming = Literal["new", "old"]
"""`new`: `a.jpg.supplemental-metadata.json` (since about October 2024); `old`: `a.jpg.json`."""

SIDECAR_UNITS, MEDIA_UNITS = 46, 51
"""UTF-16 code units a sidecar's name has before `.json`, and a picture's in all, neither counting `(1)`."""

_FORBIDDEN = re.compile(r'[\x00-\x1f:*?"<>|\\/]')
_COUNTER = re.compile(r"\(([1-9]\d*)\)(?:\.[^.]*)?$")


def sidecar_name(title: str, number: int = 0, naming: Naming = "new") -> str:
    """Name of the JSON of a picture with this title; `number` counts pictures of one name in a folder."""
    whole = safe(title) + (".supplemental-metadata" if naming == "new" else "")
    return f"{cut(whole, SIDECAR_UNITS)}{_counter(number)}.json"


def media_name(title: str, number: int = 0, suffix: str = "") -> str:
    """Name of the picture itself, or with a suffix (`-edited`) of its edited copy."""
    stem, dot, extension = safe(title).rpartition(".")
    if not dot:
        stem, extension = extension, ""
    ending = dot + extension
    return cut(stem + suffix, MEDIA_UNITS - units(ending)) + _counter(number) + ending


def number_of(name: str, title: str) -> int:
    """The counter in a picture's name: 1 for `a(1).jpg` titled `a.jpg`, 0 for what is titled `a(1).jpg`."""
    found = _COUNTER.search(name)
    number = int(found[1]) if found else 0
    return number if number and media_name(title, number) == name else 0


def safe(title: str) -> str:
    """The title with `_` for each character that file systems forbid."""
    return _FORBIDDEN.sub("_", title)


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, limit: int) -> str:
    """The text's first UTF-16 code units; a character that the cut would split is kept whole."""
    length = 0
    for at, character in enumerate(text):
        if length >= limit:
            return text[:at]
        length += units(character)
    return text


def _counter(number: int) -> str:
    return f"({number})" if number else ""
