"""Build small exports for tests: media files and sidecars, with the names that Google gives to them."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from pef_tui.formats import by_extension
from pef_tui.model import EPOCH, GeoPoint
from pef_tui.testing.media import make
from pef_tui.testing.naming import Naming, media_name, number_of, sidecar_name

CONTAINER = "Takeout/Google Photos"
"""Path of the directory in an export that contains the folders of Google Photos."""
EXPORTED = int(datetime(2024, 11, 5, 9, 30, tzinfo=UTC).timestamp())
"""Modification time of all files, in seconds since 1970: the time of the export, as in real exports."""

Json = dict[str, object]


class Item(Struct, frozen=True):
    """A picture or video of an export, with its sidecar, whose content or naming a test determines."""

    sidecar: Json | None = None
    media: bytes | None = None
    """Content of the file; None to generate a file of the format of the extension."""
    naming: Naming | None = None
    """How the sidecar is named; None to name it like the rest of the export."""


def sidecar(
    title: str,
    *,
    taken: datetime | float | None = 1_561_977_296,
    place: GeoPoint | tuple[float, float] | None = None,
    camera_place: GeoPoint | tuple[float, float] | None = None,
    people: Iterable[str] = (),
    description: str = "",
    **more: object,
) -> Json:
    """Return a sidecar in Google's format.

    `taken`: when the picture was taken; a number is in seconds since 1970-01-01 UTC, and None means unknown. `place`:
    location in Google Photos; `camera_place`: location that the camera recorded. Both are in degrees; south and west
    are negative. `more`: other fields, which are added unchanged (`favorited=True`, `googlePhotosOrigin={...}`). A
    value of None removes the field.
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
    """Build an export below `path`. Return the directory to use as SOURCE (the first directory of `container`).

    `files` maps paths below the "Google Photos" directory to one of these contents:

    - a sidecar (`sidecar(...)`, or an equivalent dict): makes a picture of the format of the extension, and its JSON
      file. Long names are shortened as Google does; `a(1).jpg` with the title `a.jpg` is the second picture with the
      title `a.jpg`;
    - an `Item`: makes the same files, with the content or naming of the `Item`;
    - None: makes a picture without a sidecar;
    - bytes: makes a file with exactly this content and name;
    - a dict, if the name ends in `.json`: makes this JSON file, for instance `{"title": "Trip"}` for an album.
    """
    base = Path(path)
    below = base / container if container else base
    for name, content in files.items():
        for disk_name, data in _entry_files(name.rpartition("/")[2], content, naming).items():
            target = below / name.rpartition("/")[0] / disk_name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            os.utime(target, (EXPORTED, EXPORTED))
    first = Path(container).parts[:1]
    return base.joinpath(*first)


def _entry_files(name: str, content: Json | Item | bytes | None, naming: Naming) -> dict[str, bytes]:
    """Return the files that one entry of `files` in `takeout` makes: their contents, by their names on disk."""
    if isinstance(content, bytes):
        return {name: content}
    if isinstance(content, dict) and name.endswith(".json"):
        return {name: _json_bytes(content)}
    item = content if isinstance(content, Item) else Item(content)
    title = str((item.sidecar or {}).get("title") or name)
    number = number_of(name, title)
    on_disk = name if number else media_name(name)
    files = {on_disk: _picture(name) if item.media is None else item.media}
    if item.sidecar is not None:
        files[sidecar_name(title, number, item.naming or naming)] = _json_bytes(item.sidecar)
    return files


def _picture(name: str) -> bytes:
    """Return a picture or video of the format of the extension; an MP4 video if the extension is unknown.

    Files with different names have different content.
    """
    format = by_extension(name)
    return make(format.name if format else "mp4", zlib.crc32(name.encode("utf-8", "surrogateescape")))


def _json_bytes(fields: Json) -> bytes:
    return json.dumps(fields, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _photo(title: str, seconds: float) -> int:
    """Return the id of a photo for its URL. Photos with the same title and time have the same id."""
    return zlib.crc32(f"{title}\0{seconds}".encode("utf-8", "surrogateescape"))


def _stamp(seconds: float) -> Json:
    """Return a time in seconds since 1970 as an object of Google's JSON."""
    moment = EPOCH + timedelta(seconds=seconds)
    formatted = f"{moment:%b} {moment.day}, {moment.year}, {moment:%I:%M:%S %p} UTC"
    return {"timestamp": str(int(seconds)), "formatted": formatted}


def _geo(place: GeoPoint | tuple[float, float] | None) -> Json:
    if isinstance(place, tuple):
        place = GeoPoint(*place)
    latitude, longitude = (place.latitude, place.longitude) if place else (0.0, 0.0)
    altitude = (place.altitude if place else None) or 0.0
    point: Json = {"latitude": latitude, "longitude": longitude, "altitude": altitude}
    return point | {"latitudeSpan": 0.0, "longitudeSpan": 0.0}
