"""Make the records of a preview without running one."""

from __future__ import annotations

from pef_tui.model import (
    CaptureTime,
    Conflict,
    FileMetadata,
    Geo,
    JsonFile,
    JsonRecord,
    Match,
    MediaFile,
    MediaOutcome,
    Outcome,
    Person,
    Plan,
    Sidecar,
    TagEdit,
    Timestamp,
)
from pef_tui.preview import PlannedFiles

CONTAINER = "Takeout/Google Photos"
EXPORTED = 1_700_000_000
"""2023-11-14, the date of the export, in seconds since 1970."""
TAKEN = 1_562_000_000
"""2019-07-01, in seconds since 1970."""


def outcome(
    name: str = "a.jpg",
    folder: str = "Photos from 2019",
    word: MediaOutcome = "written",
    *,
    taken: int | None = TAKEN,
    matched: bool = True,
    edits: tuple[TagEdit, ...] = (TagEdit("EXIF:GPSLatitude", 48.86, unit="place"),),
    conflicts: tuple[Conflict, ...] = (),
    warnings: tuple[str, ...] = (),
    reason: str = "",
    size: int = 1000,
    people: tuple[str, ...] = (),
    place: tuple[float, float] | None = None,
    tags: dict[str, object] | None = None,
    format: str = "jpeg",
) -> Outcome:
    """Return the outcome of one picture."""
    path = f"{CONTAINER}/{folder}/{name}"
    sidecar = Sidecar(
        title=name,
        photo_taken_time=Timestamp(str(taken)) if taken is not None else None,
        people=tuple(Person(person) for person in people) or None,
        geo_data=Geo(*place) if place else None,
    )
    match = Match(
        MediaFile(0, path, size, EXPORTED * 10**9),
        folder,
        sidecar if matched else None,
        JsonFile(0, f"{path}.json", 500, EXPORTED * 10**9, "sidecar", sidecar) if matched else None,
        "exact" if matched else None,
        reason=reason if word == "unmatched" else "",
        metadata=FileMetadata(format, tags or {"EXIF:Make": "Canon"}, "native"),  # type: ignore[arg-type]
        capture_time=CaptureTime(float(taken), 120, "gps") if taken is not None else None,
    )
    plan = Plan(match, word, edits, f"{folder}/{name}", 0, "native", conflicts, warnings, reason)
    return Outcome(plan, word, f"{folder}/{name}", "native", reason)


def orphan(name: str, folder: str = "Photos from 2019", taken: int | None = None) -> JsonRecord:
    """Return the record of one sidecar without a picture."""
    sidecar = Sidecar(title=name, photo_taken_time=Timestamp(str(taken)) if taken is not None else None)
    file = JsonFile(0, f"{CONTAINER}/{folder}/{name}", 500, EXPORTED * 10**9, "sidecar", sidecar)
    return JsonRecord(file, "orphan", "no picture or video belongs to it")


def hour(kind: str = "differs by 1 h", unit: str = "date") -> Conflict:
    """Return a conflict: the clock of the file differs from Google's time by an hour."""
    return Conflict(unit, "EXIF:DateTimeOriginal", "2019:07:01 11:00:00", "2019:07:01 12:00:00", kind)


def planned_files(*records: Outcome | JsonRecord) -> PlannedFiles:
    """Return the store of a finished preview with these records."""
    store = PlannedFiles()
    for record in records:
        store.add(record)
    store.finish()
    return store
