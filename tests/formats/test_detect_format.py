from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.formats import FORMATS, HEAD, detect
from pef_tui.testing import MAKERS, make


def name(head: bytes) -> str | None:
    result = detect(head)
    return result.name if result else None


def ftyp(*brands: str) -> bytes:
    words = b"".join(brand.ljust(4).encode() for brand in (brands[0], "", *brands[1:]))
    return struct.pack(">I", 8 + len(words)) + b"ftyp" + words + b"\0\0\0\x08free"


@pytest.mark.parametrize("format", MAKERS)
@pytest.mark.parametrize("seed", [0, 77])
def test_made_media_is_recognised(format: str, seed: int) -> None:
    assert name(make(format, seed)[:HEAD]) == format


@pytest.mark.parametrize(
    ("brands", "format"),
    [
        (("heic", "mif1"), "heic"),
        (("heix", "mif1"), "heic"),
        (("hevc", "msf1"), "heic"),
        (("heim",), "heic"),
        (("mif1", "heic"), "heif"),
        (("mif3",), "heif"),
        (("mif3", "avif"), "avif"),
        (("miaf", "mif3", "avis"), "avif"),
        (("avci", "mif1"), "heif"),
        (("jpeg", "mif1"), "heif"),
        (("vvic",), "heif"),
        (("unif", "mif2"), "heif"),
        (("avio", "avif"), "avif"),
        (("msf1", "hevc"), "heif"),
        (("mif1", "avif", "miaf"), "avif"),
        (("avif", "mif1"), "avif"),
        (("avis", "msf1"), "avif"),
        (("MiHE", "heic"), "heic"),
        (("crx", "isom"), "cr3"),
        (("qt",), "mov"),
        (("isom", "iso2", "mp41"), "mp4"),
        (("mp42", "qt"), "mp4"),
        (("MSNV", "mp42"), "mp4"),
        (("avc1",), "mp4"),
        (("XAVC", "mp42"), "mp4"),
        (("nobo", "dyk"), "mp4"),
        (("M4V", "isom"), "m4v"),
        (("M4VH",), "m4v"),
        (("3gp5", "isom"), "3gp"),
        (("3gg6",), "3gp"),
        (("3g2a",), "3g2"),
        (("KDDI",), "3g2"),
        (("M4A", "isom"), None),
        (("F4B",), None),
    ],
)
def test_brands(brands: tuple[str, ...], format: str | None) -> None:
    assert name(ftyp(*brands)) == format


@pytest.mark.parametrize("box", ["moov", "mdat", "wide", "free", "skip", "pnot"])
def test_film_without_brands_is_quicktime(box: str) -> None:
    assert name(struct.pack(">I", 2000) + box.encode() + bytes(50)) == "mov"


def test_film_with_a_long_first_box_is_quicktime() -> None:
    assert name(struct.pack(">I4sQ", 1, b"mdat", 9_000_000_000)) == "mov"
    assert name(struct.pack(">I4s", 3_000_000_000, b"mdat") + bytes(8)) == "mov"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"This is no picture.\n",
        b"The free word stands where a box has its name",
        b"BMW, BMX and other words",
        b"II or MM alone",
        b"GIF without a version",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"RIFF",
        b"\0\0\1\0",
        b"\0\0\1\xff",
        b"G" + b"o" * 600,
        b"G" * 100,
        b"\0\0\0\x0cftypM4A ",
        b'{"title": "a.jpg"}',
        b"\x89PNG",
        bytes(HEAD),
    ],
)
def test_what_is_no_media(head: bytes) -> None:
    assert name(head) is None


def directory(order: str, **tags: int) -> bytes:
    """Make a TIFF whose IFD0 has these LONG tags (`x254=1`), and the maker's name at the end."""
    numbers = {int(tag[1:]): value for tag, value in tags.items()}
    at = 8 + 2 + 12 * (len(numbers) + 1) + 4
    entries = b"".join(
        struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in sorted((numbers | {271: at}).items())
    )
    start = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8)
    return start + struct.pack(order + "H", len(numbers) + 1) + entries + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("tags", "make", "format"),
    [
        ({"x254": 1, "x330": 500}, b"NIKON CORPORATION", "nef"),
        ({"x254": 1, "x330": 500}, b"SONY", "arw"),
        ({"x259": 65535}, b"PENTAX Corporation", "pef"),
        ({"x259": 65535}, b"RICOH IMAGING COMPANY, LTD.", "pef"),
        ({"x254": 1, "x330": 500}, b"SAMSUNG", "srw"),
        ({"x262": 32803}, b"OLYMPUS", "orf"),
        ({"x262": 32803}, b"Nobody Inc.", "raw"),
        ({"x254": 1, "x330": 500, "x50706": 260}, b"SONY", "dng"),
        ({"x254": 0, "x330": 500}, b"Nikon scanner", "tiff"),
        ({"x262": 2, "x259": 1}, b"SONY", "tiff"),
    ],
)
def test_raw_pictures_built_on_tiff(order: str, tags: dict[str, int], make: bytes, format: str) -> None:
    assert name(directory(order, **tags) + make + b"\0") == format


def test_short_values_of_big_endian_directories() -> None:
    entry = struct.pack(">HHIHH", 262, 3, 1, 32803, 0)
    assert name(struct.pack(">2sHIH", b"MM", 42, 8, 1) + entry + bytes(4)) == "raw"


@pytest.mark.parametrize("step", [188, 192])
def test_transport_streams(step: int) -> None:
    packet = (bytes(step - 188) + b"\x47").ljust(step, b"\0")
    assert name(packet * 5) == "m2ts"
    assert name(packet + packet.replace(b"\x47", b"\x46") * 4) is None


@given(st.binary(max_size=300), st.sampled_from([b"", *(make(each)[:24] for each in MAKERS)]))
def test_no_bytes_break_it(rest: bytes, start: bytes) -> None:
    actual = detect(start + rest)
    assert actual is None or FORMATS[actual.name] is actual


@given(st.sampled_from(sorted(MAKERS)), st.integers(0, HEAD))
def test_a_cut_file_is_never_taken_for_a_picture_of_another_family(format: str, size: int) -> None:
    actual = detect(make(format)[:size])
    assert actual is None or actual.kind == FORMATS[format].kind
