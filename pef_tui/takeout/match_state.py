"""The state of the matching of one Folder: its files, the sidecars assigned so far, and the ambiguous names.

Rules run from the strongest to the weakest. Each sidecar is assigned at most once, so later rules do not get a used
SidecarGroup. They do not get an ambiguous name (`doubts`) either: a weaker rule could only guess. The result must not
depend on the order of the files, so groups and names are sorted before use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pef_tui.model import Folder, JsonFile, MediaFile, Sidecar
from pef_tui.takeout.naming import (
    Reading,
    misplaced_counter,
    on_disk,
    read_sidecar_base,
    sidecar_counter,
    uncount,
)

WEAK_RULES = frozenset(
    {"extension-added", "extension-other", "edited-cut", "edited-word", "counter", "prefix"}
)
"""Rules by which a media file gets a sidecar whose title is not the name of the media file."""

NAMED_AT_MOST = 3
"""Largest number of files that the reason for an ambiguity names. (They fit equally well.)"""


def summarize_names(names: Sequence[str], count: int | None = None) -> str:
    """Return a text with the first names and the number of the others: `a, b, c and 2 more`.

    `count`: the number of all names, if `names` has only some of them.
    """
    remaining = (len(names) if count is None else count) - NAMED_AT_MOST
    return ", ".join(names[:NAMED_AT_MOST]) + (f" and {remaining} more" if remaining > 0 else "")


class SidecarGroup:
    """One sidecar of the folder: all JSON files, in any source, that have the same name and equal content."""

    __slots__ = ("assigned_to", "files", "is_used", "name", "reading", "sidecar", "strict")

    def __init__(self, file: JsonFile, name: str, sidecar: Sidecar) -> None:
        self.name = name
        self.files = [file]
        self.sidecar = sidecar
        title, base = on_disk(sidecar.title), self.base
        counter = sidecar_counter(base, title)
        self.strict = counter is not None
        """Whether the JSON file has the name that Google gives to a sidecar with this title."""
        self.reading = Reading(title, uncount(base).counter if counter is None else counter)
        self.is_used = False
        """Whether the sidecar is assigned to a picture, or ambiguous. Later rules then ignore it."""
        self.assigned_to = ""
        """Name of the picture that got the sidecar; "" if there is none."""

    @property
    def base(self) -> str:
        """The name of the JSON file without `.json`."""
        return self.name[:-5] if self.name[-5:].lower() == ".json" else self.name

    @property
    def name_reading(self) -> Reading:
        """Title and counter in the name of the JSON file, without its content."""
        return read_sidecar_base(self.base)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """All possible combinations of title and counter for this sidecar, the most likely one first."""
        name_reading, misplaced = self.name_reading, misplaced_counter(self.reading.title)
        readings = (self.reading, name_reading) if self.reading.title else (name_reading,)
        return tuple(dict.fromkeys(readings + ((misplaced,) if misplaced else ())))


class Assignment(NamedTuple):
    """The sidecar that was assigned to the media files of one name, and the rule that assigned it."""

    groups: tuple[SidecarGroup, ...]
    """One sidecar; or several, if JSON files of different content (from several sources or directories) fit the
    name.
    """
    rule: str
    main: str = ""

    def choose_file(self, media: MediaFile) -> JsonFile | None:
        """Return the JSON file for one media file: from its directory, else from its source, else from any source.

        If several files of different content remain, return the file in the newer naming (`.supplemental-metadata`).
        None if there are several such contents.
        """
        if len(self.groups) == 1 and len(self.groups[0].files) == 1:
            return self.groups[0].files[0]
        parent = media.path.rpartition("/")[0]
        files = [file for group in self.groups for file in group.files]
        near = [file for file in files if file.root == media.root]
        nearest = [file for file in near if file.path.rpartition("/")[0] == parent]
        files = nearest or near or files
        if all(file.sidecar == files[0].sidecar for file in files):
            return files[0]
        return _newer_naming(files)


class MatchState:
    """All files of one Folder by name, and the decisions made so far."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.media = _by_name(folder.media)
        self.other_files = _by_name(folder.other)
        self.groups = _groups(folder.json)
        self._unmatched = sorted(self.media, key=lambda name: (len(name), name))
        self._unused = self.groups
        self.assignments: dict[str, Assignment] = {}
        self.doubts: dict[str, str] = {}
        """Why a file has no sidecar although candidates (sidecars that fit its name) exist, by the name of the file."""
        self.mains: dict[str, str] = {}
        """The picture of a video or edited copy, by the name of the latter, if neither has a sidecar."""

    @property
    def unmatched(self) -> list[str]:
        """Names of media that have no sidecar yet and are not ambiguous, the shortest first."""
        self._unmatched = [
            name for name in self._unmatched if name not in self.assignments and name not in self.doubts
        ]
        return self._unmatched

    @property
    def unused(self) -> list[SidecarGroup]:
        """Sidecars that no rule has used yet (see `SidecarGroup.is_used`)."""
        self._unused = [group for group in self._unused if not group.is_used]
        return self._unused

    def assign(self, rule: str, candidates: Iterable[tuple[SidecarGroup, Sequence[str]]]) -> None:
        """Assign each sidecar that fits only one media name, if no other sidecar fits this name.

        `candidates`: each sidecar with the media names that fit it. All other sidecars are marked as ambiguous. Pass
        all candidates of a rule at once. Otherwise the first sidecar would take a name that a second one fits equally
        well, and the result would depend on the order of the files.
        """
        fits: dict[str, list[SidecarGroup]] = {}
        for group, names in candidates:
            if len(names) > 1:
                self._mark_ambiguous(group, names)
            else:
                fits.setdefault(names[0], []).append(group)
        for name, groups in fits.items():
            if name not in self.doubts:
                self._assign_name(rule, name, groups)

    def _mark_ambiguous(self, group: SidecarGroup, names: Sequence[str]) -> None:
        group.is_used = True
        reason = f"ambiguous: {group.name} fits {summarize_names(sorted(names))}"
        for name in names:
            self.doubts[name] = reason

    def _assign_name(self, rule: str, name: str, groups: list[SidecarGroup]) -> None:
        chosen = groups if len(groups) == 1 else _same_picture(groups)
        for group in groups:
            group.is_used = True
            group.assigned_to = name if chosen else ""
        if chosen:
            self.assignments[name] = Assignment(tuple(chosen), rule)
        else:
            self.doubts[name] = f"ambiguous: {summarize_names(sorted(group.name for group in groups))}"


def _same_picture(groups: list[SidecarGroup]) -> list[SidecarGroup]:
    """Return the sidecars to assign to a media name that all `groups` fit; [] if they are of different pictures.

    Of sidecars with equal content, one is returned. A directory may have a sidecar in the old and one in the new naming
    (from two exports). If both state the same time, the sidecar in the new naming is returned. Sidecars in different
    directories are all returned: `Assignment.choose_file` selects the nearest one for each media file.
    """
    if len({group.name for group in groups}) == 1:
        return groups
    first = min(groups, key=lambda group: group.name)
    if all(group.sidecar == first.sidecar for group in groups):
        return [first]
    if all(group.strict and group.reading == first.reading for group in groups):
        files = [file for group in groups for file in group.files]
        if len({_directory(file) for file in files}) == len(files):
            return groups
        if len(groups) == 2 and (newer := _newer_naming(files)) is not None:
            return [group for group in groups if newer in group.files]
    return []


def _newer_naming(files: Sequence[JsonFile]) -> JsonFile | None:
    """Return a file in the new naming of Google (`a.jpg.supplemental-metadata.json`).

    The longest name is in the new naming. None if the files state different times, if all names are equal, or if the
    files in the new naming differ in content.
    """
    moments = {file.sidecar.taken for file in files if file.sidecar is not None}
    longest = max(files, key=lambda file: len(file.name))
    same = [file for file in files if file.name == longest.name]
    if len(moments) != 1 or None in moments or len(same) == len(files):
        return None
    return longest if all(file.sidecar == longest.sidecar for file in same) else None


def _directory(file: JsonFile) -> tuple[int, str]:
    return file.root, file.path.rpartition("/")[0]


def _by_name(files: Iterable[MediaFile]) -> dict[str, list[MediaFile]]:
    files_by_name: dict[str, list[MediaFile]] = {}
    for file in files:
        files_by_name.setdefault(file.path.rpartition("/")[2], []).append(file)
    return files_by_name


def _groups(files: Iterable[JsonFile]) -> list[SidecarGroup]:
    """Return one group for all sidecars with the same name and content.

    The order of the groups does not depend on the order in which files were listed.
    """
    groups_by_name: dict[str, list[SidecarGroup]] = {}
    for file in sorted(files, key=_sort_key):
        if file.kind != "sidecar" or file.sidecar is None:
            continue
        name = file.path.rpartition("/")[2]
        groups = groups_by_name.setdefault(name, [])
        same = next((group for group in groups if group.sidecar == file.sidecar), None) if groups else None
        if same is not None:
            same.files.append(file)
        else:
            groups.append(SidecarGroup(file, name, file.sidecar))
    return [group for groups in groups_by_name.values() for group in groups]


def _sort_key(file: JsonFile) -> tuple[str, int]:
    return file.path, file.root
