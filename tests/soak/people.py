"""Steps of people between runs: options, the output folder, and decisions."""

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
"""Values of each option. A history begins with the first one."""


class People(Making):
    """An output folder that people change."""

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
        """Whether DEST was changed only by runs with equal options, over sources that only grow."""
        self.mixed = False
        """Whether the manifest is from another time than the outputs. Outputs of a run may then count as changed."""
        self._saved_user: dict[bytes, bytes] = {}
        self.exiftool = False
        self.runs = 0

    def chosen(self) -> list[str]:
        """Return the options and decisions as flags."""
        flags = [f"--{name}={value}" for name, value in self.options.items() if value not in ("", "yes")]
        flags += [f"--{name}" for name, value in self.options.items() if value == "yes"]
        return [*flags, f"--decisions={self.place / 'decisions.json'}"] if self.decisions else flags

    def option(self, name: str, value: int) -> None:
        """Use another value of an option from now on."""
        chosen = CHOICES[name][value % len(CHOICES[name])]
        if chosen != self.options[name]:
            self.options[name] = chosen
            self.clean = self.clean and (not self.runs or name in ("workers", "writer"))

    def tool(self, present: bool) -> None:
        """Make ExifTool available or unavailable from now on."""
        present = present and shutil.which("exiftool") is not None
        if present != self.exiftool:
            self.exiftool = present
            self.clean = self.clean and not self.runs

    def reorder(self, order: int) -> None:
        """Give the sources in another order from now on."""
        self.order = order

    def edit_output(self, at: int, mode: str = "append") -> None:
        """Change an output: append to it, crop it, or change bytes and keep size and time."""
        if (actual := self._output(at)) is None:
            return
        name, path = actual
        data, times = path.read_bytes(), path.stat()
        self._touch(data)
        edited = {
            "append": data + b"edited",
            "crop": b"cropped" + data[: len(data) // 2],
            "same-size": data[:-6] + b"edited" if len(data) > 6 else data + b"edited",
        }[mode]
        if path.is_symlink():
            path.unlink()
        path.unlink(missing_ok=True)  # as editors do: links to other names stay
        path.write_bytes(edited)
        if mode == "same-size":
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.user[name] = edited
        self.clean = False

    def delete_output(self, at: int) -> None:
        """Delete an output."""
        if (actual_value := self._output(at)) is not None:
            actual_value[1].unlink()
            self.clean = False

    def rename_output(self, at: int) -> None:
        """Rename an output. It then belongs to the person."""
        if (content := self._output(at)) is None:
            return
        path = content[1]
        target = path.with_name("renamed " + path.name)
        if path.is_symlink() or target.exists() or len(os.fsencode(target.name)) > 255:
            return
        path.rename(target)
        self.user[os.path.relpath(os.fsencode(target), os.fsencode(self.dest))] = target.read_bytes()
        self.clean = False

    def foreign(self, folder: int, stem: int, ending: str = ".jpg") -> None:
        """Put a file where an output may be written later."""
        path = self.dest / FOLDERS[folder % len(FOLDERS)] / (STEMS[stem % len(STEMS)] + ending)
        if os.path.lexists(path) or len(os.fsencode(path.name)) > 255:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        data = b"foreign %d" % len(self.user)
        path.write_bytes(data)
        self.user[os.path.relpath(os.fsencode(path), os.fsencode(self.dest))] = data
        self.clean = False

    def move_dest(self) -> None:
        """Move DEST to another path."""
        self._dests += 1
        moved = self.place / f"dest{self._dests}"
        if self.dest.exists():
            self.dest.rename(moved)
        self.dest = moved

    def decide(self, at: int, choice: str, variant: str = "file") -> None:
        """Decide on the conflicts of one file or of all files, or withdraw all decisions."""
        found = self.exports.found("media")
        if variant == "none" or not found:
            self.decisions = []
        elif variant == "all":
            self.decisions.append({"choice": choice})
        else:
            path = "Takeout/Google Photos/" + found[at % len(found)][1]
            if not any("\ud800" <= letter <= "\udfff" for letter in path):
                self.decisions.append({"file": path, "choice": choice})
        (self.place / "decisions.json").write_text(json.dumps({"decisions": self.decisions}), "utf-8")
        self.clean = self.clean and not self.runs

    def link_output(self, at: int) -> None:
        """Move an output into another folder of DEST, and leave a link to it."""
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
        """Delete an output, and make a folder of its name with a file in it."""
        if (found := self._output(at)) is None:
            return
        self._touch(found[1].read_bytes())
        found[1].unlink()
        found[1].mkdir()
        (found[1] / "mine").write_bytes(b"mine")
        self.user[found[0] + b"/mine"] = b"mine"
        self.clean = False

    def touch_output(self, at: int) -> None:
        """Give an output another time, like a copy program that does not keep times."""
        if (found := self._output(at)) is None or found[1].is_symlink():
            return
        self._touch(data := found[1].read_bytes())
        os.utime(found[1], (1_700_000_000, 1_700_000_000))
        if len(data) > 128 << 10:  # the fingerprint does not cover all of it, so the time counts
            self.user[found[0]] = data
        self.clean = False

    def save(self) -> None:
        """Make a backup of DEST, in place of an older one."""
        saved = self.place / "saved"
        shutil.rmtree(saved, ignore_errors=True)
        if self.dest.exists():
            shutil.copytree(self.dest, saved, symlinks=True)
            self._saved_user = dict(self.user)

    def restore(self, kind: str) -> None:
        """Restore DEST, only its manifest, or all but the manifest from the backup; or delete the manifest."""
        saved, own_value = self.place / "saved", self.dest / ".pef-tui"
        if kind == "no manifest":
            shutil.rmtree(own_value, ignore_errors=True)
        elif not (saved / own_value.name).exists() or not own_value.exists():
            return
        elif kind == "manifest":
            shutil.rmtree(own_value)
            shutil.copytree(saved / ".pef-tui", own_value, symlinks=True)
        else:
            aside = self.place / "aside"
            self.dest.rename(aside)
            shutil.copytree(saved, self.dest, symlinks=True)
            like_written = _different_alike(aside, self.dest) if kind == "outputs" else {}
            if kind == "outputs":
                shutil.rmtree(own_value)
                (aside / ".pef-tui").rename(own_value)
            shutil.rmtree(aside)
            self.user = self._saved_user | like_written
        self.touched |= set(self.pictures)
        self.mixed, self.clean = True, False

    def _output(self, at: int) -> tuple[bytes, Path] | None:
        names = sorted(name for name in tree(self.dest) if name not in self.user)
        if not names:
            return None
        name = names[at % len(names)]
        return name, Path(os.fsdecode(os.path.join(os.fsencode(self.dest), name)))

    def _touch(self, data: bytes) -> None:
        """Record that pictures with this image data were changed by the user."""
        self.touched |= {number for number, item in self.pictures.items() if item.within(data)}


def _different_alike(written: Path, restored: Path) -> dict[bytes, bytes]:
    """Return the restored files, by name, that have other bytes than the written ones with the same size and time.

    A run that has nothing to do does not notice them, as with an edit that keeps size and time.
    """
    before = tree(written)
    return {
        name: file.data
        for name, file in tree(restored).items()
        if name in before
        and file.data != before[name].data
        and (len(file.data), file.mtime_ns) == (len(before[name].data), before[name].mtime_ns)
    }
