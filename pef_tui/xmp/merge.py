"""Merge edits into an XMP packet. All other content of the packet stays unchanged."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from pef_tui.model import TagEdit
from pef_tui.xmp.names import BY_TAG, RDF, Property
from pef_tui.xmp.new_packet import PACKET_END, PACKET_START, new_packet
from pef_tui.xmp.prefixes import Prefixes
from pef_tui.xmp.rdf import DEFAULT, DESCRIPTION, LANG, LI, PropertyContent, element_content, parse
from pef_tui.xmp.values import decode, encode

_ABOUT = f"{{{RDF}}}about"
_CONTAINER_TAGS = {"bag": f"{{{RDF}}}Bag", "seq": f"{{{RDF}}}Seq", "alt": f"{{{RDF}}}Alt"}
_EMPTY_PACKET = (PACKET_START + PACKET_END).encode()


PropertyLocation = tuple[etree._Element, etree._Element | None]
"""Where a packet stores a property: the `rdf:Description`, and the element of the property in it. The element is None
if the property is an attribute of the `rdf:Description`.
"""


class UnknownTag(ValueError):
    """Raised if a tag is not a writable XMP property."""


def merge(packet: bytes | None, edits: Sequence[TagEdit], *, fill: bool = False) -> bytes:
    """Return `packet` with the edits; a new packet if `packet` is None. If nothing changes, return `packet` itself.

    An edit replaces the existing value. A `merge` edit is added to the existing list. `fill`: for an XMP file of
    another program. A `missing` edit is then left out if the packet has a value for its tag, or for another tag of its
    unit. Raises BadPacket for a packet that cannot be read reliably, and UnknownTag for a tag that XMP cannot hold.
    """
    property_edits = [(edit, _writable_property(edit.tag)) for edit in edits]
    if packet is None and len({edit.tag for edit in edits}) == len(edits):
        return new_packet(property_edits)
    rdf = parse(_EMPTY_PACKET if packet is None else packet)
    if fill:
        property_edits = _without_present(rdf, property_edits)
    added: list[etree._Element] = []
    prefixes = Prefixes(rdf)
    changes = [_apply_edit(rdf, edit, xmp_property, added, prefixes) for edit, xmp_property in property_edits]
    if packet is not None and not any(changes):
        return packet
    if added:
        _append(rdf, added)
    return _serialize(rdf, packet is not None and packet.lstrip().startswith(b"<?xml"))


def _writable_property(tag: str) -> Property:
    xmp_property = BY_TAG.get(tag)
    if xmp_property is None or xmp_property.item in ("struct", "odd"):
        raise UnknownTag(f"{tag} cannot be written in XMP")
    return xmp_property


def _without_present(
    rdf: etree._Element, edits: list[tuple[TagEdit, Property]]
) -> list[tuple[TagEdit, Property]]:
    """Return the edits without `missing` edits whose tag has a value. (They are written only if the tag is missing.)

    Edits of one unit belong together (`place`: latitude and longitude). If one of its tags has a value, all its
    `missing` edits are left out.
    """
    present = {
        edit.tag for edit, xmp_property in edits if edit.when == "missing" and _has_value(rdf, xmp_property)
    }
    units = {edit.unit for edit, _ in edits if edit.unit and edit.tag in present}
    return [
        (edit, xmp_property)
        for edit, xmp_property in edits
        if edit.when != "missing" or (edit.tag not in present and edit.unit not in units)
    ]


def _has_value(rdf: etree._Element, xmp_property: Property) -> bool:
    """Return whether the packet has a value for the property. A structure is a value, a blank text is none."""
    for location in _find_property(rdf, xmp_property):
        content = _content_at(xmp_property, location)
        if content is None or any(text.strip() for text in content.texts):
            return True
    return False


def _find_property(rdf: etree._Element, xmp_property: Property) -> list[PropertyLocation]:
    locations: list[PropertyLocation] = []
    for description in rdf.iterchildren(DESCRIPTION):
        if xmp_property.name in description.attrib:
            locations.append((description, None))
        locations.extend((description, element) for element in description.iterchildren(xmp_property.name))
    return locations


def _content_at(xmp_property: Property, location: PropertyLocation) -> PropertyContent | None:
    description, element = location
    return (
        PropertyContent("", (str(description.get(xmp_property.name)),))
        if element is None
        else element_content(element)
    )


def _apply_edit(
    rdf: etree._Element,
    edit: TagEdit,
    xmp_property: Property,
    added: list[etree._Element],
    prefixes: Prefixes,
) -> bool:
    """Apply `edit` to the packet. Return whether the packet changed.

    If the packet lacks the property, its new element is appended to `added`. The caller later adds all these elements
    to the packet at once.
    """
    locations = _find_property(rdf, xmp_property)
    old = [_content_at(xmp_property, location) for location in locations]
    pending = [element for element in added if element.tag == xmp_property.name]
    for element in pending:
        added.remove(element)
    if edit.value is None:
        for location in locations:
            _remove(location, xmp_property)
        return bool(locations or pending)
    texts = _new_texts(xmp_property, edit, [*old, *(element_content(element) for element in pending)])
    if len(locations) == 1 and old[0] is not None and _is_same(xmp_property, old[0], texts):
        return False
    new = _element(xmp_property, texts, prefixes)
    if not locations:
        added.append(new)
        return True
    _replace(xmp_property, new, locations, old[0])
    return True


def _new_texts(xmp_property: Property, edit: TagEdit, old: list[PropertyContent | None]) -> tuple[str, ...]:
    """Return the texts to store for `edit`. For a `merge` edit, the existing texts come before the new ones."""
    value = edit.value if edit.value is not None else ""
    if xmp_property.container not in ("bag", "seq"):
        return (encode(xmp_property.item, value, xmp_property.tag),)
    texts = [encode(xmp_property.item, item) for item in (value if isinstance(value, tuple) else (value,))]
    if edit.when == "merge":
        texts = [text for content in old if content for text in content.texts if text] + texts
    return tuple(dict.fromkeys(texts))


def _is_same(xmp_property: Property, old: PropertyContent, texts: tuple[str, ...]) -> bool:
    """Return whether `old`, the property in the packet, has these `texts` in the right container."""
    if xmp_property.container == "alt":
        if old.container != "alt" or DEFAULT not in old.languages:
            return False
        return old.texts[old.languages.index(DEFAULT)] == texts[0]
    if xmp_property.container:
        return old.container == xmp_property.container and old.texts == texts
    return not old.container and decode(xmp_property.item, old.texts[0]) == decode(
        xmp_property.item, texts[0]
    )


def _element(xmp_property: Property, texts: tuple[str, ...], prefixes: Prefixes) -> etree._Element:
    prefix = prefixes.choose(xmp_property.uri, xmp_property.prefix)
    element = etree.Element(xmp_property.name, nsmap={prefix: xmp_property.uri})  # type: ignore[dict-item]  # None: the default namespace
    if not xmp_property.container:
        element.text = texts[0]
        return element
    holder = etree.SubElement(
        element, _CONTAINER_TAGS[xmp_property.container], nsmap={prefixes.choose(RDF, "rdf") or "rdf": RDF}
    )
    for text in texts:
        item = etree.SubElement(holder, LI)
        item.text = text
        if xmp_property.container == "alt":
            item.set(LANG, DEFAULT)
    return element


def _replace(
    xmp_property: Property,
    new: etree._Element,
    locations: list[PropertyLocation],
    old: PropertyContent | None,
) -> None:
    """Put `new` in the first location of the property. Remove the property from all other locations.

    `old`: the content at the first location. Its texts in other languages are kept.
    """
    description, element = locations[0]
    for location in locations[1:]:
        _remove(location, xmp_property)
    if element is None and not xmp_property.container:
        description.set(xmp_property.name, new.text or "")
        return
    if element is None:
        del description.attrib[xmp_property.name]
        new.tail = description.text
        description.insert(0, new)
    else:
        if xmp_property.container == "alt" and old is not None and old.container == "alt":
            _keep_languages(element, new)
        new.tail = element.tail
        description.replace(element, new)
    etree.indent(new, space=" ", level=3)


def _keep_languages(element: etree._Element, new: etree._Element) -> None:
    """Move the texts in other languages from `element` to `new`, after the text in the default language."""
    for item in element[0].iterchildren(LI):
        if item.get(LANG, "").lower() not in ("", DEFAULT):
            new[0].append(item)


def _remove(location: PropertyLocation, xmp_property: Property) -> None:
    description, element = location
    if element is None:
        del description.attrib[xmp_property.name]
    else:
        description.remove(element)


def _append(rdf: etree._Element, added: list[etree._Element]) -> None:
    """Put the elements of new properties into a new `rdf:Description`, after the existing ones."""
    descriptions = list(rdf.iterchildren(DESCRIPTION))
    namespaces = {prefix: uri for element in added for prefix, uri in element.nsmap.items()}
    prefixed = {prefix: uri for prefix, uri in namespaces.items() if prefix}
    description = etree.SubElement(rdf, DESCRIPTION, nsmap=prefixed)
    description.set(
        _ABOUT, descriptions[0].get(_ABOUT, descriptions[0].get("about", "")) if descriptions else ""
    )
    description.extend(added)
    etree.cleanup_namespaces(description, keep_ns_prefixes=list(prefixed))
    etree.indent(description, space=" ", level=2)
    previous = description.getprevious()
    if previous is None:
        rdf.text = "\n  "
    else:
        previous.tail = "\n  "
    description.tail = "\n "


def _serialize(rdf: etree._Element, declared: bool) -> bytes:
    """Return the whole document in UTF-8. Each node before and after the root element is on a line of its own.

    `declared`: whether the document begins with an XML declaration.
    """
    root = rdf.getroottree().getroot()
    preceding = [*root.itersiblings(preceding=True)][::-1]
    nodes = [*preceding, root, *root.itersiblings()]
    lines = [etree.tostring(node, encoding="utf-8", with_tail=False) for node in nodes]
    if declared:
        lines.insert(0, b'<?xml version="1.0" encoding="UTF-8"?>')
    return b"\n".join(lines) + b"\n"
