"""exiv2 (digiKam, darktable) reads the same from each output as from its source, except the written tags."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_tags_never_lost import run_again

from pef_tui.testing import Exif, Item, jpeg, make, oddities, sidecar, takeout, xmp_packet

pytestmark = [
    pytest.mark.exiftool,
    pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed"),
]

SAMPLES = Path(__file__).parents[3] / "shared/samples"
FOLDER = "Photos from 2019/"
WRITTEN = re.compile(
    r"Xmp\.(photoshop\.DateCreated|dc\.(subject|description)|iptcExt|lr|digiKam|xmp\.|exif\.|tiff\.)"
    r"|Xmp\.(video|audio)\.|Xmp\.xmpNote\.HasExtendedXMP"
    r"|Exif\.(GPSInfo|Photo\.(DateTime|OffsetTime|SubSec|ExifVersion|UserComment)|Image\.(ImageDescription|DateTime))"
    r"|Iptc\.(Application2\.(Keywords|Caption)|Envelope)"
)
"""Tags that may differ: written tags; names and sizes of videos; XMP in several parts, which ExifTool joins."""
PLACES = re.compile(
    r"Tag$|Offset|JPEGInterchangeFormat$|MakerNote|XMLPacket|Strip|Tile|SubIFDs|DNGPrivateData|PreviewImageStart|PrintIM"
)
"""Positions in the file, and tags with positions."""


def seen(path: Path) -> dict[str, list[str]]:
    """Return what exiv2 reads, by key."""
    result = subprocess.run(["exiv2", "-pa", str(path)], capture_output=True, check=False)
    results: dict[str, list[str]] = {}
    for line in result.stdout.decode("utf-8", "replace").splitlines():
        words = line.split()
        if words and re.match(r"(Exif|Xmp|Iptc)\.", words[0]):
            results.setdefault(words[0], []).append(" ".join(words[1:]))
    return results


def made() -> dict[str, bytes]:
    packet = xmp_packet(
        '<xap:CreatorTool xmlns:xap="http://ns.adobe.com/xap/1.0/">A</xap:CreatorTool>',
        dc="http://purl.org/dc/elements/1.1/",
    )
    files = {f"{form}.{form}": make(form, 1) for form in ("png", "webp", "heic", "avif")}
    files["xap.jpg"] = jpeg(1, xmp=packet)
    files["camera.jpg"] = jpeg(1, exif=Exif(make="Cam", model="One", maker_note=bytes(range(200))))
    return files | {
        name: data for name, data in oddities().items() if name.endswith(".jpg") and len(data) > 999
    }


def compared(root: Path, files: dict[str, bytes], writer: str) -> dict[str, list[str]]:
    """Return, by file, the keys that exiv2 no longer reads as before."""
    items: dict[str, Any] = {
        FOLDER + name: Item(sidecar(name, people=["Ann"], place=(48.2, 16.4), description="A text"), data)
        for name, data in files.items()
    }
    takeout(root, items)
    wrong: dict[str, list[str]] = {}
    for name, line in run_again(root, "--writer", writer, "--existing", "overwrite", code=None).items():
        (source,) = root.glob(f"Takeout/*/{FOLDER}{name}")
        state_before, state_after = seen(source), seen(root / "out" / line["output"])
        for key, value in state_before.items():
            if WRITTEN.match(key) or state_after.get(key) == value:
                continue
            if key not in state_after or (line["writer"] == "native" and not PLACES.search(key)):
                wrong.setdefault(name, []).append(key)
    return wrong


@pytest.mark.parametrize("writer", ["auto", "exiftool"])
def test_of_made_files(tmp_path: Path, writer: str) -> None:
    assert compared(tmp_path, made(), writer) == {}


@pytest.mark.long
@pytest.mark.shared
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not there")
@pytest.mark.parametrize("writer", ["auto", "exiftool"])
def test_of_samples(tmp_path: Path, writer: str) -> None:
    files = {path.name: path.read_bytes() for path in SAMPLES.rglob("*.*") if path.suffix != ".md"}
    assert compared(tmp_path, files, writer) == {}
