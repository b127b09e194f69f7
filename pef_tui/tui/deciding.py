"""Decisions on conflicts while a preview is looked at: what can be decided, and the file they are kept in."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pef_tui.display import safe
from pef_tui.errors import RunError
from pef_tui.model import Choice
from pef_tui.planned import Group, Planned
from pef_tui.planned.choices import Choices
from pef_tui.planned.details import CHOSEN
from pef_tui.tags.decisions import Rule, load
from pef_tui.tui.flow import Flow
from pef_tui.tui.option import Option
from pef_tui.tui.places import state_folder, write_private

BOTH: tuple[Choice, ...] = ("keep", "google")
ALBUMS = 200
"""Albums of one kind of conflict that are offered."""

Decide = Callable[[], Rule]


def kept_path(flow: Flow) -> Path | None:
    """The file that decisions for this output are kept in; None where there is no home."""
    folder = state_folder(flow.environ)
    place = flow.output or "\n".join(flow.settings.sources)
    name = hashlib.sha256(os.fsencode(os.path.realpath(place))).hexdigest()[:16]
    return folder / f"decisions-{name}.json" if folder is not None else None


def take_kept(flow: Flow) -> None:
    """Where no decisions file was asked for, take the one that was kept for this output."""
    path = kept_path(flow)
    if not flow.settings.decisions and path is not None and path.is_file():
        flow.change(decisions=str(path))


def rules_before(flow: Flow) -> tuple[Rule, ...]:
    """The decisions that the preview was made with."""
    try:
        return load(flow.settings.decisions).rules
    except RunError:
        return ()


def keep(flow: Flow, choices: Choices) -> str:
    """Write the decisions down for this run and later ones; what went wrong, "" for nothing."""
    path = kept_path(flow)
    if path is None:
        return "Decisions cannot be kept: there is no home folder"
    try:
        write_private(path, choices.document())
    except OSError as error:
        return f"Decisions cannot be kept in {path}: {error.strerror or error}"
    flow.change(decisions=str(path))
    return ""


def ways(
    choices: Choices, planned: Planned, row: int | None, group: Group | None
) -> list[tuple[Option, Decide]]:
    """What can be decided at a row, or at a group of conflicts: the nearest first."""
    found: list[tuple[str, int, Callable[[Choice], Rule]]] = []
    if row is not None:
        found.append((f"{planned.names[row]} alone", 1, lambda choice: choices.decide(choice, row=row)))
    for each in [group] if group is not None else planned.groups.of_row(row) if row is not None else []:
        found += _about(choices, planned, each, None if row is None else planned.folder[row])
    everything = len(planned.groups)
    if everything:
        found.append(("Every conflict there is", everything, lambda choice: choices.decide(choice)))
    ways: list[tuple[Option, Decide]] = []
    for words, count, decide in found:
        for choice in BOTH:
            option = Option(
                f"{len(ways)}", f"{CHOSEN[choice][0].upper()}{CHOSEN[choice][1:]}: {words}", f"{count:,}"
            )
            ways.append((option, _bound(decide, choice)))
    return ways


def _bound(decide: Callable[[Choice], Rule], choice: Choice) -> Decide:
    return lambda: decide(choice)


def _about(
    choices: Choices, planned: Planned, group: Group, folder: int | None
) -> list[tuple[str, int, Callable[[Choice], Rule]]]:
    """All of a kind, and those of it in one album (in each, where none is in focus)."""
    kind = f"{group.unit}, {group.kind or 'another value'}"
    counts = Counter(planned.folder[row] for row in group.rows)
    albums = [(folder, counts[folder])] if folder is not None else counts.most_common(ALBUMS)
    inside = [
        (
            f"{kind}, in {planned.folders[number] or 'the top folder'}",
            count,
            _in_album(choices, planned, group, number),
        )
        for number, count in albums
    ]
    every = (f"{kind}, everywhere", len(group), lambda choice: choices.decide(choice, group))
    return [*inside, every] if folder is not None else [every, *inside]


def _in_album(choices: Choices, planned: Planned, group: Group, number: int) -> Callable[[Choice], Rule]:
    return lambda choice: choices.decide(choice, group, folder=planned.folders[number])


def rule_words(rule: Rule) -> str:
    """A decision for people, safe to show."""
    if rule.sidecar:
        return f"{safe(rule.sidecar, 60)} for {safe(rule.file, 60)}"
    about = ", ".join(part for part in (rule.unit, rule.kind) if part) or "every conflict"
    where = safe(rule.file or (f"all of {rule.folder}" if rule.folder else "everywhere"), 80)
    return f"{CHOSEN[rule.choice]}: {about}, {where}"
