"""`--verify`: read outputs back with ExifTool. Compare their tags with the Plan, and their image data with the source.

In place, the source is hashed before the run writes, because the output replaces it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import BinaryIO

import xxhash
from msgspec import Struct
from msgspec.structs import replace

from pef_tui.execution.tag_readback import absent_edits, reread_natively
from pef_tui.exiftool import ExifToolProcess, ProcessError, fits
from pef_tui.filesystem.constants import MTIME_TOLERANCE_NS
from pef_tui.filesystem.fingerprint import fingerprint_descriptor
from pef_tui.filesystem.parallel_io import io_queue
from pef_tui.filesystem.temp_files import descriptor_path
from pef_tui.formats import FORMATS
from pef_tui.formats.image_data import image_digest
from pef_tui.formats.iptc import drop_without_block
from pef_tui.hooks import OpenMedia
from pef_tui.model import FileMetadata, Outcome, Plan, TagEdit
from pef_tui.planning.digests import stream_digest
from pef_tui.planning.output_names import existing_xmp_path
from pef_tui.readers.exiftool_reader import read_metadata
from pef_tui.xmp import can_write, to_xmp

WRITTEN = ("written", "sidecar")
AS_IT_WAS = ("sidecar", "copied", "unmatched")
"""Outcomes whose output has the same bytes as the source: no tags were written into the file itself."""
NOT_COMPARED = "verify: only the tags were read back, what the picture itself was like before is not known"
NOT_CLEAR = "verify: only the tags were read back, where the picture itself lies in the file is not clear"
UNDO = "; --undo brings back what was there"
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class ContentHashes(Struct, frozen=True):
    """Hashes of a source file, with which its output is compared."""

    file: bytes
    """Hash of all bytes of the file; b"" if only the image data are compared."""
    image: bytes | None
    """Hash of the image data; None if they are not found in the file, or if the whole file is compared."""


class Verifier:
    """Reads outputs back and compares them. Several threads use it, each with its own ExifTool process."""

    def __init__(
        self,
        exiftool: str,
        percent: int,
        output: str,
        open_media: OpenMedia,
        *,
        in_place: bool,
        sources: Sequence[str] = (),
    ) -> None:
        """`exiftool`: path of the program. `percent`: share of the outputs to check. `output`: path of DEST.

        `sources`: paths of the sources. On a slow device (of a source or DEST), several files are compared at once.

        `in_place`: whether the outputs replace the sources. The caller must then call `source_hashes` before files are
        written.
        """
        self._exiftool = exiftool
        self._percent = percent
        self._output = output
        self._open_media = open_media
        self._in_place = in_place
        self._queue = io_queue(output, *sources)
        self._thread_local = threading.local()
        self._processes: list[ExifToolProcess] = []

    def is_checked(self, plan: Plan) -> bool:
        """Return whether the output of `plan` is checked.

        This depends only on the key of the Plan. So the result before and after writing is the same.
        """
        return plan.output is not None and xxhash.xxh3_64_intdigest(plan.key) % 100 < self._percent

    def source_hashes(self, plans: Sequence[Plan]) -> list[ContentHashes | None]:
        """For a run in place: return the hashes of the source file of each Plan; None for one that is not checked.

        For any other run, return None for all Plans: the sources can still be read after writing.
        """
        return [
            self._source_hashes(plan) if self._in_place and self.is_checked(plan) else None for plan in plans
        ]

    def _source_hashes(self, plan: Plan) -> ContentHashes | None:
        """Return the hashes of the source file of a Plan; None if it cannot be read."""
        try:
            with self._open_media(plan.match.media) as stream:
                image = image_digest(stream, _format(plan)) if plan.writer else None
                stream.seek(0)
                return ContentHashes(stream_digest(stream), image)
        except OSError:  # the run reports it when it reads the file
            return None

    def check(
        self, outcomes: Sequence[Outcome], source_hashes: Sequence[ContentHashes | None] | None = None
    ) -> list[Outcome]:
        """Return the outcomes in their order. In each one that is checked, `verified` is True or False.

        An outcome whose output differs becomes `failed`. `source_hashes`: result of the method `source_hashes` for the
        Plans of the outcomes; None if it was not called.
        """
        noted = source_hashes or [None] * len(outcomes)
        chosen = [
            (outcome, was)
            for outcome, was in zip(outcomes, noted, strict=True)
            if outcome.output is not None
            and outcome.outcome in (*WRITTEN, *AS_IT_WAS)
            and self.is_checked(outcome.plan)
        ]
        if not chosen:
            return list(outcomes)
        findings = dict(zip((id(outcome) for outcome, _ in chosen), self._compare(chosen), strict=True))
        return [self._judged(outcome, *findings.get(id(outcome), (None, ""))) for outcome in outcomes]

    def _compare(self, chosen: Sequence[tuple[Outcome, ContentHashes | None]]) -> list[tuple[str, str]]:
        """Return two texts for each outcome: what differs, and what could not be compared; "" for nothing.

        `chosen`: the outcomes to check, each with the hashes of its source from before the run wrote; None if unknown.
        """
        problems, doubts = map(
            list, zip(*self._queue.run(lambda pair: self._picture(*pair), chosen), strict=True)
        )
        requests: list[tuple[int, str, tuple[TagEdit, ...]]] = []
        for number, (outcome, _) in enumerate(chosen):
            path = os.path.join(self._output, outcome.output or "")
            if outcome.outcome == "written":
                requests.append((number, path, in_file(outcome)))
            if outcome.xmp is not None and (edits := in_xmp_file(outcome)):
                requests.append((number, existing_xmp_path(path, outcome.short_xmp), edits))
        for (number, _, edits), state in zip(requests, self._read(requests), strict=True):
            problems[number] = problems[number] or differences(edits, state)
        return list(zip(problems, doubts, strict=True))

    def _read(self, requests: Sequence[tuple[int, str, tuple[TagEdit, ...]]]) -> list[FileMetadata]:
        """Return the metadata of each requested file, in order. ExifTool gets open files, not their names.

        `requests`: for each file the number of its outcome, its path, and the edits whose tags must be read.
        """
        further = {edit.tag for _, _, edits in requests for edit in edits}
        states: list[FileMetadata] = []
        with ExitStack() as stack:
            files: list[tuple[str, int]] = []
            for _, path, _ in requests:
                try:
                    stream = stack.enter_context(os.fdopen(os.open(path, _OPEN), "rb"))
                    files.append(
                        (descriptor_path(stream.fileno()) or path, os.fstat(stream.fileno()).st_size)
                    )
                except OSError as error:
                    files.append(("", 0))
                    states.append(FileMetadata(damage=f"it cannot be read: {error.strerror or error}"))
            openable = [file for file in files if file[0]]
            try:
                metadata = read_metadata(self._process(), openable, sorted(further)) if openable else []
                answers = iter(
                    [
                        reread_natively(path, state)
                        for (path, _), state in zip(openable, metadata, strict=True)
                    ]
                )
            except (ProcessError, OSError) as error:
                answers = iter([FileMetadata(damage=str(error))] * len(openable))
            remaining = iter(states)
            return [next(answers) if file[0] else next(remaining) for file in files]

    def _process(self) -> ExifToolProcess:
        """Return the ExifTool process of this thread. The first call starts it."""
        if (process := getattr(self._thread_local, "process", None)) is None:
            process = self._thread_local.process = ExifToolProcess(self._exiftool)
            self._processes.append(process)
        return process

    def _picture(self, outcome: Outcome, was: ContentHashes | None) -> tuple[str, str]:
        """Return how the content of the output differs from the source, and why it could not be compared; "" for
        nothing.

        `was`: in place, the hashes of the source before the run wrote.
        """
        plan = outcome.plan
        path = os.path.join(self._output, outcome.output or "")
        try:
            with os.fdopen(os.open(path, _OPEN), "rb") as output_stream:
                if not self._in_place:
                    with self._open_media(plan.match.media) as source_stream:
                        return _differs(outcome, output_stream, _picture_of(outcome, source_stream))
                return _differs(outcome, output_stream, was) if was is not None else ("", NOT_COMPARED)
        except OSError as error:
            return f"cannot be read: {error.strerror or error}", ""

    def _judged(self, outcome: Outcome, wrong: str | None, doubt: str) -> Outcome:
        """Return the outcome with the result of its check; unchanged if it was not checked.

        `wrong`: what differs, which makes the outcome `failed`; "" for no difference; None if the output was not
        checked. `doubt`: what could not be compared, which becomes a warning.
        """
        if wrong is None:
            return outcome
        if not wrong:
            warnings = (*outcome.warnings, doubt) if doubt else outcome.warnings
            return replace(outcome, verified=True, warnings=warnings)
        reason = f"verify: {wrong}{UNDO if self._in_place else ''}"
        path = os.path.join(self._output, outcome.output or "")
        digest = current_digest(path, outcome.size, outcome.mtime_ns, outcome.output_digest)
        xmp_digest = outcome.xmp_digest
        if outcome.xmp is not None:
            xmp_digest = current_digest(existing_xmp_path(path, outcome.short_xmp), *outcome.xmp, xmp_digest)
        return replace(
            outcome,
            outcome="failed",
            reason=reason,
            verified=False,
            output_digest=digest,
            xmp_digest=xmp_digest,
        )

    def close(self) -> None:
        """End the ExifTool processes. No thread may be in `check`."""
        for process in self._processes:
            process.close()


def current_digest(path: str, size: int, mtime_ns: int, recorded: bytes) -> bytes:
    """Return the fingerprint to record for an output that failed its check: from its present bytes.

    The next run may then replace exactly these bytes ("What may be replaced" in docs/safety.md).

    `recorded`: the fingerprint that was recorded before. It is returned if it is b"", if the file cannot be read, or if
    its size or modification time are not `size` and `mtime_ns`. A user may have changed the file in these cases; with
    the old fingerprint, the next run does not replace it.
    """
    if not recorded:
        return recorded
    try:
        descriptor = os.open(path, _OPEN)
    except OSError:
        return recorded
    try:
        present = os.fstat(descriptor)
        if present.st_size != size or abs(present.st_mtime_ns - mtime_ns) > MTIME_TOLERANCE_NS:
            return recorded
        return fingerprint_descriptor(descriptor, size)
    except OSError:  # the present bytes are unknown
        return recorded
    finally:
        os.close(descriptor)


def _format(plan: Plan) -> str:
    """Return the format of the media file by its content; "" if it was not read."""
    return plan.match.metadata.format if plan.match.metadata is not None else ""


def _picture_of(outcome: Outcome, source: BinaryIO) -> ContentHashes:
    """Return the hash of the source with which the output of this outcome is compared.

    It is the hash of all bytes if no tags were written into the file; else the hash of the image data.
    """
    if outcome.outcome in AS_IT_WAS:
        return ContentHashes(stream_digest(source), None)
    return ContentHashes(b"", image_digest(source, _format(outcome.plan)))


def _differs(outcome: Outcome, output_stream: BinaryIO, was: ContentHashes) -> tuple[str, str]:
    """Return how the output differs from a source with the hashes `was`, and why it could not be compared; "" for
    nothing.
    """
    if outcome.outcome in AS_IT_WAS:
        return (
            ("", "") if stream_digest(output_stream) == was.file else ("the copy differs from the source", "")
        )
    if was.image is None:
        return "", NOT_CLEAR
    same_picture = image_digest(output_stream, _format(outcome.plan)) == was.image
    return ("", "") if same_picture else ("the picture itself differs from the source's", "")


def in_file(outcome: Outcome) -> tuple[TagEdit, ...]:
    """Return the edits that must be in the output itself (not in its XMP file): its format can store their tags."""
    plan = outcome.plan
    form = FORMATS.get(plan.match.metadata.format) if plan.match.metadata is not None else None
    cls = form.cls if form is not None else "none"
    tags = plan.match.metadata.tags if plan.match.metadata is not None else {}
    edits = plan.edits if outcome.edits is None else outcome.edits
    return tuple(edit for edit in drop_without_block(edits, tags) if fits(edit.tag, cls))


def in_xmp_file(outcome: Outcome) -> tuple[TagEdit, ...]:
    """Return the edits that must be in the XMP file of the output."""
    plan = outcome.plan
    edits = plan.edits if outcome.outcome == "sidecar" else outcome.beside
    return tuple(edit for edit in (*plan.xmp_edits, *to_xmp(edits)) if can_write(edit.tag))


def differences(edits: Iterable[TagEdit], state: FileMetadata) -> str:
    """Return a text that names the `edits` that a file with the metadata `state` lacks; "" if it has all.

    If no reader could read the file, return the reason.
    """
    if not state.reader:
        return state.damage or "ExifTool cannot read it"
    wrong = [edit.tag for edit in absent_edits(edits, state.tags)]
    listed_tags = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    return f"not as written: {listed_tags}" if wrong else ""
