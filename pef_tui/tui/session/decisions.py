"""Decisions on conflicts on the Review screen: the decisions to offer, and the file in which they are saved."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pef_tui.errors import RunError
from pef_tui.model import Choice
from pef_tui.preview import ConflictGroup, PlannedFiles
from pef_tui.preview.decisions import Choices
from pef_tui.preview.details import CHOICE_TEXTS
from pef_tui.sanitize import safe
from pef_tui.tags.decisions import DecisionRule, load
from pef_tui.tui.session.app_files import user_state_dir, write_private
from pef_tui.tui.session.session import Session
from pef_tui.tui.widgets.option import Option

CHOICES: tuple[Choice, ...] = ("keep", "google")
MAX_ALBUMS = 200
"""Maximum number of albums that are offered for one kind of conflict."""

Decide = Callable[[], list[DecisionRule]]
"""Makes a decision, which may consist of several rules, and returns it."""


def decisions_path(session: Session) -> Path | None:
    """Return the file that stores the decisions for the current output folder; None without home directory."""
    folder = user_state_dir(session.environ)
    target = session.output or "\n".join(session.settings.sources)
    name = hashlib.sha256(os.fsencode(os.path.realpath(target))).hexdigest()[:16]
    return folder / f"decisions-{name}.json" if folder is not None else None


def use_saved(session: Session) -> None:
    """Set `decisions` to the file of the decisions saved for the current output folder, if that file exists.

    A file that the user set with `--decisions` is not replaced.
    """
    path = decisions_path(session)
    if not session.settings.decisions and path is not None and path.is_file():
        session.change(decisions=str(path))


def loaded_rules(session: Session) -> tuple[DecisionRule, ...]:
    """Return the decisions that were in effect when the preview was made."""
    try:
        return load(session.settings.decisions).rules
    except RunError:
        return ()


def save(session: Session, choices: Choices) -> str:
    """Save the decisions in `choices` to the file that this and later runs read.

    Return why the decisions could not be saved; "" if they were saved.
    """
    path = decisions_path(session)
    if path is None:
        return "Decisions cannot be saved: there is no home directory"
    try:
        write_private(path, choices.document())
    except OSError as error:
        return f"Decisions cannot be saved in {path}: {error.strerror or error}"
    session.change(decisions=str(path))
    return ""


def offers(
    choices: Choices,
    planned_files: PlannedFiles,
    row: int | None,
    group: ConflictGroup | None,
    selected: Sequence[int] = (),
) -> list[tuple[Option, Decide]]:
    """Return the decisions to offer for `row`, for `group`, or for all groups of `row` if `group` is None.

    For a row, the narrowest scope comes first: this file, its album, everywhere. The `selected` rows come before all of
    them. Each item of the result is an option to show to the user, and the function that makes the decision.
    """
    scopes: list[tuple[str, int, Callable[[Choice], list[DecisionRule]]]] = []
    if selected:
        scopes.append(
            ("the selected files", len(selected), lambda choice: choices.decide_rows(choice, selected))
        )
    if row is not None:
        scopes.append(
            (f"{planned_files.names[row]} only", 1, lambda choice: [choices.decide(choice, row=row)])
        )
    groups = [group] if group is not None else []
    if group is None and row is not None:
        groups = planned_files.groups.of_row(row)
    for conflict in groups:
        scopes += _group_scopes(
            choices, planned_files, conflict, None if row is None else planned_files.folder[row]
        )
    if total := len(planned_files.groups):
        scopes.append(("every conflict", total, lambda choice: [choices.decide(choice)]))
    offered: list[tuple[Option, Decide]] = []
    for words, count, decide in scopes:
        for choice in CHOICES:
            option = Option(
                f"{len(offered)}",
                f"{CHOICE_TEXTS[choice][0].upper()}{CHOICE_TEXTS[choice][1:]}: {words}",
                f"{count:,}",
            )
            offered.append((option, _bound(decide, choice)))
    return offered


def _bound(decide: Callable[[Choice], list[DecisionRule]], choice: Choice) -> Decide:
    return lambda: decide(choice)


def _group_scopes(
    choices: Choices, planned_files: PlannedFiles, group: ConflictGroup, folder: int | None
) -> list[tuple[str, int, Callable[[Choice], list[DecisionRule]]]]:
    """Return the scopes that a decision on `group` can have: one album, or everywhere.

    Each scope is its name, the number of its conflicts, and a function that makes the decision for these conflicts.
    `folder`: number of the only Folder to offer as album; None for each Folder that has conflicts of the group.
    """
    kind = f"{group.unit}, {group.kind or 'another value'}"
    counts = Counter(planned_files.folder[row] for row in group.rows)
    albums = [(folder, counts[folder])] if folder is not None else counts.most_common(MAX_ALBUMS)
    inside = [
        (
            f"{kind}, in {planned_files.folders[number] or 'the top folder'}",
            count,
            _in_album(choices, planned_files, group, number),
        )
        for number, count in albums
    ]
    every = (f"{kind}, everywhere", len(group), lambda choice: [choices.decide(choice, group)])
    return [*inside, every] if folder is not None else [every, *inside]


def _in_album(
    choices: Choices, planned_files: PlannedFiles, group: ConflictGroup, number: int
) -> Callable[[Choice], list[DecisionRule]]:
    return lambda choice: [choices.decide(choice, group, folder=planned_files.folders[number])]


def rule_words(rule: DecisionRule) -> str:
    """Return a decision in words, with control characters escaped."""
    if rule.sidecar:
        return f"{safe(rule.sidecar, 60)} for {safe(rule.file, 60)}"
    about = ", ".join(part for part in (rule.unit, rule.kind) if part) or "every conflict"
    scope = safe(rule.file or (f"all of {rule.folder}" if rule.folder else "everywhere"), 80)
    return f"{CHOICE_TEXTS[rule.choice]}: {about}, {scope}"


def step_words(rules: Sequence[DecisionRule]) -> str:
    """Return the decisions of one step in words, with control characters escaped."""
    if len(rules) == 1:
        return rule_words(rules[0])
    if rules[0].sidecar:
        return f"{len(rules):,} sidecars"
    return f"{CHOICE_TEXTS[rules[0].choice]}: every conflict of {len(rules):,} files"
