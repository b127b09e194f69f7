"""Parse an XMP packet into its RDF, and the element of a property into its texts."""

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
_WIDE_MARKS = (
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
    """Raised if bytes are not an XMP packet that can be read reliably. The message states the reason in one line."""


class PropertyContent(NamedTuple):
    """The content of a property in a packet: its texts and their container."""

    container: Container
    texts: tuple[str, ...]
    languages: tuple[str, ...] = ()
    """For `alt`: the language of each text, "" if the packet does not state it. Empty for other containers."""


def parse(packet: bytes) -> etree._Element:
    """Return the `rdf:RDF` element of a packet. The element is still part of the whole document.

    Raises BadPacket if the packet is not well-formed, has a DTD or entities, or does not have one `rdf:RDF`.
    """
    data = _utf8(packet)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise BadPacket("XMP with a document type or entities")
    try:
        root = etree.fromstring(data, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadPacket(f"XMP is not well-formed: {' '.join(str(error).split())}") from None
    roots = [root] if root.tag == RDF_ROOT else root.findall(RDF_ROOT) if root.tag in _WRAPPERS else []
    if len(roots) != 1:
        raise BadPacket("no XMP: one rdf:RDF is expected")
    return roots[0]


def _utf8(packet: bytes) -> bytes:
    """Return the packet in UTF-8, without byte order mark, and without blanks at both ends.

    Raises BadPacket if it begins as UTF-16 or UTF-32, and is not valid in that encoding.
    """
    data = packet.strip(b" \t\r\n")
    for mark, encoding in _WIDE_MARKS:
        if data.startswith(mark):
            try:
                wide = packet[packet.index(mark) :].decode(encoding).rstrip("\0 \t\r\n")
                return _DECLARATION.sub(b"", wide.encode(), count=1)
            except UnicodeError:
                raise BadPacket(f"XMP is not {encoding.upper()}") from None
    return data.rstrip(b"\0 \t\r\n").removeprefix(codecs.BOM_UTF8)


def element_content(element: etree._Element) -> PropertyContent | None:
    """Return the content of a property's element. None if it is neither one text nor a list of plain texts."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        text = _text(element)
        return None if text is None else PropertyContent("", (text,))
    container = CONTAINERS.get(str(children[0].tag))
    if len(children) > 1 or container is None or element.attrib:
        return None
    items = [item for item in children[0] if isinstance(item.tag, str)]
    texts = [_text(item) if item.tag == LI and not _has_elements(item) else None for item in items]
    plain_texts = tuple(text for text in texts if text is not None)
    if len(plain_texts) != len(texts):
        return None
    return PropertyContent(
        container, plain_texts, tuple(str(item.get(LANG, "")) for item in items) if container == "alt" else ()
    )


def _has_elements(element: etree._Element) -> bool:
    return any(isinstance(child.tag, str) for child in element)


def _text(element: etree._Element) -> str | None:
    """Return the text of an element without child elements. None if an attribute gives it another meaning.

    For an empty element with `rdf:resource`, return the value of this attribute.
    """
    for attribute in element.attrib:
        if attribute == RESOURCE and not element.text and not len(element):
            return str(element.get(RESOURCE))
        if attribute != LANG:
            return None
    text = element.text or ""
    return text + "".join(child.tail or "" for child in element) if len(element) else text
