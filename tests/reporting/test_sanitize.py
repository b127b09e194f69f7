import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.sanitize import json_safe, safe, utf8

ANYTHING = st.text(
    st.characters(codec=None, exclude_categories=()) | st.sampled_from("\x1b\n\x9b\u202e\udcff\u200d")
)
TURNING = {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}


@pytest.mark.parametrize(
    ("text", "displayed"),
    [
        ("Zoë 日本 👨‍👩‍👧 é.jpg", "Zoë 日本 👨‍👩‍👧 é.jpg"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b]52;c;eA==\x07", r"\x1b]52;c;eA==\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("a\u2028b\ufeff", r"a\u2028b\ufeff"),
    ],
)
def test_what_could_act_is_shown_as_an_escape(text: str, displayed: str) -> None:
    assert safe(text) == displayed


@given(ANYTHING)
def test_nothing_safe_can_act_and_it_can_always_be_encoded(text: str) -> None:
    displayed = safe(text)
    displayed.encode()
    assert not any(unicodedata.category(item) in ("Cc", "Cs", "Zl", "Zp") for item in displayed)
    assert not any(
        unicodedata.bidirectional(item) in ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI")
        for item in displayed
    )
    assert safe(displayed) == displayed


@pytest.mark.parametrize(
    ("text", "width", "displayed"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("日本語", 5, "日本…"),
        ("日本語", 6, "日本語"),
        ("abc", 0, ""),
    ],
)
def test_cut_to_the_width_of_terminal_cells(text: str, width: int, displayed: str) -> None:
    assert safe(text, width) == displayed


def test_megabytes_are_cut_before_they_are_looked_at() -> None:
    assert safe("\x1b" * 10_000_000, 10) == r"\x1b\x1b\…"
    assert safe("a" + "\u0301" * 1000, 10).endswith("…")


@given(ANYTHING)
def test_json_keeps_its_meaning(text: str) -> None:
    clean = utf8(text)
    line = json_safe(json.dumps(clean, ensure_ascii=False))
    assert json.loads(line) == clean
    assert safe(line) == line
