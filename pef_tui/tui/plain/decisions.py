"""Decisions as numbered questions: on conflicts, and on pictures without a sidecar."""

from __future__ import annotations

from itertools import compress

from pef_tui.preview import ConflictGroup, PlannedFiles
from pef_tui.preview.decisions import Choices
from pef_tui.preview.details import CHOICE_TEXTS, taken_text
from pef_tui.preview.sidecar_candidates import likely_sidecars
from pef_tui.sanitize import safe
from pef_tui.tags.decisions import DecisionRule
from pef_tui.tui.plain.prompts import pick, say
from pef_tui.tui.session import decisions
from pef_tui.tui.session.session import Session

MAX_SIDECARS = 40
"""Maximum number of sidecars that are offered for one picture."""


def open_questions(planned_files: PlannedFiles | None) -> str:
    """Return what the user can decide after a preview: `3 conflicts, 2 without a sidecar`; "" if nothing."""
    if planned_files is None:
        return ""
    unmatched = planned_files.outcomes.counts().get("unmatched", 0)
    conflicts = len(planned_files.groups)
    parts = [f"{conflicts:,} conflicts"] * (conflicts > 0) + [f"{unmatched:,} without a sidecar"] * (
        unmatched > 0
    )
    return ", ".join(parts)


def decide(session: Session) -> None:
    """Let the user decide until they choose "back". Save the decisions for this and later runs."""
    planned_files = session.planned_files
    if planned_files is None:
        return
    decisions.use_saved(session)
    choices = Choices(planned_files, decisions.loaded_rules(session))
    while True:
        groups = planned_files.groups.sorted()
        words = [f"{safe(group.description())}: {_state(group)}" for group in groups]
        unmatched = list(compress(range(len(planned_files)), planned_files.outcomes.mask(("unmatched",))))
        words += [f"{len(unmatched):,} pictures without a sidecar"] if unmatched else []
        words += [f"Undo one of {len(choices.rules):,} decisions"] if choices.rules else []
        chosen = pick("Decide on what?", words)
        if chosen is None:
            break
        if chosen < len(groups):
            rule = _decide_group(choices, planned_files, groups[chosen])
        elif unmatched and chosen == len(groups):
            rule = _assign_sidecar(choices, planned_files, unmatched)
        else:
            rule = _undo(choices)
        if rule is not None:
            state = "Saved" if rule in choices.rules else "Undone"
            say(decisions.save(session, choices) or f"{state}: {decisions.rule_words(rule)}")
    if choices.count:
        say("The next preview shows the result, and the next run uses the decisions.")


def _state(group: ConflictGroup) -> str:
    return f"{group.undecided:,} undecided" if group.undecided else "decided"


def _decide_group(choices: Choices, planned_files: PlannedFiles, group: ConflictGroup) -> DecisionRule | None:
    """Let the user decide on all conflicts of a group, on its conflicts in one album, or on a single file.

    Return the decision; None if the user goes back.
    """
    offers = decisions.offers(choices, planned_files, None, group)
    words = [f"{safe(option.text, 120)} ({option.note})" for option, _ in offers]
    chosen = pick(safe(group.description()), ["A single file", *words])
    if chosen is None:
        return None
    return _decide_file(choices, planned_files, group) if chosen == 0 else offers[chosen - 1][1]()[0]


def _decide_file(choices: Choices, planned_files: PlannedFiles, group: ConflictGroup) -> DecisionRule | None:
    rows = list(group.rows)
    words = [f"{safe(planned_files.path(row), 100)}: {CHOICE_TEXTS[group.choice(row)]}" for row in rows]
    chosen = pick("Which file?", words)
    if chosen is None:
        return None
    row = rows[chosen]
    answer = pick(_values(planned_files, row, group), [CHOICE_TEXTS[choice] for choice in decisions.CHOICES])
    return choices.decide(decisions.CHOICES[answer], row=row) if answer is not None else None


def _values(planned_files: PlannedFiles, row: int, group: ConflictGroup) -> str:
    """Return a line with the path of the file in `row`, and for each conflict of `group` the two values."""
    try:
        outcome = planned_files.outcome(row)
    except (OSError, ValueError):
        outcome = None
    conflicts = outcome.plan.conflicts if outcome is not None else ()
    values = (
        f"{safe(conflict.tag)}: the file {safe(str(conflict.file), 200)}, Google {safe(str(conflict.google), 200)}"
        for conflict in conflicts
        if (conflict.unit or conflict.tag) == group.unit
    )
    return "; ".join((safe(planned_files.path(row)), *values))


def _assign_sidecar(choices: Choices, planned_files: PlannedFiles, rows: list[int]) -> DecisionRule | None:
    """Let the user choose a picture of `rows` without a sidecar, and then the sidecar that belongs to it.

    The most likely sidecars are listed first. Return the decision; None if the user goes back, or if the folder has no
    sidecar without a picture.
    """
    words = [safe(planned_files.path(row), 100) + _assigned_words(choices, row) for row in rows]
    chosen = pick("Which picture?", words)
    if chosen is None:
        return None
    row = rows[chosen]
    likely = likely_sidecars(planned_files, row)[:MAX_SIDECARS]
    if not likely:
        say("Every sidecar in its folder belongs to a picture.")
        return None
    answer = pick(
        f"Which sidecar belongs to {safe(planned_files.names[row])}?",
        [_sidecar_words(planned_files, row) for row in likely],
    )
    return choices.assign_sidecar(row, likely[answer]) if answer is not None else None


def _assigned_words(choices: Choices, row: int) -> str:
    sidecar = choices.assigned_sidecar(row)
    return f" (assigned: {safe(sidecar, 100)})" if sidecar else ""


def _sidecar_words(planned_files: PlannedFiles, row: int) -> str:
    return f"{safe(planned_files.names[row], 100)}, taken {taken_text(planned_files, row, True)}"


def _undo(choices: Choices) -> DecisionRule | None:
    chosen = pick("Which one?", [decisions.rule_words(rule) for rule in choices.rules])
    return choices.remove(chosen) if chosen is not None else None
