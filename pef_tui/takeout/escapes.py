"""HTML character references in the texts of Google's JSON: `Tom &amp; Jerry&#39;s`.

Some exports escape titles and descriptions once more than JSON does. A reference counts only where it is whole (with
its semicolon) and stands for a character; it is replaced once. `AT&T`, `R&D;` and `&copy 2019` stay as they are, and
`&amp;lt;` becomes `&lt;`.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

from msgspec.structs import replace

from pef_tui.model import Album, Person, Sidecar

_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def unescaped(text: str) -> str:
    """The text with each character reference replaced by its character."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    reference = found[0]
    if reference[1] != "#":
        return html5.get(reference[1:], reference)
    character = unescape(reference)
    return character if character.isprintable() and character != "\ufffd" else reference


def plain_sidecar(sidecar: Sidecar) -> Sidecar:
    """The sidecar with title, description and names of people unescaped."""
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
    """The album with its title and all of its texts unescaped."""
    return replace(
        album,
        title=unescaped(album.title),
        description=unescaped(album.description),
        texts=tuple(map(unescaped, album.texts)),
        places=tuple((unescaped(name), place) for name, place in album.places),
    )
