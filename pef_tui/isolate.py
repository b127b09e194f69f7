"""What other people's plugins register, wrapped: a failure is told, counted, and loses no file.

A filter that fails keeps the file, a matcher leaves the Folder to the next, a stage passes its Matches on as they
were, a writer fails the file in hand (which is then copied as it is), a scanner tells what it could not read.
Nothing here stops a plugin that ends the process itself (`os._exit`, a crash in native code) or never returns; what
was committed until then stays, and the next run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from typing import Any, BinaryIO, cast

from msgspec.structs import replace

from pef_tui import hooks
from pef_tui.display import safe
from pef_tui.errors import RunError
from pef_tui.guard import FAILURES, Watched, private, reason
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
from pef_tui.stages import guarded_stage

REASON = 300
"""Characters of a filter's reason that are told."""
_NO_MORE, _NO_LISTING = Written("failed"), Listing("", ())
_WORDS = frozenset({"written", "unchanged", "sidecar", "failed", "declined"})


def isolated(registered: Any, watched: Watched) -> Any:
    """The same registration, guarded."""
    return _WRAPPERS[type(registered)](registered, watched)


def _filter(given: Filter, watched: Watched) -> Filter:
    def why(match: Match) -> str | None:
        if watched.silenced:
            return None
        try:
            told: object = given.reason(private(match))
            if told is not None and not isinstance(told, str):
                raise TypeError(f"answers {type(told).__name__}, not a text or None")
        except FAILURES as error:
            watched.failed(error, match.media.path)
            return None
        return told[:REASON] if told else None

    return Filter(given.name, why, given.order)


def _matcher(given: Matcher, watched: Watched) -> Matcher:
    ask = cast("Callable[..., Iterable[Match]]", given.match)

    def match(folder: Folder, *more: Any) -> Iterable[Match]:
        if watched.silenced:
            return ()
        try:
            return _checked_matches(folder, ask(folder, *more))
        except FAILURES as error:
            watched.failed(error, folder.path)
            return ()

    return Matcher(given.name, match, given.order, given.reads, given.whole)


def _checked_matches(folder: Folder, matches: Iterable[Match]) -> list[Match]:
    """Each for another file of the Folder. Raises TypeError, ValueError."""
    files = {(file.root, file.path): file for file in (*folder.media, *folder.other)}
    json = {(file.root, file.path) for file in folder.json}
    found = []
    for match in matches:
        if type(match) is not Match:
            raise TypeError(f"yields {type(match).__name__}, not Match")
        if files.pop((match.media.root, match.media.path), None) != match.media:
            raise ValueError(f"{safe(match.media.path, 100)} is no file of the Folder, or matched twice")
        if match.json is not None and (match.json.root, match.json.path) not in json:
            raise ValueError(f"{safe(match.json.path, 100)} is no JSON file of the Folder")
        if match.folder != folder.path:
            raise ValueError(f"{safe(match.media.path, 100)} is in another Folder")
        found.append(match)
    return found


def _scanner(given: Scanner, watched: Watched) -> Scanner:
    def accepts(path: str) -> bool:
        try:
            return bool(given.accepts(path))
        except FAILURES as error:
            watched.failed(error, path)
            return False

    def open(source: Source) -> SourceReader:
        try:
            return _Reader(given.open(source), source, watched)
        except FAILURES as error:
            watched.failed(error, source.path)
            return _Unread(f"{safe(source.path, 200)}: cannot be opened: {reason(error)}")

    return Scanner(given.name, accepts, open, given.order)


class _Unread:
    """A source that could not be opened: it has no files, and says why."""

    def __init__(self, why: str) -> None:
        self._why = why

    def listings(self) -> Iterator[Listing]:
        return iter(())

    def open(self, path: str) -> BinaryIO:
        raise OSError(self._why)

    def problems(self) -> Sequence[str]:
        return (self._why,)

    def whole(self) -> bool:
        return False

    def close(self) -> None:
        pass


class _Reader:
    """A plugin's SourceReader: what it raises becomes a problem that is told, or an OSError of one file."""

    def __init__(self, reader: SourceReader, source: Source, watched: Watched) -> None:
        self._reader, self._source, self._watched = reader, source, watched
        self._problems: list[str] = []

    def listings(self) -> Iterator[Listing]:
        before = ""
        listings: Iterator[Listing] | None = None
        while True:
            try:
                listings = iter(self._reader.listings()) if listings is None else listings
                if (listing := next(listings, _NO_LISTING)) is _NO_LISTING:
                    return
                _check_listing(listing, self._source.root)
                if (order := listing.path.replace("/", "\0")) < before:
                    raise ValueError(f"lists {listing.path!r} out of order")
            except FAILURES as error:
                self._watched.failed(error, self._source.path)
                why = f"the listing ends early, what comes behind is left out: {reason(error)}"
                self._problems.append(f"{safe(self._source.path, 200)}: {why}")
                return
            before = order
            yield listing

    def open(self, path: str) -> BinaryIO:
        try:
            return self._reader.open(path)
        except OSError:
            raise
        except FAILURES as error:
            self._watched.failed(error, path)
            raise OSError(f"the reader failed: {reason(error)}") from error

    def problems(self) -> Sequence[str]:
        try:
            told = [str(line) for line in self._reader.problems()]
        except FAILURES as error:
            self._watched.failed(error)
            told = []
        return [*told, *self._problems]

    def whole(self) -> bool:
        """A reader made before there was this question is believed to be whole, but for what it failed at."""
        try:
            return not self._problems and bool(getattr(self._reader, "whole", lambda: True)())
        except FAILURES as error:
            self._watched.failed(error)
            return False

    def close(self) -> None:
        try:
            self._reader.close()
        except FAILURES as error:
            self._watched.failed(error)


def _check_listing(listing: Listing, root: int) -> None:
    if type(listing) is not Listing or type(listing.path) is not str:
        raise TypeError(f"lists {type(listing).__name__}, not Listing")
    for file in listing.files:
        if type(file) is not MediaFile or file.root != root or type(file.path) is not str:
            raise TypeError("files of a Listing are MediaFiles of its source's number")


def _writer(given: Writer, watched: Watched) -> Writer:
    def accepts(plan: Plan) -> bool:
        if watched.silenced:
            return False
        try:
            return bool(given.accepts(replace(plan, match=private(plan.match))))
        except FAILURES as error:
            watched.failed(error, plan.match.media.path)
            return False

    def open() -> WriterSession:
        return _Session(given.open, watched)

    compose, fit = given.compose, given.fit
    return Writer(
        given.name,
        accepts,
        open,
        given.order,
        None if compose is None else lambda *about: _composed(compose, about, watched),
        None if fit is None else lambda *about: _composed(fit, about, watched),
    )


def _composed(
    compose: Callable[..., Sequence[Piece] | Written],
    about: tuple[Plan, BinaryIO] | tuple[Plan, BinaryIO, int],
    watched: Watched,
) -> Sequence[Piece] | Written:
    plan, *others = about
    try:
        made = compose(replace(plan, match=private(plan.match)), *others)
        if isinstance(made, Written):
            return _answer(made)
        pieces = list(made)
        if not all(isinstance(piece, bytes | Span) for piece in pieces):
            raise TypeError("composes of bytes and Spans")
    except OSError:
        raise
    except FAILURES as error:
        watched.failed(error, plan.match.media.path)
        return Written("declined", reason(error))
    return pieces


class _Session:
    """A plugin's WriterSession; opened when the first file comes."""

    def __init__(self, open: Callable[[], WriterSession], watched: Watched) -> None:
        self._open = open
        self._watched = watched
        self._session: WriterSession | None = None

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """As many answers as come; whoever asked knows what is missing. Raises OSError, RuntimeError."""
        answers: Iterator[Written] | None = None
        while True:
            try:
                answers = self._answers(staged) if answers is None else answers
                if (written := next(answers, _NO_MORE)) is _NO_MORE:
                    return
                answer = _answer(written)
            except OSError:
                raise
            except FAILURES as error:
                self._watched.failed(error, staged[0].plan.match.media.path)
                raise RuntimeError(reason(error)) from None
            yield answer

    def _answers(self, staged: Sequence[Staged]) -> Iterator[Written]:
        if self._session is None:
            self._session = self._open()
        own = [replace(each, plan=replace(each.plan, match=private(each.plan.match))) for each in staged]
        return iter(self._session.write(own))

    def close(self) -> None:
        try:
            if self._session is not None:
                self._session.close()
        except FAILURES as error:
            self._watched.failed(error)


def _answer(written: Written) -> Written:
    if type(written) is not Written or written.word not in _WORDS:
        raise TypeError(f"answers {type(written).__name__}, not Written with one of its words")
    return written


def _executor(given: Executor, watched: Watched) -> Executor:
    def open() -> futures.Executor:
        """Raises RunError where there is none."""
        try:
            made = given.open()
            if not (callable(getattr(made, "submit", None)) and callable(getattr(made, "shutdown", None))):
                raise TypeError(f"gives {type(made).__name__}, which is no executor")
        except FAILURES as error:
            watched.failed(error)
            raise RunError(reason(error)) from error
        return made

    return replace(given, open=open)


_WRAPPERS: dict[type, Callable[[Any, Watched], Any]] = {
    Filter: _filter,
    Matcher: _matcher,
    Scanner: _scanner,
    Writer: _writer,
    hooks.Stage: guarded_stage,
    Executor: _executor,
}
