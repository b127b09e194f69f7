"""Assign output paths: paths below the output folder that its file system accepts. Each path is used once.

Names depend only on the sources. Different files that would have the same path get numbers: `a.jpg`, `a (2).jpg`. Names
are claimed in the order of the Folders. So a preview, a run and a resumed run give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import xxhash

from pef_tui.filesystem.claimed_names import NameClaims
from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.formats import FORMATS, right_name
from pef_tui.model import FileId, Match
from pef_tui.planning.disk_names import DiskNames
from pef_tui.planning.earlier_paths import STRICTER, adapted_path, is_named, is_numbered_folder
from pef_tui.planning.layout_template import Template
from pef_tui.planning.output_names import (
    fold_name,
    numbered_folder,
    numbered_name,
    safe_component,
    split_extension,
    strict_component,
    utf8_component,
)
from pef_tui.settings import Settings


class OutputHistory(Protocol):
    """The outputs that earlier runs put into DEST, and the files that exist in DEST."""

    def recorded(self, path: str) -> bool:
        """Return whether an earlier run put something at the output path `path`."""

    def is_new(self, folder: str) -> bool:
        """Return whether certainly no earlier run put anything into `folder`, a folder of DEST."""

    def folder_given(self, folder: str, is_wanted: Callable[[str], bool]) -> str | None:
        """Return a folder of DEST that has outputs of the Folder `folder`: the first that `is_wanted` accepts.

        None if there is none. `is_wanted`: returns whether a folder of DEST may get outputs of this Folder again.
        """

    def folder_taken(self, path: str, accepts: Callable[[str], bool]) -> bool:
        """Return whether `path`, a folder of DEST, has outputs of certain Folders.

        `accepts`: returns whether a Folder is one of these, by its path. Other spellings of `path` count too.
        """

    def is_there(self, path: str) -> bool:
        """Return whether a file or folder exists at `path` in DEST."""


class Layout:
    """Assigns an output path to each Match of one run."""

    def __init__(
        self,
        settings: Settings,
        history: OutputHistory | None = None,
        *,
        names: DiskNames = DiskNames(),  # noqa: B008
    ) -> None:
        """`history`: the outputs of earlier runs; None if DEST is new. `names`: the rules of the disk of DEST.

        Raises ValueError if the template of `settings.layout` is not valid.
        """
        self._component = _component_of(names)
        self._fix = settings.extensions == "fix"
        self._template = Template(settings.layout) if settings.layout else None
        self._history = history
        self._folders: dict[str, str] = {}
        self._previous_folders: dict[str, str] = {}
        self._claims = NameClaims()
        self._held_claims: dict[str, NameClaims] = {}
        self._previous_outputs: dict[FileId, str] = {}
        self._numbers: dict[FileId, int] = {}
        self._mains: dict[FileId, str] = {}
        self._next: dict[int, int] = {}
        self._folder: str | None = None
        self._in_new_folder = False
        """Whether certainly no earlier run put anything into the current folder of DEST."""
        self._claimed_early: dict[FileId, str] = {}

    @property
    def by_template(self) -> bool:
        """Whether a template makes the output paths, from the metadata of each file."""
        return self._template is not None

    def begin_folder(
        self,
        folder: str,
        previous_outputs: Mapping[FileId, str] | None = None,
        claims: NameClaims | None = None,
    ) -> None:
        """Make `folder` the current Folder: the next calls of `claim` are for its files.

        `previous_outputs`: the outputs that earlier runs gave to its files. `claims`: the names that are already taken
        in it, if it was the current Folder before (result of `held_claims`).
        """
        self._folder = self._folder_path(folder)
        self._previous_outputs = dict(previous_outputs or {})
        self._numbers = {}
        self._mains = {
            (root, path.rpartition("/")[2]): output for (root, path), output in self._previous_outputs.items()
        }
        if self._template is None:
            self._in_new_folder = self._history is None or self._history.is_new(self._folder)
            self._claims = NameClaims() if claims is None else claims
            for path in self._previous_outputs.values():
                self._claims.add(fold_name(path))

    def reserve_folder(self, folder: str) -> None:
        """Choose the folder of DEST for the Folder `folder`. No other Folder can get it then.

        Call it for every Folder of a run. Then the names of folders do not depend on which Folders changed.
        """
        self._folder_path(folder)

    def _folder_path(self, folder: str) -> str:
        path = _not_ours(adapted_path(folder, self._component))
        if (previous := self._previous_folder_path(folder, path)) is not None:
            self._folders[fold_name(previous)] = folder
            return previous
        candidate, number = path, 1
        while self._folders.setdefault(fold_name(candidate), folder) != folder or self._is_anothers(
            candidate, folder, path
        ):
            number += 1
            candidate = numbered_folder(path, number)
        return candidate

    def _previous_folder_path(self, folder: str, path: str) -> str | None:
        """Return the folder of DEST that earlier runs gave to the Folder `folder`; None if there is none.

        `path`: the name that this run would choose. Only this name and its numbered forms count: `Trip`, `Trip (2)`.
        """
        if self._history is None or self._template is not None or not folder:
            return None
        if (previous := self._previous_folders.get(folder)) is not None:
            return previous or None
        forms = {
            path,
            *(_not_ours(adapted_path(folder, component)) for component in (safe_component, *STRICTER)),
        }
        folder_path = self._history.folder_given(
            folder,
            lambda each: any(is_numbered_folder(each, form) for form in forms) and self.is_takeable(each),
        )
        self._previous_folders[folder] = folder_path or ""
        return folder_path

    def _is_anothers(self, candidate: str, folder: str, path: str) -> bool:
        """Return whether `candidate`, a folder of DEST, has files of another Folder from earlier runs.

        Only Folders of a similar name count, such as `Trip` and `trip`: some file systems treat them as the same name.
        `path`: `candidate` without its number.
        """
        if self._history is None or self._template is not None:
            return False
        alike = (fold_name(candidate), fold_name(path))

        def accepts(owner: str) -> bool:
            return owner != folder and fold_name(_not_ours(adapted_path(owner, self._component))) in alike

        return self._history.folder_taken(candidate, accepts)

    def is_takeable(self, path: str) -> bool:
        """Return whether the disk of DEST accepts `path`, which an earlier run created.

        DEST may have been on another disk then.
        """
        return adapted_path(path, self._component) == path or (
            self._history is not None and self._history.is_there(path)
        )

    def _taken_before(self, path: str) -> bool:
        return self._history is not None and not self._in_new_folder and self._history.recorded(path)

    def set_previous_output(self, match: Match, output: str) -> None:
        """Store the output that an earlier run gave to the Match. `claim` then prefers it.

        Ignored if `output` is "".
        """
        if output:
            self._previous_outputs[match.media.root, match.media.path] = output

    def set_output(self, match: Match, output: str) -> None:
        """Set the output that was already claimed for the Match. The next call of `claim` returns it."""
        self._claimed_early[match.media.root, match.media.path] = output

    def name(self, match: Match) -> str:
        """Return the name for the output of a Match: the name of its source, changed if the disk of DEST refuses it.

        With `--extensions fix`, a wrong extension is corrected.
        """
        name = self._component(match.media.name)
        form = FORMATS.get(match.metadata.format) if match.metadata else None
        return self._component(right_name(name, form)) if form and self._fix else name

    @property
    def has_plain_names(self) -> bool:
        """Whether the disk of DEST accepts every name."""
        return self._component is safe_component

    def refused(self, match: Match) -> bool:
        """Return whether the disk of DEST refuses the name of a file or of its Folder.

        If so, the output gets another name.
        """
        if self.has_plain_names:
            return False
        path = match.media.name if self._template is not None else f"{match.folder}/{match.media.name}"
        return any(self._component(part) != safe_component(part) for part in path.split("/") if part)

    def claim(self, match: Match) -> str:
        """Claim and return the output path of a Match. A video or edited copy gets the same number as its picture."""
        identity = match.media.root, match.media.path
        if (promised_path := self._claimed_early.pop(identity, None)) is not None:
            return promised_path
        folder, name, number = self._target(match)
        previous = self._previous_outputs.get(identity)
        if previous and is_named(previous, folder, name) and self._is_available(previous):
            self._claims.add(fold_name(previous))
            path = previous
        else:
            path, number = self._free(f"{folder}/{name}" if folder else name, number)
        return self._store(match, path, number)

    def _is_available(self, previous: str) -> bool:
        """Return whether a Match can get the output path `previous` again, which an earlier run gave to it.

        With a template, a file of another Folder may have claimed this path in the present run. That happens if a
        stopped run only intended the path: only recorded paths are reserved for their files.
        """
        if (
            self._template is not None
            and fold_name(previous) in self._claims
            and not self._taken_before(previous)
        ):
            return False
        return self.is_takeable(previous)

    def claim_next(self, match: Match) -> str:
        """Claim and return another output path for a Match. The paths that were claimed for it before cannot be
        used.
        """
        folder_path = self._folder_path(match.folder)
        if self._template is None and folder_path != self._folder:
            return self._next_in(folder_path, self.name(match))  # the names of its Folder were claimed before
        folder, name, number = self._target(match)
        return self._store(match, *self._free(f"{folder}/{name}" if folder else name, number))

    def hold(self, match: Match) -> None:
        """Store the names that are taken in the current Folder, for a Match that may claim a name later.

        `held_claims` and `claim_next` use them after the Folder has ended. Ignored if the Match is in another Folder,
        or if there is a template.
        """
        if self._template is None and (folder_path := self._folder_path(match.folder)) == self._folder:
            self._held_claims[folder_path] = self._claims

    def held_claims(self, folder: str) -> NameClaims | None:
        """Return the names that `hold` stored for a Folder; None if it stored none."""
        return self._held_claims.get(self._folder_path(folder))

    def _next_in(self, folder: str, name: str) -> str:
        """Claim and return the first free path for `name` in `folder`, a folder of DEST that is not the current one.

        A path is free if `hold` did not store its name, no earlier call claimed it, and no earlier run used it.
        """
        current_folder = self._claims, self._in_new_folder
        self._claims, self._in_new_folder = self._held_claims.setdefault(folder, NameClaims()), False
        try:
            return self._free(f"{folder}/{name}" if folder else name, 1)[0]
        finally:
            self._claims, self._in_new_folder = current_folder

    def _store(self, match: Match, path: str, number: int) -> str:
        """Store `path` and its number; videos and edited copies of this picture use them. Return `path`."""
        if number > 1:
            self._numbers[match.media.root, match.media.name] = number
        if self._template is not None:
            self._mains[match.media.root, match.media.name] = path
        return path

    def _target(self, match: Match) -> tuple[str, str, int]:
        """Return the folder and the name that an output should have, and the number to try first.

        Number 1 means `a.jpg`, 2 means `a (2).jpg`.
        """
        name = self.name(match)
        if self._template is None:
            number = self._numbers.get((match.media.root, match.main), 1) if match.main else 1
            return self._folder or "", name, number
        stem, extension = split_extension(name)
        main = self._mains.get((match.media.root, match.main)) if match.main else None
        if main is not None:
            folder, _, base = main.rpartition("/")
            return folder, _beside(split_extension(base)[0], match.main, name), 1
        folder, base = self._template.path(match, stem)
        folder = adapted_path(folder, self._component)
        return _not_ours(folder), self._component(base + extension), 1

    def _free(self, path_wanted: str, number: int) -> tuple[str, int]:
        """Claim the first free path of `a.jpg`, `a (2).jpg` and so on. Return it and its number.

        `path_wanted`: the path without a number. `number`: the number to try first; 1 means no number.
        """
        if (
            number == 1
            and (key := fold_name(path_wanted)) not in self._claims
            and not self._taken_before(path_wanted)
        ):
            self._claims.add(key)
            return path_wanted, 1
        hint = xxhash.xxh3_64_intdigest(fold_name(path_wanted).encode("utf-8", "surrogatepass"))
        folder, slash, name = path_wanted.rpartition("/")
        number = max(number, self._next.get(hint, 1))
        path = folder + slash + numbered_name(name, number)
        while (key := fold_name(path)) in self._claims or self._taken_before(path):
            number += 1
            path = folder + slash + numbered_name(name, number)
        self._claims.add(key)
        if self._template is not None and number > 1:
            self._next[hint] = number
        return path, number


class InPlaceLayout(Layout):
    """The layout of a run in place: every file keeps its own path."""

    def __init__(
        self,
        settings: Settings,
        history: OutputHistory | None = None,
        *,
        names: DiskNames = DiskNames(),  # noqa: B008
    ) -> None:
        super().__init__(settings, None, names=names)

    def refused(self, match: Match) -> bool:
        """Return False: the file exists, so the disk accepts its name."""
        return False

    def claim(self, match: Match) -> str:
        """Return the path of the file."""
        return match.media.path


def _not_ours(path: str) -> str:
    """Return `path`, with `_` in front if it is in STATE_DIR, the program's own folder (`.pef-tui`)."""
    return "_" + path if fold_name(path.partition("/")[0]) == STATE_DIR else path


def _beside(stem: str, main: str, name: str) -> str:
    """Return the new name of a video or edited copy, after its picture got a new name.

    `stem`: the new stem of the picture. `main`: the old name of the picture. `name`: the old name of the video or
    edited copy. Example: `trip`, `a.jpg`, `a-edited.jpg` -> `trip-edited.jpg`. A name that does not begin with the old
    stem is unchanged.
    """
    was = split_extension(main)[0]
    own_stem, extension = split_extension(name)
    if name == was:  # the video `PXL_1.MP` of `PXL_1.MP.jpg`
        return safe_component(stem)
    return safe_component(stem + own_stem[len(was) :] + extension) if own_stem.startswith(was) else name


def _component_of(names: DiskNames) -> Callable[[str], str]:
    """Return a function that turns a file or folder name into one that the disk accepts."""
    if names.windows_rules:
        return strict_component
    return utf8_component if names.utf8_only else safe_component
