"""Match sidecars that have a counter only because their titles have the same first 46 UTF-16 units.

Google cuts the name of a sidecar at 46 units. It cuts the name of a picture at 51 units, or not at all (exports of
2026). So a burst with long names has the sidecars `x.json`, `x(1).json` and `x(2).json`, while each picture has its
whole title and no counter. If one title has several sidecars and pictures, both have their counters in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pef_tui.takeout.match_state import MatchState, SidecarGroup, summarize_names
from pef_tui.takeout.naming import MEDIA_UNITS, SIDECAR_UNITS, counted, cut, media_names, split, units

RULE = "counter"


class NameCandidates(NamedTuple):
    """A sidecar, and the two names that its picture may have. A name is "" if no file in the folder has it."""

    group: SidecarGroup
    counted: str
    """The name with the counter of the sidecar."""
    ranked: str
    """The name with another counter: the rank (0, 1, …) of the sidecar among the sidecars of the same title."""
    ambiguous: tuple[str, ...] = ()
    """The pictures that the sidecar may belong to. Set if its rank is unknown, because sidecars are missing."""


def resolve_collisions(state: MatchState) -> Iterator[tuple[SidecarGroup, Sequence[str]]]:
    """Yield each sidecar whose counter does not lead to its picture, with the name of the picture.

    If the picture cannot be determined, the sidecar is marked as ambiguous.
    """
    for groups in _colliding(state):
        candidates = [*_candidates(state, groups)]
        for candidate in candidates:
            if candidate.ambiguous:
                _mark_ambiguous(state, candidate.group, candidate.ambiguous, [candidate.group.name])
        candidates = [candidate for candidate in candidates if not candidate.ambiguous]
        if _all_distinct([candidate.counted for candidate in candidates]):
            continue
        if _all_distinct([candidate.ranked for candidate in candidates]):
            yield from (
                (candidate.group, (candidate.ranked,))
                for candidate in candidates
                if candidate.ranked != candidate.counted
            )
        else:
            yield from _resolve_partly(state, candidates)


def _colliding(state: MatchState) -> Iterator[list[SidecarGroup]]:
    """Yield each group of sidecars whose cut names differ only in the counter, sorted by counter.

    Groups without any counter are left out.
    """
    bases: dict[str, list[SidecarGroup]] = {}
    for group in state.groups:
        if group.strict and not group.is_used and units(group.reading.title) > SIDECAR_UNITS:
            bases.setdefault(cut(group.reading.title, SIDECAR_UNITS), []).append(group)
    for groups in bases.values():
        if any(group.reading.counter for group in groups):
            yield sorted(groups, key=lambda group: (group.reading.counter, group.name))


def _candidates(state: MatchState, groups: list[SidecarGroup]) -> Iterator[NameCandidates]:
    """Yield each sidecar in `groups` with the names that its picture may have.

    The rank of a sidecar is known only if no sidecar of its title is missing: the counters have no gap, or the title
    has one sidecar and one picture.
    """
    counters = [group.reading.counter for group in groups]
    is_complete = counters == list(range(len(groups)))
    titles: dict[str, list[SidecarGroup]] = {}
    for group in groups:
        titles.setdefault(group.reading.title, []).append(group)
    for title, same in titles.items():
        stem, extension = split(title)
        names = [counted(stem, position) + extension for position in range(max(counters) + 1)]
        existing = tuple(name for name in names if name in state.media)
        rank_is_known = is_complete or (len(same) == 1 and len(existing) == 1)
        for position, group in enumerate(same):
            if not rank_is_known and len(existing) > 1 and units(title) > MEDIA_UNITS:
                yield NameCandidates(group, "", "", existing)
            else:
                yield NameCandidates(
                    group,
                    _first(state, group),
                    names[position] if rank_is_known and names[position] in existing else "",
                )


def _first(state: MatchState, group: SidecarGroup) -> str:
    return next((name for name in media_names(*group.reading) if name in state.media), "")


def _all_distinct(names: list[str]) -> bool:
    return "" not in names and len(set(names)) == len(names)


def _resolve_partly(
    state: MatchState, candidates: list[NameCandidates]
) -> Iterator[tuple[SidecarGroup, Sequence[str]]]:
    """Yield each sidecar in `candidates` that may belong to only one picture. Mark the others as ambiguous.

    Used if pictures or sidecars of a title are missing. A picture with the counter of its sidecar is left out: the
    exact prediction finds it.
    """
    claims: dict[str, list[SidecarGroup]] = {}
    for candidate in candidates:
        for name in {candidate.counted, candidate.ranked} - {""}:
            claims.setdefault(name, []).append(candidate.group)
    for candidate in candidates:
        names = {candidate.counted, candidate.ranked} - {""}
        rivals = {group.name for name in names for group in claims[name]}
        if len(names) == 1 and len(rivals) == 1:
            if not candidate.counted:
                yield candidate.group, tuple(names)
        elif len(names) > 1 or candidate.group.reading.counter:
            _mark_ambiguous(state, candidate.group, names, rivals)


def _mark_ambiguous(
    state: MatchState, group: SidecarGroup, names: Iterable[str], rivals: Iterable[str]
) -> None:
    group.is_used = True
    for name in names:
        state.doubts[name] = f"ambiguous: {summarize_names(sorted(rivals))}"
