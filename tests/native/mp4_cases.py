"""Edits of videos for the tests of the writer `native`: Plans as the policy makes them, for many videos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from struct import unpack_from

from native_cases import DC, SAMPLES, TAKEN, TEXT, format_of, plan_of, plan_with

from pef_tui.model import CaptureTime, Geo, Person, Plan, Sidecar
from pef_tui.testing.films import BRANDS, box, film
from pef_tui.testing.jpeg import xmp_packet
from pef_tui.testing.phone_films import PhoneFilm, item_list, phone_film, text_item, user_text

SHOT = datetime(2019, 7, 1, 10, 34, 56, tzinfo=UTC)
"""The same time as TAKEN."""
PLACE = "+48.8580+002.2945+035.120/"


def media_of(data: bytes) -> bytes:
    """Return the content of every `mdat`, in the order of the file. This reader is separate, and as lenient as
    players.
    """
    parts, at = [], 0
    while at + 8 <= len(data):
        size, kind = unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            size, head = unpack_from(">Q", data, at + 8)[0], 16
        size = size or len(data) - at
        if size < head:
            break
        if kind == b"mdat":
            parts.append(data[at + head : at + size])
        at += size
    return b"|".join(parts)


def chunks_of(data: bytes) -> list[bytes]:
    """Return the first bytes at each chunk offset, in the order of the tables."""
    results: list[bytes] = []
    for kind, form, wide in ((b"stco", "I", 4), (b"co64", "Q", 8)):
        at = data.find(kind)
        while at >= 0:
            (number,) = unpack_from(">I", data, at + 8)
            if number * wide + 16 <= unpack_from(">I", data, at - 4)[0]:
                offsets = unpack_from(f">{number}{form}", data, at + 12)
                results += [data[offset : offset + 16] for offset in offsets]
            at = data.find(kind, at + 4)
    return results


_PLACE = Geo(-33.8567844, -151.213108, -3.25)
_NAMES = (Person("Zoë 🎉"), Person("O\"Brien & 'co'"), Person("a|b/c"))
_BERLIN = CaptureTime(TAKEN, 120, "gps")
_OTHER = CaptureTime(TAKEN - 400_000, -210, "name")


def _sidecar(taken: float = TAKEN, **fields: object) -> Sidecar:
    return Sidecar(title="a.mp4", **fields)  # type: ignore[arg-type]


_ALL = _sidecar(geo_data=Geo(1.5, 2.25, 0.0), people=_NAMES, description=TEXT, favorited=True)

CASES: dict[str, Callable[[bytes], Plan | None]] = {
    "everything": lambda data: plan_of(data, _ALL, _BERLIN),
    "everything, overwritten": lambda data: plan_of(data, _ALL, _BERLIN, "overwrite"),
    "everything, never": lambda data: plan_of(data, _ALL, _BERLIN, "never"),
    "same moment": lambda data: plan_of(data, _sidecar(), _BERLIN),
    "another date": lambda data: plan_of(data, _sidecar(), _OTHER),
    "another date, overwritten": lambda data: plan_of(data, _sidecar(), _OTHER, "overwrite"),
    "south, west and below the sea": lambda data: plan_of(data, _sidecar(geo_data=_PLACE), None, "overwrite"),
    "no altitude": lambda data: plan_of(data, _sidecar(geo_data=Geo(59.99999999, 0.5)), None, "overwrite"),
    "people": lambda data: plan_of(data, _sidecar(people=_NAMES)),
    "description": lambda data: plan_of(data, _sidecar(description=TEXT), None, "overwrite"),
    "a favourite": lambda data: plan_of(data, _sidecar(favorited=True), None, "overwrite"),
    "only the date of the first track": lambda data: plan_with(
        data, {"QuickTime:TrackCreateDate": "2019:07:01 12:34:56"}
    ),
    "nothing": lambda data: plan_of(data, _sidecar()),
}


def videos() -> Iterator[tuple[str, bytes]]:
    """Yield videos: those made here, and the samples if there are any."""
    yield from made().items()
    for path in sorted(SAMPLES.glob("*/*.*")) if SAMPLES.exists() else ():
        if (name := format_of(data := path.read_bytes())) and name in BRANDS:
            yield path.name, data


def made() -> dict[str, bytes]:
    return {name: phone_film(item) for name, item in LAYOUTS.items()} | {
        f"bare {brand or 'without brand'}": film(brand, 2, created=SHOT if brand in ("mp4", "mov") else None)
        for brand in BRANDS
    }


def _iphone(country: bytes = b"\0\0", language: int = 0, **fields: object) -> PhoneFilm:
    texts = {
        "make": "Apple",
        "model": "iPhone 12",
        "creationdate": "2019-07-01T12:34:56+0200",
        "location.ISO6709": PLACE,
        "content.identifier": "5A2F3A3C-6A3D-4D52-9C1E-2A0D3C1B7F10",
    }
    keys = {f"com.apple.quicktime.{name}": text_item(item, country, language) for name, item in texts.items()}
    order = ("ftyp", "wide", "mdat", "moov")
    return PhoneFilm("mov", SHOT, order, ("vide", "soun", "meta"), keys=keys, **fields)  # type: ignore[arg-type]


_SUBJECT = "<dc:subject><rdf:Bag><rdf:li>Ann</rdf:li></rdf:Bag></dc:subject>"
_XMP = xmp_packet(_SUBJECT, 'xmp:Rating="3"', dc=DC, xmp="http://ns.adobe.com/xap/1.0/")
_ITEMS = {
    b"\xa9nam": text_item("Sea"),
    b"\xa9day": text_item("2018-05-06T07:08:09Z"),
    b"\xa9des": text_item("a description"),
    b"\xa9too": text_item("Lavf59"),
    b"\xa9xyz": text_item("+01.5-002.25/"),
}
_WIDE = box(b"data", b"\0\0\0\x16", bytes(4), b"\0\0\0\x1a")
_FPS = box(b"data", b"\0\0\0\x17", bytes(4), b"\x42\x20\0\0")

LAYOUTS: dict[str, PhoneFilm] = {
    "iPhone": _iphone(),
    "iPhone, of a country": _iphone(b"US", 0x15C7),
    "iPhone, in German": _iphone(b"DE", 0x10B2),
    "iPhone, index first": PhoneFilm(
        "mov", SHOT, ("ftyp", "moov", "wide", "mdat"), ("vide", "soun", "meta"), keys=_iphone().keys
    ),
    "iPhone that names its lens": _iphone(
        b"US",
        0x15C7,
        track_keys={
            "com.apple.quicktime.camera.lens_model": text_item("back camera", b"US", 0x15C7),
            "com.apple.quicktime.camera.focal_length.35mm_equivalent": _WIDE,
        },
    ),
    "WhatsApp": PhoneFilm(order=("ftyp", "beam", "moov", "mdat"), created=SHOT),
    "iPhone, XMP": _iphone(user_data=(box(b"XMP_", _XMP),)),
    "Android": PhoneFilm(
        created=SHOT,
        order=("ftyp", "free", "mdat", "moov"),
        user_data=(user_text(b"\xa9xyz", "+48.8580+002.2945/"),),
        keys={"com.android.version": text_item("13"), "com.android.capture.fps": _FPS},
    ),
    "Samsung": PhoneFilm(
        user_data=(
            box(b"SDLN", b"SEQ_PLAY"),
            box(b"smrd", b"TRUEBLUE"),
            box(b"smta", bytes(4), box(b"saut", bytes(4))),
            user_text(b"\xa9xyz", "+48.8580+002.2945+10.5/"),
        ),
        ended=True,
    ),
    "iTunes": PhoneFilm("m4v", None, ("ftyp", "moov", "free", "mdat"), user_data=(item_list(_ITEMS),)),
    "old phone": PhoneFilm(
        "3gp",
        SHOT,
        user_data=(
            box(b"titl", bytes(4), b"\x15\xc7", "Über".encode(), b"\0"),
            box(b"dscp", bytes(4), b"\x55\xc4", b"said\0"),
            user_text(b"\xa9day", "2019-07-01T12:34:56+0200", 0),
            box(b"date", b"2019-07-01T12:34:56+0200"),
        ),
    ),
    "long": PhoneFilm(
        created=SHOT,
        order=("ftyp", "mdat", "moov", "mdat"),
        long_times=True,
        long_offsets=True,
        long_media=True,
    ),
    "media in three places": PhoneFilm(order=("ftyp", "mdat", "free", "moov", "mdat", "mdat"), chunks=7),
    "XMP first": PhoneFilm(order=("ftyp", "uuid", "moov", "mdat"), xmp=_XMP),
    "XMP between": PhoneFilm(order=("ftyp", "mdat", "uuid", "mdat", "moov"), xmp=_XMP),
    "XMP last": PhoneFilm(order=("ftyp", "moov", "mdat", "uuid"), xmp=_XMP, created=SHOT),
    "everything there": PhoneFilm(
        "mp4",
        SHOT,
        ("ftyp", "moov", "mdat", "uuid"),
        user_data=(user_text(b"\xa9xyz", PLACE), item_list(_ITEMS), user_text(b"\xa9mod", "Model")),
        keys=_iphone().keys,
        xmp=_XMP,
        ended=True,
    ),
    "one track without chunks": PhoneFilm("mov", None, ("moov", "mdat"), ("vide",), 0),
}
