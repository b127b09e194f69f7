"""Find folder names that mean one Folder, although the parts of an export spell them differently.

A zip has the names that Google wrote, composed (NFC). A Mac that extracted a part may have decomposed them (NFD).
Windows and its archivers change names that Windows does not allow: `Why?` becomes `Why_`; `Oslo etc.` becomes `Oslo
etc` (Explorer) or `Oslo etc_` (7-Zip). Only folders directly in a container are compared: the folders of an export are
there.

Two spellings mean one Folder only if no part has both. Two names in one part are two folders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from pef_tui.hooks import SourceReader
from pef_tui.takeout.naming import composed

_REFUSED = re.compile(r'[<>:"|?*\\\x00-\x1f]')
_TRAILING = re.compile(r"[. ]+$")
_LOOSE_END = re.compile(r"[. _]+$")

Spellings = dict[str, str]
"""For each spelling that is not chosen, the chosen spelling of the same Folder. Other names are left out."""


@runtime_checkable
class NamesFolders(Protocol):
    """A SourceReader that can return the names of its folders without reading the whole source."""

    def top_folders(self) -> Sequence[Sequence[str]]:
        """Return one sequence for each container (Google Photos folder): the names of the folders directly in it.

        A source without containers has one sequence: the names of the folders directly in it. A source that is itself a
        folder of a container, such as an album, has one sequence with its own name.
        """


def top_names(
    folders: Callable[[str], Sequence[str]], containers: Sequence[str], prefix: str
) -> list[Sequence[str]]:
    """Return the result of `NamesFolders.top_folders` for a source.

    `containers`, `prefix`: the fields of its `Shape`. `folders`: returns the names of the folders in a folder.
    """
    if prefix:
        return [[prefix]]
    return [folders(container) for container in containers or ("",)]


def common_spellings(readers: Iterable[SourceReader], is_recorded: Callable[[str], bool]) -> Spellings:
    """Return the spellings to change. Each Folder then has one spelling in all parts. {} if no spelling differs.

    `readers`: one reader for each source. `is_recorded`: takes the path of a Folder, and returns whether an earlier run
    recorded files of it. A recorded spelling is chosen: so a part that is added later changes no output path. Otherwise
    the original spelling is chosen, in NFC.
    """
    parts = [
        set(names) for reader in readers if isinstance(reader, NamesFolders) for names in reader.top_folders()
    ]
    if len(parts) < 2:
        return {}
    groups: dict[str, set[str]] = {}
    for name in set().union(*parts):
        groups.setdefault(_loose(name), set()).add(name)
    chosen_by_name: Spellings = {}
    for group in groups.values():
        if len(group) > 1:
            for same in _same_folder(group, parts):
                chosen = min(same, key=lambda name: (not is_recorded(name), *_rank(name, same)))
                chosen_by_name.update((name, chosen) for name in same if name != chosen)
    return chosen_by_name


def apply_spelling(path: str, chosen: Spellings) -> str:
    """Return `path`, which is relative to a container, with the chosen spelling of its first name."""
    first, slash, below = path.partition("/")
    return chosen.get(first, first) + slash + below


def _same_folder(group: set[str], parts: Sequence[set[str]]) -> Iterator[set[str]]:
    """Yield each set of names in `group` that mean one Folder.

    `group`: names that may be spellings of one name. `parts`: for each part of the export, the names of its folders.
    """
    if _never_together(group, parts) and any(_is_source(name, group) for name in group):
        yield group
        return
    forms: dict[str, set[str]] = {}
    for name in group:
        forms.setdefault(composed(name), set()).add(name)
    for same in forms.values():
        if len(same) > 1 and _never_together(same, parts):
            yield same


def _never_together(names: set[str], parts: Sequence[set[str]]) -> bool:
    """Return whether no part of the export has two of `names`. Then they may mean one Folder."""
    return all(len(names & part) < 2 for part in parts)


def _is_source(name: str, group: set[str]) -> bool:
    """Return whether `name` may be the original of all names in `group`."""
    variants = _variants(name)
    return all(composed(member) in variants for member in group)


def _rank(name: str, same: set[str]) -> tuple[bool, bool, str]:
    return not _is_source(name, same), name != composed(name), name


def _variants(name: str) -> set[str]:
    """Return `name`, and the forms that file systems and archivers give to it, all in NFC."""
    name = composed(name)
    allowed = _REFUSED.sub("_", name)
    ends = _TRAILING.search(allowed)
    padded = allowed[: ends.start()] + "_" * len(ends[0]) if ends else allowed
    return {name, allowed, _TRAILING.sub("", allowed), padded}


def _loose(name: str) -> str:
    """Return a key that is equal for all spellings of a name. Different names may have the same key."""
    return _LOOSE_END.sub("", _REFUSED.sub("_", composed(name)))
