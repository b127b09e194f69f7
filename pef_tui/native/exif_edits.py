"""Convert EXIF and XMP edits to the values that a file stores, and decline edits with unusual values.

A file must get the same values from this writer and from ExifTool. ExifTool may write an unusual value in another form,
so edits with such values are left to ExifTool.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.formats.tiff_types import ASCII, BYTE, RATIONAL, UNDEFINED
from pef_tui.model import TagEdit, Value
from pef_tui.native import Declined
from pef_tui.native.iptc_edits import EDITABLE_TAGS
from pef_tui.native.tiff_edit import Changes, DirectoryName, Field
from pef_tui.xmp import can_write, is_list
from pef_tui.xmp.names import BY_TAG

_DATE = re.compile(
    r"[12]\d{3}:(?:0[1-9]|1[0-2]):(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d", re.ASCII
)
_OFFSET = re.compile(r"[-+](?:0\d|1[0-4]):[0-5]\d", re.ASCII)
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
_VERSION = re.compile(r"\d{4}", re.ASCII)
_XMP_DATE = re.compile(_DATE.pattern + rf"(?:\.\d{{1,9}})?(?:{_OFFSET.pattern}|Z)?", re.ASCII)
# Matches a text that is left to ExifTool: it is empty, has lone surrogates or characters that XML cannot hold, or has
# blanks at an end (ExifTool may remove these).
_ODD_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|^\\s|\\s$|^$")
_MAX_LONG = 0xFFFFFFFF
CACHE_SIZE = 1024
"""Number of converted values that each cache keeps. Many files have the same people, places and days."""


_RESTRICTED_XMP = frozenset(
    f"XMP-{group}:{name}"
    for group, names in {
        "GPano": ("ExposureLockUsed", "UsePanoramaViewer"),
        "acdsee": ("Rawrppused", "Tagged"),
        "aux": (
            "DistortionCorrectionAlreadyApplied",
            "EnhanceDetailsAlreadyApplied",
            "EnhanceSuperResolutionAlreadyApplied",
            "IsMergedHDR",
            "IsMergedPanorama",
            "LateralChromaticAberrationCorrectionAlreadyApplied",
            "LensID",
            "VignetteCorrectionAlreadyApplied",
        ),
        "exif": (
            "GPSDestBearingRef",
            "GPSDestDistanceRef",
            "GPSImgDirectionRef",
            "GPSSpeedRef",
            "GPSStatus",
            "GPSTrackRef",
            "LightSource",
        ),
        "exifEX": ("InteropIndex",),
        "iptcExt": ("AudioBitrateMode", "ReleaseReady", "StreamReady", "VideoBitrateMode", "VisualColor"),
        "pdf": ("Marked",),
        "photomech": ("Tagged",),
        "xmpNote": ("HasExtendedXMP",),
        "xmpRights": ("Marked",),
    }.items()
    for name in names
)
"""XMP tags whose texts are left to ExifTool: it accepts only certain words, or writes the text in another form. (Found
by writing each tag with ExifTool.)
"""


class EmbeddedEdits(Struct, frozen=True):
    """The edits of one file: EXIF edits as fields, XMP and IPTC edits checked."""

    exif: Changes
    xmp: tuple[TagEdit, ...]
    padding: int = 0
    """Number of bytes to add. They give the image data after the tags a wanted offset.

    They are blanks in the XMP packet if it changes, else zeros after the EXIF block.
    """
    iptc: tuple[TagEdit, ...] = ()


def embedded_edits(edits: Iterable[TagEdit], padding: int = 0) -> EmbeddedEdits:
    """Convert the edits of one file. Raises Declined if one of the edits is not supported.

    `padding`: number of bytes to add (`EmbeddedEdits.padding`).
    """
    exif: dict[DirectoryName, dict[int, Field | None]] = {}
    xmp: list[TagEdit] = []
    iptc: list[TagEdit] = []
    references: dict[int, Field | None] = {}
    for edit in edits:
        tag, value = edit.tag, edit.value
        if (target := EXIF_FIELDS.get(tag)) is not None:
            name, number, _ = target
            if (fields := exif.get(name)) is None:
                fields = exif[name] = {}
            fields[number] = None if value is None else _field(tag, value)
            if tag in _REFERENCES:
                # Latitude (tag 2) and longitude (tag 4) have the references 1 and 3. Altitude (tag 6) has the reference
                # 5.
                references[number - 1 if number < 5 else 5] = (
                    None if value is None else _reference(tag, value)
                )
        elif tag in EDITABLE_TAGS and value:
            iptc.append(edit)
        elif can_write(tag):
            if value is not None:
                _check_xmp(tag, value)
            # As `merge` the edit would keep the old items. But ExifTool replaces the existing list with the values of
            # the edit. So a `merge` edit becomes `always`.
            xmp.append(replace(edit, when="always") if edit.when == "merge" else edit)
        else:
            raise Declined(f"{tag} is left to ExifTool")
    _check_altitude(xmp)
    if references:
        # If a reference has its own edit, that edit replaces the reference from the sign of a number.
        exif["GPS"] = {**references, **exif["GPS"]}
    return EmbeddedEdits(exif, tuple(xmp), padding, tuple(iptc))


def _pattern_field(pattern: re.Pattern[str]) -> Callable[[Value], Field]:
    def field(value: Value) -> Field:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Declined("a value of an unusual form")
        return Field(ASCII, value.encode() + b"\0")

    return field


def _text_field(value: Value) -> Field:
    if not isinstance(value, str) or _ODD_TEXT.search(value):
        raise Declined("a text with blanks or control characters")
    return Field(ASCII, value.encode() + b"\0")


def _comment_field(value: Value) -> Field:
    """Return the field of a comment: the character code for ASCII, then the text. (EXIF 2.32, section 4.6.5, D)

    Raises Declined for a comment that is not ASCII, has control characters, or has blanks at an end.
    """
    if not isinstance(value, str) or not value.isascii() or _ODD_TEXT.search(value):
        raise Declined("a comment with other letters than ASCII, with blanks or control characters")
    return Field(UNDEFINED, b"ASCII\0\0\0" + value.encode())


def _version_field(value: Value) -> Field:
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        raise Declined("a version of an unusual form")
    return Field(UNDEFINED, value.encode())


def _checked_number(value: Value, maximum: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= maximum:
        raise Declined("a number that is none, or out of range")
    return float(value)


def _coordinate_field(maximum: float) -> Callable[[Value], Field]:
    return lambda value: Field(RATIONAL, to_dms(_checked_number(value, maximum)))


def _direction_field(letters: str, maximum: float) -> Callable[[Value], Field]:
    return lambda value: Field(ASCII, letters[_checked_number(value, maximum) < 0].encode() + b"\0")


def _altitude_field(value: Value) -> Field:
    return Field(RATIONAL, to_fraction(abs(_checked_number(value, 1e6))))


def _altitude_sign_field(value: Value) -> Field:
    return Field(BYTE, b"\1" if _checked_number(value, 1e6) < 0 else b"\0")


def _letter_field(letters: str) -> Callable[[Value], Field]:
    return _pattern_field(re.compile(f"[{letters}]"))


def _altitude_reference_field(value: Value) -> Field:
    if value not in (0, 1) or not isinstance(value, int):
        raise Declined("a side of the sea's surface that is neither 0 nor 1")
    return Field(BYTE, bytes((value,)))


def to_dms(value: float) -> tuple[int, ...]:
    """Convert degrees to degrees, minutes and seconds. The sign of `value` is ignored.

    The six integers are numerator and denominator of the degrees, of the minutes and of the seconds. The seconds are
    rounded as in ExifTool.
    """
    value = abs(value)
    whole_degrees = int(value)
    minutes = int((value - whole_degrees) * 60)
    # Rounded to 15 digits, as Perl formats numbers: 59.99999999999996 s become 60 s. These are carried over to the
    # minutes.
    seconds = float(f"{(value - whole_degrees - minutes / 60) * 3600:.15g}")
    if seconds >= 60:
        seconds -= 60
        minutes += 1
        if minutes >= 60:
            minutes -= 60
            whole_degrees += 1
    return (*to_fraction(whole_degrees), *to_fraction(minutes), *to_fraction(seconds))


def to_fraction(value: float) -> tuple[int, int]:
    """Return the simplest fraction whose difference from `value` is below 1e-8 of `value`: numerator, denominator.

    As in ExifTool, it is less exact if numerator or denominator would exceed 32 bits.
    """
    if value == int(value):
        return int(value), 1
    target = abs(value)
    remainder = target
    best = (0, 1)
    numerator, last_numerator, denominator, last_denominator = 1, 0, 0, 1
    while True:
        # Continued fraction: a candidate ends with the rounded term; the next one continues with the truncated term.
        term = int(remainder + 0.5)
        candidate = (term * numerator + last_numerator, term * denominator + last_denominator)
        if candidate[0] > _MAX_LONG or candidate[1] > _MAX_LONG:
            break
        best = candidate
        if abs((candidate[0] / candidate[1] - target) / target) < 1e-8:
            break
        integer = int(remainder)
        numerator, last_numerator = integer * numerator + last_numerator, numerator
        denominator, last_denominator = integer * denominator + last_denominator, denominator
        remainder -= integer
        if not remainder:
            break
        remainder = 1 / remainder
    return best


EXIF_FIELDS: Mapping[str, tuple[DirectoryName, int, Callable[[Value], Field]]] = {
    "EXIF:ImageDescription": ("IFD0", 0x010E, _text_field),
    "EXIF:ModifyDate": ("IFD0", 0x0132, _pattern_field(_DATE)),
    "EXIF:ExifVersion": ("ExifIFD", 0x9000, _version_field),
    "EXIF:DateTimeOriginal": ("ExifIFD", 0x9003, _pattern_field(_DATE)),
    "EXIF:CreateDate": ("ExifIFD", 0x9004, _pattern_field(_DATE)),
    "EXIF:OffsetTime": ("ExifIFD", 0x9010, _pattern_field(_OFFSET)),
    "EXIF:OffsetTimeOriginal": ("ExifIFD", 0x9011, _pattern_field(_OFFSET)),
    "EXIF:OffsetTimeDigitized": ("ExifIFD", 0x9012, _pattern_field(_OFFSET)),
    "EXIF:UserComment": ("ExifIFD", 0x9286, _comment_field),
    "EXIF:SubSecTime": ("ExifIFD", 0x9290, _pattern_field(_DIGITS)),
    "EXIF:SubSecTimeOriginal": ("ExifIFD", 0x9291, _pattern_field(_DIGITS)),
    "EXIF:SubSecTimeDigitized": ("ExifIFD", 0x9292, _pattern_field(_DIGITS)),
    "EXIF:GPSLatitudeRef": ("GPS", 0x0001, _letter_field("NS")),
    "EXIF:GPSLatitude": ("GPS", 0x0002, _coordinate_field(90)),
    "EXIF:GPSLongitudeRef": ("GPS", 0x0003, _letter_field("EW")),
    "EXIF:GPSLongitude": ("GPS", 0x0004, _coordinate_field(180)),
    "EXIF:GPSAltitudeRef": ("GPS", 0x0005, _altitude_reference_field),
    "EXIF:GPSAltitude": ("GPS", 0x0006, _altitude_field),
}
"""By tag name: directory of the tag, number of the tag, and the function that converts the value of an edit. (EXIF
2.32, sections 4.6.5 and 4.6.6)
"""

_REFERENCES: Mapping[str, Callable[[Value], Field]] = {
    "EXIF:GPSLatitude": _direction_field("NS", 90),
    "EXIF:GPSLongitude": _direction_field("EW", 180),
    "EXIF:GPSAltitude": _altitude_sign_field,
}
"""By tag name: the function that converts the sign of a number to its reference, such as `N` for a latitude above 0.
Used only if the reference itself has no edit.
"""


@lru_cache(CACHE_SIZE, typed=True)
def _field(tag: str, value: Value) -> Field:
    return EXIF_FIELDS[tag][2](value)


@lru_cache(CACHE_SIZE, typed=True)
def _reference(tag: str, value: Value) -> Field:
    return _REFERENCES[tag](value)


@lru_cache(CACHE_SIZE, typed=True)
def _check_xmp(tag: str, value: Value) -> None:
    """Raise Declined if ExifTool may write `value` in another form than `pef_tui.xmp` does."""
    xmp_property = BY_TAG[tag]
    if tag in _RESTRICTED_XMP:
        raise Declined(f"{tag} is left to ExifTool")
    if isinstance(value, tuple):
        if not value or not is_list(tag) or xmp_property.item != "text" or len(set(value)) != len(value):
            raise Declined(f"{tag}: a list of an unusual form")
        if any(_ODD_TEXT.search(text) for text in value):
            raise Declined(f"{tag}: a text with blanks or control characters")
    elif isinstance(value, str):
        if not (_XMP_DATE.fullmatch(value) if xmp_property.item == "date" else xmp_property.item == "text"):
            raise Declined(f"{tag}: a value of an unusual form")
        if _ODD_TEXT.search(value):
            raise Declined(f"{tag}: a text with blanks or control characters")
    elif xmp_property.item not in ("number", "rational", "coordinate") or isinstance(value, bool):
        raise Declined(f"{tag}: a value of an unusual form")
    elif abs(value) > 1e9 or (xmp_property.item == "number" and value != int(value)):
        raise Declined(f"{tag}: a number out of range")


def _check_altitude(edits: Iterable[TagEdit]) -> None:
    """Raise Declined if an altitude in XMP is negative, or has no reference (above or below the sea).

    ExifTool would add a reference to it.
    """
    values = {edit.tag: edit.value for edit in edits if edit.tag.startswith("XMP-exif:GPSAltitude")}
    altitude = values.get("XMP-exif:GPSAltitude")
    if isinstance(altitude, int | float) and (altitude < 0 or values.get("XMP-exif:GPSAltitudeRef") is None):
        raise Declined("an altitude in XMP without the side of the sea's surface")
