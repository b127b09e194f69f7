"""Classify a JSON file of an export by its content: a picture's sidecar, an album, or neither."""

from __future__ import annotations

from json import detect_encoding

import msgspec
from msgspec import Struct

from pef_tui.model import Album, Geo, GeoPoint, JsonFile, JsonKind, Sidecar
from pef_tui.takeout.html_escapes import plain_album, plain_sidecar

MAX_JSON = 8 * 1024 * 1024
"""Size in bytes above which a JSON file is not read. A sidecar has 1 kB, an album with long comments some 100 kB."""


class _LocationEnrichment(Struct, frozen=True, rename={"latitude": "latitudeE7", "longitude": "longitudeE7"}):
    name: str | None = None
    description: str | None = None
    latitude: float | str | None = None
    longitude: float | str | None = None

    @property
    def point(self) -> GeoPoint | None:
        try:
            return Geo(float(self.latitude or 0) / 1e7, float(self.longitude or 0) / 1e7).point
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
    """The fields of an album. They are at the top level of the JSON file, or inside `albumData`."""

    title: str | None = None
    description: str | None = None
    enrichments: tuple[_Enrichment, ...] | None = None


class _Document(_AlbumFields, frozen=True, rename="camel"):
    """A JSON file without `photoTakenTime`: an album, a sidecar that lost its time, or another file."""

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
        """Whether the file has a field that only sidecars have: views, upload time, camera position or origin.

        The upload time (`creationTime`) counts only as an object: other products write it as text.
        """
        return (
            isinstance(self.creation_time, dict)
            or self.image_views is not None
            or self.geo_data_exif is not None
            or self.google_photos_origin is not None
        )

    @property
    def is_album(self) -> bool:
        """Whether the file has a field that only albums have: access, a date as an object, comments, or enrichments.

        Enrichments are the texts and places between the pictures of an album.
        """
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
"""Keys that the JSON of an album may have if it has no field that only albums have.

A file with any other key is from another product: for example, notes of Keep have titles too.
"""


def parse_json_file(file: JsonFile, raw: bytes) -> JsonFile:
    """Parse `raw`, the content of the file. Return the file with its kind, and its sidecar, album or reason.

    Never raises. The kind is `invalid` for anything but a JSON object with the types that Google writes. `raw` is not
    searched for the deciding keys before. That would cost more than skipping the fields that a Struct does not have
    (bench/sidecars.py), and the parser finds every malformed file.
    """
    try:
        return _parse(file, raw)
    except (ValueError, RecursionError) as error:
        reason = _reason(error, raw)
    try:
        if (converted := _as_utf8(raw)) is not None:
            return _parse(file, converted)
    except (ValueError, RecursionError) as error:
        reason = _reason(error, raw)
    return _with_kind(file, "invalid", reason=reason)


def _parse(file: JsonFile, raw: bytes) -> JsonFile:
    """Return the file with its kind. Raises ValueError or RecursionError if `raw` cannot be parsed."""
    sidecar = _sidecars.decode(raw)
    if sidecar.photo_taken_time is not None:
        return _with_kind(file, "sidecar", _plain(sidecar, raw))
    if not sidecar.title and b'"albumData"' not in raw:
        return _with_kind(file, "other")
    document = _documents.decode(raw)
    if document.album_data is not None:
        return _with_kind(file, "album", album=_album(document.album_data))
    if document.title is None:
        return _with_kind(file, "other")
    if document.is_sidecar:
        return _with_kind(file, "sidecar", _plain(sidecar, raw))
    if document.is_album or _keys.decode(raw).keys() <= _BARE_ALBUM:
        return _with_kind(file, "album", album=_album(document))
    return _with_kind(file, "other")


def _plain(sidecar: Sidecar, raw: bytes) -> Sidecar:
    """Return the sidecar with its texts HTML-unescaped.

    If `raw` has no `&`, neither plain nor JSON-escaped, there is nothing to unescape. This check is faster.
    """
    return plain_sidecar(sidecar) if b"&" in raw or b"\\u0026" in raw else sidecar


def _as_utf8(raw: bytes) -> bytes | None:
    """Return the JSON `raw` as UTF-8 without byte order mark, if it has such a mark or is in UTF-16 or UTF-32.

    Windows editors write such files. None for plain UTF-8, and for bytes that cannot be decoded.
    """
    encoding = detect_encoding(raw)
    if encoding == "utf-8":
        return None
    try:
        return raw.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeError:
        return None


def too_large(file: JsonFile) -> JsonFile:
    """Return the file with the kind `invalid` and the reason: it is larger than MAX_JSON, and not parsed."""
    return _with_kind(file, "invalid", reason=f"larger than {MAX_JSON >> 20} MiB, no sidecar is")


def _with_kind(
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
    points = (
        (", ".join(filter(None, (location.name, location.description))), location.point)
        for location in locations
    )
    return plain_album(
        Album(
            title=fields.title or "",
            description=fields.description or "",
            texts=tuple(text for text in texts if text),
            places=tuple((name, point) for name, point in points if point is not None),
        )
    )


def _reason(error: Exception, raw: bytes) -> str:
    """Return one line that states why `raw` is not JSON of Google Photos. `error`: the parser's exception."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:2]:
        return "not sound UTF-16 text"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    return " ".join(str(error).split()) if raw.strip() else "empty file"
