"""A history: exports, an output folder, and what runs and people do to them. Checked after every step."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import checks
from checks import Fault
from export_model import Root
from in_place import InPlace
from making import FOLDERS, STEMS
from program import Ran, Tree, run, tree

Options = dict[str, str]

CHOICES: dict[str, tuple[str, ...]] = {
    "albums": ("folder", "link", "tag", "none"),
    "layout": ("", "{year}/{month}/{name}", "{name}", "{album}/{title}", "{folder}/{date} {title}"),
    "existing": ("fill", "overwrite", "never"),
    "xmp": ("auto", "always", "never"),
    "writer": ("native", "auto"),
    "unmatched": ("copy", "skip"),
    "extensions": ("fix", "keep"),
    "workers": ("1", "3"),
}
"""The first of each is what a history begins with."""


class World(InPlace):
    """The disk of one history, below a folder of its own that `close` removes."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.place = Path(tempfile.mkdtemp(prefix="pef-tui-soak-", dir=memory if memory.is_dir() else None))
        (self.place / "sources").mkdir()
        self._dests = 0
        self.dest = self.place / "dest"
        self.options: Options = {name: values[0] for name, values in CHOICES.items()}
        self.user: dict[bytes, bytes] = {}
        self.touched: set[int] = set()
        self.order = 0
        self.clean = True
        """Nothing was done to DEST but by runs under the same options over sources that only grow."""
        self.ran: set[tuple[str, int]] = set()
        """Parts that some run into this DEST has read."""
        self.exiftool = False
        self.runs = 0
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

    def killed(self, at: int, then_edit: bool = False) -> None:
        """A run that is killed before one of its writing calls; then perhaps a person edits an output."""
        if not (roots := self._roots()):
            return
        before = tree(self.dest)
        sources = tree(self.place / "sources")
        ran = run(self._argv(roots), kill_at=at, exiftool=self.exiftool)
        if ran.status not in (0, 3, 137) or "Traceback" in ran.words:
            raise Fault("no traceback", f"{ran.status}: {ran.words[-2000:]}")
        self._same_sources(sources)
        dest = tree(self.dest)
        checks.users_files(self.user, dest)
        self._not_lost(before, dest)
        if then_edit:
            self.edit_output(at, "append")

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
        after = checks.After(
            ran, roots, before, dest, self.user, self.touched | self.replaced, self.options["xmp"]
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
        chosen = [f"--{name}={value}" for name, value in self.options.items() if value]
        return [*(root.path for root in roots), "-o", str(dest or self.dest), *chosen]

    def _present(self) -> set[tuple[str, int]]:
        return {(part.account, part.number) for part in self.exports.parts if part.present and part.files}

    @property
    def _damaged(self) -> bool:
        return any(file.picture and not file.picture.whole for _, _, file in self.exports.found("media"))

    # -- people

    def option(self, name: str, value: int) -> None:
        """Another value of an option from now on."""
        chosen = CHOICES[name][value % len(CHOICES[name])]
        if chosen != self.options[name]:
            self.options[name] = chosen
            self.clean = self.clean and (not self.runs or name in ("workers", "writer"))

    def tool(self, there: bool) -> None:
        """ExifTool can be used from now on, or cannot."""
        there = there and shutil.which("exiftool") is not None
        if there != self.exiftool:
            self.exiftool = there
            self.clean = self.clean and not self.runs

    def reorder(self, order: int) -> None:
        """The sources are given in another order from now on."""
        self.order = order

    def edit_output(self, at: int, how: str = "append") -> None:
        """A person changes an output: appends to it, crops it, or keeps its size and time."""
        if (found := self._output(at)) is None:
            return
        name, path = found
        data, times = path.read_bytes(), path.stat()
        self._touch(data)
        edited = {
            "append": data + b"edited",
            "crop": b"cropped" + data[: len(data) // 2],
            "same-size": data[:-6] + b"edited" if len(data) > 6 else data + b"edited",
        }[how]
        if path.is_symlink():
            path.unlink()
        path.unlink(missing_ok=True)  # as editors do: links to other names stay
        path.write_bytes(edited)
        if how == "same-size":
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.user[name] = edited
        self.clean = False

    def delete_output(self, at: int) -> None:
        """A person deletes an output."""
        if (found := self._output(at)) is not None:
            found[1].unlink()
            self.clean = False

    def rename_output(self, at: int) -> None:
        """A person renames an output: it is theirs now."""
        if (found := self._output(at)) is None:
            return
        path = found[1]
        target = path.with_name("renamed " + path.name)
        if path.is_symlink() or target.exists() or len(os.fsencode(target.name)) > 255:
            return
        path.rename(target)
        self.user[os.path.relpath(os.fsencode(target), os.fsencode(self.dest))] = target.read_bytes()
        self.clean = False

    def foreign(self, folder: int, stem: int, ending: str = ".jpg") -> None:
        """A person puts a file where an output may want to be."""
        path = self.dest / FOLDERS[folder % len(FOLDERS)] / (STEMS[stem % len(STEMS)] + ending)
        if os.path.lexists(path) or len(os.fsencode(path.name)) > 255:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        data = b"foreign %d" % len(self.user)
        path.write_bytes(data)
        self.user[os.path.relpath(os.fsencode(path), os.fsencode(self.dest))] = data
        self.clean = False

    def move_dest(self) -> None:
        """DEST gets another path."""
        self._dests += 1
        moved = self.place / f"dest{self._dests}"
        if self.dest.exists():
            self.dest.rename(moved)
        self.dest = moved

    def present(self, account: str, part: int, there: bool) -> None:
        """A part is given, or is not."""
        super().present(account, part, there)
        self.clean = self.clean and (there or (account, part) not in self.ran)

    def new_bytes(self, at: int, keep_time: bool = False) -> None:
        """Other image data under the same name; without a sidecar it counts as another picture."""
        super().new_bytes(at, keep_time)
        self.clean = self.clean and not self.runs

    def damage(self, at: int, how: str) -> None:
        """A picture is damaged in the export."""
        super().damage(at, how)
        self.clean = self.clean and not self.runs

    # -- what they need

    def _output(self, at: int) -> tuple[bytes, Path] | None:
        names = sorted(name for name in tree(self.dest) if name not in self.user)
        if not names:
            return None
        name = names[at % len(names)]
        return name, Path(os.fsdecode(os.path.join(os.fsencode(self.dest), name)))

    def _touch(self, data: bytes) -> None:
        """Pictures with this image data are in the user's hands."""
        self.touched |= {number for number, each in self.pictures.items() if each.within(data)}

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
        if others := set(os.listdir(self.place)) - {"sources", self.dest.name, "in-place"}:
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
