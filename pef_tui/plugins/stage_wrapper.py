"""Wrap the Stage of a plugin, so that each Match is yielded once and in order even if the Stage fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from time import perf_counter

from msgspec.structs import replace

from pef_tui.hooks import Stage
from pef_tui.model import Match
from pef_tui.plugins.calls import FAILURES, RegistrationMonitor, private_match


def wrap_stage(stage: Stage, monitor: RegistrationMonitor) -> Stage:
    """Return the Stage, wrapped so that its failures lose no Match.

    If the Stage fails, the Matches that it has not yielded continue without its results, marked as `incomplete`. The
    Stage is called again for the next Matches.
    """

    def run(matches: Iterator[Match]) -> Iterator[Match]:
        feed = _StageInput(matches, monitor)
        while not (feed.ended or monitor.silenced):
            yield from _run_once(stage, feed, monitor)
        yield from feed.remaining()

    return Stage(stage.name, run, stage.order)


class _StageInput:
    """The input of a Stage. It holds the Matches that the Stage has taken and not yielded yet."""

    def __init__(self, matches: Iterator[Match], monitor: RegistrationMonitor) -> None:
        self._matches = iter(matches)
        self._monitor = monitor
        self._waiting: deque[Match] = deque()
        self.ended = False
        self.error: BaseException | None = None
        """An exception that the input raised, which is not an error of the Stage; None if there is none."""
        self.input_seconds = 0.0
        """Seconds spent in the input, which do not count as time of the Stage."""

    def __iter__(self) -> Iterator[Match]:
        return self

    def __next__(self) -> Match:
        start = perf_counter()
        try:
            match = next(self._matches)
        except StopIteration:
            self.ended = True
            raise
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.input_seconds += perf_counter() - start
        self._waiting.append(match)
        return private_match(match)

    @property
    def current_path(self) -> str:
        """Path of the oldest Match that the Stage has not yielded; "" if there is none."""
        return self._waiting[0].media.path if self._waiting else ""

    def check(self, result: Match) -> Iterator[Match]:
        """Check one result of the Stage, and yield the Matches that continue.

        These are the Matches that the Stage left out before `result`, as `incomplete`, then `result`. If `result` has a
        wrong folder or facts, its original Match takes its place. If `result` is not a Match of the input, nothing is
        yielded. All errors are reported.
        """
        if type(result) is not Match:
            self._monitor.add_error(
                TypeError(f"yields {type(result).__name__}, not Match"), self.current_path
            )
            return
        if not any(waiting.media is result.media for waiting in self._waiting):
            self._monitor.add_error(
                ValueError("yields a Match it was not given, or one too often"), result.media.path
            )
            return
        while (waiting := self._waiting.popleft()).media is not result.media:
            self._monitor.add_error(ValueError("leaves out a Match"), waiting.media.path)
            yield _as_incomplete(waiting)
        if result.folder == waiting.folder and isinstance(result.facts, dict):
            yield result
        else:
            self._monitor.add_error(
                ValueError("changes the folder or the facts to what they cannot be"), self.current_path
            )
            yield _as_incomplete(waiting)

    def unyielded(self) -> Iterator[Match]:
        """Yield the Matches that the Stage has not yielded, as `incomplete`."""
        while self._waiting:
            yield _as_incomplete(self._waiting.popleft())

    def remaining(self) -> Iterator[Match]:
        """Yield the Matches that the Stage has not yielded, then the rest of the input."""
        yield from self.unyielded()
        if not self.ended:
            yield from map(_as_incomplete, self._matches)


def _as_incomplete(match: Match) -> Match:
    return replace(match, incomplete=True)


def _run_once(stage: Stage, feed: _StageInput, monitor: RegistrationMonitor) -> Iterator[Match]:
    """Call the Stage once and yield its results until it ends or fails, then the Matches that it has not yielded.

    An exception that the input raised (not the Stage) is raised again.
    """
    results: Iterator[Match] | None = None
    try:
        while not monitor.silenced:
            start, input_seconds = perf_counter(), feed.input_seconds
            try:
                results = iter(stage.run(feed)) if results is None else results
                result = next(results)
            except StopIteration:
                if feed.error is None and not feed.ended:
                    monitor.add_error(ValueError("ends before its Matches do"), feed.current_path)
                break
            except FAILURES as error:
                if feed.error is None:
                    monitor.add_error(error, feed.current_path)
                break
            finally:
                monitor.add_seconds(perf_counter() - start - (feed.input_seconds - input_seconds))
            yield from feed.check(result)
    finally:
        with suppress(*FAILURES):
            if (close := getattr(results, "close", None)) is not None:
                close()
    if feed.error is not None:
        raise feed.error
    if feed.ended and (path := feed.current_path):
        monitor.add_error(ValueError("keeps Matches back"), path)
    yield from feed.unyielded()
