from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.config import ConfigError
from pef_tui.tui.session.config_file import edited, save, toml

TEXTS = (
    "",
    "# only a comment\n",
    "workers = 2\n",
    'workers = 2 # two\nexisting = "never"\n\n[plugins]\nworkers = 9\n',
    'exclude = [\n  "a", # first\n  "b",\n]\nworkers=1',
    '"workers" = 7\n\n\n[keys]\n"app.help" = "f9"\n',
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_saved_key_is_the_only_one_that_changes(text: str) -> None:
    old_values = tomllib.loads(text)
    assert tomllib.loads(edited(text, {"workers": 4})) == {**old_values, "workers": 4}
    without = tomllib.loads(edited(text, {"workers": None}))
    assert without == {name: value for name, value in old_values.items() if name != "workers"}
    for line in text.splitlines():
        if line.startswith("#"):
            assert line in edited(text, {"workers": 4})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_toml(text: str) -> None:
    assert tomllib.loads(f"a = {toml(text)}") == {"a": text}


def test_a_file_that_is_not_understood_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    odd = '"work\\u0065rs" = 3\n'
    path.write_text(odd)
    with pytest.raises(ConfigError, match="was not changed"):
        save(path, {"workers": 4})
    assert path.read_text() == odd
    with pytest.raises(ConfigError, match="cannot be"):
        save(tmp_path / "config.toml" / "x", {"workers": 4})
