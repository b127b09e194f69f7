"""Make the outcomes of files that an earlier run finished from their manifest entries, and check such entries."""

from __future__ import annotations

import os

from pef_tui.manifest.records import Entry
from pef_tui.model import Match, Outcome, Plan
from pef_tui.output.staged_outputs import USER_CHANGED
from pef_tui.planning.planner import plan_digest
from pef_tui.resume.entry_lookup import sidecar_digest

NOT_RETRIED = "not among what failed before"
"""Reason of a file that `--retry-failed` leaves out. It is never recorded, because it is valid for one run only."""
WITH_SIDECAR = ("written", "sidecar", "copied")
"""Outcomes of files that have a sidecar."""
SIDECAR_ABSENT = (
    "the sidecar that an earlier run used is not in SOURCE; the output of that run is left unchanged"
)
"""Warning of a file that has no sidecar in this run, and whose output has the tags of an earlier run's sidecar."""
LEFT_AS_IS = frozenset((USER_CHANGED, SIDECAR_ABSENT))
"""Warnings of `unchanged` outcomes. Every run must report them again, so their Folders are not cached."""
REFUTED = "an earlier run gave it a sidecar that is not its own; what that put into the output is taken back"
"""Warning of a file that an earlier run matched with a sidecar that belongs to another file."""


def unchanged_outcome(match: Match, entry: Entry, warning: str = "") -> Outcome:
    """Return the `unchanged` outcome of a file, from the entry of an earlier run. `warning`: "" for no warning."""
    output, link = os.fsdecode(entry.output) or None, os.fsdecode(entry.link)
    plan = Plan(match, "unchanged", output=output, key=entry.key, link=link)
    return outcome_of_entry(plan, entry, warning)


def outcome_of_entry(plan: Plan, entry: Entry, warning: str) -> Outcome:
    """Return the `unchanged` outcome of a Plan that an earlier run has carried out, from the entry of that run."""
    reason = f"failed before: {entry.reason}; --retry-failed tries again" if entry.outcome == "failed" else ""
    warnings = (warning,) if warning else ()
    return Outcome(
        plan,
        "unchanged",
        plan.output,
        reason=reason,
        warnings=warnings,
        mtime_ns=entry.output_mtime_ns,
        temporary=plan.temporary,
        output_digest=entry.output_digest,
        recorded_time=entry.taken,
    )


def not_retried(match: Match, key: bytes) -> Outcome:
    """Return the outcome of a file that `--retry-failed` leaves out."""
    plan = Plan(match, "excluded", key=key, reason=NOT_RETRIED)
    return Outcome(plan, "excluded", reason=NOT_RETRIED)


def is_same_plan(plan: Plan, entry: Entry) -> bool:
    """Return whether an earlier run, which recorded `entry`, carried out an equal Plan to the same output."""
    return plan_digest(plan) == entry.plan and os.fsencode(plan.output or "") == entry.output


def is_withdrawn(entry: Entry) -> bool:
    """Return whether the run that recorded `entry` removed the output. If so, there is no output to be unchanged."""
    return entry.outcome == "unmatched" and not entry.output


def had_sidecar(entry: Entry, match: Match) -> bool:
    """Return whether the output of `entry` was written with the tags of a sidecar. `match`: the file, now without a
    sidecar.

    False if the recorded digest is the `sidecar_digest` of `match`: there was no sidecar then either. Such an output
    may be `written` with a date from the file's name.
    """
    return entry.outcome in WITH_SIDECAR and entry.sidecar != sidecar_digest(match)
