"""What tests of the commit share: Plans, a writer that can be told to fail, books over a real manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from pef_tui.hooks import Staged, Written
from pef_tui.manifest import Entry, Ledger
from pef_tui.manifest.format import Intended
from pef_tui.model import Match, MediaFile, MediaOutcome, Outcome, Plan
from pef_tui.write.copies import Copy, Former, Placed

TAKEN = 1_561_977_296_000_000_000
MARK = b"+tags"


def media(source: Path, name: str) -> MediaFile:
    found = (source / name).stat()
    return MediaFile(0, name, found.st_size, found.st_mtime_ns)


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
    """Adds MARK to each copy; `answers` by source name tells it to do otherwise."""

    def __init__(self, **answers: Callable[[str], Written]) -> None:
        self.answers = answers
        self.seen: list[str] = []

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        for each in staged:
            self.seen.append(os.path.basename(each.path))
            stem = each.plan.match.media.name.partition(".")[0]
            yield self.answers.get(stem, _mark)(each.path)

    def close(self) -> None:
        pass


def _mark(path: str) -> Written:
    with Path(path).open("ab") as file:
        file.write(MARK)
    return Written("written")


def beside(path: str) -> Written:
    Path(path + ".xmp").write_bytes(b"<x/>")
    return Written("sidecar")


class LedgerBooks:
    """Books as a run keeps them, on a real Ledger; `steps` notes what is called."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.steps: list[str] = []
        self.version = b""
        """Stands for what the Plans say."""

    def intend(self, copies: Sequence[Copy]) -> int:
        self.steps.append("intend")
        items = [(key(each.plan), os.fsencode(each.plan.output or "")) for each in copies]
        return self.ledger.intend(items, [as_intended(each) for each in copies])

    def done(self, batch: int, outcomes: Sequence[Outcome]) -> None:
        self.steps.append("done")
        self.ledger.done(batch, [as_entry(each, self.version) for each in outcomes])

    def recorded(self, output: str) -> Placed | None:
        return self.ledger.recorded(output)

    def former(self, plan: Plan) -> Former | None:
        return self.ledger.get(key(plan))

    def intended(self, plan: Plan) -> Sequence[Former]:
        return self.ledger.intended(key(plan))


def key(plan: Plan) -> bytes:
    return os.fsencode(plan.match.media.path)


def as_intended(copy: Copy) -> Intended | None:
    if copy.made is None:
        return None
    xmp = copy.made_xmp
    beside = (True, xmp.size, xmp.mtime_ns, xmp.digest) if xmp is not None else ()
    return Intended(os.fsencode(copy.plan.output or ""), *copy.made, copy.source, b"", *beside)


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
        outcome.word,
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
    """Every file below DEST but the program's own: bytes and time."""
    return {
        str(file.relative_to(dest)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(dest.rglob("*"))
        if file.is_file() and ".pef-tui" not in file.parts
    }


def staged(dest: Path) -> list[str]:
    return os.listdir(dest / ".pef-tui" / "staging")
