"""Constants of JPEG files: the markers of segments, and the identifiers at the beginning of a segment's content.

(JPEG: ITU-T T.81, annex B; EXIF 2.32, section 4.7; XMP specification part 3, section 1.1.3.)
"""

from __future__ import annotations

SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
APP0, APP1, APP2, APP13 = 0xE0, 0xE1, 0xE2, 0xED

JFIF_HEAD = b"JFIF\0"
EXIF_HEAD = b"Exif\0\0"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
MPF_HEAD = b"MPF\0"
"""Identifier of the table of further pictures in the file, such as gain maps and previews (Multi-Picture Format)."""
PHOTOSHOP_HEAD = b"Photoshop 3.0\0"

READ_SIZE = 65536
"""Bytes read at a time. Nearly every JPEG header, and every small picture, has fewer bytes."""
MAX_HEADER = 32 << 20
"""Maximum number of bytes before the image data. No picture has more."""
