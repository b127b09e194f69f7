"""Read exports of iCloud Photos, from privacy.apple.com, instead of Google's exports.

Such an export is one or more folders `iCloud Photos Part 1 of 2`, or zip archives of them. Each has a folder `Photos`
of pictures and one or more `Photo Details.csv`, with the name and date of each picture, and whether it is a favourite.
The folder `Albums` has a CSV file for each album, with the names of its pictures. Scanners read folders and archives,
without `iCloud Photos Part …` in the paths. A matcher reads the CSV files.
"""

from __future__ import annotations

import csv
import io
import os
import re
import stat
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from pef_tui import (
    Album,
    Folder,
    Listing,
    Match,
    Matcher,
    MediaFile,
    OpenFile,
    Scanner,
    Settings,
    Sidecar,
    Source,
    SourceReader,
    Timestamp,
    hookimpl,
)
from pef_tui.sources import plugin as built_in_plugin

DETAILS = re.compile(r"(?i)photo details(-\d+)?\.csv")
ALBUMS = ("albums", "shared albums")
"""Folders with a CSV file for each album, in lower case."""
PHOTOS = "Photos"
_ZIP = re.compile(r"(?i)icloud photos.*\.zip", re.DOTALL)
_PART = re.compile(r"(?i)icloud photos part \d+ of \d+")
_DATE = re.compile(
    r"\w+ (?P<month>\w{3})\w* (?P<day>\d{1,2}), ?(?P<year>\d{4}) (?P<time>\d{1,2}:\d{2}) ?(?P<half>[AP]M) GMT"
)
_LARGEST = 64 << 20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@hookimpl
def pef_scanners(settings: Settings) -> Iterator[Scanner]:
    """Yield scanners that run before those of directories and zip archives, which have order 100."""
    yield Scanner("icloud", is_export, Reader, order=50)
    (built_in,) = (scanner for scanner in built_in_plugin.pef_scanners(settings) if scanner.name == "zip")
    yield Scanner("icloud-zip", is_archive, lambda source: ArchiveReader(built_in.open(source)), order=50)


@hookimpl
def pef_matchers() -> Iterator[Matcher]:
    """Yield a matcher of pictures with the rows of CSV files. Google's naming rules then match the files that it
    leaves.
    """
    yield Matcher("icloud", match, order=50, reads=True, whole=True)


def is_export(path: str) -> bool:
    """Return whether `path` is a folder of an export of iCloud Photos.

    Such a folder has a `Photo Details.csv` directly in it, in its folder `Photos`, or in the folder `Photos` of a part.
    """
    return os.path.isdir(path) and any(
        any(DETAILS.fullmatch(name) for name in os.listdir(folder))
        for folder in (path, os.path.join(path, "Photos"), *_parts(path))
        if os.path.isdir(folder)
    )


def _parts(path: str) -> list[str]:
    return [os.path.join(path, name, "Photos") for name in sorted(os.listdir(path)) if _PART.fullmatch(name)]


def is_archive(path: str) -> bool:
    """Return whether `path` is a zip archive of an export of iCloud Photos, by its name or by those of its members."""
    if not path.lower().endswith(".zip") or not os.path.isfile(path):
        return False
    if _ZIP.fullmatch(os.path.basename(path)):
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return any(DETAILS.fullmatch(name.rpartition("/")[2]) for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def listings(files: Iterable[MediaFile]) -> Iterator[Listing]:
    """Yield the listing of every folder once. Folders of several parts that have the same path become one folder.

    The CSV files of albums are listed with the pictures, so that the matcher gets both.
    """
    found: dict[str, list[MediaFile]] = {}
    for file in files:
        folders = [part for part in file.path.split("/")[:-1] if not _PART.fullmatch(part)]
        found.setdefault(PHOTOS if is_album(file) else "/".join(folders), []).append(file)
    for path in sorted(found, key=lambda path: path.replace("/", "\0")):
        yield Listing(path, tuple(sorted(found[path], key=lambda file: (file.name, file.path))))


def is_album(file: MediaFile) -> bool:
    """Return whether a file is the list of the pictures in an album."""
    folder = file.path.rpartition("/")[0].rpartition("/")[2]
    return folder.lower() in ALBUMS and file.name.lower().endswith(".csv")


class ArchiveReader:
    """A `SourceReader` of a zip archive with an export: the built-in reader, but with other listings."""

    def __init__(self, reader: SourceReader) -> None:
        self._reader = reader
        self.open = reader.open
        self.problems = reader.problems
        self.whole = reader.whole
        self.close = reader.close

    def listings(self) -> Iterator[Listing]:
        """Yield the listing of every folder once."""
        return listings(file for listing in self._reader.listings() for file in listing.files)


class Reader:
    """A `SourceReader` of one source, an export of iCloud Photos."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._problems: list[str] = []

    def listings(self) -> Iterator[Listing]:
        """Yield the listing of every folder once."""
        return listings(self._files())

    def _files(self) -> Iterator[MediaFile]:
        for folder, _, names in os.walk(self._source.path, onerror=self._failed):
            below = os.path.relpath(folder, self._source.path).replace(os.sep, "/")
            yield from filter(
                None, (self._file(name if below == "." else f"{below}/{name}") for name in names)
            )

    def _file(self, path: str) -> MediaFile | None:
        facts = os.lstat(os.path.join(self._source.path, path))
        if not stat.S_ISREG(facts.st_mode):
            self._problems.append(f"{path}: no regular file")
            return None
        return MediaFile(self._source.root, path, facts.st_size, facts.st_mtime_ns)

    def _failed(self, error: OSError) -> None:
        self._problems.append(f"{error.filename}: {error.strerror}")

    def open(self, path: str) -> BinaryIO:
        """Open the file `path` of the source. Raises OSError."""
        return os.fdopen(os.open(os.path.join(self._source.path, path), _OPEN), "rb")

    def problems(self) -> Sequence[str]:
        """Return a line for each file or folder that could not be listed."""
        return self._problems

    def whole(self) -> bool:
        """Return whether all files could be listed."""
        return not self._problems

    def close(self) -> None:
        """Do nothing: no resource is open."""


def match(folder: Folder, open_file: OpenFile) -> Iterable[Match]:
    """Yield a Match for each picture that the CSV files of its Folder describe, with its albums.

    A name that they describe in two different ways gets no Match.
    """
    known: dict[str, Sidecar | None] = {}
    titles: dict[str, dict[str, None]] = defaultdict(dict)
    for file in folder.other:
        if file.size > _LARGEST or not (is_album(file) or DETAILS.fullmatch(file.name)):
            continue
        with open_file(file) as stream:
            content = stream.read(_LARGEST)
        if is_album(file):
            for name in pictures(content):
                titles[name][file.name[:-4]] = None
            continue
        for sidecar in details(content):
            same = known.setdefault(sidecar.title, sidecar) == sidecar
            known[sidecar.title] = sidecar if same else None
    for media in folder.media:
        if (found := known.get(media.name)) is not None:
            albums = tuple(titles.get(media.name, ()))
            album = Album(albums[0]) if albums else None
            yield Match(media, folder.path, found, rule="icloud", album=album, albums=albums)


def pictures(text: bytes) -> Iterator[str]:
    """Yield the names of the pictures in the CSV file of an album. `text`: content of the file.

    The first line has the name of the column (`Images`).
    """
    for row in list(csv.reader(io.StringIO(text.decode("utf-8-sig", "replace"), newline="")))[1:]:
        if row and row[0].strip():
            yield row[0].strip()


def details(text: bytes) -> Iterator[Sidecar]:
    """Yield a Sidecar for each row of a `Photo Details.csv`. `text`: content of the file."""
    for row in csv.DictReader(io.StringIO(text.decode("utf-8-sig", "replace"), newline="")):
        if name := row.get("imgName"):
            moment = taken(row.get("originalCreationDate") or "")
            yield Sidecar(
                name,
                photo_taken_time=Timestamp(moment) if moment is not None else None,
                favorited=row.get("favorite") == "yes" or None,
                archived=row.get("hidden") == "yes" or None,
                trashed=row.get("deleted") == "yes" or None,
            )


def taken(text: str) -> float | None:
    """Return a time such as `Wednesday November 23,2022 4:35 PM GMT` in seconds since 1970; None if it has another
    form.
    """
    if (found := _DATE.fullmatch(text.strip())) is None:
        return None
    said = f"{found['day']} {found['month']} {found['year']} {found['time']} {found['half']}"
    try:
        return datetime.strptime(said, "%d %b %Y %I:%M %p").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
