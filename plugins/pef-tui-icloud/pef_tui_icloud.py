"""Reads exports of iCloud Photos, as privacy.apple.com makes them, in place of Google's.

Such an export is one or more folders `iCloud Photos Part 1 of 2`, each with a folder `Photos` of pictures and one or
more `Photo Details.csv`, which tell for each picture its name, whether it is a favourite, and when it was taken. A
scanner reads the folders, without `iCloud Photos Part …` in the paths; a matcher takes the dates from the CSV files.
"""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from pef_tui import Folder, Listing, Match, Matcher, MediaFile, Scanner, Sidecar, Source, Stamp, hookimpl
from pef_tui.hooks import OpenFile

DETAILS = re.compile(r"(?i)photo details(-\d+)?\.csv")
_PART = re.compile(r"(?i)icloud photos part \d+ of \d+")
_DATE = re.compile(
    r"\w+ (?P<month>\w{3})\w* (?P<day>\d{1,2}), ?(?P<year>\d{4}) (?P<time>\d{1,2}:\d{2}) ?(?P<half>[AP]M) GMT"
)
_LARGEST = 64 << 20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@hookimpl
def pef_scanners() -> Iterator[Scanner]:
    """Before the scanner of directories, which has order 100."""
    yield Scanner("icloud", is_export, Reader, order=50)


@hookimpl
def pef_matchers() -> Iterator[Matcher]:
    """What it finds nothing for is left to Google's naming rule."""
    yield Matcher("icloud", match, order=50, reads=True)


def is_export(path: str) -> bool:
    """A folder with details of photos directly in it, in `Photos`, or in the `Photos` of a part."""
    return os.path.isdir(path) and any(
        any(DETAILS.fullmatch(name) for name in os.listdir(folder))
        for folder in (path, os.path.join(path, "Photos"), *_parts(path))
        if os.path.isdir(folder)
    )


def _parts(path: str) -> list[str]:
    return [os.path.join(path, name, "Photos") for name in sorted(os.listdir(path)) if _PART.fullmatch(name)]


class Reader:
    """A `SourceReader` of one folder."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._problems: list[str] = []

    def listings(self) -> Iterator[Listing]:
        """Every folder once; those of several parts that are alike in their paths are one."""
        found: dict[str, list[MediaFile]] = {}
        for folder, _, names in os.walk(self._source.path, onerror=self._failed):
            below = os.path.relpath(folder, self._source.path).replace(os.sep, "/")
            below = "" if below == "." else below
            shown = "/".join(part for part in below.split("/") if not _PART.fullmatch(part))
            files = found.setdefault(shown, [])
            files += filter(None, (self._file(f"{below}/{name}" if below else name) for name in names))
        for path in sorted(found, key=lambda path: path.replace("/", "\0")):
            yield Listing(path, tuple(sorted(found[path], key=lambda file: (file.name, file.path))))

    def _file(self, path: str) -> MediaFile | None:
        facts = os.lstat(os.path.join(self._source.path, path))
        if not stat.S_ISREG(facts.st_mode):
            self._problems.append(f"{path}: no regular file")
            return None
        return MediaFile(self._source.root, path, facts.st_size, facts.st_mtime_ns)

    def _failed(self, error: OSError) -> None:
        self._problems.append(f"{error.filename}: {error.strerror}")

    def open(self, path: str) -> BinaryIO:
        """One file. Raises OSError."""
        return os.fdopen(os.open(os.path.join(self._source.path, path), _OPEN), "rb")

    def problems(self) -> Sequence[str]:
        """What could not be read."""
        return self._problems

    def whole(self) -> bool:
        """Was everything found?"""
        return not self._problems

    def close(self) -> None:
        """Nothing is held."""


def match(folder: Folder, open_file: OpenFile) -> Iterable[Match]:
    """A Match for each picture that the CSV files of its Folder know; a name that they tell two dates of is left."""
    known: dict[str, Sidecar | None] = {}
    for file in folder.other:
        if DETAILS.fullmatch(file.name) and file.size <= _LARGEST:
            with open_file(file) as stream:
                for sidecar in details(stream.read(_LARGEST)):
                    same = known.setdefault(sidecar.title, sidecar) == sidecar
                    known[sidecar.title] = sidecar if same else None
    for media in folder.media:
        if (found := known.get(media.name)) is not None:
            yield Match(media, folder.path, found, rule="icloud")


def details(text: bytes) -> Iterator[Sidecar]:
    """What a `Photo Details.csv` says of each picture."""
    for row in csv.DictReader(io.StringIO(text.decode("utf-8-sig", "replace"), newline="")):
        if name := row.get("imgName"):
            moment = taken(row.get("originalCreationDate") or "")
            yield Sidecar(
                name,
                photo_taken_time=Stamp(moment) if moment is not None else None,
                favorited=row.get("favorite") == "yes" or None,
                archived=row.get("hidden") == "yes" or None,
                trashed=row.get("deleted") == "yes" or None,
            )


def taken(text: str) -> float | None:
    """`Wednesday November 23,2022 4:35 PM GMT` as seconds since 1970; None for anything else."""
    if (found := _DATE.fullmatch(text.strip())) is None:
        return None
    said = f"{found['day']} {found['month']} {found['year']} {found['time']} {found['half']}"
    try:
        return datetime.strptime(said, "%d %b %Y %I:%M %p").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
