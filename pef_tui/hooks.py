"""Every hook, and what it yields.

A hook is called once a run and yields registration objects; the program sorts them by `(order, plugin, name)`
and runs plain generators and functions from then on. A hook implementation may leave out arguments it does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from typing import BinaryIO, Literal, Protocol

import pluggy
from msgspec import Struct

from pef_tui.model import Folder, Match, MediaFile, Plan, Source, TagEdit
from pef_tui.settings import Settings

hookspec = pluggy.HookspecMarker("pef_tui")
hookimpl = pluggy.HookimplMarker("pef_tui")


class Listing(Struct, frozen=True):
    """The files of one directory of one source, sorted by name; regular files only."""

    path: str
    """Below the Google Photos container, or below the source where there is none."""
    files: tuple[MediaFile, ...]


class SourceReader(Protocol):
    """A source opened for reading; used from several threads."""

    def listings(self) -> Iterator[Listing]:
        """Every directory once, ordered by the components of `Listing.path`."""

    def open(self, path: str) -> BinaryIO:
        """Open one file for reading. Raises OSError. Files of directories have a `fileno`."""

    def problems(self) -> Sequence[str]:
        """What could not be read, each in one line; complete when `listings` is."""

    def whole(self) -> bool:
        """Was everything in it found? False for a part cut short or a folder nobody may read; once listed."""

    def close(self) -> None:
        """Nothing more is wanted: a listing under way may end early with OSError. What is open stays open."""


class Scanner(Struct, frozen=True):
    """Reads one kind of source."""

    name: str
    accepts: Callable[[str], bool]
    """Is the path given by the user one of this kind?"""
    open: Callable[[Source], SourceReader]
    order: int = 100


class Filter(Struct, frozen=True):
    """Leaves files out."""

    name: str
    reason: Callable[[Match], str | None]
    """Why this file is left out; None keeps it."""
    order: int = 100


OpenFile = Callable[[MediaFile], BinaryIO]
"""Opens a file of a Folder for reading. Raises OSError."""


class Matcher(Struct, frozen=True):
    """Joins media and sidecars of a Folder. It sees only what matchers of lower order left without a partner."""

    name: str
    match: Callable[[Folder], Iterable[Match]] | Callable[[Folder, OpenFile], Iterable[Match]]
    order: int = 100
    reads: bool = False
    """`match` takes an `OpenFile` too: for sidecars that are no Google JSON."""
    whole: bool = False
    """`match` sees the files of all exports given together; else a Folder of each, where they are several."""


class Stage(Struct, frozen=True):
    """Work on the stream of Matches that needs more than one of them. Yields each it was given, once, in order.

    What it finds out goes into `Match.facts`. Where it raises, what it held goes on as it was, and it is begun anew.
    """

    name: str
    run: Callable[[Iterator[Match]], Iterator[Match]]
    order: int = 100


class TagMapper(Struct, frozen=True):
    """From one Match to the tags it should have."""

    name: str
    map: Callable[[Match], Iterable[TagEdit]]
    order: int = 100
    """Two mappers want one tag: the lower order wins."""


class Staged(Struct, frozen=True):
    """A Plan and the private copy its writer works on."""

    plan: Plan
    path: str
    """Of the copy, with the true extension; never a name from the export."""


class Written(Struct, frozen=True):
    """What a writer did to one staged copy."""

    word: Literal["written", "unchanged", "sidecar", "failed", "declined"]
    """`sidecar`: the copy is as it was, and the tags are in `path + ".xmp"`. `declined`: the copy is as it was, and the
    next writer that accepts the Plan is asked."""
    reason: str = ""
    warnings: tuple[str, ...] = ()
    temporary: bool = False
    """A failure that is not the file's fault."""
    edits: tuple[TagEdit, ...] | None = None
    """What was written, where that is not what the Plan says."""


class Span(Struct, frozen=True):
    """Bytes of a source, from `start` up to `stop`, that are moved as they are."""

    start: int
    stop: int


Piece = bytes | Span
"""One after the other they are a file."""

Compose = Callable[[Plan, BinaryIO], Sequence[Piece] | Written]
"""What a source, opened at its beginning and able to seek, consists of once the Plan's edits are made; or the answer
that makes a copy of it as it is (`declined`, `unchanged`). Only reads; called from several threads. Raises OSError."""

Fit = Callable[[Plan, BinaryIO, int], Sequence[Piece] | Written]
"""The same with so many bytes more before the Span that is longest, if the format has a place for them."""


class WriterSession(Protocol):
    """A writer at work; lives in one thread."""

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Write the edits of each Plan into its copy; one answer each, in order."""

    def close(self) -> None:
        """Let go of everything held."""


class Writer(Struct, frozen=True):
    """Puts the edits of Plans into files."""

    name: str
    accepts: Callable[[Plan], bool]
    """Can it write what this Plan says? The first in order that can is taken."""
    open: Callable[[], WriterSession]
    order: int = 100
    compose: Compose | None = None
    """For writers that change little of a file: it is put together straight from its source, and no byte is moved
    twice. Where a source cannot seek, the session writes into a staged copy as for every writer."""
    fit: Fit | None = None
    """Asked where DEST's disk lets files share blocks and a Span would lie at another place in a block than in its
    source: with the bytes that are missing it takes no time and no room."""


class Executor(Struct, frozen=True):
    """Where batches of Plans are written: processes, a cluster. `--executor NAME` chooses it.

    Its workers make private copies in DEST's staging folder, write and check them; final names and manifest stay with
    the run. So they need the same sources and the same DEST under the same paths, and the same writers.
    """

    name: str
    open: Callable[[], futures.Executor]
    """Begins it, once, when the run needs it; what it gives is shut down at the end. Calls, arguments and results
    pickle. A call that fails is made once more, then in the run's own threads."""
    what: str = ""
    """What it is for, in one line."""
    workers: Callable[[futures.Executor], int] | None = None
    """How many calls it works on at once; asked when it is open. None: as many as `--workers` says."""
    here: bool = True
    """Are its workers processes or threads of this machine?"""
    order: int = 100


class SettingsTable(Struct, frozen=True):
    """The `[plugins.NAME]` table of a plugin: a frozen Struct with defaults."""

    name: str
    type: type[Struct]


class Finding(Struct, frozen=True):
    """One line of `--doctor`."""

    level: Literal["ok", "note", "warning", "problem"]
    what: str
    advice: str = ""


class Check(Struct, frozen=True):
    """One check of `--doctor`."""

    name: str
    run: Callable[[], Iterable[Finding]]
    order: int = 100


class Hooks:
    """The specifications."""

    @hookspec
    def pef_scanners(self, settings: Settings) -> Iterable[Scanner]:
        """Where Folders come from."""
        return ()

    @hookspec
    def pef_filters(self, settings: Settings) -> Iterable[Filter]:
        """Leaving files out, with a reason."""
        return ()

    @hookspec
    def pef_matchers(self, settings: Settings) -> Iterable[Matcher]:
        """Joining media and sidecars in a Folder."""
        return ()

    @hookspec
    def pef_stages(self, settings: Settings) -> Iterable[Stage]:
        """Streaming work on Matches that needs more than one of them."""
        return ()

    @hookspec
    def pef_tag_mappers(self, settings: Settings) -> Iterable[TagMapper]:
        """Tags from a Match."""
        return ()

    @hookspec
    def pef_writers(self, settings: Settings) -> Iterable[Writer]:
        """Putting Plans into files."""
        return ()

    @hookspec
    def pef_executors(self, settings: Settings) -> Iterable[Executor]:
        """Where batches of Plans are written."""
        return ()

    @hookspec
    def pef_settings(self) -> Iterable[SettingsTable]:
        """A `[plugins.NAME]` table of the configuration, validated like our own."""
        return ()

    @hookspec
    def pef_checks(self, settings: Settings) -> Iterable[Check]:
        """Checks for `--doctor`."""
        return ()
