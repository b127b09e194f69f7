"""Prefixes in a packet: a new property gets the prefix that is already used, as exiv2 requires."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lxml import etree

from pef_tui.model import TagEdit
from pef_tui.xmp import merge, read
from pef_tui.xmp.names import RDF

XMP = "http://ns.adobe.com/xap/1.0/"
DC = "http://purl.org/dc/elements/1.1/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
EDITS = (
    TagEdit("XMP-xmp:Rating", 5),
    TagEdit("XMP-dc:Subject", ("Ann", "Bob"), "merge"),
    TagEdit("XMP-photoshop:DateCreated", "2019:07:01 12:00:00+00:00"),
    TagEdit("XMP-dc:Description", "a text"),
)


def packet(body: str, rdf: str = "rdf", above: str = "") -> bytes:
    text = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"{above}><{rdf}:RDF xmlns:{rdf}="{RDF}">{body}</{rdf}:RDF></x:xmpmeta>'
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{text}<?xpacket end="w"?>'.encode()


def described(content: str, names: str = "", attributes: str = "", rdf: str = "rdf") -> str:
    return f'<{rdf}:Description {rdf}:about="" {names} {attributes}>{content}</{rdf}:Description>'


XAP = f'xmlns:xap="{XMP}"'
KEYWORDS = "<{0}:subject><rdf:Bag><rdf:li>old</rdf:li></rdf:Bag></{0}:subject>"
CASES = {
    "an old prefix": (packet(described("<xap:CreatorTool>A</xap:CreatorTool>", XAP)), "xap"),
    "an old prefix of an attribute": (packet(described("", XAP, 'xap:CreatorTool="A"')), "xap"),
    "a property that is replaced": (packet(described("<xap:Rating>1</xap:Rating>", XAP)), "xap"),
    "an attribute that is replaced": (packet(described("", XAP, 'xap:Rating="1"')), "xap"),
    "declared, not used": (packet(described("<dc:format>A</dc:format>", f'{XAP} xmlns:dc="{DC}"')), "xap"),
    "declared above": (packet(described("<xap:CreatorTool>A</xap:CreatorTool>"), above=" " + XAP), "xap"),
    "a default namespace": (packet(described(f'<CreatorTool xmlns="{XMP}">A</CreatorTool>')), None),
    "a default namespace, replaced": (packet(described(f'<Rating xmlns="{XMP}">1</Rating>')), None),
    "a prefix for something else": (
        packet(described("<xmp:a>A</xmp:a>", 'xmlns:xmp="http://other/"')),
        "xmp1",
    ),
    "several descriptions": (
        packet(
            described("<xap:CreatorTool>A</xap:CreatorTool>", XAP)
            + described("<a:City>Oslo</a:City>", f'xmlns:a="{PHOTOSHOP}"')
            + described(KEYWORDS.format("b"), f'xmlns:b="{DC}"')
        ),
        "xap",
    ),
    "a structure with another prefix": (
        packet(
            described(
                f'<mm:DerivedFrom rdf:parseType="Resource"><y:foo xmlns:y="{XMP}">1</y:foo></mm:DerivedFrom>'
                "<xap:CreatorTool>A</xap:CreatorTool>",
                f'{XAP} xmlns:mm="http://ns.adobe.com/xap/1.0/mm/"',
            )
        ),
        "y",
    ),
    "another prefix of RDF": (
        packet(described("<xap:CreatorTool>A</xap:CreatorTool>", XAP, rdf="r"), "r"),
        "xap",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_namespace_has_one_prefix(case: str) -> None:
    state_before, prefix = CASES[case]
    root = etree.fromstring(merge(state_before, EDITS))
    used_bytes: dict[str, set[str | None]] = {}
    for description in root.iter(f"{{{RDF}}}Description"):
        for element in description:
            used_bytes.setdefault(etree.QName(element).namespace, set()).add(element.prefix)
    produced = {PHOTOSHOP, DC, *([] if "attribute that" in case else [XMP])}
    assert all(len(used_bytes[uri]) == 1 for uri in produced if prefix != "y")
    if XMP in produced:
        assert used_bytes[XMP] == ({prefix} if prefix != "y" else {"xap", "y"})
    assert len({element.prefix for element in root.iter(f"{{{RDF}}}*")}) == 1


@pytest.mark.parametrize("case", [case for case in CASES if "something else" not in case])
def test_what_was_there_is_read_with_what_is_added(case: str) -> None:
    state_before, _ = CASES[case]
    merged = merge(state_before, EDITS)
    was, current = read(state_before), read(merged)
    assert current["XMP-xmp:Rating"] == 5 and current["XMP-dc:Description"] == "a text"
    assert {"Ann", "Bob"} <= set(current["XMP-dc:Subject"])  # type: ignore[arg-type]
    modified = {edit.tag for edit in EDITS}
    assert {tag: value for tag, value in was.items() if tag not in modified}.items() <= current.items()
    assert merge(merged, EDITS) is merged


@pytest.mark.parametrize("case", [case for case in CASES if "prefix of RDF" not in case])
def test_exiv2_reads_it(case: str, tmp_path: Path) -> None:
    state_before, _ = CASES[case]
    was, current = (exiv2(tmp_path, data) for data in (state_before, merge(state_before, EDITS)))
    retained = [line for line in was if not line.startswith(("Xmp.xmp.Rating", "Xmp.dc.subject"))]
    assert set(retained) <= set(current)
    assert any(line.startswith("Xmp.xmp.Rating") and line.endswith(" 5") for line in current), current
    assert any("Ann, Bob" in line for line in current)


def exiv2(folder: Path, data: bytes) -> list[str]:
    path = folder / "a.xmp"
    path.write_bytes(data)
    try:
        result = subprocess.run(["exiv2", "-px", str(path)], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("exiv2 is not installed")
    return result.stdout.decode().splitlines()
