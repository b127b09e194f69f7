"""Where in a source the Google Photos folders lie: known by their shape, in any language.

Google writes `Takeout/<container>/<year folder or album>`. The container's name and those of year folders are
translated, so neither is compared with a list. A source may hold several containers (each part of an export
extracted into a folder of its own), be one, or be one folder of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

DEPTH = 4
"""A container is sought at most this many folders below its source."""
BUDGET = 5_000
"""Folders looked into for containers, at most; shallow ones first."""
PEEKS = 50
"""Folders of a doubtful container that are searched for JSON, at most."""

_CJK = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
_YEAR = r"(?:18|19|20)[0-9][0-9]"
# "Photos from 2019", "Foto_s van 2018"; where the year comes first: "2019年の写真", "2020년 사진", "2019-es"
_ENDS_IN_YEAR = re.compile(rf"(?s)(?=.*[^\W\d_]).*\s(?P<year>{_YEAR})")
_BEGINS_WITH_YEAR = re.compile(rf"(?s)(?P<year>{_YEAR})(?:\s?{_CJK}|-?[^\W\d_]).*")
_ANY_YEAR = re.compile(rf"(?<![0-9]){_YEAR}(?![0-9])")
_TAKEOUT = re.compile(r"Takeout(?: ?\(?[0-9]{1,3}\)?)?")  # also "Takeout 2", "Takeout(1)" of file managers


class Shape(Struct, frozen=True):
    """Where the Google Photos folders of a source lie."""

    containers: tuple[str, ...] = ()
    """Paths below the source, sorted; what they hold is named from there, all else from the source."""
    prefix: str = ""
    """The source's own name where it is one folder of a container, else ""."""


class Look(Struct, frozen=True):
    """How to look into folders of a source; paths below the source, "" for itself."""

    folders: Callable[[str], Sequence[str]]
    """Names of the folders in a folder."""
    has_json: Callable[[str], bool]
    """Does a `.json` file lie directly in it?"""


def year_of(folder: str) -> int | None:
    """The year of a year folder's name, None for other names. A bare `2019` is not one of Google's.

    An album may be named alike ("Summer 2019"): only its album JSON tells it from a year folder.
    """
    found = _ENDS_IN_YEAR.fullmatch(folder) or _BEGINS_WITH_YEAR.fullmatch(folder)
    return int(found["year"]) if found else None


def years_in(folder: str) -> frozenset[int]:
    """Every year that a name holds, wherever it stands and in whatever digits: `صور من ٢٠١٩`, `Фото за 2019 год`.

    Which of them, if any, makes it a year folder is for the pictures in it to say.
    """
    text = "".join([str(unicodedata.decimal(char, char)) for char in folder])
    return frozenset(int(year) for year in _ANY_YEAR.findall(text))


class _Candidate(Struct, frozen=True):
    path: str
    in_takeout: bool
    lonely: bool
    """No other folder lies beside it."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def find(look: Look, source: str) -> Shape:
    """The containers of a source, given by its absolute path; looks at few folders, never into year folders.

    Where the source is one folder of a container, the Shape has its name as `prefix`: without it
    `Takeout/Google Photos/*`, given as many sources, would become one Folder, in which equal names of
    different years meet.
    """
    *_, above, parent, name = ("", "", *source.rstrip("/").split("/"))
    folders = look.folders("")
    if not folders and (year_of(name) is not None or _is_takeout(above)):
        return Shape(prefix=name)
    if _is_takeout(parent) and not _is_takeout(name):  # parts are often unpacked into a folder called Takeout
        return Shape()
    candidates = _below("", name, folders)
    if _has_years(look, "", folders):  # it is a container; only a whole `Takeout` in it may hold another one
        candidates = [candidate for candidate in candidates if _is_takeout(candidate.name)]
    return Shape(tuple(sorted(_search(look, candidates))))


def _search(look: Look, level: list[_Candidate]) -> Iterator[str]:
    """Containers among the candidates and below them, shallow ones first."""
    budget = BUDGET
    for _ in range(DEPTH):
        lower: list[_Candidate] = []
        for candidate in level[:budget]:
            folders = look.folders(candidate.path)
            if _is_container(look, candidate, folders):
                yield candidate.path
            elif len(lower) < budget and year_of(candidate.name) is None:
                lower += _below(candidate.path, candidate.name, folders)
        budget = max(budget - len(level), 0)
        level = lower


def _below(path: str, name: str, folders: Sequence[str]) -> list[_Candidate]:
    return [_Candidate(_join(path, folder), _is_takeout(name), len(folders) == 1) for folder in folders]


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _is_takeout(name: str) -> bool:
    return _TAKEOUT.fullmatch(name) is not None


def _is_container(look: Look, candidate: _Candidate, folders: Sequence[str]) -> bool:
    if not candidate.in_takeout:
        branded = "google" in candidate.name.casefold() and _any_json(look, candidate.path, folders)
        return branded or _has_years(look, candidate.path, folders)
    if any(year_of(folder) is not None for folder in folders):
        return True
    return not _is_takeout(candidate.name) and (candidate.lonely or _any_json(look, candidate.path, folders))


def _has_years(look: Look, path: str, folders: Sequence[str]) -> bool:
    """Are there year folders of Google in it, rather than a trip or two with a year in the name?

    Enough is: two years of one naming, Google's name above (kept in every language), or JSON in a year folder.
    """
    years = [folder for folder in folders if year_of(folder) is not None]
    if not years:
        return False
    namings = Counter(folder.replace(str(year_of(folder)), "") for folder in years)
    branded = "google" in path.rpartition("/")[2].casefold()
    return branded or max(namings.values()) > 1 or _any_json(look, path, years)


def _any_json(look: Look, path: str, folders: Sequence[str]) -> bool:
    return any(look.has_json(_join(path, folder)) for folder in islice(folders, PEEKS))
