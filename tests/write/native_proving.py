"""Writing natively and by ExifTool, and comparing what ExifTool reads of both."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import orjson
from exiftool_cases import EXIFTOOL
from native_cases import format_of, written

from pef_tui.exiftool import Process
from pef_tui.formats import FORMATS
from pef_tui.hooks import Staged
from pef_tui.model import Plan
from pef_tui.write.exiftool_writer import exiftool_writer

HOUSEKEEPING = {
    r"^SourceFile$|^File:System:": "where and when it was written; how large it is",
    r"^ExifTool:": "warnings: ExifTool mends what it moves (offsets of maker notes), the native writer moves nothing",
    r"^XMP:XMP-x:XMPToolkit$": "ExifTool signs what it writes",
    r"Offsets?$|ImageStart$|JpgFromRawStart$": "where something lies in the file; what lies there is compared itself",
    r"^QuickTime:MediaData(Size)?$": "in HEIF the blocks of tags lie there too; image data is compared itself",
}

MENDED = {
    r"^MakerNotes:Panasonic:DataDump$": "es_jpg_Panasonic_DMC-FZ30.jpg",
    r"^MakerNotes:GE:GE_0x020[06]$": "et_GE.jpg",
    r"^PrintIM:": "et_Nikon.jpg",
}
"""Tags that ExifTool leaves out until it has rewritten notes whose offsets look odd to it, or where it takes a
directory for one that it has read already, because that one's offset, from another base, is the same."""

ROOM = 1777
"""Bytes of room before the image data that every other case is written with, as on disks that share blocks."""

_HOUSEKEEPING = re.compile("|".join(HOUSEKEEPING))
Tags = Counter[tuple[str, bytes]]


def read_back(process: Process, paths: Sequence[Path], *more: str) -> list[Tags]:
    """What each file says: tag and value, without the number of a copy (ExifTool reorders XMP)."""
    found = []
    for start in range(0, len(paths), 300):
        names = [str(path) for path in paths[start : start + 300]]
        answer = process.run(["-j", "-a", "-u", "-G0:1:4", "-n", "-struct", *more, *names])
        found += [
            Counter((re.sub(r":Copy\d+", "", tag), orjson.dumps(value)) for tag, value in each.items())
            for each in orjson.loads(answer.stdout)
        ]
    return found


def differences(first: Tags, second: Tags) -> dict[str, tuple[bytes | None, bytes | None]]:
    ours, theirs = dict((first - second).keys()), dict((second - first).keys())
    return {
        tag: (ours.get(tag), theirs.get(tag))
        for tag in ours.keys() | theirs.keys()
        if not _HOUSEKEEPING.search(tag)
    }


def both(
    tmp_path: Path, cases: Sequence[tuple[str, Plan, bytes]]
) -> tuple[list[str], list[Path], list[Path]]:
    """Write each case natively and by ExifTool; what ExifTool's writer answered, and the files."""
    native, theirs, staged = [], [], []
    for number, (_, plan, data) in enumerate(cases):
        new = written(plan, data, ROOM * (number % 2))
        if not isinstance(new, bytes):
            new = written(plan, data)
        assert isinstance(new, bytes)
        ending = FORMATS[format_of(data)].extensions[0]
        native.append(tmp_path / f"{number}n{ending}")
        theirs.append(tmp_path / f"{number}e{ending}")
        native[-1].write_bytes(new)
        theirs[-1].write_bytes(data)
        staged.append(Staged(plan, str(theirs[-1])))
    session = exiftool_writer(EXIFTOOL).open()
    words = [each.word for each in session.write(staged)]
    session.close()
    return words, native, theirs
