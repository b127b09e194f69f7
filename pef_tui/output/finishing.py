"""Finish the staged copies: set permissions and time, compute fingerprints, and sync."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.filesystem.disk_watch import LINE_ERRORS
from pef_tui.filesystem.fingerprint import fingerprint_descriptor
from pef_tui.output.links import WITH_OWN_TIMES
from pef_tui.output.output_dir import OutputDir, closing_fd, sync
from pef_tui.output.replacement import FileFacts
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.output.undo_record import copy_original_attributes
from pef_tui.output.xmp_files import xmp_target

_DISK_ERRORS = (*DISK_FULL, errno.EIO, errno.EROFS)
"""Error numbers of the disk itself. After such an error, the content of the disk is unknown. So the run stops."""


class Finisher:
    """Completes a staged copy while it is still open, if no writer changes it afterwards. See `staging.Finish`."""

    def __init__(self, copy: StagedOutput, name: str, output_dir: OutputDir) -> None:
        self._copy, self._name, self._output_dir = copy, name, output_dir
        self.has_begun = False
        """Whether the copy is complete. If so, an error comes from the disk of DEST, not from the source."""
        self.facts: FileFacts | None = None

    def __call__(self, fd: int, digest: bytes) -> None:
        """Set permissions and modification time of the open copy `fd`, and store its facts.

        The facts are size, modification time and fingerprint. `digest`: fingerprint of the copy.
        """
        self.has_begun = True
        _set_mode_and_time(self._copy, self._name, fd, self._output_dir)
        present = os.fstat(fd)
        self.facts = FileFacts(present.st_size, present.st_mtime_ns, digest)


def _open_staged(output_dir: OutputDir, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=output_dir.staging_fd)


def finish_copy(copy: StagedOutput, output_dir: OutputDir) -> None:
    """Set the permissions and modification time of a copy and of its XMP file, if that was not done while staging.

    In place, also copy permissions, owner and extended attributes of the replaced files. Store the facts of both files
    in `copy.facts` and `copy.xmp_facts`; in place and without XMP file, these are None. Raises OSError if a file cannot
    be read, or if the disk is full or has an error.
    """
    needs_facts = not output_dir.in_place or copy.xmp
    for name in copy.names:
        if name == copy.name and copy.staged_facts is not None:
            copy.facts = copy.staged_facts if needs_facts else None
            continue
        facts = output_dir.repeat(partial(_finish_file, copy, name, output_dir, needs_facts=needs_facts))
        if name == copy.name:
            copy.facts = facts
        else:
            copy.xmp_facts = facts


def _finish_file(
    copy: StagedOutput, name: str, output_dir: OutputDir, *, needs_facts: bool
) -> FileFacts | None:
    """Set the permissions and time of the staged file `name`. Return its facts if `needs_facts` is set. Raises
    OSError.
    """
    with closing_fd(_open_staged(output_dir, name)) as fd:
        _set_mode_and_time(copy, name, fd, output_dir)
        return _facts(fd) if needs_facts else None


def _set_mode_and_time(copy: StagedOutput, name: str, fd: int, output_dir: OutputDir) -> None:
    mtime_ns = copy.plan.mtime_ns or copy.plan.match.media.mtime_ns
    try:
        with suppress(PermissionError, NotImplementedError):
            if not output_dir.in_place:
                if os.fstat(fd).st_mode & 0o7777 != output_dir.mode:
                    os.fchmod(fd, output_dir.mode)
            else:
                output = copy.plan.output or ""
                if name == copy.xmp_name:
                    output = xmp_target(copy, output_dir, output, copy.plan.short_xmp)
                copy_original_attributes(output_dir, output, fd, output_dir.mode)
        os.utime(fd, ns=(mtime_ns, mtime_ns))
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            raise
        if isinstance(error, OSError) and output_dir.is_served and error.errno in LINE_ERRORS:
            raise
        copy.warn("the disk does not take its modification time")


def _facts(fd: int) -> FileFacts:
    present = os.fstat(fd)
    return FileFacts(present.st_size, present.st_mtime_ns, fingerprint_descriptor(fd, present.st_size))


def sync_each(copies: Sequence[StagedOutput], output_dir: OutputDir) -> None:
    """Sync the files of the copies one by one, for systems that cannot sync a whole disk. Raises SyncFailed,
    OSError.
    """

    def sync_one(name: str) -> None:
        fd = _open_staged(output_dir, name)
        try:
            sync(fd)
        finally:
            os.close(fd)

    names = [name for copy in copies if copy.link_kind in WITH_OWN_TIMES for name in copy.names]
    output_dir.queues.finish.run(sync_one, names)
