from __future__ import annotations

import pytest

from pef_tui.model import Value
from pef_tui.testing.jpeg import xmp_packet
from pef_tui.xmp import BadPacket, read
from pef_tui.xmp.names import BY_NAME, BY_TAG

SPACES = {
    one: BY_TAG[tag].uri
    for one, tag in {
        "dc": "XMP-dc:Subject",
        "xmp": "XMP-xmp:Rating",
        "exif": "XMP-exif:GPSLatitude",
        "photoshop": "XMP-photoshop:DateCreated",
        "tiff": "XMP-tiff:ImageDescription",
        "lr": "XMP-lr:HierarchicalSubject",
        "xmpMM": "XMP-xmpMM:DocumentID",
    }.items()
}
SPACES["foo"] = "http://example.com/foo/"
ALT = '<dc:description><rdf:Alt><rdf:li xml:lang="de">Fluß</rdf:li>{}</rdf:Alt></dc:description>'


@pytest.mark.parametrize(
    ("elements", "tag", "value"),
    [
        ("<dc:source> a\nb </dc:source>", "XMP-dc:Source", " a\nb "),
        ("<dc:source>a<!-- no -->b</dc:source>", "XMP-dc:Source", "ab"),
        ('<dc:source rdf:resource="urn:x"/>', "XMP-dc:Source", "urn:x"),
        ("<dc:source><![CDATA[<a>]]></dc:source>", "XMP-dc:Source", "<a>"),
        ("<dc:source>12</dc:source>", "XMP-dc:Source", "12"),
        (
            "<dc:subject><rdf:Bag><rdf:li>a</rdf:li><!-- --><rdf:li>2</rdf:li></rdf:Bag></dc:subject>",
            "XMP-dc:Subject",
            ("a", "2"),
        ),
        ("<dc:subject>a</dc:subject>", "XMP-dc:Subject", ("a",)),
        ("<dc:subject><rdf:Bag/></dc:subject>", "XMP-dc:Subject", ()),
        (ALT.format('<rdf:li xml:lang="x-default">river</rdf:li>'), "XMP-dc:Description", "river"),
        ("<dc:description>river</dc:description>", "XMP-dc:Description", "river"),
        ("<xmp:Rating>5</xmp:Rating>", "XMP-xmp:Rating", 5),
        ("<xmp:Rating>-1</xmp:Rating>", "XMP-xmp:Rating", -1),
        ("<xmp:Rating>4.5</xmp:Rating>", "XMP-xmp:Rating", 4.5),
        ("<xmp:Rating>many</xmp:Rating>", "XMP-xmp:Rating", "many"),
        (
            "<xmp:CreateDate>2019-07-01T12:34:56.78Z</xmp:CreateDate>",
            "XMP-xmp:CreateDate",
            "2019:07:01 12:34:56.78Z",
        ),
        (
            "<xmp:CreateDate>2019-07-01T12:34+02:00</xmp:CreateDate>",
            "XMP-xmp:CreateDate",
            "2019:07:01 12:34+02:00",
        ),
        ("<xmp:CreateDate>2019-07</xmp:CreateDate>", "XMP-xmp:CreateDate", "2019:07"),
        ("<exif:GPSLatitude>33,51.407S</exif:GPSLatitude>", "XMP-exif:GPSLatitude", -33.8567833333333),
        ("<exif:GPSLongitude>151,12,54W</exif:GPSLongitude>", "XMP-exif:GPSLongitude", -151.215),
        ("<exif:GPSLatitude>-12.5</exif:GPSLatitude>", "XMP-exif:GPSLatitude", -12.5),
        ("<exif:GPSAltitude>25/2</exif:GPSAltitude>", "XMP-exif:GPSAltitude", 12.5),
        ("<exif:GPSAltitude>1/0</exif:GPSAltitude>", "XMP-exif:GPSAltitude", "inf"),
        ("<exif:PixelXDimension>640</exif:PixelXDimension>", "XMP-exif:ExifImageWidth", 640),
        ("<foo:bar>1/2</foo:bar>", "XMP-foo:Bar", 0.5),
        ("<foo:WHEN_made>2019-07-01T12:34:56</foo:WHEN_made>", "XMP-foo:WHEN_made", "2019:07:01 12:34:56"),
        ("<foo:WHEN_MADE>2019-07</foo:WHEN_MADE>", "XMP-foo:WhenMade", "2019-07"),
        ("<foo:ls><rdf:Seq><rdf:li>a</rdf:li></rdf:Seq></foo:ls>", "XMP-foo:Ls", ("a",)),
    ],
)
def test_values(elements: str, tag: str, value: Value) -> None:
    assert read(xmp_packet(elements, **SPACES)) == {tag: value}


@pytest.mark.parametrize(
    "elements",
    [
        "",
        ALT.format(""),
        "<foo:s rdf:parseType='Resource'><foo:x>1</foo:x></foo:s>",
        "<xmpMM:DerivedFrom foo:x='1'/>",
        "<xmpMM:History><rdf:Seq><rdf:li foo:x='1'/></rdf:Seq></xmpMM:History>",
        "<exif:ApertureValue>4/1</exif:ApertureValue>",
    ],
)
def test_what_has_no_plain_value_is_left_out(elements: str) -> None:
    assert read(xmp_packet(elements, **SPACES)) == {}


def test_attributes_and_other_prefixes() -> None:
    packet = xmp_packet("", "xmp:Rating='3' foo:an='b'", **SPACES).replace(b"xmlns:dc=", b"xmlns:q=")
    assert read(packet) == {"XMP-xmp:Rating": 3, "XMP-foo:An": "b"}
    other_file = xmp_packet("<q:source>x</q:source>", q=SPACES["dc"])
    assert read(other_file) == {"XMP-dc:Source": "x"}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_encodings_and_padding(encoding: str) -> None:
    packet = xmp_packet("<dc:source>Grüße 😀</dc:source>", **SPACES).decode()
    for text in (packet, "<?xml version='1.0' encoding='UTF-16'?>" + packet.partition("?>")[2]):
        assert read(text.encode(encoding)) == {"XMP-dc:Source": "Grüße 😀"}
    assert read(packet.encode("utf-8") + b" \n" * 100 + b"\0") == {"XMP-dc:Source": "Grüße 😀"}


def _laughs() -> bytes:
    entities = '<!ENTITY a "' + "ha" * 100 + '">'
    for name, of in zip("bcdefghij", "abcdefghi", strict=True):
        entities += f'<!ENTITY {name} "' + f"&{of};" * 10 + '">'
    return f"<!DOCTYPE x [{entities}]>".encode() + xmp_packet("<dc:source>&j;</dc:source>", **SPACES)


HOSTILE = {
    "nothing": b"",
    "blanks": b"  \n\0",
    "text": b"hello",
    "html": b"<html><body>x</body></html>",
    "cut": xmp_packet("<dc:source>x</dc:source>", **SPACES)[:-90],
    "no RDF": b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
    "wrong wrapper": xmp_packet().replace(b"adobe:ns:meta/", b"adobe:n7:meta/"),
    "two RDF": b'<a xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:RDF/><r:RDF/></a>',
    "billion laughs": _laughs(),
    "external entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    + xmp_packet("<dc:source>&b;</dc:source>", **SPACES),
    "external DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + xmp_packet(),
    "DTD in UTF-16": ("<!DOCTYPE a [<!ENTITY b 'c'>]>" + xmp_packet().decode()).encode("utf-16"),
    "entity nobody declared": xmp_packet("<dc:source>&b;</dc:source>", **SPACES),
    "NUL": xmp_packet("<dc:source>a\0b</dc:source>", **SPACES),
    "control character": xmp_packet("<dc:source>&#1;</dc:source>", **SPACES),
    "not UTF-8": xmp_packet("<dc:source>\xff</dc:source>", **SPACES).decode().encode("latin-1", "replace"),
    "half UTF-16": b"\xff\xfe<",
    "prefix undeclared": xmp_packet("<no:source>x</no:source>"),
    "100,000 deep": b"<a>" * 100_000,
    "11 MB of text": xmp_packet("<dc:source>" + "x" * 11_000_000 + "</dc:source>", **SPACES),
    "property twice": xmp_packet("<dc:source>a</dc:source>", "dc:source='b'", **SPACES),
    "structure for a text": xmp_packet("<dc:subject foo:x='1'/>", **SPACES),
    "two values for one": xmp_packet(
        "<xmp:Rating><rdf:Bag><rdf:li>1</rdf:li><rdf:li>2</rdf:li></rdf:Bag></xmp:Rating>", **SPACES
    ),
    "namespace that is nearly one": xmp_packet(
        "<dc:source>x</dc:source>", dc="http://purl.org/dc/elements/1.2/"
    ),
}


@pytest.mark.parametrize("packet", HOSTILE.values(), ids=HOSTILE.keys())
def test_bad_packets_are_refused_in_one_line(packet: bytes) -> None:
    with pytest.raises(BadPacket) as caught:
        read(packet)
    assert str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_every_property_has_one_tag() -> None:
    assert len(BY_NAME) == len(BY_TAG) > 440
    assert all(first.uri and first.prefix for first in BY_NAME.values())
