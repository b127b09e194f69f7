"""Members of an archive as Listings, and which names a member may have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pef_tui.hooks import Listing
from pef_tui.model import MediaFile
from pef_tui.takeout import containers
from pef_tui.takeout.catalogue import Catalogue
from pef_tui.takeout.scan import OWN_FOLDER
from pef_tui.takeout.spellings import top_names
from pef_tui.takeout.system_files import folder_reason

MAX_MEMBERS = 2_000_000
"""Members of one archive; an export's parts hold some ten thousand."""

TWICE = "is in the archive twice with different content, the last is taken"


_DRIVE = re.compile(r"[A-Za-z]:/")


def plain_path(path: str) -> str:
    """A member's path as unzip and the tools of Windows read it: `./a`, `/a`, `a//b` and `C:/a` lead below the top.

    A `..` stays, and is a fault.
    """
    if _DRIVE.match(path):
        path = path[3:]
    if path[:1] not in "./" and "//" not in path and "/./" not in path and path[-2:] != "/.":
        return path
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "/".join(parts) + "/" * path.endswith("/")


def fault(path: str) -> str:
    """Why a member is left out for its name; "" where it is a plain relative path."""
    parts = path.split("/")
    if ".." in parts:
        return "path out of the archive, left out"
    if "" in parts or "." in parts or "\0" in path:
        return "no proper path, left out"
    return ""


def listings(catalogue: Catalogue, root: int, version_of: Callable[[int, int], int]) -> Iterator[Listing]:
    """The Listings of an archive's files, as if it had been extracted; ordered by path.

    `version_of`: `MediaFile.version` of a member, from its checksum and where it begins.
    """
    folders = _folders(catalogue)
    shape = containers.find(_look(folders), "")
    placed = sorted((_below(folder, shape).replace("/", "\0"), folder) for folder in folders)
    for _, folder in placed:
        files = tuple(
            MediaFile(root, path, size, mtime_ns, version_of(crc, start))
            for path, size, mtime_ns, crc, start in catalogue.within(folder)
        )
        yield Listing(_below(folder, shape), files)


def top_folders(catalogue: Catalogue) -> Sequence[Sequence[str]]:
    """The names directly in each container of an archive."""
    look = _look(_folders(catalogue))
    shape = containers.find(look, "")
    return top_names(look.folders, shape.containers, shape.prefix)


def _folders(catalogue: Catalogue) -> dict[str, bool]:
    """Every folder that holds a member, and whether a JSON file is among them."""
    return {folder: json for folder, json in catalogue.folders() if OWN_FOLDER not in folder.split("/")}


def _look(folders: Mapping[str, bool]) -> containers.Look:
    children: dict[str, set[str]] = {}
    for folder in folders:
        while folder:
            above, _, name = folder.rpartition("/")
            known = children.setdefault(above, set())
            if name in known:
                break
            known.add(name)
            folder = above
    return containers.Look(
        lambda path: sorted(name for name in children.get(path, ()) if not folder_reason(name)),
        lambda path: folders.get(path, False),
    )


def _below(folder: str, shape: containers.Shape) -> str:
    for container in shape.containers:
        if folder == container or folder.startswith(container + "/"):
            return folder[len(container) + 1 :]
    return folder
