"""Sidecars that a person assigned: they have priority over every rule, within their folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import cast

import pytest

from pef_tui.model import Folder, JsonFile, Match, MediaFile, Sidecar
from pef_tui.planning.manual_matches import manual_matcher
from pef_tui.tags.decisions import DecisionRule, Decisions


def folder(*json: str, root: int = 0) -> Folder:
    files = tuple(JsonFile(root, f"T/G/Rome/{name}", 1, 1, "sidecar", Sidecar(title=name)) for name in json)
    odd = os.fsdecode(b"\xe9.jpg")
    media = tuple(MediaFile(0, f"T/G/Rome/{name}", 1, 1) for name in ("a.jpg", "b.jpg", odd))
    return Folder("Rome", media, files, (MediaFile(0, "T/G/Rome/README", 1, 1),))


def matches(location: Folder, rule: DecisionRule) -> list[Match]:
    (matcher,) = manual_matcher(Decisions((rule,)))
    match = cast(Callable[[Folder], Iterable[Match]], matcher.match)
    return list(match(location))


CASES: list[tuple[str, str, list[tuple[str, str]]]] = [
    ("Rome/a.jpg", "x.json", [("a.jpg", "x.json")]),
    ("T/G/Rome/a.jpg", "T/G/Rome/x.json", [("a.jpg", "x.json")]),
    ("Rome/a.jpg", "Rome/x.json", [("a.jpg", "x.json")]),
    ("Rome/README", "x.json", [("README", "x.json")]),
    ("Rome/\\xe9.jpg", "x.json", [(os.fsdecode(b"\xe9.jpg"), "x.json")]),
    ("Rome/a.jpg", "gone.json", []),
    ("Paris/a.jpg", "x.json", []),
]


@pytest.mark.parametrize(("file", "sidecar", "pairs"), CASES)
def test_what_was_said_to_belong_together_is_joined(
    file: str, sidecar: str, pairs: list[tuple[str, str]]
) -> None:
    actual = matches(folder("x.json", "y.json"), DecisionRule(file=file, sidecar=sidecar))
    assert [(match.media.name, match.json.name if match.json else "") for match in actual] == pairs
    assert all(match.rule == "by-hand" and match.sidecar is not None for match in actual)


def test_of_two_of_a_name_the_one_beside_the_picture_is_taken() -> None:
    second = folder("x.json")
    second = Folder("Rome", second.media, (*folder("x.json", root=1).json, *second.json))
    (match,) = matches(second, DecisionRule(file="Rome/a.jpg", sidecar="x.json"))
    assert match.json is not None and match.json.root == 0


def test_without_such_decisions_there_is_no_matcher() -> None:
    assert manual_matcher(Decisions((DecisionRule("keep"),))) == []
