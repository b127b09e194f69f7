"""Define staged outputs (Plans that are being carried out), and the protocols for records of outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pef_tui.hooks import Written
from pef_tui.model import MediaOutcome, Outcome, Plan, TagEdit
from pef_tui.output.replacement import FileFacts

USER_CHANGED = "the output was changed since and is left alone"


class OutputRecord(Protocol):
    """The record of an output and of its XMP file in DEST."""

    @property
    def output_size(self) -> int:
        """Size in bytes of the output."""

    @property
    def output_mtime_ns(self) -> int:
        """Modification time of the output in nanoseconds, as read back from the disk."""

    @property
    def output_digest(self) -> bytes:
        """Fingerprint of the output; empty if unknown."""

    @property
    def xmp(self) -> bool:
        """Whether an XMP file was written beside the output."""

    @property
    def xmp_size(self) -> int:
        """Size in bytes of the XMP file."""

    @property
    def xmp_mtime_ns(self) -> int:
        """Modification time of the XMP file in nanoseconds."""

    @property
    def xmp_digest(self) -> bytes:
        """Fingerprint of the XMP file; empty if unknown."""

    @property
    def short_xmp(self) -> bool:
        """Whether the XMP file is called `a.xmp`, not `a.jpg.xmp`."""


class PreviousOutput(OutputRecord, Protocol):
    """The record of an output, together with the path of the output."""

    @property
    def output(self) -> bytes:
        """Path of the output below DEST; empty if the file has no output."""


class Recorder(Protocol):
    """Records intents and outcomes, and returns earlier records. Several threads may use it."""

    def record_intent(self, copies: Sequence[StagedOutput]) -> int:
        """Record the intent to give these checked copies their final names, and return the number of the batch.

        The record is on the disk on return.
        """

    def record_outcomes(self, batch: int, outcomes: Sequence[Outcome]) -> None:
        """Record the outcomes of the batch with this number. On return, the record is on the disk."""

    def output_record(self, output: str) -> OutputRecord | None:
        """Return the record of the output at the path `output` below DEST; None if there is no record."""

    def previous_output(self, plan: Plan) -> PreviousOutput | None:
        """Return the record of the last output of the Plan's file, at any path; None if there is none."""

    def intended_outputs(self, plan: Plan) -> Sequence[PreviousOutput]:
        """Return records of outputs that stopped runs intended to write for the Plan's file, at any path."""


class StagedResult(NamedTuple):
    """The fields of a `StagedOutput` that `produce` sets.

    A remote worker sends back only these fields; the run already has the Plan.
    """

    name: str
    outcome: MediaOutcome
    reason: str
    warnings: tuple[str, ...]
    temporary: bool
    answer: Written | None
    writer: str
    xmp: bool
    xmp_only_edits: tuple[TagEdit, ...]
    source_digest: bytes
    facts: FileFacts | None
    xmp_facts: FileFacts | None


@dataclass(slots=True)
class StagedOutput:
    """One Plan that is being carried out: its staged copy, and the values for its Outcome."""

    plan: Plan
    name: str = ""
    """Name of the staged copy in the staging folder; "" if there is no copy."""
    outcome: MediaOutcome = "copied"
    reason: str = ""
    warnings: tuple[str, ...] = ()
    temporary: bool = False
    answer: Written | None = None
    writer: str = ""
    """Name of the writer of this copy: the Plan's writer, or a later one if the Plan's writer declined the file."""
    xmp: bool = False
    """Whether an XMP file belongs to this copy."""
    published: bool = False
    size: int = 0
    mtime_ns: int = 0
    xmp_stat: tuple[int, int] | None = None
    short_xmp: bool = False
    """Whether the XMP file is called `a.xmp`, not `a.jpg.xmp`."""
    link_kind: str = ""
    """How the copy shares the bytes of another output (`hard link`, …; see `links`); "" for a normal copy."""
    xmp_only_edits: tuple[TagEdit, ...] = ()
    """Edits that are only in the XMP file. The writer wrote the other edits into the media file."""
    source_digest: bytes = b""
    """Fingerprint of the source, taken while it was copied."""
    facts: FileFacts | None = None
    """Size, modification time and fingerprint of the finished copy.

    None before that, and for runs in place without XMP file.
    """
    xmp_facts: FileFacts | None = None
    """Facts of the XMP file; None if there is no XMP file."""
    staged_facts: FileFacts | None = None
    """Facts of a copy that was finished while it was staged, because no writer changes it afterwards; else None."""
    may_have_xmp: bool = False
    """Whether an XMP file may be staged with this copy: from the source, from the Plan's edits or from a writer."""
    _previous: tuple[PreviousOutput | None, Sequence[PreviousOutput]] | None = None

    def __post_init__(self) -> None:
        self.writer = self.plan.writer
        if self.plan.outcome not in ("written", "sidecar"):
            self.outcome = self.plan.outcome

    @property
    def xmp_name(self) -> str:
        """Name of the copy's XMP file in the staging folder. The file may not exist."""
        return self.name + ".xmp"

    @property
    def only_times(self) -> bool:
        """For runs in place: whether only the modification time of the file changes."""
        return not self.plan.writer and not self.plan.xmp_edits

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the copy's files in the staging folder: the copy, and its XMP file if there is one."""
        return (self.name, self.xmp_name) if self.xmp else (self.name,)

    def previous_outputs(self, recorder: Recorder) -> tuple[PreviousOutput | None, Sequence[PreviousOutput]]:
        """Return the record of the file's last output, and records of outputs that stopped runs intended to write for
        it.

        The result is cached.
        """
        if self._previous is None:
            self._previous = recorder.previous_output(self.plan), recorder.intended_outputs(self.plan)
        return self._previous

    def warn(self, warning: str) -> None:
        """Add a warning to the Outcome."""
        self.warnings = (*self.warnings, warning)

    def fail(self, reason: str, *, temporary: bool = False) -> None:
        """Set the outcome `failed` with `reason`. `temporary`: True if the next run should try the file again."""
        self.outcome, self.reason, self.temporary = "failed", reason, temporary

    def to_result(self) -> StagedResult:
        """Return the fields that `produce` set. A remote worker sends them back to the run."""
        return StagedResult(
            self.name,
            self.outcome,
            self.reason,
            self.warnings,
            self.temporary,
            self.answer,
            self.writer,
            self.xmp,
            self.xmp_only_edits,
            self.source_digest,
            self.facts,
            self.xmp_facts,
        )

    def apply_result(self, result: StagedResult) -> None:
        """Set the fields that `produce` set in a remote worker. `result`: what the worker sent back."""
        self.name, self.outcome, self.reason = result.name, result.outcome, result.reason
        self.warnings, self.temporary = result.warnings, result.temporary
        self.answer, self.writer = result.answer, result.writer
        self.xmp, self.xmp_only_edits = result.xmp, result.xmp_only_edits
        self.source_digest, self.facts, self.xmp_facts = result.source_digest, result.facts, result.xmp_facts

    def keep_user_change(self) -> None:
        """Set the outcome `unchanged`, with a warning, because a user changed the output. The output is kept."""
        self.outcome, self.warnings = "unchanged", (*self.warnings, USER_CHANGED)
