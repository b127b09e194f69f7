"""List the albums of an output folder, and the outputs in each of them, in `albums.json` and `albums.csv`.

The list describes DEST, not one run: what earlier runs listed stays as long as its output exists. An album is a Folder
whose JSON says so. A picture that has its only output elsewhere (`--albums tag` and `none`) is listed with that output.
"""

from __future__ import annotations

import base64
import csv
import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pef_tui.model import Album, GeoPoint, JsonRecord, Match, Outcome, Plan, Record
from pef_tui.reporting.album_files import ALBUMS_CSV, ALBUMS_JSON
from pef_tui.reporting.html.report_file import write_atomically
from pef_tui.sanitize import json_safe, utf8

MAX_JSON = 1 << 30
"""Largest size, in bytes, of an `albums.json` that is read."""
CSV_HEADER = ("folder", "title", "description", "file", "partner_shared", "texts")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class AlbumFile(Struct, frozen=True):
    """One picture or video of an album."""

    path: str
    """Path of the output below DEST, with `/`. Bytes that are not UTF-8 are shown as `\\xff`."""
    source: str
    """Path of the file in the album, below "Google Photos"."""
    partner_shared: bool = False
    """Whether a partner shared the file, as its sidecar states."""
    number: int | UnsetType = UNSET
    """n for the n-th of several different files with the same `source`; absent for the first."""
    path_bytes: str | UnsetType = UNSET
    """Exact bytes of `path` in base64; absent if they are UTF-8."""
    source_bytes: str | UnsetType = UNSET
    """Exact bytes of `source` in base64; absent if they are UTF-8."""


class AlbumPlace(Struct, frozen=True):
    """A place that the user added between the pictures of an album."""

    name: str
    latitude: float
    longitude: float


class ListedAlbum(Struct, frozen=True):
    """One album of `albums.json`."""

    folder: str
    """Path of the album's folder below "Google Photos". Bytes that are not UTF-8 are shown as `\\xff`."""
    title: str
    description: str = ""
    texts: tuple[str, ...] = ()
    """Texts that the user added between the pictures."""
    places: tuple[AlbumPlace, ...] = ()
    partner_shared: bool = False
    """Whether a partner shared at least one of `files`."""
    files: tuple[AlbumFile, ...] = ()
    """The outputs in the album, sorted by path."""
    folder_bytes: str | UnsetType = UNSET
    """Exact bytes of `folder` in base64; absent if they are UTF-8."""


class AlbumDocument(Struct, frozen=True):
    """The content of `albums.json`."""

    v: int = 1
    albums: tuple[ListedAlbum, ...] = ()
    """The albums, sorted by folder."""


_Files = dict[tuple[str, int], tuple[str, bool]]
"""For each file of an album, by source and number: its path below DEST, and whether a partner shared it."""


class _KnownAlbum(Struct, frozen=True):
    """An album that an earlier run listed."""

    album: Album
    files: _Files
    paths: frozenset[str]
    """The paths in `files`."""


class AlbumList:
    """Collects the albums of a run, and writes the list at its end.

    `add_folder` and `keep_cached` are called by the planning thread before the Folder's records are handed over, all
    other methods by the thread that reports.
    """

    def __init__(
        self, dest: str, folders_by_sidecar: Callable[[Match], Iterable[str]], *, in_place: bool
    ) -> None:
        """`folders_by_sidecar`: returns the paths of the albums that have only the sidecar of a picture. `in_place`:
        whether each media file is its own output.
        """
        self._dest = dest
        self._folders_by_sidecar = folders_by_sidecar
        self._in_place = in_place
        self._has_files = True
        """False if an earlier run left no list, so that there is none to remove."""
        self._previous: dict[str, _KnownAlbum] = {}
        try:
            self._previous = _read(os.path.join(dest, ALBUMS_JSON))
        except FileNotFoundError:
            self._has_files = False
        self._albums: dict[str, Album] = {}
        self._files: dict[str, _Files] = {}

    def add_folder(self, path: str, album: Album | None) -> None:
        """Add a Folder whose JSON files were read. Does nothing if `album` is None."""
        if album is not None:
            self._albums[path] = album

    def album(self, path: str) -> Album | None:
        """Return the album that was added for the Folder `path`; None if the Folder is no album."""
        return self._albums.get(path)

    def keep_cached(self, path: str, records: Iterable[Record]) -> bool:
        """Add an unchanged Folder, whose JSON files were not read. `records`: its records, from the cache.

        Returns False, and adds nothing, if the Folder is an album that the list does not have with all its files. It
        must be read then.
        """
        known = self._previous.get(path)
        is_album = False
        for record in records:
            if isinstance(record, JsonRecord):
                is_album = is_album or record.outcome == "album"
            elif known is not None and isinstance(record, Outcome):
                file = self._file_of(record)
                if file is not None and file not in known.paths:
                    known = None
        if is_album and known is not None:
            self._albums[path] = known.album
        return known is not None or not is_album

    def observe(self, records: Iterator[Record]) -> Iterator[Record]:
        """Yield the records of a run, and add their outputs to the albums."""
        for record in records:
            if isinstance(record, Outcome) and (file := self._file_of(record)) is not None:
                match = record.plan.match
                if match.folder in self._albums:
                    self._add(match.folder, file, record.plan)
                for folder in self._folders_by_sidecar(match):
                    self._add(folder, file, record.plan)
            yield record

    def _file_of(self, outcome: Outcome) -> str | None:
        """Return the path below DEST of the file with the bytes of a picture or video; None if DEST has none."""
        if self._in_place:
            return None if outcome.plan.for_json else outcome.plan.match.media.path
        if outcome.output is not None:
            return outcome.output
        return outcome.plan.link or None if outcome.outcome in ("duplicate", "unchanged") else None

    def _add(self, folder: str, path: str, plan: Plan) -> None:
        match, number = plan.match, 1
        source = f"{folder}/{match.media.name}" if folder else match.media.name
        if folder == match.folder and not plan.for_json and plan.key:
            key, _, suffix = plan.key.partition(b"\0")
            source, number = os.fsdecode(key), int(suffix or 1)
        known = self._previous.get(folder)
        if match.sidecar is None and match.json is not None and known is not None:  # from the cache
            is_shared = known.files.get((source, number), ("", False))[1]
        else:
            is_shared = match.sidecar is not None and match.sidecar.is_partner_shared
        self._files.setdefault(folder, {})[source, number] = path, is_shared

    def finish(self, *, dry_run: bool) -> tuple[int, int]:
        """Write both files if their content changed. Return the number of listed albums, and of files in them.

        If there is no album, files of an earlier run are removed. A dry run changes nothing. Raises OSError.
        """
        document = AlbumDocument(albums=tuple(self._listed_albums()))
        if not document.albums and not self._has_files:
            return 0, 0
        for path, data in ((ALBUMS_JSON, _as_json(document)), (ALBUMS_CSV, _as_csv(document))):
            if not dry_run:
                _replace(os.path.join(self._dest, path), data if document.albums else b"")
        return len(document.albums), sum(len(album.files) for album in document.albums)

    def _listed_albums(self) -> Iterator[ListedAlbum]:
        for folder in sorted({*self._albums, *self._previous}):
            known = self._previous.get(folder)
            album = self._albums[folder] if known is None or folder in self._albums else known.album
            files = dict(self._files.get(folder, {}))
            for identity, (path, is_shared) in known.files.items() if known is not None else ():
                if identity not in files and os.path.lexists(os.path.join(self._dest, path)):
                    files[identity] = path, is_shared
            if folder in self._albums or files:
                yield _listed(folder, album, files)


def _listed(folder: str, album: Album, files: _Files) -> ListedAlbum:
    return ListedAlbum(
        utf8(folder),
        utf8(album.title),
        utf8(album.description),
        tuple(map(utf8, album.texts)),
        tuple(AlbumPlace(utf8(name), point.latitude, point.longitude) for name, point in album.places),
        any(is_shared for _, is_shared in files.values()),
        tuple(_file(*item) for item in sorted(files.items(), key=lambda item: (item[1][0], item[0]))),
        _exact(folder),
    )


def _file(identity: tuple[str, int], output: tuple[str, bool]) -> AlbumFile:
    (source, number), (path, is_shared) = identity, output
    return AlbumFile(
        utf8(path), utf8(source), is_shared, number if number > 1 else UNSET, _exact(path), _exact(source)
    )


def _exact(path: str) -> str | UnsetType:
    return base64.b64encode(os.fsencode(path)).decode() if utf8(path) != path else UNSET


def _path(shown: str, exact: str | UnsetType) -> str:
    return shown if exact is UNSET else os.fsdecode(base64.b64decode(exact, validate=True))


_decode = msgspec.json.Decoder(AlbumDocument).decode


def _read(path: str) -> dict[str, _KnownAlbum]:
    """Return the albums of an `albums.json` by folder; empty if the file is damaged. Raises FileNotFoundError."""
    try:
        document = _decode(_content(path))
        if document.v == 1:
            return {_path(album.folder, album.folder_bytes): _known(album) for album in document.albums}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError):
        pass
    return {}


def _content(path: str) -> bytes:
    """Return the content of a regular file of up to `MAX_JSON` bytes, or b"" for anything else. Raises OSError."""
    descriptor = os.open(path, _READ)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        return stream.read() if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_JSON else b""


def _known(listed: ListedAlbum) -> _KnownAlbum:
    places = tuple((place.name, GeoPoint(place.latitude, place.longitude)) for place in listed.places)
    files = {
        (_path(file.source, file.source_bytes), 1 if file.number is UNSET else file.number): (
            _path(file.path, file.path_bytes),
            file.partner_shared,
        )
        for file in listed.files
    }
    files = {identity: output for identity, output in files.items() if _is_below(output[0])}
    album = Album(listed.title, listed.description, listed.texts, places)
    return _KnownAlbum(album, files, frozenset(path for path, _ in files.values()))


def _is_below(path: str) -> bool:
    """Return whether a path that was read from a file cannot lead out of DEST."""
    return bool(path) and "\0" not in path and not path.startswith("/") and ".." not in path.split("/")


def _as_json(document: AlbumDocument) -> bytes:
    lines = msgspec.json.format(msgspec.json.encode(document), indent=2).decode().split("\n")
    return "".join(json_safe(line) + "\n" for line in lines).encode()


def _as_csv(document: AlbumDocument) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    for album in document.albums:
        for file in album.files or (AlbumFile("", ""),):
            shared = "" if not file.path else "yes" if file.partner_shared else "no"
            cells = album.folder, album.title, album.description, file.path, shared, "\n".join(album.texts)
            writer.writerow([_cell(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def _cell(text: str) -> str:
    """Return the text so that a spreadsheet does not take it for a formula."""
    return "'" + text if text.startswith(_FORMULA) else text


def _replace(path: str, data: bytes) -> None:
    """Write `data` to `path` if the file has other content; without `data` remove the file. Raises OSError."""
    if not data:
        with suppress(FileNotFoundError):
            os.unlink(path)
        return
    with suppress(OSError):
        if _content(path) == data:
            return
    write_atomically(path, (data,))
