"""`--undo` and `--forget`: taking back what in-place runs changed, or what they could be taken back with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

from pef_tui.console import Console, data_out
from pef_tui.display import safe
from pef_tui.errors import DestHeld, RunError, UsageError
from pef_tui.manifest import DestLock, Ledger
from pef_tui.manifest.origin import check_links, foreign_runs
from pef_tui.report import encoded
from pef_tui.settings import Settings
from pef_tui.write.dest import OWN, Dest
from pef_tui.write.staging import clean_staging
from pef_tui.write.undo import Undone, undo
from pef_tui.write.undo_folder import UndoRun, clear_leftovers, forget, undo_runs

DONE, FAILED, USAGE, SOME_LEFT, HELD = 0, 1, 2, 3, 75


def undo_or_forget(settings: Settings, action: str, run: str) -> int:
    """Carry out `undo` or `forget` for one run of one SOURCE; the exit code."""
    console = Console(settings.quiet)
    try:
        source = _source(settings, action)
        chosen = _chosen(source, run)
        if action == "undo":
            return _undo(settings, source, chosen, console)
        with DestLock(source):
            forget(source, chosen.name)
            clear_leftovers(source)
        console.say(f"run {chosen.name} can no longer be undone")
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
    check_links(source)
    return source


def _chosen(source: str, run: str) -> UndoRun:
    """The run meant by a name or `last`. Raises UsageError, OSError."""
    known = undo_runs(source)
    for each in known:
        if each.name == run:
            return each
    foreign = foreign_runs(source, os.environ, [each.name for each in known if not each.empty])
    ours = [each for each in known if each.name not in foreign and (not each.empty or not foreign)]
    if run == "last" and ours:
        return ours[-1]
    if run == "last" and known:
        raise UsageError(
            f"the undo records in {source} were not made here (the folder was copied, restored, or came with the "
            f"export): if they are yours, name the run: {', '.join(each.name for each in known)}"
        )
    if not known and os.path.lexists(os.path.join(source, OWN)):
        with DestLock(source):
            clear_leftovers(source)
    there = f"there are: {', '.join(each.name for each in known)}" if known else "there is none"
    raise UsageError(f"no in-place run {run!r} to be undone in {source}; {there}")


def taken_back(source: str, run: str) -> Iterator[Undone]:
    """Undo a run in SOURCE file by file; the manifest forgets each, and the whole record once nothing is left.

    Closed early, it can be begun again. Raises DestHeld, RunError and OSError.
    """
    left = 0
    with DestLock(source), ExitStack() as stack:
        clean_staging(source)
        clear_leftovers(source, but=run)
        ledger = Ledger.open(source, read_only=False)
        stack.callback(ledger.release)
        place = Dest(source)
        stack.callback(place.close)
        keys: list[bytes] = []
        stack.callback(lambda: ledger.forget(keys))
        for done in undo(place, run, _written(ledger, source, run)):
            if done.key:
                keys.append(done.key)
            left += done.word == "left"
            yield done
        stack.close()
        if not left:
            forget(source, run)


def _written(ledger: Ledger, source: str, run: str) -> int | None:
    """How many files the manifest says an in-place run wrote; None where it was killed or is not known."""
    started_ns = next((each.started_ns for each in undo_runs(source) if each.name == run), 0)
    before = [pair for pair in ledger.runs if pair[0].started_ns <= started_ns]
    closed = before[-1][1] if before else None
    return closed.counts.get("written", 0) + closed.counts.get("sidecar", 0) if closed is not None else None


def _undo(settings: Settings, source: str, run: UndoRun, console: Console) -> int:
    restored = left = damaged = 0
    with data_out() as data:
        for done in taken_back(source, run.name):
            restored, left = restored + (done.word == "restored"), left + (done.word == "left")
            damaged += done.damaged
            for line in _told(done, settings):
                data.write(line)
        if settings.json:
            counts = {"restored": restored, "left": left, "damaged": damaged}
            data.write(encoded({"v": 1, "type": "undo", "run": run.name, **counts}))
    console.say(f"{restored:,} files are as they were before" + (f", {left:,} are left" if left else ""))
    if damaged:
        console.error(
            f"{damaged:,} files cannot be restored because the undo record is damaged; nothing of it was deleted: "
            f"{safe(source)}/.pef-tui/undo/{run.name}"
        )
        return FAILED
    return SOME_LEFT if left else DONE


def _told(done: Undone, settings: Settings) -> Iterator[bytes]:
    if settings.json:
        fields = {"v": 1, "type": "undone", "source": done.path, "outcome": done.word, "reason": done.reason}
        yield encoded(fields)
    elif done.word == "left":
        yield f"left: {safe(done.path) or '(unknown)'} ({safe(done.reason, 200)})\n".encode()
