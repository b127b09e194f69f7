"""A history: exports, an output folder, and what runs and people do to them. Checked after every step."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import checks
from after import After, Fault
from export_model import Root
from in_place import InPlace
from people import People
from program import Act, Ran, Tree, fail_at, run, signal_at, tree

FILTERS = (
    *("--only=photo", "--only=video", "--album=Trip", "--exclude=*.jpg", "--include=*IMG*"),
    *("--skip=archive", "--since=2019-03-01", "--unmatched=skip", "--max-errors=1"),
)
"""What leaves files out of one run."""


class World(People, InPlace):
    """The disk of one history, below a folder of its own that `close` removes."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.place = Path(tempfile.mkdtemp(prefix="pef-tui-soak-", dir=memory if memory.is_dir() else None))
        (self.place / "sources").mkdir()
        self.dest = self.place / "dest"
        self.ran: set[tuple[str, int]] = set()
        """Parts that some run into this DEST has read."""
        self.broken = False
        """A rule was broken: nothing more is asked of this history."""

    def close(self) -> None:
        """Remove everything from the disk."""
        shutil.rmtree(self.place, ignore_errors=True)

    # -- runs

    def run(
        self, preview: bool = False, again: bool = True, force: bool = False, retry: bool = False
    ) -> None:
        """A run to its end; before it a preview, after it one that has nothing to do."""
        if not (roots := self._roots()):
            return
        flags = ["--force"] * force + ["--retry-failed"] * (retry and not force)
        before = tree(self.dest, own=True)
        foretold = self._run(roots, *flags, "--dry-run") if preview else None
        if foretold is not None and tree(self.dest, own=True) != before:
            raise Fault("a preview writes nothing", "DEST changed")
        ran = self._checked(roots, *flags)
        if foretold is not None and not self._damaged:
            checks.as_foretold(foretold, ran)
        self.ran |= {(part.account, part.number) for part in self.exports.parts if part.present}
        if again and not retry:
            dest = tree(self.dest)
            further = self._checked(roots)
            checks.nothing_changes(dest, tree(self.dest), further, ran)

    def filtered(self, filter: int) -> None:
        """A run that leaves some files out, after a preview of it."""
        if not (roots := self._roots()):
            return
        flag = FILTERS[filter % len(FILTERS)]
        foretold = self._run(roots, flag, "--dry-run")
        ran = self._checked(roots, flag)
        if not self._damaged and flag != "--max-errors=1":
            checks.as_foretold(foretold, ran)
        self.clean = False

    def full(self, at: int, stays: bool = True) -> None:
        """A run whose disk is full from one of its writing calls on, or at that call alone."""
        self._hindered(fail_at(at, errno.ENOSPC, stays=stays), (0, 1, 2, 3))

    def stopped(self, at: int) -> None:
        """A run that Ctrl-C stops at one of its writing calls."""
        self._hindered(signal_at(at, signal.SIGINT), (0, 3, 130))

    def killed(self, at: int, then_edit: bool = False) -> None:
        """A run that is killed before one of its writing calls; then perhaps a person edits an output."""
        self._hindered(signal_at(at), (0, 3, 137))
        if then_edit:
            self.edit_output(at, "append")

    def _hindered(self, act: Act, statuses: tuple[int, ...]) -> None:
        """A run that something happens to at one of its writing calls."""
        if not (roots := self._roots()):
            return
        before, sources = tree(self.dest), tree(self.place / "sources")
        ran = run(self._argv(roots), act=act, exiftool=self.exiftool)
        if ran.status not in statuses or "Traceback" in ran.words or "unexpected" in ran.words:
            raise Fault("no traceback", f"{ran.status}: {ran.words[-2000:]}")
        self._same_sources(sources)
        dest = tree(self.dest)
        checks.users_files(self.user, dest)
        self._not_lost(before, dest)

    def compare(self, order: int) -> None:
        """Runs into new folders, with the sources in another order: the same pictures, tags and times."""
        if not self._roots():
            return
        other = self._fresh(order)
        if self.clean and self.runs and self.ran >= self._present():
            self.run(again=False)
            checks.same_pictures(tree(self.dest), other, "one run over all equals many")
        else:
            checks.same_pictures(self._fresh(self.order), other, "the order of sources says nothing")

    def _fresh(self, order: int) -> Tree:
        self._dests += 1
        dest = self.place / f"fresh{self._dests}"
        roots = self.exports.lay_out(self.place / "sources", order)
        ran = run(self._argv(roots, dest), exiftool=self.exiftool)
        checks.ended_well(ran)
        found = tree(dest)
        shutil.rmtree(dest)
        return found

    def _checked(self, roots: list[Root], *flags: str) -> Ran:
        before, sources = tree(self.dest), tree(self.place / "sources")
        ran = self._run(roots, *flags)
        dest = tree(self.dest)
        self.runs += 1
        self._same_sources(sources)
        checks.users_files(self.user, dest)
        after = After(
            ran, roots, before, dest, self.user, self.touched | self.replaced, self.options["xmp"], self.mixed
        )
        checks.check(after)
        self._not_lost(before, dest, self._left_out(after))
        self._nothing_else()
        return ran

    def _run(self, roots: list[Root], *flags: str) -> Ran:
        return run([*self._argv(roots), *flags], exiftool=self.exiftool)

    def _roots(self) -> list[Root]:
        return self.exports.lay_out(self.place / "sources", self.order)

    def _argv(self, roots: list[Root], dest: Path | None = None) -> list[str]:
        return [*(root.path for root in roots), "-o", str(dest or self.dest), *self.chosen()]

    def _present(self) -> set[tuple[str, int]]:
        return {(part.account, part.number) for part in self.exports.parts if part.present and part.files}

    @property
    def _damaged(self) -> bool:
        return any(file.picture and not file.picture.whole for _, _, file in self.exports.found("media"))

    # -- exports

    def present(self, account: str, part: int, there: bool) -> None:
        """A part is given, or is not."""
        super().present(account, part, there)
        self.clean = self.clean and (there or (account, part) not in self.ran)

    def new_bytes(self, at: int, keep_time: bool = False) -> None:
        """Other image data under the same name; without a sidecar it counts as another picture."""
        super().new_bytes(at, keep_time)
        self.clean = self.clean and not self.runs

    def move(self, at: int, folder: int, json: bool = True) -> None:
        """A picture is in another folder of a newer export; what was put there for the old one stays."""
        super().move(at, folder, json)
        self.clean = self.clean and not self.runs

    def rename_folder(self, account: str, folder: int, name: int) -> None:
        """An album has another name; what was put there under the old one stays."""
        super().rename_folder(account, folder, name)
        self.clean = self.clean and not self.runs

    def damage(self, at: int, how: str) -> None:
        """A picture is damaged in the export."""
        super().damage(at, how)
        self.clean = self.clean and not self.runs

    # -- what they need

    def _same_sources(self, before: Tree) -> None:
        if tree(self.place / "sources") != before:
            raise Fault("sources are only read", "a source changed")

    def _left_out(self, after: checks.After) -> set[int]:
        """Pictures that a run puts nowhere because they have no sidecar any more and it is asked to skip those."""
        lines = after.ran.of("media")
        return {
            file.picture.number
            for identity, file in after.files.items()
            if file.picture is not None
            and self.options["unmatched"] == "skip"
            and lines[identity]["outcome"] == "unmatched"
        }

    def _not_lost(self, before: Tree, dest: Tree, left_out: Collection[int] = ()) -> None:
        pictures = {number: each.within for number, each in self.pictures.items() if each.whole}
        checks.not_lost(before, dest, pictures, self.touched | self.replaced | set(left_out))

    def _nothing_else(self) -> None:
        own = self.dest / ".pef-tui" / "staging"
        if own.is_dir() and (left := sorted(os.listdir(own))):
            raise Fault("nothing in staging", f"{left}")
        if others := set(os.listdir(self.place)) - {
            "sources",
            self.dest.name,
            "in-place",
            "saved",
            "decisions.json",
        }:
            raise Fault("nothing outside DEST", f"{sorted(others)}")


Step = tuple[str, dict[str, Any]]


def replay(steps: list[Step]) -> Fault | None:
    """Carry out a history from nothing; the rule it breaks."""
    world = World()
    try:
        for name, arguments in steps:
            getattr(world, name)(**arguments)
    except Fault as fault:
        return fault
    except Exception as error:
        return Fault("the test itself", repr(error))
    finally:
        world.close()
    return None
