from __future__ import annotations

import io
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from struct import pack

import pytest

from pef_tui.exiftool import ExifToolProcess
from pef_tui.formats import detect
from pef_tui.model import FileMetadata, Value
from pef_tui.readers.exiftool_reader import read_metadata
from pef_tui.readers.native_readers import READERS
from pef_tui.testing.films import BRANDS, box, film
from pef_tui.testing.jpeg import xmp_packet
from pef_tui.testing.phone_films import PhoneFilm, item_list, phone_film, text_item, user_text

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
SHOT = datetime(2019, 7, 1, 10, 34, 56, tzinfo=UTC)
DATE = "2019:07:01 10:34:56"
APPLE = "com.apple.quicktime."
XMP = xmp_packet("", 'xmp:Rating="3"', xmp="http://ns.adobe.com/xap/1.0/")


def read(data: bytes) -> FileMetadata | None:
    result = detect(data[:4096])
    return READERS[result.name](io.BytesIO(data)) if result and result.name in READERS else None


def tags_of(data: bytes) -> dict[str, Value]:
    state = read(data)
    assert state is not None and (state.reader, state.damage) == ("native", "")
    return state.tags


def small(**fields: object) -> PhoneFilm:
    return PhoneFilm(tracks=("vide",), chunks=1, **fields)  # type: ignore[arg-type]


def keyed(**texts: str | bytes) -> PhoneFilm:
    keys = {
        APPLE + name.replace("__", "."): text_item(item) if isinstance(item, str) else item
        for name, item in texts.items()
    }
    return small(keys=keys)


def with_user_data(kind: bytes, text: str, language: int = 0x15C7) -> PhoneFilm:
    return small(user_data=(user_text(kind, text, language),))


def with_item_list(items: Mapping[bytes, bytes]) -> PhoneFilm:
    return small(user_data=(item_list(items),))


@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("moov", ["first", "last"])
def test_dates_of_every_kind_of_film(brand: str, moov: str) -> None:
    data = film(brand, created=SHOT, moov=moov)  # type: ignore[arg-type]
    names = ("CreateDate", "ModifyDate", "TrackCreateDate", "MediaCreateDate")
    assert tags_of(data) == {f"QuickTime:{name}": DATE for name in names}
    assert read(data).format == (brand or "mov")  # type: ignore[union-attr]


def test_a_film_never_dated() -> None:
    assert set(tags_of(film("mp4")).values()) == {"0000:00:00 00:00:00"}


def test_what_a_phone_writes() -> None:
    keys = {
        APPLE + "creationdate": text_item("2019-07-01T12:34:56+0200", b"US", 0x15C7),
        APPLE + "location.ISO6709": text_item("+48.8580+002.2945+035.120/", b"US", 0x15C7),
        APPLE + "content.identifier": text_item("ABC"),
    }
    actual = tags_of(phone_film(PhoneFilm("mov", SHOT, ("ftyp", "wide", "mdat", "moov"), keys=keys)))
    assert actual["Keys:CreationDate"] == "2019:07:01 12:34:56+02:00"
    assert actual["Keys:GPSCoordinates"] == "48.858, 2.2945, 35.12"
    assert not any("dentifier" in tag for tag in actual)


def test_xmp_in_both_its_places() -> None:
    for sample in (
        PhoneFilm(order=("ftyp", "mdat", "moov", "uuid"), xmp=XMP),
        PhoneFilm("mov", user_data=(box(b"XMP_", XMP),)),
    ):
        assert tags_of(phone_film(sample))["XMP-xmp:Rating"] == 3


FRAGMENTED = phone_film(small()) + box(b"moof", bytes(16))
DOUBTFUL: dict[str, bytes] = {
    "fragments": FRAGMENTED,
    "garbage behind": phone_film(small()) + b"garbage",
    "a trailer": phone_film(small()) + b"garbage of many bytes that is no box",
    "cut": phone_film(small())[:-1],
    "two indexes": phone_film(small(order=("ftyp", "mdat", "moov", "moov"))),
    "no media": phone_film(small(order=("ftyp", "mdat", "moov"))).replace(b"mdat", b"free"),
    "a camera's box": phone_film(small(user_data=(box(b"CNTH", b"x"),))),
    "a camera's note in free space": phone_film(small(order=("ftyp", "free", "mdat", "moov"))).replace(
        b"free" + bytes(8), b"free\0\0\0\x20Seri"
    ),
    "a second description": phone_film(with_item_list({b"desc": text_item("a"), b"\xa9des": text_item("b")})),
    "a value of two languages": phone_film(keyed(comment=text_item("a") + text_item("b", b"DE"))),
    "a key of another domain": phone_film(small(keys={"com.Title": text_item("a")})),
    "a key as short as a box's kind": phone_film(small(keys={"titl": text_item("a")})),
    "a text in Mac letters": phone_film(with_user_data(b"\xa9nam", "é", 0)),
    "a text in French": phone_film(with_user_data(b"\xa9nam", "eau", 0x1A41)),
    "a place in degrees and minutes": phone_film(with_user_data(b"\xa9xyz", "+4851.5-00217.7/")),
    "a date in words": phone_film(with_user_data(b"\xa9day", "yesterday")),
    "media in another file": phone_film(small()).replace(b"url \0\0\0\1", b"url \0\0\0\0"),
    "compressed": phone_film(small()).replace(b"mvhd", b"cmov"),
    "a track of an unknown kind": phone_film(small()).replace(b"vide\0\0", b"clid\0\0"),
    "a title of a track": phone_film(small(track_keys={APPLE + "title": text_item("a", b"US")})),
    "two packets of XMP": phone_film(
        PhoneFilm(order=("ftyp", "mdat", "moov", "uuid"), xmp=XMP, user_data=(box(b"XMP_", XMP),))
    ),
}


@pytest.mark.parametrize("data", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_what_is_doubtful_is_left_to_exiftool(data: bytes) -> None:
    assert detect(data[:4096]) is not None and read(data) is None


def test_every_cut_and_every_changed_byte_is_survived() -> None:
    data = phone_film(PhoneFilm("mov", SHOT, keys=keyed(title="x", creationdate="2019-07-01T12:34:56Z").keys))
    for at in range(len(data)):
        read(data[:at])
        read(data[:at] + bytes((data[at] ^ 0x81,)) + data[at + 1 :])


def test_media_data_is_not_read() -> None:
    data = film("mp4", created=SHOT, moov="last")
    start = data.index(b"mdat") - 4
    large = data[:start] + pack(">I4sQ", 1, b"mdat", 16 + (1 << 40)) + data[data.index(b"moov") - 4 :]
    hole = start + 16

    class Hollow(io.BytesIO):
        """A video with a terabyte of media data that must not be read."""

        def seek(self, place: int, whence: int = 0) -> int:
            self.at = (len(large) + (1 << 40)) if whence == 2 else place
            return self.at

        def read(self, size: int | None = -1) -> bytes:
            expected = size if size is not None and size >= 0 else 1 << 30
            assert expected <= 1 << 20
            start = self.at if self.at <= hole else self.at - (1 << 40)
            assert start >= hole - 1 or self.at + expected <= hole + 16
            data = large[start : start + expected]
            self.at += len(data)
            return data

    assert READERS["mp4"](Hollow()) == read(data)


class Packed(io.BytesIO):
    """A member of an archive: seeking backwards decompresses it again."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.back = 0

    def seek(self, place: int, whence: int = 0) -> int:
        state_before = self.tell()
        existing = super().seek(place, whence)
        self.back += max(0, state_before - existing)
        return existing


@pytest.mark.parametrize(
    "order", [("ftyp", "free", "mdat", "moov"), ("ftyp", "wide", "moov", "free", "mdat", "mdat")]
)
def test_members_of_archives_are_unpacked_once(order: tuple[str, ...]) -> None:
    stream = Packed(phone_film(PhoneFilm(order=order, created=SHOT)))
    assert READERS["mp4"](stream) is not None and stream.back == 0


TIMES = (0, 1, 2_082_844_799, 2_082_844_800, 2_082_844_801, 3_644_822_096, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
TEXTS = (
    "Sea",
    "",
    " two  blanks ",
    "ab\ncd",
    "5.10",
    "TRUE",
    '"q" \\ \'',
    "Ümlaut 😀",
    "tab\there",
    "=x",
    "\u2028",
    "a\0",
)
LANGUAGES = [(land, code) for land in (b"\0\0", b"US", b"ZZ") for code in (0, 1, 0x15C7, 0x10B2)]
TITLED = user_text(b"\xa9nam", "y")
DAYS = (
    *("2019", "2019-07-01", "2019-07-01T12:34:56Z", "2019-07-01T12:34:56+0200", "2019-07-01T12:34:56-03:30"),
    *(
        "2019-07-01 12:34:56",
        "2019-07-01T12:34:56.25+0200",
        "2019-07-01T12:34",
        "2019:07:01 12:34:56",
        "",
        "x",
    ),
    *("0000-00-00T00:00:00Z", "2019-07-01T12:34:56+02", "UTC 2019-07-01 12:34:56"),
)
PLACES = (
    *(
        "+48.8580+002.2945/",
        "-33.8567-151.2131-003.25/",
        "+00.0000+000.0000/",
        "+48+002/",
        "+48.+002.5",
        "+1.5-2.25",
    ),
    *(
        "+48.8580+002.2945+035.120/CRSWGS_84/",
        "-00.00001+000.00001/",
        "+12.3456789012+100.5/",
        "48.5 2.2",
        "",
    ),
    *(
        "+4851.480+00217.670/",
        "+485128.8+0021740.2+35/",
        "+90.0001+180.5-0/",
        "+48.8580+002.2945+035.120CRSWGS_84/",
    ),
)


def oddities() -> list[bytes]:
    """Return videos with each unusual value in each place where a value may be."""
    films = [
        *(keyed(creationdate=day) for day in DAYS),
        *(with_user_data(b"\xa9day", day, 0x55C4) for day in DAYS),
        *(small(user_data=(box(b"date", day.encode()),)) for day in DAYS),
        *(with_item_list({b"\xa9day": text_item(day)}) for day in DAYS),
        *(keyed(location__ISO6709=place) for place in PLACES),
        *(with_user_data(b"\xa9xyz", place) for place in PLACES),
        *(with_item_list({b"\xa9xyz": text_item(place)}) for place in PLACES),
        *(keyed(title=text, comment=text, description=text) for text in TEXTS),
        *(with_user_data(b"\xa9cmt", text, language) for text in TEXTS for language in (0, 0x15C7, 7)),
        *(small(user_data=(box(b"titl", bytes(4), b"\x15\xc7", text.encode(), b"\0"),)) for text in TEXTS),
        *(with_item_list({kind: text_item(text)}) for kind in (b"\xa9nam", b"desc", b"\xa9des") for text in TEXTS),
        *(keyed(title=text_item("x", *where)) for where in LANGUAGES),
        small(keys=keyed(title=text_item("x", b"US")).keys, user_data=(user_text(b"\xa9nam", "y"),)),
        small(keys=keyed(title=text_item("x", b"US")).keys, user_data=(item_list({b"\xa9nam": text_item("y")}),)),
        small(keys=keyed(title="x").keys, user_data=(TITLED, item_list({b"\xa9nam": text_item("z")}))),
    ]  # fmt: skip
    dated = phone_film(PhoneFilm(created=SHOT, tracks=("soun", "vide", "meta"), chunks=1))
    long = phone_film(PhoneFilm(created=SHOT, long_times=True, chunks=1))
    stamp = pack(">I", TIMES[5])
    assert stamp in dated
    sample = [phone_film(item, number) for number, item in enumerate(films)]
    sample += [dated.replace(stamp, pack(">I", time)) for time in TIMES]
    sample += [long.replace(bytes(4) + stamp, pack(">Q", time)) for time in (*TIMES, 1 << 32, 1 << 62)]
    return sample + [film(brand, created=SHOT) for brand in BRANDS] + list(DOUBTFUL.values())


@pytest.mark.exiftool
@pytest.mark.skipif(shutil.which("exiftool") is None and not os.environ.get("CI"), reason="needs ExifTool")
def test_every_film_is_read_as_by_exiftool_or_left_to_it(tmp_path: Path) -> None:
    films = {f"{number}": data for number, data in enumerate(oddities())}
    for path in sorted(SAMPLES.glob("*/*")) if SAMPLES.exists() else ():
        data = path.read_bytes()
        if (actual := detect(data[:4096])) is not None and actual.cls == "quicktime":
            films[path.name] = data
    paths = []
    for name, data in films.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    with ExifToolProcess(shutil.which("exiftool") or "exiftool") as process:
        reference = read_metadata(process, [(str(path), path.stat().st_size) for path in paths])
    wrong = {}
    native = 0
    for (name, data), their in zip(films.items(), reference, strict=True):
        if (produced := read(data)) is not None:
            native += 1
            if produced.tags != their.tags or their.damage:
                wrong[name] = (produced.tags, their.tags, their.damage)
    assert not wrong
    assert native > 130


SAMSUNG_ZONE = small(created=SHOT, keys={"com.samsung.android.utc_offset": text_item("+0530")})


def test_the_zone_that_phones_of_samsung_write() -> None:
    assert tags_of(phone_film(SAMSUNG_ZONE))["Keys:AndroidTimeZone"] == "+0530"


def sony_xml(date: str) -> bytes:
    """Return the data that Sony cameras put after a video (XAVC S)."""
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.00">'
        f'<Duration value="120"/><CreationDate value="{date}"/></NonRealTimeMeta>'
    )
    handler = box(b"hdlr", bytes(8), b"nrtm", bytes(13))
    return box(b"meta", bytes(4), handler, box(b"xml ", bytes(4), xml.encode(), b"\0"))


def with_sony_table(data: bytes, minutes: int) -> bytes:
    """Return the video with a table of Sony at the end of its index. It has one entry: the zone."""
    entry = pack(">HIHHh", 12, 0x0B, 0, 0, minutes)
    table = box(
        b"uuid", bytes.fromhex("55534d5421d24fcebb88695cfac9c740"), box(b"MTDT", pack(">H", 1), entry)
    )
    at = data.index(b"moov") - 4
    return data[:at] + pack(">I", len(data) - at + len(table)) + data[at + 4 :] + table


ZONES: dict[str, tuple[bytes, str, Value]] = {
    "samsung": (phone_film(SAMSUNG_ZONE), "Keys:AndroidTimeZone", "+0530"),
    "xml of sony": (
        phone_film(small(created=SHOT)) + sony_xml("2019-07-01T12:34:56+02:00"),
        "XML:CreationDateValue", "2019:07:01 12:34:56+02:00",
    ),
    "table of sony": (with_sony_table(phone_film(small(created=SHOT)), -210), "QuickTime:TimeZone", -210),
}  # fmt: skip


@pytest.mark.exiftool
@pytest.mark.skipif(shutil.which("exiftool") is None and not os.environ.get("CI"), reason="needs ExifTool")
def test_the_zone_in_films_as_exiftool_reads_it(tmp_path: Path) -> None:
    files = []
    for number, (data, tag, value) in enumerate(ZONES.values()):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(data)
        files.append((str(path), len(data)))
        state = read(data)
        assert state is None or state.tags[tag] == value
    with ExifToolProcess(shutil.which("exiftool") or "exiftool") as process:
        states = read_metadata(process, files)
    for state, (_, tag, value) in zip(states, ZONES.values(), strict=True):
        assert state.tags.get(tag) == value, tag
