"""What people do between runs: to the options, to the output folder, and what they decide."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from making import FOLDERS, STEMS, Making
from program import tree

Options = dict[str, str]

CHOICES: dict[str, tuple[str, ...]] = {
    "albums": ("folder", "link", "tag", "none"),
    "layout": ("", "{year}/{month}/{name}", "{name}", "{album}/{title}", "{folder}/{date} {title}"),
    "existing": ("fill", "overwrite", "never"),
    "xmp": ("auto", "always", "never"),
    "writer": ("native", "auto"),
    "unmatched": ("copy", "skip"),
    "extensions": ("fix", "keep"),
    "xmp-name": ("long", "short"),
    "tags": ("", "-people", "-text", "+link"),
    "dates-from-names": ("", "yes"),
    "timezone": ("", "Asia/Tokyo"),
    "workers": ("1", "3"),
}
"""The first of each is what a history begins with."""


class People(Making):
    """An output folder in the hands of people."""

    place: Path
    dest: Path

    def __init__(self) -> None:
        super().__init__()
        self._dests = 0
        self.options: Options = {name: values[0] for name, values in CHOICES.items()}
        self.decisions: list[dict[str, str]] = []
        self.user: dict[bytes, bytes] = {}
        self.touched: set[int] = set()
        self.order = 0
        self.clean = True
        """Nothing was done to DEST but by runs under the same options over sources that only grow."""
        self.mixed = False
        """The manifest is of another time than the outputs, so that what a run left may count as changed."""
        self._saved_user: dict[bytes, bytes] = {}
        self.exiftool = False
        self.runs = 0

    def chosen(self) -> list[str]:
        """The options and decisions as flags."""
        flags = [f"--{name}={value}" for name, value in self.options.items() if value not in ("", "yes")]
        flags += [f"--{name}" for name, value in self.options.items() if value == "yes"]
        return [*flags, f"--decisions={self.place / 'decisions.json'}"] if self.decisions else flags

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

    def decide(self, at: int, choice: str, how: str = "file") -> None:
        """A person decides about the conflicts of one file, about all, or takes every decision back."""
        found = self.exports.found("media")
        if how == "none" or not found:
            self.decisions = []
        elif how == "all":
            self.decisions.append({"choice": choice})
        else:
            path = "Takeout/Google Photos/" + found[at % len(found)][1]
            if not any("\ud800" <= letter <= "\udfff" for letter in path):
                self.decisions.append({"file": path, "choice": choice})
        (self.place / "decisions.json").write_text(json.dumps({"decisions": self.decisions}), "utf-8")
        self.clean = self.clean and not self.runs

    def link_output(self, at: int) -> None:
        """A person moves an output into another folder of DEST, and leaves a link to it."""
        if (found := self._output(at)) is None or found[1].is_symlink():
            return
        target = self.dest / "Moved" / found[1].name
        if os.path.lexists(target):
            return
        target.parent.mkdir(exist_ok=True)
        self._touch(data := found[1].read_bytes())
        found[1].rename(target)
        found[1].symlink_to(os.path.relpath(target, found[1].parent))
        self.user |= {found[0]: data, os.path.relpath(os.fsencode(target), os.fsencode(self.dest)): data}
        self.clean = False

    def folder_at_output(self, at: int) -> None:
        """A person deletes an output, and makes a folder of its name with a file in it."""
        if (found := self._output(at)) is None:
            return
        self._touch(found[1].read_bytes())
        found[1].unlink()
        found[1].mkdir()
        (found[1] / "mine").write_bytes(b"mine")
        self.user[found[0] + b"/mine"] = b"mine"
        self.clean = False

    def touch_output(self, at: int) -> None:
        """An output gets another time, as by a copy that does not keep times."""
        if (found := self._output(at)) is None or found[1].is_symlink():
            return
        self._touch(data := found[1].read_bytes())
        os.utime(found[1], (1_700_000_000, 1_700_000_000))
        self.user[found[0]] = data
        self.clean = False

    def save(self) -> None:
        """A person makes a backup of DEST, in place of an older one."""
        saved = self.place / "saved"
        shutil.rmtree(saved, ignore_errors=True)
        if self.dest.exists():
            shutil.copytree(self.dest, saved, symlinks=True)
            self._saved_user = dict(self.user)

    def restore(self, what: str) -> None:
        """DEST, its manifest or all but it is what it was when it was saved; or the manifest is lost."""
        saved, own = self.place / "saved", self.dest / ".pef-tui"
        if what == "no manifest":
            shutil.rmtree(own, ignore_errors=True)
        elif not (saved / own.name).exists() or not own.exists():
            return
        elif what == "manifest":
            shutil.rmtree(own)
            shutil.copytree(saved / ".pef-tui", own, symlinks=True)
        else:
            aside = self.place / "aside"
            self.dest.rename(aside)
            shutil.copytree(saved, self.dest, symlinks=True)
            if what == "outputs":
                shutil.rmtree(own)
                (aside / ".pef-tui").rename(own)
            shutil.rmtree(aside)
            self.user = dict(self._saved_user)
        self.touched |= set(self.pictures)
        self.mixed, self.clean = True, False

    def _output(self, at: int) -> tuple[bytes, Path] | None:
        names = sorted(name for name in tree(self.dest) if name not in self.user)
        if not names:
            return None
        name = names[at % len(names)]
        return name, Path(os.fsdecode(os.path.join(os.fsencode(self.dest), name)))

    def _touch(self, data: bytes) -> None:
        """Pictures with this image data are in the user's hands."""
        self.touched |= {number for number, each in self.pictures.items() if each.within(data)}
