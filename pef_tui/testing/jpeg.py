"""Build JPEG pictures with the segments that a test needs."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from pef_tui.testing.exif import Exif, exif_block

COLUMNS, ROWS = 6, 4
"""Size of the pictures, in squares of 8 by 8 pixels. Each square has one colour."""

XMP_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" {attributes}>{elements}</rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def jpeg(
    seed: int = 0, *, exif: Exif | None = None, xmp: bytes = b"", iptc: bytes = b"", comment: str = ""
) -> bytes:
    """Return a small colour picture that any program can show. Each seed gives a different picture.

    `xmp`: complete XMP packet (`xmp_packet`). `iptc`: block of IPTC records (`iptc_block`).
    """
    segments = [(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")]
    if exif is not None:
        segments.append((0xE1, b"Exif\0\0" + exif_block(exif)))
    if xmp:
        segments.append((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp))
    if iptc:
        size = struct.pack(">I", len(iptc))
        segments.append((0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + size + iptc + bytes(len(iptc) % 2)))
    if comment:
        segments.append((0xFE, comment.encode()))
    return b"\xff\xd8" + b"".join(segment(*fields) for fields in segments) + _picture(seed) + b"\xff\xd9"


def segment(marker: int, payload: bytes) -> bytes:
    """Return a marker segment with `payload`, which can have at most 65,533 bytes."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def xmp_packet(elements: str = "", attributes: str = "", **namespaces: str) -> bytes:
    """Return an XMP packet with RDF properties, written as XML elements or as XML attributes.

    `namespaces`: each `prefix=uri` declares a namespace of the properties.
    """
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in namespaces.items())
    return XMP_PACKET.format(attributes=f"{declared} {attributes}", elements=elements).encode()


def iptc_block(caption: str = "", keywords: Iterable[str] = (), charset: str = "latin-1") -> bytes:
    """Return a block of IPTC records with a caption and keywords, encoded in `charset`.

    The block declares its charset only if the charset is UTF-8.
    """
    records = [(1, 90, b"\x1b%G")] if charset == "utf-8" else []
    records += [(2, 25, word.encode(charset)) for word in keywords]
    if caption:
        records.append((2, 120, caption.encode(charset)))
    return b"".join(struct.pack(">BBBH", 0x1C, *record[:2], len(record[2])) + record[2] for record in records)


def motion_photo(film: bytes, seed: int = 0, exif: Exif | None = None) -> bytes:
    """Return a motion photo: a JPEG picture followed by the video `film`.

    The XMP of the picture declares the video in the old way (MicroVideo) and the new way (Container).
    """
    item = '<rdf:li rdf:parseType="Resource"><Container:Item {}/></rdf:li>'
    items = item.format('Item:Mime="image/jpeg" Item:Semantic="Primary" Item:Length="0"') + item.format(
        f'Item:Mime="video/mp4" Item:Semantic="MotionPhoto" Item:Length="{len(film)}"'
    )
    xmp = xmp_packet(
        f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>",
        'GCamera:MicroVideo="1" GCamera:MicroVideoVersion="1" GCamera:MotionPhoto="1" '
        f'GCamera:MotionPhotoVersion="1" GCamera:MicroVideoOffset="{len(film)}"',
        GCamera="http://ns.google.com/photos/1.0/camera/",
        Container="http://ns.google.com/photos/1.0/container/",
        Item="http://ns.google.com/photos/1.0/container/item/",
    )
    return jpeg(seed, exif=exif, xmp=xmp) + film


def _picture(seed: int) -> bytes:
    """Return tables, frame and scan of a picture.

    The Huffman table for details within a square has only one code, "no more details", because each square of 8 by 8
    pixels has only one colour.
    """
    quantization = segment(0xDB, b"\0" + bytes([8]) * 64)
    parts = b"".join(bytes((component, 0x11, 0)) for component in (1, 2, 3))
    frame = segment(0xC0, struct.pack(">BHHB", 8, ROWS * 8, COLUMNS * 8, 3) + parts)
    means = segment(0xC4, b"\0" + bytes((0, 0, 0, 12)) + bytes(12) + bytes(range(12)))
    details = segment(0xC4, b"\x10" + bytes((1,)) + bytes(15) + b"\0")
    scan = segment(0xDA, b"\3" + b"\1\0\2\0\3\0" + b"\0\x3f\0")
    return quantization + frame + means + details + scan + _scan(seed)


def _scan(seed: int) -> bytes:
    """Return the entropy-coded data: the mean of each component of each square."""
    bits, last = "", [0, 0, 0]
    for square in range(COLUMNS * ROWS):
        for component in range(3):
            mean = (seed * (37, 91, 53)[component] + square * (5, 7, 3)[component]) % 200 - 100
            bits += _difference(mean - last[component]) + "0"
            last[component] = mean
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


def _difference(value: int) -> str:
    """Return the bits that encode the difference of two means.

    They are the length of the difference in 4 bits, then the bits of the difference, inverted if it is negative.
    """
    length = abs(value).bit_length()
    digits = value if value > 0 else value + (1 << length) - 1
    return f"{length:04b}" + (f"{digits:0{length}b}" if length else "")
