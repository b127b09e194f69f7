"""EXIF and XMP edits as what stands in a file: which are known to come out as ExifTool writes them, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import TagEdit, Value
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.iptc_edits import KNOWN
from pef_tui.write.native.tiff_edit import ASCII, BYTE, RATIONAL, UNDEFINED, Changes, Field, Name
from pef_tui.xmp import can_write, is_list
from pef_tui.xmp.names import BY_TAG

_DATE = re.compile(
    r"[12]\d{3}:(?:0[1-9]|1[0-2]):(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d", re.ASCII
)
_OFFSET = re.compile(r"[-+](?:0\d|1[0-4]):[0-5]\d", re.ASCII)
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
_VERSION = re.compile(r"\d{4}", re.ASCII)
_XMP_DATE = re.compile(_DATE.pattern + rf"(?:\.\d{{1,9}})?(?:{_OFFSET.pattern}|Z)?", re.ASCII)
# What XML cannot hold, lone surrogates, and blanks at either end, which ExifTool may take away.
_ODD_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|^\\s|\\s$|^$")
_LARGEST = 0xFFFFFFFF
REMEMBERED = 1024
"""Values kept as they stand in a file: the same people, places and days come again and again."""


_WORDS = frozenset(
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
"""XMP texts that ExifTool takes only as certain words, or turns into others (found by writing each)."""


class Wanted(Struct, frozen=True):
    """The edits of one file."""

    exif: Changes
    xmp: tuple[TagEdit, ...]
    room: int = 0
    """Bytes more than needed: blanks in the XMP packet where that changes, else zeros behind the EXIF block."""
    iptc: tuple[TagEdit, ...] = ()


def wanted(edits: Iterable[TagEdit], room: int = 0) -> Wanted:
    """The edits made ready to be put into a file. Raises Declined for any that is not known here."""
    exif: dict[Name, dict[int, Field | None]] = {}
    xmp: list[TagEdit] = []
    iptc: list[TagEdit] = []
    signs: dict[int, Field | None] = {}
    for edit in edits:
        tag, value = edit.tag, edit.value
        if (place := EXIF.get(tag)) is not None:
            name, number, _ = place
            if (fields := exif.get(name)) is None:
                fields = exif[name] = {}
            fields[number] = None if value is None else _field(tag, value)
            if tag in _SIGNS:
                signs[number - 1 if number < 5 else 5] = None if value is None else _sign(tag, value)
        elif tag in KNOWN and value:
            iptc.append(edit)
        elif can_write(tag):
            if value is not None:
                _check_xmp(tag, value)
            xmp.append(replace(edit, when="always") if edit.when == "merge" else edit)
        else:
            raise Declined(f"{tag} is left to ExifTool")
    _check_height(xmp)
    if signs:
        exif["GPS"] = {**signs, **exif["GPS"]}
    return Wanted(exif, tuple(xmp), room, tuple(iptc))


def _matching(pattern: re.Pattern[str]) -> Callable[[Value], Field]:
    def field(value: Value) -> Field:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Declined("a value of an unusual form")
        return Field(ASCII, value.encode() + b"\0")

    return field


def _text(value: Value) -> Field:
    if not isinstance(value, str) or _ODD_TEXT.search(value):
        raise Declined("a text with blanks or control characters")
    return Field(ASCII, value.encode() + b"\0")


def _comment(value: Value) -> Field:
    """A comment in ASCII, with the code for it in front (EXIF 2.32, section 4.6.5, D)."""
    if not isinstance(value, str) or not value.isascii() or _ODD_TEXT.search(value):
        raise Declined("a comment with other letters than ASCII, with blanks or control characters")
    return Field(UNDEFINED, b"ASCII\0\0\0" + value.encode())


def _version(value: Value) -> Field:
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        raise Declined("a version of an unusual form")
    return Field(UNDEFINED, value.encode())


def _number(value: Value, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
        raise Declined("a number that is none, or out of range")
    return float(value)


def _coordinate(most: float) -> Callable[[Value], Field]:
    return lambda value: Field(RATIONAL, degrees(_number(value, most)))


def _way(ways: str, most: float) -> Callable[[Value], Field]:
    return lambda value: Field(ASCII, ways[_number(value, most) < 0].encode() + b"\0")


def _height(value: Value) -> Field:
    return Field(RATIONAL, fraction(abs(_number(value, 1e6))))


def _below(value: Value) -> Field:
    return Field(BYTE, b"\1" if _number(value, 1e6) < 0 else b"\0")


def _letter(ways: str) -> Callable[[Value], Field]:
    return _matching(re.compile(f"[{ways}]"))


def _side(value: Value) -> Field:
    if value not in (0, 1) or not isinstance(value, int):
        raise Declined("a side of the sea's surface that is neither 0 nor 1")
    return Field(BYTE, bytes((value,)))


def degrees(value: float) -> tuple[int, ...]:
    """Degrees, minutes and seconds, without the sign, each as a fraction; rounded where ExifTool rounds."""
    value = abs(value)
    whole = int(value)
    minutes = int((value - whole) * 60)
    seconds = float(f"{(value - whole - minutes / 60) * 3600:.15g}")
    if seconds >= 60:
        seconds -= 60
        minutes += 1
        if minutes >= 60:
            minutes -= 60
            whole += 1
    return (*fraction(whole), *fraction(minutes), *fraction(seconds))


def fraction(value: float) -> tuple[int, int]:
    """The simplest fraction within 1e-8 of the value: the continued one, cut as ExifTool cuts it."""
    if value == int(value):
        return int(value), 1
    size = abs(value)
    rest = size
    best = (0, 1)
    above, above_before, below, below_before = 1, 0, 0, 1
    while True:
        last = int(rest + 0.5)
        cut = (last * above + above_before, last * below + below_before)
        if cut[0] > _LARGEST or cut[1] > _LARGEST:
            break
        best = cut
        if abs((cut[0] / cut[1] - size) / size) < 1e-8:
            break
        whole = int(rest)
        above, above_before = whole * above + above_before, above
        below, below_before = whole * below + below_before, below
        rest -= whole
        if not rest:
            break
        rest = 1 / rest
    return best


EXIF: Mapping[str, tuple[Name, int, Callable[[Value], Field]]] = {
    "EXIF:ImageDescription": ("IFD0", 0x010E, _text),
    "EXIF:ModifyDate": ("IFD0", 0x0132, _matching(_DATE)),
    "EXIF:ExifVersion": ("ExifIFD", 0x9000, _version),
    "EXIF:DateTimeOriginal": ("ExifIFD", 0x9003, _matching(_DATE)),
    "EXIF:CreateDate": ("ExifIFD", 0x9004, _matching(_DATE)),
    "EXIF:OffsetTime": ("ExifIFD", 0x9010, _matching(_OFFSET)),
    "EXIF:OffsetTimeOriginal": ("ExifIFD", 0x9011, _matching(_OFFSET)),
    "EXIF:OffsetTimeDigitized": ("ExifIFD", 0x9012, _matching(_OFFSET)),
    "EXIF:UserComment": ("ExifIFD", 0x9286, _comment),
    "EXIF:SubSecTime": ("ExifIFD", 0x9290, _matching(_DIGITS)),
    "EXIF:SubSecTimeOriginal": ("ExifIFD", 0x9291, _matching(_DIGITS)),
    "EXIF:SubSecTimeDigitized": ("ExifIFD", 0x9292, _matching(_DIGITS)),
    "EXIF:GPSLatitudeRef": ("GPS", 0x0001, _letter("NS")),
    "EXIF:GPSLatitude": ("GPS", 0x0002, _coordinate(90)),
    "EXIF:GPSLongitudeRef": ("GPS", 0x0003, _letter("EW")),
    "EXIF:GPSLongitude": ("GPS", 0x0004, _coordinate(180)),
    "EXIF:GPSAltitudeRef": ("GPS", 0x0005, _side),
    "EXIF:GPSAltitude": ("GPS", 0x0006, _height),
}
"""For each tag its directory, its number, and how its value is made. (EXIF 2.32, sections 4.6.5 and 4.6.6)"""

_SIGNS: Mapping[str, Callable[[Value], Field]] = {
    "EXIF:GPSLatitude": _way("NS", 90),
    "EXIF:GPSLongitude": _way("EW", 180),
    "EXIF:GPSAltitude": _below,
}
"""The references that hold the signs of the numbers, where no edit names them."""


@lru_cache(REMEMBERED, typed=True)
def _field(tag: str, value: Value) -> Field:
    return EXIF[tag][2](value)


@lru_cache(REMEMBERED, typed=True)
def _sign(tag: str, value: Value) -> Field:
    return _SIGNS[tag](value)


@lru_cache(REMEMBERED, typed=True)
def _check_xmp(tag: str, value: Value) -> None:
    """Raises Declined for a value that ExifTool may write in another way than `pef_tui.xmp` does."""
    known = BY_TAG[tag]
    if tag in _WORDS:
        raise Declined(f"{tag} is left to ExifTool")
    if isinstance(value, tuple):
        if not value or not is_list(tag) or known.item != "text" or len(set(value)) != len(value):
            raise Declined(f"{tag}: a list of an unusual form")
        if any(_ODD_TEXT.search(text) for text in value):
            raise Declined(f"{tag}: a text with blanks or control characters")
    elif isinstance(value, str):
        if not (_XMP_DATE.fullmatch(value) if known.item == "date" else known.item == "text"):
            raise Declined(f"{tag}: a value of an unusual form")
        if _ODD_TEXT.search(value):
            raise Declined(f"{tag}: a text with blanks or control characters")
    elif known.item not in ("number", "rational", "coordinate") or isinstance(value, bool):
        raise Declined(f"{tag}: a value of an unusual form")
    elif abs(value) > 1e9 or (known.item == "number" and value != int(value)):
        raise Declined(f"{tag}: a number out of range")


def _check_height(edits: Iterable[TagEdit]) -> None:
    """An altitude in XMP is without sign and has its reference with it, or ExifTool adds one."""
    values = {edit.tag: edit.value for edit in edits if edit.tag.startswith("XMP-exif:GPSAltitude")}
    height = values.get("XMP-exif:GPSAltitude")
    if isinstance(height, int | float) and (height < 0 or values.get("XMP-exif:GPSAltitudeRef") is None):
        raise Declined("an altitude in XMP without the side of the sea's surface")
