"""Write the listing of an export: one JSON line for each file, with all words replaced.

The listing has what decides how files match: names, sizes, which files have equal bytes, and the content of JSON files.
It has nothing of what is inside of pictures and videos.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from pef_tui import __version__
from pef_tui.anonymise.json_values import JsonMap
from pef_tui.anonymise.names import NameMap
from pef_tui.filesystem.fingerprint import fingerprint_stream
from pef_tui.formats import HEAD, by_extension, detect
from pef_tui.hooks import Scanner, SourceReader
from pef_tui.model import MediaFile, Source
from pef_tui.takeout.sidecar import MAX_JSON

VERSION = 1
"""Version of the format of the listing."""
MAX_SHIFT = 14 * 86_400
"""Largest number of seconds by which all times are moved."""
KEY_SIZE = 16


class ListingCounts(Struct):
    """What a listing contains."""

    files: int = 0
    json: int = 0
    problems: list[str] = []
    """One line for each part of the sources that could not be read."""


class Anonymiser:
    """Replaces the words of one export. Equal words get equal replacements in the whole listing."""

    def __init__(self, key: bytes = b"") -> None:
        """`key`: bytes that determine the replacements; empty for random ones."""
        key = key or secrets.token_bytes(KEY_SIZE)
        self.names = NameMap(key)
        shift = int.from_bytes(key[:4]) % (2 * MAX_SHIFT) - MAX_SHIFT
        self.json = JsonMap(self.names, key, shift)

    def source_path(self, path: str) -> str:
        """Return the last three folders of the path of a source, because they may tell which folder it is."""
        return "/".join(map(self.names.source, path.strip("/").split("/")[-3:]))


def listing_lines(
    sources: Sequence[Source], scanners: Sequence[Scanner], anonymiser: Anonymiser, counts: ListingCounts
) -> Iterator[bytes]:
    """Yield the lines of the listing, and fill `counts`. Raises OSError if a source cannot be read at all."""
    by_name = {scanner.name: scanner for scanner in scanners}
    readers = [by_name[source.scanner].open(source) for source in sources]
    try:
        yield _line(
            {
                "v": VERSION,
                "type": "listing",
                "version": __version__,
                "sources": [anonymiser.source_path(source.path) for source in sources],
            }
        )
        repeated = {size for size, number in Counter(_sizes(readers)).items() if size and number > 1}
        groups: dict[bytes, int] = {}
        for root, reader in enumerate(readers):
            for listing in reader.listings():
                for file in listing.files:
                    fields = {"type": "file", "root": root, "path": anonymiser.names.path(file.path)}
                    counts.files += 1
                    yield _line(fields | _facts(file, reader, anonymiser, repeated, groups, counts))
            counts.problems += reader.problems()
    finally:
        for reader in readers:
            reader.close()


def _sizes(readers: Sequence[SourceReader]) -> Iterator[int]:
    for reader in readers:
        for listing in reader.listings():
            yield from (file.size for file in listing.files if not _is_json(file))


def _is_json(file: MediaFile) -> bool:
    return file.name.lower().endswith(".json")


def _facts(
    file: MediaFile,
    reader: SourceReader,
    anonymiser: Anonymiser,
    repeated: set[int],
    groups: dict[bytes, int],
    counts: ListingCounts,
) -> dict[str, Any]:
    """Return the fields of a file that need its content: the JSON; or the number of its group of equal files, and its
    format if its name does not tell it.
    """
    facts: dict[str, Any] = {"size": file.size}
    try:
        if _is_json(file):
            counts.json += 1
            facts["json"] = _content(file, reader, anonymiser)
            return facts
        if by_extension(file.name) is None and (format := _format(file, reader)):
            facts["format"] = format
        if file.size in repeated:
            with reader.open(file.path) as stream:
                digest = fingerprint_stream(stream, file.size)
            facts["same"] = groups.setdefault(digest, len(groups))
    except (ValueError, RecursionError):
        facts["invalid"] = True
    except OSError as error:
        facts["unreadable"] = True
        counts.problems.append(f"{file.path[-500:]!r}: {error.strerror or type(error).__name__}")
    return facts


def _content(file: MediaFile, reader: SourceReader, anonymiser: Anonymiser) -> Any:
    """Return the content of a JSON file with its values replaced. Raises ValueError, RecursionError, OSError."""
    if file.size > MAX_JSON:
        raise ValueError("larger than any sidecar")
    with reader.open(file.path) as stream:
        raw = stream.read(MAX_JSON + 1)
    return anonymiser.json.content(raw)


def _format(file: MediaFile, reader: SourceReader) -> str:
    """Return the name of the format of a picture or video; "" for any other file. Raises OSError."""
    with reader.open(file.path) as stream:
        format = detect(stream.read(HEAD))
    return format.name if format is not None else ""


def _line(fields: dict[str, Any]) -> bytes:
    """Return one line of the listing, in ASCII. Bytes of names that are not UTF-8 are lone surrogates (PEP 383)."""
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def is_inside(path: str, sources: Sequence[str]) -> bool:
    """Return whether the file at `path` would be one of the sources, or in one of them."""
    target = os.path.realpath(path)
    return any(target == source or target.startswith(source.rstrip("/") + "/") for source in sources)
