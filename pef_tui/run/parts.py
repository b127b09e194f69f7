"""Parts of an export by their names: archives that lie in a folder, gaps in their numbers, unfinished downloads."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from pef_tui.display import safe
from pef_tui.takeout.system_files import ARCHIVE, is_part, is_unfinished

_COPY = (
    r"(?: ?\([0-9]{1,2}\)| [0-9]{1,2}| ?[-–]? ?(?:copy|kopie|copie|copia|copy of)(?: ?\(?[0-9]{1,2}\)?)?)?"
)
"""What browsers ("(1)") and file managers (" 2", " - Copy") add to the name of a second file of one name."""
_NUMBERED = re.compile(rf"(?i)(.*-)([0-9]{{3,4}}){_COPY}(\.(?:zip|tgz|tar\.gz|tar))?")
"""`takeout-20240102T030405Z-001.zip`, also `...-3-001.zip`; a folder of such a name is an extracted part."""
_SHOWN = 10


def parts_in(folder: str) -> list[str]:
    """Paths of the parts directly in a folder, by name. A symbolic link is not followed. Empty if unreadable."""
    return [entry.path for entry in _entries(folder) if is_part(entry.name) and _is_file(entry)]


def part_folders(folder: str) -> list[str]:
    """Paths of the folders directly in a folder that are extracted parts, by their names."""
    return [
        entry.path
        for entry in _entries(folder)
        if (found := _numbered(entry.name)) and not found[3] and not _is_file(entry)
    ]


def archive_notes(folder: str, sources: Collection[str]) -> Iterator[str]:
    """One note on the archives directly in a folder that have no part's name and are no sources: not opened."""
    names = [
        entry.name
        for entry in _entries(folder)
        if ARCHIVE.search(entry.name)
        and not is_part(entry.name)
        and entry.path not in sources
        and _is_file(entry)
    ]
    if names:
        subject = "archive does" if len(names) == 1 else f"{len(names)} archives do"
        yield (
            f"SOURCE {safe(folder)}: {subject} not have the name of a part and {'is' if len(names) == 1 else 'are'} "
            f"not opened ({_shown(names)}); name each as a SOURCE to read it"
        )


def unfinished_notes(folders: Iterable[str], archives: Iterable[str]) -> Iterator[str]:
    """A note on each unfinished download.

    `folders`: those that are a SOURCE, where every unfinished archive counts. `archives`: those that are a SOURCE;
    beside them only what has the name of a part counts, for other downloads are nobody's concern here.
    """
    beside = dict.fromkeys(os.path.dirname(path) for path in archives)
    for folder in dict.fromkeys((*folders, *beside)):
        everything = folder not in beside
        for entry in _entries(folder):
            if is_unfinished(entry.name) and (everything or "takeout" in entry.name.lower()):
                yield unfinished_note(entry.path)


def unfinished_note(path: str) -> str:
    """The note on one unfinished download."""
    return f"{safe(path)}: an unfinished download, not read; download this part again"


def missing_parts(paths: Sequence[str]) -> Iterator[str]:
    """A note on every gap in the numbers of an export's parts, and on every part that is there twice, by names."""
    exports: dict[str, dict[int, list[str]]] = {}
    shown: dict[str, str] = {}
    for path in paths:
        if found := _numbered(path.rpartition("/")[2]):
            name = found[1].lower()
            shown.setdefault(name, found[1])
            exports.setdefault(name, {}).setdefault(int(found[2]), []).append(path)
    for name, numbers in exports.items():
        missing = [f"{number:03}" for number in range(1, max(numbers)) if number not in numbers]
        if missing:
            yield (
                f"{safe(shown[name])}…: part {_shown(missing)} is not among the sources; "
                "what it holds will be missing"
            )
        for number, same in numbers.items():
            archives = [os.path.basename(path) for path in same if ARCHIVE.search(path)]
            if len(archives) > 1:
                yield (
                    f"{safe(shown[name])}…: part {number:03} is there {len(archives)} times "
                    f"({_shown(archives)}); what is the same in them is put there once"
                )


def _numbered(name: str) -> re.Match[str] | None:
    """The name of a numbered part: an archive, or a folder whose name begins like one."""
    found = _NUMBERED.fullmatch(name)
    return found if found and (found[3] or found[1].lower().startswith("takeout-")) else None


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(safe, names[:_SHOWN])) + more


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False
