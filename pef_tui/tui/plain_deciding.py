"""What only a person can decide, as numbered questions: conflicts, and pictures without a sidecar."""

from __future__ import annotations

from itertools import compress

from pef_tui.display import safe
from pef_tui.planned import Group, Planned
from pef_tui.planned.choices import Choices
from pef_tui.planned.details import CHOSEN, taken_words
from pef_tui.planned.likely import likely_sidecars
from pef_tui.tags.decisions import Rule
from pef_tui.tui import deciding
from pef_tui.tui.flow import Flow
from pef_tui.tui.plain_asking import pick, say

LIKELY = 40
"""Sidecars that are offered for one picture."""


def open_questions(planned: Planned | None) -> str:
    """What there is to decide after a preview, in words; "" for nothing."""
    if planned is None:
        return ""
    alone = planned.words.counts().get("unmatched", 0)
    waiting = len(planned.groups)
    parts = [f"{waiting:,} conflicts"] * (waiting > 0) + [f"{alone:,} without a sidecar"] * (alone > 0)
    return ", ".join(parts)


def decide(flow: Flow) -> None:
    """Ask until nothing more is to be decided; decisions are kept for this run and later ones."""
    planned = flow.planned
    if planned is None:
        return
    deciding.take_kept(flow)
    choices = Choices(planned, deciding.rules_before(flow))
    while True:
        groups = planned.groups.sorted()
        words = [f"{safe(group.words())}: {_state(group)}" for group in groups]
        alone = list(compress(range(len(planned)), planned.words.mask(("unmatched",))))
        words += [f"{len(alone):,} pictures without a sidecar"] if alone else []
        words += [f"Take back one of {len(choices.rules):,} decisions"] if choices.rules else []
        chosen = pick("What is to be decided?", words)
        if chosen is None:
            break
        if chosen < len(groups):
            rule = _group(choices, planned, groups[chosen])
        elif alone and chosen == len(groups):
            rule = _sidecar(choices, planned, alone)
        else:
            rule = _take_back(choices)
        if rule is not None:
            taken_back = rule not in choices.rules
            words_now = f"{'Taken back' if taken_back else 'Kept'}: {deciding.rule_words(rule)}"
            say(deciding.keep(flow, choices) or words_now)
    if choices.made:
        say("The next preview shows what comes of it; a run goes by it.")


def _state(group: Group) -> str:
    waiting = group.undecided
    return f"{waiting:,} undecided" if waiting else "decided"


def _group(choices: Choices, planned: Planned, group: Group) -> Rule | None:
    """By kind, by album, or a single file."""
    ways = deciding.ways(choices, planned, None, group)
    words = [f"{safe(option.text, 120)} ({option.note})" for option, _ in ways]
    chosen = pick(safe(group.words()), ["A single file", *words])
    if chosen is None:
        return None
    return _file(choices, planned, group) if chosen == 0 else ways[chosen - 1][1]()


def _file(choices: Choices, planned: Planned, group: Group) -> Rule | None:
    rows = list(group.rows)
    words = [f"{safe(planned.path(row), 100)}: {CHOSEN[group.choice(row)]}" for row in rows]
    chosen = pick("Which file?", words)
    if chosen is None:
        return None
    row = rows[chosen]
    answer = pick(_both(planned, row, group), [CHOSEN[choice] for choice in deciding.BOTH])
    return choices.decide(deciding.BOTH[answer], row=row) if answer is not None else None


def _both(planned: Planned, row: int, group: Group) -> str:
    """What the file says and what Google says."""
    try:
        outcome = planned.outcome(row)
    except (OSError, ValueError):
        outcome = None
    conflicts = outcome.plan.conflicts if outcome is not None else ()
    told = (
        f"{safe(each.tag)}: the file {safe(str(each.file), 200)}, Google {safe(str(each.google), 200)}"
        for each in conflicts
        if (each.unit or each.tag) == group.unit
    )
    return "; ".join((safe(planned.path(row)), *told))


def _sidecar(choices: Choices, planned: Planned, rows: list[int]) -> Rule | None:
    """Which sidecar belongs to a picture that has none, the likely ones first."""
    words = [safe(planned.path(row), 100) + _given(choices, row) for row in rows]
    chosen = pick("Which picture?", words)
    if chosen is None:
        return None
    row = rows[chosen]
    likely = likely_sidecars(planned, row)[:LIKELY]
    if not likely:
        say("No sidecar in its folder is without a picture.")
        return None
    answer = pick(
        f"Which sidecar is that of {safe(planned.names[row])}?", [_told(planned, row) for row in likely]
    )
    return choices.give_sidecar(row, likely[answer]) if answer is not None else None


def _given(choices: Choices, row: int) -> str:
    given = choices.sidecar_given(row)
    return f" (given {safe(given, 100)})" if given else ""


def _told(planned: Planned, row: int) -> str:
    return f"{safe(planned.names[row], 100)}, taken {taken_words(planned, row, True)}"


def _take_back(choices: Choices) -> Rule | None:
    chosen = pick("Which one?", [deciding.rule_words(rule) for rule in choices.rules])
    return choices.withdraw(chosen) if chosen is not None else None
