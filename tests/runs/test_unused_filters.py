"""Values of `--album`, `--include` and `--exclude` that match nothing are reported in every run; the others count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here

from pef_tui.testing import sidecar, takeout

ALBUM = "no album or folder of that name"
CASES: dict[str, tuple[tuple[str, ...], list[str], set[str]]] = {
    "one of two misspelled": (
        ("--album", "Trip to Wien", "--album", "Trp"),
        [f"--album Trp: {ALBUM}, did you mean Trip?"],
        {"b.jpg"},
    ),
    "title of an album in a folder of another name": (
        ("--album", "Trip to Wein", "--album", "Trip"),
        [f"--album Trip to Wein: {ALBUM}, did you mean Trip to Wien?"],
        {"c.jpg"},
    ),
    "case differs": (
        ("--album", "trip", "--album", "Trip*"),
        [f"--album trip: {ALBUM}, did you mean Trip?"],
        {"b.jpg", "c.jpg"},
    ),
    "nothing similar": (("--album", "Q", "--album", "Trip"), [f"--album Q: {ALBUM}"], {"c.jpg"}),
    "all match": (("--album", "Photos*", "--album", "Trip to Wien"), [], {"a.jpg", "b.jpg"}),
    "include": (
        ("--include", "*.jpg", "--include", "*.jpeg"),
        ["--include *.jpeg: no file of that name"],
        {"a.jpg", "b.jpg", "c.jpg"},
    ),
    "exclude": (
        ("--exclude", "c.*", "--exclude", "*.gif"),
        ["--exclude *.gif: no file of that name"],
        {"a.jpg", "b.jpg"},
    ),
    "exclude by path": (("--exclude", "Trip/*"), [], {"a.jpg", "b.jpg"}),
}


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    files: dict[str, Any] = {
        "Photos from 2019/a.jpg": sidecar("a.jpg"),
        "Wien(1)/b.jpg": sidecar("b.jpg"),
        "Wien(1)/metadata.json": {"title": "Trip to Wien"},
        "Trip/c.jpg": sidecar("c.jpg"),
    }
    return takeout(tmp_path, files)


@pytest.mark.parametrize("case", CASES)
def test_values_that_match_nothing_are_named_with_the_most_similar(
    export: Path, tmp_path: Path, case: str
) -> None:
    options, expected, kept = CASES[case]
    for more in (("-n",), (), (), ("--force",)):
        lines = run_here(export, tmp_path / "out", *options, *more)
        notes = [
            note
            for note in lines[-1].get("notes", [])
            if note.startswith(("--album", "--include", "--exclude"))
        ]
        assert notes == expected, more
        outcomes = {name.rpartition("/")[2]: line["outcome"] for name, line in media(lines).items()}
        assert {name for name, outcome in outcomes.items() if outcome != "excluded"} == kept


def test_a_title_that_a_matcher_has_set_is_no_misspelling(export: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "titles.py"
    plugin.write_text(
        "from pef_tui import *\n"
        "@hookimpl\ndef pef_matchers():\n    yield Matcher('titles', match, 50)\n"
        "def match(folder):\n"
        "    for media, json in zip(folder.media, folder.json):\n"
        "        yield Match(media, folder.path, json.sidecar, json, 'titles', album=Album('Sea'))\n"
    )
    for _ in range(3):
        lines = run_here(export, tmp_path / "out", "-p", str(plugin), "--album", "Sea")
        assert {line["outcome"] for line in media(lines).values()} != {"excluded"}
        assert not [note for note in lines[-1].get("notes", []) if note.startswith("--album")]
