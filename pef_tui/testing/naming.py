"""The names that Google gives to the files of an export, derived from the title of a picture."""

from __future__ import annotations

import re
from typing import Literal

Naming = Literal["new", "old"]
"""How sidecars are named. `new`: `a.jpg.supplemental-metadata.json` (since about October 2024); `old`: `a.jpg.json`."""

SIDECAR_UNITS, MEDIA_UNITS = 46, 51
"""Maximum length of the name of a sidecar without `.json`, and of the name of a picture, in UTF-16 code units. A
counter such as `(1)` does not count.
"""

_FORBIDDEN = re.compile(r'[\x00-\x1f:*?"<>|\\/]')
_COUNTER = re.compile(r"\(([1-9]\d*)\)(?:\.[^.]*)?$")


def sidecar_name(title: str, number: int = 0, naming: Naming = "new") -> str:
    """Return the name of the sidecar of a picture with the title `title`.

    `number`: counter of the picture, for instance 1 for `a(1).jpg`; 0 for no counter.
    """
    full_name = safe(title) + (".supplemental-metadata" if naming == "new" else "")
    return f"{cut(full_name, SIDECAR_UNITS)}{_counter(number)}.json"


def media_name(title: str, number: int = 0, suffix: str = "") -> str:
    """Return the name of the picture with the title `title`.

    `number`: counter of the picture; 0 for no counter. `suffix`: text before the extension, `-edited` for the name of
    an edited copy.
    """
    stem, dot, extension = safe(title).rpartition(".")
    if not dot:
        stem, extension = extension, ""
    ending = dot + extension
    return cut(stem + suffix, MEDIA_UNITS - units(ending)) + _counter(number) + ending


def number_of(name: str, title: str) -> int:
    """Return the counter that Google added to the name of a picture; 0 if it added none.

    For `a(1).jpg`, this is 1 if the title is `a.jpg`, and 0 if the title is `a(1).jpg`.
    """
    counter = _COUNTER.search(name)
    number = int(counter[1]) if counter else 0
    return number if number and media_name(title, number) == name else 0


def safe(title: str) -> str:
    """Return the title with `_` for each character that file systems do not allow."""
    return _FORBIDDEN.sub("_", title)


def units(text: str) -> int:
    """Return the length of the text in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, limit: int) -> str:
    """Return the first `limit` UTF-16 code units of the text. A character that crosses the limit is included."""
    length = 0
    for at, character in enumerate(text):
        if length >= limit:
            return text[:at]
        length += units(character)
    return text


def _counter(number: int) -> str:
    """Return the counter as part of a name: `(1)`; "" for 0."""
    return f"({number})" if number else ""
