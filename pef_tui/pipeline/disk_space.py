"""Check, before the first file, that DEST has room. A run then does not fill a disk for hours in vain.

The exact need is known only when all files are planned, and planning continues while files are written. So this module
computes the least that a run needs, and refuses the run only if DEST has less room. A run that passes may still fill
the disk; nothing is lost then. To refuse a run that has enough room would be worse.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence

from pef_tui.errors import DiskFull
from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.filesystem.copying import clone
from pef_tui.hooks import Scanner
from pef_tui.manifest.manifest import Manifest
from pef_tui.model import Folder, MediaFile, Source
from pef_tui.settings import Settings
from pef_tui.sources.folders import folders
from pef_tui.takeout.folder_spellings import common_spellings

Listed = Callable[[], Iterable[Folder]]


def check_space(
    settings: Settings,
    output: str,
    sources: Sequence[Source],
    scanners: dict[str, Scanner],
    ledger: Manifest,
    known_bytes: Mapping[int, int] | None = None,
) -> None:
    """Raise DiskFull if the disk of DEST has less room than the run needs at least.

    `known_bytes`: total size in bytes of the sources whose files were already counted, by the number of the source.

    These runs are not checked:

    - a run in place: it needs room only for the files that are being written
    - a run with filters: it may need almost no room
    - a run with a tar archive: sizes in it are known only after it was read

    Sources on the disk of DEST need no room if copies can share blocks with them.
    """
    if settings.in_place or _filtered(settings) or any(source.scanner == "tar" for source in sources):
        return
    free = _free(output)
    if free >= _most(sources, known_bytes or {}):
        return
    sharing = _sharing(output, sources)
    if len(sharing) == len(sources):
        return
    seen_files: set[tuple[str, int]] | None = set() if settings.albums != "folder" else None
    readers = [scanners[source.scanner].open(source) for source in sources]
    needed = 0
    chosen = common_spellings(readers, lambda name: bool(ledger.folder(os.fsencode(name))))
    for folder in folders(readers, chosen):
        needed += _least(folder, ledger, sharing, seen_files)
    if needed > free:
        raise DiskFull(
            f"the run needs about {_size(needed)}, and {_size(free)} are free on the disk of {output}: "
            f"make room for {_size(needed - free)} more, or choose another folder with -o; nothing was written"
        )


def _filtered(settings: Settings) -> bool:
    """Return whether an option limits which files the run writes."""
    names = ("only", "album", "include", "exclude", "since", "until", "retry_failed")
    return any(getattr(settings, name) for name in names) or settings.unmatched == "skip"


def _free(path: str) -> int:
    """Return the free bytes on the disk of `path` that this user can fill."""
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def _most(sources: Sequence[Source], known_bytes: Mapping[int, int]) -> int:
    """Return an upper bound of the bytes of all sources, without listing them.

    A source counts as its `known_bytes`. Without them, an archive counts as twice its size, and a directory as all used
    bytes of its disk (each disk once).
    """
    disks: dict[int, int] = {}
    total = sum(known_bytes.values())
    for source in sources:
        if source.root in known_bytes:
            continue
        if os.path.isdir(source.path):
            status = os.statvfs(source.path)
            disks[os.stat(source.path).st_dev] = (status.f_blocks - status.f_bfree) * status.f_frsize
        else:
            total += 2 * os.stat(source.path).st_size
    return sum(disks.values()) + total


def _least(
    folder: Folder, ledger: Manifest, sharing: frozenset[int], seen_files: set[tuple[str, int]] | None
) -> int:
    """Return how many bytes the media of `folder` need at least in DEST. Media with an output in DEST need none.

    `sharing`: numbers of the sources whose files share blocks with copies. `seen_files`: name and size of the files
    that were already counted; a file in several Folders then counts once. None if copies in albums need room of their
    own.
    """
    sizes: dict[tuple[str, int], int] = {}
    for media in folder.media:
        twin = media.name, media.size
        if seen_files is not None:
            if twin in seen_files:
                continue
            seen_files.add(twin)
        sizes[twin] = 0 if media.root in sharing or _has_output(folder, media, ledger) else media.size
    return sum(sizes.values())


def _has_output(folder: Folder, media: MediaFile, ledger: Manifest) -> bool:
    """Return whether an earlier run put the file into DEST. A new output replaces it, and needs no more room."""
    entry = ledger.get(os.fsencode(f"{folder.path}/{media.name}" if folder.path else media.name))
    return entry is not None and bool(entry.output)


def _sharing(output: str, sources: Sequence[Source]) -> frozenset[int]:
    """Return the numbers of the sources whose files can share blocks on the disk with their copies in DEST.

    These are the directories on the disk of DEST; none if its file system cannot share blocks.
    """
    disk = os.stat(output).st_dev
    near = [
        source.root
        for source in sources
        if os.path.isdir(source.path) and os.stat(source.path).st_dev == disk
    ]
    return frozenset(near if near and _reflinks(output) else ())


def _reflinks(output: str) -> bool:
    """Return whether two files in DEST can share blocks, by trying it with unnamed files.

    Raises OSError on a full disk.
    """
    try:
        with tempfile.TemporaryFile(dir=output) as first, tempfile.TemporaryFile(dir=output) as second:
            first.write(b"x" * 4096)
            first.flush()
            clone(first.fileno(), second.fileno())
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        return False
    return True


def _size(number: int) -> str:
    """Return a number of bytes as text: `1.2 GB`; below 0.1 GB: `12.3 MB`."""
    return f"{number / 1e9:,.1f} GB" if number >= 100_000_000 else f"{number / 1e6:,.1f} MB"
