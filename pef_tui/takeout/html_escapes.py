"""Replace HTML character references in the texts of Google's JSON: `Tom &amp; Jerry&#39;s`.

In some exports, titles and descriptions were escaped as HTML before they were written as JSON. Only a complete
reference (with semicolon) to a known character is replaced: `AT&T`, `R&D;` and `&copy 2019` stay unchanged. Each
reference is replaced once: `&amp;lt;` becomes `&lt;`.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

from msgspec.structs import replace

from pef_tui.model import Album, Person, Sidecar

_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def unescaped(text: str) -> str:
    """Return `text` with each known character reference replaced by its character."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    reference = match[0]
    if reference[1] != "#":
        return html5.get(reference[1:], reference)
    character = unescape(reference)
    return character if character.isprintable() and character != "\ufffd" else reference


def plain_sidecar(sidecar: Sidecar) -> Sidecar:
    """Return `sidecar` with its title, its description and the names of people unescaped."""
    people = sidecar.people or ()
    texts = (sidecar.title, sidecar.description, *(person.name for person in people))
    if not any(text and "&" in text for text in texts):
        return sidecar
    return replace(
        sidecar,
        title=unescaped(sidecar.title),
        description=unescaped(sidecar.description) if sidecar.description else sidecar.description,
        people=tuple(Person(unescaped(person.name) if person.name else person.name) for person in people)
        if sidecar.people is not None
        else None,
    )


def plain_album(album: Album) -> Album:
    """Return `album` with its title, its description, its texts and the names of its places unescaped."""
    return replace(
        album,
        title=unescaped(album.title),
        description=unescaped(album.description),
        texts=tuple(map(unescaped, album.texts)),
        places=tuple((unescaped(name), point) for name, point in album.places),
    )
