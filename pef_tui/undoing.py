"""`--undo` and `--forget`: taking back what in-place runs changed, or what they could be taken back with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

from pef_tui.console import Console, data_out
from pef_tui.display import safe
from pef_tui.errors import DestHeld, RunError, UsageError
from pef_tui.manifest import DestLock, Ledger
from pef_tui.report import encoded
from pef_tui.settings import Settings
from pef_tui.write.dest import Dest
from pef_tui.write.staging import clean_staging
from pef_tui.write.undo import Undone, chosen, forget, undo

DONE, FAILED, USAGE, SOME_LEFT, HELD = 0, 1, 2, 3, 75


def undo_or_forget(settings: Settings, action: str, run: str) -> int:
    """Carry out `undo` or `forget` for one run of one SOURCE; the exit code."""
    console = Console(settings.quiet)
    try:
        source = _source(settings, action)
        run = chosen(source, run)
        if action == "undo":
            return _undo(settings, source, run, console)
        with DestLock(source):
            forget(source, run)
        console.say(f"run {run} can no longer be undone")
        return DONE
    except UsageError as error:
        console.error(safe(str(error), 500))
        return USAGE
    except DestHeld as error:
        console.error(safe(str(error), 500))
        return HELD
    except (OSError, RunError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        console.error(safe(reason or str(error), 500))
        return FAILED


def _source(settings: Settings, action: str) -> str:
    if len(settings.sources) != 1:
        raise UsageError(f"--{action}: name the one SOURCE that was written in place")
    source = os.path.realpath(settings.sources[0])
    if not os.path.isdir(source):
        raise UsageError(f"SOURCE {settings.sources[0]}: is no folder")
    return source


def taken_back(source: str, run: str) -> Iterator[Undone]:
    """Undo a run in SOURCE file by file; the manifest forgets each, and the whole record once nothing is left.

    Closed early, it can be begun again. Raises DestHeld, RunError and OSError.
    """
    left = 0
    with DestLock(source), ExitStack() as stack:
        clean_staging(source)
        ledger = Ledger.open(source, read_only=False)
        stack.callback(ledger.release)
        place = Dest(source)
        stack.callback(place.close)
        keys: list[bytes] = []
        stack.callback(lambda: ledger.forget(keys))
        for done in undo(place, run):
            keys.append(done.key)
            left += done.word == "left"
            yield done
        stack.close()
        if not left:
            forget(source, run)


def _undo(settings: Settings, source: str, run: str, console: Console) -> int:
    restored = left = 0
    with data_out() as data:
        for done in taken_back(source, run):
            restored, left = restored + (done.word == "restored"), left + (done.word == "left")
            for line in _told(done, settings):
                data.write(line)
        if settings.json:
            data.write(encoded({"v": 1, "type": "undo", "run": run, "restored": restored, "left": left}))
    console.say(f"{restored:,} files are as they were before" + (f", {left:,} are left" if left else ""))
    return SOME_LEFT if left else DONE


def _told(done: Undone, settings: Settings) -> Iterator[bytes]:
    if settings.json:
        fields = {"v": 1, "type": "undone", "source": done.path, "outcome": done.word, "reason": done.reason}
        yield encoded(fields)
    elif done.word == "left":
        yield f"left: {safe(done.path)} ({safe(done.reason, 200)})\n".encode()
