"""Find the Google Photos folders (containers) in a source, in any language, by the structure of the names.

Google writes `Takeout/<container>/<year folder or album>`. It translates the names of the container and of year
folders, so they are not compared with a list. A source may have several containers (each part of an export extracted
into its own folder). It may itself be a container, or one folder of a container.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

DEPTH = 4
"""Number of folder levels below the source that are searched for containers."""
BUDGET = 5_000
"""Largest number of folders that are searched for containers, upper levels first."""
MAX_JSON_PROBES = 50
"""Largest number of folders of a possible container that are searched for JSON files."""

_YEAR = r"(?:18|19|20)[0-9][0-9]"
# year last: "Photos from 2019", "Foto_s van 2018"; year first: "2019年の写真", "2020년 사진", "2019-es"
_ENDS_IN_YEAR = re.compile(rf"(?s)(?=.*[^\W\d_]).*\s(?P<year>{_YEAR})")
_BEGINS_WITH_YEAR = re.compile(rf"(?s)(?P<year>{_YEAR})(?P<between>\s|-|)(?P<first>.).*")
_CJK = (("\u3040", "\u30ff"), ("\u3400", "\u9fff"), ("\uac00", "\ud7a3"))
"""First and last character of each range of Chinese, Japanese and Korean letters.

They are not in the regular expression: this would cost 1.5 ms at every start.
"""
_ANY_YEAR = re.compile(rf"(?<![0-9]){_YEAR}(?![0-9])")
_TAKEOUT = re.compile(r"Takeout(?: ?\(?[0-9]{1,3}\)?)?")  # also "Takeout 2", "Takeout(1)" of file managers


class Shape(Struct, frozen=True):
    """The Google Photos containers of a source."""

    containers: tuple[str, ...] = ()
    """Paths of the containers below the source, sorted.

    The folder path of a file is relative to its container. Outside the containers, it is relative to the source.
    """
    prefix: str = ""
    """The name of the source, if it is one folder of a container; else ""."""


class FolderProbe(Struct, frozen=True):
    """Functions by which the rules for containers look into a source (a directory or an archive).

    Each takes the path of a folder relative to the source. "" is the source itself.
    """

    folders: Callable[[str], Sequence[str]]
    """Returns the names of the folders in a folder."""
    has_json: Callable[[str], bool]
    """Returns whether a folder has a `.json` file directly in it."""


def year_of(folder: str) -> int | None:
    """Return the year in the name of a year folder, such as `Photos from 2019`; None for other names.

    Google never writes the year alone, so `2019` is no year folder. An album may have such a name too (`Summer 2019`):
    only the album JSON in it shows the difference.
    """
    if match := _ENDS_IN_YEAR.fullmatch(folder):
        return int(match["year"])
    match = _BEGINS_WITH_YEAR.fullmatch(folder)
    return int(match["year"]) if match and _is_worded(match["between"], match["first"]) else None


def _is_worded(between: str, first: str) -> bool:
    """Return whether a word follows the year at the beginning of a name: `2019年の写真`, `2019-es`.

    `between`: a space, a hyphen or "" after the year. `first`: the next character. The word may follow directly, or
    after a hyphen (Hungarian). Chinese, Japanese and Korean words may follow directly or after a space.
    """
    if between in ("", "-") and first.isalnum() and not first.isdecimal():
        return True
    return between != "-" and any(low <= first <= high for low, high in _CJK)


def years_in(folder: str) -> frozenset[int]:
    """Return every year in a folder name, at any position and in any digits: `صور من ٢٠١٩`, `Фото за 2019 год`.

    Whether it is a year folder of one of these years is decided by the dates of its pictures.
    """
    text = "".join([str(unicodedata.decimal(char, char)) for char in folder])
    return frozenset(int(year) for year in _ANY_YEAR.findall(text))


class _Candidate(Struct, frozen=True):
    path: str
    in_takeout: bool
    is_only_folder: bool
    """Whether its parent has no other folder."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def find_containers(probe: FolderProbe, source: str) -> Shape:
    """Find the containers of a source. `source`: its absolute path. Lists few folders, and never year folders.

    The source may be one folder of a container (such as `Photos from 2019`). Then the `prefix` of the Shape is its
    name. Without it, the folders `Takeout/Google Photos/*`, given as separate sources, would become one Folder. Files
    of equal names from different years would meet there.
    """
    *_, above, parent, name = ("", "", *source.rstrip("/").split("/"))
    folders = probe.folders("")
    if not folders and (year_of(name) is not None or is_takeout_name(above)):
        return Shape(prefix=name)
    # `Takeout/Google Photos` is a container, `Takeout/Takeout` is none: parts are often unpacked into a `Takeout`.
    if is_takeout_name(parent) and not is_takeout_name(name):
        return Shape()
    candidates = _below("", name, folders)
    if _has_years(probe, "", folders):  # a container: only a `Takeout` in it may have other containers
        candidates = [candidate for candidate in candidates if is_takeout_name(candidate.name)]
    return Shape(tuple(sorted(_search(probe, candidates))))


def _search(probe: FolderProbe, level: list[_Candidate]) -> Iterator[str]:
    """Yield the paths of containers, upper levels first.

    `level`: folders of one level that may be containers. These folders and the folders below them are searched.
    """
    budget = BUDGET
    for _ in range(DEPTH):
        lower: list[_Candidate] = []
        for candidate in level[:budget]:
            folders = probe.folders(candidate.path)
            if _is_container(probe, candidate, folders):
                yield candidate.path
            elif len(lower) < budget and year_of(candidate.name) is None:
                lower += _below(candidate.path, candidate.name, folders)
        budget = max(budget - len(level), 0)
        level = lower


def _below(path: str, name: str, folders: Sequence[str]) -> list[_Candidate]:
    return [_Candidate(_join(path, folder), is_takeout_name(name), len(folders) == 1) for folder in folders]


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def is_takeout_name(name: str) -> bool:
    """Return whether a folder is named `Takeout`, maybe with the number of a file manager (`Takeout 2`)."""
    return _TAKEOUT.fullmatch(name) is not None


def _is_container(probe: FolderProbe, candidate: _Candidate, folders: Sequence[str]) -> bool:
    if not candidate.in_takeout:
        branded = "google" in candidate.name.casefold() and _any_json(probe, candidate.path, folders)
        return branded or _has_years(probe, candidate.path, folders)
    if any(year_of(folder) is not None for folder in folders):
        return True
    return not is_takeout_name(candidate.name) and (
        candidate.is_only_folder or _any_json(probe, candidate.path, folders)
    )


def _has_years(probe: FolderProbe, path: str, folders: Sequence[str]) -> bool:
    """Return whether a folder has year folders of Google Photos, not only albums with a year in the name.

    One of these conditions is enough: two year folders have the same wording; the name of the folder contains "Google"
    (never translated); a year folder has a JSON file.
    """
    years = [folder for folder in folders if year_of(folder) is not None]
    if not years:
        return False
    namings = Counter(folder.replace(str(year_of(folder)), "") for folder in years)
    branded = "google" in path.rpartition("/")[2].casefold()
    return branded or max(namings.values()) > 1 or _any_json(probe, path, years)


def _any_json(probe: FolderProbe, path: str, folders: Sequence[str]) -> bool:
    return any(probe.has_json(_join(path, folder)) for folder in islice(folders, MAX_JSON_PROBES))
