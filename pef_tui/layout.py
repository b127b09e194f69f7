"""Where an output goes: paths below the output folder that any file system takes, and no two alike.

Names depend on the sources alone: claims are made in the order of the Folders, so a preview, a run and a resumed
run name two different files that meet at one path alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from pef_tui.formats import FORMATS, right_name
from pef_tui.model import Match
from pef_tui.settings import Settings

NAME_BYTES = 255 - len(".xmp")
"""A file name's limit on Linux, macOS and Windows, with room for the XMP file beside it."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')
_NUMBER = re.compile(r" \([0-9]+\)(?=(\.[^.]*)?$)")
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


def safe_component(name: str) -> str:
    """One component of a path that exists on every file system, as near to `name` as can be.

    A name that comes from a file system is kept but for what would lead elsewhere.
    """
    if name in ("", ".", ".."):
        return "_" * max(len(name), 1)
    name = name.replace("/", "_").replace("\0", "_")
    return _shortened(name) if len(name) > 60 else name


def strict_component(name: str) -> str:
    """Like `safe_component`, for text that was never a file name (titles, templates): Windows' rules too."""
    name = _FORBIDDEN.sub("_", name.encode("utf-8", "replace").decode()).rstrip(" .")
    if _RESERVED.match(name):
        name = "_" + name
    return safe_component(name)


def _shortened(name: str) -> str:
    if len(name.encode("utf-8", "surrogateescape")) <= NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16:
        stem, extension = name, ""
    room = NAME_BYTES - len((dot + extension).encode("utf-8", "surrogateescape")) if extension else NAME_BYTES
    cut = stem.encode("utf-8", "surrogateescape")[:room].decode("utf-8", "ignore")
    return f"{cut}.{extension}" if extension else cut


def folded(path: str) -> str:
    """The form under which two names are one on file systems that ignore case or Unicode form."""
    return path.casefold() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


def numbered(name: str, number: int) -> str:
    """`a.jpg` -> `a (2).jpg`; 1 is the name itself."""
    if number < 2:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem} ({number}).{extension}" if dot and stem else f"{name} ({number})"


class Layout:
    """Gives every Match its output path; made anew for each run."""

    def __init__(self, settings: Settings) -> None:
        self._fix = settings.extensions == "fix"
        self._folders: dict[str, str] = {}
        self._claims: set[str] = set()
        self._kept: Mapping[tuple[int, str], str] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._folder: str | None = None
        self._promised: dict[tuple[int, str], str] = {}

    def begin(self, folder: str, kept: Mapping[tuple[int, str], str] | None = None) -> None:
        """Start a Folder; `kept` are the outputs that earlier runs gave to its files, by (root, path)."""
        self._folder = self._folder_path(folder)
        self._kept = kept or {}
        self._claims = {folded(path) for path in self._kept.values()}
        self._numbers = {}

    def reserve(self, folder: str) -> None:
        """Every Folder in its turn, whether any of its files needs a name or not, so that names do not depend on it."""
        self._folder_path(folder)

    def _folder_path(self, folder: str) -> str:
        path = "/".join(safe_component(part) for part in folder.split("/")) if folder else ""
        if path == ".pef-tui" or path.startswith(".pef-tui/"):
            path = "_" + path
        candidate, number = path, 1
        while self._folders.setdefault(folded(candidate), folder) != folder:
            number += 1
            candidate = f"{path} ({number})"
        return candidate

    def promise(self, match: Match, output: str) -> None:
        """`claim` was already asked about this Match, and this was its answer."""
        self._promised[match.media.root, match.media.path] = output

    def name(self, match: Match) -> str:
        """The file name it should have: its own, with the extension its content asks for."""
        name = safe_component(match.media.name)
        form = FORMATS.get(match.state.format) if match.state else None
        return safe_component(right_name(name, form)) if form and self._fix else name

    def claim(self, match: Match) -> str:
        """The output path of this Match, claimed. A film or edited copy follows the number of its picture."""
        if (promised := self._promised.pop((match.media.root, match.media.path), None)) is not None:
            return promised
        name = self.name(match)
        if (kept := self._kept.get((match.media.root, match.media.path))) and self._names(kept, name):
            return kept
        prefix = f"{self._folder}/" if self._folder else ""
        number = self._numbers.get((match.media.root, match.main), 1) if match.main else 1
        path = prefix + numbered(name, number)
        while folded(path) in self._claims:
            number += 1
            path = prefix + numbered(name, number)
        self._claims.add(folded(path))
        if number > 1:
            self._numbers[match.media.root, match.media.name] = number
        return path

    def _names(self, kept: str, name: str) -> bool:
        """Is `kept` this name in the folder at hand, with or without a number?"""
        folder, _, base = kept.rpartition("/")
        return folder == self._folder and (base == name or _NUMBER.sub("", base, count=1) == name)
