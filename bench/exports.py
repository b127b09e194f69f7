"""Make exports for measurements, of any size and mix of formats, with the same bytes each time.

python bench/exports.py FOLDER --count 20000 --kilobytes 40 --mix jpeg=70,heic=15,mp4=10,png=5
"""

from __future__ import annotations

import argparse
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import orjson
from msgspec import Struct, field

from pef_tui.testing.exif import Exif
from pef_tui.testing.export import sidecar
from pef_tui.testing.jpeg import jpeg
from pef_tui.testing.media import make

TAKEN = 1_561_977_296
CAMERA = Exif(
    date="2019:07:01 12:34:56", subsec="12", make="Kamera", model="5", maker_note=bytes(range(256)) * 16
)
EXTENSIONS = {"jpeg": ".jpg", "heic": ".heic", "mp4": ".mp4", "mov": ".mov", "png": ".png", "webp": ".webp"}
JPEGS = {"jpeg": 100}


class Spec(Struct, frozen=True):
    """The content of an export."""

    count: int = 2000
    """Pictures and videos."""
    kilobytes: int = 40
    """Of each; films are ten times as long."""
    mix: dict[str, int] = field(default_factory=lambda: dict(JPEGS))
    """Format by weight."""
    folders: int = 1
    tagged: int = 100
    """Of a hundred sidecars, how many have place, people and description."""
    like: Path | None = None
    """Folder of JPEGs that cameras made: their headers are taken in turn."""


def build(root: Path, spec: Spec) -> list[Path]:
    """Make `Takeout/Google Photos` below `root`; return the media files in the order of their creation."""
    models = _models(spec)
    rest = random.Random(1).randbytes(max(1, spec.kilobytes) * 10_000).replace(b"\xff", b"\xfe")
    made = []
    for number, format in enumerate(_formats(spec)):
        folder = root / "Takeout" / "Google Photos" / f"Photos from {1900 + number % spec.folders}"
        if number < spec.folders:
            folder.mkdir(parents=True)
        path = folder / f"IMG_{number:07}{EXTENSIONS[format]}"
        size = spec.kilobytes * 1000 * (10 if format in ("mp4", "mov") else 1)
        model = models[number % len(models)] if models and format == "jpeg" else None
        path.write_bytes(padded(format, number, size, rest, model))
        (folder / f"{path.name}.supplemental-metadata.json").write_bytes(
            orjson.dumps(said(path.name, number, spec))
        )
        made.append(path)
    return made


def said(name: str, number: int, spec: Spec) -> dict[str, object]:
    """Return the sidecar of one file."""
    if number % 100 >= spec.tagged:
        return sidecar(name, taken=TAKEN + number)
    return sidecar(
        name, taken=TAKEN + number, place=(48.85, 2.35), people=["Ann", "Bob"], description="At sea"
    )


def _formats(spec: Spec) -> Iterator[str]:
    names, weights = [*spec.mix], [*spec.mix.values()]
    chance = random.Random(2)
    for _ in range(spec.count):
        yield chance.choices(names, weights)[0]


def _models(spec: Spec) -> list[bytes]:
    """Return the pictures of the folder, except those that are too large."""
    if spec.like is None:
        return []
    paths = sorted(path for path in spec.like.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    found = [path.read_bytes() for path in paths if path.stat().st_size <= spec.kilobytes * 1000]
    return [data for data in found if data.endswith(b"\xff\xd9")]


def padded(format: str, number: int, size: int, rest: bytes, model: bytes | None = None) -> bytes:
    """Return a file of about `size` bytes; every second JPEG without model has EXIF of a camera with maker notes."""
    if format == "jpeg":
        data = model or jpeg(number, exif=CAMERA if number % 2 else None)
        return data[:-2] + rest[: max(0, size - len(data))] + data[-2:]
    data = make(format, number)
    filler = rest[: max(0, size - len(data))]
    if format == "png":
        chunk = b"peNd" + filler
        crc = struct.pack(">I", zlib.crc32(chunk))
        return data[:-12] + struct.pack(">I", len(filler)) + chunk + crc + data[-12:]
    if format == "webp":
        still = data[20 : 20 + int.from_bytes(data[16:20], "little")] + filler
        body = data[8:16] + struct.pack("<I", len(still)) + still + bytes(len(still) % 2)
        return data[:4] + struct.pack("<I", len(body)) + body
    return data + struct.pack(">I", len(filler) + 8) + b"mdat" + filler


def mix(text: str) -> dict[str, int]:
    """Parse `jpeg=70,heic=30` into weights."""
    return {name: int(weight) for name, _, weight in (part.partition("=") for part in text.split(","))}


def add_options(parser: argparse.ArgumentParser, count: int, kilobytes: int) -> None:
    """Add the options for the content of the export."""
    parser.add_argument("--count", type=int, default=count, help="pictures and videos")
    parser.add_argument(
        "--kilobytes", type=int, default=kilobytes, help="size of each (films: ten times that)"
    )
    parser.add_argument("--mix", type=mix, default=JPEGS, help="jpeg=70,heic=15,mp4=10,png=5")
    parser.add_argument("--folders", type=int, default=1)
    parser.add_argument(
        "--like", type=Path, metavar="FOLDER", help="JPEGs of cameras, whose headers are taken in turn"
    )
    parser.add_argument("--tagged", type=int, default=100, help="of 100 sidecars, how many have all tags")


def spec_of(given: argparse.Namespace) -> Spec:
    """Return the content that the options select."""
    return Spec(given.count, given.kilobytes, given.mix, given.folders, given.tagged, given.like)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    add_options(parser, 2000, 40)
    given = parser.parse_args()
    build(given.folder, spec_of(given))
