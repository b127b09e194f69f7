"""Sources that are typed, dragged or pasted: several lines, quoted paths, addresses, patterns, wrong paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, wait_for_text, wait_until
from textual.events import Paste

from pef_tui.tui.session.app_files import typed_sources


@pytest.mark.parametrize(
    ("text", "names", "missing"),
    [
        ("{}/a b.zip", ["a b.zip"], 0),
        ("'{}/a b.zip'", ["a b.zip"], 0),
        ('"{}/a b.zip"', ["a b.zip"], 0),
        ("{}/a\\ b.zip", ["a b.zip"], 0),
        ("file://{}/a%20b.zip", ["a b.zip"], 0),
        ("file://localhost{}/c.zip", ["c.zip"], 0),
        ("'{0}/a b.zip' {0}/c.zip", ["a b.zip", "c.zip"], 0),
        ("{0}/c.zip\n\n  '{0}/a b.zip'  \r\n", ["c.zip", "a b.zip"], 0),
        ("{}/*.zip", ["a b.zip", "c.zip"], 0),
        ("{}/it's $HOME", ["it's $HOME"], 0),
        ("{}/c.zip/", [], 1),
        ("{0}/c.zip\n{0}/none.zip", ["c.zip"], 1),
        ("{}/none*", [], 1),
        ("'{}/c.zip", ["c.zip"], 0),
        ("a\0b", [], 1),
        ("", [], 0),
    ],
)
def test_a_text_names_sources(tmp_path: Path, text: str, names: list[str], missing: int) -> None:
    for name in ("a b.zip", "c.zip", "it's $HOME"):
        (tmp_path / name).write_bytes(b"")
    paths, unknown = typed_sources(text.format(tmp_path))
    assert (paths, len(unknown)) == ([f"{tmp_path}/{name}" for name in names], missing)


def test_several_pasted_lines_are_several_sources(tmp_path: Path) -> None:
    for name in ("a b.zip", "c.zip"):
        (tmp_path / name).write_bytes(b"")
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        field = pilot.app.screen.query_one("#add")
        field.focus()
        field.post_message(Paste(f"'{tmp_path}/a b.zip'\nfile://{tmp_path}/c.zip\n"))
        await wait_until(pilot, lambda: len(session.settings.sources) == 2)
        assert field.value == ""

    run_app(session, script)
    assert session.settings.sources == (f"{tmp_path}/a b.zip", f"{tmp_path}/c.zip")


@pytest.mark.parametrize("key", ["enter", "f5"])
def test_a_wrong_path_stays_in_the_field(tmp_path: Path, key: str) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        field = pilot.app.screen.query_one("#add")
        field.focus()
        field.value = f"{tmp_path}/none"
        await pilot.press(key)
        await wait_for_text(pilot, "No such file or folder")
        assert field.value == f"{tmp_path}/none" and field.has_focus

    run_app(session, script)
    assert session.settings.sources == ()
