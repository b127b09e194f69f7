from __future__ import annotations

import pytest

from pef_tui.config import ConfigError, options, parse_text
from pef_tui.tui.widgets.setting_rows import MEANINGS, RISKS, choice_text, choices_of


def test_choices_are_listed_and_texts_are_typed() -> None:
    assert set(choices_of("existing")) == {"fill", "overwrite", "never"}
    assert set(choices_of("only")) == {"", "photo", "video"}
    assert choices_of("dry_run") == (False, True)
    assert choices_of("timezone") == choices_of("exclude") == ()


@pytest.mark.parametrize(("name", "value"), [*MEANINGS, *RISKS])
def test_meanings_and_risks_are_those_of_values(name: str, value: str) -> None:
    assert not choices_of(name) or value in map(str, choices_of(name))
    assert options()[name]


def test_a_risk_stands_beside_its_value() -> None:
    assert "Careful: dates, places" in choice_text("existing", "overwrite").plain
    assert choice_text("existing", "fill").plain == "fill: keep a file's values, add missing ones (default)"
    assert choice_text("only", "").plain == "pictures and videos (default)"
    assert choice_text("dry_run", True).plain == "yes"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("workers", " 4 ", 4),
        ("workers", "", 0),
        ("exclude", "a, b ,", ("a", "b")),
        ("timezone", "Asia/Tokyo", "Asia/Tokyo"),
    ],
)
def test_typed_values_are_parsed(name: str, text: str, value: object) -> None:
    assert parse_text(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"), [("workers", "x"), ("workers", "999"), ("since", "today"), ("existing", "no")]
)
def test_invalid_values_are_rejected(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name):
        parse_text(name, text)
