"""Putting edits into an XMP packet; everything else in it stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from pef_tui.model import TagEdit
from pef_tui.xmp.fresh import BEFORE, BEHIND, fresh
from pef_tui.xmp.names import BY_TAG, RDF, Property
from pef_tui.xmp.prefixes import Prefixes
from pef_tui.xmp.rdf import DEFAULT, DESCRIPTION, LANG, LI, Found, content, parse
from pef_tui.xmp.values import decode, encode

_ABOUT = f"{{{RDF}}}about"
_HOLDERS = {"bag": f"{{{RDF}}}Bag", "seq": f"{{{RDF}}}Seq", "alt": f"{{{RDF}}}Alt"}
_NEW = (BEFORE + BEHIND).encode()


Place = tuple[etree._Element, etree._Element | None]
"""Where a property stands: its description, and its element or None for an attribute."""


class UnknownTag(ValueError):
    """XMP has no property of this name that can be written."""


def merge(packet: bytes | None, edits: Sequence[TagEdit], *, fill: bool = False) -> bytes:
    """A packet with the edits put in; None makes a new one, and one that already says it all is returned as it is.

    Every edit replaces what is there, only `merge` edits join their list with it. With `fill`, `missing` edits are
    put only where the packet has no value (all or none of a unit), as an XMP file of somebody else's asks for.
    Raises BadPacket for a packet that cannot be taken at its word, and UnknownTag.
    """
    wanted = [(edit, _property(edit.tag)) for edit in edits]
    if packet is None and len({edit.tag for edit in edits}) == len(edits):
        return fresh(wanted)
    rdf = parse(_NEW if packet is None else packet)
    if fill:
        wanted = _missing(rdf, wanted)
    added: list[etree._Element] = []
    prefixes = Prefixes(rdf)
    changes = [_put(rdf, edit, known, added, prefixes) for edit, known in wanted]
    if packet is not None and not any(changes):
        return packet
    if added:
        _append(rdf, added)
    return _written(rdf, packet is not None and packet.lstrip().startswith(b"<?xml"))


def _property(tag: str) -> Property:
    known = BY_TAG.get(tag)
    if known is None or known.item in ("struct", "odd"):
        raise UnknownTag(f"{tag} cannot be written in XMP")
    return known


def _missing(rdf: etree._Element, wanted: list[tuple[TagEdit, Property]]) -> list[tuple[TagEdit, Property]]:
    """The edits that may be written where what is there is kept."""
    there = {edit.tag for edit, known in wanted if edit.when == "missing" and _says(rdf, known)}
    units = {edit.unit for edit, _ in wanted if edit.unit and edit.tag in there}
    return [
        (edit, known)
        for edit, known in wanted
        if edit.when != "missing" or (edit.tag not in there and edit.unit not in units)
    ]


def _says(rdf: etree._Element, known: Property) -> bool:
    """Has the packet any value for this property?"""
    for place in _places(rdf, known):
        found = _content(known, place)
        if found is None or any(text.strip() for text in found.texts):
            return True
    return False


def _places(rdf: etree._Element, known: Property) -> list[Place]:
    places: list[Place] = []
    for description in rdf.iterchildren(DESCRIPTION):
        if known.name in description.attrib:
            places.append((description, None))
        places.extend((description, element) for element in description.iterchildren(known.name))
    return places


def _content(known: Property, place: Place) -> Found | None:
    description, element = place
    return Found("", (str(description.get(known.name)),)) if element is None else content(element)


def _put(
    rdf: etree._Element, edit: TagEdit, known: Property, added: list[etree._Element], prefixes: Prefixes
) -> bool:
    """Make the packet say what the edit says; a property that is new goes to `added`. Was anything changed?"""
    places = _places(rdf, known)
    old = [_content(known, place) for place in places]
    pending = [element for element in added if element.tag == known.name]
    for element in pending:
        added.remove(element)
    if edit.value is None:
        for place in places:
            _drop(place, known)
        return bool(places or pending)
    texts = _texts(known, edit, [*old, *(content(element) for element in pending)])
    if len(places) == 1 and old[0] is not None and _same(known, old[0], texts):
        return False
    new = _element(known, texts, prefixes)
    if not places:
        added.append(new)
        return True
    _replace(known, new, places, old[0])
    return True


def _texts(known: Property, edit: TagEdit, old: list[Found | None]) -> tuple[str, ...]:
    """What shall stand in the packet for this edit, joined with what stands there where the edit says so."""
    value = edit.value if edit.value is not None else ""
    if known.container not in ("bag", "seq"):
        return (encode(known.item, value, known.tag),)
    texts = [encode(known.item, one) for one in (value if isinstance(value, tuple) else (value,))]
    if edit.when == "merge":
        texts = [text for found in old if found for text in found.texts if text] + texts
    return tuple(dict.fromkeys(texts))


def _same(known: Property, old: Found, texts: tuple[str, ...]) -> bool:
    """Does the packet say this already, in the right shape?"""
    if known.container == "alt":
        if old.container != "alt" or DEFAULT not in old.languages:
            return False
        return old.texts[old.languages.index(DEFAULT)] == texts[0]
    if known.container:
        return old.container == known.container and old.texts == texts
    return not old.container and decode(known.item, old.texts[0]) == decode(known.item, texts[0])


def _element(known: Property, texts: tuple[str, ...], prefixes: Prefixes) -> etree._Element:
    prefix = prefixes.choose(known.uri, known.prefix)
    element = etree.Element(known.name, nsmap={prefix: known.uri})  # type: ignore[dict-item]  # None: the default one
    if not known.container:
        element.text = texts[0]
        return element
    holder = etree.SubElement(
        element, _HOLDERS[known.container], nsmap={prefixes.choose(RDF, "rdf") or "rdf": RDF}
    )
    for text in texts:
        item = etree.SubElement(holder, LI)
        item.text = text
        if known.container == "alt":
            item.set(LANG, DEFAULT)
    return element


def _replace(
    known: Property,
    new: etree._Element,
    places: list[Place],
    old: Found | None,
) -> None:
    """Put `new` where the property stands first, and take it away everywhere else."""
    description, element = places[0]
    for place in places[1:]:
        _drop(place, known)
    if element is None and not known.container:
        description.set(known.name, new.text or "")
        return
    if element is None:
        del description.attrib[known.name]
        new.tail = description.text
        description.insert(0, new)
    else:
        if known.container == "alt" and old is not None and old.container == "alt":
            _keep_languages(element, new)
        new.tail = element.tail
        description.replace(element, new)
    etree.indent(new, space=" ", level=3)


def _keep_languages(element: etree._Element, new: etree._Element) -> None:
    """Carry the texts in other languages over, behind the default one."""
    for item in element[0].iterchildren(LI):
        if item.get(LANG, "").lower() not in ("", DEFAULT):
            new[0].append(item)


def _drop(place: Place, known: Property) -> None:
    description, element = place
    if element is None:
        del description.attrib[known.name]
    else:
        description.remove(element)


def _append(rdf: etree._Element, added: list[etree._Element]) -> None:
    """Put new properties into one description of their own, behind the others."""
    others = list(rdf.iterchildren(DESCRIPTION))
    spaces = {prefix: uri for element in added for prefix, uri in element.nsmap.items()}
    prefixed = {prefix: uri for prefix, uri in spaces.items() if prefix}
    description = etree.SubElement(rdf, DESCRIPTION, nsmap=prefixed)
    description.set(_ABOUT, others[0].get(_ABOUT, others[0].get("about", "")) if others else "")
    description.extend(added)
    etree.cleanup_namespaces(description, keep_ns_prefixes=list(prefixed))
    etree.indent(description, space=" ", level=2)
    before = description.getprevious()
    if before is None:
        rdf.text = "\n  "
    else:
        before.tail = "\n  "
    description.tail = "\n "


def _written(rdf: etree._Element, declared: bool) -> bytes:
    """The whole document in UTF-8: what stands before and behind the root each on its own line."""
    root = rdf.getroottree().getroot()
    before = [*root.itersiblings(preceding=True)][::-1]
    nodes = [*before, root, *root.itersiblings()]
    lines = [etree.tostring(node, encoding="utf-8", with_tail=False) for node in nodes]
    if declared:
        lines.insert(0, b'<?xml version="1.0" encoding="UTF-8"?>')
    return b"\n".join(lines) + b"\n"
