"""What a JSON file of an export is, told by its content alone: a picture's sidecar, an album, or neither."""

from __future__ import annotations

from json import detect_encoding

import msgspec
from msgspec import Struct

from pef_tui.model import Album, Geo, JsonFile, JsonKind, Place, Sidecar
from pef_tui.takeout.escapes import plain_album, plain_sidecar

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
    access: object = None
    date: object = None
    shared_album_comments: object = None

    @property
    def is_sidecar(self) -> bool:
        """Has it what only sidecars have: a view count, an upload time, a camera place or an origin?

        Other products write a `creationTime` too, as text; that of Google Photos is an object.
        """
        return (
            isinstance(self.creation_time, dict)
            or self.image_views is not None
            or self.geo_data_exif is not None
            or self.google_photos_origin is not None
        )

    @property
    def is_album(self) -> bool:
        """Has it what only albums have: an access, a date as an object, comments, texts or places between pictures?"""
        return (
            self.access is not None
            or isinstance(self.date, dict)
            or self.shared_album_comments is not None
            or self.enrichments is not None
        )


_sidecars = msgspec.json.Decoder(Sidecar)
_documents = msgspec.json.Decoder(_Document)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])

_BARE_ALBUM = frozenset({"title", "description", "location", "geoData"})
"""Keys of an album's JSON where nothing else shows that it is one. With any other key it is another product's: notes of
Keep have titles too."""


def read(file: JsonFile, raw: bytes) -> JsonFile:
    """The file with its kind, and its sidecar, album or reason, from its bytes. Never raises.

    Anything that is no JSON object of the types Google writes is `invalid`. There is no byte filter before the
    parser: skipping what a Struct does not ask for costs less than searching the bytes for the deciding keys
    (bench/sidecars.py), and every malformed file is found.
    """
    try:
        return _read(file, raw)
    except (ValueError, RecursionError) as error:
        reason = _reason(error, raw)
    try:
        if (converted := _as_utf8(raw)) is not None:
            return _read(file, converted)
    except (ValueError, RecursionError) as error:
        reason = _reason(error, raw)
    return _told(file, "invalid", reason=reason)


def _read(file: JsonFile, raw: bytes) -> JsonFile:
    """The same. Raises ValueError, RecursionError."""
    sidecar = _sidecars.decode(raw)
    if sidecar.photo_taken_time is not None:
        return _told(file, "sidecar", _plain(sidecar, raw))
    if not sidecar.title and b'"albumData"' not in raw:
        return _told(file, "other")
    document = _documents.decode(raw)
    if document.album_data is not None:
        return _told(file, "album", album=_album(document.album_data))
    if document.title is None:
        return _told(file, "other")
    if document.is_sidecar:
        return _told(file, "sidecar", _plain(sidecar, raw))
    if document.is_album or _keys.decode(raw).keys() <= _BARE_ALBUM:
        return _told(file, "album", album=_album(document))
    return _told(file, "other")


def _plain(sidecar: Sidecar, raw: bytes) -> Sidecar:
    """The sidecar unescaped. Almost none has an `&`, plain or as JSON escapes it: its texts need no look then."""
    return plain_sidecar(sidecar) if b"&" in raw or b"\\u0026" in raw else sidecar


def _as_utf8(raw: bytes) -> bytes | None:
    """JSON with a byte order mark, or in UTF-16 or UTF-32, as editors of Windows save it; None where it is neither."""
    encoding = detect_encoding(raw)
    if encoding == "utf-8":
        return None
    try:
        return raw.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeError:
        return None


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
    return JsonFile(
        file.root, file.path, file.size, file.mtime_ns, kind, sidecar, album, reason, file.version
    )


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
    return plain_album(
        Album(
            title=fields.title or "",
            description=fields.description or "",
            texts=tuple(text for text in texts if text),
            places=tuple((name, place) for name, place in places if place is not None),
        )
    )


def _reason(error: Exception, raw: bytes) -> str:
    """One line on why the bytes are no JSON of Google's."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:2]:
        return "not sound UTF-16 text"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    return " ".join(str(error).split()) if raw.strip() else "empty file"
