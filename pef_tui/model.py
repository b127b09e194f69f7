"""The data model: the frozen structs that the stages of a run pass to each other.

Paths are `str` with `/` as separator. A byte of a path that is not valid UTF-8 is a lone surrogate (PEP 383);
`os.fsencode` returns the exact bytes. New fields are only added at the end of a Struct, with defaults.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from pef_tui.google_json import Album as Album
from pef_tui.google_json import Geo as Geo
from pef_tui.google_json import GeoPoint as GeoPoint
from pef_tui.google_json import Origin as Origin
from pef_tui.google_json import Person as Person
from pef_tui.google_json import Sidecar as Sidecar
from pef_tui.google_json import Timestamp as Timestamp

Value = str | int | float | tuple[str, ...]
"""Value of a tag: a text, a number or a tuple of texts."""

Choice = Literal["", "keep", "google"]
"""Decision on a conflict. "": undecided; `keep`: keep the value in the file; `google`: write Google's value."""

When = Literal["missing", "merge", "always"]
"""When an edit is written. `missing`: only if the file has no value; another value in the file is a conflict, which
`--existing` decides. `merge`: add the texts to the list in the file. `always`: replace the value in the file."""

MediaOutcome = Literal[
    "written", "sidecar", "copied", "unmatched", "duplicate", "unchanged", "excluded", "failed"
]
"""What a run did with a media file (docs/usage.md describes each outcome)."""

JsonOutcome = Literal["used", "orphan", "album", "other", "invalid"]
"""What a run did with a JSON file."""

JsonKind = Literal["unread", "sidecar", "album", "other", "invalid"]
"""Kind of a JSON file, found in its content. `unread`: the file was not read yet."""

UNREADABLE = "cannot be read"
"""Start of `JsonRecord.reason` if the bytes of the file could not be read. A later run reads the file again."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_zone = cache(lambda minutes: timezone(timedelta(minutes=minutes)))


class Source(Struct, frozen=True, gc=False):
    """One source of a run: a directory or archive that a SOURCE argument names, or an archive in such a directory."""

    root: int
    """Number of the source: its index in `sources` of the JSON line `start`, from 0."""
    path: str
    """Absolute path of the source in the file system."""
    scanner: str = "directory"
    """Name of the Scanner that reads the source."""
    inside: tuple[str, ...] = ()
    """Paths below this source that are sources themselves. Files in them do not belong to this source."""


class MediaFile(Struct, frozen=True, gc=False):
    """One picture or video of a source; or a file that may prove to be one."""

    root: int
    """Number of the source that contains the file (`Source.root`)."""
    path: str
    """Path below the source; in an archive, the path of the member."""
    size: int
    """Size in bytes."""
    mtime_ns: int
    """Modification time in nanoseconds since 1970."""
    version: int = 0
    """A number that changes with every change of the file, even if size and modification time stay the same. It is made
    from the source and the change time (ctime), or from the checksum in the archive. 0 if unknown."""

    @property
    def name(self) -> str:
        """The last component of `path`."""
        return self.path.rpartition("/")[2]


class JsonFile(Struct, frozen=True, gc=False):
    """One JSON file of a source. After it was read, its decoded content is in `sidecar` or `album`."""

    root: int
    """Number of the source that contains the file (`Source.root`)."""
    path: str
    """Path below the source; in an archive, the path of the member."""
    size: int
    """Size in bytes."""
    mtime_ns: int
    """Modification time in nanoseconds since 1970."""
    kind: JsonKind = "unread"
    """What the content is; `unread` until the file was read."""
    sidecar: Sidecar | None = None
    """The decoded content, if `kind` is `sidecar`; otherwise None."""
    album: Album | None = None
    """The decoded content, if `kind` is `album`; otherwise None."""
    reason: str = ""
    """Why the file is invalid; "" unless `kind` is `invalid`."""
    version: int = 0
    """A number that changes with every change of the file (see `MediaFile.version`)."""

    @property
    def name(self) -> str:
        """The last component of `path`."""
        return self.path.rpartition("/")[2]


FileId = tuple[int, str]
"""Identifies a file of the sources: number of the source (`root`), and path below the source."""


def file_id(file: MediaFile | JsonFile) -> FileId:
    """Return the FileId of a file: number of its source, and path below the source."""
    return file.root, file.path


class Folder(Struct, frozen=True, gc=False):
    """One folder of Google Photos, with its files from all sources.

    Each tuple of files is sorted by (name, root, path): the order of the sources does not matter.
    """

    path: str
    """Path below the "Google Photos" directory of the export, or below the source without such a directory. "" is that
    directory itself."""
    media: tuple[MediaFile, ...] = ()
    """Pictures and videos: files whose names have the extension of a media file."""
    json: tuple[JsonFile, ...] = ()
    """JSON files, decoded."""
    other: tuple[MediaFile, ...] = ()
    """Files without the extension of a media file. If a matcher or the content shows that a file is a picture or video,
    it becomes one of `media`."""
    ignored: tuple[MediaFile, ...] = ()
    """Files of operating systems and programs, such as `Thumbs.db`. They are only counted."""

    @property
    def album(self) -> Album | None:
        """The album that a JSON file in the folder describes; None if the folder has no such file."""
        return next((file.album for file in self.json if file.album is not None), None)


class FileMetadata(Struct, frozen=True, gc=False):
    """Format and tags of a media file in the sources, before the run writes anything."""

    format: str = ""
    """Name of the format, detected by content (`pef_tui.formats.FORMATS`); "" if unknown."""
    tags: dict[str, Value] = {}
    """Values in the file by `group:tag`, in the spelling of `TagEdit.tag` (`EXIF:DateTimeOriginal`, `XMP-dc:Subject`,
    `Keys:CreationDate`). Numeric values are `int` or `float`; coordinates are degrees, negative for south and west."""
    reader: str = ""
    """Reader of the tags: `native` (this program) or `exiftool`; "" if the tags could not be read."""
    damage: str = ""
    """How the file is damaged; "" if no damage was detected."""
    embed: bool = False
    """True for a raw picture whose tags are written into the file (`--raw embed`)."""
    closed: str = ""
    """Why ExifTool must not change the file; "" if it may."""


class XmpFile(Struct, frozen=True, gc=False):
    """An XMP file beside a media file in the sources: `a.jpg.xmp` or `a.xmp`."""

    file: MediaFile
    """The XMP file itself."""
    tags: dict[str, Value] = {}
    """Values in the XMP file by `group:tag`, as in `FileMetadata.tags`."""
    problem: str = ""
    """Why the XMP file cannot be read; "" if it can. An unreadable XMP file is copied unchanged."""
    content: bytes = b""
    """Hash of the content of the XMP file, 8 bytes."""


class CaptureTime(Struct, frozen=True, gc=False):
    """When a picture was taken: the instant in UTC, and the offset of local time from UTC."""

    instant: float
    """Seconds since 1970-01-01 UTC."""
    offset: int | None = None
    """Minutes east of UTC; None if the time zone is unknown."""
    zone: str = ""
    """Origin of `offset`: `file` (a tag), `maker` (maker notes), `gps-time` (GPS time in the file), `gps` (place),
    `camera` (the clock of the camera), `name` (file name), `neighbour` (a picture taken near in time), `option`
    (`--timezone`), `assumed` (zone of this machine)."""
    source: str = "sidecar"
    """Origin of `instant`: `sidecar`, `file` (tags of the file), `name` (date in the file name)."""

    @property
    def local(self) -> datetime:
        """Local date and time with its UTC offset; in UTC if the offset is unknown."""
        return (EPOCH + timedelta(seconds=self.instant)).astimezone(_zone(self.offset or 0))


class Match(Struct, frozen=True, gc=False):
    """A MediaFile with the Sidecar that was matched with it, if there is one, and the rule that matched them."""

    media: MediaFile
    """The picture or video."""
    folder: str
    """Path of the Folder that contains the media file (`Folder.path`)."""
    sidecar: Sidecar | None = None
    """The sidecar of the media file; None without one."""
    json: JsonFile | None = None
    """The JSON file that contains the sidecar; None without a sidecar, or if the sidecar is not from a JSON file."""
    rule: str | None = None
    """Name of the rule that matched media file and sidecar (docs/matching.md); None without a sidecar."""
    reason: str = ""
    """Reason why there is no sidecar; "" if there is one."""
    main: str = ""
    """For an edited copy, and for the video of a live or motion photo: name of its picture, in the same folder. "" for
    other media."""
    album: Album | None = None
    """The album that a JSON file in the folder describes; None if the folder has no such file."""
    metadata: FileMetadata | None = None
    """Format and tags of the media file. Set before tag mappers are called; None until then."""
    capture_time: CaptureTime | None = None
    """When the picture was taken; None if unknown. Set before tag mappers are called."""
    excluded: str = ""
    """Why a filter excluded the media file; "" if none did."""
    xmp: XmpFile | None = None
    """The XMP file beside the media file; None without one. If the media file lacks a tag, the value in the XMP file
    counts."""
    copies: tuple[str, ...] = ()
    """Folders with files of the same name and size, each with its album title. With `--albums`, the Plan depends on
    them; otherwise it is empty. Set by the program."""
    albums: tuple[str, ...] = ()
    """Titles of the albums that contain the media file, which are written with `--albums tag`. A matcher may set those
    that no folder of the export shows."""
    facts: dict[str, Value] = {}
    """Results of the stages of plugins, for tag mappers. Each key starts with the name of the plugin: `places.city`."""
    doubts: tuple[str, ...] = ()
    """Warnings about the match. Example: an older export has a different sidecar."""
    proof: bytes = b""
    """For a match with a sidecar in another Folder: what confirmed the match, for the check by a later run. Set by the
    program.

    `date`: the date of the media file. 8 bytes: another media file has equal bytes and this sidecar; they are a hash of
    that file's path, size, modification time and version. Empty: anything else.
    """
    incomplete: bool = False
    """True if a stage failed with this Match. The next run plans the file again. Set by the program."""


class TagEdit(Struct, frozen=True, gc=False):
    """A tag, and the value that it should have."""

    tag: str
    """`group:tag` in the spelling of ExifTool: `EXIF:DateTimeOriginal`."""
    value: Value | None
    """The value; None removes the tag."""
    when: When = "missing"
    """When the edit is written: `missing`, `merge` or `always`."""
    unit: str = ""
    """Name of a group of edits (`date`, `place`) that are written all or none; "" for an edit without group."""
    mapper: str = ""
    """Name of the TagMapper that yielded the edit. Set by the program."""


class Conflict(Struct, frozen=True, gc=False):
    """A tag whose value in the media file differs from the value in the sidecar."""

    unit: str
    """`TagEdit.unit` of the edit; "" for an edit without group."""
    tag: str
    """The tag with the two values: `group:tag` in the spelling of ExifTool."""
    file: Value
    """Value in the file."""
    google: Value
    """Value from the sidecar."""
    kind: str = ""
    """Kind of the difference, by which conflicts are grouped: `differs by 1 h`."""
    choice: Choice = ""
    """The decision of the user; "" if there is none."""
    differs: str | UnsetType = UNSET
    """Amount of the difference (`differs by 3 days`), if `kind` is its likely cause (`set by hand in Google Photos`).
    As the kind, a decision can name either text."""


class Plan(Struct, frozen=True, gc=False):
    """What the run will do with one MediaFile."""

    match: Match
    """The Match that is planned."""
    outcome: MediaOutcome
    """Outcome of the MediaFile if nothing fails."""
    edits: tuple[TagEdit, ...] = ()
    """Tags to write: the edits of the tag mappers that remain after a comparison with the values in the file."""
    output: str | None = None
    """Path of the output below DEST; None if no file is written."""
    mtime_ns: int = 0
    """Modification time of the output, in nanoseconds since 1970."""
    writer: str = ""
    """Name of the Writer; "" if no tags are written into the file."""
    conflicts: tuple[Conflict, ...] = ()
    """Tags whose value in the file differs from Google's, with both values."""
    warnings: tuple[str, ...] = ()
    """Warnings about the file, one line each."""
    reason: str = ""
    """Reason of `outcome`; "" if there is none."""
    key: bytes = b""
    """Key of the file in the manifest: its path below "Google Photos". If several files have this path, the n-th one
    has `\0n` after it."""
    xmp_edits: tuple[TagEdit, ...] = ()
    """Tags to write into the XMP file beside the output, in addition to `edits`."""
    short_xmp: bool = False
    """True if the XMP file is named `a.xmp` instead of `a.jpg.xmp`."""
    link: str = ""
    """With the outcome `duplicate`: path of the output with the same content. If `output` is set too, it becomes a link
    to that output."""
    temporary: bool = False
    """True if the file could not be read, perhaps for a temporary cause, or if a plugin failed, so that tags are
    missing. The next run plans the file again."""
    by_name: bool = False
    """True if the only date of the file is in its name: it has no sidecar and no date tag."""
    for_json: bool = False
    """True if the output is a copy of a picture for an album that has only the sidecar of the picture. The copy is
    reported in the JsonRecord of this sidecar."""
    withdraws: bool = False
    """True if no file is written, and the output of an earlier run is removed because it has the metadata of another
    picture."""


class Outcome(Struct, frozen=True, gc=False):
    """What the run did with one MediaFile; in a dry run, what it would do."""

    plan: Plan
    """The Plan that was carried out."""
    outcome: MediaOutcome
    """What was done: one of the outcomes of media in docs/usage.md."""
    output: str | None = None
    """Path of the output below DEST; None if no file was written."""
    writer: str = ""
    """Name of the Writer; "" if no tags were written into the file."""
    reason: str = ""
    """Reason of `outcome`; "" if there is none."""
    warnings: tuple[str, ...] = ()
    """Warnings about the file, one line each, including those of the Plan."""
    size: int = 0
    """Size of the output file, in bytes."""
    mtime_ns: int = 0
    """Modification time of the output file as its file system stores it, in nanoseconds since 1970."""
    temporary: bool = False
    """True if the failure has a temporary cause (disk full, ExifTool crashed). The next run tries again."""
    xmp: tuple[int, int] | None = None
    """Size in bytes, and modification time in nanoseconds, of the XMP file beside the output; None without XMP file."""
    short_xmp: bool = False
    """True if the XMP file is named `a.xmp` instead of `a.jpg.xmp`."""
    edits: tuple[TagEdit, ...] | None = None
    """Tags that were written into the file; None if they are `plan.edits`."""
    verified: bool | None = None
    """Result of `--verify`: True if the file was read back and is correct, False if it differs; None if it was not read
    back."""
    beside: tuple[TagEdit, ...] = ()
    """With the outcome `written`: edits that are only in the XMP file, because the media file cannot store them."""
    source_digest: bytes = b""
    """Fingerprint (`pef_tui.filesystem.fingerprint`) of the source file; empty if it was not copied."""
    output_digest: bytes = b""
    """Fingerprint of the output file; empty if there is none."""
    xmp_digest: bytes = b""
    """Fingerprint of the XMP file beside the output; empty if there is none."""
    recorded_time: int | None = None
    """With the outcome `unchanged`: local time at which the picture was taken, as the earlier run recorded it. In
    seconds since 1970, as if it were UTC; None if unknown."""


def xmp_name(name: str, short: bool = False) -> str:
    """Return the name or path of the XMP file of a media file: `a.jpg.xmp`; `a.xmp` if `short`."""
    if short and (stem := name.rpartition(".")[0]) and not stem.endswith("/"):
        return stem + ".xmp"
    return name + ".xmp"


class JsonRecord(Struct, frozen=True, gc=False):
    """Result for one JSON file."""

    file: JsonFile
    """The JSON file."""
    outcome: JsonOutcome
    """What the file is for: one of the outcomes of JSON in docs/usage.md."""
    reason: str = ""
    """Reason of `outcome`; "" if there is none."""
    outputs: tuple[str, ...] = ()
    """Paths below DEST of the copies of the picture in the album folder. They were written because the folder has this
    sidecar but not its picture."""


class OtherRecord(Struct, frozen=True, gc=False):
    """Result for one file of any other kind (not media, not JSON)."""

    file: MediaFile
    """The file, which is neither media nor JSON."""
    reason: str = ""
    """Reason why the file is not processed; "" for documents and other files beside media."""


Record = Outcome | JsonRecord | OtherRecord
"""The result for one file of the sources."""
