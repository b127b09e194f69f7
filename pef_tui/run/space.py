"""Is there room for the run? Asked before the first file, so that a disk is not filled for hours in vain.

What is needed is not known before everything is planned, and everything is planned only as the run goes on. So this
looks for what is needed *at least*, and only that much missing refuses a run: a wrong refusal is worse than a full
disk, which costs nothing that is done.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence

from pef_tui.errors import DiskFull
from pef_tui.hooks import Scanner
from pef_tui.manifest.ledger import Ledger
from pef_tui.model import Folder, MediaFile, Source
from pef_tui.settings import Settings
from pef_tui.takeout.join import folders
from pef_tui.takeout.spellings import spellings
from pef_tui.write.copying import clone

Listed = Callable[[], Iterable[Folder]]


def check_space(
    settings: Settings,
    output: str,
    sources: Sequence[Source],
    scanners: dict[str, Scanner],
    ledger: Ledger,
    known: Mapping[int, int] | None = None,
) -> None:
    """Raises DiskFull where DEST's disk has no room for what the run puts there at least.

    `known`: bytes of all files in a source, by its number, where they were added up already.

    Nothing is asked of a run in place, which needs room for what it has in hand; of one with filters, which may need
    next to nothing; of tar archives, which tell their sizes only when they are read through; and of folders whose files
    copies share their blocks with.
    """
    if settings.in_place or _filtered(settings) or any(source.scanner == "tar" for source in sources):
        return
    free = _free(output)
    if free >= _most(sources, known or {}):
        return
    sharing = _sharing(output, sources)
    if len(sharing) == len(sources):
        return
    seen: set[tuple[str, int]] | None = set() if settings.albums != "folder" else None
    readers = [scanners[source.scanner].open(source) for source in sources]
    needed = 0
    chosen = spellings(readers, lambda name: bool(ledger.folder(os.fsencode(name))))
    for folder in folders(readers, chosen):
        needed += _least(folder, ledger, sharing, seen)
    if needed > free:
        raise DiskFull(
            f"the run needs about {_size(needed)}, and {_size(free)} are free on the disk of {output}: "
            f"make room for {_size(needed - free)} more, or choose another folder with -o; nothing was written"
        )


def _filtered(settings: Settings) -> bool:
    names = ("only", "album", "include", "exclude", "since", "until", "retry_failed")
    return any(getattr(settings, name) for name in names) or settings.unmatched == "skip"


def _free(path: str) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def _most(sources: Sequence[Source], known: Mapping[int, int]) -> int:
    """Bytes that the sources cannot exceed: what is known, else all that is used on their disks; an archive does not
    grow by much.
    """
    disks: dict[int, int] = {}
    others = sum(known.values())
    for source in sources:
        if source.root in known:
            continue
        if os.path.isdir(source.path):
            found = os.statvfs(source.path)
            disks[os.stat(source.path).st_dev] = (found.f_blocks - found.f_bfree) * found.f_frsize
        else:
            others += 2 * os.stat(source.path).st_size
    return sum(disks.values()) + others


def _least(folder: Folder, ledger: Ledger, sharing: frozenset[int], seen: set[tuple[str, int]] | None) -> int:
    """Bytes that this Folder's media take at least in DEST, besides what lies there.

    `sharing`: numbers of the sources whose files take nothing. `seen`: where twins in albums take nothing, those met
    before.
    """
    sizes: dict[tuple[str, int], int] = {}
    for media in folder.media:
        twin = media.name, media.size
        if seen is not None:
            if twin in seen:
                continue
            seen.add(twin)
        sizes[twin] = 0 if media.root in sharing or _there(folder, media, ledger) else media.size
    return sum(sizes.values())


def _there(folder: Folder, media: MediaFile, ledger: Ledger) -> bool:
    """Has an earlier run put it there? What is done again replaces what is there."""
    entry = ledger.get(os.fsencode(f"{folder.path}/{media.name}" if folder.path else media.name))
    return entry is not None and bool(entry.output)


def _sharing(output: str, sources: Sequence[Source]) -> frozenset[int]:
    """Numbers of the sources with whose files copies in DEST can share blocks: folders on its disk, no archives."""
    disk = os.stat(output).st_dev
    near = [each.root for each in sources if os.path.isdir(each.path) and os.stat(each.path).st_dev == disk]
    return frozenset(near if near and _reflinks(output) else ())


def _reflinks(output: str) -> bool:
    """Can files in DEST share blocks? Tried with nameless files, which leave nothing."""
    try:
        with tempfile.TemporaryFile(dir=output) as first, tempfile.TemporaryFile(dir=output) as second:
            first.write(b"x" * 4096)
            first.flush()
            clone(first.fileno(), second.fileno())
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return False
    return True


def _size(number: int) -> str:
    return f"{number / 1e9:,.1f} GB" if number >= 100_000_000 else f"{number / 1e6:,.1f} MB"
