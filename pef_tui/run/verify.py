"""`--verify`: what was written, read back by ExifTool and compared with the Plan, pictures with the source's.

In place the source is gone once the output is there, so what is to be compared of it is noted before.
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

from pef_tui.exiftool import Process, ProcessError, fits
from pef_tui.fingerprint import of_descriptor
from pef_tui.formats import FORMATS
from pef_tui.formats.image_data import image_digest
from pef_tui.model import Outcome, Plan, State, TagEdit
from pef_tui.run.digests import OpenMedia, stream_digest
from pef_tui.run.paths import xmp_there
from pef_tui.run.readback import seen_natively, unsaid
from pef_tui.state.by_exiftool import read_states
from pef_tui.state.inspect import shown_path
from pef_tui.write.replacing import FAT_NS
from pef_tui.xmp import can_write, to_xmp

WRITTEN = ("written", "sidecar")
AS_IT_WAS = ("sidecar", "copied", "unmatched")
"""Outcomes whose media file is the source's, byte by byte."""
NOT_COMPARED = "verify: only the tags were read back, what the picture itself was like before is not known"
NOT_CLEAR = "verify: only the tags were read back, where the picture itself lies in the file is not clear"
UNDO = "; --undo brings back what was there"
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class Picture(Struct, frozen=True):
    """What a source is told by."""

    whole: bytes
    """Hash of all its bytes."""
    image: bytes | None
    """Hash of its image data; None where that is not known."""


class Verifier:
    """Checks outcomes of batches; used from several threads, with an ExifTool of its own for each."""

    def __init__(
        self, exiftool: str, percent: int, output: str, open_media: OpenMedia, *, in_place: bool
    ) -> None:
        """`in_place`: the source is gone once the output is there; `before` is asked first."""
        self._exiftool = exiftool
        self._percent = percent
        self._output = output
        self._open_media = open_media
        self._in_place = in_place
        self._mine = threading.local()
        self._processes: list[Process] = []

    def chosen(self, plan: Plan) -> bool:
        """Is this one of those to be checked? Which they are depends on their paths alone."""
        return plan.output is not None and xxhash.xxh3_64_intdigest(plan.key) % 100 < self._percent

    def before(self, plans: Sequence[Plan]) -> list[Picture | None]:
        """In place: what the sources of these are like before they are written, for `check`."""
        return [self._noted(plan) if self._in_place and self.chosen(plan) else None for plan in plans]

    def _noted(self, plan: Plan) -> Picture | None:
        try:
            with self._open_media(plan.match.media) as stream:
                image = image_digest(stream, _format(plan)) if plan.writer else None
                stream.seek(0)
                return Picture(stream_digest(stream), image)
        except OSError:  # the run is to find out and say so
            return None

    def check(
        self, outcomes: Sequence[Outcome], before: Sequence[Picture | None] | None = None
    ) -> list[Outcome]:
        """The same outcomes, in order; those that were checked say so, and what is wrong makes a failure.

        `before`: what `before` told of the Plans of these.
        """
        noted = before or [None] * len(outcomes)
        chosen = [
            (outcome, was)
            for outcome, was in zip(outcomes, noted, strict=True)
            if outcome.output is not None
            and outcome.word in (*WRITTEN, *AS_IT_WAS)
            and self.chosen(outcome.plan)
        ]
        if not chosen:
            return list(outcomes)
        found = dict(zip((id(outcome) for outcome, _ in chosen), self._found(chosen), strict=True))
        return [self._judged(outcome, *found.get(id(outcome), (None, ""))) for outcome in outcomes]

    def _found(self, chosen: Sequence[tuple[Outcome, Picture | None]]) -> list[tuple[str, str]]:
        """What is wrong with each, "" for nothing, and what could not be compared."""
        problems, doubts = map(list, zip(*(self._picture(*each) for each in chosen), strict=True))
        asked: list[tuple[int, str, tuple[TagEdit, ...]]] = []
        for number, (outcome, _) in enumerate(chosen):
            path = os.path.join(self._output, outcome.output or "")
            if outcome.word == "written":
                asked.append((number, path, in_file(outcome)))
            if outcome.xmp is not None and (edits := in_xmp_file(outcome)):
                asked.append((number, xmp_there(path, outcome.short_xmp), edits))
        for (number, _, edits), state in zip(asked, self._read(asked), strict=True):
            problems[number] = problems[number] or differences(edits, state)
        return list(zip(problems, doubts, strict=True))

    def _read(self, asked: Sequence[tuple[int, str, tuple[TagEdit, ...]]]) -> list[State]:
        """What each file says, by ExifTool, which only sees open files and never their names."""
        further = {edit.tag for _, _, edits in asked for edit in edits}
        states: list[State] = []
        with ExitStack() as opened:
            files: list[tuple[str, int]] = []
            for _, path, _ in asked:
                try:
                    stream = opened.enter_context(os.fdopen(os.open(path, _OPEN), "rb"))
                    files.append((shown_path(stream.fileno()) or path, os.fstat(stream.fileno()).st_size))
                except OSError as error:
                    files.append(("", 0))
                    states.append(State(damage=f"it cannot be read: {error.strerror or error}"))
            there = [file for file in files if file[0]]
            try:
                seen = read_states(self._process(), there, sorted(further)) if there else []
                answers = iter(
                    [seen_natively(path, state) for (path, _), state in zip(there, seen, strict=True)]
                )
            except (ProcessError, OSError) as error:
                answers = iter([State(damage=str(error))] * len(there))
            gone = iter(states)
            return [next(answers) if file[0] else next(gone) for file in files]

    def _process(self) -> Process:
        if (process := getattr(self._mine, "process", None)) is None:
            process = self._mine.process = Process(self._exiftool)
            self._processes.append(process)
        return process

    def _picture(self, outcome: Outcome, was: Picture | None) -> tuple[str, str]:
        """How the picture differs from the source's, "" where it does not; and why that cannot be told."""
        plan = outcome.plan
        path = os.path.join(self._output, outcome.output or "")
        try:
            with os.fdopen(os.open(path, _OPEN), "rb") as here:
                if not self._in_place:
                    with self._open_media(plan.match.media) as there:
                        return _differs(outcome, here, _picture_of(outcome, there))
                return _differs(outcome, here, was) if was is not None else ("", NOT_COMPARED)
        except OSError as error:
            return f"cannot be read: {error.strerror or error}", ""

    def _judged(self, outcome: Outcome, wrong: str | None, doubt: str) -> Outcome:
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
            xmp_digest = current_digest(xmp_there(path, outcome.short_xmp), *outcome.xmp, xmp_digest)
        return replace(
            outcome,
            word="failed",
            reason=reason,
            verified=False,
            output_digest=digest,
            xmp_digest=xmp_digest,
        )

    def close(self) -> None:
        """End the ExifTools; nobody may be checking."""
        for process in self._processes:
            process.close()


def current_digest(path: str, size: int, mtime_ns: int, recorded: bytes) -> bytes:
    """Return the fingerprint that a file has now, to be recorded with what is wrong with it.

    The next attempt then replaces exactly these bytes ("What may be replaced" in docs/safety.md). If there is no
    recorded fingerprint, or size or modification time are not the recorded ones, a person may have changed the file:
    return `recorded`, so that it is left alone.
    """
    if not recorded:
        return recorded
    try:
        descriptor = os.open(path, _OPEN)
    except OSError:
        return recorded
    try:
        present = os.fstat(descriptor)
        if present.st_size != size or abs(present.st_mtime_ns - mtime_ns) > FAT_NS:
            return recorded
        return of_descriptor(descriptor, size)
    except OSError:  # not readable: what the disk has there is unknown
        return recorded
    finally:
        os.close(descriptor)


def _format(plan: Plan) -> str:
    return plan.match.state.format if plan.match.state is not None else ""


def _picture_of(outcome: Outcome, source: BinaryIO) -> Picture:
    """As much as is compared for this outcome."""
    if outcome.word in AS_IT_WAS:
        return Picture(stream_digest(source), None)
    return Picture(b"", image_digest(source, _format(outcome.plan)))


def _differs(outcome: Outcome, here: BinaryIO, was: Picture) -> tuple[str, str]:
    if outcome.word in AS_IT_WAS:
        return ("", "") if stream_digest(here) == was.whole else ("the copy differs from the source", "")
    if was.image is None:
        return "", NOT_CLEAR
    same_picture = image_digest(here, _format(outcome.plan)) == was.image
    return ("", "") if same_picture else ("the picture itself differs from the source's", "")


def in_file(outcome: Outcome) -> tuple[TagEdit, ...]:
    """The edits that should be found in the output."""
    plan = outcome.plan
    form = FORMATS.get(plan.match.state.format) if plan.match.state is not None else None
    cls = form.cls if form is not None else "none"
    held = plan.match.state.tags if plan.match.state is not None else {}
    iptc = any(tag.startswith("IPTC:") for tag in held)
    edits = plan.edits if outcome.edits is None else outcome.edits
    return tuple(edit for edit in edits if fits(edit.tag, cls) and (iptc or not edit.tag.startswith("IPTC:")))


def in_xmp_file(outcome: Outcome) -> tuple[TagEdit, ...]:
    """The edits that should be found in the XMP file beside it."""
    plan = outcome.plan
    own = plan.edits if outcome.word == "sidecar" else outcome.beside
    return tuple(edit for edit in (*plan.xmp_edits, *to_xmp(own)) if can_write(edit.tag))


def differences(edits: Iterable[TagEdit], state: State) -> str:
    """What of these edits a file does not say, in words; "" where it says all."""
    if not state.reader:
        return state.damage or "ExifTool cannot read it"
    wrong = [edit.tag for edit in unsaid(edits, state.tags)]
    shown = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    return f"not as written: {shown}" if wrong else ""
