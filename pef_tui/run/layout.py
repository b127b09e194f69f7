"""Where an output goes: paths below the output folder that any file system takes, and no two alike.

Names depend on the sources alone: claims are made in the order of the Folders, so a preview, a run and a resumed
run name two different files that meet at one path alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

import xxhash

from pef_tui.formats import FORMATS, right_name
from pef_tui.model import Match
from pef_tui.run.claims import Claims
from pef_tui.run.disk_names import DiskNames
from pef_tui.run.paths import (
    folded,
    numbered,
    numbered_folder,
    safe_component,
    split,
    strict_component,
    utf8_component,
)
from pef_tui.run.template import Template
from pef_tui.settings import Settings

FileId = tuple[int, str]

_STRICTER = utf8_component, strict_component
_FOLDER_NUMBER = re.compile(r" \(([0-9]{1,9})\)$")
_NUMBER = re.compile(r" \(([0-9]{1,9})\)(?=(\.[^.]*)?$)")


class Before(Protocol):
    """What earlier runs put into DEST, and what is there."""

    def recorded(self, path: str) -> bool:
        """Did one put something at this output path?"""

    def is_new(self, folder: str) -> bool:
        """Did certainly none put anything into this folder of DEST?"""

    def folder_given(self, folder: str, is_wanted: Callable[[str], bool]) -> str | None:
        """The folder of DEST that outputs of a Folder are in, if `is_wanted` accepts it."""

    def folder_taken(self, path: str, is_one: Callable[[str], bool]) -> bool:
        """Are outputs of a Folder that `is_one` accepts in this folder of DEST, in any spelling of its name?"""

    def is_there(self, path: str) -> bool:
        """Is anything at this path?"""


class Layout:
    """Gives every Match its output path; made anew for each run."""

    def __init__(
        self,
        settings: Settings,
        before: Before | None = None,
        *,
        names: DiskNames = DiskNames(),  # noqa: B008
    ) -> None:
        """Without `before` DEST is new. Raises ValueError for a bad template.

        `names`: what the disk of DEST does not take.
        """
        self._component = _component_of(names)
        self._in_place = settings.in_place
        self._fix = settings.extensions == "fix"
        self._template = Template(settings.layout) if settings.layout else None
        self._before = before
        self._folders: dict[str, str] = {}
        self._given: dict[str, str] = {}
        self._claims = Claims()
        self._held: dict[str, Claims] = {}
        self._kept: dict[FileId, str] = {}
        self._numbers: dict[FileId, int] = {}
        self._mains: dict[FileId, str] = {}
        self._next: dict[int, int] = {}
        self._folder: str | None = None
        self._in_new_folder = False
        """Was nothing put into the folder of outputs in hand before it was started?"""
        self._promised: dict[FileId, str] = {}

    @property
    def by_template(self) -> bool:
        """Do names depend on what is known of each file, not on its Folder alone?"""
        return self._template is not None

    def begin(
        self, folder: str, kept: Mapping[FileId, str] | None = None, claims: Claims | None = None
    ) -> None:
        """Start a Folder; `kept` are the outputs that earlier runs gave to its files, by (root, path).

        `claims`: names that are taken, of a Folder that is started once more.
        """
        self._folder = self._folder_path(folder)
        self._kept = dict(kept or {})
        self._numbers = {}
        self._mains = {(root, path.rpartition("/")[2]): output for (root, path), output in self._kept.items()}
        if self._template is None:
            self._in_new_folder = self._before is None or self._before.is_new(self._folder)
            self._claims = Claims() if claims is None else claims
            for path in self._kept.values():
                self._claims.add(folded(path))

    def reserve(self, folder: str) -> None:
        """Every Folder in its turn, whether any of its files needs a name or not, so that names do not depend on it."""
        self._folder_path(folder)

    def _folder_path(self, folder: str) -> str:
        path = _not_ours(_strictly(folder, self._component))
        if (given := self._given_before(folder, path)) is not None:
            self._folders[folded(given)] = folder
            return given
        candidate, number = path, 1
        while self._folders.setdefault(folded(candidate), folder) != folder or self._is_anothers(
            candidate, folder, path
        ):
            number += 1
            candidate = numbered_folder(path, number)
        return candidate

    def _given_before(self, folder: str, path: str) -> str | None:
        """The folder that earlier runs gave to a Folder, where it is this one, numbered or not."""
        if self._before is None or self._in_place or self._template is not None or not folder:
            return None
        if (known := self._given.get(folder)) is not None:
            return known or None
        forms = {path, *(_not_ours(_strictly(folder, each)) for each in (safe_component, *_STRICTER))}
        given = self._before.folder_given(
            folder,
            lambda each: any(_numbers_folder(each, form) for form in forms) and self.is_takeable(each),
        )
        self._given[folder] = given or ""
        return given

    def _is_anothers(self, candidate: str, folder: str, path: str) -> bool:
        """Did earlier runs give a folder to another Folder whose name is the same when folded?"""
        if self._before is None or self._in_place or self._template is not None:
            return False
        alike = (folded(candidate), folded(path))

        def is_one(owner: str) -> bool:
            return owner != folder and folded(_not_ours(_strictly(owner, self._component))) in alike

        return self._before.folder_taken(candidate, is_one)

    def is_takeable(self, path: str) -> bool:
        """Does the disk of DEST take a path that an earlier run made, maybe on another disk?"""
        return _strictly(path, self._component) == path or (
            self._before is not None and self._before.is_there(path)
        )

    def _taken_before(self, path: str) -> bool:
        return self._before is not None and not self._in_new_folder and self._before.recorded(path)

    def keep(self, match: Match, output: str) -> None:
        """An earlier run gave this output to the Match; "" for none."""
        if output:
            self._kept[match.media.root, match.media.path] = output

    def promise(self, match: Match, output: str) -> None:
        """`claim` was already asked about this Match, and this was its answer."""
        self._promised[match.media.root, match.media.path] = output

    def name(self, match: Match) -> str:
        """The file name it should have: its own, with the extension its content asks for."""
        name = self._component(match.media.name)
        form = FORMATS.get(match.state.format) if match.state else None
        return self._component(right_name(name, form)) if form and self._fix else name

    @property
    def has_plain_names(self) -> bool:
        """Does the disk of DEST take every name?"""
        return self._component is safe_component

    def refused(self, match: Match) -> bool:
        """Has the disk of DEST refused the name of a file, or of its Folder, so that it gets another?"""
        if self.has_plain_names or self._in_place:
            return False
        path = match.media.name if self._template is not None else f"{match.folder}/{match.media.name}"
        return any(self._component(part) != safe_component(part) for part in path.split("/") if part)

    def claim(self, match: Match) -> str:
        """The output path of this Match, claimed. A film or edited copy goes with its picture."""
        if self._in_place:
            return match.media.path
        identity = match.media.root, match.media.path
        if (promised := self._promised.pop(identity, None)) is not None:
            return promised
        folder, name, number = self._wanted(match)
        if (kept := self._kept.get(identity)) and _names(kept, folder, name) and self.is_takeable(kept):
            self._claims.add(folded(kept))
            path = kept
        else:
            path, number = self._free(f"{folder}/{name}" if folder else name, number)
        return self._taken(match, path, number)

    def claim_next(self, match: Match) -> str:
        """The next output path of this Match after those that were claimed for it, and claimed too."""
        own = self._folder_path(match.folder)
        if self._template is None and own != self._folder:
            return self._next_in(own, self.name(match))  # promised a name when its Folder was in hand
        folder, name, number = self._wanted(match)
        return self._taken(match, *self._free(f"{folder}/{name}" if folder else name, number))

    def hold(self, match: Match) -> None:
        """Remember which names are taken in the Folder in hand: `claim_next` is perhaps asked of this Match later."""
        if self._template is None:
            self._held[self._folder_path(match.folder)] = self._claims

    def _next_in(self, folder: str, name: str) -> str:
        """The next free path in a Folder that is not in hand."""
        in_hand = self._claims
        self._claims = self._held.setdefault(folder, Claims())
        try:
            return self._free(f"{folder}/{name}" if folder else name, 1)[0]
        finally:
            self._claims = in_hand

    def _taken(self, match: Match, path: str, number: int) -> str:
        """Take note of the path, and the number in it, for what belongs to the picture."""
        if number > 1:
            self._numbers[match.media.root, match.media.name] = number
        if self._template is not None:
            self._mains[match.media.root, match.media.name] = path
        return path

    def _wanted(self, match: Match) -> tuple[str, str, int]:
        """Folder and name it should have, and the number to begin with."""
        name = self.name(match)
        if self._template is None:
            number = self._numbers.get((match.media.root, match.main), 1) if match.main else 1
            return self._folder or "", name, number
        stem, extension = split(name)
        main = self._mains.get((match.media.root, match.main)) if match.main else None
        if main is not None:
            folder, _, base = main.rpartition("/")
            return folder, _beside(split(base)[0], match.main, name), 1
        folder, base = self._template.path(match, stem)
        folder = _strictly(folder, self._component)
        return _not_ours(folder), self._component(base + extension), 1

    def _free(self, wanted: str, number: int) -> tuple[str, int]:
        """The first path, in the order of the numbers, that nobody has; claimed."""
        if number == 1 and (key := folded(wanted)) not in self._claims and not self._taken_before(wanted):
            self._claims.add(key)
            return wanted, 1
        hint = xxhash.xxh3_64_intdigest(folded(wanted).encode("utf-8", "surrogatepass"))
        folder, slash, name = wanted.rpartition("/")
        number = max(number, self._next.get(hint, 1))
        path = folder + slash + numbered(name, number)
        while (key := folded(path)) in self._claims or self._taken_before(path):
            number += 1
            path = folder + slash + numbered(name, number)
        self._claims.add(key)
        if self._template is not None and number > 1:
            self._next[hint] = number
        return path, number


def _not_ours(path: str) -> str:
    """A folder is never that of the program's own files."""
    return "_" + path if folded(path.partition("/")[0]) == ".pef-tui" else path


def _beside(stem: str, main: str, name: str) -> str:
    """The name of what belongs to a picture: the picture's own new stem, and what its name has more."""
    was = split(main)[0]
    own, extension = split(name)
    if name == was:  # the film `PXL_1.MP` of `PXL_1.MP.jpg`
        return safe_component(stem)
    return safe_component(stem + own[len(was) :] + extension) if own.startswith(was) else name


def _names(kept: str, wanted: str, name: str) -> bool:
    """Is `kept` this name in the wanted folder, with or without a number? As a stricter disk takes them counts, too."""
    folder, _, base = kept.rpartition("/")
    if folder == wanted and _numbers(base, name):
        return True
    return any(folder == _strictly(wanted, each) and _numbers(base, each(name)) for each in _STRICTER)


def _strictly(path: str, component: Callable[[str], str]) -> str:
    """A path, each of its parts made as `component` makes it."""
    return "/".join(map(component, path.split("/"))) if path else ""


def _numbers_folder(path: str, wanted: str) -> bool:
    """Is it this folder, with or without a number?"""
    number = _FOLDER_NUMBER.search(path)
    return path == wanted or (number is not None and numbered_folder(wanted, int(number[1])) == path)


def _component_of(names: DiskNames) -> Callable[[str], str]:
    """What makes the component of a path that a disk takes."""
    if names.windows:
        return strict_component
    return utf8_component if names.utf8 else safe_component


def _numbers(base: str, name: str) -> bool:
    """Is it this name, with or without a number?"""
    number = _NUMBER.search(base)
    return base == name or (number is not None and numbered(name, int(number[1])) == base)
