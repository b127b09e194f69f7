"""Make Matches in the short form that tables of cases need."""

from __future__ import annotations

from datetime import datetime

from pef_tui.model import (
    EPOCH,
    CaptureTime,
    FileMetadata,
    Geo,
    Match,
    MediaFile,
    Person,
    Sidecar,
    Timestamp,
    Value,
)


def seconds(text: str) -> float:
    """Return the seconds since 1970 (UTC) of an ISO date with offset."""
    return (datetime.fromisoformat(text) - EPOCH).total_seconds()


def geo(latitude: float, longitude: float, altitude: float = 0.0) -> Geo:
    return Geo(latitude, longitude, altitude)


def match(
    tags: dict[str, Value] | None = None,
    *,
    format: str = "jpeg",
    name: str = "a.jpg",
    folder: str = "Photos from 2019",
    moment: str = "",
    camera: Geo | None = None,
    place: Geo | None = None,
    people: tuple[str, ...] = (),
    description: str = "",
    favorited: bool = False,
    taken: CaptureTime | None = None,
    sidecar: bool = True,
) -> Match:
    """Return a Match. `moment`: the date in the sidecar, in ISO form."""
    inputs = Sidecar(
        title=name,
        description=description,
        photo_taken_time=Timestamp(str(int(seconds(moment)))) if moment else None,
        geo_data=place,
        geo_data_exif=camera,
        people=tuple(Person(person) for person in people),
        favorited=favorited or None,
    )
    return Match(
        MediaFile(0, f"{folder}/{name}", 1000, 0),
        folder,
        inputs if sidecar else None,
        metadata=FileMetadata(format, tags or {}, "native"),
        capture_time=taken,
    )
