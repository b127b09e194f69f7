"""Choose the prefixes of namespaces in a packet.

exiv2, which digiKam and darktable use, drops a whole packet if properties of one namespace have two prefixes ("Schema
namespace URI and prefix mismatch"; a default namespace counts as a prefix). For exiv2, a property has the prefix that
was declared last before it, in any element. So a property that is added at the end gets the prefix that the packet
declares last for its namespace.
"""

from __future__ import annotations

from itertools import count

from lxml import etree


class Prefixes:
    """Chooses the prefixes of properties that are added at the end of a packet."""

    def __init__(self, rdf: etree._Element) -> None:
        self._last: dict[str, str | None] = {}
        """The prefix that was declared last for each namespace. None stands for a declaration as the default
        namespace.
        """
        self._used: set[str] = set()
        for element in rdf.getroottree().iter(etree.Element):
            parent = element.getparent()
            parent_prefixes = {} if parent is None else parent.nsmap
            for prefix, uri in element.nsmap.items():
                if parent_prefixes.get(prefix) != uri:
                    self._last[uri] = prefix
                    self._used.add(prefix or "")

    def choose(self, uri: str, usual: str) -> str | None:
        """Return the prefix for the namespace `uri`: the one that the packet declares last, else `usual`.

        None if the packet declares it last as the default namespace. If `usual` is the prefix of another namespace, it
        gets a number.
        """
        if uri not in self._last:
            numbered = (f"{usual}{number}" for number in count(1))
            prefix = usual if usual not in self._used else next(p for p in numbered if p not in self._used)
            self._last[uri] = prefix
            self._used.add(prefix)
        return self._last[uri]
