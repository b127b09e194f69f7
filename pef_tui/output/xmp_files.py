"""Make the XMP file beside an output: copy it from the source, then complete it with the edits of the Plan."""

from __future__ import annotations

import os
import stat

import xxhash

from pef_tui.errors import RunError
from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.filesystem.copying import SourceChanged
from pef_tui.hooks import OpenMedia
from pef_tui.model import xmp_name
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.output.staging import stage
from pef_tui.output.xmp_writer import write_xmp_file


def xmp_target(copy: StagedOutput, output_dir: OutputDir, output: str, short: bool) -> str:
    """Return the name or path of the XMP file of `output`, which is a name or a path.

    `short`: whether the name is `a.xmp`, not `a.jpg.xmp`. In place, the suffix of an existing XMP file keeps its
    spelling (`a.jpg.XMP`).
    """
    name, xmp_file = xmp_name(output, short), copy.plan.match.xmp
    if not output_dir.in_place or xmp_file is None:
        return name
    return name[: -len(".xmp")] + xmp_file.file.path[-len(".xmp") :]


def stage_xmp(copy: StagedOutput, output_dir: OutputDir, open_media: OpenMedia) -> None:
    """Copy the XMP file of the source, if there is one, into the staging folder. Writers add tags to it there.

    If it cannot be read, `copy` gets a warning. Raises OSError (ENOSPC, EDQUOT) if the disk is full.
    """
    if copy.plan.match.xmp is None:
        return
    file = copy.plan.match.xmp.file
    try:
        with open_media(file) as source:
            stage(output_dir, copy.xmp_name, source, file.size, file.mtime_ns)
    except RunError:
        raise
    except SourceChanged as error:
        copy.warn(f"the XMP file beside it {error}")
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        copy.warn(f"the XMP file beside it cannot be read: {error.strerror or error}")
    except Exception as error:
        copy.warn(f"the XMP file beside it cannot be read: {type(error).__name__}: {error}")


def complete_xmp(copy: StagedOutput, output_dir: OutputDir) -> None:
    """Write the XMP edits of the Plan into the staged XMP file. Set `copy.xmp` to whether there is such a file.

    In place, a staged XMP file with the same bytes as in the source is removed: there is nothing to replace. Raises
    OSError (ENOSPC, EDQUOT) if the disk is full.
    """
    if copy.plan.xmp_edits and copy.outcome != "failed":
        answer = write_xmp_file(os.path.join(output_dir.staging, copy.name), copy.plan.xmp_edits, fill=False)
        for warning in (*answer.warnings, *((answer.reason,) if answer.reason else ())):
            copy.warn(warning)
    if output_dir.in_place and _is_source_xmp(copy, output_dir):
        os.unlink(copy.xmp_name, dir_fd=output_dir.staging_fd)
    copy.xmp = copy.may_have_xmp and bool(staged_size(output_dir, copy.xmp_name))


def _is_source_xmp(copy: StagedOutput, output_dir: OutputDir) -> bool:
    """Return whether the staged XMP file equals the XMP file of the source. False if either is missing."""
    xmp_file = copy.plan.match.xmp
    if xmp_file is None or not staged_size(output_dir, copy.xmp_name):
        return False
    path = os.path.join(output_dir.staging, copy.xmp_name)
    with open(path, "rb") as stream:  # noqa: PTH123 - the path may hold any bytes
        return xxhash.xxh3_64_digest(stream.read()) == xmp_file.content


def staged_size(output_dir: OutputDir, name: str) -> int | None:
    """Return the size in bytes of the file `name` in the staging folder.

    0 if it is not a regular file, None if it is missing.
    """
    try:
        present = os.stat(name, dir_fd=output_dir.staging_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return present.st_size if stat.S_ISREG(present.st_mode) else 0
