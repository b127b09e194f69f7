"""Reading an XMP packet, and merging edits into one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from pef_tui.model import Value
from pef_tui.xmp.names import BY_NAME, GROUPS, RDF, XML, Property, capital
from pef_tui.xmp.rdf import DEFAULT, DESCRIPTION, BadPacket, Found, content, parse
from pef_tui.xmp.values import decode, guess

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]+$")
_HUMP = re.compile(r"_([a-z])")
_VERSION = re.compile(r"/\d+\.\d+(?=/|$)")


def _unversioned(uri: str) -> str:
    return _VERSION.sub("", uri).rstrip("/")


_PREFIXES = frozenset(one.prefix for one in BY_NAME.values())
_FAMILIES = frozenset(_unversioned(uri) for uri in GROUPS)


def read(packet: bytes) -> dict[str, Value]:
    """Every property by `group:tag` as edits spell it, with the value ExifTool shows for it with `-n`.

    Lists are tuples of texts; of texts in several languages the default one is taken. Structures are left out.
    Raises BadPacket also where a property is there twice or has a shape that leaves its value open.
    """
    tags: dict[str, Value] = {}
    for name, prefix, found in _values(parse(packet)):
        known = BY_NAME.get(name)
        if known is None:
            tag, value = _unknown_tag(name, prefix), found and _unknown_value(found)
        elif known.item in ("struct", "odd"):
            continue
        elif found is None:
            raise BadPacket(f"{known.tag} has an odd shape")
        else:
            tag, value = known.tag, value_of(known, found)
        if not tag or value is None:
            continue
        if tag in tags:
            raise BadPacket(f"{tag} is there more than once")
        tags[tag] = value
    return tags


def _values(rdf: etree._Element) -> Iterator[tuple[str, str, Found | None]]:
    """Name, prefix and content of every property; None stands for a structure."""
    for description in rdf.iterchildren(DESCRIPTION):
        for attribute, text in description.attrib.items():
            name = str(attribute)
            if name.startswith("{") and not name.startswith((f"{{{RDF}}}", f"{{{XML}}}")):
                uri = name[1 : name.index("}")]
                prefix = next((key for key, value in description.nsmap.items() if value == uri and key), "")
                yield name, prefix, Found("", (str(text),))
        for element in description:
            if isinstance(element.tag, str):
                yield element.tag, element.prefix or "", content(element)


def value_of(known: Property, found: Found) -> Value | None:
    """The value a known property has; None where no text is in the default language.

    Raises BadPacket where several values stand for one.
    """
    texts = found.texts
    if known.container in ("bag", "seq"):
        return tuple(str(decode(known.item, text)) for text in texts)
    if found.container == "alt" and any(found.languages):
        texts = _default_language(found)
        if not texts:
            return None
    if len(texts) != 1:
        raise BadPacket(f"{known.tag} has {len(texts)} values")
    return decode(known.item, texts[0])


def _default_language(found: Found) -> tuple[str, ...]:
    pairs = zip(found.languages, found.texts, strict=True)
    return tuple(text for language, text in pairs if language.lower() in ("", DEFAULT))


def _unknown_tag(name: str, prefix: str) -> str:
    """How ExifTool would call a property nobody knows; "" where its name cannot be a tag's.

    Raises BadPacket for a namespace that is nearly a known one: another version, or the prefix of one.
    """
    uri, _, local = name[1:].partition("}")
    if uri not in GROUPS and (prefix in _PREFIXES or _unversioned(uri) in _FAMILIES):
        raise BadPacket(f"the namespace {uri[:100]} is not the one that {prefix} stands for")
    if local.isupper():
        local = _HUMP.sub(lambda hump: hump[1].upper(), local.lower())
    group = GROUPS.get(uri) or f"XMP-{prefix}"
    return f"{group}:{capital(local)}" if _TAG.match(local) and _TAG.match(group) else ""


def _unknown_value(found: Found) -> Value | None:
    if found.container == "alt" and any(found.languages):
        texts = _default_language(found)
        return guess(texts[0]) if len(texts) == 1 else None
    if found.container:
        return tuple(str(guess(text)) for text in found.texts)
    return guess(found.texts[0])
