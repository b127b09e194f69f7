"""A history: exports, an output folder, and steps of runs and people. Everything is checked after each step."""

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
import comparisons
from after import After, Fault
from export_model import Root
from in_place import InPlace
from people import People
from program import Act, Ran, Tree, fail_at, run, signal_at, tree

FILTERS = (
    *("--only=photo", "--only=video", "--album=Trip", "--exclude=*.jpg", "--include=*IMG*"),
    *("--skip=archive", "--since=2019-03-01", "--unmatched=skip", "--max-errors=1"),
)
"""Filters that leave files out of one run."""


class World(People, InPlace):
    """The files of one history, in a folder of its own, which `close` removes."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.place = Path(tempfile.mkdtemp(prefix="pef-tui-soak-", dir=memory if memory.is_dir() else None))
        (self.place / "sources").mkdir()
        self.dest = self.place / "dest"
        self.ran: set[tuple[str, int]] = set()
        """Parts that a run into this DEST has read."""
        self.broken = False
        """Whether a rule was broken. The history then ends."""

    def close(self) -> None:
        """Remove all files from the disk."""
        shutil.rmtree(self.place, ignore_errors=True)

    # -- runs

    def run(
        self, preview: bool = False, repeat: bool = True, force: bool = False, retry: bool = False
    ) -> None:
        """Run to the end. Preview before; run again afterwards, which must find nothing to do."""
        if not (roots := self._roots()):
            return
        flags = ["--force"] * force + ["--retry-failed"] * (retry and not force)
        tree_before = tree(self.dest, own_value=True)
        foretold = self._run(roots, *flags, "--dry-run") if preview else None
        if foretold is not None and tree(self.dest, own_value=True) != tree_before:
            raise Fault("a preview writes nothing", "DEST changed")
        ran = self._checked(roots, *flags)
        if foretold is not None and not self._damaged:
            comparisons.as_foretold(foretold, ran)
        self.ran |= {(part.account, part.number) for part in self.exports.parts if part.present}
        if repeat and not retry:
            dest = tree(self.dest)
            further = self._checked(roots)
            comparisons.nothing_changes(dest, tree(self.dest), further, ran)

    def filtered(self, filter: int) -> None:
        """Preview and run with a filter that leaves some files out."""
        if not (roots := self._roots()):
            return
        flag = FILTERS[filter % len(FILTERS)]
        foretold = self._run(roots, flag, "--dry-run")
        ran = self._checked(roots, flag)
        if not self._damaged and flag != "--max-errors=1":
            comparisons.as_foretold(foretold, ran)
        self.clean = False

    def full(self, at: int, stays: bool = True) -> None:
        """Run with a full disk: from one of its writing calls on, or only at that call."""
        self._hindered(fail_at(at, errno.ENOSPC, stays=stays), (0, 1, 2, 3))

    def stopped(self, at: int) -> None:
        """Run, and stop the run with Ctrl-C at one of its writing calls."""
        self._hindered(signal_at(at, signal.SIGINT), (0, 3, 130))

    def killed(self, at: int, then_edit: bool = False) -> None:
        """Run, and kill the run before one of its writing calls. Then a person may edit an output."""
        self._hindered(signal_at(at), (0, 3, 137))
        if then_edit:
            self.edit_output(at, "append")

    def _hindered(self, act: Act, statuses: tuple[int, ...]) -> None:
        """Run, with an event at one of its writing calls."""
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
        self.runs += bool(dest)  # its outputs stay, as after a complete run

    def compare(self, order: int) -> None:
        """Run into new folders, with the sources in another order. Pictures, tags and times must be the same."""
        if not self._roots():
            return
        second = self._fresh(order)
        if self.clean and self.runs and self.ran >= self._present():
            self.run(repeat=False)
            comparisons.same_pictures(tree(self.dest), second, "one run over all equals many")
        else:
            comparisons.same_pictures(self._fresh(self.order), second, "the order of sources does not matter")

    def _fresh(self, order: int) -> Tree:
        self._dests += 1
        dest = self.place / f"fresh{self._dests}"
        roots = self.exports.lay_out(self.place / "sources", order)
        ran = run(self._argv(roots, dest), exiftool=self.exiftool)
        checks.ended_well(ran)
        result = tree(dest)
        shutil.rmtree(dest)
        return result

    def _checked(self, roots: list[Root], *flags: str) -> Ran:
        before, sources = tree(self.dest), tree(self.place / "sources")
        ran = self._run(roots, *flags)
        dest = tree(self.dest)
        self.runs += 1
        self._same_sources(sources)
        checks.users_files(self.user, dest)
        state_after = After(
            ran, roots, before, dest, self.user, self.touched | self.replaced, self.options["xmp"], self.mixed
        )
        checks.check(state_after)
        self._not_lost(before, dest, self._left_out(state_after, flags))
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
        """Add or remove a part."""
        super().present(account, part, there)
        self.clean = self.clean and (there or (account, part) not in self.ran)

    def new_bytes(self, at: int, keep_time: bool = False) -> None:
        """Give a file other image data. Without a sidecar, it counts as another picture."""
        super().new_bytes(at, keep_time)
        self.clean = self.clean and not self.runs

    def move(self, at: int, folder: int, json: bool = True) -> None:
        """Move a picture to another folder in a newer export. The output for the old folder stays."""
        super().move(at, folder, json)
        self.clean = self.clean and not self.runs

    def rename_folder(self, account: str, folder: int, name: int) -> None:
        """Give an album another name. Outputs under the old name stay."""
        super().rename_folder(account, folder, name)
        self.clean = self.clean and not self.runs

    def damage(self, at: int, mode: str) -> None:
        """Damage a picture in the export."""
        super().damage(at, mode)
        self.clean = self.clean and not self.runs

    # -- helpers

    def _same_sources(self, state_before: Tree) -> None:
        if tree(self.place / "sources") != state_before:
            raise Fault("sources are only read", "a source changed")

    def _left_out(self, final: After, flags: Collection[str]) -> set[int]:
        """Return the pictures that a run leaves out: they have no sidecar any more, and an option skips such files."""
        if self.options["unmatched"] != "skip" and "--unmatched=skip" not in flags:
            return set()
        lines = final.ran.of("media")
        return {
            file.picture.number
            for identity, file in final.files.items()
            if file.picture is not None and lines[identity]["outcome"] == "unmatched"
        }

    def _not_lost(self, initial: Tree, dest: Tree, left_out: Collection[int] = ()) -> None:
        pictures = {number: item.within for number, item in self.pictures.items() if item.whole}
        checks.not_lost(initial, dest, pictures, self.touched | self.replaced | set(left_out))

    def _nothing_else(self) -> None:
        own_value = self.dest / ".pef-tui" / "staging"
        if own_value.is_dir() and (remaining := sorted(os.listdir(own_value))):
            raise Fault("nothing in staging", f"{remaining}")
        if rest := set(os.listdir(self.place)) - {
            "sources",
            self.dest.name,
            "in-place",
            "saved",
            "decisions.json",
        }:
            raise Fault("nothing outside DEST", f"{sorted(rest)}")


Step = tuple[str, dict[str, Any]]


def replay(steps: list[Step]) -> Fault | None:
    """Carry out a history from the beginning. Return the rule that it breaks; None if it breaks none."""
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
