"""Exit codes of a run, the same for `--batch` and for the app. `docs/reference.md` lists them."""

from __future__ import annotations

from pef_tui.errors import DestLocked, ExifToolMissing, RunError, UsageError
from pef_tui.progress import Progress

OK = 0
FAILED = 1
USAGE_ERROR = 2
SOME_FAILED = 3
"""The run ended, but some files failed, or a part of the export or the work of a plugin is missing."""
NO_EXIFTOOL = 4
LOCKED = 75
"""Another run has locked DEST. The number is `EX_TEMPFAIL` of sysexits.h: the same command may succeed later."""

CODES: dict[type[RunError], int] = {
    UsageError: USAGE_ERROR,
    ExifToolMissing: NO_EXIFTOOL,
    DestLocked: LOCKED,
}


def error_code(error: RunError) -> int:
    """Return the exit code of a run that ended with `error`; `FAILED` if `CODES` has no code for it."""
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), FAILED)


def end_code(progress: Progress) -> int:
    """Return the exit code of a run that ends normally now: after its last file, or early (`Progress.request_stop`)."""
    return progress.stop_code or progress_code(progress)


def progress_code(progress: Progress) -> int:
    """Return the exit code of a run that ended without an error: `OK` or `SOME_FAILED`."""
    is_lossy = progress.failed or progress.incomplete or progress.notes.has_loss
    return SOME_FAILED if is_lossy else OK
