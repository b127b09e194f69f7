"""The hooks that plugins implement, and the types of the registration objects that hooks yield.

Each hook is called once in a run. The program sorts the registration objects by (order, plugin, name), and calls the
functions in them during the run. An implementation of a hook may omit arguments that it does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from typing import BinaryIO, Literal, Protocol

import pluggy
from msgspec import Struct

from pef_tui.model import Folder, JsonFile, Match, MediaFile, Plan, Source, TagEdit
from pef_tui.settings import Settings

hookspec = pluggy.HookspecMarker("pef_tui")
hookimpl = pluggy.HookimplMarker("pef_tui")


class Listing(Struct, frozen=True):
    """The files of one directory of a source."""

    path: str
    """Path of the directory below the "Google Photos" directory, or below the source if there is no such directory."""
    files: tuple[MediaFile, ...]
    """Regular files in the directory, sorted by name."""


class SourceReader(Protocol):
    """An open source (a directory or an archive). Several threads call its methods."""

    def listings(self) -> Iterator[Listing]:
        """Yield each directory once, sorted by the components of `Listing.path`."""

    def open(self, path: str) -> BinaryIO:
        """Open the file at `path` below the source for reading. Raises OSError.

        If the source is a directory, the stream has a file descriptor (`fileno`).
        """

    def problems(self) -> Sequence[str]:
        """Return one line for each part of the source that could not be read. The list is complete when `listings` has
        ended.
        """

    def whole(self) -> bool:
        """Return True if all files were listed; False if some may be missing (truncated archive, unreadable directory).

        It is called after `listings` has ended.
        """

    def close(self) -> None:
        """Stop reading the source. A listing in progress may raise OSError. Open streams stay open."""


class Scanner(Struct, frozen=True):
    """Reads one kind of source, such as a directory or a zip archive."""

    name: str
    """Name of the scanner in messages and reports; unique among the scanners."""
    accepts: Callable[[str], bool]
    """Returns whether this scanner can read the source at a path."""
    open: Callable[[Source], SourceReader]
    """Opens a source that `accepts` accepted."""
    order: int = 100
    """Of several scanners that accept a path, the one with the lowest order reads it."""


class Filter(Struct, frozen=True):
    """Excludes media files from the run."""

    name: str
    """Name of the filter in messages and reports; unique among the filters."""
    reason: Callable[[Match], str | None]
    """Returns why the file is excluded; None if it is not."""
    order: int = 100
    """Filters with a lower order are called first. The first reason counts."""


OpenMedia = Callable[[MediaFile], BinaryIO]
"""Opens a file of a Folder for reading: a media file or any other file, but no JSON file. Raises OSError."""

OpenFile = Callable[[MediaFile | JsonFile], BinaryIO]
"""Opens any file of a Folder for reading, JSON files included. Raises OSError."""


class Matcher(Struct, frozen=True):
    """Matches media and sidecars of a Folder. It gets only files that no matcher of lower order matched."""

    name: str
    """Name of the matcher in messages and reports; unique among the matchers."""
    match: Callable[[Folder], Iterable[Match]] | Callable[[Folder, OpenFile], Iterable[Match]]
    """Yields one Match for each file that it can match. The other files are left to the next matcher."""
    order: int = 100
    """Matchers with a lower order are called first. The built-in one has 100."""
    reads: bool = False
    """True if `match` takes an `OpenFile` as second argument, to read sidecars other than the JSON files of Google."""
    whole: bool = False
    """How `match` is called for a Folder with files of several exports (two dates or accounts). True: once, with all
    files of the Folder. False: once for each export, with the files of that export."""


class Stage(Struct, frozen=True):
    """Processes the stream of Matches, for work that needs more than one Match at a time.

    `run` yields each Match exactly once and in order, with its results in `Match.facts`. If `run` raises an exception,
    the Matches that it has taken and not yielded continue unchanged. Then `run` is called again for the following
    Matches.
    """

    name: str
    """Name of the stage in messages and reports; unique among the stages."""
    run: Callable[[Iterator[Match]], Iterator[Match]]
    """A generator from Matches to the same Matches."""
    order: int = 100
    """Stages with a lower order come first. The built-in one has 10."""


class TagMapper(Struct, frozen=True):
    """Yields the tags that a picture or video should have."""

    name: str
    """Name of the mapper in messages and reports; unique among the mappers."""
    map: Callable[[Match], Iterable[TagEdit]]
    """Yields the tags that the media file of a Match should have. It is called once for each media file."""
    order: int = 100
    """If two mappers yield different values for one tag, the mapper with the lower order counts."""


class Staged(Struct, frozen=True):
    """A Plan, and a copy of its media file for the writer to change. No other program uses the copy."""

    plan: Plan
    """The Plan with the edits to write."""
    path: str
    """Path of the copy. Its extension fits the content; the rest of its name is made by the program."""


class Written(Struct, frozen=True):
    """Result of a writer for one staged copy."""

    outcome: Literal["written", "unchanged", "sidecar", "failed", "declined"]
    """`written`: the tags were written into the copy. `unchanged`: the copy had the tags already. `sidecar`: the tags
    were written into `path + ".xmp"`, and the copy is unchanged. `failed`: `reason` states why. `declined`: the copy
    is unchanged, and the next writer that accepts the Plan gets it."""
    reason: str = ""
    """Why `outcome` is not `written`, as a text; "" for no reason."""
    warnings: tuple[str, ...] = ()
    """Warnings about the file, one line each."""
    temporary: bool = False
    """True if the writer failed for a temporary cause that is not in the file. The next run tries again."""
    edits: tuple[TagEdit, ...] | None = None
    """Edits that were written; None if all edits of the Plan were written."""


class Span(Struct, frozen=True):
    """A range of bytes of the source file that is copied unchanged into the output."""

    start: int
    """Offset of the first byte."""
    stop: int
    """Offset after the last byte."""


Piece = bytes | Span
"""A part of an output file: new bytes, or a range of the source file. An output consists of such pieces, in order."""

Compose = Callable[[Plan, BinaryIO], Sequence[Piece] | Written]
"""A function that composes an output with the edits of a Plan. It takes the Plan and the seekable source file, which is
at position 0.

It returns the pieces of the output, or a Written (`declined`, `unchanged`) if there is nothing to compose. It writes
nothing. Several threads call it. It raises OSError.
"""

AlignPieces = Callable[[Plan, BinaryIO, int], Sequence[Piece] | Written]
"""A Compose function with a third argument: the number of padding bytes to insert before the longest Span."""


class WriterSession(Protocol):
    """An open writer. Only one thread uses it."""

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Write the edits of each Plan into its copy. Yield one result for each item of `staged`, in order."""

    def close(self) -> None:
        """Release all resources of the session, such as processes and files."""


class Writer(Struct, frozen=True):
    """Writes the edits of Plans into files."""

    name: str
    """Name of the writer in messages and reports; unique among the writers."""
    accepts: Callable[[Plan], bool]
    """Returns whether this writer can write the edits of a Plan. Of all writers that accept a Plan, the one with the
    lowest order is used."""
    open: Callable[[], WriterSession]
    """Opens a session of the writer, for one thread."""
    order: int = 100
    """Writers with a lower order are called first. The built-in ones have 100, the writer of XMP files has 900."""
    compose: Compose | None = None
    """For a writer that changes only a small part of a file: returns the output as pieces. Unchanged bytes are then
    copied only once, directly from the source. If the source has no file descriptor (a member of an archive), a session
    writes into a staged copy. None if the writer has only sessions."""
    _compose_aligned: AlignPieces | None = None
    """`compose` with padding, only for the native writer. On a file system with reflinks, an output shares blocks with
    its source only if the longest Span has the same offset within a block in both. If it does not, this function is
    called with the number of padding bytes that makes the offsets equal."""


class Executor(Struct, frozen=True):
    """Writes batches of files in other processes, on this machine or on a cluster. `--executor NAME` selects it.

    Its workers copy files into the staging folder of DEST, write tags into the copies, and check them. The process of
    the run gives the copies their final names, and writes the manifest. Workers need the same writers as the
    run, and the sources and DEST under the same paths.
    """

    name: str
    """Name of the executor: the value of `--executor` that selects it."""
    open: Callable[[], futures.Executor]
    """Returns the executor. It is called once, when the run needs the executor. The run shuts the executor down at its
    end. Submitted functions, their arguments and their results can be pickled. A failed call is repeated once, then
    made in a thread of the run."""
    what: str = ""
    """Description of the executor, one line."""
    workers: Callable[[futures.Executor], int] | None = None
    """Returns how many calls the open executor runs at the same time. None: the number of `--workers`."""
    here: bool = True
    """True if the workers run on this machine."""
    order: int = 100
    """Of several executors with one name, the one with the lowest order is used."""


class SettingsTable(Struct, frozen=True):
    """The `[plugins.NAME]` table of a plugin in `config.toml`."""

    name: str
    """Name of the table: NAME in `[plugins.NAME]`. It is the name of the plugin."""
    type: type[Struct]
    """Struct that defines the keys of the table. The table is decoded into it."""


class Finding(Struct, frozen=True):
    """One result of a check of `--doctor`."""

    level: Literal["ok", "note", "warning", "problem"]
    """Severity. A `problem` makes the exit code of `--doctor` 1."""
    what: str
    """What the check determined, one line."""
    advice: str = ""
    """What the user can do; "" if nothing."""


class Check(Struct, frozen=True):
    """One check of `--doctor`."""

    name: str
    """Name of the check in the output of `--doctor`; unique among the checks."""
    run: Callable[[], Iterable[Finding]]
    """Carries out the check, and yields its findings."""
    order: int = 100
    """Checks with a lower order are carried out first."""


class Hooks:
    """The specification of each hook."""

    @hookspec
    def pef_scanners(self, settings: Settings) -> Iterable[Scanner]:
        """Yield Scanners, which read further kinds of sources."""
        return ()

    @hookspec
    def pef_filters(self, settings: Settings) -> Iterable[Filter]:
        """Yield Filters, which exclude media files from the run, with a reason."""
        return ()

    @hookspec
    def pef_matchers(self, settings: Settings) -> Iterable[Matcher]:
        """Yield Matchers, which match media and sidecars of a Folder."""
        return ()

    @hookspec
    def pef_stages(self, settings: Settings) -> Iterable[Stage]:
        """Yield Stages, which process the stream of Matches with access to more than one Match."""
        return ()

    @hookspec
    def pef_tag_mappers(self, settings: Settings) -> Iterable[TagMapper]:
        """Yield TagMappers, which return the tags that a matched media file should have."""
        return ()

    @hookspec
    def pef_writers(self, settings: Settings) -> Iterable[Writer]:
        """Yield Writers, which write the edits of Plans into files."""
        return ()

    @hookspec
    def pef_executors(self, settings: Settings) -> Iterable[Executor]:
        """Yield Executors, which write batches of files in other processes or on a cluster."""
        return ()

    @hookspec
    def pef_settings(self) -> Iterable[SettingsTable]:
        """Yield the `[plugins.NAME]` tables of the configuration. They are validated like the built-in settings."""
        return ()

    @hookspec
    def pef_checks(self, settings: Settings) -> Iterable[Check]:
        """Yield Checks, which `--doctor` carries out."""
        return ()
