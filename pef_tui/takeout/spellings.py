"""Folder names that parts of one export spell differently: which spellings mean one Folder.

A zip has the names that Google wrote, composed (NFC). A Mac that unpacked a part may have decomposed them (NFD);
Windows and its archivers change what it refuses: `Why?` becomes `Why_`, `Oslo etc.` becomes `Oslo etc` (Explorer) or
`Oslo etc_` (7-Zip). Only names directly in a container are compared: below it, all else has the names of files.

Spellings mean one Folder only where no part has two of them: in one part, two names are two folders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from pef_tui.hooks import SourceReader
from pef_tui.takeout.names import composed

_REFUSED = re.compile(r'[<>:"|?*\\\x00-\x1f]')
_TRAILING = re.compile(r"[. ]+$")
_LOOSE_END = re.compile(r"[. _]+$")

Spellings = dict[str, str]
"""The spelling that stands for each other one; only of names that have several."""


@runtime_checkable
class NamesFolders(Protocol):
    """A SourceReader that has its folders' names at hand."""

    def top_folders(self) -> Sequence[Sequence[str]]:
        """The names directly in each container (in the source itself where it has none), one sequence for each."""


def top_names(
    folders: Callable[[str], Sequence[str]], containers: Sequence[str], prefix: str
) -> list[Sequence[str]]:
    """What `top_folders` is to return, by a source's shape and a function that lists the folders in a folder."""
    if prefix:
        return [[prefix]]
    return [folders(container) for container in containers or ("",)]


def spellings(readers: Iterable[SourceReader], known: Callable[[str], bool]) -> Spellings:
    """The spellings that mean one Folder, over all parts.

    `known`: has an earlier run recorded files of a Folder of this path? That spelling stands for the others, so that a
    part that comes later changes no path of an output; else the one that the others were made of, composed.
    """
    parts = [
        set(names) for reader in readers if isinstance(reader, NamesFolders) for names in reader.top_folders()
    ]
    if len(parts) < 2:
        return {}
    groups: dict[str, set[str]] = {}
    for name in set().union(*parts):
        groups.setdefault(_loose(name), set()).add(name)
    found: Spellings = {}
    for group in groups.values():
        if len(group) > 1:
            for same in _same(group, parts):
                chosen = min(same, key=lambda name: (not known(name), *_rank(name, same)))
                found.update((name, chosen) for name in same if name != chosen)
    return found


def spelled(path: str, chosen: Spellings) -> str:
    """A path below a container, with the spelling that stands for its first name."""
    first, slash, rest = path.partition("/")
    return chosen.get(first, first) + slash + rest


def _same(group: set[str], parts: Sequence[set[str]]) -> Iterator[set[str]]:
    """The sets of names in a group that mean one Folder."""
    if _apart(group, parts) and any(_is_source(name, group) for name in group):
        yield group
        return
    forms: dict[str, set[str]] = {}
    for name in group:
        forms.setdefault(composed(name), set()).add(name)
    for same in forms.values():
        if len(same) > 1 and _apart(same, parts):
            yield same


def _apart(names: set[str], parts: Sequence[set[str]]) -> bool:
    """Has no part two of the names?"""
    return all(len(names & part) < 2 for part in parts)


def _is_source(name: str, group: set[str]) -> bool:
    """May every other name of the group have been made of this one?"""
    made = _made_of(name)
    return all(composed(other) in made for other in group)


def _rank(name: str, same: set[str]) -> tuple[bool, bool, str]:
    return not _is_source(name, same), name != composed(name), name


def _made_of(name: str) -> set[str]:
    """What file systems and archivers make of a name, composed; itself among them."""
    name = composed(name)
    allowed = _REFUSED.sub("_", name)
    ends = _TRAILING.search(allowed)
    padded = allowed[: ends.start()] + "_" * len(ends[0]) if ends else allowed
    return {name, allowed, _TRAILING.sub("", allowed), padded}


def _loose(name: str) -> str:
    """Equal for all names that may have been made of one."""
    return _LOOSE_END.sub("", _REFUSED.sub("_", composed(name)))
