"""Define what is stored about a file that is planned only after all Folders were listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from pef_tui.model import Album, FileId, JsonFile, Match, MediaFile
from pef_tui.planning.exports import ExportKey
from pef_tui.takeout.orphan_keys import Span

MatchStage = Callable[[Iterator[Match]], Iterator[Match]]
"""A function that fills fields of Matches, such as `metadata`, and yields the Matches in the same order."""


class FilePlanState(Struct):
    """A media file whose Plan is made only after all Folders were listed."""

    match: Match
    output: str
    """The output path that was claimed for the file; "" if it is claimed when the file is planned."""


class OrphanMedia(FilePlanState):
    """A media file that has no sidecar in its Folder. Its sidecar may be in another Folder."""

    span: Span | None
    """The first and the last moment in the sidecars of the file's Folder, as seconds since 1970; None without dates."""
    has_metadata: bool
    """Whether the tags of the file were read. Only a few of these tags are stored here (`KEPT_TAGS`)."""
    exports: tuple[ExportKey, ...]
    """The exports that contain the file: its own export, and other exports that have the same file at the same path."""
    equal_files: tuple[MediaFile, ...]
    """This file, and the same file in other sources. In the order of `exports`."""


class WeakMatch(FilePlanState):
    """A media file that a weak rule (`WEAK_RULES`) matched with a sidecar. The sidecar may belong to another file."""

    rivals: list[FileId] = []
    """Media without a sidecar to which this sidecar may belong."""
    owner_path: str = ""
    """Path of a media file whose own sidecar, in another Folder, has the same content; "" if there is none."""


class OrphanSidecar(Struct, frozen=True):
    """A sidecar whose media file may be in another Folder.

    Its own Folder has no media file for it; or it has one, but only by a weak rule (`WeakMatch`).
    """

    file: JsonFile
    export: ExportKey
    folder: str
    """Path of the sidecar's Folder."""
    album: Album | None
    """The album, if the sidecar's Folder is an album; else None."""


class AlbumSidecar(Struct, frozen=True):
    """A sidecar in an album that does not have the media file. The media file is in another Folder."""

    file: JsonFile
    folder: str
    album: Album
    content_key: str


PlansByFolder = dict[str, dict[FileId, FilePlanState]]
"""Files to plan: by the path of their Folder, then by their `file_id`."""
