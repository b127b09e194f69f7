"""Write natively and with ExifTool, and compare what ExifTool reads from both."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import orjson
from exiftool_cases import EXIFTOOL
from native_cases import format_of, write_native

from pef_tui.exiftool import ExifToolProcess
from pef_tui.exiftool.locate import ask_version
from pef_tui.formats import FORMATS
from pef_tui.hooks import Staged
from pef_tui.model import Plan
from pef_tui.output.exiftool_writer import exiftool_writer

HOUSEKEEPING = {
    r"^SourceFile$|^File:System:": "where and when it was written; how large it is",
    r"^ExifTool:": "warnings: ExifTool repairs offsets of maker notes that it moves, the native writer moves none",
    r"^XMP:XMP-x:XMPToolkit$": "ExifTool signs what it writes",
    r"Offsets?$|ImageStart$|JpgFromRawStart$": "positions in the file; the data at these positions is compared",
    r"^QuickTime:MediaData(Size)?$": "in HEIF the blocks of tags lie there too; image data is compared itself",
}

MENDED = {
    r"^MakerNotes:Panasonic:DataDump$": "es_jpg_Panasonic_DMC-FZ30.jpg",
    r"^MakerNotes:GE:GE_0x020[06]$": "et_GE.jpg",
    r"^PrintIM:": "et_Nikon.jpg",
}
"""Tags that ExifTool leaves out before it has rewritten the notes.

The offsets in the notes look odd to it; or it takes a directory for one that it has read, because both have the same
offset from different bases.
"""

DEFAULTS = {
    "EXIF:IFD0:XResolution": b"72",
    "EXIF:IFD0:YResolution": b"72",
    "EXIF:IFD0:ResolutionUnit": b"2",
    "EXIF:ExifIFD:FlashpixVersion": b'"0100"',
}
"""Tags that the native writer adds to a new EXIF block, as EXIF 2.3 requires them. ExifTool adds them before 13.23."""

ROOM = 1777
"""Number of padding bytes before the image data. Every other case has them, as on disks that share blocks."""

_HOUSEKEEPING = re.compile("|".join(HOUSEKEEPING))
Tags = Counter[tuple[str, bytes]]


def read_back(process: ExifToolProcess, paths: Sequence[Path], *options: str) -> list[Tags]:
    """Return tags and values of each file, without the numbers of copies. (ExifTool reorders XMP.)"""
    results = []
    for start in range(0, len(paths), 300):
        names = [str(path) for path in paths[start : start + 300]]
        answer = process.run(["-j", "-a", "-u", "-G0:1:4", "-n", "-struct", *options, *names])
        results += [
            Counter((re.sub(r":Copy\d+", "", tag), orjson.dumps(value)) for tag, value in each.items())
            for each in orjson.loads(answer.stdout)
        ]
    return results


def differences(first: Tags, second: Tags) -> dict[str, tuple[bytes | None, bytes | None]]:
    """Return the values of tags that differ. `first`: written natively, `second`: written by ExifTool.

    `DEFAULTS` may be missing in `second`, if this version of ExifTool does not add them.
    """
    produced, reference = dict((first - second).keys()), dict((second - first).keys())
    return {
        tag: (produced.get(tag), reference.get(tag))
        for tag in produced.keys() | reference.keys()
        if not _HOUSEKEEPING.search(tag)
        and not (
            tag not in reference
            and tag in DEFAULTS
            and produced[tag] == DEFAULTS[tag]
            and not adds_defaults()
        )
    }


def adds_defaults() -> bool:
    """Return whether ExifTool itself adds `DEFAULTS` to a new EXIF block: before 13.23."""
    return version_of_exiftool() < (13, 23)


def version_of_exiftool() -> tuple[int, ...]:
    """Return the version of ExifTool on PATH: (13, 9) for 13.09."""
    return tuple(map(int, ask_version(EXIFTOOL).split(".")))


def write_both(
    tmp_path: Path, cases: Sequence[tuple[str, Plan, bytes]]
) -> tuple[list[str], list[Path], list[Path]]:
    """Write each case natively and with ExifTool. Return the answers of ExifTool's writer, and both lists of files."""
    native: list[Path] = []
    reference: list[Path] = []
    staged: list[Staged] = []
    for number, (_, plan, data) in enumerate(cases):
        new = write_native(plan, data, ROOM * (number % 2))
        if not isinstance(new, bytes):
            new = write_native(plan, data)
        assert isinstance(new, bytes)
        ending = FORMATS[format_of(data)].extensions[0]
        native.append(tmp_path / f"{number}n{ending}")
        reference.append(tmp_path / f"{number}e{ending}")
        native[-1].write_bytes(new)
        reference[-1].write_bytes(data)
        staged.append(Staged(plan, str(reference[-1])))
    session = exiftool_writer(EXIFTOOL).open()
    words: list[str] = [result.outcome for result in session.write(staged)]
    session.close()
    return words, native, reference
