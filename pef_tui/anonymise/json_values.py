"""Replace the content of a JSON file, but keep its structure, Google's keys, and which values are equal or missing."""

from __future__ import annotations

import hashlib
from json import detect_encoding
from typing import Any

import msgspec

from pef_tui.anonymise.names import NameMap

KEYS = frozenset(
    (
        *("title", "description", "imageViews", "creationTime", "photoTakenTime", "photoLastModifiedTime"),
        *("modificationTime", "timestamp", "formatted", "geoData", "geoDataExif", "latitude", "longitude"),
        *("altitude", "latitudeSpan", "longitudeSpan", "people", "name", "favorited", "archived", "trashed"),
        *("inLockedFolder", "url", "googlePhotosOrigin", "mobileUpload", "deviceType", "deviceFolder"),
        *("localFolderName", "driveSync", "webUpload", "computerUpload", "fromPartnerSharing"),
        *("fromSharedAlbum", "composition", "type", "appSource", "androidPackageName", "comments", "text"),
        *("sharedAlbumComments", "contentOwnerName", "liked", "access", "date", "location", "enrichments"),
        *("narrativeEnrichment", "locationEnrichment", "mapEnrichment", "latitudeE7", "longitudeE7"),
        *("albumData", "subscriptions", "orders", "memories", "tags", "origin", "destination"),
    )
)
"""Keys of Google's JSON, which are kept. Any other key is replaced like a text."""
WORDS = frozenset(
    (
        *("ANDROID_PHONE", "ANDROID_TABLET", "IOS_PHONE", "IOS_TABLET", "CHROME_OS", "PHONE", "TABLET"),
        *("AUTO", "MANUAL", "ANIMATION", "COLLAGE", "MOVIE", "protected", "public", "shared", "private"),
    )
)
"""Values that are kept."""
URL = "https://photos.google.com/photo/"
"""Beginning of the address of a picture, which is kept."""

_DEGREES = {"latitude": 80, "longitude": 170, "latitudeE7": 800_000_000, "longitudeE7": 1_700_000_000}
"""Largest replacement of a coordinate, by key."""


class JsonMap:
    """Replaces the content of JSON files. Equal values get equal replacements in all files."""

    def __init__(self, names: NameMap, key: bytes, shift: int) -> None:
        """`key`: random bytes. `shift`: number of seconds that is added to each time."""
        self._names = names
        self._key = key
        self._shift = shift

    def content(self, raw: bytes) -> Any:
        """Return the content of a JSON file with its values replaced. Raises ValueError or RecursionError."""
        encoding = detect_encoding(raw)
        text = raw if encoding == "utf-8" else raw.decode(encoding).removeprefix("\ufeff").encode()
        document = msgspec.json.decode(text)
        return self._value(document, "", is_picture=_is_picture(document))

    def _value(self, value: Any, key: str, *, is_picture: bool) -> Any:
        if isinstance(value, dict):
            return {
                name if name in KEYS else self._names.text(name): self._value(
                    item, name, is_picture=is_picture
                )
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._value(item, key, is_picture=is_picture) for item in value]
        if key == "timestamp" and not isinstance(value, bool):
            return self._moment(value)
        if isinstance(value, str):
            return self._text(value, key, is_picture=is_picture)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value, key)
        return value

    def _text(self, text: str, key: str, *, is_picture: bool) -> str:
        if text in WORDS:
            return text
        if key == "title":
            return self._names.title(text) if is_picture else self._names.folder(text)
        if key == "url" and text.startswith(URL):
            return URL + self._names.text(text.removeprefix(URL))
        return self._names.text(text)

    def _moment(self, value: Any) -> Any:
        """Return a time with the shift added. Texts that are no whole number, 0 and "" are kept: they are no times."""
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            return self._names.text(value) if isinstance(value, str) else value
        if not number:
            return value
        shifted = number + self._shift * (1000 if abs(number) > 100_000_000_000 else 1)
        return str(shifted) if isinstance(value, str) else shifted

    def _number(self, number: float, key: str) -> float:
        """Return the replacement of a number: 0 and 1 stay, coordinates become others in their range."""
        if number in (0, 1):
            return number
        digest = hashlib.blake2b(repr((key, number)).encode(), digest_size=8, key=self._key).digest()
        if key not in _DEGREES or abs(number) > _DEGREES[key] * 1.2:
            return int(self._names.text(str(abs(int(number))))) if abs(number) < 1e15 else number
        fraction = int.from_bytes(digest) / 2**64 * 2 - 1
        replaced = fraction * _DEGREES[key]
        return int(replaced) if isinstance(number, int) else round(replaced, 7)


def _is_picture(document: Any) -> bool:
    """Return whether a JSON file is the sidecar of a picture, whose title is the name of a file."""
    sidecar_keys = ("photoTakenTime", "creationTime", "imageViews", "geoDataExif", "googlePhotosOrigin")
    return isinstance(document, dict) and any(key in document for key in sidecar_keys)
