"""The nouns: everything that travels between stages, as frozen structs.

Paths are `str` with undecodable bytes as lone surrogates (PEP 383), always with `/`; `os.fsencode` gives
the exact bytes back. A Struct only ever gains fields, with defaults, at its end.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from pef_tui.google_json import Album as Album
from pef_tui.google_json import Geo as Geo
from pef_tui.google_json import Origin as Origin
from pef_tui.google_json import Person as Person
from pef_tui.google_json import Place as Place
from pef_tui.google_json import Sidecar as Sidecar
from pef_tui.google_json import Stamp as Stamp

Value = str | int | float | tuple[str, ...]
"""A tag's value: text, a number, or a list of texts."""

Choice = Literal["", "keep", "google"]
"""Of a conflict: not decided, the file's value stays, Google's is written."""

When = Literal["missing", "merge", "always"]
"""`missing`: only where the file has no value (what differs is a conflict, settled by `--existing`);
`merge`: a list, joined with what is there; `always`: replaces whatever is there."""

MediaOutcome = Literal[
    "written", "sidecar", "copied", "unmatched", "duplicate", "unchanged", "excluded", "failed"
]
JsonOutcome = Literal["used", "orphan", "album", "other", "invalid"]
JsonKind = Literal["unread", "sidecar", "album", "other", "invalid"]

UNREADABLE = "cannot be read"
"""How the reason of a JSON file begins whose bytes were not to be had; another time they may be."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_zone = cache(lambda minutes: timezone(timedelta(minutes=minutes)))


class Source(Struct, frozen=True, gc=False):
    """One directory or archive given by the user."""

    root: int
    """Its number among the sources (`sources` of the JSON line `start`), from 0."""
    path: str
    scanner: str = "directory"
    """Name of the scanner that reads it."""
    inside: tuple[str, ...] = ()
    """Paths in this folder that are sources of their own, and no part of this one."""


class MediaFile(Struct, frozen=True, gc=False):
    """One picture or video (or a file not known yet to be one) as it lies in a source."""

    root: int
    path: str
    """Below the source; for an archive the member's path."""
    size: int
    mtime_ns: int
    version: int = 0
    """A number that changes whenever anything of the file changes, even where size and time are kept: from its place
    and the time of its last change, or from the checksum in its archive. 0 where none is known."""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]


class JsonFile(Struct, frozen=True, gc=False):
    """One JSON file as it lies in a source and, once read, what it is."""

    root: int
    path: str
    size: int
    mtime_ns: int
    kind: JsonKind = "unread"
    sidecar: Sidecar | None = None
    album: Album | None = None
    reason: str = ""
    """Why it is `invalid`."""
    version: int = 0
    """As `MediaFile.version`."""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]


class Folder(Struct, frozen=True, gc=False):
    """One Google Photos folder, joined over all sources: its media, its JSON files, the rest.

    Every tuple is sorted by (name, root, path), so a Folder is the same however its sources were listed.
    """

    path: str
    """Below the Google Photos container of the export (or below SOURCE where there is none); "" for the top."""
    media: tuple[MediaFile, ...] = ()
    json: tuple[JsonFile, ...] = ()
    other: tuple[MediaFile, ...] = ()
    """Files whose name does not say that they are media; a matcher or their content may still make them so."""
    ignored: tuple[MediaFile, ...] = ()
    """Files of systems and programs (`takeout/system_files.py`): counted, never media."""

    @property
    def album(self) -> Album | None:
        """What the folder's album JSON tells, where it has one."""
        return next((file.album for file in self.json if file.album is not None), None)


class State(Struct, frozen=True, gc=False):
    """What a media file is and holds before anything is written."""

    format: str = ""
    """Name of its format by content (`formats.py`), "" where unknown."""
    tags: dict[str, Value] = {}
    """Existing values by `group:tag` in the spelling that edits use (`EXIF:DateTimeOriginal`,
    `XMP-dc:Subject`, `Keys:CreationDate`); coordinates signed, numbers as numbers."""
    reader: str = ""
    """Who read the tags: `native`, `exiftool`, or "" when nobody could."""
    damage: str = ""
    """What is wrong with the file, in words; "" when it looks sound."""
    embed: bool = False
    """A raw picture that is to be written into all the same."""
    closed: str = ""
    """Why ExifTool must not change the file, in words; "" where it may."""


class XmpFile(Struct, frozen=True, gc=False):
    """An XMP file that lies beside a media file in the sources: `a.jpg.xmp` or `a.xmp`."""

    file: MediaFile
    tags: dict[str, Value] = {}
    """What it says, as in `State.tags`."""
    problem: str = ""
    """Why it cannot be read; then it goes with its media as it is."""
    content: bytes = b""
    """8 bytes: hash of its bytes."""


class Taken(Struct, frozen=True, gc=False):
    """When a picture was taken: the instant, and the offset of the clock on the wall there."""

    instant: float
    """UTC seconds since 1970."""
    offset: int | None = None
    """Minutes east of UTC; None where no zone is known."""
    zone: str = ""
    """What told the offset: `file`, `maker`, `gps-time`, `gps`, `camera`, `name`, `neighbour`, `option`, `assumed`."""
    told: str = "sidecar"
    """What told the instant: `sidecar`, `file` (its own tags), `name` (the date in its name)."""

    @property
    def local(self) -> datetime:
        """The wall clock there (in UTC where no offset is known)."""
        return (EPOCH + timedelta(seconds=self.instant)).astimezone(_zone(self.offset or 0))


class Match(Struct, frozen=True, gc=False):
    """A MediaFile with its Sidecar (or none) and the rule that joined them."""

    media: MediaFile
    folder: str
    """`Folder.path` it lies in."""
    sidecar: Sidecar | None = None
    json: JsonFile | None = None
    """The file the sidecar was read from."""
    rule: str | None = None
    """Name of the rule that joined them (docs/matching.md)."""
    reason: str = ""
    """Why there is no sidecar."""
    main: str = ""
    """For an edited copy, a live or a motion film: the name of the picture it belongs to, in the same folder."""
    album: Album | None = None
    state: State | None = None
    """Filled before tag mappers are called."""
    taken: Taken | None = None
    """Filled before tag mappers are called."""
    excluded: str = ""
    """Reason of the filter that leaves it out."""
    xmp: XmpFile | None = None
    """The XMP file beside it. Its tags count as the media file's own where that has none of the name."""
    copies: tuple[str, ...] = ()
    """What else there is of its name and size, where the Plan depends on it (`albums.py`)."""
    albums: tuple[str, ...] = ()
    """Titles of the albums it is in, where they are asked for."""
    facts: dict[str, Value] = {}
    """What stages of plugins found out for tag mappers; names begin with the plugin's: `places.city`."""
    doubts: tuple[str, ...] = ()
    """What is to be reported of the join, as that an older export says otherwise."""
    proof: bytes = b""
    """What a join across Folders rests on (`joining.py`), for later runs."""


class TagEdit(Struct, frozen=True, gc=False):
    """One intended value."""

    tag: str
    """`group:tag` in ExifTool's spelling."""
    value: Value | None
    """None removes the tag."""
    when: When = "missing"
    unit: str = ""
    """Edits of one unit (`date`, `place`) are written all or none; "" stands for itself."""
    mapper: str = ""
    """Who wants it; filled by the program."""


class Conflict(Struct, frozen=True, gc=False):
    """The file says one thing and the sidecar another."""

    unit: str
    tag: str
    file: Value
    google: Value
    kind: str = ""
    """What many conflicts may share: `differs by 1 h` (`tags/kinds.py`)."""
    choice: Choice = ""
    """What a person decided on it."""
    differs: str | UnsetType = UNSET
    """By how much, where `kind` names a likely cause instead; a decision may name either."""


class Plan(Struct, frozen=True, gc=False):
    """Everything that is to happen to one MediaFile."""

    match: Match
    outcome: MediaOutcome
    """What it will be if nothing goes wrong."""
    edits: tuple[TagEdit, ...] = ()
    """What is written, after the file's own values were looked at."""
    output: str | None = None
    """Path below the output folder, None when nothing is put there."""
    mtime_ns: int = 0
    """Modification time of the output."""
    writer: str = ""
    """Name of the writer that takes it; "" when nothing is written into the file."""
    conflicts: tuple[Conflict, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    key: bytes = b""
    """What the manifest knows the file by: its path below the container, `\0n` behind it for the n-th of that path."""
    xmp_edits: tuple[TagEdit, ...] = ()
    """What is put into the XMP file beside the output, besides what the writer does."""
    short_xmp: bool = False
    """The XMP file is called `a.xmp`, not `a.jpg.xmp`."""
    link: str = ""
    """Of a `duplicate`: the output that has the same bytes already. With an output of its own it becomes a link."""
    temporary: bool = False
    """The file, or what it says, could not be read: another time it may be, so a later run plans anew."""
    by_name: bool = False
    """It has no sidecar, and the date in its name is all that dates it."""
    for_json: bool = False
    """The copy of an album that has the sidecar only: reported with that, for it has no media file of its own."""
    withdraws: bool = False
    """Nothing is put there, and what an earlier run put there is removed: it has another picture's metadata."""


class Outcome(Struct, frozen=True, gc=False):
    """What did happen to one MediaFile (in a dry run: what would)."""

    plan: Plan
    word: MediaOutcome
    output: str | None = None
    writer: str = ""
    reason: str = ""
    warnings: tuple[str, ...] = ()
    size: int = 0
    """Bytes of the output file."""
    mtime_ns: int = 0
    """Modification time the output file has on its disk."""
    temporary: bool = False
    """A failure that may pass (disk full, ExifTool died): tried again by the next run."""
    xmp: tuple[int, int] | None = None
    """Size and modification time (ns) of the XMP file put beside the output; None where none was."""
    short_xmp: bool = False
    """The XMP file is called `a.xmp`, not `a.jpg.xmp`."""
    edits: tuple[TagEdit, ...] | None = None
    """What was written into the file, where that is not what the Plan says."""
    verified: bool | None = None
    """Was it read back and found right? None where it was not looked at."""
    beside: tuple[TagEdit, ...] = ()
    """Edits of a `written` file that only its XMP file says, because the file could not be made to say them."""
    source_digest: bytes = b""
    """Fingerprint (`pef_tui.fingerprint`) of the media file as it was copied; empty where it was not."""
    output_digest: bytes = b""
    """Fingerprint of the output file."""
    xmp_digest: bytes = b""
    """Fingerprint of the XMP file put beside it."""


def xmp_name(name: str, short: bool = False) -> str:
    """The XMP file of a media file, by its name or path: `a.jpg.xmp`, or the short `a.xmp`."""
    if short and (stem := name.rpartition(".")[0]) and not stem.endswith("/"):
        return stem + ".xmp"
    return name + ".xmp"


class JsonRecord(Struct, frozen=True, gc=False):
    """What became of one JSON file."""

    file: JsonFile
    outcome: JsonOutcome
    reason: str = ""
    outputs: tuple[str, ...] = ()
    """Of the sidecar of an album without the picture: what is put there for it."""


class OtherRecord(Struct, frozen=True, gc=False):
    """A file that is neither media nor JSON."""

    file: MediaFile
    reason: str = ""
    """Why it is not looked into; "" for a document or anything else that lies beside media."""


Record = Outcome | JsonRecord | OtherRecord
"""What a run tells of one file it found."""
