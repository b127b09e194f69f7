"""PNG with tags in text chunks, twice, or after signed claims: then there is one block of each kind, and the date is
kept.
"""

from __future__ import annotations

import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from test_tags_never_lost import people_beside, run, run_again

from pef_tui.formats.chunks import XMP_TEXT, png_chunk
from pef_tui.readers.chunked import read_png_metadata
from pef_tui.testing import Exif, make, xmp_packet
from pef_tui.testing.exif import exif_block

pytestmark = pytest.mark.exiftool

EXIF = exif_block(Exif(date="2018:01:02 03:04:05", make="Cam"))
OTHER = exif_block(Exif(date="2017:01:02 03:04:05"))
XMP = xmp_packet(
    "<dc:subject><rdf:Bag><rdf:li>old</rdf:li></rdf:Bag></dc:subject>", dc="http://purl.org/dc/elements/1.1/"
)
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"


def profile(kind: bytes, block: bytes, name: bytes = b"tEXt") -> bytes:
    """Make a raw profile as ImageMagick writes it."""
    displayed = block.hex()
    lines = "\n".join(displayed[at : at + 72] for at in range(0, len(displayed), 72))
    text = f"\n{kind.decode()}\n{len(block):8d}\n{lines}\n".encode()
    head = b"Raw profile type " + kind + b"\0"
    if name == b"iTXt":
        return png_chunk(name, head + b"\0\0\0\0" + text)
    return png_chunk(name, head + (text if name == b"tEXt" else b"\0" + zlib.compress(text)))


TEXT_EXIF = {
    "raw profile": [profile(b"exif", b"Exif\0\0" + EXIF)],
    "without its head": [profile(b"exif", EXIF)],
    "packed": [profile(b"exif", b"Exif\0\0" + EXIF, b"zTXt")],
    "international": [profile(b"exif", b"Exif\0\0" + EXIF, b"iTXt")],
    "APP1": [profile(b"APP1", b"Exif\0\0" + EXIF, b"zTXt")],
    "twice the same": [profile(b"exif", b"Exif\0\0" + EXIF, b"zTXt"), png_chunk(b"eXIf", EXIF)],
    "behind claims": [png_chunk(b"caBX", b"jumb" * 9), png_chunk(b"eXIf", EXIF)],
}
TEXT_XMP = {
    "raw profile": [profile(b"xmp", XMP, b"zTXt")],
    "APP1": [profile(b"APP1", XMP_HEAD + XMP, b"zTXt")],
    "packed": [png_chunk(b"iTXt", XMP_TEXT[:-4] + b"\1\0\0\0" + zlib.compress(XMP))],
    "old packed": [png_chunk(b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress(XMP))],
    "old": [png_chunk(b"tEXt", b"XML:com.adobe.xmp\0" + XMP)],
    "twice the same": [profile(b"xmp", XMP, b"zTXt"), png_chunk(b"iTXt", XMP_TEXT + XMP)],
    "behind claims": [png_chunk(b"caBX", b"jumb" * 9), png_chunk(b"iTXt", XMP_TEXT + XMP)],
}
DIFFERENT = {
    "EXIF": [profile(b"exif", b"Exif\0\0" + OTHER, b"zTXt"), png_chunk(b"eXIf", EXIF)],
    "XMP": [profile(b"xmp", XMP + b" ", b"zTXt"), png_chunk(b"iTXt", XMP_TEXT + XMP)],
    "cut": [profile(b"exif", EXIF)[:-40] + b"x" * 40],
    "of IPTC": [profile(b"iptc", b"8BIM\4\4\0\0\0\0\0\0")],
}


def insert_blocks(chunks: list[bytes], behind: bool) -> bytes:
    """Make a PNG with these chunks before or after its image data."""
    data = make("png", 1)
    at = len(data) - 12 if behind else 33
    return data[:at] + b"".join(chunks) + data[at:]


def kinds(data: bytes) -> list[bytes]:
    """Return the names of the chunks of a PNG; those of text chunks with the keyword."""
    results, at = [], 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        word = data[at + 8 : at + 8 + length].partition(b"\0")[0]
        results.append(name + b":" + word if name.endswith(b"Xt") else name)
        at += 12 + length
    return results


def exiv2(path: Path) -> str:
    """Return what exiv2 reads; "" if it is not installed."""
    try:
        return subprocess.run(["exiv2", "-pa", str(path)], capture_output=True, check=False).stdout.decode()
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("writer", ["auto", "exiftool"])
def test_exif_in_a_text_becomes_one_block(tmp_path: Path, writer: str, behind: bool) -> None:
    files = {
        f"{name.replace(' ', '_')}.png": insert_blocks(chunks, behind) for name, chunks in TEXT_EXIF.items()
    }
    report = run(tmp_path, files, "--existing", "overwrite", "--writer", writer, "--verify", "100")
    for name, line in report.items():
        path = tmp_path / "out" / line["output"]
        if writer == "exiftool":
            assert line["outcome"] == "sidecar" and path.read_bytes() == files[name]
            continue
        assert (line["outcome"], line["writer"]) == ("written", "native"), line
        actual = kinds(path.read_bytes())
        assert actual.count(b"eXIf") == 1 and not any(b"Raw profile" in item for item in actual), name
        assert actual.index(b"eXIf") < actual.index(b"IDAT")
        assert (b"caBX" in actual) is (name == "behind_claims.png")
        with path.open("rb") as stream:
            state = read_png_metadata(stream)
        assert state is not None and state.tags["EXIF:DateTimeOriginal"] == "2019:07:01 10:34:56"
        assert state.tags["EXIF:Make"] == "Cam"
        if text := exiv2(path):
            dates = [row for row in text.splitlines() if "DateTimeOriginal" in row and "Exif" in row]
            assert len(dates) == 1 and "2019:07:01 10:34:56" in dates[0] and "Cam" in text
    assert {
        line["outcome"]
        for line in run_again(tmp_path, "--existing", "overwrite", "--writer", writer).values()
    } == {"unchanged"}


@pytest.mark.parametrize("behind", [False, True])
def test_the_date_of_exif_in_a_text_is_kept(tmp_path: Path, behind: bool) -> None:
    files = {
        f"{name.replace(' ', '_')}.png": insert_blocks(chunks, behind) for name, chunks in TEXT_EXIF.items()
    }
    for line in run(tmp_path, files, "--verify", "100").values():
        assert line["outcome"] == "written" and line["conflicts"][0]["file"] == "2018:01:02 03:04:05", line


@pytest.mark.parametrize("behind", [False, True])
def test_xmp_in_a_text_becomes_one_packet(tmp_path: Path, behind: bool) -> None:
    files = {
        f"{name.replace(' ', '_')}.png": insert_blocks(chunks, behind) for name, chunks in TEXT_XMP.items()
    }
    for name, line in run(tmp_path, files, "--verify", "100").items():
        assert (line["outcome"], line["writer"]) == ("written", "native"), line
        data = (tmp_path / "out" / line["output"]).read_bytes()
        actual = kinds(data)
        assert [item for item in actual if item.endswith(b"xmp")] == [b"iTXt:XML:com.adobe.xmp"], name
        assert b"<rdf:li>old</rdf:li>" in data and b"Ann Example" in data


@pytest.mark.parametrize("writer", ["auto", "exiftool"])
def test_two_blocks_that_differ_are_left_as_they_are(tmp_path: Path, writer: str) -> None:
    files = {
        f"{name.replace(' ', '_')}.png": insert_blocks(chunks, False) for name, chunks in DIFFERENT.items()
    }
    for name, line in run(tmp_path, files, "--writer", writer).items():
        assert line["outcome"] == "sidecar" and people_beside(tmp_path, line), line
        assert (tmp_path / "out" / line["output"]).read_bytes() == files[name]
