"""Documents that have a sidecar: Google Photos takes PDF scans and the like, which hold no tags of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pef_tui.formats import HEAD, detect
from pef_tui.model import JsonFile, JsonRecord, Match, MediaFile, OtherRecord
from pef_tui.run.digests import OpenMedia
from pef_tui.state.inspect import TEXT, no_media

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
    """The documents among what the matchers joined with a sidecar."""

    def __init__(self, matches: Iterable[Match], others: Iterable[MediaFile], open_media: OpenMedia) -> None:
        """`others`: files whose names are not those of media; only they can be documents."""
        names = {(file.root, file.path) for file in others}
        self._found = [
            match
            for match in matches
            if match.json is not None
            and (match.media.root, match.media.path) in names
            and is_document(match.media, open_media)
        ]

    @property
    def files(self) -> frozenset[tuple[int, str]]:
        """Number of the source and path of each."""
        return frozenset((match.media.root, match.media.path) for match in self._found)

    def others(self) -> list[OtherRecord]:
        """The record of each."""
        return [OtherRecord(match.media) for match in self._found]

    def json(self) -> Mapping[tuple[int, str], JsonRecord]:
        """The records of their sidecars, by number of the source and path."""
        return {
            (match.json.root, match.json.path): _record(match.json, match.media.name)
            for match in self._found
            if match.json is not None
        }


def is_document(media: MediaFile, open_media: OpenMedia) -> bool:
    """Is a file a document, by its content, else by its name? False where it cannot be read."""
    try:
        with open_media(media) as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    if detect(head) is not None:
        return False
    if head.startswith(_SIGNATURES) or no_media(head) == TEXT:
        return True
    dot = media.name.rfind(".")
    return dot > 0 and media.name[dot:].lower() in _EXTENSIONS


def _record(file: JsonFile, name: str) -> JsonRecord:
    return JsonRecord(file, "other", f"belongs to a document: {name}")
