"""Constants of TIFF directories: the types of values, and their sizes. (TIFF 6.0, section 2)"""

from __future__ import annotations

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_SHORT, SIGNED_RATIONAL, IFD = (
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    10,
    13,
)

TYPE_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)
"""Size in bytes of one value, by the number of its type: from 1 (BYTE) to 13 (IFD)."""

MAX_ENTRIES = 1000
"""Maximum number of entries of a directory. No directory of a picture has more, and ExifTool has the same limit."""
