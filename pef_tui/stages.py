"""A plugin's Stage, guarded: every Match that goes in comes out once and in order, whatever the Stage does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from time import perf_counter

from pef_tui.guard import FAILURES, Watched, private
from pef_tui.hooks import Stage
from pef_tui.model import Match


def guarded_stage(given: Stage, watched: Watched) -> Stage:
    """The same Stage. Where it fails, what it held is passed on as it was, and it is begun anew with what follows."""

    def run(matches: Iterator[Match]) -> Iterator[Match]:
        feed = _Feed(matches, watched)
        while not (feed.ended or watched.silenced):
            yield from _life(given, feed, watched)
        yield from feed.rest()

    return Stage(given.name, run, given.order)


class _Feed:
    """The Matches a Stage is given, and those that it has not given back."""

    def __init__(self, matches: Iterator[Match], watched: Watched) -> None:
        self._matches = iter(matches)
        self._watched = watched
        self._waiting: deque[Match] = deque()
        self.ended = False
        self.error: BaseException | None = None
        """What came from before the Stage and is not its fault."""
        self.away = 0.0
        """Seconds that others have taken."""

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
            self.away += perf_counter() - start
        self._waiting.append(match)
        return private(match)

    @property
    def where(self) -> str:
        """The file it is at."""
        return self._waiting[0].media.path if self._waiting else ""

    def settle(self, result: Match) -> Iterator[Match]:
        """What goes on for one result: what was left out before it, as it was given, then the result."""
        if type(result) is not Match:
            self._watched.failed(TypeError(f"yields {type(result).__name__}, not Match"), self.where)
            return
        if not any(given.media is result.media for given in self._waiting):
            self._watched.failed(
                ValueError("yields a Match it was not given, or one too often"), result.media.path
            )
            return
        while (given := self._waiting.popleft()).media is not result.media:
            self._watched.failed(ValueError("leaves out a Match"), given.media.path)
            yield given
        if result.folder == given.folder and isinstance(result.facts, dict):
            yield result
        else:
            self._watched.failed(
                ValueError("changes the folder or the facts to what they cannot be"), self.where
            )
            yield given

    def kept(self) -> Iterator[Match]:
        """What was not given back, as it was given."""
        while self._waiting:
            yield self._waiting.popleft()

    def rest(self) -> Iterator[Match]:
        """What the Stage is not asked about any more."""
        yield from self.kept()
        if not self.ended:
            yield from self._matches


def _life(stage: Stage, feed: _Feed, watched: Watched) -> Iterator[Match]:
    """One call of the Stage, until it ends or fails."""
    results: Iterator[Match] | None = None
    try:
        while not watched.silenced:
            start, away = perf_counter(), feed.away
            try:
                results = iter(stage.run(feed)) if results is None else results
                result = next(results)
            except StopIteration:
                if feed.error is None and not feed.ended:
                    watched.failed(ValueError("ends before its Matches do"), feed.where)
                break
            except FAILURES as error:
                if feed.error is None:
                    watched.failed(error, feed.where)
                break
            finally:
                watched.took(perf_counter() - start - (feed.away - away))
            yield from feed.settle(result)
    finally:
        with suppress(*FAILURES):
            if (close := getattr(results, "close", None)) is not None:
                close()
    if feed.error is not None:
        raise feed.error
    if feed.ended and (left := feed.where):
        watched.failed(ValueError("keeps Matches back"), left)
    yield from feed.kept()
