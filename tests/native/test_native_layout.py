"""The bytes of PNG, WebP, GIF and TIFF pictures from the writer `native`, and what it leaves to ExifTool."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from native_cases import plan_with, state_of, write_native
from native_made import LITTLE, MADE, PACKET, extended, png_with
from PIL import Image

from pef_tui.formats.chunks import PNG_SIGNATURE, XMP_TEXT, png_chunk, riff_chunk
from pef_tui.formats.gif_blocks import MAGIC_TRAILER, XMP_HEADER
from pef_tui.model import Value
from pef_tui.readers.native_readers import READERS
from pef_tui.testing.exif import Directory, Stored, long, octets, short, text, tiff_block
from pef_tui.testing.heif_boxes import Heif, Item, about, exif_item, heif
from pef_tui.testing.pictures import gif, png, tiff, webp

DATE: dict[str, Value | None] = {"EXIF:DateTimeOriginal": "2019:07:01 12:34:56"}
PEOPLE: dict[str, Value | None] = {"XMP-dc:Subject": ("Ann", "Zoë")}
EXIF_CHUNK, XMP_CHUNK = png_chunk(b"eXIf", LITTLE), png_chunk(b"iTXt", XMP_TEXT + PACKET)


def edited(data: bytes, tags: dict[str, Value | None], format: str = "") -> bytes:
    out = write_native(plan_with(data, tags, format), data)
    assert isinstance(out, bytes), out
    return out


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return names and contents of all chunks, after checking every checksum."""
    assert data.startswith(PNG_SIGNATURE)
    results, at = [], 8
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        assert zlib.crc32(name + content) == int.from_bytes(data[at + 8 + length : at + 12 + length], "big")
        results.append((name, content))
        at += 12 + length
    return results


@pytest.mark.parametrize("name", MADE["png"]())
def test_tags_of_a_png_come_before_its_image_data(name: str) -> None:
    data = MADE["png"]()[name]
    out = edited(data, DATE | PEOPLE)
    names = [chunk for chunk, _ in chunks(out)]
    image = names.index(b"IDAT")
    assert names.count(b"eXIf") == 1 and names.index(b"eXIf") < image
    texts = [at for at, (chunk, content) in enumerate(chunks(out)) if content.startswith(XMP_TEXT)]
    assert len(texts) == 1 and texts[0] < image
    assert chunks(out)[texts[0]][1].rstrip().endswith(b'<?xpacket end="r"?>')
    rest = [
        [each for each in chunks(first) if each[0] != b"eXIf" and not each[1].startswith(XMP_TEXT)]
        for first in (data, out)
    ]
    assert rest[0] == rest[1]


def test_from_apples_offsets_on_a_png_stays() -> None:
    data = MADE["png"]()["offsets"]
    out = edited(data, DATE | PEOPLE)
    assert out[out.index(b"iDOT") :] == data[data.index(b"iDOT") :]


@pytest.mark.parametrize("name", MADE["webp"]())
def test_sizes_and_flags_of_a_webp(name: str) -> None:
    data = MADE["webp"]()[name]
    out = edited(data, DATE | PEOPLE)
    assert int.from_bytes(out[4:8], "little") == len(out) - 8
    assert out[12:16] == b"VP8X" and out[20] & 0x0C == 0x0C
    if data[12:16] == b"VP8X":
        assert out[20] & ~0x0C == data[20] & ~0x0C and out[21:30] == data[21:30]
    assert out.count(b"EXIF") == out.count(b"XMP ") == 1


def test_only_the_flag_of_what_is_there() -> None:
    assert edited(webp(1), PEOPLE)[20] == 0x04
    assert edited(webp(1), DATE)[20] == 0x08


@pytest.mark.parametrize("name", ["plain", "animated", "old", "comment", "xmp"])
def test_frames_of_a_gif_are_shown_as_before(name: str) -> None:
    data = MADE["gif"]()[name]
    out = edited(data, PEOPLE)
    assert out.startswith(b"GIF89a") and out.count(XMP_HEADER) == 1 and out.count(MAGIC_TRAILER) == 1
    with Image.open(io.BytesIO(data)) as state_before, Image.open(io.BytesIO(out)) as state_after:
        assert getattr(state_before, "n_frames", 1) == getattr(state_after, "n_frames", 1)
        for frame in range(getattr(state_before, "n_frames", 1)):
            state_before.seek(frame)
            state_after.seek(frame)
            assert state_before.convert("RGBA").tobytes() == state_after.convert("RGBA").tobytes()


@pytest.mark.parametrize("format", ["tiff", "dng"])
def test_nothing_in_a_tiff_moves(format: str) -> None:
    for data in MADE[format]().values():
        out = edited(data, DATE | PEOPLE)
        assert out[:4] == data[:4] and out[8 : len(data)] == data[8:]
        assert int.from_bytes(out[4:8], "little" if data[:2] == b"II" else "big") >= len(data)


@pytest.mark.parametrize("format", MADE)
def test_what_says_it_already_stays_unchanged(format: str) -> None:
    expected = PEOPLE if format == "gif" else DATE | PEOPLE
    for data in MADE[format]().values():
        out = edited(data, expected)
        assert write_native(plan_with(out, PEOPLE), out) == "unchanged"


def _page(extra: Directory) -> Directory:
    page: Directory = {0x100: short("little", 1), 0x111: Stored(b"x"), 0x117: long("little", 1)}
    return page | extra


STILL = webp(2)[12:]
SEE_THROUGH = STILL[:12] + bytes((STILL[12] | 0x10,)) + STILL[13:]
PAGE = tiff_block(_page({}))
LEFT: dict[str, tuple[str, bytes]] = {
    "png, EXIF as text": ("png", png_with(png_chunk(b"zTXt", b"Raw profile type exif\0\0x"))),
    "png, two of EXIF": ("png", png_with(EXIF_CHUNK, EXIF_CHUNK)),
    "png, two of XMP": ("png", png_with(XMP_CHUNK, behind=XMP_CHUNK)),
    "png, packed XMP": ("png", png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0x"))),
    "png, EXIF of an old name": ("png", png_with(png_chunk(b"exIf", LITTLE))),
    "png, bytes behind": ("png", png(1) + b"behind"),
    "png, wrong checksum": ("png", png_with(EXIF_CHUNK[:-1] + bytes((EXIF_CHUNK[-1] ^ 1,)))),
    "png, no image": ("png", png(1).replace(b"IDAT", b"IDAX")),
    "webp, seen through": ("webp", riff_chunk(b"RIFF", b"WEBP" + SEE_THROUGH)),
    "webp, unknown part": ("webp", extended(0, STILL, riff_chunk(b"LIST", b"INFO"))),
    "webp, two of EXIF": ("webp", extended(8, STILL, *[riff_chunk(b"EXIF", LITTLE)] * 2)),
    "webp, bytes behind": ("webp", webp(1) + b"behind"),
    "webp, header of JPEGs": ("webp", extended(8, STILL, riff_chunk(b"EXIF", b"Exif\0\0" + LITTLE))),
    "gif, XMP twice": ("gif", gif(1)[:-1] + (XMP_HEADER + PACKET.strip() + MAGIC_TRAILER) * 2 + b";"),
    "gif, cut": ("gif", gif(1)[:-1]),
    "gif, XMP without end": ("gif", gif(1)[:-1] + XMP_HEADER + b"<x>" + MAGIC_TRAILER + b";"),
    "tiff, 64 bits": ("tiff", b"II+\0" + tiff(1)[4:]),
    "tiff, cut": ("tiff", tiff_block(_page({0x117: long("little", 9_999)}))),
    "tiff, tags on page two": ("tiff", tiff_block(_page({}), _page({0x8769: {0x9003: text("2019")}}))),
    "tiff, a circle": ("tiff", PAGE[:46] + b"\x08\0\0\0" + PAGE[50:]),
    "tiff, packet of an odd type": ("tiff", tiff_block(_page({0x2BC: text("<x:xmpmeta/>")}))),
}


@pytest.mark.parametrize("name", LEFT)
def test_odd_pictures_are_left_to_exiftool(name: str) -> None:
    format, data = LEFT[name]
    answer = write_native(plan_with(data, PEOPLE if format == "gif" else DATE | PEOPLE, format), data)
    assert isinstance(answer, str) and answer.startswith("declined: "), answer
    assert "rror" not in answer, answer
    if name != "webp, seen through":  # its tags can be edited
        assert state_of(data) is None


def test_a_page_by_itself_is_not_left() -> None:
    assert state_of(PAGE) is not None and PAGE[46:50] == bytes(4)


def test_iptc_of_a_tiff_is_left_to_exiftool() -> None:
    assert state_of(tiff_block(_page({0x83BB: octets(b"\x1c\2\x05\0\1x", 7)}))) is None


def test_a_raw_picture_that_looks_like_a_tiff_is_left_to_exiftool() -> None:
    for photometric, native in ((1, True), (32803, False)):
        page = _page({0x106: short("little", photometric)})
        state = state_of(tiff_block(page, extra_header=bytes(5000)))
        assert (state is not None) is native


def test_a_dng_is_reported_by_a_directory_far_behind() -> None:
    first = MADE["dng"]()["plain"] + bytes(6000)
    out = edited(first, DATE)
    state = state_of(out)
    assert state is not None and state.format == "dng"


class Packed(io.BytesIO):
    """Like a compressed member of an archive: no descriptor, and seeking backwards decompresses it again."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.back = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.back += whence == io.SEEK_SET and offset < self.tell()
        return super().seek(offset, whence)


@pytest.mark.parametrize("format", MADE)
def test_reading_goes_back_but_a_few_times(format: str) -> None:
    large = {
        "png": png_with(EXIF_CHUNK, *[png_chunk(b"IDAT", bytes(8192))] * 100, behind=XMP_CHUNK),
        "gif": MADE["gif"]()["two pieces"],
        "webp": extended(8, riff_chunk(b"VP8 ", bytes(800_000)), riff_chunk(b"EXIF", LITTLE)),
        "tiff": tiff_block(*[_page({0x111: Stored(bytes(20_000))})] * 30),
        "dng": MADE["dng"]()["phone"] + bytes(800_000),
        "heic": heif(Heif([Item(1, b"hvc1", bytes(800_000)), exif_item(3, LITTLE)], [about(3, 1)])),
    }.get(format, MADE[format]()["xmp"])
    stream = Packed(large)
    state = READERS[format](stream)
    assert state is not None and state.tags == (state_of(large) or state).tags
    assert stream.back <= 1
