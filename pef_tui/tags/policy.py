"""Decide which requested edits are written: compare their values with the values in the file.

This module knows no mapper, and compares each tag separately. So a mapper must itself recognize tags of the file that
have the same time or point in another form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import Choice, Conflict, Match, TagEdit, Value
from pef_tui.settings import Existing
from pef_tui.tags.comparison import equal_values, fold, members
from pef_tui.tags.places import PLACE_UNIT, file_point
from pef_tui.tags.tag_lists import EQUIVALENT_TAGS, tags_of


class TagDecision(Struct, frozen=True):
    """The edits to write, the conflicts, and warnings about mappers that contradict each other."""

    edits: tuple[TagEdit, ...] = ()
    """The edits with complete values: lists are merged with the lists of the file. Empty if nothing changes."""
    conflicts: tuple[Conflict, ...] = ()
    """One conflict for each unit (tags that are decided together, such as `date`) whose value in the file stays."""
    warnings: tuple[str, ...] = ()


Choose = Callable[[Conflict], Choice]
"""Returns the decision of a person on the conflict; "" if there is none. `--existing` then decides."""


def decide(
    match: Match, edits: Iterable[TagEdit], existing: Existing = "fill", choose: Choose | None = None
) -> TagDecision:
    """Decide which of the edits that mappers request are written. `edits`: in the order of the mappers.

    `existing` is the value of `--existing`:

    - `fill`: a unit that has another value in the file is unchanged, and is a conflict.
    - `overwrite`: the unit is written completely, without a conflict.
    - `never`: the edits are for an XMP file, and the values of the media file do not count. (The mappers were called
      with `as_xmp_target(match)`.)

    `choose`: returns a person's choice for a conflict, which has priority over `existing`.
    """
    requested, warnings = _first_per_tag(edits)
    tags = tags_of(match) if existing != "never" else {}
    if not tags:
        return TagDecision(tuple([edit for edit in requested.values() if _has_value(edit)]), (), warnings)
    writes: list[TagEdit] = []
    conflicts: dict[str, Conflict] = {}
    for edit in requested.values():
        decision = _decide(edit, tags, requested)
        if isinstance(decision, TagEdit):
            writes.append(decision)
        elif decision is not None:
            conflicts.setdefault(edit.unit or edit.tag, decision)
            writes.append(edit)
    if not conflicts:
        return TagDecision(tuple(writes), (), warnings)
    kept_conflicts = _kept_conflicts(conflicts, existing, choose)
    return TagDecision(
        tuple([edit for edit in writes if (edit.unit or edit.tag) not in kept_conflicts]),
        tuple(kept_conflicts.values()),
        warnings,
    )


def _kept_conflicts(
    conflicts: dict[str, Conflict], existing: Existing, choose: Choose | None
) -> dict[str, Conflict]:
    """Return, by unit, the conflicts in which the file's value is kept.

    A person's choice decides, if `choose` returns one; else `existing` decides.
    """
    conflicts_kept = {}
    for unit, conflict in conflicts.items():
        choice = choose(conflict) if choose is not None else ""
        if choice == "keep":
            conflicts_kept[unit] = replace(conflict, choice=choice)
        elif not choice and existing != "overwrite":
            conflicts_kept[unit] = conflict
    return conflicts_kept


def units_kept_by_media(match: Match, decision: TagDecision) -> set[str]:
    """Return the units that are left out of an XMP file. The XMP file must not contradict its media file.

    These are the units in conflict whose value in the file is kept; and the place, if the file's own point is kept.
    """
    units = {conflict.unit or conflict.tag for conflict in decision.conflicts}
    if not any(edit.unit == PLACE_UNIT for edit in decision.edits) and file_point(tags_of(match)) is not None:
        units.add(PLACE_UNIT)
    return units


def _has_value(edit: TagEdit) -> bool:
    return edit.value is not None and edit.value != ()


def _decide(
    edit: TagEdit, tags: dict[str, Value], requested: dict[str, TagEdit]
) -> TagEdit | Conflict | None:
    """Return the edit if it changes anything, a Conflict if the file has another value, else None.

    `tags`: the tags of the file. `requested`: all requested edits by tag.
    """
    tag, value, current = edit.tag, edit.value, tags.get(edit.tag)
    if value is None:
        return edit if edit.when == "always" and current is not None else None
    if edit.when == "merge":
        return _merge_list(edit, current)
    if current is not None:
        if equal_values(tag, value, current):
            return None
        return edit if edit.when == "always" else Conflict(edit.unit, tag, current, value)
    if edit.when == "missing" and tag in EQUIVALENT_TAGS:
        for equivalent in EQUIVALENT_TAGS[tag]:
            if equivalent not in requested and (current := tags.get(equivalent)) is not None:
                return (
                    edit
                    if equal_values(equivalent, value, current)
                    else Conflict(edit.unit, equivalent, current, value)
                )
    return edit


def _merge_list(edit: TagEdit, current: Value | None) -> TagEdit | None:
    """Return the edit with the file's list `current` and then the new members; None without new members."""
    if current is None:
        return edit if edit.value else None
    have = members(current)
    folded = {fold(member) for member in have}
    new: dict[str, str] = {}
    for member in members(edit.value or ()):
        if (key := fold(member)) and key not in folded:
            new.setdefault(key, member)
    return replace(edit, value=(*have, *new.values())) if new else None


def _first_per_tag(edits: Iterable[TagEdit]) -> tuple[dict[str, TagEdit], tuple[str, ...]]:
    """Return the first edit of each tag, with lists merged, and the warnings.

    If two mappers request different values for a tag, the first one counts. The other edits of the later mapper in this
    unit are dropped too, and a warning names the mapper.
    """
    requested: dict[str, TagEdit] = {}
    losers: list[TagEdit] = []
    for edit in edits:
        first = requested.setdefault(edit.tag, edit)
        if first is edit:
            continue
        if first.when == "merge" == edit.when:
            requested[edit.tag] = _merge_list(edit, first.value) or first
        elif first.value != edit.value:
            losers.append(edit)
    if not losers:
        return requested, ()
    warnings = tuple(
        f"{edit.tag}: {_name(edit)} wants another value than {_name(requested[edit.tag])}, which comes first"
        for edit in losers
    )
    rejected = {
        (edit.mapper, edit.unit) for edit in losers if edit.unit and edit.mapper != requested[edit.tag].mapper
    }
    return {
        tag: edit for tag, edit in requested.items() if (edit.mapper, edit.unit) not in rejected
    }, warnings


def _name(edit: TagEdit) -> str:
    return edit.mapper or "a mapper"
