"""Make pictures of all formats except JPEG for the tests of the writer `native`."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from native_cases import CAMERA, DC, SAMPLES

from pef_tui.formats.chunks import XMP_TEXT, png_chunk, riff_chunk
from pef_tui.formats.gif_blocks import MAGIC_TRAILER, XMP_HEADER
from pef_tui.testing.exif import (
    Directory,
    Exif,
    Order,
    Stored,
    exif_block,
    long,
    octets,
    rational,
    short,
    text,
    tiff_block,
)
from pef_tui.testing.films import box
from pef_tui.testing.heif import avif, heic
from pef_tui.testing.heif_boxes import PIXELS, Heif, about, exif_item, heif, xmp_item
from pef_tui.testing.heif_boxes import Item as HeifItem
from pef_tui.testing.jpeg import xmp_packet
from pef_tui.testing.pictures import HEIGHT, WIDTH, dng, gif, png, tiff, webp

SUBJECTS = "<dc:subject><rdf:Bag><rdf:li>Ann</rdf:li><rdf:li>Bœuf, Bob</rdf:li></rdf:Bag></dc:subject>"
PACKET = xmp_packet(SUBJECTS, 'xmp:Rating="3"', dc=DC, xmp="http://ns.adobe.com/xap/1.0/")
LITTLE = exif_block(replace(CAMERA, maker_note=b""))
"""Tags without maker notes: outside of JPEG, ExifTool does not change EXIF with unknown maker notes."""
BIG = exif_block(Exif(date="2019:07:01 12:34:56", subsec="5", offset="+02:00", order="big"))
TEXTS = png_chunk(b"tEXt", b"Title\0A title") + png_chunk(
    b"tEXt", b"Creation Time\0Mon, 1 Jul 2019 12:00:00 GMT"
)


def png_with(*arguments: bytes, behind: bytes = b"", seed: int = 1) -> bytes:
    """Make a PNG with these chunks before its image data, and `behind` after it."""
    plain = png(seed)
    image, end = plain.index(b"IDAT") - 4, plain.index(b"IEND") - 4
    return plain[:image] + b"".join(arguments) + plain[image:end] + behind + plain[end:]


def pngs() -> dict[str, bytes]:
    exif, xmp = png_chunk(b"eXIf", LITTLE), png_chunk(b"iTXt", XMP_TEXT + PACKET)
    plain = png(1)
    image, end = plain.index(b"IDAT") - 4, plain.index(b"IEND") - 4
    data = plain[image + 8 : end - 4]
    parts = b"".join(png_chunk(b"IDAT", data[at : at + 100]) for at in range(0, len(data), 100))
    frame = (bytes(4) + WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + bytes(8) + b"\0\1\0\x0a\0\0",)
    animation = png_chunk(b"acTL", b"\0\0\0\1\0\0\0\0") + png_chunk(b"fcTL", frame[0])
    physical = png_chunk(b"pHYs", b"\0\0\x0b\x13\0\0\x0b\x13\1")
    offsets = png_chunk(b"iDOT", bytes(28))
    return {
        "plain": plain,
        "exif": png_with(exif),
        "big": png_with(png_chunk(b"eXIf", BIG)),
        "xmp": png_with(xmp, physical),
        "exif and xmp": png_with(physical, exif, TEXTS, xmp),
        "behind": png_with(TEXTS, behind=xmp + exif + TEXTS),
        "in pieces": plain[:image] + exif + parts + plain[end:],
        "animated": png_with(animation, xmp),
        "offsets": png_with(exif, physical, offsets),
        "texts": png_with(TEXTS, png_chunk(b"iTXt", "Author\0\0\0de\0Wer\0Zoë".encode()), behind=TEXTS),
    }


def extended(flags: int, *chunks: bytes) -> bytes:
    """Return a WebP with the extended header that tags require."""
    size = (WIDTH - 1).to_bytes(3, "little") + (HEIGHT - 1).to_bytes(3, "little")
    head = riff_chunk(b"VP8X", bytes((flags, 0, 0, 0)) + size)
    return riff_chunk(b"RIFF", b"WEBP" + head + b"".join(chunks))


def webps() -> dict[str, bytes]:
    still = webp(2)[12:]
    exif, xmp = riff_chunk(b"EXIF", LITTLE), riff_chunk(b"XMP ", PACKET)
    lossy = b"\x30\1\0\x9d\1\x2a" + WIDTH.to_bytes(2, "little") + HEIGHT.to_bytes(2, "little") + bytes(21)

    return {
        "plain": webp(1),
        "lossy": riff_chunk(b"RIFF", b"WEBP" + riff_chunk(b"VP8 ", lossy)),
        "animated": webp(1, frames=3),
        "extended": extended(0, still),
        "exif": extended(0x08, still, exif),
        "xmp": extended(0x04, still, xmp),
        "exif and xmp": extended(0x0C, still, exif, xmp),
        "xmp and exif": extended(0x0C, still, xmp, exif),
        "big": extended(0x08, still, riff_chunk(b"EXIF", BIG)),
        "transparent": extended(0x10, riff_chunk(b"ALPH", b"\0" * 9), riff_chunk(b"VP8 ", lossy)),
        "profile": extended(0x20, riff_chunk(b"ICCP", bytes(128)), still),
    }


def gifs() -> dict[str, bytes]:
    still, packet = gif(1), XMP_HEADER + PACKET.strip() + MAGIC_TRAILER
    image = still.index(b"\x21\xf9")
    comment, frame = b"\x21\xfe\x05hello\0", b"\x2c" + bytes(9) + b"\2"
    return {
        "plain": still,
        "animated": gif(2, frames=4),
        "old": b"GIF87a" + still[6:image] + still[image + 8 :],
        "comment": still[:image] + comment + still[image:],
        "xmp": still[:image] + packet + still[image:],
        "xmp behind": still[:-1] + comment + packet + still[-1:],
        "bytes behind": still + b"behind the end",
        "two pieces": gif(3)[:-1] + frame + (b"\xff" + bytes(range(255))) * 5000 + b"\0;",
    }


def _strip(order: Order, extra: Directory) -> Directory:
    """Make the directory of a picture in one strip."""
    data = bytes(range(WIDTH * HEIGHT))
    return {
        0x100: short(order, WIDTH),
        0x101: short(order, HEIGHT),
        0x102: short(order, 8),
        0x103: short(order, 1),
        0x106: short(order, 1),
        0x111: Stored(data),
        0x116: short(order, HEIGHT),
        0x117: long(order, len(data)),
        **extra,
    }


def _camera(order: Order) -> Directory:
    camera: Directory = {
        0x9000: octets(b"0220"),
        0x9003: text("2019:07:01 12:34:56"),
        0x9004: text("2019:07:01 12:34:56"),
        0x9291: text("07"),
    }
    place: Directory = {
        0: octets(b"\2\3\0\0", 1),
        1: text("N"),
        2: rational(order, 48, 51, 28.8),
        3: text("E"),
        4: rational(order, 2, 17, 40.2),
    }
    return {0x10F: text("Kamera"), 0x10E: text("DSC"), 0x8769: camera, 0x8825: place}


def tiffs() -> dict[str, bytes]:
    little, big = _strip("little", {}), _strip("big", _camera("big"))
    xmp: Directory = {0x2BC: octets(PACKET.strip(), 1)}
    small: Directory = {0x14A: _strip("little", {0xFE: long("little", 1)})}
    return {
        "plain": tiff(1),
        "plain and big": tiff(1, "big"),
        "camera": tiff_block(_strip("little", _camera("little"))),
        "camera, big": tiff_block(big, order="big"),
        "xmp": tiff_block(_strip("little", xmp)),
        "xmp and camera": tiff_block(_strip("little", _camera("little") | xmp)),
        "three pages": tiff_block(_strip("little", _camera("little")), little, little),
        "odd": tiff_block(little) + b"\0",
        "a picture inside": tiff_block(_strip("little", _camera("little") | small)),
    }


def dngs() -> dict[str, bytes]:
    version: Directory = {0xC612: octets(b"\1\4\0\0", 1), 0x110: text("made up")}
    inside: Directory = {0xFE: long("little", 1), 0x14A: _strip("little", {0xFE: long("little", 0)})}
    xmp: Directory = {0x2BC: octets(PACKET.strip(), 1)}
    return {
        "plain": dng(1),
        "big": dng(2, "big"),
        "xmp": tiff_block(_strip("little", version | _camera("little") | xmp)),
        "phone": tiff_block(_strip("little", version | _camera("little") | inside)),
    }


PICTURE = HeifItem(1, b"hvc1", PIXELS)
OWN = about(3, 1), about(4, 1)
GAIN = (HeifItem(2, b"hvc1", PIXELS[:90]), about(2, 1, kind=b"auxl"))
"""A gain map: how much brighter each part of a picture may be shown. Phones store it beside the picture."""
GAIN_PACKET = xmp_packet(
    "<x:HDRGainMapVersion>65536</x:HDRGainMapVersion>", x="http://ns.apple.com/HDRGainMap/1.0/"
)
IN_LAST_MEDIA: dict[str, Any] = {"order": ("ftyp", "meta", "mdat", "mdat")}
MOTION = {"film": box(b"mpvd", box(b"ftyp", b"mp42", bytes(4)), bytes(range(250)))}


def heics() -> dict[str, bytes]:
    exif, xmp = exif_item(3, LITTLE), xmp_item(4, PACKET)
    tags, wide = (PICTURE, exif, xmp), HeifItem(70_000, b"hvc1", PIXELS, version=3)
    tiles = [HeifItem(number, b"hvc1", PIXELS[number:], cuts=(50, 300)) for number in range(5, 40)]
    grid = HeifItem(1, b"grid", bytes(8), method=1), about(1, *range(5, 40), kind=b"dimg")
    layouts = {
        "plain": Heif([PICTURE]),
        "exif": Heif([PICTURE, exif], OWN[:1]),
        "big": Heif([PICTURE, exif_item(3, BIG, bytes(4))], OWN[:1]),
        "xmp": Heif([PICTURE, xmp], OWN[1:]),
        "exif and xmp": Heif(tags, OWN),
        "xmp and exif": Heif([xmp, exif, PICTURE], OWN, before=b"nobody's"),
        "an odd head": Heif([PICTURE, exif_item(3, LITTLE, b"\0\0\0\x09Exif\0\0odd")], OWN[:1]),
        "tiles": Heif([grid[0], *tiles, exif], [grid[1], *OWN[:1]], iloc=1),
        "tiles, all long": Heif([grid[0], *tiles, xmp], [grid[1], *OWN[1:]], iloc=2, sizes=(8, 8, 8, 8)),
        "bases": Heif(tags, OWN, sizes=(4, 4, 4, 0), based=True),
        "nothing but bases": Heif(tags, OWN, iloc=1, sizes=(0, 4, 4, 4), based=True),
        "bases, no tags": Heif([PICTURE], sizes=(0, 4, 4, 0), based=True),
        "large numbers": Heif([wide, xmp], [about(4, 70_000)], wide_numbers=True, iloc=2, primary=70_000),
        "large numbers, no tags": Heif([wide], wide_numbers=True, iloc=2, primary=70_000),
        "index behind": Heif([PICTURE, exif], OWN[:1], order=("ftyp", "mdat", "meta")),
        "two places": Heif([PICTURE, exif_item(3, LITTLE, place=1)], OWN[:1], **IN_LAST_MEDIA),
        "two places, the first empty": Heif([HeifItem(1, b"hvc1", PIXELS, place=1)], **IN_LAST_MEDIA),
        "to the end": Heif(tags, OWN, to_the_end=True),
        "long": Heif(tags, OWN, long_media=True),
        "free space": Heif(
            tags,
            OWN,
            order=("ftyp", "free", "meta", "free", "mdat"),
            others={"free": box(b"free", bytes(90))},
        ),
        "motion photo": Heif(tags, OWN, order=("ftyp", "meta", "mdat", "film"), others=MOTION),
        "gain map": Heif([PICTURE, GAIN[0], xmp_item(4, GAIN_PACKET)], [about(4, 2), GAIN[1]]),
        "gain map and xmp": Heif(
            [PICTURE, GAIN[0], xmp_item(5, GAIN_PACKET), xmp], [about(5, 2), GAIN[1], *OWN[1:]]
        ),
    }
    return {name: heif(item) for name, item in layouts.items()} | {"a real one": heic(1)}


def heifs() -> dict[str, bytes]:
    exif, xmp = exif_item(3, LITTLE), xmp_item(4, PACKET)
    layouts = {
        "xmp": Heif([PICTURE, xmp], OWN[1:], b"mif1"),
        "both": Heif([PICTURE, exif, xmp], OWN, b"mif1"),
    }
    return {name: heif(item) for name, item in layouts.items()} | {"a real one": heic(1, b"mif1")}


def avifs() -> dict[str, bytes]:
    picture, exif, xmp = HeifItem(1, b"av01", PIXELS), exif_item(3, BIG), xmp_item(4, PACKET)
    layouts = {
        "xmp": Heif([picture, xmp], OWN[1:], b"avif"),
        "both": Heif([picture, exif, xmp], OWN, b"avif"),
    }
    return {name: heif(item) for name, item in layouts.items()} | {"a real one": avif(1)}


def grafted(format: str) -> dict[str, bytes]:
    """Return pictures of another format with the EXIF that cameras wrote into the sample JPEGs."""
    entries = {}
    for path in sorted(SAMPLES.glob("*/*.jpg")) if SAMPLES.exists() and format in GRAFTS else ():
        if (block := _exif_of(path.read_bytes())) is not None:
            entries[f"EXIF of {path.name}"] = GRAFTS[format](block)
    return entries


def _exif_of(data: bytes) -> bytes | None:
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1] != 0xDA:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 4 : at + 10] == b"Exif\0\0":
            return data[at + 10 : at + 2 + length]
        at += 2 + length
    return None


MADE = {"gif": gifs, "png": pngs, "webp": webps, "tiff": tiffs, "dng": dngs} | {
    "heic": heics,
    "heif": heifs,
    "avif": avifs,
}
"""The pictures by the name of their format."""
GRAFTS = {
    "png": lambda block: png_with(png_chunk(b"eXIf", block)),
    "webp": lambda block: extended(0x08, webp(2)[12:], riff_chunk(b"EXIF", block)),
    "heic": lambda block: heif(Heif([PICTURE, exif_item(3, block)], OWN[:1])),
}
"""For each format: a function that returns a picture with this EXIF."""
