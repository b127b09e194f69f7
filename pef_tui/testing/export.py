"""Small exports for tests: media and sidecars under the names that Google would give them."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from pef_tui.formats import by_extension
from pef_tui.model import EPOCH, Place
from pef_tui.testing.media import make
from pef_tui.testing.naming import Naming, media_name, number_of, sidecar_name

CONTAINER = "Takeout/Google Photos"
EXPORTED = int(datetime(2024, 11, 5, 9, 30, tzinfo=UTC).timestamp())
"""Modification time of every file made: the day of the export, as in real ones."""

Json = dict[str, object]


class Item(Struct, frozen=True):
    """A picture with more to say than its sidecar."""

    sidecar: Json | None = None
    media: bytes | None = None
    """Its bytes; None: made up by the extension of its name."""
    naming: Naming | None = None
    """Names its sidecar the new or the old way; None: as the rest of the export."""


def sidecar(
    title: str,
    *,
    taken: datetime | float | None = 1_561_977_296,
    place: Place | tuple[float, float] | None = None,
    camera_place: Place | tuple[float, float] | None = None,
    people: Iterable[str] = (),
    description: str = "",
    **more: object,
) -> Json:
    """A sidecar as Google writes it.

    `taken` is an instant (a number: UTC seconds since 1970; None: Google knows no date), `place` what Google Photos
    shows, `camera_place` what the camera wrote; south and west are negative. Anything else goes in as it is:
    `favorited=True`, `googlePhotosOrigin={...}`; a value of None takes a field out.
    """
    seconds = taken.timestamp() if isinstance(taken, datetime) else taken or 0
    fields: Json = {
        "title": title,
        "description": description,
        "imageViews": "3",
        "creationTime": _stamp(EXPORTED - 86_400),
        "photoTakenTime": _stamp(seconds),
        "geoData": _geo(place),
        "url": f"https://photos.google.com/photo/{_photo(title, seconds):08x}",
    }
    if camera_place is not None:
        fields["geoDataExif"] = _geo(camera_place)
    if names := list(people):
        fields["people"] = [{"name": name} for name in names]
    return {key: value for key, value in (fields | more).items() if value is not None}


def takeout(
    path: str | os.PathLike[str],
    files: Mapping[str, Json | Item | bytes | None],
    *,
    naming: Naming = "new",
    container: str = CONTAINER,
) -> Path:
    """Build an export below this path and return the folder to give as SOURCE (the first of `container`).

    `files` maps paths below the Google Photos folder to what lies there:

    - a sidecar (`sidecar(...)`, or any dict that is one): a picture made up by its extension, and the JSON beside it.
      Names longer than Google allows are cut as Google does it; `a(1).jpg` with the title `a.jpg` is the second
      picture of that name;
    - an `Item`: the same, with bytes or naming of its own;
    - None: a picture without a sidecar;
    - bytes: a file with exactly this content and name;
    - a dict at a name that ends in `.json`: that JSON, for instance an album's `{"title": "Trip"}`.
    """
    base = Path(path)
    below = base / container if container else base
    for name, content in files.items():
        for made, data in _made(name.rpartition("/")[2], content, naming).items():
            target = below / name.rpartition("/")[0] / made
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            os.utime(target, (EXPORTED, EXPORTED))
    first = Path(container).parts[:1]
    return base.joinpath(*first)


def _made(name: str, content: Json | Item | bytes | None, naming: Naming) -> dict[str, bytes]:
    """The files that one entry stands for, by their names on disk."""
    if isinstance(content, bytes):
        return {name: content}
    if isinstance(content, dict) and name.endswith(".json"):
        return {name: _written(content)}
    item = content if isinstance(content, Item) else Item(content)
    title = str((item.sidecar or {}).get("title") or name)
    number = number_of(name, title)
    on_disk = name if number else media_name(name)
    files = {on_disk: _picture(name) if item.media is None else item.media}
    if item.sidecar is not None:
        files[sidecar_name(title, number, item.naming or naming)] = _written(item.sidecar)
    return files


def _picture(name: str) -> bytes:
    """A picture or film that fits the name, different for each name (an MP4 film where it has no extension)."""
    format = by_extension(name)
    return make(format.name if format else "mp4", zlib.crc32(name.encode("utf-8", "surrogateescape")))


def _written(fields: Json) -> bytes:
    return json.dumps(fields, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _photo(title: str, seconds: float) -> int:
    """The number of a photo: the same only for pictures of one title and moment."""
    return zlib.crc32(f"{title}\0{seconds}".encode("utf-8", "surrogateescape"))


def _stamp(seconds: float) -> Json:
    moment = EPOCH + timedelta(seconds=seconds)
    formatted = f"{moment:%b} {moment.day}, {moment.year}, {moment:%I:%M:%S %p} UTC"
    return {"timestamp": str(int(seconds)), "formatted": formatted}


def _geo(place: Place | tuple[float, float] | None) -> Json:
    if isinstance(place, tuple):
        place = Place(*place)
    latitude, longitude = (place.latitude, place.longitude) if place else (0.0, 0.0)
    altitude = (place.altitude if place else None) or 0.0
    point: Json = {"latitude": latitude, "longitude": longitude, "altitude": altitude}
    return point | {"latitudeSpan": 0.0, "longitudeSpan": 0.0}
