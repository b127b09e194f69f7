"""The command with a stand-in for the run: what SOURCE names happens. Started as a program by the tests."""

import hashlib
import os
import sys
import time
import types
from collections.abc import Iterator

from pef_tui.errors import DestLocked, ExifToolMissing, RunError, UsageError
from pef_tui.model import (
    CaptureTime,
    Conflict,
    JsonFile,
    JsonRecord,
    Match,
    MediaFile,
    MediaOutcome,
    OtherRecord,
    Outcome,
    Plan,
    Record,
    TagEdit,
)
from pef_tui.plugins import host as plugins
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings

HOSTILE = "Photos from 2019/\x1b]0;owned\x07\u202egpj.\udcff.jpg"


def media(path: str, word: MediaOutcome = "copied", reason: str = "") -> Outcome:
    match = Match(MediaFile(0, path, 10, 0), path.rpartition("/")[0])
    return Outcome(Plan(match, "copied"), word, output=path, reason=reason, size=10)


def plain(progress: Progress) -> Iterator[Record]:
    progress.sources, progress.output, progress.exiftool = ("/photos",), "/photos-fixed", "12.57"
    file = JsonFile(1, "Photos from 2019/a.jpg.json", 5, 0, "sidecar")
    match = Match(MediaFile(0, "Photos from 2019/a.jpg", 7, 0), "Photos from 2019", json=file, rule="exact")
    match = Match(
        match.media, match.folder, None, file, "exact", capture_time=CaptureTime(1561977296, 120, "gps")
    )  # 2019-07-01 10:34:56 UTC
    edits = (
        TagEdit("EXIF:DateTimeOriginal", "2019:07:01 12:34:56"),
        TagEdit("XMP-dc:Subject", ("Ann", "Bé")),
    )
    conflicts = (Conflict("place", "EXIF:GPSLatitude", 1.5, 2.5),)
    plan = Plan(match, "written", edits, conflicts=conflicts, warnings=("one",))
    yield Outcome(
        plan,
        "written",
        "Photos from 2019/a.jpg",
        "native",
        warnings=("one", "two"),
        size=2_000_000,
        mtime_ns=1561977296 * 10**9,
        xmp=(300, 0),
    )
    yield media(HOSTILE)
    yield JsonRecord(file, "used")
    yield JsonRecord(JsonFile(0, "Photos from 2019/b.json", 5, 0), "invalid", "line 1")
    yield OtherRecord(MediaFile(0, "archive_browser.html", 1, 0))


def slow(progress: Progress) -> Iterator[Record]:
    progress.counted = lambda: 600
    progress.begin_work(is_preview=False)
    try:
        for number in range(600):
            if progress.stop.is_set():
                return
            yield media(f"Trip/{number}.jpg")
            time.sleep(0.05)
    finally:
        progress.notes.append("closed well")


def stuck(progress: Progress) -> Iterator[Record]:
    yield media("a.jpg")
    hashlib.pbkdf2_hmac("sha256", b"", b"", 100_000_000)  # half a minute outside the interpreter


def waiting(progress: Progress) -> Iterator[Record]:
    yield media("a.jpg")
    for _ in range(300):
        time.sleep(0.1)


def many(progress: Progress) -> Iterator[Record]:
    for number in range(200_000):
        if progress.stop.is_set():
            return
        yield media(f"Trip/{number}.jpg")


def failing(progress: Progress) -> Iterator[Record]:
    for number in range(100):
        if progress.stop.is_set():
            return
        yield media(f"Trip/{number}.jpg", "failed", "a bad\nreason")


def printing(progress: Progress) -> Iterator[Record]:
    print("printed by a plugin")
    os.system("echo echoed by a program")
    yield media("a.jpg")


def raising(error: Exception) -> Iterator[Record]:
    yield media("a.jpg")
    raise error


def run(settings: Settings, host: PluginHost, progress: Progress) -> Iterator[Record]:
    kind = settings.sources[0]
    errors = {
        "run": RunError("the disk\n\x1bis full"),
        "usage": UsageError("no such SOURCE"),
        "held": DestLocked("another run holds it"),
        "exiftool": ExifToolMissing("no ExifTool"),
        "crash": ZeroDivisionError("oops"),
    }
    if kind in errors:
        yield from raising(errors[kind])
    yield from globals()[kind](progress)


if __name__ == "__main__":
    plugins.BUILT_IN = {"doctor": "pef_tui.doctor"}
    sys.modules["pef_tui.pipeline.run"] = types.SimpleNamespace(run=run)  # type: ignore[assignment]
    from pef_tui.__main__ import main

    main()
