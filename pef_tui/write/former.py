"""Taking away an output from where an earlier run put it, once it lies elsewhere."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Collection, Sequence
from contextlib import suppress

from pef_tui.model import Plan, xmp_name
from pef_tui.write.copies import Books, Copy, Former
from pef_tui.write.dest import Dest, Outside, components, sync
from pef_tui.write.recorded import of_media, of_xmp
from pef_tui.write.replacing import standing_of


def remove_former(copies: Sequence[Copy], place: Dest, books: Books) -> None:
    """Remove what earlier runs put elsewhere for these, whose new outputs are in place and on the disk.

    This comes before the batch is recorded: a crash in between costs the batch, and leaves no second copy that
    nobody knows of. What somebody changed is left, and told.
    """
    if place.undo is not None:  # in place, every output is its own source
        return
    outputs = {copy.plan.output for copy in copies}
    for copy in copies:
        if not (copy.placed or copy.plan.withdraws or _is_elsewhere(copy.plan, place)):
            continue
        recorded, intended = copy.earlier(books)
        for known in (recorded, *intended):
            old = os.fsdecode(known.output) if known is not None else ""
            if known is None or not old or old in outputs:
                continue
            if (owner := books.recorded(old)) is not None and owner != recorded:
                continue
            try:
                if not remove_output(old, known, copy.plan.output, place):
                    copy.warn(f"what was put at {old} before was changed since and is left there")
            except (FileNotFoundError, NotADirectoryError, Outside):
                continue  # it is not there any more
            except OSError as error:
                copy.warn(
                    f"what was put at {old} before cannot be removed and stays there: {error.strerror or error}"
                )


def _is_elsewhere(plan: Plan, place: Dest) -> bool:
    """Is nothing to be put for it, because its bytes are in place at another output?"""
    if plan.output is not None or not plan.link:
        return False
    with suppress(OSError, Outside):
        folder, name = components(plan.link)
        with place.folder(folder, create=False) as fd:
            return stat.S_ISREG(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
    return False


def remove_output(old: str, known: Former, new: str | None, place: Dest) -> bool:
    """Remove an output, and its XMP file, while they are what was recorded; False where somebody changed them.

    `new`: the output that is not to be removed with it where both names mean one file. Raises OSError, Outside.
    """
    folder, name = components(old)
    with place.folder(folder, create=False) as fd:
        beside = xmp_name(name, known.short_xmp) if known.xmp else ""
        ours = [(name, of_media(known))]
        if beside:
            ours.append((beside, of_xmp(known, known.short_xmp)))
        ways = [standing_of(fd, each, facts) for each, facts in ours]
        if "changed" in ways:
            return False
        if new is not None and _same_file(fd, old, new, place):
            return True
        for (each, _), way in zip(ours, ways, strict=True):
            if way == "ours":
                os.unlink(each, dir_fd=fd)
        sync(fd)
    _remove_empty(folder, place)
    return True


def _same_file(fd: int, old: str, new: str, place: Dest) -> bool:
    """Are both paths one entry of a folder, as on disks that ignore case or Unicode form? Hard links are two.

    Of paths that some disk takes for the same the folders' listings decide: with sshfs and rclone each spelling has an
    inode of its own.
    """
    (_, name), (folder, new_name) = components(old), components(new)
    with place.folder(folder, create=False) as new_fd:
        one = os.stat(name, dir_fd=fd, follow_symlinks=False)
        other = os.stat(new_name, dir_fd=new_fd, follow_symlinks=False)
        if os.path.samestat(one, other) and one.st_nlink == 1:
            return True
    return _bare(old) == _bare(new) and not (_is_listed(old, place) and _is_listed(new, place))


def _is_listed(path: str, place: Dest) -> bool:
    """Do the folders list every part of a path as it is spelled? Raises OSError."""
    parts = path.split("/")
    for depth, part in enumerate(parts):
        with place.folder(tuple(parts[:depth]), create=False) as fd:
            if part not in os.listdir(fd):
                return False
    return True


def _bare(path: str) -> str:
    """What paths have in common that some disk takes for the same."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
    return "/".join(part.rstrip(" .") for part in folded.split("/"))


def _remove_empty(folder: Collection[str], place: Dest) -> None:
    """Remove folders that are empty now, from the innermost up."""
    parts = tuple(folder)
    with suppress(OSError):
        while parts:
            with place.folder(parts[:-1], create=False) as above:
                os.rmdir(parts[-1], dir_fd=above)
            parts = parts[:-1]
