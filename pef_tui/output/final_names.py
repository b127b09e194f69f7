"""Rename staged copies to their final names, and read size and time back from the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from pef_tui.filesystem.renaming import NoReplaceUnsupported, rename_if_free, replace_file
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.replacement import FileFacts
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.output.xmp_files import xmp_target


def rename_free(copy: StagedOutput, output_dir: OutputDir, fd: int, name: str) -> bool:
    """Rename a copy to its final name, without a look-up of the name before. Return whether it was renamed.

    Return False in these cases: something has this name; the disk cannot rename without replacing; the disk is fast. On
    a slow disk this saves time, because the kernel looks up and renames one file at a time in each folder. Raises
    OSError, DiskGone.
    """
    if not output_dir.queues.is_slow or not output_dir.renames_if_free:
        return False
    try:
        present = _put(output_dir, copy.name, fd, name, copy.facts, rename_if_free)
    except NoReplaceUnsupported:
        output_dir.renames_if_free = False
        return False
    except FileExistsError:
        return False
    _set_published(copy, present)
    return True


def _set_published(copy: StagedOutput, present: os.stat_result) -> None:
    copy.size, copy.mtime_ns, copy.published = present.st_size, present.st_mtime_ns, True


def rename(copy: StagedOutput, output_dir: OutputDir, fd: int, name: str) -> None:
    """Rename the XMP file of a copy, then the copy, to their final names in the folder `fd`. Replace existing files.

    Raises OSError, DiskGone.
    """
    if copy.xmp:
        xmp_path = xmp_target(copy, output_dir, name, copy.short_xmp)
        present = _put(output_dir, copy.xmp_name, fd, xmp_path, copy.xmp_facts)
        copy.xmp_stat = (present.st_size, present.st_mtime_ns)
    present = _put(output_dir, copy.name, fd, name, copy.facts)
    _set_published(copy, present)


def _put(
    output_dir: OutputDir,
    staged: str,
    fd: int,
    name: str,
    facts: FileFacts | None,
    rename: Callable[[str, str, int, int], None] = replace_file,
) -> os.stat_result:
    """Rename a file of the staging folder to its final name in the folder `fd`, and return its status there.

    A server may rename the file and still report an error. The call is then repeated, and finds the file no longer in
    staging. In this case the file under the final name is compared with the staged file and with `facts`. Raises
    OSError, DiskGone, and the errors of `rename`.
    """
    staged_status = _look_up_staged(output_dir, staged)
    attempt = 1
    while True:
        try:
            rename(staged, name, output_dir.staging_fd, fd)
            break
        except (FileNotFoundError, FileExistsError):
            if attempt == 1 or _is_staged(output_dir, staged):
                raise
            present = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not _is_same_file(present, staged_status) and not _has_facts(present, facts):
                raise
            break
        except OSError as error:
            if not output_dir.recovers(error, attempt):
                raise
        attempt += 1
    return output_dir.repeat(lambda: os.stat(name, dir_fd=fd, follow_symlinks=False))


def _look_up_staged(output_dir: OutputDir, name: str) -> os.stat_result | None:
    """Return the status of a staged file, if DEST is slow or on a served file system; else None.

    The kernel then knows the file when it renames it, which is faster: it renames one file at a time in each folder.
    None if the look-up fails.
    """
    if not output_dir.queues.is_slow and not output_dir.is_served:
        return None
    with suppress(OSError):  # the rename reports it
        return os.stat(name, dir_fd=output_dir.staging_fd, follow_symlinks=False)
    return None


def _is_staged(output_dir: OutputDir, name: str) -> bool:
    try:
        os.stat(name, dir_fd=output_dir.staging_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_same_file(present: os.stat_result, staged: os.stat_result | None) -> bool:
    """Return whether a file is the renamed staged file. `present`: the status of the file.

    `staged`: the status of the staged file before the renaming. No facts are needed, because outputs in place and links
    have none.
    """
    return staged is not None and _identity(present) == _identity(staged)


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _has_facts(present: os.stat_result, facts: FileFacts | None) -> bool:
    return facts is not None and (present.st_size, present.st_mtime_ns) == (facts.size, facts.mtime_ns)
