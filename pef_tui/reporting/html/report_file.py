"""The paths of report files, and a function that writes them atomically."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.system_calls import sync_file

LAST_REPORT = f"{STATE_DIR}/report.html"
"""Path, below DEST, of the report of the last run. Dry runs do not write it."""
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def report_problem(path: str) -> str:
    """Return why a report cannot be written to `path`; "" if it can be written."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        return "is a folder"
    if not os.path.isdir(folder):
        return "there is no such folder"
    return "" if os.access(folder, os.W_OK) else "the folder cannot be written to"


def last_report(output: str) -> str:
    """Return the path of the report of the last run into an output folder; "" if there is none."""
    path = os.path.join(output, LAST_REPORT)
    return path if output and os.path.isfile(path) else ""


def report_mode(path: str) -> int:
    """Return the permissions of a report: its owner writes it, and who may read the folder may read it too.

    The folder is that of `path`, or DEST if the report is in its `.pef-tui`.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.basename(folder) == STATE_DIR:
        folder = os.path.dirname(folder)
    try:
        return 0o600 | (os.stat(folder).st_mode & 0o044)
    except OSError:
        return 0o600


def allow_search(state_dir: str, dest: str) -> None:
    """Let who may read DEST open files in `.pef-tui` by their names, not list them. Other files there stay private.

    Does nothing if `.pef-tui` belongs to another user.
    """
    with suppress(OSError):
        mode, allowed = os.lstat(state_dir).st_mode & 0o7777, (os.stat(dest).st_mode & 0o044) >> 2
        if mode | allowed != mode:
            os.chmod(state_dir, mode | allowed)


def write_atomically(
    path: str, pieces: Iterable[bytes], mode: int = 0o600, *, ignores_umask: bool = False
) -> None:
    """Write `pieces` to a temporary file, and rename it to `path`. Raises OSError.

    `mode`: permissions of the file, less the umask; by default only the owner can read it. `ignores_umask`: set
    exactly these permissions, if the file system has permissions.
    """
    folder = os.path.dirname(os.path.abspath(path))
    staged = os.path.join(_staging(folder), f"report-{secrets.token_hex(6)}.part")
    descriptor = os.open(staged, _CREATE, mode)
    try:
        with os.fdopen(descriptor, "wb", 1 << 18) as stream:
            if ignores_umask:
                with suppress(OSError):
                    os.fchmod(descriptor, mode)
            for piece in pieces:
                stream.write(piece)
            stream.flush()
            sync_file(descriptor)
        os.replace(staged, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(staged)
        raise


def _staging(folder: str) -> str:
    """Return the directory for the temporary file of a report in `folder`.

    For a report in `.pef-tui`, it is the staging directory there, so that the next run removes the file if this run is
    killed. For any other report, it is `folder` itself.
    """
    staging = os.path.join(folder, "staging")
    is_state_dir = (
        os.path.basename(folder) == STATE_DIR and os.path.isdir(staging) and not os.path.islink(staging)
    )
    return staging if is_state_dir else folder
