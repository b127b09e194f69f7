"""How the details of a file wrap its texts."""

from __future__ import annotations

import pytest

from pef_tui.sanitize import cells
from pef_tui.tui.widgets.file_detail import _wrapped


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 10, []),
        ("short", 10, ["short"]),
        ("ten cells!", 10, ["ten cells!"]),
        ("ten cells! more", 10, ["ten cells!", "more"]),
        ("two words here", 10, ["two words", "here"]),
        ("a/folder/name.jpg", 10, ["a/folder/", "name.jpg"]),
        ("Photos from 2020/IMG_0003.jpg.json", 20, ["Photos from 2020/", "IMG_0003.jpg.json"]),
        ("unbreakablename.jpg", 10, ["unbreakabl", "ename.jpg"]),
        ("日本語日本語", 5, ["日本", "語日", "本語"]),
    ],
)
def test_texts_are_split_after_blanks_and_slashes(text: str, width: int, expected: list[str]) -> None:
    pieces = _wrapped(text, width)
    assert pieces == expected
    assert all(cells(piece) <= width for piece in pieces)
