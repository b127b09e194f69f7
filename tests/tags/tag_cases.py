"""Matches as short as a table of cases needs them."""

from __future__ import annotations

from datetime import datetime

from pef_tui.model import EPOCH, Geo, Match, MediaFile, Person, Sidecar, Stamp, State, Taken, Value


def seconds(text: str) -> float:
    """UTC seconds of an ISO date with offset."""
    return (datetime.fromisoformat(text) - EPOCH).total_seconds()


def geo(latitude: float, longitude: float, altitude: float = 0.0) -> Geo:
    return Geo(latitude, longitude, altitude)


def match(
    tags: dict[str, Value] | None = None,
    *,
    format: str = "jpeg",
    name: str = "a.jpg",
    folder: str = "Photos from 2019",
    when: str = "",
    camera: Geo | None = None,
    place: Geo | None = None,
    people: tuple[str, ...] = (),
    description: str = "",
    favorited: bool = False,
    taken: Taken | None = None,
    sidecar: bool = True,
) -> Match:
    """A Match. `when` is the sidecar's date in ISO form."""
    given = Sidecar(
        title=name,
        description=description,
        photo_taken_time=Stamp(str(int(seconds(when)))) if when else None,
        geo_data=place,
        geo_data_exif=camera,
        people=tuple(Person(each) for each in people),
        favorited=favorited or None,
    )
    return Match(
        MediaFile(0, f"{folder}/{name}", 1000, 0),
        folder,
        given if sidecar else None,
        state=State(format, tags or {}, "native"),
        taken=taken,
    )
