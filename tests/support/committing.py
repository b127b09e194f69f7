"""Helpers for tests of `commit`: Plans, a fake writer with programmable answers, a recorder on a real manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from pef_tui.hooks import Staged, Written
from pef_tui.manifest import Entry, Manifest
from pef_tui.manifest.records import Intended
from pef_tui.model import Match, MediaFile, MediaOutcome, Outcome, Plan
from pef_tui.output.staged_outputs import OutputRecord, PreviousOutput, StagedOutput

TAKEN = 1_561_977_296_000_000_000
MARK = b"+tags"


def media(source: Path, name: str) -> MediaFile:
    status = (source / name).stat()
    return MediaFile(0, name, status.st_size, status.st_mtime_ns)


def plan(
    source: Path,
    name: str,
    *,
    output: str | None = "",
    writer: str = "fake",
    outcome: MediaOutcome = "written",
) -> Plan:
    match = Match(media(source, name), "")
    return Plan(match, outcome, output=name if output == "" else output, mtime_ns=TAKEN, writer=writer)


def opener(source: Path) -> Callable[[MediaFile], BinaryIO]:
    return lambda file: (source / file.path).open("rb")


class FakeSession:
    """A fake writer: appends MARK to each copy. `answers`: functions to call instead, by the name of the source
    file.
    """

    def __init__(self, **answers: Callable[[str], Written]) -> None:
        self.answers = answers
        self.seen: list[str] = []

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        for item in staged:
            self.seen.append(os.path.basename(item.path))
            stem = item.plan.match.media.name.partition(".")[0]
            yield self.answers.get(stem, _mark)(item.path)

    def close(self) -> None:
        pass


def _mark(path: str) -> Written:
    with Path(path).open("ab") as file:
        file.write(MARK)
    return Written("written")


def beside(path: str) -> Written:
    Path(path + ".xmp").write_bytes(b"<x/>")
    return Written("sidecar")


class RecorderOnManifest:
    """A `Recorder` that writes a real manifest. `steps` lists its calls."""

    def __init__(self, ledger: Manifest) -> None:
        self.ledger = ledger
        self.steps: list[str] = []
        self.version = b""
        """The plan digest that all its entries get."""

    def record_intent(self, copies: Sequence[StagedOutput]) -> int:
        self.steps.append("intend")
        items = [(key(copy.plan), os.fsencode(copy.plan.output or "")) for copy in copies]
        return self.ledger.record_intent(items, [as_intended(copy) for copy in copies])

    def record_outcomes(self, batch: int, outcomes: Sequence[Outcome]) -> None:
        self.steps.append("done")
        self.ledger.record_batch(batch, [as_entry(outcome, self.version) for outcome in outcomes])

    def output_record(self, output: str) -> OutputRecord | None:
        return self.ledger.entry_of_output(output)

    def previous_output(self, plan: Plan) -> PreviousOutput | None:
        return self.ledger.get(key(plan))

    def intended_outputs(self, plan: Plan) -> Sequence[PreviousOutput]:
        return self.ledger.intended_outputs(key(plan))


def key(plan: Plan) -> bytes:
    return os.fsencode(plan.match.media.path)


def as_intended(copy: StagedOutput) -> Intended | None:
    if copy.facts is None:
        return None
    xmp = copy.xmp_facts
    xmp_file = (True, xmp.size, xmp.mtime_ns, xmp.digest) if xmp is not None else ()
    return Intended(os.fsencode(copy.plan.output or ""), *copy.facts, copy.source_digest, b"", *xmp_file)


def as_entry(outcome: Outcome, version: bytes) -> Entry:
    media = outcome.plan.match.media
    size, mtime_ns = outcome.xmp or (0, 0)
    return Entry(
        key(outcome.plan),
        media.size,
        media.mtime_ns,
        b"",
        b"",
        version,
        outcome.outcome,
        outcome.reason,
        outcome.temporary,
        os.fsencode(outcome.output or ""),
        outcome.size,
        outcome.mtime_ns,
        outcome.xmp is not None,
        size,
        mtime_ns,
    )


def tree(dest: Path) -> dict[str, tuple[bytes, int]]:
    """Return bytes and modification time of every file below DEST, except the program's own."""
    return {
        str(file.relative_to(dest)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(dest.rglob("*"))
        if file.is_file() and ".pef-tui" not in file.parts
    }


def staged(dest: Path) -> list[str]:
    """Return the names of the staged files, without the folders for copies on a slow disk."""
    return [path.name for path in (dest / ".pef-tui" / "staging").rglob("*") if not path.is_dir()]
