"""Recognize descriptions that cameras and programs write automatically, such as `OLYMPUS DIGITAL CAMERA`.

They are not captions. The lists of words are compiled from these reports:

- PhotoPrism, `UnwantedDescriptions` in internal/meta/sanitize.go and pull request 5078 (counts by camera);
- iNaturalist, issue 1323 and its `BRANDED_DESCRIPTIONS`;
- KPhotoAlbum, the test "Strip Camera Generated Default Descriptions";
- comments of phones (`oplus_32`, `filter: 0; fileterIntensity: 0.0; …`) in listings of ExifTool in public repositories;
- pictures by cameras of Olympus, Konica Minolta (DiMAGE Z3), Minolta (`DCF 1.0`), General Imaging (GE), Sanyo
  (VPC-SX550) and JVC (GC-X1E).

A text is recognized only as a whole: a sentence of a person that contains such words is a caption.
"""

from __future__ import annotations

import re
from functools import cache

_MODES = """_cuva bsh btf btfhdr btfmdn btr burst cof cuva dav edf fbt fbthdr frem frontbhdp fshbty hdr hdrnor hdrpl
            mde mde_soft mon nor oznor oznorWO ptr qhdr qrf rbt rhdr rpt sdr sdr_HDRB smart"""
_HUAWEI_MODES = frozenset(_MODES.split())
"""Modes of the camera app of Huawei and Honor phones. They are short, so the spelling must be exactly this."""

_MAKERS = """acer agfa agfaphoto aiptek avant benq canon casio concord dxg epson fuji fujifilm ge general gopro hp
             jenoptik jvc kenox kodak konica kyocera leica medion minolta mitac moultrie mustek nec nikon nytech
             olympus oregon panasonic pentax polaroid praktica premier ricoh rollei samsung sanyo sealife sharp sipix
             somikon sony tevion toshiba traveler umax vistaquest vivitar yakumo yashica"""
_BRANDS = "|".join(_MAKERS.split())

_LINES = """acd systems digital imaging
          binary comment
          casio computer co.,ltd
          casio computer co.,ltd.
          created by imlib
          created with gimp
          created with the gimp
          dcf 1.0
          default
          digital camera
          digital still camera
          dvc 10.1 hdmi
          eastman kodak company
          exif_jpeg_picture
          exif_jpeg_t422
          gc-x1e image
          hdr
          hellomoto
          iclarified
          image description
          jpeg image
          konica minolta camera, inc.
          lead technologies inc. v1.01
          medion optical co,ltd
          minolta co., ltd.
          mitac
          my beautiful picture
          olympus imaging corp.
          olympus optical co.,ltd
          samsung
          samsung camera pictures
          samsung techwin
          scanner
          screenshot
          sony
          sony dsc"""
_TEXTS = frozenset(line.strip() for line in _LINES.splitlines())
"""Texts that are not captions, case-folded and with single spaces."""


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Return patterns of more texts that are not captions, case-folded as in `_TEXTS`. They are compiled on first
    use.
    """
    return tuple(
        re.compile(pattern)
        for pattern in (
            # `OLYMPUS DIGITAL CAMERA`, `KONICA MINOLTA DIGITAL CAMERA`, `KODAK Digital Still Camera`
            rf"(?:(?:{_BRANDS}|optical|imaging|corp\.?|co\.?,? ?ltd\.?) )+digital (?:still |game |video )?camera",
            r"dcim[\\/]\S+",  # `DCIM\100GOPRO\G0010001.JPG`: action cameras and drones write the file's path
            r"<[^<>\n]*(?:samsung|kenox|digimax)[^<>\n]*>",  # `<KENOX S760  / Samsung S760>`, `<Digimax i5>`
            r"(?:created|edited|made|processed) with (?:vsco|vscocam|moldiv|snapseed|b612|retrica)"
            r"(?: with [^,;:]{1,20} preset)?",
            r"(?:file )?(?:written|produced) by adobe photoshop[^\n]*",
            r"creator: gd-jpeg v[^\n]*",
        )
    )


@cache
def _notes() -> tuple[re.Pattern[str], ...]:
    """Return patterns of case-folded notes that camera apps of phones write for themselves, such as `oplus_32`."""
    return tuple(
        re.compile(pattern)
        for pattern in (
            r"oplus_\d+",  # flags of Oppo, OnePlus and Realme phones
            r"(?:filter: )?\d+; (?:[^;:]*: [^;:]*; )?fileterintensity: [^\n]*",  # `filter: 0; fileterIntensity: 0.0; …`
        )
    )


@cache
def _marks() -> re.Pattern[str]:
    """Return the pattern of prefixes that programs put before a text from EXIF or XMP, such as `x-default`.

    Programs also put such a prefix before an empty text.
    """
    return re.compile(r'(?:(?:lang|charset)="?[\w-]+"?|x-default)(?:[\s,:]+|$)', re.IGNORECASE)


def is_camera_text(text: str, make: str = "", model: str = "") -> bool:
    """Return whether a camera or program wrote `text` automatically. True for blank text.

    `make`, `model`: make and model of the camera, from the file. A text that only repeats them was written by the
    camera.
    """
    text = " ".join(text.replace("\0", " ").split())
    while mark := _marks().match(text):
        text = text[mark.end() :]
    if not text or text in _HUAWEI_MODES:
        return True
    folded = text.casefold()
    if folded in _TEXTS or any(pattern.fullmatch(folded) for pattern in _patterns() + _notes()):
        return True
    make, model = (" ".join(name.split()).casefold() for name in (make, model))
    return folded in {make, model, f"{make} {model}"} and bool(make or model)


def is_camera_note(text: str) -> bool:
    """Return whether a camera app of a phone wrote `text` (a `UserComment`) for itself.

    A caption never replaces such a text.
    """
    folded = " ".join(text.replace("\0", " ").split()).casefold()
    return any(pattern.fullmatch(folded) for pattern in _notes())
