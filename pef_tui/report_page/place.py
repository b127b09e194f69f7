"""Where a report lies, and how it gets there: whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress

LAST = ".pef-tui/report.html"
"""Of the last real run, below DEST."""
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def report_problem(path: str) -> str:
    """Why a report cannot be written there, in words; "" where it can."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        return "is a folder"
    if not os.path.isdir(folder):
        return "there is no such folder"
    return "" if os.access(folder, os.W_OK) else "the folder cannot be written to"


def last_report(output: str) -> str:
    """The report of the last real run into an output folder; "" where there is none."""
    path = os.path.join(output, LAST)
    return path if output and os.path.isfile(path) else ""


def put(path: str, pieces: Iterable[bytes]) -> None:
    """Write a file beside the one it replaces, then rename it; for its owner alone. Raises OSError."""
    folder = os.path.dirname(os.path.abspath(path))
    staged = os.path.join(_staging(folder), f"report-{secrets.token_hex(6)}.part")
    descriptor = os.open(staged, _CREATE, 0o600)
    try:
        with os.fdopen(descriptor, "wb", 1 << 18) as stream:
            for piece in pieces:
                stream.write(piece)
            stream.flush()
            os.fsync(descriptor)
        os.replace(staged, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(staged)
        raise


def _staging(folder: str) -> str:
    """The staging folder of DEST for what goes into `.pef-tui`: the next run clears it, should this one be killed."""
    staging = os.path.join(folder, "staging")
    own = os.path.basename(folder) == ".pef-tui" and os.path.isdir(staging) and not os.path.islink(staging)
    return staging if own else folder
