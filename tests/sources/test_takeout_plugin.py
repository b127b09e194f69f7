"""The built-in plugin is called like any other plugin."""

from __future__ import annotations

from pathlib import Path

import pluggy

from pef_tui.hooks import Hooks
from pef_tui.model import Source
from pef_tui.settings import Settings
from pef_tui.sources import plugin


def hooks() -> pluggy.HookRelay:
    manager = pluggy.PluginManager("pef_tui")
    manager.add_hookspecs(Hooks)
    manager.register(plugin, "takeout")
    manager.check_pending()
    return manager.hook


def test_a_directory_is_scanned_without_the_output(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.jpg").touch()
    (tmp_path / "b.jpg").touch()
    ((scanner, *_),) = (
        list(given) for given in hooks().pef_scanners(settings=Settings(output=str(tmp_path / "out")))
    )
    assert scanner.name == "directory"
    assert scanner.accepts(str(tmp_path))
    assert not scanner.accepts(str(tmp_path / "b.jpg"))
    listings = scanner.open(Source(3, str(tmp_path))).listings()
    assert [(file.root, file.path) for listing in listings for file in listing.files] == [(3, "b.jpg")]


def test_filters_and_matcher_are_registered() -> None:
    (actual,) = hooks().pef_filters(settings=Settings(only="photo", exclude=("*.gif",)))
    assert [item.name for item in actual] == ["only", "exclude"]
    (matchers,) = hooks().pef_matchers(settings=Settings())
    assert [matcher.name for matcher in matchers] == ["takeout"]


def test_archives_are_known_by_name(tmp_path: Path) -> None:
    (scanners,) = hooks().pef_scanners(settings=Settings())
    by_name = {scanner.name: scanner for scanner in scanners}
    assert list(by_name) == ["directory", "zip", "tar"]
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "Part.ZIP").touch()
    (tmp_path / "Part.TGZ").touch()
    accepted = {
        name: [
            path
            for path in ("folder.zip", "Part.ZIP", "gone.zip", "Part.TGZ")
            if scanner.accepts(str(tmp_path / path))
        ]
        for name, scanner in by_name.items()
    }
    assert accepted == {"directory": ["folder.zip"], "zip": ["Part.ZIP"], "tar": ["Part.TGZ"]}
