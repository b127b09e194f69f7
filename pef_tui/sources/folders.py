"""Combine the listings of all sources into Folders. Files with the same folder path form one Folder."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from pef_tui.formats import MEDIA_EXTENSIONS
from pef_tui.hooks import Listing, SourceReader
from pef_tui.model import Folder, JsonFile, MediaFile
from pef_tui.sources.directory import listing_order
from pef_tui.takeout import system_files
from pef_tui.takeout.folder_spellings import NamesFolders, Spellings, apply_spelling


def folders(readers: Sequence[SourceReader], chosen: Spellings | None = None) -> Iterator[Folder]:
    """Yield every Folder that has a file, ordered by the components of its path.

    `chosen`: the result of `common_spellings`; None changes no path. Example: the parts of an export have `Why_` and
    `Why?`, which become one Folder. In memory are at most two directories of each source, and all directories whose
    spelling is changed.
    """
    listings = heapq.merge(*(_listings(reader, chosen or {}) for reader in readers), key=listing_order)
    for path, same in groupby(listings, key=attrgetter("path")):
        if files := _merge_files(same):
            yield _classify(path, files)


def _listings(reader: SourceReader, chosen: Spellings) -> Iterator[Listing]:
    """Return the listings of a source, ordered by path, with the chosen spellings in the paths."""
    if not chosen or not isinstance(reader, NamesFolders):
        return reader.listings()
    if not any(name in chosen for names in reader.top_folders() for name in names):
        return reader.listings()
    moved = [
        Listing(path, listing.files)
        for listing in reader.listings()
        if (path := apply_spelling(listing.path, chosen)) != listing.path
    ]
    unmoved = (
        listing for listing in reader.listings() if apply_spelling(listing.path, chosen) == listing.path
    )
    return heapq.merge(unmoved, sorted(moved, key=listing_order), key=listing_order)


def _merge_files(listings: Iterable[Listing]) -> Sequence[MediaFile]:
    parts = [listing.files for listing in listings if listing.files]
    if len(parts) == 1:
        return parts[0]
    return sorted((file for files in parts for file in files), key=_by_name)


def _by_name(file: MediaFile) -> tuple[str, int, str]:
    return file.name, file.root, file.path


def _classify(path: str, files: Iterable[MediaFile]) -> Folder:
    """Return the Folder with its files classified by extension: media, JSON, other. No file is opened here.

    Files of operating systems and programs are put into `ignored`, except JSON files. Such a JSON file gets the kind
    `other`, and is never read.
    """
    media: list[MediaFile] = []
    json: list[JsonFile] = []
    other_files: list[MediaFile] = []
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
            other_files.append(file)
    return Folder(path, tuple(media), tuple(json), tuple(other_files), tuple(ignored))


def _ignored(path: str, extension: str) -> str:
    """Return why a file is no part of an export, judged by its name; "" if it may be a part.

    A name with a media or JSON extension is checked only for AppleDouble files (`._a.jpg`).
    """
    if "._" not in path and (extension == ".json" or extension in MEDIA_EXTENSIONS):
        return ""
    return system_files.name_reason(path.rpartition("/")[2])
