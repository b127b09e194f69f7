"""What a JSON file of an export is, told by its content alone: a picture's sidecar, an album, or neither."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from pef_tui.model import Album, Geo, JsonFile, JsonKind, Place, Sidecar

MAX_JSON = 8 * 1024 * 1024
"""Bytes above which a JSON file is not read. Sidecars have 1 kB, albums with long comments some 100 kB."""


class _LocationEnrichment(Struct, frozen=True, rename={"latitude": "latitudeE7", "longitude": "longitudeE7"}):
    name: str | None = None
    description: str | None = None
    latitude: float | str | None = None
    longitude: float | str | None = None

    @property
    def place(self) -> Place | None:
        try:
            return Geo(float(self.latitude or 0) / 1e7, float(self.longitude or 0) / 1e7).place
        except ValueError:
            return None


class _Narrative(Struct, frozen=True):
    text: str | None = None


class _Locations(Struct, frozen=True):
    location: tuple[_LocationEnrichment, ...] | None = None


class _Enrichment(Struct, frozen=True, rename="camel"):
    narrative_enrichment: _Narrative | None = None
    location_enrichment: _Locations | None = None


class _AlbumFields(Struct, frozen=True, rename="camel"):
    """An album's own fields, bare or inside `albumData`."""

    title: str | None = None
    description: str | None = None
    enrichments: tuple[_Enrichment, ...] | None = None


class _Document(_AlbumFields, frozen=True, rename="camel"):
    """Whatever has no `photoTakenTime`: an album, a sidecar that lost its time, or something else."""

    album_data: _AlbumFields | None = None
    image_views: object = None
    creation_time: object = None
    geo_data_exif: object = None
    google_photos_origin: object = None


_sidecars = msgspec.json.Decoder(Sidecar)
_documents = msgspec.json.Decoder(_Document)


def read(file: JsonFile, raw: bytes) -> JsonFile:
    """The file with its kind, and its sidecar, album or reason, from its bytes. Never raises.

    Anything that is no JSON object of the types Google writes is `invalid`. There is no byte filter before the
    parser: skipping what a Struct does not ask for costs less than searching the bytes for the deciding keys
    (bench/sidecars.py), and every malformed file is found.
    """
    try:
        sidecar = _sidecars.decode(raw)
        if sidecar.photo_taken_time is not None:
            return _told(file, "sidecar", sidecar)
        if not sidecar.title and b'"albumData"' not in raw:
            return _told(file, "other")
        document = _documents.decode(raw)
    except (ValueError, RecursionError) as error:
        return _told(file, "invalid", reason=_reason(error, raw))
    return _without_time(file, sidecar, document)


def too_large(file: JsonFile) -> JsonFile:
    """The file as `invalid`, for being over MAX_JSON bytes; it is not read at all."""
    return _told(file, "invalid", reason=f"larger than {MAX_JSON >> 20} MiB, no sidecar is")


def _told(
    file: JsonFile,
    kind: JsonKind,
    sidecar: Sidecar | None = None,
    album: Album | None = None,
    reason: str = "",
) -> JsonFile:
    return JsonFile(file.root, file.path, file.size, file.mtime_ns, kind, sidecar, album, reason)


def _without_time(file: JsonFile, sidecar: Sidecar, document: _Document) -> JsonFile:
    """Tell album, sidecar without a time, and other apart.

    Albums have neither view count, upload time, camera place nor origin; any of these makes it a sidecar.
    """
    if document.album_data is not None:
        return _told(file, "album", album=_album(document.album_data))
    if document.title is None:
        return _told(file, "other")
    if (
        document.creation_time is not None
        or document.image_views is not None
        or document.geo_data_exif is not None
        or document.google_photos_origin is not None
    ):
        return _told(file, "sidecar", sidecar)
    return _told(file, "album", album=_album(document))


def _album(fields: _AlbumFields) -> Album:
    enrichments = fields.enrichments or ()
    texts = (item.narrative_enrichment.text for item in enrichments if item.narrative_enrichment)
    locations = (
        location
        for item in enrichments
        if item.location_enrichment
        for location in item.location_enrichment.location or ()
    )
    places = (
        (", ".join(filter(None, (location.name, location.description))), location.place)
        for location in locations
    )
    return Album(
        title=fields.title or "",
        description=fields.description or "",
        texts=tuple(text for text in texts if text),
        places=tuple((name, place) for name, place in places if place is not None),
    )


def _reason(error: Exception, raw: bytes) -> str:
    """One line on why the bytes are no JSON of Google's."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:2]:
        return "UTF-16 text, not UTF-8"
    if raw.startswith(b"\xef\xbb\xbf"):
        return "begins with a byte order mark"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    return " ".join(str(error).split()) if raw.strip() else "empty file"
