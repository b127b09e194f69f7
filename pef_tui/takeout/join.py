"""Folders out of sources: files of equal folder path are one Folder, over all sources."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from pef_tui.formats import MEDIA_EXTENSIONS
from pef_tui.hooks import Listing, SourceReader
from pef_tui.model import Folder, JsonFile, MediaFile
from pef_tui.takeout import system_files
from pef_tui.takeout.scan import order
from pef_tui.takeout.spellings import NamesFolders, Spellings, spelled


def folders(readers: Sequence[SourceReader], chosen: Spellings | None = None) -> Iterator[Folder]:
    """Every Folder that holds a file, ordered by the components of its path.

    `chosen`: names of folders that are spellings of another one (`spellings`). Holds at most two directories of each
    source at a time, and those of other spellings.
    """
    listings = heapq.merge(*(_listings(reader, chosen or {}) for reader in readers), key=order)
    for path, same in groupby(listings, key=attrgetter("path")):
        if files := _joined(same):
            yield _sorted_out(path, files)


def _listings(reader: SourceReader, chosen: Spellings) -> Iterator[Listing]:
    """The listings of a source in the order of their paths as they are spelled now."""
    if not chosen or not isinstance(reader, NamesFolders):
        return reader.listings()
    if not any(name in chosen for names in reader.top_folders() for name in names):
        return reader.listings()
    moved = [
        Listing(path, listing.files)
        for listing in reader.listings()
        if (path := spelled(listing.path, chosen)) != listing.path
    ]
    rest = (listing for listing in reader.listings() if spelled(listing.path, chosen) == listing.path)
    return heapq.merge(rest, sorted(moved, key=order), key=order)


def _joined(listings: Iterable[Listing]) -> Sequence[MediaFile]:
    parts = [listing.files for listing in listings if listing.files]
    if len(parts) == 1:
        return parts[0]
    return sorted((file for files in parts for file in files), key=_by_name)


def _by_name(file: MediaFile) -> tuple[str, int, str]:
    return file.name, file.root, file.path


def _sorted_out(path: str, files: Iterable[MediaFile]) -> Folder:
    """Media, JSON and the rest by extension; what the content says is asked later.

    What systems and programs put there is neither: a JSON file of them is `other` and never read.
    """
    media: list[MediaFile] = []
    json: list[JsonFile] = []
    other: list[MediaFile] = []
    ignored: list[MediaFile] = []
    directory, outside = None, ""
    for file in files:
        if (parent := file.path.rpartition("/")[0]) != directory:
            directory, outside = parent, system_files.path_reason(parent)
        dot = file.path.rfind(".")
        extension = file.path[dot:].lower() if dot >= 0 else ""
        if (reason := outside or _ignored(file.path, extension)) and extension == ".json":
            facts = file.root, file.path, file.size, file.mtime_ns
            json.append(JsonFile(*facts, kind="other", reason=reason, version=file.version))
        elif reason:
            ignored.append(file)
        elif extension == ".json":
            json.append(JsonFile(file.root, file.path, file.size, file.mtime_ns, version=file.version))
        elif extension in MEDIA_EXTENSIONS:
            media.append(file)
        else:
            other.append(file)
    return Folder(path, tuple(media), tuple(json), tuple(other), tuple(ignored))


def _ignored(path: str, extension: str) -> str:
    """Why a file is no part of an export by its name. Of media and JSON, by their extensions, AppleDouble files alone
    are none.
    """
    if "._" not in path and (extension == ".json" or extension in MEDIA_EXTENSIONS):
        return ""
    return system_files.name_reason(path.rpartition("/")[2])
