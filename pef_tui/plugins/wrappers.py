"""Wrap the registrations of plugins, so that a failure is reported and counted, and no file is lost.

If a filter fails, the file is kept. If a matcher fails, the Folder is left to the next matcher. If a stage fails, its
Matches continue unchanged. If a writer fails, the current file fails and is copied unchanged. If a scanner fails, the
unreadable files are reported.

Nothing here stops a plugin that ends the process itself (`os._exit`, a crash in native code) or never returns. Outputs
that were committed before stay, and the next run continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from typing import Any, BinaryIO, cast

from msgspec.structs import replace

from pef_tui import hooks
from pef_tui.errors import RunError
from pef_tui.hooks import (
    Executor,
    Filter,
    Listing,
    Matcher,
    Piece,
    Scanner,
    SourceReader,
    Span,
    Staged,
    Writer,
    WriterSession,
    Written,
)
from pef_tui.model import Folder, Match, MediaFile, Plan, Source
from pef_tui.plugins.calls import FAILURES, RegistrationMonitor, describe_error, private_match
from pef_tui.plugins.stage_wrapper import wrap_stage
from pef_tui.sanitize import safe

MAX_REASON = 300
"""Maximum length in characters of the reason that a filter returns. A longer reason is cut."""
_END, _NO_LISTING = Written("failed"), Listing("", ())
_OUTCOMES = frozenset({"written", "unchanged", "sidecar", "failed", "declined"})


def wrap_registration(registration: Any, monitor: RegistrationMonitor) -> Any:
    """Return the registration (such as a Filter) with its functions wrapped. Their errors are counted by `monitor`."""
    return _WRAPPERS[type(registration)](registration, monitor)


def _wrap_filter(wrapped: Filter, monitor: RegistrationMonitor) -> Filter:
    def reason(match: Match) -> str | None:
        if monitor.silenced:
            return None
        try:
            text: object = wrapped.reason(private_match(match))
            if text is not None and not isinstance(text, str):
                raise TypeError(f"answers {type(text).__name__}, not a text or None")
        except FAILURES as error:
            monitor.add_error(error, match.media.path)
            return None
        return text[:MAX_REASON] if text else None

    return Filter(wrapped.name, reason, wrapped.order)


def _wrap_matcher(wrapped: Matcher, monitor: RegistrationMonitor) -> Matcher:
    match_function = cast("Callable[..., Iterable[Match]]", wrapped.match)

    def match(folder: Folder, *open_file: Any) -> Iterable[Match]:
        if monitor.silenced:
            return ()
        try:
            return _checked_matches(folder, match_function(folder, *open_file))
        except FAILURES as error:
            monitor.add_error(error, folder.path)
            return ()

    return Matcher(wrapped.name, match, wrapped.order, wrapped.reads, wrapped.whole)


def _checked_matches(folder: Folder, matches: Iterable[Match]) -> list[Match]:
    """Return the Matches of a Folder after a check.

    Raises TypeError or ValueError unless each object is a Match, and each Match has a different file of the Folder.
    """
    files = {(file.root, file.path): file for file in (*folder.media, *folder.other)}
    json = {(file.root, file.path) for file in folder.json}
    checked = []
    for match in matches:
        if type(match) is not Match:
            raise TypeError(f"yields {type(match).__name__}, not Match")
        if files.pop((match.media.root, match.media.path), None) != match.media:
            raise ValueError(f"{safe(match.media.path, 100)} is no file of the Folder, or matched twice")
        if match.json is not None and (match.json.root, match.json.path) not in json:
            raise ValueError(f"{safe(match.json.path, 100)} is no JSON file of the Folder")
        if match.folder != folder.path:
            raise ValueError(f"{safe(match.media.path, 100)} is in another Folder")
        checked.append(match)
    return checked


def _wrap_scanner(wrapped: Scanner, monitor: RegistrationMonitor) -> Scanner:
    def accepts(path: str) -> bool:
        try:
            return bool(wrapped.accepts(path))
        except FAILURES as error:
            monitor.add_error(error, path)
            return False

    def open(source: Source) -> SourceReader:
        try:
            return _WrappedReader(wrapped.open(source), source, monitor)
        except FAILURES as error:
            monitor.add_error(error, source.path)
            return _UnreadableSource(f"{safe(source.path, 200)}: cannot be opened: {describe_error(error)}")

    return Scanner(wrapped.name, accepts, open, wrapped.order)


class _UnreadableSource:
    """The SourceReader of a source that could not be opened. It has no files and one problem."""

    def __init__(self, problem: str) -> None:
        self._problem = problem

    def listings(self) -> Iterator[Listing]:
        return iter(())

    def open(self, path: str) -> BinaryIO:
        raise OSError(self._problem)

    def problems(self) -> Sequence[str]:
        return (self._problem,)

    def whole(self) -> bool:
        return False

    def close(self) -> None:
        pass


class _WrappedReader:
    """Wraps a SourceReader.

    An exception in `listings` becomes a problem of the source; an exception in `open` becomes an OSError of one file.
    """

    def __init__(self, reader: SourceReader, source: Source, monitor: RegistrationMonitor) -> None:
        self._reader, self._source, self._monitor = reader, source, monitor
        self._problems: list[str] = []

    def listings(self) -> Iterator[Listing]:
        previous = ""
        listings: Iterator[Listing] | None = None
        while True:
            try:
                listings = iter(self._reader.listings()) if listings is None else listings
                if (listing := next(listings, _NO_LISTING)) is _NO_LISTING:
                    return
                _check_listing(listing, self._source.root)
                if (order := listing.path.replace("/", "\0")) < previous:
                    raise ValueError(f"lists {listing.path!r} out of order")
            except FAILURES as error:
                self._monitor.add_error(error, self._source.path)
                problem = f"the listing ends early, what comes behind is left out: {describe_error(error)}"
                self._problems.append(f"{safe(self._source.path, 200)}: {problem}")
                return
            previous = order
            yield listing

    def open(self, path: str) -> BinaryIO:
        try:
            return self._reader.open(path)
        except OSError:
            raise
        except FAILURES as error:
            self._monitor.add_error(error, path)
            raise OSError(f"the reader failed: {describe_error(error)}") from error

    def problems(self) -> Sequence[str]:
        try:
            problems = [str(line) for line in self._reader.problems()]
        except FAILURES as error:
            self._monitor.add_error(error)
            problems = []
        return [*problems, *self._problems]

    def whole(self) -> bool:
        """Return True if the wrapped reader listed all files, False if some may be missing.

        Return False if `listings` or `whole` of the reader failed. A reader of an older plugin has no method `whole`.
        For such a reader, return True if `listings` did not fail.
        """
        try:
            return not self._problems and bool(getattr(self._reader, "whole", lambda: True)())
        except FAILURES as error:
            self._monitor.add_error(error)
            return False

    def close(self) -> None:
        try:
            self._reader.close()
        except FAILURES as error:
            self._monitor.add_error(error)


def _check_listing(listing: Listing, root: int) -> None:
    if type(listing) is not Listing or type(listing.path) is not str:
        raise TypeError(f"lists {type(listing).__name__}, not Listing")
    for file in listing.files:
        if type(file) is not MediaFile or file.root != root or type(file.path) is not str:
            raise TypeError("files of a Listing are MediaFiles of its source's number")


def _wrap_writer(wrapped: Writer, monitor: RegistrationMonitor) -> Writer:
    def accepts(plan: Plan) -> bool:
        if monitor.silenced:
            return False
        try:
            return bool(wrapped.accepts(replace(plan, match=private_match(plan.match))))
        except FAILURES as error:
            monitor.add_error(error, plan.match.media.path)
            return False

    def open() -> WriterSession:
        return _WrappedSession(wrapped.open, monitor)

    compose, compose_aligned = wrapped.compose, wrapped._compose_aligned
    return Writer(
        wrapped.name,
        accepts,
        open,
        wrapped.order,
        None if compose is None else lambda *about: _call_compose(compose, about, monitor),
        None if compose_aligned is None else lambda *about: _call_compose(compose_aligned, about, monitor),
    )


def _call_compose(
    compose: Callable[..., Sequence[Piece] | Written],
    call_arguments: tuple[Plan, BinaryIO] | tuple[Plan, BinaryIO, int],
    monitor: RegistrationMonitor,
) -> Sequence[Piece] | Written:
    plan, *arguments = call_arguments
    try:
        result = compose(replace(plan, match=private_match(plan.match)), *arguments)
        if isinstance(result, Written):
            return _checked_result(result)
        pieces = list(result)
        if not all(isinstance(piece, bytes | Span) for piece in pieces):
            raise TypeError("composes of bytes and Spans")
    except OSError:
        raise
    except FAILURES as error:
        monitor.add_error(error, plan.match.media.path)
        return Written("declined", describe_error(error))
    return pieces


class _WrappedSession:
    """Wraps a WriterSession. The session is opened when the first files are written."""

    def __init__(self, open: Callable[[], WriterSession], monitor: RegistrationMonitor) -> None:
        self._open = open
        self._monitor = monitor
        self._session: WriterSession | None = None

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Yield the results of the session. Raises OSError, and RuntimeError if the session fails in any other way.

        There may be fewer results than files; the caller checks the number.
        """
        answers: Iterator[Written] | None = None
        while True:
            try:
                answers = self._results(staged) if answers is None else answers
                if (result := next(answers, _END)) is _END:
                    return
                answer = _checked_result(result)
            except OSError:
                raise
            except FAILURES as error:
                self._monitor.add_error(error, staged[0].plan.match.media.path)
                raise RuntimeError(describe_error(error)) from None
            yield answer

    def _results(self, staged: Sequence[Staged]) -> Iterator[Written]:
        if self._session is None:
            self._session = self._open()
        copies = [
            replace(item, plan=replace(item.plan, match=private_match(item.plan.match))) for item in staged
        ]
        return iter(self._session.write(copies))

    def close(self) -> None:
        try:
            if self._session is not None:
                self._session.close()
        except FAILURES as error:
            self._monitor.add_error(error)


def _checked_result(result: Written) -> Written:
    if type(result) is not Written or result.outcome not in _OUTCOMES:
        raise TypeError(f"answers {type(result).__name__}, not Written with one of its words")
    return result


def _wrap_executor(wrapped: Executor, monitor: RegistrationMonitor) -> Executor:
    def open() -> futures.Executor:
        """Return the executor. Raises RunError if it cannot be opened."""
        try:
            executor = wrapped.open()
            if not (
                callable(getattr(executor, "submit", None)) and callable(getattr(executor, "shutdown", None))
            ):
                raise TypeError(f"gives {type(executor).__name__}, which is no executor")
        except FAILURES as error:
            monitor.add_error(error)
            raise RunError(describe_error(error)) from error
        return executor

    return replace(wrapped, open=open)


_WRAPPERS: dict[type, Callable[[Any, RegistrationMonitor], Any]] = {
    Filter: _wrap_filter,
    Matcher: _wrap_matcher,
    Scanner: _wrap_scanner,
    Writer: _wrap_writer,
    hooks.Stage: wrap_stage,
    Executor: _wrap_executor,
}
