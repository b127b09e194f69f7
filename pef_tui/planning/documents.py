"""Find documents that have a sidecar. Google Photos also accepts PDF scans and Office files.

No tags are written into documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pef_tui.formats import HEAD, detect
from pef_tui.hooks import OpenMedia
from pef_tui.model import JsonFile, JsonRecord, Match, MediaFile, OtherRecord
from pef_tui.readers.inspect import TEXT, not_media_reason

_EXTENSIONS = frozenset(
    (
        *(".pdf", ".ps", ".eps", ".ai", ".doc", ".docx", ".xls", ".xlsx", ".ppt"),
        *(".pptx", ".odt", ".ods", ".odp", ".pages", ".numbers", ".key", ".rtf", ".txt"),
        *(".md", ".csv", ".tsv", ".xml", ".htm", ".html", ".mht", ".mhtml", ".epub"),
        *(".mobi", ".djvu", ".vcf", ".ics", ".eml", ".zip", ".7z", ".rar", ".gz"),
        *(".tgz", ".tar", ".bz2", ".xz", ".apk"),
    )
)
_SIGNATURES = (
    b"%PDF-",
    b"%!PS",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",  # Word, Excel and PowerPoint until 2003
    b"{\\rtf",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x1f\x8b",
)


class Documents:
    """Files that have a sidecar and are documents (PDF, Office and others), not pictures or videos."""

    def __init__(
        self, matches: Iterable[Match], other_files: Iterable[MediaFile], open_media: OpenMedia
    ) -> None:
        """`other_files`: files without the extension of a media file. Only these can be documents."""
        names = {(file.root, file.path) for file in other_files}
        self._matches = [
            match
            for match in matches
            if match.json is not None
            and (match.media.root, match.media.path) in names
            and is_document(match.media, open_media)
        ]

    @property
    def files(self) -> frozenset[tuple[int, str]]:
        """The `file_id` of each document."""
        return frozenset((match.media.root, match.media.path) for match in self._matches)

    def other_records(self) -> list[OtherRecord]:
        """Return an OtherRecord for each document. It is then reported as neither media nor JSON."""
        return [OtherRecord(match.media) for match in self._matches]

    def sidecar_records(self) -> Mapping[tuple[int, str], JsonRecord]:
        """Return a JsonRecord for the sidecar of each document, by the `file_id` of the sidecar."""
        return {
            (match.json.root, match.json.path): _record(match.json, match.media.name)
            for match in self._matches
            if match.json is not None
        }


def is_document(media: MediaFile, open_media: OpenMedia) -> bool:
    """Return whether a file is a document, judged by its first bytes, else by its extension.

    False for pictures and videos, and for files that cannot be read.
    """
    try:
        with open_media(media) as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    if detect(head) is not None:
        return False
    if head.startswith(_SIGNATURES) or not_media_reason(head) == TEXT:
        return True
    dot = media.name.rfind(".")
    return dot > 0 and media.name[dot:].lower() in _EXTENSIONS


def _record(file: JsonFile, name: str) -> JsonRecord:
    return JsonRecord(file, "other", f"belongs to a document: {name}")
