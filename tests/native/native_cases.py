"""Edits of pictures for the tests of the writer `native`: Plans as the policy makes them, for many pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from pef_tui.formats import HEAD, detect
from pef_tui.hooks import Span
from pef_tui.model import (
    EPOCH,
    CaptureTime,
    FileMetadata,
    Geo,
    GeoPoint,
    Match,
    MediaFile,
    Person,
    Plan,
    Sidecar,
    TagEdit,
    Value,
)
from pef_tui.native.writer import compose, compose_aligned
from pef_tui.readers.native_readers import READERS
from pef_tui.settings import Existing
from pef_tui.tags.dates import dates
from pef_tui.tags.google import favourites
from pef_tui.tags.gps import gps
from pef_tui.tags.keywords import people
from pef_tui.tags.policy import decide
from pef_tui.tags.text import text
from pef_tui.testing.exif import Directory, Exif, octets, tiff_block
from pef_tui.testing.exif import long as longs
from pef_tui.testing.exif import text as ascii_text
from pef_tui.testing.films import film
from pef_tui.testing.jpeg import iptc_block, jpeg, motion_photo, segment, xmp_packet

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
DC = "http://purl.org/dc/elements/1.1/"
TAKEN = 1_561_977_296
TEXT = "Ümlaut 😀 東京 \"q\" $5 @x &amp; 'y' <b>\nsecond line\n-if\nsystem('touch PWNED')"
CAMERA = Exif(
    date="2019:07:01 12:34:56",
    subsec="070",
    place=GeoPoint(48.858, 2.2945, 35.0),
    description="DSC",
    make="Kamera",
    model="5",
    maker_note=b"MakerNote\0" + bytes(range(250)),
)


def format_of(data: bytes) -> str:
    """Return the name of the format, by content; "" if it is unknown."""
    result = detect(data[:HEAD])
    return result.name if result else ""


def state_of(data: bytes) -> FileMetadata | None:
    """Return the metadata that the native reader reads; None if it declines."""
    content = READERS.get(format_of(data))
    return content(io.BytesIO(data)) if content else None


def plan_of(
    data: bytes, sidecar: Sidecar, taken: CaptureTime | None = None, existing: Existing = "fill"
) -> Plan | None:
    """Return the Plan that the built-in mappers and the policy make for a picture. None if its tags are not read
    natively.
    """
    if (state := state_of(data)) is None:
        return None
    media = MediaFile(0, "a.jpg", len(data), 0)
    match = Match(media, "", sidecar=sidecar, metadata=state, capture_time=taken)
    expected = [edit for mapper in (dates, gps, people, text, favourites) for edit in mapper(match)]
    return Plan(match, "written", decide(match, expected, existing).edits, writer="native")


def plan_with(data: bytes, tags: dict[str, Value | None], format: str = "") -> Plan:
    """Return a Plan that writes only these tags. With `format`, the Plan has no metadata of the picture."""
    actual = None if format else state_of(data)
    match = Match(
        MediaFile(0, "a.jpg", len(data), 0),
        "",
        metadata=actual or FileMetadata(format=format or format_of(data), reader="native"),
    )
    edits = tuple(TagEdit(tag, value, "always") for tag, value in tags.items())
    return Plan(match, "written", edits, writer="native")


def write_native(plan: Plan, data: bytes, room: int = 0) -> bytes | str:
    """Return the picture with the Plan's edits; or outcome and reason of the writer's answer.

    `room`: number of padding bytes to add before the data that moves.
    """
    pieces = compose_aligned(plan, io.BytesIO(data), room) if room else compose(plan, io.BytesIO(data))
    if not isinstance(pieces, tuple):
        return f"{pieces.outcome}: {pieces.reason}" if pieces.reason else pieces.outcome
    return b"".join(data[piece.start : piece.stop] if isinstance(piece, Span) else piece for piece in pieces)


def scan_on(data: bytes) -> bytes:
    """Return all bytes from the first scan on; the whole file if it has none."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1] != 0xDA:
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[at:]


def _same_moment(data: bytes) -> Plan | None:
    """The camera's clock is two hours ahead of UTC, and its zone is known: only the offset is missing."""
    state = state_of(data)
    displayed = state.tags.get("EXIF:DateTimeOriginal") if state else None
    try:
        clock = datetime.strptime(str(displayed)[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    instant = (clock - EPOCH.replace(tzinfo=None)).total_seconds() - 7200
    return plan_of(data, _sidecar(instant), CaptureTime(instant, 120, "gps"))


def _sidecar(taken: float = TAKEN, **fields: object) -> Sidecar:
    return Sidecar(title="a.jpg", **fields)  # type: ignore[arg-type]


_PLACE = Geo(-33.8567844, -151.213108, -3.25)
_NAMES = (Person("Zoë 🎉"), Person("O\"Brien & 'co'"), Person("a|b/c"))
_ALL = _sidecar(geo_data=Geo(1.5, 2.25, 0.0), people=_NAMES, description=TEXT, favorited=True)
_BERLIN = CaptureTime(TAKEN, 120, "gps")


def _remove_fractions(data: bytes) -> Plan | None:
    state = state_of(data)
    if state is None or not [tag for tag in state.tags if tag.startswith("EXIF:SubSecTime")]:
        return None
    return plan_of(data, _sidecar(), _BERLIN, "overwrite")


CASES: dict[str, Callable[[bytes], Plan | None]] = {
    "everything": lambda data: plan_of(data, _ALL, _BERLIN),
    "everything, overwritten": lambda data: plan_of(data, _ALL, _BERLIN, "overwrite"),
    "same moment": _same_moment,
    "another date, overwritten": lambda data: plan_of(data, _sidecar(), _BERLIN, "overwrite"),
    "fractions go": _remove_fractions,
    "south, west and below the sea": lambda data: plan_of(data, _sidecar(geo_data=_PLACE), None, "overwrite"),
    "north and east": lambda data: plan_of(
        data, _sidecar(geo_data=Geo(0.0000123, 179.9999999, 8848.86)), None, "overwrite"
    ),
    "no altitude": lambda data: plan_of(data, _sidecar(geo_data=Geo(59.99999999, 0.5)), None, "overwrite"),
    "people": lambda data: plan_of(data, _sidecar(people=_NAMES)),
    "description": lambda data: plan_of(data, _sidecar(description=TEXT), None, "overwrite"),
    "a favourite": lambda data: plan_of(data, _sidecar(favorited=True), None, "overwrite"),
    "one tag of EXIF": lambda data: plan_with(data, {"EXIF:ModifyDate": "2019:07:01 12:34:56"}),
    "nothing": lambda data: plan_of(data, _sidecar()),
}


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yield pictures: those made here, and the samples if there are any."""
    yield from sample_pictures().items()
    for path in sorted(SAMPLES.glob("*/*.*")) if SAMPLES.exists() else ():
        if (data := path.read_bytes())[:3] == b"\xff\xd8\xff":
            yield path.name, data


def sample_pictures() -> dict[str, bytes]:
    subjects = "<dc:subject><rdf:Bag><rdf:li>Ann</rdf:li><rdf:li>Bœuf, Bob</rdf:li></rdf:Bag></dc:subject>"
    languages = (
        '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">Sea</rdf:li>'
        '<rdf:li xml:lang="de">Meer</rdf:li></rdf:Alt></dc:description>'
    )
    xmp = xmp_packet(subjects, 'xmp:Rating="3"', dc=DC, xmp="http://ns.adobe.com/xap/1.0/")
    plain = jpeg(1)
    return {
        "plain": plain,
        "without JFIF": plain[:2] + plain[20:],
        "odd resolution": plain.replace(b"JFIF\0\1\1\0\0\1\0\1", b"JFIF\0\1\1\2\0\x64\0\x65"),
        "little": jpeg(2, exif=CAMERA),
        "big": jpeg(3, exif=Exif(date="2019:07:01 12:34:56", subsec="5", offset="+02:00", order="big")),
        "only IFD0": jpeg(4)[:20] + segment(0xE1, b"Exif\0\0" + tiff_block(_only_main())) + jpeg(4)[20:],
        "with a thumbnail": jpeg(5)[:20] + segment(0xE1, b"Exif\0\0" + _with_thumbnail()) + jpeg(5)[20:],
        "xmp": jpeg(6, xmp=xmp),
        "xmp in languages": jpeg(7, xmp=xmp_packet(languages, dc=DC)),
        "exif and xmp": jpeg(8, exif=CAMERA, xmp=xmp),
        "iptc": jpeg(9, exif=CAMERA, iptc=iptc_block("Sea", ["Ann"])),
        "comment": jpeg(10, comment="made"),
        "motion photo": motion_photo(film(seed=3), 3, CAMERA),
        "garbage behind": jpeg(11, exif=CAMERA) + bytes(range(256)) * 20,
        "larger than a piece": jpeg(12, exif=CAMERA) + b"trailer" * 20_000,
        "fill bytes": plain[:20] + b"\xff\xff" + plain[20:],
    }


def _only_main() -> Directory:
    return {0x10F: ascii_text("Maker"), 0x112: longs("little", 1)}


def _with_thumbnail() -> bytes:
    """Make IFD0 with a camera's directory, and IFD1 with a picture after both."""
    small = jpeg(99)
    main: Directory = {0x10F: ascii_text("Maker"), 0x8769: {0x9000: octets(b"0220")}}
    second: Directory = {
        0x103: longs("little", 6),
        0x201: longs("little", 0),
        0x202: longs("little", len(small)),
    }
    block = bytearray(tiff_block(main, second))
    at = block.index(b"\x01\x02\x04\0\1\0\0\0") + 8
    block[at : at + 4] = len(block).to_bytes(4, "little")
    return bytes(block) + small
