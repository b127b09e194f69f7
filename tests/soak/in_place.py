"""Steps for a folder that is written in place: run, kill, undo."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import checks
import comparisons
from after import After, Fault
from export_model import Root
from making import Making
from program import Ran, Tree, run, signal_at, tree

NOTHING_TO_UNDO = 2
"""Exit code of `--undo last` if there is no run to undo."""


class InPlace(Making):
    """An unpacked copy of one account's export, and its state before any run."""

    place: Path
    options: dict[str, str]

    def __init__(self) -> None:
        super().__init__()
        self._root: Root | None = None
        self._before: Tree = {}
        self._folders: dict[str, int] = {}

    @property
    def is_in_place(self) -> bool:
        """Whether there is a copy into which runs may write."""
        return self._root is not None

    def in_place_begin(self, account: str) -> None:
        """Make a new copy, in place of an older one."""
        files = {
            path: file
            for part in self.exports.parts
            if part.account == account and part.present
            for path, file in part.files.items()
        }
        if not files:
            return
        top = self.place / "in-place"
        shutil.rmtree(top, ignore_errors=True)
        for path, file in files.items():
            target = top / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.data)
            os.utime(target, (file.mtime, file.mtime))
        self._root = Root(str(top), account, files)
        self._before, self._folders = tree(top), _times(top)

    def in_place_run(self, kill_at: int = 0, repeat: bool = True) -> None:
        """Run in place. `kill_at`: number of the writing call before which the run is killed; 0 for none."""
        if self._root is None:
            return
        tree_before = tree(self._root.path)
        ran = self._run_in_place("--in-place", *self._chosen(), kill_at=kill_at)
        if ran.status == 137:
            return
        self._check_in_place(ran, tree_before)
        if repeat:
            dest = tree(self._root.path)
            further = self._run_in_place("--in-place", *self._chosen())
            self._check_in_place(further, dest)
            comparisons.nothing_changes(dest, tree(self._root.path), further, ran)

    def in_place_undo(self, edit: int = -1) -> None:
        """Undo every run. Before, a person may have changed one of the files."""
        if self._root is None:
            return
        edited = self._edited(edit) if edit >= 0 else ""
        while (ran := self._run_in_place("--undo", "last")).status != NOTHING_TO_UNDO:
            if "Traceback" in ran.words or ran.status not in (0, 3):
                raise Fault("no traceback", f"--undo: {ran.status}: {ran.words}")
            if ran.status == 3:
                if not edited:
                    raise Fault("undone byte for byte", f"something is left: {ran.words} {ran.lines}")
                break
        self._is_as_before(edited)
        self._root = None

    def _edited(self, at: int) -> str:
        assert self._root is not None
        names = sorted(name for name, file in self._root.files.items() if file.kind == "media")
        if not names:
            return ""
        path = Path(self._root.path) / names[at % len(names)]
        path.write_bytes(path.read_bytes() + b"edited")
        return names[at % len(names)]

    def _is_as_before(self, edited: str) -> None:
        assert self._root is not None
        current = tree(self._root.path)
        aside = {os.fsencode(edited), os.fsencode(edited) + b".xmp"} if edited else set()
        for name in (self._before.keys() | current.keys()) - aside:
            first, second = self._before.get(name), current.get(name)
            if first is None or second is None:
                raise Fault(
                    "undone byte for byte", f"{name!r} {'is left over' if first is None else 'is gone'}"
                )
            if (first.data, first.mtime_ns) != (second.data, second.mtime_ns):
                raise Fault("undone byte for byte", f"{name!r} has other bytes or another time")
        if edited:
            if not current[os.fsencode(edited)].data.endswith(b"edited"):
                raise Fault("the user's files", f"{edited!r}, edited before the undoing, was replaced")
        elif _times(Path(self._root.path)) != self._folders:
            raise Fault("undone byte for byte", f"folders have other times: {_times(Path(self._root.path))}")

    def _check_in_place(self, ran: Ran, state_before: Tree) -> None:
        assert self._root is not None
        dest = tree(self._root.path)
        state_after = After(ran, [self._root], state_before, dest, {}, set(), self.options["xmp"])
        checks.check(state_after)
        for name, lying in self._before.items():
            media = self._root.files[os.fsdecode(name)].kind == "media"
            if not media and (name not in dest or dest[name].data != lying.data):
                raise Fault("sources are only read", f"{name!r}, which is no media file, changed")

    def _run_in_place(self, *flags: str, kill_at: int = 0) -> Ran:
        assert self._root is not None
        return run([self._root.path, *flags], act=signal_at(kill_at) if kill_at else None)

    def _chosen(self) -> list[str]:
        names = "existing", "xmp", "writer", "xmp-name", "tags"
        return [f"--{name}={self.options[name]}" for name in names if self.options[name]]


def _times(top: Path) -> dict[str, int]:
    """Return the modification times of all folders except the program's own and its parent."""
    return {
        os.path.relpath(folder, top): os.stat(folder).st_mtime_ns
        for folder, _, _ in os.walk(top)
        if folder != str(top) and ".pef-tui" not in folder
    }
