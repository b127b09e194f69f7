"""What is kept and what is written: the wanted edits against what the file already holds.

Nothing here knows a mapper: tags that mean the same moment or place by another value are the mappers' business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import Choice, Conflict, Match, TagEdit, Value
from pef_tui.settings import Existing
from pef_tui.tags.classes import STANDS_FOR, tags_of
from pef_tui.tags.equal import fold, members, same
from pef_tui.tags.places import PLACE, file_place


class Settled(Struct, frozen=True):
    """What is to be written, and what is not and why."""

    edits: tuple[TagEdit, ...] = ()
    """Each value whole: lists are already joined with what the file has. Empty: nothing changes."""
    conflicts: tuple[Conflict, ...] = ()
    """One a unit."""
    warnings: tuple[str, ...] = ()


Choose = Callable[[Conflict], Choice]
"""What is decided on a conflict; "" leaves it to `--existing`."""


def settle(
    match: Match, edits: Iterable[TagEdit], existing: Existing = "fill", choose: Choose | None = None
) -> Settled:
    """Decide on the edits that mappers want, in their order.

    `fill`: a unit of which the file has another value is left alone, and is a conflict. `overwrite`: it is
    written whole, and is none. `never`: the edits are for an XMP file; what the media file holds does not count
    (the mappers have been asked about `for_xmp_file(match)`). What `choose` says of a conflict goes before.
    """
    wanted, warnings = _first_come(edits)
    tags = tags_of(match) if existing != "never" else {}
    if not tags:
        return Settled(tuple([edit for edit in wanted.values() if _has_value(edit)]), (), warnings)
    writes: list[TagEdit] = []
    conflicts: dict[str, Conflict] = {}
    for edit in wanted.values():
        decided = _decide(edit, tags, wanted)
        if isinstance(decided, TagEdit):
            writes.append(decided)
        elif decided is not None:
            conflicts.setdefault(edit.unit or edit.tag, decided)
            writes.append(edit)
    if not conflicts:
        return Settled(tuple(writes), (), warnings)
    kept = _kept(conflicts, existing, choose)
    return Settled(
        tuple([edit for edit in writes if (edit.unit or edit.tag) not in kept]),
        tuple(kept.values()),
        warnings,
    )


def _kept(conflicts: dict[str, Conflict], existing: Existing, choose: Choose | None) -> dict[str, Conflict]:
    """The conflicts whose units stay as the file has them."""
    kept = {}
    for unit, conflict in conflicts.items():
        choice = choose(conflict) if choose is not None else ""
        if choice == "keep":
            kept[unit] = replace(conflict, choice=choice)
        elif not choice and existing != "overwrite":
            kept[unit] = conflict
    return kept


def units_left(match: Match, settled: Settled) -> set[str]:
    """The units that an XMP file must not tell otherwise than the media file beside it does.

    Those in conflict, where the file's value is kept; and the place, where the file's own stands.
    """
    left = {conflict.unit or conflict.tag for conflict in settled.conflicts}
    if not any(edit.unit == PLACE for edit in settled.edits) and file_place(tags_of(match)) is not None:
        left.add(PLACE)
    return left


def _has_value(edit: TagEdit) -> bool:
    return edit.value is not None and edit.value != ()


def _decide(edit: TagEdit, tags: dict[str, Value], wanted: dict[str, TagEdit]) -> TagEdit | Conflict | None:
    """The edit, if it changes anything; the conflict that stands against it; or None."""
    tag, value, held = edit.tag, edit.value, tags.get(edit.tag)
    if value is None:
        return edit if edit.when == "always" and held is not None else None
    if edit.when == "merge":
        return _joined(edit, held)
    if held is not None:
        if same(tag, value, held):
            return None
        return edit if edit.when == "always" else Conflict(edit.unit, tag, held, value)
    if edit.when == "missing" and tag in STANDS_FOR:
        for other in STANDS_FOR[tag]:
            if other not in wanted and (held := tags.get(other)) is not None:
                return edit if same(other, value, held) else Conflict(edit.unit, other, held, value)
    return edit


def _joined(edit: TagEdit, held: Value | None) -> TagEdit | None:
    """The file's list and what is new behind it; None where nothing is."""
    if held is None:
        return edit if edit.value else None
    have = members(held)
    known = {fold(each) for each in have}
    new: dict[str, str] = {}
    for each in members(edit.value or ()):
        if (key := fold(each)) and key not in known:
            new.setdefault(key, each)
    return replace(edit, value=(*have, *new.values())) if new else None


def _first_come(edits: Iterable[TagEdit]) -> tuple[dict[str, TagEdit], tuple[str, ...]]:
    """One edit a tag: the first; lists are joined. A loser is named, and its unit goes with it."""
    wanted: dict[str, TagEdit] = {}
    losers: list[TagEdit] = []
    for edit in edits:
        first = wanted.setdefault(edit.tag, edit)
        if first is edit:
            continue
        if first.when == "merge" == edit.when:
            wanted[edit.tag] = _joined(edit, first.value) or first
        elif first.value != edit.value:
            losers.append(edit)
    if not losers:
        return wanted, ()
    warnings = tuple(
        f"{edit.tag}: {_name(edit)} wants another value than {_name(wanted[edit.tag])}, which comes first"
        for edit in losers
    )
    beaten = {
        (edit.mapper, edit.unit) for edit in losers if edit.unit and edit.mapper != wanted[edit.tag].mapper
    }
    return {tag: edit for tag, edit in wanted.items() if (edit.mapper, edit.unit) not in beaten}, warnings


def _name(edit: TagEdit) -> str:
    return edit.mapper or "a mapper"
