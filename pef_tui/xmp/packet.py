"""Read the properties of an XMP packet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from pef_tui.model import Value
from pef_tui.xmp.names import BY_NAME, GROUPS, RDF, XML, Property, capital
from pef_tui.xmp.rdf import DEFAULT, DESCRIPTION, BadPacket, PropertyContent, element_content, parse
from pef_tui.xmp.values import decode, guess

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]+$")
_WORD_START = re.compile(r"_([a-z])")
_VERSION = re.compile(r"/\d+\.\d+(?=/|$)")


def _unversioned(uri: str) -> str:
    return _VERSION.sub("", uri).rstrip("/")


_PREFIXES = frozenset(xmp_property.prefix for xmp_property in BY_NAME.values())
_UNVERSIONED_URIS = frozenset(_unversioned(uri) for uri in GROUPS)


def read(packet: bytes) -> dict[str, Value]:
    """Return the value of every property by `group:tag` as in edits, in the form that ExifTool shows with `-n`.

    A list is a tuple of texts. Of texts in several languages, only the text in the default language is returned.
    Structures are left out. Raises BadPacket if the packet cannot be read, if a property occurs twice, or if a value is
    ambiguous.
    """
    tags: dict[str, Value] = {}
    for name, prefix, content in _values(parse(packet)):
        xmp_property = BY_NAME.get(name)
        if xmp_property is None:
            tag, value = _unknown_tag(name, prefix), content and _unknown_value(content)
        elif xmp_property.item in ("struct", "odd"):
            continue
        elif content is None:
            raise BadPacket(f"{xmp_property.tag} has an odd shape")
        else:
            tag, value = xmp_property.tag, property_value(xmp_property, content)
        if not tag or value is None:
            continue
        if tag in tags:
            raise BadPacket(f"{tag} is there more than once")
        tags[tag] = value
    return tags


def _values(rdf: etree._Element) -> Iterator[tuple[str, str, PropertyContent | None]]:
    """Yield (`{namespace}name`, prefix, content) of every property. The content is None for a structure."""
    for description in rdf.iterchildren(DESCRIPTION):
        for attribute, text in description.attrib.items():
            name = str(attribute)
            if name.startswith("{") and not name.startswith((f"{{{RDF}}}", f"{{{XML}}}")):
                uri = name[1 : name.index("}")]
                prefix = next((key for key, value in description.nsmap.items() if value == uri and key), "")
                yield name, prefix, PropertyContent("", (str(text),))
        for element in description:
            if isinstance(element.tag, str):
                yield element.tag, element.prefix or "", element_content(element)


def property_value(xmp_property: Property, content: PropertyContent) -> Value | None:
    """Return the value of a known property; None if no text is in the default language.

    Raises BadPacket if a property that must have one value has several.
    """
    texts = content.texts
    if xmp_property.container in ("bag", "seq"):
        return tuple(str(decode(xmp_property.item, text)) for text in texts)
    if content.container == "alt" and any(content.languages):
        texts = _default_language(content)
        if not texts:
            return None
    if len(texts) != 1:
        raise BadPacket(f"{xmp_property.tag} has {len(texts)} values")
    return decode(xmp_property.item, texts[0])


def _default_language(content: PropertyContent) -> tuple[str, ...]:
    pairs = zip(content.languages, content.texts, strict=True)
    return tuple(text for language, text in pairs if language.lower() in ("", DEFAULT))


def _unknown_tag(name: str, prefix: str) -> str:
    """Return the tag that ExifTool shows for an unknown property; "" if `name` cannot be the name of a tag.

    Raises BadPacket if the namespace resembles a known one: it is another version of it, or has the same prefix.
    """
    uri, _, local = name[1:].partition("}")
    if uri not in GROUPS and (prefix in _PREFIXES or _unversioned(uri) in _UNVERSIONED_URIS):
        raise BadPacket(f"the namespace {uri[:100]} is not the one that {prefix} stands for")
    if local.isupper():
        local = _WORD_START.sub(lambda hump: hump[1].upper(), local.lower())
    group = GROUPS.get(uri) or f"XMP-{prefix}"
    return f"{group}:{capital(local)}" if _TAG.match(local) and _TAG.match(group) else ""


def _unknown_value(content: PropertyContent) -> Value | None:
    if content.container == "alt" and any(content.languages):
        texts = _default_language(content)
        return guess(texts[0]) if len(texts) == 1 else None
    if content.container:
        return tuple(str(guess(text)) for text in content.texts)
    return guess(content.texts[0])
