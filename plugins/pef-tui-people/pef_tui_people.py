"""List the people in each picture, and leave out screenshots on request.

`people.csv` in the output folder has a line for each person in each picture: `picture` (its path below the export),
`person`, `album`. Tools that assign names to faces (Immich, digiKam) can import the names.
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
    """The settings in the table `[plugins.people]` of config.toml."""

    screenshots: bool = True
    """Whether screenshots are written like other pictures. False leaves them out."""
    file: str = "people.csv"
    """Name of the list in the output folder; "" to write no list."""


def options_of(settings: Settings) -> Options:
    """Return the table of this plugin."""
    options = settings.plugins["people"]
    assert isinstance(options, Options)
    return options


@hookimpl
def pef_settings() -> Iterator[SettingsTable]:
    """Yield the table `[plugins.people]`, so that its settings are checked."""
    yield SettingsTable("people", Options)


@hookimpl
def pef_filters(settings: Settings) -> Iterator[Filter]:
    """Yield a filter that leaves out screenshots, if `screenshots` is false.

    It knows the names that phones and computers use, and Android's folder.
    """
    if not options_of(settings).screenshots:
        yield Filter("screenshots", screenshot)


def screenshot(match: Match) -> str | None:
    """Return the reason to leave out a screenshot; None if the picture is no screenshot."""
    origin = match.sidecar.google_photos_origin if match.sidecar is not None else None
    upload = (origin.mobile_upload or {}) if origin is not None else {}
    folder = upload.get("deviceFolder")
    in_folder = isinstance(folder, dict) and "screenshot" in str(folder.get("localFolderName", "")).lower()
    return "a screenshot" if in_folder or _SCREENSHOT.search(match.media.name) else None


@hookimpl
def pef_stages(settings: Settings) -> Iterator[Stage]:
    """Yield a stage that runs after all other stages and writes the list; none in a preview, which writes nothing."""
    options = options_of(settings)
    if options.file and not settings.dry_run:
        path = Path(settings.output) / os.path.basename(options.file)
        yield Stage("people", listing(path), order=900)


def listing(path: Path) -> Callable[[Iterator[Match]], Iterator[Match]]:
    """Return a stage that yields all Matches unchanged, and updates the list when it ends, also if the run is stopped.

    Pictures that a later run does not read again keep their lines in the list. `path`: path of the list.
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
    """Return the lines of the list for a picture: one for each person in it."""
    picture = f"{match.folder}/{match.media.name}".encode("utf-8", "backslashreplace").decode()
    album = match.album.title if match.album is not None else ""
    return [(picture, name, album) for name in (match.sidecar.names if match.sidecar is not None else ())]


def save(path: Path, seen: dict[str, list[Row]]) -> None:
    """Update the list atomically: replace the lines of the pictures in `seen`, and keep the others. Raises OSError."""
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
    """Return the lines of the list; empty if there is no list. Raises FileExistsError if the file is not a list of
    people.
    """
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        found = [tuple(row) for row in csv.reader(stream)]
    if not found or found[0] != COLUMNS:
        raise FileExistsError(f"{path.name} exists and is not a list of people")
    return [(row[0], row[1], row[2]) for row in found[1:] if len(row) == 3]


@hookimpl
def pef_checks(settings: Settings) -> Iterator[Check]:
    """Yield the check that `--doctor -o DEST` runs."""
    yield Check("people", lambda: check(Path(settings.output), options_of(settings)))


def check(output: Path, options: Options) -> Iterator[Finding]:
    """Check whether the list can be written: no other file has its name."""
    path = output / os.path.basename(options.file)
    try:
        yield Finding("ok", f"{len(read(path))} lines in {path.name}")
    except FileExistsError as error:
        yield Finding("warning", str(error), "choose another with file = in [plugins.people]")
