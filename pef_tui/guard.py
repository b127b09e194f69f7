"""Calling what plugins bring, so that one that fails is named and costs only what is its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from itertools import islice
from typing import Any

import pluggy
from msgspec import Struct
from msgspec.structs import replace

from pef_tui import hooks
from pef_tui.display import safe
from pef_tui.model import Match, TagEdit
from pef_tui.settings import Settings

SILENCED_AFTER = 20
"""Errors of one mapper before it is left out for the rest of the run."""
MOST = 1000
"""Registrations one hook of one plugin may yield."""

YIELDS: dict[str, type[Struct]] = {
    "pef_scanners": hooks.Scanner,
    "pef_filters": hooks.Filter,
    "pef_matchers": hooks.Matcher,
    "pef_stages": hooks.Stage,
    "pef_tag_mappers": hooks.TagMapper,
    "pef_writers": hooks.Writer,
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


class Mappers:
    """Tag mappers, each guarded: one that raises costs its own tags only, and is silenced after 20 errors."""

    def __init__(self, mappers: Sequence[tuple[str, hooks.TagMapper]], notes: list[str]) -> None:
        self._active = [(plugin, mapper.name, mapper.map) for plugin, mapper in mappers]
        self._notes = notes
        self.errors: dict[str, int] = {}
        """How often each mapper failed, by name."""

    def __call__(self, match: Match) -> list[TagEdit]:
        """The tags wanted for one Match, in the order of the mappers; each edit names its mapper."""
        edits: list[TagEdit] = []
        for entry in self._active:
            _, name, run = entry
            try:
                mine = list(run(match))
                for edit in mine:
                    if type(edit) is not TagEdit:
                        raise TypeError(f"yields {type(edit).__name__}, not TagEdit")
            except (Exception, SystemExit) as error:
                self._failed(entry, match, error)
                continue
            edits += [edit if edit.mapper == name else replace(edit, mapper=name) for edit in mine]
        return edits

    def _failed(self, entry: tuple[str, str, Any], match: Match, error: BaseException) -> None:
        plugin, name, _ = entry
        count = self.errors[name] = self.errors.get(name, 0) + 1
        mapper = f"mapper {safe(name, 60)} of plugin {safe(plugin, 60)}"
        if count == 1:
            self._notes.append(f"{mapper}: {reason(error)} (at {safe(match.media.path, 200)})")
        if count >= SILENCED_AFTER:
            self._active = [other for other in self._active if other is not entry]
            self._notes.append(f"{mapper}: silenced after {count} errors")


@contextmanager
def words_only() -> Iterator[None]:
    """What is printed meanwhile goes to standard error: standard output is data."""
    with redirect_stdout(sys.stderr):
        yield


def reason(error: BaseException) -> str:
    """An exception in one line: what, and in which line of which file."""
    text = safe("; ".join(str(error)[:2000].split("\n")), 300)
    trace, where = error.__traceback__, ""
    while trace is not None:
        where = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {text}{safe(where, 80)}"
