"""Make links for `--albums link`: staged copies that share their bytes with an output that is already in DEST."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.filesystem.copying import clone
from pef_tui.model import xmp_name
from pef_tui.output.output_dir import DestView, OutputDir, OutsideOutput, components
from pef_tui.output.output_records import recorded_facts, xmp_facts
from pef_tui.output.replacement import target_state
from pef_tui.output.staged_outputs import Recorder, StagedOutput

REFLINK, HARD_LINK, SYMBOLIC_LINK = "shared blocks", "hard link", "symbolic link"
NO_LINK = "a copy, for no link to {} can be made"
"""Reason in the Outcome of a normal copy that could not be a link. `{}`: the output to link to."""
WITH_OWN_TIMES = ("", REFLINK)
"""Values of `StagedOutput.link_kind` for copies with permissions and times of their own.

Such a copy shares disk blocks with the original, or nothing ("": a normal copy).
"""

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def stage_link(copy: StagedOutput, name: str, output_dir: OutputDir, recorder: Recorder) -> bool:
    """Stage a link to the output at `copy.plan.link`, and a link to the XMP file of that output.

    `name`: name of the link in the staging folder. The first kind that the disk supports is used: shared blocks, hard
    link, relative symbolic link. Return False if no link can be made: the caller then makes a normal copy. Raises
    OSError (ENOSPC, EDQUOT) if the disk is full.
    """
    record = recorder.output_record(copy.plan.link)
    if record is None:
        return False
    try:
        folder, original = components(copy.plan.link)
        with output_dir.folder(folder, create=False) as fd:
            if target_state(fd, original, recorded_facts(record)) != "ours" or _is_link(fd, original):
                return False
            copy.link_kind = _share(fd, original, name, copy.plan.link, output_dir, copy)
            if copy.link_kind == HARD_LINK:
                copy.facts = recorded_facts(record)
            if record.xmp and copy.link_kind:
                short = record.short_xmp
                xmp_path = xmp_name(copy.plan.link, short)
                xmp_kind = _share(fd, xmp_name(original, short), name + ".xmp", xmp_path, output_dir, copy)
                copy.xmp, copy.short_xmp = True, short
                if xmp_kind == HARD_LINK:
                    copy.xmp_facts = xmp_facts(record)
    except (OSError, OutsideOutput) as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise
        _remove((name, name + ".xmp"), output_dir)
        copy.link_kind, copy.xmp = "", False
    return bool(copy.link_kind)


def is_link_target_changed(link: str, output_dir: DestView, recorder: Recorder) -> bool:
    """Return whether the output at `link` must not be linked to: it differs from its record, or is a link itself.

    False if the output is missing or not recorded: it is then written before the links to it.
    """
    record = recorder.output_record(link)
    if record is None:
        return False
    try:
        folder, original = components(link)
        with output_dir.folder(folder, create=False) as fd:
            state = target_state(fd, original, recorded_facts(record))
            return state in ("changed", "foreign") or (state == "ours" and _is_link(fd, original))
    except (OSError, OutsideOutput):
        return False


def _is_link(fd: int, name: str) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)


def _share(fd: int, original: str, name: str, path: str, output_dir: OutputDir, copy: StagedOutput) -> str:
    """Make the link `name` by the first method that the disk supports. Return the method (`REFLINK`, …).

    `original`: name of the linked file in the folder with the descriptor `fd`. `path`: its path below DEST. Raises
    OSError if all methods fail or the disk is full.
    """
    try:
        _reflink(fd, original, name, output_dir)
        return REFLINK
    except OSError as error:
        _remove((name,), output_dir)
        if error.errno in DISK_FULL:
            raise
    try:
        os.link(original, name, src_dir_fd=fd, dst_dir_fd=output_dir.staging_fd, follow_symlinks=False)
        return HARD_LINK
    except OSError as error:
        if error.errno in (*DISK_FULL, errno.ENOENT):
            raise
    os.symlink(_relative(path, copy.plan.output or ""), name, dir_fd=output_dir.staging_fd)
    return SYMBOLIC_LINK


def _reflink(fd: int, original: str, name: str, output_dir: OutputDir) -> None:
    source = os.open(original, _READ_FLAGS, dir_fd=fd)
    try:
        target = os.open(name, _CREATE_FLAGS, 0o600, dir_fd=output_dir.staging_fd)
        try:
            clone(source, target)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _relative(original: str, output: str) -> str:
    """Return the path `original` relative to the folder of `output`. Both are paths below DEST."""
    return os.path.relpath(original, os.path.dirname(output) or ".")


def _remove(names: Sequence[str], output_dir: OutputDir) -> None:
    for name in names:
        try:
            os.unlink(name, dir_fd=output_dir.staging_fd)
        except FileNotFoundError:
            continue
