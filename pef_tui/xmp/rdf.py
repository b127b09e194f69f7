"""From the bytes of an XMP packet to its RDF, and from a property's element to the texts it holds."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from lxml import etree

from pef_tui.xmp.names import RDF, XMETA, XML, Container

RDF_ROOT, DESCRIPTION, LI = f"{{{RDF}}}RDF", f"{{{RDF}}}Description", f"{{{RDF}}}li"
RESOURCE, LANG = f"{{{RDF}}}resource", f"{{{XML}}}lang"
CONTAINERS: dict[str, Container] = {f"{{{RDF}}}Bag": "bag", f"{{{RDF}}}Seq": "seq", f"{{{RDF}}}Alt": "alt"}
DEFAULT = "x-default"

_WRAPPERS = (f"{{{XMETA}}}xmpmeta", f"{{{XMETA}}}xapmeta")
_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    strip_cdata=False,
)
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARATION = re.compile(rb"<\?xml\s[^>]*?\?>")


class BadPacket(ValueError):
    """These bytes are no XMP packet that can be taken at its word; the message says why, in one line."""


class Found(NamedTuple):
    """A property as it stands in a packet."""

    container: Container
    texts: tuple[str, ...]
    languages: tuple[str, ...] = ()
    """For `alt`, the language of each text, "" where none is given."""


def parse(packet: bytes) -> etree._Element:
    """The `rdf:RDF` element of a packet, with the whole document around it.

    Raises BadPacket for what is not well-formed, has a DTD or entities, or holds no RDF.
    """
    data = _utf8(packet)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise BadPacket("XMP with a document type or entities")
    try:
        root = etree.fromstring(data, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadPacket(f"XMP is not well-formed: {' '.join(str(error).split())}") from None
    found = [root] if root.tag == RDF_ROOT else root.findall(RDF_ROOT) if root.tag in _WRAPPERS else []
    if len(found) != 1:
        raise BadPacket("no XMP: one rdf:RDF is expected")
    return found[0]


def _utf8(packet: bytes) -> bytes:
    """The packet in UTF-8, without byte order mark and without padding around it."""
    data = packet.strip(b" \t\r\n")
    for mark, encoding in _WIDE:
        if data.startswith(mark):
            try:
                wide = packet[packet.index(mark) :].decode(encoding).rstrip("\0 \t\r\n")
                return _DECLARATION.sub(b"", wide.encode(), count=1)
            except UnicodeError:
                raise BadPacket(f"XMP is not {encoding.upper()}") from None
    return data.rstrip(b"\0 \t\r\n").removeprefix(codecs.BOM_UTF8)


def content(element: etree._Element) -> Found | None:
    """What a property element holds, None where that is neither one value nor a list of plain values."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        text = _text(element)
        return None if text is None else Found("", (text,))
    container = CONTAINERS.get(str(children[0].tag))
    if len(children) > 1 or container is None or element.attrib:
        return None
    items = [item for item in children[0] if isinstance(item.tag, str)]
    texts = [_text(item) if item.tag == LI and not _has_elements(item) else None for item in items]
    known = tuple(text for text in texts if text is not None)
    if len(known) != len(texts):
        return None
    return Found(
        container, known, tuple(str(item.get(LANG, "")) for item in items) if container == "alt" else ()
    )


def _has_elements(element: etree._Element) -> bool:
    return any(isinstance(child.tag, str) for child in element)


def _text(element: etree._Element) -> str | None:
    """The text of an element without child elements; None where an attribute makes it something else."""
    for attribute in element.attrib:
        if attribute == RESOURCE and not element.text and not len(element):
            return str(element.get(RESOURCE))
        if attribute != LANG:
            return None
    text = element.text or ""
    return text + "".join(child.tail or "" for child in element) if len(element) else text
