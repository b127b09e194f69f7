"""Calling what plugins bring, so that one that fails is named and costs only what is its own."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from itertools import islice
from time import perf_counter
from typing import Any, TextIO, cast

import pluggy
from msgspec import Struct
from msgspec.structs import replace

from pef_tui import hooks
from pef_tui.display import safe
from pef_tui.exiftool.tables import valid_tag
from pef_tui.model import Match, Origin, Sidecar, TagEdit, Value
from pef_tui.settings import Settings

SILENCED_AFTER = 20
"""Errors of one registration before it is left out for the rest of the run."""
MOST = 1000
"""Registrations one hook of one plugin may yield, and tags one mapper may want for one file."""
LARGEST = 1_000_000
"""Characters of one value: an XMP packet of a JPEG holds about that much."""
SLOW_IN_ALL = 2.0
SLOW_EACH = 0.01
"""Seconds in all, and on average for each file, from which on a plugin is told to be slow: writing a file through
ExifTool takes about as long (12 to 22 ms)."""
FAILURES = (BaseException,)
"""What a plugin may raise and a run survives: everything, `GeneratorExit` and exceptions of its own included. Who
catches one tells `Watched.failed` or asks `reason`, which raise a real Ctrl-C again; never around a `yield` of ours,
where `GeneratorExit` means that the run ends."""

YIELDS: dict[str, type[Struct]] = {
    "pef_scanners": hooks.Scanner,
    "pef_filters": hooks.Filter,
    "pef_matchers": hooks.Matcher,
    "pef_stages": hooks.Stage,
    "pef_tag_mappers": hooks.TagMapper,
    "pef_writers": hooks.Writer,
    "pef_executors": hooks.Executor,
    "pef_settings": hooks.SettingsTable,
    "pef_checks": hooks.Check,
}
"""What each hook yields."""


def call(implementation: pluggy.HookImpl, hook: str, settings: Settings) -> Sequence[Any]:
    """All that one plugin yields to one hook. Raises what the plugin raises; TypeError for what is not taken."""
    if implementation.hookwrapper or implementation.wrapper:
        raise TypeError("wrappers are not taken")
    wanted = YIELDS[hook]
    arguments = []
    if "settings" in implementation.argnames:
        arguments = [replace(settings, plugins=dict(settings.plugins))]
    with words_only():
        result: Any = implementation.function(*arguments)
        objects = list(islice(iter(() if result is None else result), MOST + 1))
    if len(objects) > MOST:
        raise ValueError(f"yields more than {MOST} objects")
    for each in objects:
        if type(each) is not wanted:
            raise TypeError(f"yields {type(each).__name__}, not {wanted.__name__}")
        if not isinstance(getattr(each, "name", None), str) or not isinstance(getattr(each, "order", 0), int):
            raise TypeError(f"the name of a {wanted.__name__} is a text, its order a whole number")
    return objects


class Watched:
    """One registration at work: how often it was called and failed, how long it took; and what is told of that."""

    def __init__(self, kind: str, plugin: str, name: str, notes: list[str]) -> None:
        self.plugin = plugin
        self.label = f"{kind} {safe(name, 60)} of plugin {safe(plugin, 60)}"
        self.calls = 0
        self.errors = 0
        self.seconds = 0.0
        self._notes = notes
        self._longest = 0.0
        self._told_slow = False

    @property
    def silenced(self) -> bool:
        """Has it failed too often to be called again?"""
        return self.errors >= SILENCED_AFTER

    def failed(self, error: BaseException, where: str = "") -> None:
        """One more error; the first and the last are told. `where`: the file it was at. Raises a real Ctrl-C again."""
        if _is_ctrl_c(error):
            raise error
        self.errors += 1
        if self.errors == 1:
            self._notes.append(
                f"{self.label}: {reason(error)}" + (f" (at {safe(where, 200)})" if where else "")
            )
        if self.errors == SILENCED_AFTER:
            self._notes.append(f"{self.label}: silenced after {self.errors} errors")

    def took(self, seconds: float, calls: int = 1) -> None:
        """It was at work so long; that it is slow is told once. The longest time is left aside: data is loaded once."""
        self.calls += calls
        self.seconds += seconds
        self._longest = max(self._longest, seconds)
        rest = self.seconds - self._longest
        if rest > SLOW_IN_ALL and not self._told_slow and rest > SLOW_EACH * self.calls:
            self._told_slow = True
            each = self.seconds / max(self.calls, 1) * 1000
            self._notes.append(f"{self.label}: is slow, {each:,.0f} ms a file so far")

    def summary(self) -> str:
        """What it did, in one line."""
        return f"{self.label}: {self.calls:,} calls, {self.errors:,} errors, {self.seconds:.3f} s"


class Mappers:
    """Tag mappers, each guarded: one that raises costs its own tags only, and is silenced after 20 errors."""

    def __init__(
        self,
        mappers: Sequence[tuple[str, hooks.TagMapper]],
        notes: list[str],
        trusted: Iterable[str] = (),
    ) -> None:
        """`trusted`: plugins whose mappers get the Match itself; others get a copy of what can be changed in it."""
        known = frozenset(trusted)
        self._names = [mapper.name for _, mapper in mappers]
        self.watched = [Watched("mapper", plugin, mapper.name, notes) for plugin, mapper in mappers]
        self._active: list[tuple[Watched, str, Callable[[Match], Iterable[TagEdit]], bool]] = [
            (watched, mapper.name, mapper.map, plugin in known)
            for watched, (plugin, mapper) in zip(self.watched, mappers, strict=True)
        ]

    @property
    def errors(self) -> dict[str, int]:
        """How often each mapper failed, by name."""
        found = zip(self._names, self.watched, strict=True)
        return {name: watched.errors for name, watched in found if watched.errors}

    def __call__(self, match: Match) -> list[TagEdit]:
        """The tags wanted for one Match, in the order of the mappers; each edit names its mapper."""
        edits: list[TagEdit] = []
        for entry in self._active:
            watched, name, run, trusted = entry
            try:
                mine = list(run(match)) if trusted else _apart(run, match, watched)
            except FAILURES as error:
                watched.failed(error, match.media.path)
                if watched.silenced:
                    self._active = [other for other in self._active if other is not entry]
                continue
            edits += [edit if edit.mapper == name else replace(edit, mapper=name) for edit in mine]
        return edits


def _apart(run: Callable[[Match], Iterable[TagEdit]], match: Match, watched: Watched) -> list[TagEdit]:
    """What a stranger's mapper wants, checked."""
    start = perf_counter()
    try:
        wanted: Iterable[TagEdit] | None = run(private(match))
        edits = list(islice(() if wanted is None else wanted, MOST + 1))
    finally:
        watched.took(perf_counter() - start)
    if len(edits) > MOST:
        raise ValueError(f"wants more than {MOST} tags for one file")
    for edit in edits:
        _check(edit)
    return edits


def private(match: Match) -> Match:
    """The same Match, with copies of what could be changed in it."""
    state, xmp, json = match.state, match.xmp, match.json
    sidecar = _copied(match.sidecar)
    return replace(
        match,
        facts=dict(match.facts),
        state=state and replace(state, tags=dict(state.tags)),
        xmp=xmp and replace(xmp, tags=dict(xmp.tags)),
        sidecar=sidecar,
        json=json and replace(json, sidecar=json.sidecar and sidecar),
    )


def _copied(sidecar: Sidecar | None) -> Sidecar | None:
    if sidecar is None or (origin := sidecar.google_photos_origin) is None:
        return sidecar
    copies = {name: deepcopy(getattr(origin, name)) for name in origin.__struct_fields__}
    return replace(sidecar, google_photos_origin=Origin(**copies))


def _check(edit: object) -> None:
    if type(edit) is not TagEdit:
        raise TypeError(f"yields {type(edit).__name__}, not TagEdit")
    if type(edit.tag) is not str or not valid_tag(edit.tag):
        raise ValueError(f"not a tag that may be written: {str(edit.tag)[:60]!r}")
    if edit.when not in ("missing", "merge", "always") or type(edit.unit) is not str:
        raise TypeError(f"{edit.tag}: `when` is missing, merge or always, `unit` a text")
    if not _is_value(edit.value):
        raise TypeError(f"{edit.tag}: a value is a text, a number or a tuple of texts")
    if _length(edit.value) > LARGEST:
        raise ValueError(f"{edit.tag}: a value of {_length(edit.value):,} characters")


def _is_value(value: object) -> bool:
    if isinstance(value, tuple):
        return all(type(each) is str for each in value)
    return value is None or type(value) in (str, int) or (type(value) is float and math.isfinite(value))


def _length(value: Value | None) -> int:
    if isinstance(value, int) and value.bit_length() > 4096:  # longer ones cannot even be printed
        return value.bit_length()
    return sum(map(len, value)) if isinstance(value, tuple) else len(value) if isinstance(value, str) else 0


class _Unclosed:
    """A stream as plugins get it: they write to it, and cannot close it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        """Its number would go to the next file that is opened, and words would land in that."""


@contextmanager
def unclosed() -> Iterator[None]:
    """Both streams are standard error for whoever prints, and stay open; afterwards they are what they were."""
    kept = sys.stdout, sys.stderr
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    sys.stdout = sys.stderr = cast(TextIO, _Unclosed(sys.stderr))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept


@contextmanager
def words_only() -> Iterator[None]:
    """What is printed meanwhile, by programs started as well, goes to standard error: standard output is data."""
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with unclosed():
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _is_ctrl_c(error: BaseException) -> bool:
    """Was the key pressed? Only where Python's own handler is at work; a run has another (`watch.py`)."""
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )


def reason(error: BaseException) -> str:
    """An exception in one line: what, and in which line of which file. Raises a real Ctrl-C again."""
    if _is_ctrl_c(error):
        raise error
    try:
        said = str(error)
    except Exception:
        said = "cannot say what"
    text = safe("; ".join(said[:2000].split("\n")), 300)
    trace, where = error.__traceback__, ""
    while trace is not None:
        where = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {text}{safe(where, 80)}"
