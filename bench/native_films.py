"""Compare reading and writing the tags of videos natively and by ExifTool, in processor time.

    python bench/native_films.py [COUNT] [MEGABYTES] [FOLDER]

Uses COUNT small videos (200) and a tenth as many of MEGABYTES (50), below FOLDER (a temporary one), each with dates,
place, description and people to write; half of them have their index first. Includes the time of ExifTool's process.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pef_tui.exiftool.locate import locate
from pef_tui.filesystem.copying import CopyMethods, assemble
from pef_tui.hooks import Staged, WriterSession
from pef_tui.model import CaptureTime, FileMetadata, Geo, Match, MediaFile, Person, Plan, Sidecar
from pef_tui.native.writer import compose
from pef_tui.output.exiftool_writer import exiftool_writer
from pef_tui.readers.native_readers import READERS
from pef_tui.readers.reader_pool import TagReaders
from pef_tui.tags.dates import dates
from pef_tui.tags.gps import gps
from pef_tui.tags.keywords import people
from pef_tui.tags.policy import decide
from pef_tui.tags.text import text
from pef_tui.testing.phone_films import PhoneFilm, phone_film

TAKEN = 1_561_977_296
SAID = Sidecar(
    title="a.mp4", description="At sea", geo_data=Geo(48.85, 2.35), people=(Person("Ann"), Person("Bob"))
)
ORDERS = (("ftyp", "free", "mdat", "moov"), ("ftyp", "moov", "free", "mdat"))


def build(folder: Path, count: int, size: int) -> list[Path]:
    """Make videos whose media data is padded to about this size."""
    folder.mkdir(parents=True)
    filler = os.urandom(1 << 20).replace(b"mdat", b"mxat")
    paths = []
    for number in range(count):
        order = ORDERS[number % 2]
        data = phone_film(PhoneFilm("mov" if number % 3 == 0 else "mp4", order=order, chunks=300), number)
        at = data.index(b"mdat") + 4
        end = at - 8 + int.from_bytes(data[at - 8 : at - 4], "big")
        more = max(0, size - len(data))
        path = folder / f"{number:05}.mp4"
        with path.open("wb") as stream:
            stream.write(data[: at - 8] + (end - at + 8 + more).to_bytes(4, "big") + data[at - 4 : end])
            for start in range(0, more, len(filler)):
                stream.write(filler[: more - start])
            stream.write(data[end:])
        paths.append(path)
    return paths


def read_natively(paths: Sequence[Path], format: str) -> list[FileMetadata]:
    states = []
    for path in paths:
        with path.open("rb") as stream:
            states.append(READERS[format](stream))
    assert None not in states
    return [state for state in states if state is not None]


def planned(path: Path, state: FileMetadata) -> Plan:
    media = MediaFile(0, str(path), path.stat().st_size, path.stat().st_mtime_ns)
    match = Match(media, "", sidecar=SAID, metadata=state, capture_time=CaptureTime(TAKEN, 120, "gps"))
    wanted = [edit for mapper in (dates, gps, people, text) for edit in mapper(match)]
    return Plan(match, "written", decide(match, wanted, "overwrite").edits)


def put_together(paths: Sequence[Path], plans: Sequence[Plan], folder: Path) -> None:
    """Write each from its source, as a run does, and remove it again."""
    ways = CopyMethods()
    for path, plan in zip(paths, plans, strict=True):
        new = folder / f"new{path.suffix}"
        with path.open("rb") as source, new.open("wb+") as target:
            pieces = compose(plan, source)
            assert isinstance(pieces, tuple), pieces
            assemble(pieces, source.fileno(), target.fileno(), ways)
        new.unlink()


def write_copies(session: WriterSession, paths: Sequence[Path], plans: Sequence[Plan], folder: Path) -> None:
    """Copy, write and remove each."""
    for path, plan in zip(paths, plans, strict=True):
        copy = folder / f"copy{path.suffix}"
        shutil.copyfile(path, copy)
        [answer] = session.write([Staged(plan, str(copy))])
        assert answer.outcome == "written", answer
        copy.unlink()


def processor() -> float:
    """Return the processor seconds of this process and its finished children."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in found)


def spent(work: Callable[[], object], files: int, what: str) -> None:
    """Print the processor time for a file in milliseconds, including finished children."""
    before, start = processor(), time.perf_counter()
    work()
    used, end = processor() - before, time.perf_counter()
    print(
        f"{what:32} {used / files * 1e3:8.2f} ms of processor, {(end - start) / files * 1e3:8.2f} ms a file"
    )


def measure(paths: Sequence[Path], exiftool: str, folder: Path, format: str = "mp4") -> None:
    """Print the time for reading, copying and writing these files, for each alternative."""
    states = read_natively(paths, format)
    plans = [planned(path, state) for path, state in zip(paths, states, strict=True)]
    sizes = [(str(path), path.stat().st_size) for path in paths]

    def reading() -> None:
        readers = TagReaders(exiftool, 1)
        readers.read(sizes)
        readers.close()

    def writing() -> None:
        session = exiftool_writer(exiftool).open()
        write_copies(session, paths, plans, folder)
        session.close()

    def copying() -> None:
        for path in paths:
            shutil.copyfile(path, folder / "copy.bin")
            (folder / "copy.bin").unlink()

    spent(lambda: read_natively(paths, format), len(paths), "read natively")
    spent(reading, len(paths), "read by ExifTool")
    spent(copying, len(paths), "copied")
    spent(lambda: put_together(paths, plans, folder), len(paths), "written natively")
    spent(writing, len(paths), "written by ExifTool")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("count", nargs="?", type=int, default=200)
    parser.add_argument("megabytes", nargs="?", type=int, default=50)
    parser.add_argument("folder", nargs="?")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        for count, size, words in (
            (asked.count, 0, "small films"),
            (max(1, asked.count // 10), asked.megabytes * 1_000_000, f"films of {asked.megabytes} MB"),
        ):
            folder = Path(name) / words.replace(" ", "-")
            print(f"{count} {words}")
            measure(build(folder, count, size), locate().path, Path(name))
            shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
