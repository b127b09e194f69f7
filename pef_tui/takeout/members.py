"""Members of an archive as Listings, and which names a member may have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pef_tui.hooks import Listing
from pef_tui.model import MediaFile
from pef_tui.takeout import containers
from pef_tui.takeout.scan import OWN_FOLDER, order

MAX_MEMBERS = 2_000_000
"""Members of one archive; an export's parts hold some ten thousand."""

TWICE = "is in the archive twice, the first is taken"


def fault(path: str) -> str:
    """Why a member is left out for its name; "" where it is a plain relative path."""
    if path.startswith("/"):
        return "absolute path in the archive, left out"
    parts = path.split("/")
    if ".." in parts:
        return "path out of the archive, left out"
    if "" in parts or "." in parts or "\0" in path:
        return "no proper path, left out"
    return ""


def listings(files: Iterable[MediaFile]) -> Iterator[Listing]:
    """The Listings of an archive's files, as if it had been extracted; ordered by path."""
    folders: dict[str, list[MediaFile]] = {}
    for file in files:
        folder = file.path.rpartition("/")[0]
        if OWN_FOLDER not in folder.split("/"):
            folders.setdefault(folder, []).append(file)
    shape = containers.find(_look(folders), "")
    found = [
        Listing(_below(folder, shape), tuple(sorted(content, key=lambda file: file.path)))
        for folder, content in folders.items()
    ]
    yield from sorted(found, key=lambda listing: (order(listing), listing.files[0].path))


def _look(folders: dict[str, list[MediaFile]]) -> containers.Look:
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
        lambda path: sorted(children.get(path, ())),
        lambda path: any(file.path[-5:].lower() == ".json" for file in folders.get(path, ())),
    )


def _below(folder: str, shape: containers.Shape) -> str:
    for container in shape.containers:
        if folder == container or folder.startswith(container + "/"):
            return folder[len(container) + 1 :]
    return folder
