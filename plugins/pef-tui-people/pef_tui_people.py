"""Leaves screenshots out, and lists who is in which picture.

`people.csv` in the output folder has one line for each picture and person: `picture` (its path in the output is that
below the export), `person`, `album`. Tools that know faces by name (Immich, digiKam) can take the names from there.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from pef_tui import Check, Filter, Finding, Match, Settings, SettingsTable, Stage, hookimpl

COLUMNS = ("picture", "person", "album")
_SCREENSHOT = re.compile(
    r"(?i)(screen[ _-]?(shot|capture)|bildschirm(foto|aufnahme)|capture[ _]d.[ée]cran|schermata|captura de pantalla)"
)

Row = tuple[str, str, str]


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[plugins.people]`."""

    screenshots: bool = False
    """Whether screenshots are kept."""
    file: str = "people.csv"
    """Name of the list in the output folder; empty for none."""


def options_of(settings: Settings) -> Options:
    """The plugin's own table."""
    options = settings.plugins["people"]
    assert isinstance(options, Options)
    return options


@hookimpl
def pef_settings() -> Iterator[SettingsTable]:
    """The table `[plugins.people]`."""
    yield SettingsTable("people", Options)


@hookimpl
def pef_filters(settings: Settings) -> Iterator[Filter]:
    """By the name that phones and computers give them, and the folder that Android keeps them in."""
    if not options_of(settings).screenshots:
        yield Filter("screenshots", screenshot)


def screenshot(match: Match) -> str | None:
    """Why a screenshot is left out."""
    origin = match.sidecar.google_photos_origin if match.sidecar is not None else None
    upload = (origin.mobile_upload or {}) if origin is not None else {}
    folder = upload.get("deviceFolder")
    in_folder = isinstance(folder, dict) and "screenshot" in str(folder.get("localFolderName", "")).lower()
    return "a screenshot" if in_folder or _SCREENSHOT.search(match.media.name) else None


@hookimpl
def pef_stages(settings: Settings) -> Iterator[Stage]:
    """Behind all others. A preview writes nothing."""
    options = options_of(settings)
    if options.file and not settings.dry_run:
        path = Path(settings.output) / os.path.basename(options.file)
        yield Stage("people", listing(path), order=900)


def listing(path: Path) -> Callable[[Iterator[Match]], Iterator[Match]]:
    """A stage that passes everything on and completes the list when it ends, also where a run is stopped.

    Pictures that a later run does not look at again keep the lines they have.
    """

    def run(matches: Iterator[Match]) -> Iterator[Match]:
        seen: dict[str, list[Row]] = {}
        try:
            for match in matches:
                seen[f"{match.folder}/{match.media.name}"] = rows(match)
                yield match
        finally:
            if seen:
                save(path, seen)

    return run


def rows(match: Match) -> list[Row]:
    """One for each person."""
    picture = f"{match.folder}/{match.media.name}".encode("utf-8", "backslashreplace").decode()
    album = match.album.title if match.album is not None else ""
    return [(picture, name, album) for name in (match.sidecar.names if match.sidecar is not None else ())]


def save(path: Path, seen: dict[str, list[Row]]) -> None:
    """Complete the list: whole or not at all. Raises OSError."""
    lines = {row[0]: list[Row]() for row in read(path)}
    for row in read(path):
        lines[row[0]].append(row)
    lines.update(dict(seen.items()))
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(row for picture in sorted(lines) for row in lines[picture])
    os.replace(new, path)


def read(path: Path) -> list[Row]:
    """The lines of the list; none where there is no list, or another file of that name."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        found = [tuple(row) for row in csv.reader(stream)]
    if not found or found[0] != COLUMNS:
        raise FileExistsError(f"{path.name} is there and no list of people")
    return [(row[0], row[1], row[2]) for row in found[1:] if len(row) == 3]


@hookimpl
def pef_checks(settings: Settings) -> Iterator[Check]:
    """For `--doctor -o DEST`."""
    yield Check("people", lambda: check(Path(settings.output), options_of(settings)))


def check(output: Path, options: Options) -> Iterator[Finding]:
    """Is the place of the list free?"""
    path = output / os.path.basename(options.file)
    try:
        yield Finding("ok", f"{len(read(path))} lines in {path.name}")
    except FileExistsError as error:
        yield Finding("warning", str(error), "choose another with file = in [plugins.people]")
