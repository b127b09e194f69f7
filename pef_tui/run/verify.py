"""`--verify`: what was written, read back by ExifTool and compared with the Plan, pictures with the source's."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

import xxhash
from msgspec.structs import replace

from pef_tui.exiftool import Process, ProcessError, fits
from pef_tui.formats import FORMATS
from pef_tui.formats.image_data import image_digest
from pef_tui.model import Outcome, State, TagEdit, Value, xmp_name
from pef_tui.run.digests import OpenMedia, stream_digest
from pef_tui.state.by_exiftool import read_states
from pef_tui.state.inspect import shown_path
from pef_tui.tags.equal import fold, members, same
from pef_tui.xmp import can_write, to_xmp

WRITTEN = ("written", "sidecar")
AS_IT_WAS = ("sidecar", "copied", "unmatched")
"""Outcomes whose media file is the source's, byte by byte."""
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FAMILIES = ("IFD0:", "ExifIFD:", "GPS:")


class Verifier:
    """Checks outcomes of batches; used from several threads, with an ExifTool of its own for each."""

    def __init__(
        self, exiftool: str, percent: int, output: str, open_media: OpenMedia, *, in_place: bool
    ) -> None:
        """`in_place`: the source is gone once the output is there, so pictures are not compared."""
        self._exiftool = exiftool
        self._percent = percent
        self._output = output
        self._open_media = None if in_place else open_media
        self._mine = threading.local()
        self._processes: list[Process] = []

    def chosen(self, outcome: Outcome) -> bool:
        """Is this one of those to be checked? Which they are depends on their paths alone."""
        if outcome.output is None or outcome.word not in (*WRITTEN, *AS_IT_WAS):
            return False
        return xxhash.xxh3_64_intdigest(outcome.plan.key) % 100 < self._percent

    def check(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The same outcomes, in order; those that were checked say so, and what is wrong makes a failure."""
        chosen = [outcome for outcome in outcomes if self.chosen(outcome)]
        if not chosen:
            return list(outcomes)
        wrong = dict(zip(map(id, chosen), self._wrong(chosen), strict=True))
        return [_judged(outcome, wrong.get(id(outcome))) for outcome in outcomes]

    def _wrong(self, outcomes: Sequence[Outcome]) -> list[str]:
        """What is wrong with each; "" for nothing."""
        problems = [self._picture(outcome) for outcome in outcomes]
        asked: list[tuple[int, str, tuple[TagEdit, ...]]] = []
        for number, outcome in enumerate(outcomes):
            path = os.path.join(self._output, outcome.output or "")
            if outcome.word == "written":
                asked.append((number, path, in_file(outcome)))
            if outcome.xmp is not None and (edits := in_xmp_file(outcome)):
                asked.append((number, xmp_name(path, outcome.short_xmp), edits))
        for (number, _, edits), state in zip(asked, self._read(asked), strict=True):
            problems[number] = problems[number] or differences(edits, state)
        return problems

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
                answers = iter(read_states(self._process(), there, sorted(further)) if there else ())
            except (ProcessError, OSError) as error:
                answers = iter([State(damage=str(error))] * len(there))
            gone = iter(states)
            return [next(answers) if file[0] else next(gone) for file in files]

    def _process(self) -> Process:
        if (process := getattr(self._mine, "process", None)) is None:
            process = self._mine.process = Process(self._exiftool)
            self._processes.append(process)
        return process

    def _picture(self, outcome: Outcome) -> str:
        """Is the picture the source's? "" also where that cannot be told."""
        if self._open_media is None:
            return ""
        whole = outcome.word in AS_IT_WAS
        state = outcome.plan.match.state
        try:
            descriptor = os.open(os.path.join(self._output, outcome.output or ""), _OPEN)
            with os.fdopen(descriptor, "rb") as here, self._open_media(outcome.plan.match.media) as there:
                if whole:
                    return (
                        ""
                        if stream_digest(here) == stream_digest(there)
                        else "the copy differs from the source"
                    )
                form = state.format if state is not None else ""
                before = image_digest(there, form)
                if before is None or image_digest(here, form) == before:
                    return ""
                return "the picture itself differs from the source's"
        except OSError as error:
            return f"cannot be read: {error.strerror or error}"

    def close(self) -> None:
        """End the ExifTools; nobody may be checking."""
        for process in self._processes:
            process.close()


def _judged(outcome: Outcome, wrong: str | None) -> Outcome:
    if not wrong:
        return outcome if wrong is None else replace(outcome, verified=True)
    return replace(outcome, word="failed", reason=f"verify: {wrong}", verified=False)


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
    own = plan.edits if outcome.word == "sidecar" else ()
    return tuple(edit for edit in (*plan.xmp_edits, *to_xmp(own)) if can_write(edit.tag))


def differences(edits: Iterable[TagEdit], state: State) -> str:
    """What of these edits a file does not say, in words; "" where it says all."""
    if not state.reader:
        return state.damage or "ExifTool cannot read it"
    wrong = [edit.tag for edit in edits if not _said(edit, state.tags)]
    shown = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    return f"not as written: {shown}" if wrong else ""


def _said(edit: TagEdit, tags: dict[str, Value]) -> bool:
    tag = f"EXIF:{edit.tag.partition(':')[2]}" if edit.tag.startswith(_FAMILIES) else edit.tag
    held, value = tags.get(tag), edit.value
    if tag.endswith("Ref"):  # its sign is in the number
        return True
    if value is None or value == ():
        return held is None
    if held is None:
        return False
    if isinstance(value, tuple):
        return {fold(each) for each in value} <= {fold(each) for each in members(held)}
    if tag == "XMP-exif:GPSAltitude" and isinstance(held, int | float):
        held = abs(held)
    return same(tag, value, held)
