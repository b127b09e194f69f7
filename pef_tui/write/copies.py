"""Copies on their way to their final names, and the record of what is put where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pef_tui.hooks import Written
from pef_tui.model import MediaOutcome, Outcome, Plan, TagEdit
from pef_tui.write.replacing import FileFacts

CHANGED = "the output was changed since and is left alone"


class Placed(Protocol):
    """What is recorded of an output."""

    @property
    def output_size(self) -> int:
        """Bytes of the output."""

    @property
    def output_mtime_ns(self) -> int:
        """Its modification time as its disk has it."""

    @property
    def output_digest(self) -> bytes:
        """Its fingerprint; empty where unknown."""

    @property
    def xmp(self) -> bool:
        """Was an XMP file put beside it?"""

    @property
    def xmp_size(self) -> int:
        """Bytes of the XMP file."""

    @property
    def xmp_mtime_ns(self) -> int:
        """Its modification time."""

    @property
    def xmp_digest(self) -> bytes:
        """Its fingerprint; empty where unknown."""

    @property
    def short_xmp(self) -> bool:
        """Is it called `a.xmp`, not `a.jpg.xmp`?"""


class Former(Placed, Protocol):
    """What is recorded of an output that may lie elsewhere."""

    @property
    def output(self) -> bytes:
        """Its path below DEST; empty where there is none."""


class Books(Protocol):
    """The record of what is put where; used from several threads."""

    def intend(self, copies: Sequence[Copy]) -> int:
        """These, made and checked, are about to be put at their outputs; the batch's number. On the disk when it
        returns.
        """

    def done(self, batch: int, outcomes: Sequence[Outcome]) -> None:
        """They are there. On the disk when it returns."""

    def recorded(self, output: str) -> Placed | None:
        """What an earlier batch put at this path below DEST."""

    def former(self, plan: Plan) -> Former | None:
        """What an earlier batch put anywhere for the file of this Plan."""

    def intended(self, plan: Plan) -> Sequence[Former]:
        """What earlier runs that came to no end meant to put anywhere for the file of this Plan."""


Facts = FileFacts | None
Told = tuple[
    str,
    MediaOutcome,
    str,
    tuple[str, ...],
    bool,
    Written | None,
    str,
    bool,
    tuple[TagEdit, ...],
    bytes,
    Facts,
    Facts,
]
"""Of a Copy: name, word, reason, warnings, temporary, written, writer, xmp, beside, source, made, made_xmp."""


@dataclass(slots=True)
class Copy:
    """One Plan on its way: its private copy, and what is to be told of it."""

    plan: Plan
    name: str = ""
    """In the staging folder; "" while there is none."""
    word: MediaOutcome = "copied"
    reason: str = ""
    warnings: tuple[str, ...] = ()
    temporary: bool = False
    written: Written | None = None
    writer: str = ""
    """Who writes it: the Plan's writer, or the next one where that declines."""
    xmp: bool = False
    """Has it an XMP file beside it?"""
    placed: bool = False
    size: int = 0
    mtime_ns: int = 0
    xmp_stat: tuple[int, int] | None = None
    short_xmp: bool = False
    """Is its XMP file called `a.xmp`?"""
    shares: str = ""
    """How it shares the bytes of another output, "" where it has its own."""
    beside: tuple[TagEdit, ...] = ()
    """Edits that only its XMP file says, though the file was written."""
    source: bytes = b""
    """Fingerprint of the source as it was copied."""
    made: FileFacts | None = None
    """The private copy, finished; None while it is not, and in place where it has no XMP file."""
    made_xmp: FileFacts | None = None
    """Its XMP file."""
    _earlier: tuple[Former | None, Sequence[Former]] | None = None

    def __post_init__(self) -> None:
        self.writer = self.plan.writer
        if self.plan.outcome not in ("written", "sidecar"):
            self.word = self.plan.outcome

    @property
    def xmp_name(self) -> str:
        """Of the XMP file in the staging folder."""
        return self.name + ".xmp"

    @property
    def only_times(self) -> bool:
        """In place, does nothing change but its modification time?"""
        return not self.plan.writer and not self.plan.xmp_edits

    @property
    def names(self) -> tuple[str, ...]:
        """The files it consists of in the staging folder."""
        return (self.name, self.xmp_name) if self.xmp else (self.name,)

    def earlier(self, books: Books) -> tuple[Former | None, Sequence[Former]]:
        """What earlier batches put anywhere for its file, and what runs that came to no end meant to; asked once."""
        if self._earlier is None:
            self._earlier = books.former(self.plan), books.intended(self.plan)
        return self._earlier

    def warn(self, warning: str) -> None:
        """Note something doubtful."""
        self.warnings = (*self.warnings, warning)

    def fail(self, reason: str, *, temporary: bool = False) -> None:
        """Make it a failure."""
        self.word, self.reason, self.temporary = "failed", reason, temporary

    def told(self) -> Told:
        """What a worker found out about it, to be sent without its Plan."""
        return (
            *(self.name, self.word, self.reason, self.warnings, self.temporary),
            *(self.written, self.writer, self.xmp, self.beside),
            *(self.source, self.made, self.made_xmp),
        )

    def take(self, told: Told) -> None:
        """Take what a worker found out about it."""
        self.name, self.word, self.reason, self.warnings, self.temporary = told[:5]
        self.written, self.writer, self.xmp, self.beside = told[5:9]
        self.source, self.made, self.made_xmp = told[9:]

    def leave(self) -> None:
        """Leave alone what a user changed."""
        self.word, self.warnings = "unchanged", (*self.warnings, CHANGED)
