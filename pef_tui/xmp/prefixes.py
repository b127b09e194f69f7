"""The prefixes under which a packet has its namespaces.

exiv2, and so digiKam and darktable, drop a whole packet in which properties of one namespace have two prefixes
("Schema namespace URI and prefix mismatch"; a default namespace counts as a prefix). For them a property has the prefix
that was declared last before it, wherever that was. So what is added gets the last one of the packet.
"""

from __future__ import annotations

from itertools import count

from lxml import etree


class Prefixes:
    """Chooses the prefix of what is added behind everything else in a packet."""

    def __init__(self, rdf: etree._Element) -> None:
        self._last: dict[str, str | None] = {}
        """By namespace; None where it is the default one."""
        self._taken: set[str] = set()
        for element in rdf.getroottree().iter(etree.Element):
            above = element.getparent()
            known = {} if above is None else above.nsmap
            for prefix, uri in element.nsmap.items():
                if known.get(prefix) != uri:
                    self._last[uri] = prefix
                    self._taken.add(prefix or "")

    def choose(self, uri: str, usual: str) -> str | None:
        """The prefix for a namespace, None for the default one: what the packet has, else the usual one.

        Where that stands for something else there, it gets a number.
        """
        if uri not in self._last:
            numbered = (f"{usual}{number}" for number in count(1))
            prefix = usual if usual not in self._taken else next(p for p in numbered if p not in self._taken)
            self._last[uri] = prefix
            self._taken.add(prefix)
        return self._last[uri]
