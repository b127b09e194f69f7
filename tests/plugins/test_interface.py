import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

import pef_tui
from pef_tui import hooks, model, xmp
from pef_tui.guard import YIELDS
from pef_tui.model import Match, MediaFile, Sidecar
from pef_tui.plugins import PluginHost
from pef_tui.settings import Settings

SAMPLE = """
from pef_tui import Match, TagEdit, TagMapper, hookimpl

@hookimpl
def pef_tag_mappers():
    yield TagMapper("photos-link", photos_link)

def photos_link(match: Match):
    if match.sidecar and match.sidecar.url:
        yield TagEdit("XMP-dc:Source", match.sidecar.url)
"""


def test_a_whole_plugin_is_ten_lines(tmp_path: Path) -> None:
    (tmp_path / "photos_link.py").write_text(SAMPLE)
    settings = Settings(plugin=(str(tmp_path / "photos_link.py"), "no:tags"))
    host = PluginHost(settings, entry_points=())
    notes: list[str] = []
    [edit] = host.map_tags(notes)(
        Match(MediaFile(0, "a.jpg", 1, 0), "", Sidecar(url="https://example.org/1"))
    )
    assert (edit.tag, edit.value, edit.mapper) == ("XMP-dc:Source", "https://example.org/1", "photos-link")
    assert notes == []


def test_every_type_of_a_field_is_exported_too() -> None:
    known = {name for module in (hooks, model) for name, each in vars(module).items() if is_struct(each)}
    for name in known & set(pef_tui.__all__):
        for told in getattr(pef_tui, name).__annotations__.values():
            assert set(re.findall(r"\w+", told)) & known <= set(pef_tui.__all__), name


def is_struct(each: object) -> bool:
    return isinstance(each, type) and issubclass(each, Struct) and each is not Struct


def test_every_exported_name_is_there_and_every_registration_is_exported() -> None:
    for name in pef_tui.__all__:
        there = next(vars(module)[name] for module in (hooks, model, xmp) if name in vars(module))
        assert getattr(pef_tui, name) is there
    assert {each.__name__ for each in YIELDS.values()} <= set(pef_tui.__all__)
    with pytest.raises(AttributeError):
        pef_tui.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_every_hook_has_its_type() -> None:
    assert set(YIELDS) == {name for name in vars(hooks.Hooks) if name.startswith("pef_")}


def test_the_sample_holds_under_strict_types(tmp_path: Path) -> None:
    typed = SAMPLE.replace("():", "() -> Iterator[TagMapper]:").replace(
        "Match):", "Match) -> Iterator[TagEdit]:"
    )
    (tmp_path / "typed.py").write_text("from collections.abc import Iterator\n" + typed)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "typed.py"],
        cwd=tmp_path,
        env={"MYPYPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
