"""Sidecars given by hand: they go before every rule, within their folder."""

from __future__ import annotations

import os

import pytest

from pef_tui.model import Folder, JsonFile, MediaFile, Sidecar
from pef_tui.tags.by_hand import by_hand
from pef_tui.tags.decisions import Decisions, Rule


def folder(*json: str, root: int = 0) -> Folder:
    files = tuple(JsonFile(root, f"T/G/Rome/{name}", 1, 1, "sidecar", Sidecar(title=name)) for name in json)
    odd = os.fsdecode(b"\xe9.jpg")
    media = tuple(MediaFile(0, f"T/G/Rome/{name}", 1, 1) for name in ("a.jpg", "b.jpg", odd))
    return Folder("Rome", media, files, (MediaFile(0, "T/G/Rome/README", 1, 1),))


CASES: list[tuple[str, str, list[tuple[str, str]]]] = [
    ("Rome/a.jpg", "x.json", [("a.jpg", "x.json")]),
    ("T/G/Rome/a.jpg", "T/G/Rome/x.json", [("a.jpg", "x.json")]),
    ("Rome/a.jpg", "Rome/x.json", [("a.jpg", "x.json")]),
    ("Rome/README", "x.json", [("README", "x.json")]),
    ("Rome/\\xe9.jpg", "x.json", [(os.fsdecode(b"\xe9.jpg"), "x.json")]),
    ("Rome/a.jpg", "gone.json", []),
    ("Paris/a.jpg", "x.json", []),
]


@pytest.mark.parametrize(("file", "sidecar", "joined"), CASES)
def test_what_was_said_to_belong_together_is_joined(
    file: str, sidecar: str, joined: list[tuple[str, str]]
) -> None:
    (matcher,) = by_hand(Decisions((Rule(file=file, sidecar=sidecar),)))
    found = list(matcher.match(folder("x.json", "y.json")))
    assert [(match.media.name, match.json.name if match.json else "") for match in found] == joined
    assert all(match.rule == "by-hand" and match.sidecar is not None for match in found)


def test_of_two_of_a_name_the_one_beside_the_picture_is_taken() -> None:
    two = folder("x.json")
    two = Folder("Rome", two.media, (*folder("x.json", root=1).json, *two.json))
    (matcher,) = by_hand(Decisions((Rule(file="Rome/a.jpg", sidecar="x.json"),)))
    (match,) = matcher.match(two)
    assert match.json is not None and match.json.root == 0


def test_without_such_decisions_there_is_no_matcher() -> None:
    assert by_hand(Decisions((Rule("keep"),))) == []
