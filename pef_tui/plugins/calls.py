"""Call plugins. If a plugin fails, the failure is reported with its name, and only its own results are lost."""

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
from pef_tui.errors import DiskGone
from pef_tui.exiftool.tables import valid_tag
from pef_tui.model import Match, Origin, Sidecar, TagEdit, Value
from pef_tui.progress import Notes
from pef_tui.sanitize import safe
from pef_tui.settings import Settings

SILENCED_AFTER = 20
"""Number of errors after which a registration (an object that a plugin yields to a hook, such as a Stage) is not called
again in the run."""
MAX_OBJECTS = 1000
"""Maximum number of registrations that a plugin yields to one hook, and of tags that a mapper yields for one file."""
MAX_VALUE_LENGTH = 1_000_000
"""Maximum length of a value, in characters; about the size of the largest XMP data of a JPEG."""
SLOW_TOTAL = 2.0
SLOW_PER_FILE = 0.01
"""`SLOW_TOTAL` and `SLOW_PER_FILE` are limits in seconds, in total and per file. A plugin that exceeds both is reported
as slow. For comparison: ExifTool needs 12 to 22 ms to write one file."""
FAILURES = (BaseException,)
"""Exceptions of plugins that a run survives: all exceptions, also `GeneratorExit`. The handler passes the exception to
`RegistrationMonitor.add_error` or `describe_error`, which raise it again if it is a real Ctrl-C. Never catch these
exceptions around a `yield` of the program, because there `GeneratorExit` means that the run ends."""

HOOK_TYPES: dict[str, type[Struct]] = {
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
"""Type of the registrations that each hook yields."""


def call_hook(implementation: pluggy.HookImpl, hook: str, settings: Settings) -> Sequence[Any]:
    """Return what one plugin yields to one hook. Exceptions of the plugin are raised unchanged.

    Also raises TypeError if the implementation is a wrapper (of pluggy) or yields an object of another type, and
    ValueError for too many objects.
    """
    if implementation.hookwrapper or implementation.wrapper:
        raise TypeError("wrappers are not taken")
    expected = HOOK_TYPES[hook]
    arguments = []
    if "settings" in implementation.argnames:
        arguments = [replace(settings, plugins=dict(settings.plugins))]
    with stdout_to_stderr():
        result: Any = implementation.function(*arguments)
        objects = list(islice(iter(() if result is None else result), MAX_OBJECTS + 1))
    if len(objects) > MAX_OBJECTS:
        raise ValueError(f"yields more than {MAX_OBJECTS} objects")
    for registration in objects:
        if type(registration) is not expected:
            raise TypeError(f"yields {type(registration).__name__}, not {expected.__name__}")
        if not isinstance(getattr(registration, "name", None), str) or not isinstance(
            getattr(registration, "order", 0), int
        ):
            raise TypeError(f"the name of a {expected.__name__} is a text, its order a whole number")
    return objects


class RegistrationMonitor:
    """Counts the calls, errors and seconds of one registration of a plugin (such as a Filter or a Stage).

    Errors and slowness are reported in `notes`.
    """

    def __init__(self, kind: str, plugin: str, name: str, notes: Notes) -> None:
        self.plugin = plugin
        self.label = f"{kind} {safe(name, 60)} of plugin {safe(plugin, 60)}"
        self.calls = 0
        self.errors = 0
        self.seconds = 0.0
        self._notes = notes
        self._is_loss = kind != "executor"
        """Whether an error is a loss. It is none for an executor, because the run then writes the files itself."""
        self._longest = 0.0
        self._is_slow_reported = False

    @property
    def silenced(self) -> bool:
        """Whether the registration failed so often (`SILENCED_AFTER`) that it is not called again."""
        return self.errors >= SILENCED_AFTER

    def add_error(self, error: BaseException, path: str = "") -> None:
        """Count an error. `path`: path of the current file. Raises `error` if it is a real Ctrl-C, or DiskGone.

        The first error is reported. A second report follows when the registration is silenced.
        """
        if _is_ctrl_c(error) or isinstance(error, DiskGone):
            raise error
        self.errors += 1
        if self.errors == 1:
            location = f" (at {safe(path, 200)})" if path else ""
            self._notes.warn(f"{self.label}: {describe_error(error)}{location}", is_loss=self._is_loss)
        if self.errors == SILENCED_AFTER:
            self._notes.warn(f"{self.label}: silenced after {self.errors} errors")

    def add_seconds(self, seconds: float, calls: int = 1) -> None:
        """Add the duration of calls. Slowness is reported once.

        The longest call does not count for slowness, because it may have loaded data.
        """
        self.calls += calls
        self.seconds += seconds
        self._longest = max(self._longest, seconds)
        typical_seconds = self.seconds - self._longest
        if (
            typical_seconds > SLOW_TOTAL
            and not self._is_slow_reported
            and typical_seconds > SLOW_PER_FILE * self.calls
        ):
            self._is_slow_reported = True
            milliseconds = self.seconds / max(self.calls, 1) * 1000
            self._notes.append(f"{self.label}: is slow, {milliseconds:,.0f} ms a file so far")

    def summary(self) -> str:
        """Return the number of calls, the number of errors, and the seconds, in one line."""
        return f"{self.label}: {self.calls:,} calls, {self.errors:,} errors, {self.seconds:.3f} s"


class TagMappers:
    """Calls all tag mappers.

    If a mapper raises an exception, only its tags are missing. After 20 errors the mapper is not called again.
    """

    def __init__(
        self,
        mappers: Sequence[tuple[str, hooks.TagMapper]],
        notes: Notes,
        trusted: Iterable[str] = (),
        *,
        measure_all: bool = False,
    ) -> None:
        """`mappers`: each mapper with the name of its plugin. `notes`: list to which errors are reported.

        `trusted`: plugins whose mappers get the Match itself. Other mappers get a copy of the Match (`private_match`).
        `measure_all`: count the calls and seconds of the mappers of trusted plugins too.
        """
        trusted_names = frozenset(trusted)
        self._names = [mapper.name for _, mapper in mappers]
        self.incomplete_calls = 0
        """Number of Matches for which the edits of a mapper are missing: it failed, or was not called any more."""
        self.monitors = [
            RegistrationMonitor("mapper", plugin, mapper.name, notes) for plugin, mapper in mappers
        ]
        self._active: list[tuple[RegistrationMonitor, str, Callable[[Match], Iterable[TagEdit]], bool]] = [
            (
                monitor,
                mapper.name,
                _measured(mapper.map, monitor) if measure_all and plugin in trusted_names else mapper.map,
                plugin in trusted_names,
            )
            for monitor, (plugin, mapper) in zip(self.monitors, mappers, strict=True)
        ]

    @property
    def errors(self) -> dict[str, int]:
        """Number of errors of each mapper that had errors, by the name of the mapper."""
        pairs = zip(self._names, self.monitors, strict=True)
        return {name: monitor.errors for name, monitor in pairs if monitor.errors}

    def __call__(self, match: Match) -> list[TagEdit]:
        """Return the edits of all mappers for one Match, in the order of the mappers, with `TagEdit.mapper` set."""
        edits: list[TagEdit] = []
        is_complete = len(self._active) == len(self.monitors)
        for entry in self._active:
            monitor, name, run, trusted = entry
            try:
                new_edits = list(run(match)) if trusted else _call_untrusted(run, match, monitor)
            except FAILURES as error:
                is_complete = False
                monitor.add_error(error, match.media.path)
                if monitor.silenced:
                    self._active = [remaining for remaining in self._active if remaining is not entry]
                continue
            edits += [edit if edit.mapper == name else replace(edit, mapper=name) for edit in new_edits]
        self.incomplete_calls += not is_complete
        return edits


def _measured(
    run: Callable[[Match], Iterable[TagEdit]], monitor: RegistrationMonitor
) -> Callable[[Match], list[TagEdit]]:
    """Return a function that calls `run` and adds the duration of the call to `monitor`."""

    def call(match: Match) -> list[TagEdit]:
        start = perf_counter()
        try:
            return list(run(match))
        finally:
            monitor.add_seconds(perf_counter() - start)

    return call


def _call_untrusted(
    run: Callable[[Match], Iterable[TagEdit]], match: Match, monitor: RegistrationMonitor
) -> list[TagEdit]:
    """Return the edits of a mapper of an untrusted plugin, after a check. `run`: the function `map` of the mapper.

    Raises every exception of the mapper, TypeError or ValueError for an edit that is not valid, and ValueError for too
    many edits.
    """
    start = perf_counter()
    try:
        result: Iterable[TagEdit] | None = run(private_match(match))
        edits = list(islice(() if result is None else result, MAX_OBJECTS + 1))
    finally:
        monitor.add_seconds(perf_counter() - start)
    if len(edits) > MAX_OBJECTS:
        raise ValueError(f"wants more than {MAX_OBJECTS} tags for one file")
    for edit in edits:
        _check(edit)
    return edits


def private_match(match: Match) -> Match:
    """Return a copy of the Match that shares no mutable data with it, so that a plugin cannot change the original."""
    state, xmp, json = match.metadata, match.xmp, match.json
    sidecar = _copied(match.sidecar)
    return replace(
        match,
        facts=dict(match.facts),
        metadata=state and replace(state, tags=dict(state.tags)),
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
    if _length(edit.value) > MAX_VALUE_LENGTH:
        raise ValueError(f"{edit.tag}: a value of {_length(edit.value):,} characters")


def _is_value(value: object) -> bool:
    if isinstance(value, tuple):
        return all(type(text) is str for text in value)
    return value is None or type(value) in (str, int) or (type(value) is float and math.isfinite(value))


def _length(value: Value | None) -> int:
    if isinstance(value, int) and value.bit_length() > 4096:  # longer numbers cannot be printed
        return value.bit_length()
    return sum(map(len, value)) if isinstance(value, tuple) else len(value) if isinstance(value, str) else 0


class _Unclosed:
    """A stream for plugins, which plugins cannot close."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        """Do nothing.

        If the stream were closed, the next file that is opened would get its descriptor, and later messages would be
        written into that file.
        """


@contextmanager
def protect_streams() -> Iterator[None]:
    """Within the block, `sys.stdout` and `sys.stderr` both write to standard error and cannot be closed."""
    original = sys.stdout, sys.stderr
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    sys.stdout = sys.stderr = cast(TextIO, _Unclosed(sys.stderr))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = original


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Within the block, all output goes to standard error, also the output of child processes.

    Standard output is reserved for data.
    """
    original = os.dup(1)
    os.dup2(2, 1)
    try:
        with protect_streams():
            yield
    finally:
        os.dup2(original, 1)
        os.close(original)


def _is_ctrl_c(error: BaseException) -> bool:
    """Return whether `error` is a real Ctrl-C, not a KeyboardInterrupt that a plugin raised.

    Only Python's own handler of SIGINT raises a real Ctrl-C. A run installs another handler (`signals.py`), so the
    result is False while that handler is installed.
    """
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )


def describe_error(error: BaseException) -> str:
    """Return the type, message, file and line of an exception, in one line. Raises `error` if it is a real Ctrl-C."""
    if _is_ctrl_c(error):
        raise error
    try:
        message = str(error)
    except Exception:
        message = "cannot say what"
    text = safe("; ".join(message[:2000].split("\n")), 300)
    trace, location = error.__traceback__, ""
    while trace is not None:
        location = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {text}{safe(location, 80)}"
